//! Streams: entries that are only added, and consumer groups that share the work of reading them.

pub mod xack;
pub mod xadd;
pub mod xautoclaim;
pub mod xclaim;
pub mod xdel;
pub mod xgroup;
pub mod xinfo;
pub mod xpending;
pub mod xrange;
pub mod xread;
pub mod xsetid;
pub mod xtrim;

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use super::declaration::Command;
use crate::base::number::{format_i64, format_u64};
use crate::commands::collection::{Collection, reply_element};
use crate::event::{EntryId, Event, Events, Step};
use crate::keyspace::change::{Effects, Notify};
use crate::keyspace::{Key, Object, Value};
use crate::resp::decode::Args;
use crate::resp::encode::{Aggregate, Reply};
use crate::resp::error::{Error, printable};
use crate::state::State;
use crate::types::stream::named::Number;
use crate::types::stream::{Consumer, Entries, Entry, Group, Id, Pending};
use crate::types::{Limits, Stream};

pub static COMMANDS: &[&Command] = &[
    &xack::XACK,
    &xack::XACKDEL,
    &xadd::XADD,
    &xautoclaim::XAUTOCLAIM,
    &xclaim::XCLAIM,
    &xdel::XDEL,
    &xdel::XDELEX,
    &xgroup::XGROUP,
    &xinfo::XINFO,
    &xrange::XLEN,
    &xpending::XPENDING,
    &xrange::XRANGE,
    &xread::XREAD,
    &xread::XREADGROUP,
    &xrange::XREVRANGE,
    &xsetid::XSETID,
    &xtrim::XTRIM,
];

const INVALID_ID: Error = Error::fixed("ERR Invalid stream ID specified as stream command argument");
const INVALID_START: Error = Error::fixed("ERR invalid start ID for the interval");
const INVALID_END: Error = Error::fixed("ERR invalid end ID for the interval");

/// # Errors
/// The text is no ID.
fn id(text: &[u8]) -> Result<Id, Error> {
    Id::parse(text, 0).ok_or(INVALID_ID)
}

/// # Errors
/// One of them is no ID.
fn ids(args: Args<'_>) -> Result<Vec<Id>, Error> {
    args.iter().map(id).collect()
}

/// The first ID of a range; `(` leaves the one named out.
///
/// # Errors
/// The text is no such bound, or nothing is behind it.
fn start(text: &[u8]) -> Result<Id, Error> {
    match text {
        [b'(', rest @ ..] if !rest.is_empty() => id(rest)?.next().ok_or(INVALID_START),
        _ => Id::parse_bound(text, 0).ok_or(INVALID_ID),
    }
}

/// The last ID of a range, likewise.
///
/// # Errors
/// The text is no such bound, or nothing is before it.
fn end(text: &[u8]) -> Result<Id, Error> {
    match text {
        [b'(', rest @ ..] if !rest.is_empty() => {
            Id::parse(rest, u64::MAX).ok_or(INVALID_ID)?.previous().ok_or(INVALID_END)
        }
        _ => Id::parse_bound(text, u64::MAX).ok_or(INVALID_ID),
    }
}

fn no_group(key: &[u8], group: &[u8]) -> Error {
    format!("NOGROUP No such key '{}' or consumer group '{}'", printable(key), printable(group)).into()
}

fn no_such_group(key: &[u8], group: &[u8]) -> Error {
    format!("NOGROUP No such consumer group '{}' for key name '{}'", printable(group), printable(key)).into()
}

fn reply_id(reply: &mut dyn Reply, id: Id) {
    reply.bulk(&id.text());
}

fn reply_entry(reply: &mut dyn Reply, entry: &Entry<'_>) {
    reply.array(2);
    reply_id(reply, entry.id);
    reply.array(2 * entry.fields);
    for (name, value) in entry.pairs() {
        reply_element(reply, name);
        reply_element(reply, value);
    }
}

/// Entries in an array, and how many there were; `each` sees them as well.
fn reply_entries<'a>(
    reply: &mut dyn Reply,
    entries: impl Iterator<Item = Entry<'a>>,
    mut each: impl FnMut(&Entry<'a>),
) -> usize {
    let (mark, mut count) = (reply.open(), 0);
    for entry in entries {
        reply_entry(reply, &entry);
        each(&entry);
        count += 1;
    }
    reply.close(mark, Aggregate::Array, count);
    count
}

fn entry_id(id: Id) -> EntryId {
    (id.ms, id.seq)
}

/// A stream that is being edited, with all that is told of it.
struct Site<'a> {
    stream: &'a mut Stream,
    key: &'a [u8],
    now: u64,
    limits: Limits,
    tell: Tell<'a>,
}

/// Where changes of a stream are reported.
struct Tell<'a> {
    effects: &'a mut Effects,
    events: &'a mut Events,
    db: usize,
    key: &'a [u8],
}

/// Edits the stream that a key holds; whether that changed it is what was reported.
fn edit<R>(state: &mut State, key: &Key<'_>, f: impl FnOnce(&mut Site<'_>) -> R) -> R {
    let limits = state.limits();
    let State { keyspace, effects, events, db, now, .. } = state;
    let before = effects.count();
    keyspace.db_mut(*db).edit_object(key, |object| {
        let stream = Stream::of_object(object).expect("the type has been checked");
        let tell = Tell { effects, events, db: *db, key: key.bytes };
        let mut site = Site { stream, key: key.bytes, now: now.millis(), limits, tell };
        let result = f(&mut site);
        (site.tell.effects.count() > before, result)
    })
}

/// Gives a key an empty stream, which is about to be edited.
fn create(state: &mut State, key: &Key<'_>) {
    state.announce_new(state.db, key);
    let mark = state.mark();
    let stream = Value::Object(Object::Stream(Box::default()));
    state.db_mut().insert(key, stream, None).written(mark);
}

impl Tell<'_> {
    /// The entries changed.
    fn changed(&mut self, times: u64, what: &'static str) {
        self.effects.changed_times(times, self.db, self.key, Notify::STREAM, what);
    }

    /// Something about the groups changed.
    fn changed_around(&mut self, what: &'static str) {
        self.effects.changed_around(self.db, self.key, Notify::STREAM, what);
    }

    fn step(&mut self, step: impl FnOnce() -> Step) {
        let db = self.db as u32;
        self.events.emit(|| Event::Stream { db, key: self.key.into(), step: step() });
    }

    /// Records a consumer that was made.
    fn consumer_made(&mut self, group: &[u8], consumer: &[u8]) {
        self.changed_around("xgroup-createconsumer");
        self.effects.record_as(&[b"XGROUP", b"CREATECONSUMER", self.key, group, consumer]);
        self.step(|| Step::ConsumerMade { group: group.into(), consumer: consumer.into() });
    }

    /// Records what is pending for a consumer as it is now: so a second node comes to hold the same.
    fn pending_changed(&mut self, (name, group): (&[u8], &Group), pending: &Pending) {
        self.effects.changed_silently();
        if self.effects.records_wanted {
            let consumer = group.consumers().name(pending.consumer);
            let (time, count) = (format_u64(pending.time), format_u64(pending.count));
            let (id, last) = (pending.id.text(), group.last.text());
            let head: [&[u8]; 6] = [b"XCLAIM", self.key, name, consumer, b"0", &id];
            let tail: [&[u8]; 8] = [b"TIME", &time, b"RETRYCOUNT", &count, b"FORCE", b"JUSTID", b"LASTID", &last];
            let mut words = [&b""[..]; 14];
            words[..6].copy_from_slice(&head);
            words[6..].copy_from_slice(&tail);
            self.effects.record_as(&words);
        }
    }

    /// Records how far a group has come.
    fn group_advanced(&mut self, name: &[u8], group: &Group) {
        self.effects.changed_silently();
        let read = group.read.map_or(format_i64(-1), format_u64);
        self.effects.record_as(&[b"XGROUP", b"SETID", self.key, name, &group.last.text(), b"ENTRIESREAD", &read]);
    }

    /// Ends the pending of an entry that was found to be deleted.
    fn drop_pending(&mut self, name: &[u8], group: &mut Group, pending: &Pending) {
        // Recorded as it was: a second node finds the entry deleted as well, and so comes to the same.
        self.pending_changed((name, group), pending);
        group.acknowledge(pending.id);
        let consumer = group.consumers().name(pending.consumer);
        self.step(|| Step::Dropped { group: name.into(), consumer: consumer.into(), id: entry_id(pending.id) });
    }

    /// Makes an entry a consumer's, recorded and told.
    fn claimed(&mut self, name: &[u8], group: &mut Group, pending: Pending) {
        let old = group.set_pending(pending);
        self.pending_changed((name, group), &pending);
        let consumers = group.consumers();
        self.step(|| Step::Claimed {
            group: name.into(),
            consumer: consumers.name(pending.consumer).into(),
            id: entry_id(pending.id),
            from: old.map(|old| consumers.name(old.consumer).into()),
            count: pending.count,
        });
    }

    /// The consumer with this name, made if there is none, and seen now.
    fn consumer(&mut self, name: &[u8], group: &mut Group, consumer: &[u8], now: u64) -> Number {
        match group.consumers().find(consumer) {
            Some(number) => {
                group.consumer_mut(number).seen = now;
                number
            }
            None => {
                self.consumer_made(name, consumer);
                group.add_consumer(consumer, Consumer::new(now))
            }
        }
    }
}

impl Site<'_> {
    /// Edits a group that is there.
    fn edit_group<R>(&mut self, number: Number, f: impl FnOnce(&mut Group, &Entries, &mut Tell<'_>) -> R) -> R {
        let tell = &mut self.tell;
        self.stream.edit_group(number, |group, entries| f(group, entries, tell))
    }

    /// Deletes an entry; whether it was there.
    fn delete(&mut self, id: Id) -> bool {
        let deleted = self.stream.entries.remove(id);
        if deleted {
            self.tell.step(|| Step::Deleted { id: entry_id(id) });
        }
        deleted
    }
}

#[cfg(test)]
mod tests {
    use crate::base::time::Time;
    use crate::config::Config;
    use crate::event::{Event, Step, Watch};
    use crate::io::{Conn, Input, Output};
    use crate::node::Node;
    use std::format;
    use std::vec::Vec;

    #[test]
    fn what_moves_is_told() {
        let (now, conn) = (Time::from_millis(1_700_000_000_000), Conn(0));
        let mut node = Node::new(Config::parse("").unwrap(), 1).unwrap();
        node.watch(Watch::Everything);
        let accepted = Input::Accepted { conn, peer: "127.0.0.1:1", local: "127.0.0.1:2", unix: false };
        [Input::Started, accepted].into_iter().for_each(|input| node.handle(now, input).for_each(drop));
        let mut steps = Vec::new();
        for line in [
            "XADD s 1-0 f v",
            "XADD s 2-0 f v",
            "XGROUP CREATE s g 0",
            "XREADGROUP GROUP g a STREAMS s >",
            "XCLAIM s g b 0 1-0",
            "XDEL s 2-0",
            "XAUTOCLAIM s g b 0 0 COUNT 9 JUSTID",
            "XACK s g 1-0",
            "XTRIM s MAXLEN 0",
            "XGROUP DELCONSUMER s g b",
            "XGROUP DESTROY s g",
        ] {
            for output in node.handle(now, Input::Received { conn, bytes: format!("{line}\r\n").as_bytes() }) {
                if let Output::Event(Event::Stream { step, .. }) = output {
                    steps.push(step);
                }
            }
        }
        let bytes = |text: &str| text.as_bytes().into();
        let (group, a, b) = (|| bytes("g"), || bytes("a"), || bytes("b"));
        let delivered = |id| Step::Delivered { group: group(), consumer: a(), id, count: 1, pending: true };
        let expected = [
            Step::Added { id: (1, 0) },
            Step::Added { id: (2, 0) },
            Step::GroupMade { group: group() },
            Step::ConsumerMade { group: group(), consumer: a() },
            delivered((1, 0)),
            delivered((2, 0)),
            Step::ConsumerMade { group: group(), consumer: b() },
            Step::Claimed { group: group(), consumer: b(), id: (1, 0), from: Some(a()), count: 2 },
            Step::Deleted { id: (2, 0) },
            Step::Claimed { group: group(), consumer: b(), id: (1, 0), from: Some(b()), count: 2 },
            Step::Dropped { group: group(), consumer: a(), id: (2, 0) },
            Step::Acknowledged { group: group(), consumer: b(), id: (1, 0) },
            Step::Trimmed { entries: 1, first: None },
            Step::ConsumerRemoved { group: group(), consumer: b(), pending: 0 },
            Step::GroupRemoved { group: group() },
        ];
        assert_eq!(steps, expected);
    }
}
