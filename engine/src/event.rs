//! Every fact worth showing, typed. The log, the page, the tests and the simulation's trace read this one stream.
//!
//! Absent on purpose: any way for a watcher to influence what happens. An event is built by a closure, only where
//! somebody watches.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::io::Conn;

/// Redis's four levels of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Debug,
    Verbose,
    Notice,
    Warning,
}

/// How much of the stream is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watch {
    Nothing,
    /// Only [`Event::Log`].
    #[default]
    Log,
    Everything,
}

/// Why a key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gone {
    Deleted,
    /// Its time had passed, and a command came across it.
    ExpiredLazily,
    /// Its time had passed, and the expiry cycle found it.
    ExpiredActively,
    /// Memory was short: see [`Event::Evicting`].
    Evicted,
    Flushed,
}

/// A key that may have to go, and how soon: of two, the one with the higher score goes first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    pub db: u32,
    pub key: Bytes,
    /// Seconds since it was last used, 255 less its counter, or the longest time there is less the millisecond in which it
    /// expires: which of them the policy says.
    pub score: u64,
}

/// How a key was chosen that has to go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// `maxmemory-policy`.
    pub policy: &'static str,
    /// Memory in use, and how much may be, in bytes.
    pub used: u64,
    pub limit: u64,
    /// The keys that were looked at for this choice. Empty where chance alone decides.
    pub sampled: Vec<Candidate>,
    /// The best candidates of this and of earlier samples, the best last; some may be gone by now.
    pub pool: Vec<Candidate>,
    /// The best of the pool that is still there.
    pub victim: Candidate,
}

/// Why a value changed its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It passed the limit that a parameter sets, or fell far enough below it.
    Limit { parameter: &'static str, value: i64 },
    /// A set of integers came to hold something else.
    NotInteger,
    /// A hash can hold fields that expire only in a table.
    FieldExpiry,
    /// A string that is edited is kept where it can grow.
    EditedInPlace,
}

/// An entry's ID: milliseconds since 1970, and a number within the millisecond.
pub type EntryId = (u64, u64);

/// What happened in a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Added {
        id: EntryId,
    },
    Deleted {
        id: EntryId,
    },
    /// So many of the oldest entries went; `first` is the oldest that is left.
    Trimmed {
        entries: u64,
        first: Option<EntryId>,
    },
    GroupMade {
        group: Bytes,
    },
    /// With all its consumers, and what was pending for them.
    GroupRemoved {
        group: Bytes,
    },
    ConsumerMade {
        group: Bytes,
        consumer: Bytes,
    },
    /// So many entries that were pending for it are so no longer.
    ConsumerRemoved {
        group: Bytes,
        consumer: Bytes,
        pending: u64,
    },
    /// A consumer was given an entry, for the `count`th time; `pending` unless it need not acknowledge it.
    Delivered {
        group: Bytes,
        consumer: Bytes,
        id: EntryId,
        count: u64,
        pending: bool,
    },
    Acknowledged {
        group: Bytes,
        consumer: Bytes,
        id: EntryId,
    },
    /// A pending entry became another consumer's, or its own anew; `from` is none where it was pending for nobody.
    Claimed {
        group: Bytes,
        consumer: Bytes,
        id: EntryId,
        from: Option<Bytes>,
        count: u64,
    },
    /// An entry is pending no longer because it was found to be deleted.
    Dropped {
        group: Bytes,
        consumer: Bytes,
        id: EntryId,
    },
}

/// A connection's client, as people and commands name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

type Bytes = Box<[u8]>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    Log {
        level: Level,
        text: String,
    },
    Connected {
        client: ClientId,
        conn: Conn,
        peer: String,
    },
    Disconnected {
        client: ClientId,
        conn: Conn,
        why: &'static str,
    },
    /// A command was admitted and ran. Arguments longer than [`ARGUMENT_SHOWN`] are cut, and of more than
    /// [`ARGUMENTS_SHOWN`] the last says how many there were.
    Ran {
        client: ClientId,
        db: u32,
        args: Vec<Bytes>,
        failed: bool,
    },
    /// A gate refused a command.
    Refused {
        client: ClientId,
        command: Bytes,
        gate: &'static str,
        error: String,
    },
    /// A key's value or expiry changed; `what` is the name Redis gives the change in its notifications.
    Changed {
        db: u32,
        key: Bytes,
        what: &'static str,
        /// It took the place of a whole value that is lost.
        replaced: bool,
    },
    /// A command made a key's value change from one encoding to another, as OBJECT ENCODING names them.
    Converted {
        db: u32,
        key: Bytes,
        from: &'static str,
        to: &'static str,
        cause: Cause,
    },
    /// Something happened in a stream.
    Stream {
        db: u32,
        key: Bytes,
        step: Step,
    },
    Removed {
        db: u32,
        key: Bytes,
        why: Gone,
    },
    /// The expiry cycle looked at these keys, of which so many had expired: they are removed next.
    Sampled {
        db: u32,
        keys: Vec<Bytes>,
        stale: u32,
    },
    /// Memory is short, and a key was chosen that is removed next.
    Evicting(Box<Decision>),
    /// A client was disconnected because clients hold too much memory: so much of it was this one's.
    ClientEvicted {
        client: ClientId,
        bytes: u64,
    },
    Flushed {
        db: Option<u32>,
        keys: u64,
    },
    Published {
        channel: Bytes,
        receivers: u32,
    },
    ConfigChanged {
        name: &'static str,
        value: String,
    },
    /// A client was sent to the node that owns a slot.
    Moved {
        client: ClientId,
        slot: u16,
        to: String,
    },
    /// A transaction was executed, or given up because a watched key changed.
    Executed {
        client: ClientId,
        commands: u32,
        aborted: bool,
    },
    /// A client waits until one of these keys holds something.
    Blocked {
        client: ClientId,
        keys: Vec<Bytes>,
    },
    /// A client waits no longer; `by` is the key that ended it, or none where time or another client did.
    Unblocked {
        client: ClientId,
        by: Option<Bytes>,
    },
    /// Commands are held back (`CLIENT PAUSE`), or no longer.
    ClientsPaused {
        paused: bool,
    },
}

/// The longest argument that [`Event::Ran`] holds whole, in bytes.
pub const ARGUMENT_SHOWN: usize = 128;

/// The most arguments that [`Event::Ran`] holds.
pub const ARGUMENTS_SHOWN: usize = 64;

/// Where events are collected during one `handle`.
#[derive(Clone, Debug, Default)]
pub struct Events {
    watch: Watch,
    pub(crate) waiting: Vec<Event>,
}

impl Events {
    pub fn watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    pub fn is_watched(&self) -> bool {
        self.watch == Watch::Everything
    }

    /// Adds what `event` builds, if somebody watches.
    pub fn emit(&mut self, event: impl FnOnce() -> Event) {
        if self.watch == Watch::Everything {
            self.waiting.push(event());
        }
    }

    pub fn log(&mut self, level: Level, text: impl FnOnce() -> String) {
        if self.watch >= Watch::Log {
            self.waiting.push(Event::Log { level, text: text() });
        }
    }
}
