//! MULTI's queue, and WATCH: who must be told when a key changes.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::heap;
use crate::collections::ordered::Map;
use crate::io::Conn;
use crate::resp::decode::OwnedArgs;

/// The commands of a client between MULTI and EXEC.
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    pub queue: Vec<OwnedArgs>,
    /// A command was refused while queueing: EXEC will abort.
    pub failed: bool,
}

impl Transaction {
    pub fn memory(&self) -> usize {
        self.queue.iter().map(OwnedArgs::memory).sum()
    }
}

type WatchedKey = (usize, Box<[u8]>);

/// Which connections watch which keys.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    watchers: Map<WatchedKey, Vec<Watcher>>,
    keys: Map<Conn, Vec<WatchedKey>>,
    memory: usize,
}

/// What a watch costs: modelled, with the key in both maps.
fn cost(key: &[u8]) -> usize {
    136 + 2 * heap::cost(key.len())
}

#[derive(Clone, Copy, Debug)]
struct Watcher {
    conn: Conn,
    /// The key's time had already passed when it was watched: its removal is no change.
    was_expired: bool,
}

impl Watches {
    pub fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }

    pub fn watch(&mut self, conn: Conn, db: usize, key: &[u8], was_expired: bool) {
        let watched = (db, Box::from(key));
        let watchers = self.watchers.get_or_default(watched.clone());
        if watchers.iter().all(|watcher| watcher.conn != conn) {
            watchers.push(Watcher { conn, was_expired });
            self.memory += cost(&watched.1);
            self.keys.get_or_default(conn).push(watched);
        }
    }

    /// What all watches cost, in bytes.
    pub fn memory(&self) -> usize {
        self.memory
    }

    pub fn unwatch(&mut self, conn: Conn) {
        for key in self.keys.remove(&conn).unwrap_or_default() {
            self.memory -= cost(&key.1);
            if let Some(watchers) = self.watchers.get_mut(&key) {
                watchers.retain(|watcher| watcher.conn != conn);
                if watchers.is_empty() {
                    self.watchers.remove(&key);
                }
            }
        }
    }

    /// The connections whose watch a change of this key breaks.
    pub fn broken_by(&self, db: usize, key: &[u8], expired: bool) -> impl Iterator<Item = Conn> {
        let watchers = if self.watchers.is_empty() { None } else { self.watchers.get(&(db, Box::from(key))) };
        watchers.into_iter().flatten().filter(move |w| !(expired && w.was_expired)).map(|watcher| watcher.conn)
    }

    /// The keys that a connection watches, each with whether its time had already passed then.
    pub fn of(&self, conn: Conn) -> impl Iterator<Item = (usize, &[u8], bool)> {
        self.keys.get(&conn).into_iter().flatten().map(move |key| {
            let watchers = self.watchers.get(key).map_or(&[][..], Vec::as_slice);
            let was_expired = watchers.iter().any(|w| w.conn == conn && w.was_expired);
            (key.0, &*key.1, was_expired)
        })
    }

    /// Every watched key of a database, or of all.
    pub fn keys(&self, db: Option<usize>) -> impl Iterator<Item = (usize, &[u8])> {
        self.watchers.keys().filter(move |key| db.is_none_or(|db| key.0 == db)).map(|key| (key.0, &*key.1))
    }
}
