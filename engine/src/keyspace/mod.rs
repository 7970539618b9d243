//! Keys to values: databases of entries, made for little memory per key and few cache misses per command.
//!
//! `entry` holds all that is unsafe: an [`Entry`] is one piece of memory with key, value, expiry and access bits, and
//! a `Store` owns entries and the tables that lead to them. [`Db`] is what commands see. Deliberately
//! absent: clocks, expiry rules, notifications. Whoever changes a key also reports it ([`Db::modifications`] says
//! whether somebody should have).

pub mod access;
pub mod change;
mod db;
mod digest;
mod entry;
pub mod evict;
mod signature;

pub use self::db::{Db, Remains};
pub use self::entry::Entry;
pub use self::entry::store::{Offers, Share};
pub use self::entry::value::{Kind, Object, Value, ValueRef};
pub use self::signature::Signature;

use crate::base::hash::{self, siphash};
use alloc::vec::Vec;

/// A key's bytes with what is computed of them once.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub bytes: &'a [u8],
    pub hash: u64,
    /// 0 outside of cluster mode.
    pub slot: u16,
}

/// All databases of a node.
#[derive(Clone)]
pub struct Keyspace {
    databases: Vec<Db>,
    /// The first so many may hold something.
    used: usize,
    slots: bool,
    seed: (u64, u64),
}

impl Keyspace {
    /// With `slots`, as in cluster mode, database 0 has a table for each slot.
    pub fn new(databases: usize, slots: bool, seed: (u64, u64)) -> Self {
        let databases = (0..databases).map(|index| Db::new(slots && index == 0, seed)).collect();
        Keyspace { databases, used: 0, slots, seed }
    }

    #[inline]
    pub fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        let slot = if self.slots { hash::slot(bytes) } else { 0 };
        Key { bytes, hash: self.hash(bytes), slot }
    }

    /// Whether database 0 has a table for each slot.
    pub fn has_slots(&self) -> bool {
        self.slots
    }

    /// The hash of a key, and of an element in the table of a collection.
    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        siphash(self.seed, bytes)
    }

    /// What the hashes of keys depend on.
    pub fn seed(&self) -> (u64, u64) {
        self.seed
    }

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.databases.len()
    }

    /// How many of them, from the first on, may hold something.
    pub fn databases_used(&self) -> usize {
        self.used
    }

    #[inline]
    pub fn db(&self, index: usize) -> &Db {
        &self.databases[index]
    }

    #[inline]
    pub fn db_mut(&mut self, index: usize) -> &mut Db {
        self.used = self.used.max(index + 1);
        &mut self.databases[index]
    }

    pub fn swap(&mut self, a: usize, b: usize) {
        self.used = self.used.max(a.max(b) + 1);
        self.databases.swap(a, b);
    }

    /// What all databases cost.
    pub fn memory(&self) -> usize {
        self.databases[..self.used].iter().map(Db::memory).sum()
    }

    /// Large values that were removed or overwritten and are still to be freed: how many, and what they cost.
    pub fn doomed(&self) -> (usize, usize) {
        let databases = self.databases[..self.used].iter();
        databases.fold((0, 0), |(count, memory), db| (count + db.doomed_len(), memory + db.doomed_memory()))
    }

    /// Frees about `budget` pieces of them.
    pub fn free_doomed(&mut self, budget: usize) {
        self.databases[..self.used].iter_mut().fold(budget, |left, db| db.free_doomed(left));
    }

    /// What is held for entries beyond [`Keyspace::memory`].
    pub fn spare(&self) -> usize {
        self.databases[..self.used].iter().map(Db::spare).sum()
    }

    /// Requests the memory in which a search for the key begins: for all keys of a pipeline, before any is looked up.
    #[inline(always)]
    pub fn prefetch_bucket(&self, index: usize, hash: u64, slot: u16) {
        self.databases[index].prefetch_bucket(hash, slot);
    }

    /// Requests the key's entry, its bucket having been requested a while ago.
    #[inline(always)]
    pub fn prefetch_entry(&self, index: usize, hash: u64, slot: u16) {
        self.databases[index].prefetch_entry(hash, slot);
    }
}
