//! All that a command can see and change: the keyspace, the clients, the configuration, what has been counted.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use crate::base::heap;
use crate::base::rng::Rng;
use crate::base::sort;
use crate::base::time::{Duration, Time};
use crate::clients::blocked::{Blocked, Pause, Paused, Waiting};
use crate::clients::client::Clients;
use crate::clients::pubsub::{PubSub, Topic};
use crate::clients::transaction::Watches;
use crate::cluster::slots::SlotTable;
use crate::collections::ordered::Map;
use crate::commands::Names;
use crate::commands::declaration::Command;
use crate::config::Config;
use crate::defrag::Walk;
use crate::event::{Event, Events, Gone, Level};
use crate::expiry::Cycle;
use crate::io::Conn;
use crate::keyspace::access::{Counting, Mark};
use crate::keyspace::change::Notify;
use crate::keyspace::change::{Effects, write_record};
use crate::keyspace::evict::Pool;
use crate::keyspace::{Db, Entry, Key, Keyspace, Object, Remains, ValueRef};
use crate::resp::decode::OwnedArgs;
use crate::resp::encode::{Encoder, Reply};
use crate::types::{Hash, Limits};

#[derive(Clone)]
pub struct State {
    /// The moment of the input that is being dealt with.
    pub now: Time,
    pub started: Time,
    pub config: Config,
    pub names: Names,
    pub keyspace: Keyspace,
    /// The database of the command that is running.
    pub db: usize,
    pub clients: Clients,
    pub watches: Watches,
    pub pubsub: PubSub,
    pub blocked: Blocked,
    pub pause: Option<Pause>,
    /// Clients that see every command that runs, in the order in which they asked for it.
    pub(crate) monitors: Vec<Conn>,
    /// Clients that waited, and whose further commands may be read now.
    pub(crate) resumed: VecDeque<Conn>,
    /// The command that is running has waited already, until this moment at most.
    pub(crate) waited: Option<Option<Time>>,
    pub slots: SlotTable,
    pub effects: Effects,
    pub events: Events,
    pub stats: Stats,
    pub rng: Rng,
    /// 40 hexadecimal digits, new for every start.
    pub run_id: String,
    /// Memory of the process, as the host last said.
    pub resident: u64,
    /// What of it is held by the host's allocator beside what it has given out, likewise.
    pub(crate) sparse_outside: u64,
    /// The command that is running counts as use of the keys it reads.
    pub(crate) touching: bool,
    /// Commands run as part of EXEC; their replies are its elements.
    pub(crate) in_transaction: bool,
    /// What was flushed and is still to be freed, a bounded part at a time.
    pub(crate) remains: Vec<Remains>,
    /// Keys and fields whose time has passed are also removed where nobody asks for them.
    pub(crate) active_expire: bool,
    pub(crate) expiry: Cycle,
    pub(crate) defrag: Walk,
    /// Keys found past their time by a command that only reads; removed when it is done.
    pub(crate) overdue: Vec<(usize, Box<[u8]>)>,
    /// Changes that no command made: of keys and fields whose time had passed, and of keys that had to go.
    pub(crate) removals: u64,
    /// The stream of records, once something wants it, and the database its last command ran in.
    pub(crate) records: Option<Records>,
    /// The process is to end.
    pub(crate) exiting: bool,
    /// A configuration file text to be written.
    pub(crate) rewrite: Option<String>,
    /// Hashes of the keys of the command that is running, and which of them is likely to be asked for next.
    pub(crate) hints: Vec<HashHint>,
    pub(crate) next_hint: Cell<usize>,
    pub(crate) peak_memory: usize,
    /// Keys that may have to go.
    pub(crate) pool: Pool,
    /// Where keys are next removed by chance.
    pub(crate) evict_next: usize,
    /// There is too little memory, and more can be freed.
    pub(crate) making_room: bool,
}

/// Every change in order, as commands: what a log and a replica are fed from.
#[derive(Clone, Debug, Default)]
pub struct Records {
    pub bytes: Vec<u8>,
    db: Option<usize>,
}

/// The hash of a key that was computed when its bucket was asked for ahead of time.
#[derive(Clone, Copy, Debug)]
pub struct HashHint {
    address: usize,
    length: usize,
    pub(crate) hash: u64,
    pub(crate) slot: u16,
}

impl HashHint {
    pub(crate) fn of(key: &Key<'_>) -> HashHint {
        HashHint { address: key.bytes.as_ptr() as usize, length: key.bytes.len(), hash: key.hash, slot: key.slot }
    }

    /// Whether it is of these very bytes: while they lie where they were hashed, they are what they were.
    fn is_of(&self, bytes: &[u8]) -> bool {
        self.address == bytes.as_ptr() as usize && self.length == bytes.len()
    }
}

/// What `INFO` counts.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    pub connections: u64,
    pub rejected_connections: u64,
    pub commands: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub expired_keys: u64,
    pub expired_fields: u64,
    pub evicted_keys: u64,
    pub evicted_clients: u64,
    pub keyspace_hits: u64,
    pub keyspace_misses: u64,
    pub errors: u64,
    pub dirty: u64,
    pub lazyfreed_objects: u64,
    pub query_limit_disconnections: u64,
    pub output_limit_disconnections: u64,
    calls: CallCounts,
    /// Errors by their code.
    pub error_codes: Map<String, u64>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Calls {
    pub calls: u64,
    pub rejected: u64,
    pub failed: u64,
}

/// Counters of each command that has been called, found by the address of its declaration.
#[derive(Clone, Debug, Default)]
struct CallCounts {
    slots: Vec<Option<(&'static Command, Calls)>>,
}

/// More than there are commands, by far; a power of two.
const CALL_SLOTS: usize = 2048;
/// What the counters of a command cost, and a state by itself with its configuration: the same on every target.
const CALL: usize = 32;
const STATE: usize = 24 * 1024;
const _: () = assert!(size_of::<Option<(&Command, Calls)>>() <= CALL && size_of::<State>() <= STATE);

impl Stats {
    /// The counters of a command.
    pub fn calls_of(&mut self, command: &'static Command) -> &mut Calls {
        let slots = &mut self.calls.slots;
        if slots.is_empty() {
            slots.resize(CALL_SLOTS, None);
        }
        let mut index = (core::ptr::from_ref(command) as usize >> 4) % CALL_SLOTS;
        while slots[index].is_some_and(|(other, _)| !core::ptr::eq(other, command)) {
            index = (index + 1) % CALL_SLOTS;
        }
        &mut slots[index].get_or_insert((command, Calls::default())).1
    }

    /// The commands that have been called or refused, by name.
    pub fn calls(&self) -> impl Iterator<Item = (&'static str, Calls)> {
        let mut all: Vec<_> =
            self.calls.slots.iter().flatten().map(|(command, calls)| (command.full_name, *calls)).collect();
        sort::sort_by_key(&mut all, |(name, _)| *name);
        all.into_iter()
    }
}

impl State {
    pub fn db_mut(&mut self) -> &mut Db {
        self.keyspace.db_mut(self.db)
    }

    /// A key of the command that is running; its hash may be known already.
    pub fn key<'k>(&self, bytes: &'k [u8]) -> Key<'k> {
        let next = self.next_hint.get();
        match self.hints.get(next) {
            Some(hint) if hint.is_of(bytes) => {
                self.next_hint.set(if next + 1 < self.hints.len() { next + 1 } else { 0 });
                Key { bytes, hash: hint.hash, slot: hint.slot }
            }
            _ => self.keyspace.key(bytes),
        }
    }

    /// From now on the commands' keys are these.
    pub(crate) fn hint(&mut self, hints: &[HashHint]) {
        self.hints.clear();
        self.hints.extend_from_slice(hints);
        self.next_hint.set(0);
    }

    /// Looks a key up to read its value: counts a hit or a miss, and marks the key as used.
    pub fn read(&mut self, key: &Key<'_>) -> Option<&Entry> {
        self.find(key, self.touching)
    }

    /// Looks a key up to say something about it: counts a hit or a miss, but does not mark the key as used.
    pub fn ask(&mut self, key: &Key<'_>) -> Option<&Entry> {
        self.find(key, false)
    }

    fn find(&mut self, key: &Key<'_>, touch: bool) -> Option<&Entry> {
        let mark = self.mark();
        let found = self.keyspace.db(self.db).get(key);
        let found = match found {
            Some(entry) if entry.expiry().is_some_and(|expiry| expiry <= self.now) => {
                self.overdue.push((self.db, key.bytes.into()));
                None
            }
            found => found,
        };
        match found {
            Some(entry) => {
                self.stats.keyspace_hits += 1;
                if touch {
                    entry.touch(mark);
                }
            }
            None => {
                self.stats.keyspace_misses += 1;
                self.effects.notice(self.db, key.bytes, Notify::KEY_MISS, "keymiss");
            }
        }
        found
    }

    /// Looks a key up without marking it as used, for what only asks about it.
    pub fn look(&mut self, key: &Key<'_>) -> Option<&Entry> {
        match self.keyspace.db(self.db).get(key) {
            Some(entry) if entry.expiry().is_some_and(|expiry| expiry <= self.now) => {
                self.overdue.push((self.db, key.bytes.into()));
                None
            }
            found => found,
        }
    }

    /// Looks a key up that is about to be changed: one whose time has passed is removed at once.
    pub fn look_to_write(&mut self, key: &Key<'_>) -> Option<&Entry> {
        self.look_in_db_to_write(self.db, key)
    }

    pub fn look_in_db_to_write(&mut self, db: usize, key: &Key<'_>) -> Option<&Entry> {
        if self.keyspace.db(db).expires_len() > 0 {
            let expiry = self.keyspace.db(db).get(key)?.expiry();
            if expiry.is_some_and(|expiry| expiry <= self.now) {
                self.remove_expired(db, key, Gone::ExpiredLazily);
                return None;
            }
        }
        let mark = self.mark();
        let entry = self.keyspace.db(db).get(key)?;
        if self.touching {
            entry.touch(mark);
        }
        Some(entry)
    }

    /// Looks a key up that is about to be overwritten, whatever it holds: one whose time has passed is removed.
    pub fn drop_if_expired(&mut self, key: &Key<'_>) {
        if self.keyspace.db(self.db).expires_len() > 0 || self.config.maxmemory_policy.counts() {
            self.look_to_write(key);
        }
    }

    /// Announces a key that is about to be created, where somebody asked for that.
    pub fn announce_new(&mut self, db: usize, key: &Key<'_>) {
        let announces = self.config.notify_keyspace_events.includes(Notify::NEW);
        if announces || self.events.is_watched() {
            let there = self.keyspace.db(db).contains(key);
            self.effects.find_in_the_way(there);
            if announces && !there {
                self.effects.notice(db, key.bytes, Notify::NEW, "new");
            }
        }
    }

    /// What decides the encodings of collections.
    pub fn limits(&self) -> Limits {
        let config = &self.config;
        let size = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
        Limits {
            hash_max_listpack_entries: size(config.hash_max_listpack_entries),
            hash_max_listpack_value: size(config.hash_max_listpack_value),
            list_max_listpack_size: config.list_max_listpack_size as i32,
            set_max_intset_entries: size(config.set_max_intset_entries),
            set_max_listpack_entries: size(config.set_max_listpack_entries),
            set_max_listpack_value: size(config.set_max_listpack_value),
            stream_node_max_bytes: size(config.stream_node_max_bytes.0 as i64),
            stream_node_max_entries: size(config.stream_node_max_entries),
            zset_max_listpack_entries: size(config.zset_max_listpack_entries),
            zset_max_listpack_value: size(config.zset_max_listpack_value),
            seed: self.keyspace.seed(),
        }
    }

    /// What an entry that is used now is to be marked with.
    #[inline]
    pub fn mark(&mut self) -> Mark {
        let counting = self.counting();
        let chance = if counting == Counting::Recency { 0 } else { self.rng.bits() };
        Mark { counting, now: self.now, chance }
    }

    /// What the eviction policy counts of an entry's use.
    #[inline]
    pub fn counting(&self) -> Counting {
        let config = &self.config;
        if config.maxmemory_policy.counts() {
            Counting::Frequency { log_factor: config.lfu_log_factor as u32, decay: config.lfu_decay_time as u32 }
        } else {
            Counting::Recency
        }
    }

    /// Removes what a reading command found to be past its time.
    pub(crate) fn remove_overdue(&mut self) {
        if self.pause.is_some() {
            // Nothing changes during a pause; who looks sees no such key all the same.
            self.overdue.clear();
        }
        while let Some((db, key)) = self.overdue.pop() {
            let key = self.keyspace.key(&key);
            self.remove_expired(db, &key, Gone::ExpiredLazily);
        }
    }

    /// Removes a key whose time has passed, and tells everybody.
    pub(crate) fn remove_expired(&mut self, db: usize, key: &Key<'_>, why: Gone) {
        if !self.keyspace.db_mut(db).discard(key) {
            return;
        }
        let lazily = self.config.lazyfree_lazy_expire;
        self.free_unless(lazily);
        self.stats.expired_keys += 1;
        self.gone(db, key.bytes, why, Notify::EXPIRED, "expired", lazily);
    }

    /// Tells everybody that a key was removed which no command asked to remove.
    pub(crate) fn gone(&mut self, db: usize, key: &[u8], why: Gone, class: Notify, what: &'static str, lazily: bool) {
        self.removals += 1;
        self.break_watches(db, key, why != Gone::Evicted);
        self.key_changed(db, key, class, what);
        self.events.emit(|| Event::Removed { db: db as u32, key: key.into(), why });
        let word = if lazily { &b"UNLINK"[..] } else { b"DEL" };
        self.write_record(db, |out| write_record(out, [word, key].into_iter()));
    }

    /// Removes up to `most` fields of a hash whose time has passed, and the hash with its last field; how many there were.
    pub(crate) fn expire_fields(&mut self, db: usize, bytes: &[u8], most: usize) -> usize {
        let (key, now) = (self.keyspace.key(bytes), self.now);
        if !self.keyspace.db(db).contains(&key) {
            return 0;
        }
        let removed = self.end_fields(db, &key, Notify::EXPIRED, |hash, names| {
            hash.remove_expired(now, most, |field| field.name.with(|name| names.push(name)));
        });
        let is_empty = |entry: &Entry| matches!(entry.value(), ValueRef::Hash(hash) if hash.is_empty());
        if removed > 0 && self.keyspace.db(db).get(&key).is_some_and(is_empty) {
            self.keyspace.db_mut(db).discard(&key);
            self.removals += 1;
            self.notify(db, bytes, Notify::GENERIC, "del");
        }
        removed
    }

    /// Removes those of these fields whose time has passed, ahead of a command that gives them values: so that the record
    /// means the same to whom they have not expired for. The hash stays, even without a field.
    pub(crate) fn expire_fields_named<'n>(&mut self, key: &Key<'_>, named: impl Iterator<Item = &'n [u8]>) {
        let (db, now) = (self.db, self.now);
        let may_be_due = |entry: &Entry| match entry.value() {
            ValueRef::Hash(hash) => hash.next_expiry().is_some_and(|expiry| expiry <= now),
            _ => false,
        };
        if self.keyspace.db(db).partly_expiring_len() > 0 && self.look_to_write(key).is_some_and(may_be_due) {
            self.end_fields(db, key, Notify::HASH, |hash, names| {
                for name in named {
                    if hash.is_due(name, now) && hash.remove(name) {
                        names.push(name);
                    }
                }
            });
        }
    }

    /// Lets `f` remove fields of a hash, and tells everybody that they have expired; how many `f` names.
    fn end_fields(
        &mut self,
        db: usize,
        key: &Key<'_>,
        class: Notify,
        f: impl FnOnce(&mut Hash, &mut OwnedArgs),
    ) -> usize {
        let mut words: OwnedArgs = [b"HDEL", key.bytes].into_iter().collect();
        let fixed = words.as_args().len();
        let removed = self.keyspace.db_mut(db).edit_object(key, |object| {
            let Object::Hash(hash) = object else { panic!("fields expire in hashes only") };
            f(hash, &mut words);
            let removed = words.as_args().len() - fixed;
            (removed > 0, removed)
        });
        if removed > 0 {
            self.removals += 1;
            self.stats.expired_fields += removed as u64;
            self.break_watches(db, key.bytes, false);
            self.key_changed(db, key.bytes, class, "hexpired");
            let changed = || Event::Changed { db: db as u32, key: key.bytes.into(), what: "hexpired", replaced: false };
            self.events.emit(changed);
            self.write_record(db, |out| write_record(out, words.as_args().iter()));
        }
        removed
    }

    /// Frees what was taken out of the keyspace and is too large to be freed in passing, unless that is to be done little by
    /// little.
    pub(crate) fn free_unless(&mut self, lazily: bool) {
        if !lazily && self.keyspace.doomed().0 > 0 {
            self.keyspace.free_doomed(usize::MAX);
        }
    }

    /// Frees all of that at once.
    pub(crate) fn free_all(&mut self) {
        self.stats.lazyfreed_objects += self.lazyfree_pending() as u64;
        self.remains.clear();
        self.keyspace.free_doomed(usize::MAX);
    }

    /// Values that are still to be freed.
    pub(crate) fn lazyfree_pending(&self) -> usize {
        self.keyspace.doomed().0 + self.remains.iter().map(Remains::keys).sum::<usize>()
    }

    /// Breaks the watches of those who watch a key.
    pub(crate) fn break_watches(&mut self, db: usize, key: &[u8], expired: bool) {
        let broken: Vec<Conn> = self.watches.broken_by(db, key, expired).collect();
        for conn in broken {
            if let Some(client) = self.clients.get_mut(conn) {
                client.watch_broken = true;
            }
        }
    }

    /// Tells of a changed key: who waits for it, notifications.
    pub(crate) fn key_changed(&mut self, db: usize, key: &[u8], class: Notify, what: &'static str) {
        self.blocked.signal(db, key);
        self.notify(db, key, class, what);
    }

    /// Announces a change over pub/sub, as `notify-keyspace-events` asks (Redis documentation, keyspace notifications).
    pub(crate) fn notify(&mut self, db: usize, key: &[u8], class: Notify, what: &'static str) {
        let wanted = self.config.notify_keyspace_events;
        if !wanted.includes(class) {
            return;
        }
        if wanted.includes(Notify::KEYSPACE) {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            self.publish(&channel, what.as_bytes());
        }
        if wanted.includes(Notify::KEYEVENT) {
            self.publish(format!("__keyevent@{db}__:{what}").as_bytes(), key);
        }
    }

    /// Delivers a message to the subscribers of a channel and of the patterns that match it; how many there were.
    pub fn publish(&mut self, channel: &[u8], message: &[u8]) -> u32 {
        let mut receivers = 0;
        for conn in self.pubsub.subscribers(channel) {
            receivers += deliver(&mut self.clients, conn, &[b"message", channel, message]);
        }
        for (pattern, conn) in self.pubsub.matching(channel) {
            receivers += deliver(&mut self.clients, conn, &[b"pmessage", pattern, channel, message]);
        }
        self.events.emit(|| Event::Published { channel: channel.into(), receivers });
        receivers
    }

    /// Delivers a message to the subscribers of a shard channel; how many there were.
    pub fn publish_to_shard(&mut self, channel: &[u8], message: &[u8]) -> u32 {
        let conns = self.pubsub.shard_subscribers(channel);
        let receivers = conns.map(|conn| deliver(&mut self.clients, conn, &[b"smessage", channel, message])).sum();
        self.events.emit(|| Event::Published { channel: channel.into(), receivers });
        receivers
    }

    /// Whether CLIENT PAUSE holds back these commands now.
    pub(crate) fn pauses(&self, what: Paused) -> bool {
        self.pause.is_some_and(|pause| pause.what >= what)
    }

    /// Lets everybody go on whom a pause held back.
    pub(crate) fn end_pause(&mut self) {
        self.pause = None;
        self.events.emit(|| Event::ClientsPaused { paused: false });
        self.resume_postponed();
    }

    /// Lets everybody try again whose next command was held back.
    pub(crate) fn resume_postponed(&mut self) {
        for conn in self.clients.conns() {
            if let Some(client) = self.clients.get_mut(conn).filter(|client| client.postponed) {
                client.postponed = false;
                self.resumed.push_back(conn);
            }
        }
    }

    /// A client waits no longer for its keys; what it waited with.
    pub(crate) fn end_wait(&mut self, conn: Conn, by: Option<&[u8]>) -> Option<Box<Waiting>> {
        let client = self.clients.get_mut(conn)?;
        let waiting = client.waiting.take()?;
        let id = client.id;
        self.blocked.end(conn, &waiting);
        self.resumed.push_back(conn);
        self.events.emit(|| Event::Unblocked { client: id, by: by.map(Into::into) });
        Some(waiting)
    }

    /// Takes a client out of everything it is subscribed to.
    pub(crate) fn unsubscribe_all(&mut self, conn: Conn) {
        let Some(client) = self.clients.get_mut(conn) else { return };
        for (topic, names) in [
            (Topic::Channel, core::mem::take(&mut client.channels)),
            (Topic::Pattern, core::mem::take(&mut client.patterns)),
            (Topic::ShardChannel, core::mem::take(&mut client.shard_channels)),
        ] {
            for name in names.iter() {
                self.pubsub.unsubscribe(topic, name, conn);
            }
        }
    }

    /// Adds to the stream of records, preceded by a SELECT where the database is another.
    pub(crate) fn write_record(&mut self, db: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(records) = &mut self.records else { return };
        if records.db != Some(db) {
            records.db = Some(db);
            write_record(&mut records.bytes, [&b"SELECT"[..], format!("{db}").as_bytes()].into_iter());
        }
        write(&mut records.bytes);
    }

    pub fn log(&mut self, level: Level, text: impl FnOnce() -> String) {
        if level >= self.config.loglevel {
            self.events.log(level, text);
        }
    }

    /// Bytes that the engine holds, by its own account.
    pub fn memory(&self) -> usize {
        self.keyspace.memory() + self.pending_memory() + self.clients.memory() + self.side_memory()
    }

    /// Bytes of what a node holds beside its data and its clients' buffers: subscriptions, watches, who waits for keys, and
    /// [`State::fixed_memory`].
    pub fn side_memory(&self) -> usize {
        self.pubsub.memory() + self.watches.memory() + self.blocked.memory() + self.fixed_memory()
    }

    /// Bytes of what a node holds whatever it is used for: itself, and the counters of its commands.
    pub fn fixed_memory(&self) -> usize {
        STATE + self.slots.memory() + heap::cost(CALL_SLOTS * CALL)
    }

    /// Bytes of what was taken out of the keyspace and is still to be freed.
    pub fn pending_memory(&self) -> usize {
        self.keyspace.doomed().1 + self.remains.iter().map(Remains::memory).sum::<usize>()
    }

    /// Bytes in pages that are held because of others in use: of the keyspace's own memory and of the host's.
    pub fn sparse(&self) -> u64 {
        self.keyspace.spare() as u64 + self.sparse_outside
    }

    /// How often commands have modified data: grows with every change of a value or an expiry that a command made.
    pub(crate) fn modifications(&self) -> u64 {
        let all: u64 = (0..self.keyspace.databases()).map(|db| self.keyspace.db(db).modifications()).sum();
        all - self.removals
    }

    /// How often a second what happens by itself is looked after: `hz`, more with very many clients (`dynamic-hz`).
    pub fn hz(&self) -> u64 {
        const CLIENTS: u64 = 200;
        let mut hz = self.config.hz as u64;
        while self.config.dynamic_hz && hz < 500 && self.clients.len() as u64 / hz > CLIENTS {
            hz *= 2;
        }
        hz.min(500)
    }

    /// From one look to the next.
    pub fn tick(&self) -> Duration {
        Duration::from_micros(1_000_000 / self.hz())
    }

    pub fn uptime(&self) -> Duration {
        self.now.since(self.started)
    }
}

/// Writes a message to a subscriber: 1 where it is still there.
fn deliver(clients: &mut Clients, conn: Conn, words: &[&[u8]]) -> u32 {
    let Some((out, protocol)) = clients.output(conn) else { return 0 };
    let mut encoder = Encoder::new(out, protocol);
    encoder.push(words.len());
    words.iter().for_each(|word| encoder.bulk(word));
    1
}
