//! What happened that is shown later and elsewhere: values that changed their encoding, commands that a gate refused,
//! clients that were woken, entries of streams that went from one place to another.

use kvarium_engine::base::time::Duration;
use kvarium_engine::event::{Cause, Event, Step};
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

#[derive(Clone, Debug, Default)]
pub struct Heard {
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
            self.happenings.retain(|happening| happening.id < count);
            self.wakings.retain(|waking| waking.id < count);
            self.conversions.retain(|conversion| conversion.id < count);
            self.refusals.retain(|refusal| refusal.id < count);
        }
        for id in self.until.min(count)..count {
            self.hear(lab, id);
        }
        self.until = count;
        keep(&mut self.happenings, HAPPENINGS);
        keep(&mut self.wakings, KEPT);
        keep(&mut self.conversions, KEPT);
        keep(&mut self.refusals, KEPT);
    }

    fn hear(&mut self, lab: &Laboratory, id: u64) {
        let Some(happened) = lab.happened(id) else { return };
        let (at, Some(node)) = (happened.at, happened.node) else { return };
        match &happened.event {
            WorldEvent::Node(Event::Converted { db, key, from, to, cause }) => {
                let (db, key) = (*db as usize, key.clone());
                self.conversions.push(Conversion { id, at, from, to, cause: *cause, node, db, key });
            }
            WorldEvent::Node(Event::Stream { db, key, step }) => {
                let (db, key, step) = (*db as usize, key.clone(), step.clone());
                self.happenings.push(Happening { id, at, step, node, db, key });
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
