//! Plain views of all state: what INFO prints and panels draw is read here, and nowhere else.

pub mod field;
pub mod memory;
pub mod stream;
pub mod value;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::time::{Duration, Time};
use crate::clients::client::Client;
use crate::cluster::slots::SlotTable;
use crate::collections::ordered::Set;
use crate::config::Config;
use crate::keyspace::{Entry, Keyspace, access};
use crate::state::{State, Stats};
use value::{Gauge, ValueView};

/// A node to be looked at.
#[derive(Clone, Copy)]
pub struct Inspect<'a> {
    state: &'a State,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    pub key: Vec<u8>,
    pub kind: &'static str,
    pub encoding: &'static str,
    /// When it expires; it may have passed.
    pub expiry: Option<Time>,
    /// Seconds since it was used.
    pub idle: Duration,
    /// Bytes, with the entry's own.
    pub memory: usize,
    pub slot: u16,
}

/// One key with its value.
pub struct Opened<'a> {
    pub key: KeyView,
    pub value: ValueView<'a>,
    /// How far the value is from another encoding.
    pub gauges: Vec<Gauge>,
}

/// One database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseView {
    pub index: usize,
    pub keys: usize,
    pub expires: usize,
    pub memory: usize,
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    pub id: u64,
    pub peer: String,
    pub name: String,
    pub db: usize,
    pub last_command: &'static str,
    pub subscriptions: usize,
    /// Commands queued by MULTI.
    pub queued: Option<usize>,
    pub unread: usize,
    pub unsent: usize,
    /// Waits for a key, or for a pause to end.
    pub waits: Option<WaitView>,
    /// Sees every command (MONITOR).
    pub monitor: bool,
    pub channels: Vec<Vec<u8>>,
    pub patterns: Vec<Vec<u8>>,
    pub shard_channels: Vec<Vec<u8>>,
}

/// What a client waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitView {
    /// None for a client whose next command is held back by CLIENT PAUSE.
    pub keys: Vec<Vec<u8>>,
    /// What one of the keys must hold.
    pub wants: &'static str,
    /// When the client gives up, or the pause ends; never, if there is no such moment.
    pub until: Option<Time>,
}

impl<'a> Inspect<'a> {
    pub(crate) fn new(state: &'a State) -> Self {
        Inspect { state }
    }

    /// The node's clock, as of its last input.
    pub fn now(&self) -> Time {
        self.state.now
    }
    pub fn config(&self) -> &'a Config {
        &self.state.config
    }
    pub fn stats(&self) -> &'a Stats {
        &self.state.stats
    }
    pub fn slots(&self) -> &'a SlotTable {
        &self.state.slots
    }
    pub fn keyspace(&self) -> &'a Keyspace {
        &self.state.keyspace
    }
    pub fn run_id(&self) -> &'a str {
        &self.state.run_id
    }
    /// Bytes by the engine's own account.
    pub fn memory(&self) -> usize {
        self.state.memory()
    }

    /// The most that was in use at a time.
    pub fn peak_memory(&self) -> usize {
        self.state.peak_memory.max(self.memory())
    }

    /// One number for all the data, whatever its order: keys, types, values, expiries.
    pub fn digest(&self) -> u64 {
        self.state.keyspace.digest()
    }

    /// The databases that hold anything.
    pub fn databases(&self) -> impl Iterator<Item = DatabaseView> + 'a {
        let keyspace = &self.state.keyspace;
        (0..keyspace.databases())
            .map(|index| (index, keyspace.db(index)))
            .filter(|(_, db)| !db.is_empty())
            .map(|(index, db)| DatabaseView { index, keys: db.len(), expires: db.expires_len(), memory: db.memory() })
    }

    /// Calls `f` with some keys of a database; the cursor with which to go on, zero at the end.
    pub fn scan_keys(&self, db: usize, cursor: u64, mut f: impl FnMut(KeyView)) -> u64 {
        self.state.keyspace.db(db).scan(cursor, |entry| f(self.key_view(entry)))
    }

    /// One key, if it is there.
    pub fn key(&self, db: usize, key: &[u8]) -> Option<KeyView> {
        let keyspace = &self.state.keyspace;
        keyspace.db(db).get(&keyspace.key(key)).map(|entry| self.key_view(entry))
    }

    /// One key with its value, if it is there.
    pub fn open(&self, db: usize, key: &[u8]) -> Option<Opened<'a>> {
        let keyspace = &self.state.keyspace;
        let entry = keyspace.db(db).get(&keyspace.key(key))?;
        let value = ValueView::of(entry.value());
        Some(Opened { key: self.key_view(entry), value, gauges: value.gauges(&self.state.limits()) })
    }

    pub fn key_view(&self, entry: &Entry) -> KeyView {
        KeyView {
            key: entry.key().into(),
            kind: entry.kind().name(),
            encoding: entry.encoding(),
            expiry: entry.expiry(),
            idle: Duration::from_seconds(access::idle_seconds(entry.access(), self.state.now).into()),
            memory: entry.memory(),
            slot: crate::base::hash::slot(entry.key()),
        }
    }

    /// The clients that wait for a key, in the order in which they will be served.
    pub fn waiting_for(&self, db: usize, key: &[u8]) -> Vec<u64> {
        let waiting = self.state.blocked.waiting_for(db, key).into_iter();
        waiting.filter_map(|conn| self.state.clients.get(conn)).map(|client| client.id.0).collect()
    }

    fn wait_view(&self, client: &Client) -> Option<WaitView> {
        let held = || WaitView { keys: Vec::new(), wants: "", until: self.state.pause.map(|pause| pause.until) };
        let waiting = client.waiting.as_ref().map(|waiting| WaitView {
            keys: waiting.keys.iter().map(|key| key.to_vec()).collect(),
            wants: waiting.wants.name(),
            until: waiting.until,
        });
        waiting.or_else(|| client.postponed.then(held))
    }

    pub fn clients(&self) -> impl Iterator<Item = ClientView> + 'a {
        let view = *self;
        self.state.clients.iter().map(move |client: &Client| ClientView {
            id: client.id.0,
            peer: client.peer.clone(),
            name: client.name.clone(),
            db: client.db,
            last_command: client.last_command,
            subscriptions: client.subscriptions(),
            queued: client.transaction.as_ref().map(|transaction| transaction.queue.len()),
            unread: client.query.len(),
            unsent: client.output.unsent(),
            waits: view.wait_view(client),
            monitor: client.monitor,
            channels: names(&client.channels),
            patterns: names(&client.patterns),
            shard_channels: names(&client.shard_channels),
        })
    }
}

fn names(topics: &Set<Box<[u8]>>) -> Vec<Vec<u8>> {
    topics.iter().map(|name| name.to_vec()).collect()
}
