//! The stream: entries that are only added at the end, and consumer groups that share the work of reading them.
//!
//! Unlike other collections a stream stays when its last entry goes: it remembers the last ID, and its groups.

pub mod entries;
pub mod groups;
pub mod id;
pub mod named;
mod node;
pub mod trim;

pub use entries::{Entries, Entry};
pub use groups::{Consumer, Group, Pending};
pub use id::Id;
pub use trim::{Keep, Trim};

use crate::base::heap::Moves;
use named::{Named, Number};

/// See the module.
#[derive(Clone, Default)]
pub struct Stream {
    pub entries: Entries,
    groups: Named<Group, { groups::GROUP }>,
    /// What groups lead to.
    group_memory: usize,
    pending: usize,
}

/// Its size on a 64-bit machine, by the model.
pub const SIZE: usize = 320;
const _: () = assert!(size_of::<Stream>() <= SIZE);

impl Stream {
    pub fn new() -> Self {
        Stream::default()
    }

    pub fn memory(&self) -> usize {
        self.entries.memory() + self.groups.memory() + self.group_memory
    }

    /// How many pieces of memory it is made of, about: nodes, and leaves of lists.
    pub fn pieces(&self) -> usize {
        const LEAF: usize = 64;
        1 + self.entries.nodes() + self.groups.len() + self.pending / LEAF
    }

    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    pub fn groups(&self) -> &Named<Group, { groups::GROUP }> {
        &self.groups
    }

    /// A group by its name.
    pub fn group(&self, name: &[u8]) -> Option<(Number, &Group)> {
        self.groups.find(name).map(|number| (number, self.groups.get(number)))
    }

    /// Adds a group; its name must not be taken.
    pub fn add_group(&mut self, name: &[u8], group: Group) {
        self.group_memory += group.memory();
        self.pending += group.pending();
        self.groups.insert(name, group);
    }

    pub fn remove_group(&mut self, number: Number) -> Group {
        let group = self.groups.remove(number);
        self.group_memory -= group.memory();
        self.pending -= group.pending();
        group
    }

    /// Edits a group beside the entries that it is about.
    pub fn edit_group<R>(&mut self, number: Number, f: impl FnOnce(&mut Group, &Entries) -> R) -> R {
        let group = self.groups.get_mut(number);
        self.group_memory -= group.memory();
        self.pending -= group.pending();
        let result = f(group, &self.entries);
        self.group_memory += group.memory();
        self.pending += group.pending();
        result
    }

    /// Offers its nodes for moving, some at a time: the cursor to go on with; 0 begins and 0 ends. Deliberately absent: groups
    /// and what is pending, which are small beside the entries.
    pub fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        self.entries.offer(cursor, moves)
    }

    /// Frees about `budget` pieces; whether nothing is left.
    pub fn shed(&mut self, budget: usize) -> bool {
        if !self.entries.shed(budget) {
            return false;
        }
        let Some(last) = self.groups.last() else { return true };
        if self.edit_group(last, |group, _| group.shed(budget)) {
            self.remove_group(last);
        }
        self.groups.is_empty()
    }
}

#[cfg(test)]
mod tests;
