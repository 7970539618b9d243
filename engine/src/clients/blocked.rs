//! Clients that wait: for a key to hold something, or for a pause to end.
//!
//! A client that waits for a key keeps its command. When the key comes to hold a value of the kind it waits for, the
//! command runs again, for one client after the other in the order in which they began to wait; a client whose
//! command finds nothing left waits on, behind the others.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::heap;
use crate::base::time::Time;
use crate::collections::ordered::{Map, Set};
use crate::io::Conn;
use crate::keyspace::Kind;
use crate::resp::decode::OwnedArgs;
use crate::resp::encode::Reply;

/// What a client waits for, and with which command.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub args: OwnedArgs,
    pub db: usize,
    pub keys: Vec<Box<[u8]>>,
    /// What one of the keys must hold.
    pub wants: Kind,
    /// When it gives up; never, if there is no such moment.
    pub until: Option<Time>,
    /// The command is to run, and to fail, also where none of the keys holds that any more.
    pub fails_without: bool,
    /// What it answers when its time is over.
    pub at_end: fn(&mut dyn Reply),
    ticket: u64,
}

impl Waiting {
    pub fn new(args: OwnedArgs, db: usize, keys: Vec<Box<[u8]>>, wants: Kind, until: Option<Time>) -> Waiting {
        let at_end = |reply: &mut dyn Reply| reply.null_array();
        Waiting { args, db, keys, wants, until, fails_without: false, at_end, ticket: 0 }
    }

    pub fn memory(&self) -> usize {
        self.args.memory() + self.keys.iter().map(|key| key.len()).sum::<usize>()
    }
}

/// Those who wait for one key, in the order in which they came.
type Queue = Map<u64, Conn>;

/// Which clients wait for which keys.
#[derive(Clone, Debug, Default)]
pub struct Blocked {
    /// For each database, as far as one was waited in.
    queues: Vec<Map<Box<[u8]>, Queue>>,
    deadlines: Set<(Time, Conn)>,
    clients: usize,
    tickets: u64,
    /// Keys that may hold what is waited for, in the order in which they changed.
    ready: Vec<(usize, Box<[u8]>)>,
    memory: usize,
}

/// What it costs that a client waits for a key: modelled.
fn cost(key: &[u8]) -> usize {
    128 + heap::cost(key.len())
}

impl Blocked {
    /// How many clients wait.
    pub fn len(&self) -> usize {
        self.clients
    }

    pub fn is_empty(&self) -> bool {
        self.clients == 0
    }

    /// What it costs that they wait, in bytes.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// How many of them won't wait for ever.
    pub fn with_deadline(&self) -> usize {
        self.deadlines.len()
    }

    /// How many keys are waited for.
    pub fn keys(&self) -> usize {
        self.queues.iter().map(Map::len).sum()
    }

    /// A connection begins to wait; it must not be waiting already.
    pub fn begin(&mut self, conn: Conn, waiting: &mut Waiting) {
        self.tickets += 1;
        self.clients += 1;
        waiting.ticket = self.tickets;
        if self.queues.len() <= waiting.db {
            self.queues.resize_with(waiting.db + 1, Map::new);
        }
        for key in &waiting.keys {
            self.memory += cost(key);
            self.queues[waiting.db].get_or_default(key.clone()).insert(waiting.ticket, conn);
        }
        if let Some(until) = waiting.until {
            self.deadlines.insert((until, conn));
        }
    }

    /// A connection waits no longer.
    pub fn end(&mut self, conn: Conn, waiting: &Waiting) {
        self.clients -= 1;
        self.memory -= waiting.keys.iter().map(|key| cost(key)).sum::<usize>();
        if let Some(queues) = self.queues.get_mut(waiting.db) {
            for key in &waiting.keys {
                if let Some(queue) = queues.get_mut(key) {
                    queue.remove(&waiting.ticket);
                    if queue.is_empty() {
                        queues.remove(key);
                    }
                }
            }
        }
        if let Some(until) = waiting.until {
            self.deadlines.remove(&(until, conn));
        }
    }

    /// A key has changed.
    pub fn signal(&mut self, db: usize, key: &[u8]) {
        if self.queues.get(db).is_some_and(|queues| queues.contains_key(key))
            && !self.ready.iter().any(|(d, k)| *d == db && **k == *key)
        {
            self.ready.push((db, key.into()));
        }
    }

    /// A database holds other keys now.
    pub fn signal_all(&mut self, db: usize) {
        let keys: Vec<_> = self.queues.get(db).into_iter().flat_map(Map::keys).cloned().collect();
        keys.iter().for_each(|key| self.signal(db, key));
    }

    /// Takes the keys that have changed.
    pub fn take_ready(&mut self) -> Vec<(usize, Box<[u8]>)> {
        core::mem::take(&mut self.ready)
    }

    /// Who waits for a key, in order.
    pub fn waiting_for(&self, db: usize, key: &[u8]) -> Vec<Conn> {
        self.queues.get(db).and_then(|queues| queues.get(key)).into_iter().flat_map(Queue::values).copied().collect()
    }

    /// When the first of them gives up.
    pub fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// Somebody whose time is over.
    pub fn overdue(&self, now: Time) -> Option<Conn> {
        self.deadlines.first().filter(|(until, _)| *until <= now).map(|(_, conn)| *conn)
    }
}

/// `CLIENT PAUSE`: until when which commands must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub until: Time,
    pub what: Paused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paused {
    Writes,
    All,
}
