//! What happened in a world: the nodes' events and the world's own, in order, each with its cause.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::base::time::Duration;
use crate::event::{EntryId, Event, Step};

/// A node of the world, by its place in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// Whoever can be at the end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    Node(NodeId),
    /// A terminal or a workload, by its place in [`super::World::clients`].
    Client(u16),
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Counted from zero since the world began, without gaps.
    pub id: u64,
    /// What it is a consequence of.
    pub parent: Option<u64>,
    /// Since the world began.
    pub at: Duration,
    /// Where, if at a node.
    pub node: Option<NodeId>,
    pub event: WorldEvent,
}

/// What a message looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Asks for a connection.
    Open,
    /// The connection is there.
    Accept,
    /// There is no process that would take the connection.
    Refuse,
    Request,
    Reply,
    Error,
    /// A reply that sends the client to another node.
    Moved,
    /// A message nobody asked for now: pub/sub, invalidation.
    Push,
    Close,
}

/// Bytes on their way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    pub connection: u64,
    pub from: Party,
    pub to: Party,
    pub kind: MessageKind,
    pub bytes: u32,
    /// A few words of it: the command, the error's code, where MOVED points to.
    pub label: Box<str>,
}

/// The nodes' events, and the world's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorldEvent {
    Node(Event),
    /// A process started on this node, for the `start`-th time.
    Started {
        start: u32,
    },
    Killed,
    /// The process ended by itself.
    Exited,
    Paused,
    Resumed,
    ClockSet {
        ahead_micros: i64,
    },
    Cut {
        from: Party,
        to: Party,
    },
    Healed {
        from: Party,
        to: Party,
    },
    /// `None`: between all parties.
    Delayed {
        between: Option<(Party, Party)>,
        latency_micros: u64,
        jitter_micros: u64,
    },
    Sent(Message),
    /// `message` is the id of its [`WorldEvent::Sent`].
    Arrived {
        message: u64,
        from: Party,
        to: Party,
    },
    Lost {
        message: u64,
        from: Party,
        to: Party,
    },
    /// A message that was lost or held back is on its way again.
    Resent {
        message: u64,
        from: Party,
        to: Party,
    },
    /// A connection was given up: too long without an answer from the network.
    Broken {
        connection: u64,
        from: Party,
        to: Party,
    },
    /// A line was entered in a terminal.
    Asked {
        tab: u32,
        exchange: u32,
        line: String,
    },
    Answered {
        tab: u32,
        exchange: u32,
        failed: bool,
        digest: u64,
    },
    /// The connection ended before the answer.
    Unanswered {
        tab: u32,
        exchange: u32,
        why: &'static str,
    },
    /// A workload, a worker or an application, with what it was told.
    LoadStarted {
        client: u16,
        line: Box<str>,
    },
    LoadStopped {
        client: u16,
        sent: u64,
    },
    /// A database is there, or is another now.
    DatabaseSet {
        line: Box<str>,
    },
    /// An application asked its database for what belongs under a key.
    Queried {
        client: u16,
        key: Box<str>,
    },
    /// It waited too long for that.
    QueryTimedOut {
        client: u16,
        key: Box<str>,
    },
    /// More queries wait than a database can serve before they are given up.
    DbOverload {
        database: Box<str>,
        waiting: u32,
    },
    /// Nobody waits for it any more; `timeouts` since the world began.
    DbRecovered {
        database: Box<str>,
        timeouts: u64,
    },
    /// A workload's client gave up waiting, and its connection with it.
    GaveUp {
        client: u16,
        unanswered: u32,
    },
    /// A workload's client learned who owns a slot.
    Learned {
        client: u16,
        slot: u16,
        owner: NodeId,
    },
    /// A worker's process is gone, and what it held with it.
    Crashed {
        client: u16,
        worker: Box<str>,
        held: u64,
    },
    /// A worker was done with an entry, and will acknowledge it.
    Processed {
        client: u16,
        worker: Box<str>,
        id: EntryId,
    },
    /// A worker's attempt at an entry failed: it stays pending.
    WorkFailed {
        client: u16,
        worker: Box<str>,
        id: EntryId,
    },
    /// A worker added an entry that was delivered too often to the dead letters.
    DeadLettered {
        client: u16,
        worker: Box<str>,
        id: EntryId,
    },
}

impl WorldEvent {
    /// The event's name in `!until event(NAME)`.
    pub fn kind(&self) -> &'static str {
        match self {
            WorldEvent::Node(event) => node_kind(event),
            WorldEvent::Started { .. } => "Started",
            WorldEvent::Killed => "Killed",
            WorldEvent::Exited => "Exited",
            WorldEvent::Paused => "Paused",
            WorldEvent::Resumed => "Resumed",
            WorldEvent::ClockSet { .. } => "ClockSet",
            WorldEvent::Cut { .. } => "Cut",
            WorldEvent::Healed { .. } => "Healed",
            WorldEvent::Delayed { .. } => "Delayed",
            WorldEvent::Sent(_) => "Sent",
            WorldEvent::Arrived { .. } => "Arrived",
            WorldEvent::Lost { .. } => "Lost",
            WorldEvent::Resent { .. } => "Resent",
            WorldEvent::Broken { .. } => "Broken",
            WorldEvent::Asked { .. } => "Asked",
            WorldEvent::Answered { .. } => "Answered",
            WorldEvent::Unanswered { .. } => "Unanswered",
            WorldEvent::LoadStarted { .. } => "LoadStarted",
            WorldEvent::LoadStopped { .. } => "LoadStopped",
            WorldEvent::DatabaseSet { .. } => "DatabaseSet",
            WorldEvent::Queried { .. } => "Queried",
            WorldEvent::QueryTimedOut { .. } => "QueryTimedOut",
            WorldEvent::DbOverload { .. } => "DbOverload",
            WorldEvent::DbRecovered { .. } => "DbRecovered",
            WorldEvent::GaveUp { .. } => "GaveUp",
            WorldEvent::Learned { .. } => "Learned",
            WorldEvent::Crashed { .. } => "Crashed",
            WorldEvent::Processed { .. } => "Processed",
            WorldEvent::WorkFailed { .. } => "WorkFailed",
            WorldEvent::DeadLettered { .. } => "DeadLettered",
        }
    }

    /// Worth a mark on the time line: faults, log lines from warnings up, what clients had to give up.
    pub fn is_important(&self) -> bool {
        use crate::event::Level;
        match self {
            WorldEvent::Node(Event::Log { level, .. }) => *level == Level::Warning,
            WorldEvent::Node(Event::Flushed { .. }) => true,
            WorldEvent::Node(_)
            | WorldEvent::Sent(_)
            | WorldEvent::Arrived { .. }
            | WorldEvent::Lost { .. }
            | WorldEvent::Resent { .. }
            | WorldEvent::Asked { .. }
            | WorldEvent::Answered { .. }
            | WorldEvent::Learned { .. }
            | WorldEvent::Queried { .. }
            | WorldEvent::QueryTimedOut { .. }
            | WorldEvent::Processed { .. }
            | WorldEvent::WorkFailed { .. } => false,
            _ => true,
        }
    }
}

fn node_kind(event: &Event) -> &'static str {
    match event {
        Event::Log { .. } => "Log",
        Event::Connected { .. } => "Connected",
        Event::Disconnected { .. } => "Disconnected",
        Event::Ran { .. } => "Ran",
        Event::Refused { .. } => "Refused",
        Event::Changed { .. } => "Changed",
        Event::Converted { .. } => "Converted",
        Event::Stream { step, .. } => step_kind(step),
        Event::Removed { .. } => "Removed",
        Event::Sampled { .. } => "Sampled",
        Event::Evicting(_) => "Evicting",
        Event::ClientEvicted { .. } => "ClientEvicted",
        Event::Flushed { .. } => "Flushed",
        Event::Published { .. } => "Published",
        Event::ConfigChanged { .. } => "ConfigChanged",
        Event::Moved { .. } => "Moved",
        Event::Executed { .. } => "Executed",
        Event::Blocked { .. } => "Blocked",
        Event::Unblocked { .. } => "Unblocked",
        Event::ClientsPaused { .. } => "ClientsPaused",
    }
}

fn step_kind(step: &Step) -> &'static str {
    match step {
        Step::Added { .. } => "Added",
        Step::Deleted { .. } => "Deleted",
        Step::Trimmed { .. } => "Trimmed",
        Step::GroupMade { .. } => "GroupMade",
        Step::GroupRemoved { .. } => "GroupRemoved",
        Step::ConsumerMade { .. } => "ConsumerMade",
        Step::ConsumerRemoved { .. } => "ConsumerRemoved",
        Step::Delivered { .. } => "Delivered",
        Step::Acknowledged { .. } => "Acknowledged",
        Step::Claimed { .. } => "Claimed",
        Step::Dropped { .. } => "Dropped",
    }
}

/// Every name that `!until event(NAME)` may ask for.
pub const KINDS: &[&str] = &[
    "Log",
    "Connected",
    "Disconnected",
    "Ran",
    "Refused",
    "Changed",
    "Converted",
    "Removed",
    "Sampled",
    "Evicting",
    "ClientEvicted",
    "Added",
    "Deleted",
    "Trimmed",
    "GroupMade",
    "GroupRemoved",
    "ConsumerMade",
    "ConsumerRemoved",
    "Delivered",
    "Acknowledged",
    "Claimed",
    "Dropped",
    "Flushed",
    "Published",
    "ConfigChanged",
    "Moved",
    "Executed",
    "Blocked",
    "Unblocked",
    "ClientsPaused",
    "Started",
    "Killed",
    "Exited",
    "Paused",
    "Resumed",
    "ClockSet",
    "Cut",
    "Healed",
    "Delayed",
    "Sent",
    "Arrived",
    "Lost",
    "Resent",
    "Broken",
    "Asked",
    "Answered",
    "Unanswered",
    "LoadStarted",
    "LoadStopped",
    "DatabaseSet",
    "Queried",
    "QueryTimedOut",
    "DbOverload",
    "DbRecovered",
    "GaveUp",
    "Learned",
    "Crashed",
    "Processed",
    "WorkFailed",
    "DeadLettered",
];

/// What an event is about, as words: what a log shows and `has=` searches.
impl fmt::Display for WorldEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            |bytes: &[u8]| -> String { bytes.escape_ascii().collect::<Vec<_>>().iter().map(|&b| b as char).collect() };
        match self {
            WorldEvent::Node(event) => match event {
                Event::Log { text, .. } => f.write_str(text),
                Event::Connected { client, peer, .. } => write!(f, "client {} from {peer}", client.0),
                Event::Disconnected { client, why, .. } => write!(f, "client {}: {why}", client.0),
                Event::Ran { args, .. } => {
                    for (index, arg) in args.iter().enumerate() {
                        write!(f, "{}{}", if index > 0 { " " } else { "" }, text(arg))?;
                    }
                    Ok(())
                }
                Event::Refused { command, gate, error, .. } => write!(f, "{} ({gate}): {error}", text(command)),
                Event::Changed { key, what, .. } => write!(f, "{} {what}", text(key)),
                Event::Converted { key, from, to, cause, .. } => write!(f, "{} {from} to {to}: {cause:?}", text(key)),
                Event::Stream { key, step, .. } => {
                    let id = |id: &EntryId| format!("{}-{}", id.0, id.1);
                    let key = text(key);
                    match step {
                        Step::Added { id: it } | Step::Deleted { id: it } => write!(f, "{key} {}", id(it)),
                        Step::Trimmed { entries, first } => {
                            write!(f, "{key} {entries} entries, first {}", first.as_ref().map_or("none".into(), id))
                        }
                        Step::GroupMade { group } | Step::GroupRemoved { group } => write!(f, "{key} {}", text(group)),
                        Step::ConsumerMade { group, consumer } => write!(f, "{key} {} {}", text(group), text(consumer)),
                        Step::ConsumerRemoved { group, consumer, pending } => {
                            write!(f, "{key} {} {}: {pending} pending", text(group), text(consumer))
                        }
                        Step::Delivered { group, consumer, id: it, count, .. } => {
                            write!(f, "{key} {} to {}: {} ({count})", text(group), text(consumer), id(it))
                        }
                        Step::Claimed { group, consumer, id: it, from, count } => {
                            let from = from.as_ref().map_or(String::new(), |from| format!(" from {}", text(from)));
                            write!(f, "{key} {} to {}{from}: {} ({count})", text(group), text(consumer), id(it))
                        }
                        Step::Acknowledged { group, consumer, id: it } | Step::Dropped { group, consumer, id: it } => {
                            write!(f, "{key} {} {}: {}", text(group), text(consumer), id(it))
                        }
                    }
                }
                Event::Removed { key, why, .. } => write!(f, "{} {why:?}", text(key)),
                Event::Sampled { keys, stale, .. } => write!(f, "{} keys, {stale} stale", keys.len()),
                Event::Evicting(decision) => write!(f, "{} {}", text(&decision.victim.key), decision.policy),
                Event::ClientEvicted { client, bytes } => write!(f, "client {}: {bytes} bytes", client.0),
                Event::Flushed { keys, .. } => write!(f, "{keys} keys"),
                Event::Published { channel, receivers } => write!(f, "{} to {receivers}", text(channel)),
                Event::ConfigChanged { name, value } => write!(f, "{name} {value}"),
                Event::Moved { slot, to, .. } => write!(f, "slot {slot} is at {to}"),
                Event::Executed { commands, aborted, .. } => {
                    write!(f, "{commands} commands{}", if *aborted { ", aborted" } else { "" })
                }
                Event::Blocked { client, keys } => {
                    write!(f, "client {} waits for", client.0)?;
                    keys.iter().try_for_each(|key| write!(f, " {}", text(key)))
                }
                Event::Unblocked { client, by: Some(key) } => write!(f, "client {} by {}", client.0, text(key)),
                Event::Unblocked { client, by: None } => write!(f, "client {}", client.0),
                Event::ClientsPaused { paused } => {
                    f.write_str(if *paused { "commands wait" } else { "commands go on" })
                }
            },
            WorldEvent::Started { start } => write!(f, "start {start}"),
            WorldEvent::ClockSet { ahead_micros } => write!(f, "{ahead_micros} us ahead"),
            WorldEvent::Sent(message) => write!(f, "{:?} {} ({} bytes)", message.kind, message.label, message.bytes),
            WorldEvent::Arrived { message, .. }
            | WorldEvent::Lost { message, .. }
            | WorldEvent::Resent { message, .. } => {
                write!(f, "message {message}")
            }
            WorldEvent::Broken { connection, .. } => write!(f, "connection {connection}"),
            WorldEvent::Asked { line, .. } => f.write_str(line),
            WorldEvent::Answered { exchange, .. } => write!(f, "{exchange}"),
            WorldEvent::Unanswered { why, .. } => f.write_str(why),
            WorldEvent::LoadStarted { line, .. } | WorldEvent::DatabaseSet { line } => f.write_str(line),
            WorldEvent::Queried { key, .. } | WorldEvent::QueryTimedOut { key, .. } => f.write_str(key),
            WorldEvent::DbOverload { database, waiting } => write!(f, "{database}: {waiting} wait"),
            WorldEvent::DbRecovered { database, timeouts } => write!(f, "{database}: {timeouts} timeouts"),
            WorldEvent::LoadStopped { sent, .. } => write!(f, "{sent} commands sent"),
            WorldEvent::GaveUp { unanswered, .. } => write!(f, "{unanswered} unanswered"),
            WorldEvent::Learned { slot, owner, .. } => write!(f, "slot {slot} is at node {}", owner.0),
            WorldEvent::Crashed { worker, held, .. } => write!(f, "{worker} held {held}"),
            WorldEvent::Processed { worker, id, .. }
            | WorldEvent::WorkFailed { worker, id, .. }
            | WorldEvent::DeadLettered { worker, id, .. } => write!(f, "{worker}: {}-{}", id.0, id.1),
            WorldEvent::Delayed { latency_micros, jitter_micros, .. } => {
                write!(f, "{latency_micros} us and up to {jitter_micros} us more")
            }
            WorldEvent::Killed
            | WorldEvent::Exited
            | WorldEvent::Paused
            | WorldEvent::Resumed
            | WorldEvent::Cut { .. }
            | WorldEvent::Healed { .. } => Ok(()),
        }
    }
}

/// The stream of events as it comes into being: numbered, hashed, and kept until somebody takes it.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    hash: TraceHash,
    next: u64,
    /// What is happening now is a consequence of this.
    pub(super) cause: Option<u64>,
    /// Nobody wants the events themselves: only their hash is kept.
    pub(super) forget: bool,
    pub(super) fresh: Vec<Happened>,
}

impl Trace {
    /// Adds what happens now; its number.
    pub(super) fn emit(&mut self, at: Duration, node: Option<NodeId>, event: WorldEvent) -> u64 {
        let id = self.next;
        self.next += 1;
        (at.micros(), self.cause, node, &event).hash(&mut self.hash);
        if !self.forget {
            self.fresh.push(Happened { id, parent: self.cause, at, node, event });
        }
        id
    }

    /// How many events there have been.
    pub fn count(&self) -> u64 {
        self.next
    }

    /// Order-sensitive, of everything that happened so far.
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }
}

/// A hash that is the same on every target: lengths and variant numbers count as 64 bits, words are little-endian.
#[derive(Clone, Copy, Debug)]
pub struct TraceHash(u64);

impl Default for TraceHash {
    fn default() -> Self {
        TraceHash(0x6b76_6172_6975_6d21)
    }
}

impl TraceHash {
    /// The hash of some bytes by themselves.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut hash = TraceHash::default();
        bytes.hash(&mut hash);
        hash.finish()
    }

    /// One word: a step that can be undone, so that no state absorbs what follows.
    fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for TraceHash {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.word(crate::base::bytes::read_unsigned(rest));
        }
    }
    fn write_u8(&mut self, number: u8) {
        self.word(number.into());
    }
    fn write_u16(&mut self, number: u16) {
        self.word(number.into());
    }
    fn write_u32(&mut self, number: u32) {
        self.word(number.into());
    }
    fn write_u64(&mut self, number: u64) {
        self.word(number);
    }
    fn write_usize(&mut self, number: usize) {
        self.word(number as u64);
    }
    fn write_i8(&mut self, number: i8) {
        self.word(number as i64 as u64);
    }
    fn write_i16(&mut self, number: i16) {
        self.word(number as i64 as u64);
    }
    fn write_i32(&mut self, number: i32) {
        self.word(number as i64 as u64);
    }
    fn write_i64(&mut self, number: i64) {
        self.word(number as u64);
    }
    fn write_isize(&mut self, number: isize) {
        self.word(number as i64 as u64);
    }
    fn finish(&self) -> u64 {
        let mut x = self.0;
        x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        x ^ (x >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_order_time_place_and_cause() {
        let of = |events: &[(u64, Option<u16>, WorldEvent)], cause| {
            let mut trace = Trace { cause, ..Trace::default() };
            for (at, node, event) in events {
                trace.emit(Duration::from_micros(*at), node.map(NodeId), event.clone());
            }
            trace.hash()
        };
        let (a, b) = ((1, Some(0), WorldEvent::Killed), (1, Some(0), WorldEvent::Paused));
        let both = of(&[a.clone(), b.clone()], None);
        assert_eq!(both, of(&[a.clone(), b.clone()], None));
        assert_ne!(both, of(&[b.clone(), a.clone()], None));
        assert_ne!(both, of(&[a.clone(), b.clone()], Some(7)));
        assert_ne!(of(core::slice::from_ref(&a), None), of(&[(2, Some(0), WorldEvent::Killed)], None));
        assert_ne!(of(&[a], None), of(&[(1, Some(1), WorldEvent::Killed)], None));
    }

    #[test]
    fn lengths_keep_texts_apart() {
        let of = |a: &str, b: &str| {
            let mut hash = TraceHash::default();
            (a.as_bytes(), b.as_bytes()).hash(&mut hash);
            hash.finish()
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_ne!(of("a", ""), of("a\0", ""));
    }
}
