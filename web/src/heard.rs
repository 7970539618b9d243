//! What happened that is shown later and elsewhere: values that changed their encoding, commands that a gate refused,
//! clients that were woken, entries of streams that went from one place to another, keys that went and what was looked
//! at before.

use std::rc::Rc;

use kvarium_engine::base::time::Duration;
use kvarium_engine::event::{Cause, Decision, Event, Gone, Step};
use kvarium_engine::world::trace::{NodeId, WorldEvent};

use crate::laboratory::Laboratory;

#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    /// Its event's number.
    pub id: u64,
    pub at: Duration,
    pub from: &'static str,
    pub to: &'static str,
    pub cause: Cause,
    node: NodeId,
    db: usize,
    key: Box<[u8]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Refusal {
    id: u64,
    at: Duration,
    node: NodeId,
    gate: &'static str,
    error: String,
}

/// A client that no longer waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waking {
    /// Its event's number.
    pub id: u64,
    pub at: Duration,
    pub client: u64,
    /// The key that woke it, unless it was time or somebody else.
    pub by: Option<Box<[u8]>>,
    node: NodeId,
}

/// Something that happened in a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// Its event's number.
    pub id: u64,
    pub at: Duration,
    pub step: Step,
    node: NodeId,
    db: usize,
    key: Box<[u8]>,
}

/// A key that is no longer there, or not with what it held.
#[derive(Clone, Debug, PartialEq)]
pub struct Departure {
    /// Its event's number.
    pub id: u64,
    pub at: Duration,
    pub db: usize,
    /// Empty where a database was emptied.
    pub key: Box<[u8]>,
    pub why: Why,
    node: NodeId,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    Deleted,
    Renamed,
    Moved,
    /// A command gave it an expiry that had passed.
    Outdated,
    ExpiredLazily,
    ExpiredActively,
    Evicted(Rc<Decision>),
    /// So many keys were.
    Flushed(u64),
    Overwritten,
}

impl Why {
    fn of(event: &Event) -> Option<Why> {
        Some(match event {
            Event::Evicting(decision) => Why::Evicted(Rc::new((**decision).clone())),
            Event::Removed { why: Gone::Deleted, .. } => Why::Deleted,
            Event::Removed { why: Gone::ExpiredLazily, .. } => Why::ExpiredLazily,
            Event::Removed { why: Gone::ExpiredActively, .. } => Why::ExpiredActively,
            Event::Flushed { keys, .. } => Why::Flushed(*keys),
            Event::Changed { replaced: true, .. } => Why::Overwritten,
            Event::Changed { what: "del", .. } => Why::Deleted,
            Event::Changed { what: "rename_from", .. } => Why::Renamed,
            Event::Changed { what: "move_from", .. } => Why::Moved,
            Event::Changed { what: "expired", .. } => Why::Outdated,
            _ => return None,
        })
    }
}

/// Keys that the expiry cycle looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub id: u64,
    pub at: Duration,
    pub db: usize,
    pub keys: Vec<Box<[u8]>>,
    node: NodeId,
}

#[derive(Clone, Debug, Default)]
pub struct Heard {
    departures: Vec<Departure>,
    /// Apart, for there are as many of them as writes.
    overwritten: Vec<Departure>,
    looks: Vec<Look>,
    happenings: Vec<Happening>,
    wakings: Vec<Waking>,
    conversions: Vec<Conversion>,
    refusals: Vec<Refusal>,
    /// So much of the trace has been read.
    until: u64,
}

/// Of each kind, so many are remembered.
const KEPT: usize = 1000;
/// Of what happened in streams: whole trays are delivered and claimed at once.
const HAPPENINGS: usize = 20_000;

impl Heard {
    /// Reads what has happened since the last time, and forgets what is no longer the past.
    pub fn listen(&mut self, lab: &Laboratory) {
        let count = lab.count();
        if count < self.until {
            self.departures.retain(|departure| departure.id < count);
            self.overwritten.retain(|departure| departure.id < count);
            self.looks.retain(|look| look.id < count);
            self.happenings.retain(|happening| happening.id < count);
            self.wakings.retain(|waking| waking.id < count);
            self.conversions.retain(|conversion| conversion.id < count);
            self.refusals.retain(|refusal| refusal.id < count);
        }
        for id in self.until.min(count)..count {
            self.hear(lab, id);
        }
        self.until = count;
        keep(&mut self.departures, KEPT);
        keep(&mut self.overwritten, KEPT);
        keep(&mut self.looks, KEPT);
        keep(&mut self.happenings, HAPPENINGS);
        keep(&mut self.wakings, KEPT);
        keep(&mut self.conversions, KEPT);
        keep(&mut self.refusals, KEPT);
    }

    fn hear(&mut self, lab: &Laboratory, id: u64) {
        let Some(happened) = lab.happened(id) else { return };
        let (at, Some(node)) = (happened.at, happened.node) else { return };
        if let WorldEvent::Node(event) = &happened.event
            && let Some(why) = Why::of(event)
        {
            let (db, key): (u32, &[u8]) = match event {
                Event::Evicting(decision) => (decision.victim.db, &decision.victim.key),
                Event::Removed { db, key, .. } | Event::Changed { db, key, .. } => (*db, key),
                Event::Flushed { db, .. } => (db.unwrap_or(0), b""),
                _ => return,
            };
            let all = if why == Why::Overwritten { &mut self.overwritten } else { &mut self.departures };
            all.push(Departure { id, at, db: db as usize, key: key.into(), why, node });
        }
        match &happened.event {
            WorldEvent::Node(Event::Converted { db, key, from, to, cause }) => {
                let (db, key) = (*db as usize, key.clone());
                self.conversions.push(Conversion { id, at, from, to, cause: *cause, node, db, key });
            }
            WorldEvent::Node(Event::Stream { db, key, step }) => {
                let (db, key, step) = (*db as usize, key.clone(), step.clone());
                self.happenings.push(Happening { id, at, step, node, db, key });
            }
            WorldEvent::Node(Event::Sampled { db, keys, .. }) => {
                self.looks.push(Look { id, at, db: *db as usize, keys: keys.clone(), node });
            }
            WorldEvent::Node(Event::Unblocked { client, by }) => {
                self.wakings.push(Waking { id, at, client: client.0, by: by.clone(), node });
            }
            // Where a redirection leads is said by its own words.
            WorldEvent::Node(Event::Refused { gate, error, .. }) if !error.starts_with("MOVED ") => {
                self.refusals.push(Refusal { id, at, node, gate, error: error.clone() });
            }
            _ => {}
        }
    }

    /// The conversions of one key, the newest first.
    pub fn conversions<'a>(&'a self, node: usize, db: usize, key: &'a [u8]) -> impl Iterator<Item = &'a Conversion> {
        let is_meant = move |it: &&Conversion| it.node.0 as usize == node && it.db == db && *it.key == *key;
        self.conversions.iter().rev().filter(is_meant)
    }

    /// What happened in one stream, the oldest first.
    pub fn happenings<'a>(
        &'a self,
        node: usize,
        db: usize,
        key: &'a [u8],
    ) -> impl DoubleEndedIterator<Item = &'a Happening> {
        let is_meant = move |it: &&Happening| it.node.0 as usize == node && it.db == db && *it.key == *key;
        self.happenings.iter().filter(is_meant)
    }

    /// What went from a node, the newest first: what was overwritten, or all the rest.
    pub fn departures(&self, node: usize, overwritten: bool) -> impl Iterator<Item = &Departure> {
        let all = if overwritten { &self.overwritten } else { &self.departures };
        all.iter().rev().filter(move |departure| departure.node.0 as usize == node)
    }

    /// What the expiry cycle of a node looked at, the newest first.
    pub fn looks(&self, node: usize) -> impl Iterator<Item = &Look> {
        self.looks.iter().rev().filter(move |look| look.node.0 as usize == node)
    }

    /// The clients of a node that were woken, the last one first.
    pub fn wakings(&self, node: usize) -> impl Iterator<Item = &Waking> {
        self.wakings.iter().rev().filter(move |waking| waking.node.0 as usize == node)
    }

    /// The gate that answered with this error between two moments.
    pub fn gate(&self, node: NodeId, error: &str, from: Duration, to: Duration) -> Option<&'static str> {
        let near = self.refusals.iter().rev().skip_while(|refusal| refusal.at > to);
        let mut near = near.take_while(|refusal| refusal.at >= from);
        near.find(|refusal| refusal.node == node && refusal.error == error).map(|refusal| refusal.gate)
    }
}

fn keep<T>(all: &mut Vec<T>, most: usize) {
    let excess = all.len().saturating_sub(most);
    all.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> (Laboratory, Heard) {
        let mut lab = Laboratory::new("single", None);
        for line in lines {
            lab.command(1, &lab.nodes()[0].clone(), line).unwrap();
            lab.advance(lab.now() + Duration::from_millis(100), &mut || true);
        }
        let mut heard = Heard::default();
        heard.listen(&lab);
        (lab, heard)
    }

    #[test]
    fn conversions_are_of_one_key_and_of_the_past() {
        let (mut lab, mut heard) = told(&["SADD s 1", "SADD s text", "SADD other 1"]);
        let found: Vec<_> = heard.conversions(0, 0, b"s").collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].from, found[0].to, found[0].cause), ("intset", "listpack", Cause::NotInteger));
        assert_eq!(heard.conversions(0, 0, b"other").count(), 0);
        lab.seek(Duration::ZERO);
        heard.listen(&lab);
        assert_eq!(heard.conversions(0, 0, b"s").count(), 0);
    }

    #[test]
    fn what_happened_in_a_stream_is_of_one_key_and_of_the_past() {
        let (mut lab, mut heard) = told(&[
            "XADD s 5-1 f v",
            "XADD other 5-1 f v",
            "XGROUP CREATE s g 0",
            "XREADGROUP GROUP g a STREAMS s >",
            "XCLAIM s g b 0 5-1",
            "XACK s g 5-1",
        ]);
        let text = |text: &[u8]| text.into();
        let (id, from) = ((5, 1), Some(text(b"a")));
        let steps: Vec<_> = heard.happenings(0, 0, b"s").map(|it| it.step.clone()).collect();
        assert_eq!(steps[0], Step::Added { id });
        assert!(steps.contains(&Step::Claimed { group: text(b"g"), consumer: text(b"b"), id, from, count: 2 }));
        assert_eq!(steps.last(), Some(&Step::Acknowledged { group: text(b"g"), consumer: text(b"b"), id }));
        lab.seek(Duration::ZERO);
        heard.listen(&lab);
        assert_eq!(heard.happenings(0, 0, b"s").count(), 0);
    }

    #[test]
    fn what_went_has_its_reason() {
        let (mut lab, mut heard) = told(&[
            "SET a 1",
            "SET a 2",
            "SET b 1",
            "RENAME b c",
            "MOVE c 1",
            "EXPIRE a -1",
            "SET d 1 PX 1",
            "SET e 1",
            "DEL e",
            "CONFIG SET maxmemory-policy allkeys-lru",
            "SET f 1",
            "CONFIG SET maxmemory 1",
            "FLUSHALL",
        ]);
        let key = |departure: &Departure| String::from_utf8_lossy(&departure.key).into_owned();
        let mut went: Vec<_> = heard.departures(0, false).map(|it| (key(it), it.why.clone())).collect();
        went.reverse();
        let names: Vec<&str> = went.iter().map(|(key, _)| &**key).collect();
        assert_eq!(names[..4], ["b", "c", "a", "d"]);
        let reasons = [Why::Renamed, Why::Moved, Why::Outdated, Why::ExpiredActively, Why::Deleted];
        assert!(went.iter().map(|(_, why)| why).take(5).eq(&reasons), "{went:?}");
        let evicted: Vec<_> = went.iter().filter(|(_, why)| matches!(why, Why::Evicted(_))).collect();
        assert_eq!(evicted.len(), 2, "{went:?}");
        assert_eq!(went.last().map(|(_, why)| why.clone()), Some(Why::Flushed(0)));
        assert_eq!(heard.departures(0, true).map(key).collect::<Vec<_>>(), ["a"]);
        assert!(heard.looks(0).any(|look| look.keys == [(*b"d").into()]));
        lab.seek(Duration::ZERO);
        heard.listen(&lab);
        assert_eq!(heard.departures(0, false).count() + heard.looks(0).count(), 0);
    }

    #[test]
    fn the_gate_is_that_of_the_command() {
        let (lab, heard) = told(&["NONSENSE", "MULTI", "WATCH k"]);
        let exchanges: Vec<_> = lab.exchanges(1).collect();
        let gate = |at: usize, error: &str| {
            heard.gate(exchanges[at].node, error, exchanges[at].at, exchanges[at].answered.unwrap())
        };
        assert_eq!(gate(0, "ERR unknown command 'NONSENSE', with args beginning with: "), Some("exists"));
        let refused = "ERR Command 'watch' not allowed inside a transaction";
        assert_eq!(gate(2, refused), Some("transaction"));
        assert_eq!(gate(1, refused), None);
    }
}
