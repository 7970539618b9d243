//! What one command changed, until `commit` has told everybody.
//!
//! A command reports each key it changed, and how it is to be recorded where its own words would not do
//! (`EXPIRE key 10` is recorded as `PEXPIREAT key <ms>`). Keys and words are kept only where somebody wants them.

use alloc::vec::Vec;

use crate::resp::decode::Args;

/// Which changes are announced over pub/sub: `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notify(pub u32);

impl Notify {
    pub const KEYSPACE: Notify = Notify(1 << 0);
    pub const KEYEVENT: Notify = Notify(1 << 1);
    pub const GENERIC: Notify = Notify(1 << 2);
    pub const STRING: Notify = Notify(1 << 3);
    pub const LIST: Notify = Notify(1 << 4);
    pub const SET: Notify = Notify(1 << 5);
    pub const HASH: Notify = Notify(1 << 6);
    pub const ZSET: Notify = Notify(1 << 7);
    pub const EXPIRED: Notify = Notify(1 << 8);
    pub const EVICTED: Notify = Notify(1 << 9);
    pub const STREAM: Notify = Notify(1 << 10);
    pub const KEY_MISS: Notify = Notify(1 << 11);
    pub const NEW: Notify = Notify(1 << 12);
    pub const MODULE: Notify = Notify(1 << 13);
    /// What `A` stands for: every class but key misses and new keys.
    pub(crate) const ALL: u32 = 0b10_0111_1111_1100;

    pub(crate) const LETTERS: [(char, Notify); 12] = [
        ('g', Notify::GENERIC),
        ('$', Notify::STRING),
        ('l', Notify::LIST),
        ('s', Notify::SET),
        ('h', Notify::HASH),
        ('z', Notify::ZSET),
        ('x', Notify::EXPIRED),
        ('e', Notify::EVICTED),
        ('t', Notify::STREAM),
        ('d', Notify::MODULE),
        ('m', Notify::KEY_MISS),
        ('n', Notify::NEW),
    ];

    pub fn includes(self, class: Notify) -> bool {
        self.0 & class.0 != 0
    }
}

#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Somebody watches keys: WATCH, notifications, events.
    pub(crate) keys_wanted: bool,
    /// Something keeps records: a log, replicas, a test.
    pub(crate) records_wanted: bool,
    /// Changes so far.
    count: u64,
    whole: bool,
    /// A value is there in whose place another may be put.
    in_the_way: bool,
    changes: Vec<Change>,
    keys: Vec<u8>,
    records: Vec<u8>,
    /// How many commands are recorded in place of the one that ran.
    rewrites: usize,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    db: usize,
    from: usize,
    to: usize,
    class: Notify,
    what: &'static str,
    breaks_watches: bool,
    replaced: bool,
}

/// Is this what a change is called that leaves nothing of the value before it? SET, RENAME, and all that store a result.
fn replaces(what: &str) -> bool {
    what == "set" || what.ends_with("_to") || what.ends_with("store")
}

/// A reported key.
pub struct Reported<'a> {
    pub db: usize,
    pub key: &'a [u8],
    pub class: Notify,
    /// What Redis calls the change.
    pub what: &'static str,
    pub breaks_watches: bool,
    /// A whole value was put in the place of another.
    pub replaced: bool,
}

impl Effects {
    /// A key's value or expiry changed.
    pub fn changed(&mut self, db: usize, key: &[u8], class: Notify, what: &'static str) {
        self.changed_times(1, db, key, class, what);
    }

    /// Several elements of a key's value changed.
    pub fn changed_times(&mut self, times: u64, db: usize, key: &[u8], class: Notify, what: &'static str) {
        self.count += times;
        self.notice(db, key, class, what);
    }

    /// Something around a key's value changed that leaves a WATCH as it is: a stream's consumer groups.
    pub fn changed_around(&mut self, db: usize, key: &[u8], class: Notify, what: &'static str) {
        self.count += 1;
        self.report(db, key, class, what, false);
    }

    /// The same of what is not announced either: which entries of a stream are pending.
    pub fn changed_silently(&mut self) {
        self.count += 1;
    }

    /// Databases changed as a whole (a flush, a swap): recorded even where no key was affected.
    pub fn changed_whole(&mut self, keys: u64) {
        self.count += keys.max(1);
        self.whole = true;
    }

    /// Something to be announced beside the change itself: no change of its own.
    pub fn notice(&mut self, db: usize, key: &[u8], class: Notify, what: &'static str) {
        self.report(db, key, class, what, true);
    }

    fn report(&mut self, db: usize, key: &[u8], class: Notify, what: &'static str, breaks_watches: bool) {
        if self.keys_wanted {
            let from = self.keys.len();
            self.keys.extend_from_slice(key);
            let replaced = self.in_the_way && replaces(what);
            self.in_the_way &= !replaced;
            self.changes.push(Change { db, from, to: self.keys.len(), class, what, breaks_watches, replaced });
        }
    }

    /// The key that is written next holds a value, or not.
    pub fn find_in_the_way(&mut self, there: bool) {
        self.in_the_way = there;
    }

    /// Records these words in place of the command's own.
    pub fn record_as(&mut self, words: &[&[u8]]) {
        self.record_words(words.iter().copied());
    }

    pub fn record_args_as(&mut self, words: Args<'_>) {
        self.record_words(words.iter());
    }

    fn record_words<'a>(&mut self, words: impl ExactSizeIterator<Item = &'a [u8]>) {
        self.rewrites += 1;
        if self.records_wanted {
            write_record(&mut self.records, words);
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// What was reported is what happened: keys were reported if and only if data was modified.
    pub fn agrees_with(&self, modified: bool) -> bool {
        self.whole || modified == (self.count > 0)
    }

    /// Nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.changes.is_empty()
    }

    /// Every reported key in order.
    pub fn changes(&self) -> impl Iterator<Item = Reported<'_>> {
        self.changes.iter().map(|&Change { db, from, to, class, what, breaks_watches, replaced }| Reported {
            db,
            key: &self.keys[from..to],
            class,
            what,
            breaks_watches,
            replaced,
        })
    }

    /// What is to be recorded of this command: its own words, unless it said otherwise. Several commands in its place are
    /// a transaction, unless they are part of one.
    pub fn write_records(&self, args: Args<'_>, in_transaction: bool, out: &mut Vec<u8>) {
        match self.rewrites {
            0 => write_record(out, args.iter()),
            2.. if !in_transaction => write_transaction(&self.records, out),
            _ => out.extend_from_slice(&self.records),
        }
    }

    /// Ready for the next command.
    pub fn clear(&mut self) {
        self.count = 0;
        self.whole = false;
        self.in_the_way = false;
        self.changes.clear();
        self.keys.clear();
        self.records.clear();
        self.rewrites = 0;
    }
}

/// Writes records as a transaction.
pub fn write_transaction(records: &[u8], out: &mut Vec<u8>) {
    write_record(out, [&b"MULTI"[..]].into_iter());
    out.extend_from_slice(records);
    write_record(out, [&b"EXEC"[..]].into_iter());
}

/// Writes one command as a RESP array: the form it has in the log and on the way to a replica.
pub fn write_record<'a>(out: &mut Vec<u8>, words: impl ExactSizeIterator<Item = &'a [u8]>) {
    use crate::resp::encode::{Encoder, Protocol, Reply};
    let mut encoder = Encoder::new(out, Protocol::Resp2);
    encoder.array(words.len());
    words.for_each(|word| encoder.bulk(word));
}
