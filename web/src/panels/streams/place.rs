//! Where things are in the panel, each place with a name that its element carries: what is clicked and what moves finds it.

use std::fmt;

use kvarium_engine::types::stream::Id;

/// Groups and consumers by their ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Lane,
    Entry(Id),
    Trays,
    Group(usize),
    Consumer(usize, usize),
    /// A pending entry in its consumer's tray.
    Pending(usize, usize, Id),
}

impl Place {
    /// The place, and those around it: what can't be seen is in the next one that can.
    pub fn around(self) -> Vec<Place> {
        match self {
            Place::Lane | Place::Trays => vec![self],
            Place::Entry(_) => vec![self, Place::Lane],
            Place::Group(_) => vec![self, Place::Trays],
            Place::Consumer(group, _) => vec![self, Place::Group(group), Place::Trays],
            Place::Pending(group, consumer, _) => {
                vec![self, Place::Consumer(group, consumer), Place::Group(group), Place::Trays]
            }
        }
    }

    pub fn parse(text: &str) -> Option<Place> {
        let rank = |text: &str| text.parse().ok();
        let words: Vec<_> = text.split('.').collect();
        Some(match words[..] {
            ["lane"] => Place::Lane,
            ["trays"] => Place::Trays,
            ["group", group] => Place::Group(rank(group)?),
            ["consumer", group, consumer] => Place::Consumer(rank(group)?, rank(consumer)?),
            ["entry", id] => Place::Entry(parse_id(id)?),
            ["pending", group, consumer, id] => Place::Pending(rank(group)?, rank(consumer)?, parse_id(id)?),
            _ => return None,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Lane => f.write_str("lane"),
            Place::Trays => f.write_str("trays"),
            Place::Group(group) => write!(f, "group.{group}"),
            Place::Consumer(group, consumer) => write!(f, "consumer.{group}.{consumer}"),
            Place::Entry(id) => write!(f, "entry.{id}"),
            Place::Pending(group, consumer, id) => write!(f, "pending.{group}.{consumer}.{id}"),
        }
    }
}

/// `5-1`, or `5` for the first within its millisecond.
pub fn parse_id(text: &str) -> Option<Id> {
    let (ms, seq) = text.split_once('-').unwrap_or((text, "0"));
    Some(Id::new(ms.parse().ok()?, seq.parse().ok()?))
}

/// The end of an ID, where the whole is too long to be looked at.
pub fn short(id: Id) -> String {
    let ms = id.ms.to_string();
    if ms.len() > 7 { format!("…{}-{}", &ms[ms.len() - 6..], id.seq) } else { id.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        let id = Id::new(1_526_919_030_474, 2);
        let inner = [Place::Entry(id), Place::Pending(1, 20, id)];
        for place in inner.into_iter().flat_map(Place::around) {
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        assert_eq!(Place::parse("pending.1.2"), None);
        assert_eq!(short(id), "…030474-2");
        assert_eq!(short(Id::new(5, 1)), "5-1");
    }
}
