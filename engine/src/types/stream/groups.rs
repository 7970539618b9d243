//! Consumer groups: how far each has come, who its consumers are, and which entries they have not acknowledged yet.
//!
//! ```text
//!   group    last delivered ID, entries read
//!            pending    [ID, when, how often, consumer] …      by ID
//!            consumers  [name, seen, active, [ID] [ID] …] …    by name; the IDs of those pending that are its own
//! ```
//!
//! An entry is pending for at most one consumer of a group. It stays so when it is deleted from the stream, until somebody
//! acknowledges or claims it.

use super::entries::Entries;
use super::id::Id;
use super::named::{Named, Number};
use crate::collections::counted::{Counted, Iter};
use alloc::vec::Vec;

/// See the module.
#[derive(Clone, Default)]
pub struct Group {
    /// The last entry that was delivered to anybody.
    pub last: Id,
    /// How many entries had been added up to that one, if it is known.
    pub read: Option<u64>,
    pending: Counted<Pending>,
    consumers: Named<Consumer, CONSUMER>,
    /// What the consumers' own lists cost.
    lists: usize,
}

/// An entry that was delivered and has not been acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub id: Id,
    /// When it was delivered last, in milliseconds since 1970.
    pub time: u64,
    /// How often it was delivered.
    pub count: u64,
    pub consumer: Number,
}

/// Who reads from a group.
#[derive(Clone, Default)]
pub struct Consumer {
    /// When it last asked for something, in milliseconds since 1970.
    pub seen: u64,
    /// When it last was given something, if it ever was.
    pub active: Option<u64>,
    pending: Counted<Id>,
}

/// What a consumer and a group take, by the model.
const CONSUMER: usize = 104;
pub(super) const GROUP: usize = 248;

impl Consumer {
    /// A consumer that has just been made.
    pub fn new(now: u64) -> Consumer {
        Consumer { seen: now, ..Consumer::default() }
    }

    /// How many entries are pending for it.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Those from an ID on.
    pub fn ids_from(&self, from: Id) -> Iter<'_, Id> {
        self.pending.range(self.pending.partition(|id| id < from)..usize::MAX)
    }
}

impl Group {
    pub fn new(last: Id, read: Option<u64>) -> Group {
        Group { last, read, ..Group::default() }
    }

    pub fn memory(&self) -> usize {
        self.pending.memory() + self.consumers.memory() + self.lists
    }

    pub fn consumers(&self) -> &Named<Consumer, CONSUMER> {
        &self.consumers
    }

    /// To say when a consumer was seen or active.
    pub fn consumer_mut(&mut self, number: Number) -> &mut Consumer {
        self.consumers.get_mut(number)
    }

    /// Adds a consumer; its name must not be taken.
    pub fn add_consumer(&mut self, name: &[u8], consumer: Consumer) -> Number {
        debug_assert!(consumer.pending.is_empty());
        self.consumers.insert(name, consumer)
    }

    /// Removes a consumer with all that was pending for it; calls `f` with each of these IDs.
    pub fn remove_consumer(&mut self, number: Number, mut f: impl FnMut(Id)) {
        let consumer = self.consumers.remove(number);
        self.lists -= consumer.pending.memory();
        for id in consumer.pending.range(0..usize::MAX) {
            let at = self.rank(id);
            self.pending.remove(at);
            f(id);
        }
    }

    /// How many entries are pending in all.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The pending entries from an ID on; all of a list have ranks, too.
    pub fn pending_from(&self, from: Id) -> Iter<'_, Pending> {
        self.pending.range(self.rank(from)..usize::MAX)
    }

    pub fn pending_at(&self, rank: usize) -> Pending {
        self.pending.get(rank)
    }

    pub fn find(&self, id: Id) -> Option<Pending> {
        let at = self.rank(id);
        (at < self.pending.len()).then(|| self.pending.get(at)).filter(|pending| pending.id == id)
    }

    /// Makes an entry pending, or changes whose it is, since when, and how often it was delivered; what it was before.
    pub fn set_pending(&mut self, new: Pending) -> Option<Pending> {
        let at = self.rank(new.id);
        let old = (at < self.pending.len()).then(|| self.pending.get(at)).filter(|old| old.id == new.id);
        match old {
            Some(_) => self.pending.replace(at, new),
            None => self.pending.insert(at, new),
        }
        if old.is_none_or(|old| old.consumer != new.consumer) {
            if let Some(old) = old {
                self.edit_list(old.consumer, |list, at| _ = list.remove(at), new.id);
            }
            self.edit_list(new.consumer, |list, at| list.insert(at, new.id), new.id);
        }
        old
    }

    /// Ends an entry's being pending; what it was.
    pub fn acknowledge(&mut self, id: Id) -> Option<Pending> {
        let at = self.rank(id);
        let old = (at < self.pending.len()).then(|| self.pending.get(at)).filter(|old| old.id == id)?;
        self.pending.remove(at);
        self.edit_list(old.consumer, |list, at| _ = list.remove(at), id);
        Some(old)
    }

    /// How many entries of the stream were not delivered yet, if that can be known.
    pub fn lag(&self, entries: &Entries) -> Option<i64> {
        let read = match self.read {
            _ if entries.added == 0 => return Some(0),
            Some(read) if !entries.has_gap_from(self.last) => read,
            _ => entries.read_until(self.last)?,
        };
        Some(entries.added.wrapping_sub(read) as i64)
    }

    /// Notes that an entry was delivered, if none behind it was.
    pub fn advance(&mut self, id: Id, entries: &Entries) {
        if id <= self.last {
            return;
        }
        self.read = match self.read {
            Some(read) if self.last >= entries.first() && !entries.has_gap_from(self.last) => {
                Some(read.wrapping_add(1))
            }
            read if entries.added == 0 => read,
            _ => entries.read_until(id),
        };
        self.last = id;
    }

    /// Frees some of what is pending, about `budget` in leaves of many; whether nothing is left.
    pub(super) fn shed(&mut self, budget: usize) -> bool {
        for _ in 0..budget.max(1) {
            if !self.pending.is_empty() {
                self.pending.drop_leaf();
            } else if let Some(last) = self.consumers.last() {
                let list = &mut self.consumers.get_mut(last).pending;
                self.lists -= list.memory();
                list.drop_leaf();
                self.lists += list.memory();
                if list.is_empty() {
                    self.consumers.remove(last);
                }
            } else {
                return true;
            }
        }
        self.pending.is_empty() && self.consumers.is_empty()
    }

    fn rank(&self, id: Id) -> usize {
        self.pending.partition(|pending| pending.id < id)
    }

    fn edit_list(&mut self, consumer: Number, f: impl FnOnce(&mut Counted<Id>, usize), id: Id) {
        let list = &mut self.consumers.get_mut(consumer).pending;
        self.lists -= list.memory();
        f(list, list.partition(|other| other < id));
        self.lists += list.memory();
    }

    /// Each consumer that has entries pending, with how many, by name.
    pub fn owners(&self) -> Vec<(&[u8], usize)> {
        let all = self.consumers.iter().map(|(_, name, consumer)| (name, consumer.pending()));
        all.filter(|(_, count)| *count > 0).collect()
    }
}
