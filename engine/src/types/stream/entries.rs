//! The entries of a stream: packed nodes in the order of their first IDs, found in logarithmic time.
//!
//! ```text
//!   order    [1-0 ▸2] [5-3 ▸0] [9-0 ▸1]      a counted tree: first ID, number of the listpack, living entries
//!   packs    [▪][▪][▪][ ] …                  listpacks, and places that are vacant
//! ```
//!
//! A stream remembers more than it holds: the last ID it gave out, the highest that was deleted, and how many entries were
//! ever added, from which follows how far a consumer group has come (see [`Entries::read_until`]).

use super::id::Id;
use super::named::room_for;
pub use super::node::Entry;
use super::node::{self, Node};
use crate::base::heap::{self, Moves};
use crate::collections::counted::{self, Counted};
use crate::collections::listpack::{Listpack, Position};
use crate::types::Limits;
use alloc::vec::Vec;
use core::ops::Range;

/// See the module.
#[derive(Clone, Default)]
pub struct Entries {
    order: Counted<First>,
    packs: Vec<Option<Listpack>>,
    vacant: Vec<u32>,
    /// What the listpacks cost.
    pack_memory: usize,
    /// See [`Entries::radix_nodes`]; 0 without a node.
    radix_nodes: usize,
    len: usize,
    first: Id,
    /// What XSETID and loading set, too.
    pub last: Id,
    pub max_deleted: Id,
    /// Entries ever added.
    pub added: u64,
}

/// A node in the order.
#[derive(Clone, Copy)]
struct First {
    id: Id,
    pack: u32,
    /// Living entries, as they were when the node was last left: the last node's own count may have gone on.
    live: u32,
}

/// Why an entry can't be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its ID is not above the last one.
    NotAbove,
    /// It is larger than a node may be at all.
    TooLarge,
}

/// No node is larger, whatever the configuration says.
const LARGEST: usize = 1 << 30;

/// A node as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    pub first: Id,
    pub live: usize,
    pub deleted: usize,
    pub bytes: usize,
}

impl Entries {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The ID of the first entry that there is, or zero.
    pub fn first(&self) -> Id {
        self.first
    }

    /// The ID of the last entry that there is.
    pub fn last_entry(&self) -> Option<Id> {
        self.range_back(Id::MIN, Id::MAX).next().map(|entry| entry.id)
    }

    pub fn memory(&self) -> usize {
        self.order.memory()
            + self.pack_memory
            + heap::cost(room_for(self.packs.len()) * 8)
            + heap::cost(room_for(self.vacant.len()) * 4)
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.order.len()
    }

    /// The node that has the entry of this rank, by its number, and how many entries stand before that node.
    pub fn node_of(&self, rank: usize) -> Option<(usize, usize)> {
        let mut before = 0;
        for (number, live) in self.lives().enumerate() {
            if rank < before + live {
                return Some((number, before));
            }
            before += live;
        }
        None
    }

    /// How many entries there are up to an ID.
    pub fn count_until(&self, id: Id) -> usize {
        let Some(number) = self.number_of(id) else { return 0 };
        self.lives().take(number).sum::<usize>() + self.range(self.order.get(number).id, id).count()
    }

    /// The living entries of each node, without a look into the nodes.
    fn lives(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.range(0..usize::MAX).enumerate().map(|(number, first)| match number + 1 == self.order.len() {
            true => self.node(first).live(),
            false => first.live as usize,
        })
    }

    /// The nodes of these numbers, counted from the first.
    pub fn node_infos(&self, numbers: Range<usize>) -> impl Iterator<Item = NodeInfo> + '_ {
        self.order.range(numbers).map(|first| {
            let node = self.node(first);
            NodeInfo { first: first.id, live: node.live(), deleted: node.deleted(), bytes: node.pack.as_bytes().len() }
        })
    }

    /// Each node's ID with its bytes, as an RDB file holds them.
    pub fn packs(&self) -> impl Iterator<Item = (Id, &Listpack)> {
        self.order.range(0..usize::MAX).map(|first| (first.id, self.pack(first)))
    }

    /// Takes a node from outside, whose entries follow all others; whether it is one.
    pub fn push_node(&mut self, id: Id, pack: Listpack) -> bool {
        let Some((last, live)) = node::check(&pack, id) else { return false };
        let follows = self.order.len().checked_sub(1).is_none_or(|at| self.node(self.order.get(at)).last_id() < id);
        if !follows {
            return false;
        }
        self.add_node(id, pack);
        self.len += live;
        self.last = self.last.max(last);
        self.find_first();
        true
    }

    /// Adds an entry; its ID must be above the last one.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn append<'f>(
        &mut self,
        id: Id,
        pairs: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        if id <= self.last {
            return Err(Refusal::NotAbove);
        }
        let size = pairs.clone().map(|(name, value)| name.len() + value.len()).sum();
        if size > LARGEST {
            return Err(Refusal::TooLarge);
        }
        let last = self.order.len().checked_sub(1).map(|at| self.order.get(at));
        let last = match last.filter(|&last| has_room(self.node(last), size, limits)) {
            Some(last) => last,
            None => {
                // What is full is not going to grow.
                last.inspect(|&last| self.edit(last, Listpack::shrink));
                self.add_node(id, node::create(pairs.clone().map(|(name, _)| name)))
            }
        };
        self.edit(last, |pack| node::append(pack, last.id, id, pairs));
        self.len += 1;
        self.added = self.added.wrapping_add(1);
        self.last = id;
        if self.len == 1 {
            self.first = id;
        }
        Ok(())
    }

    pub fn get(&self, id: Id) -> Option<Entry<'_>> {
        let node = self.node(self.order.get(self.number_of(id)?));
        node.find(id).map(|place| node.entry(place))
    }

    pub fn contains(&self, id: Id) -> bool {
        self.get(id).is_some()
    }

    /// Whether the entry was there.
    pub fn remove(&mut self, id: Id) -> bool {
        let Some(number) = self.number_of(id) else { return false };
        let first = self.order.get(number);
        let node = self.node(first);
        let Some(place) = node.find(id) else { return false };
        if node.live() == 1 {
            self.remove_node(number);
        } else {
            self.edit(first, |pack| node::delete(pack, place));
            self.note_live(number);
        }
        self.len -= 1;
        self.max_deleted = self.max_deleted.max(id);
        if id == self.first {
            self.find_first();
        }
        true
    }

    /// The first node, if there is one: its living entries, and its last ID.
    pub(super) fn first_node(&self) -> Option<(usize, Id)> {
        let first = (!self.order.is_empty()).then(|| self.order.get(0))?;
        let node = self.node(first);
        Some((node.live(), node.last_id()))
    }

    pub(super) fn remove_first_node(&mut self) {
        let live = self.node(self.order.get(0)).live();
        self.remove_node(0);
        self.len -= live;
    }

    /// Deletes entries of the first node from its first one on, as long as `goes` says so of an ID and how many entries the
    /// stream has then; how many these were.
    pub(super) fn trim_first_node(&mut self, mut goes: impl FnMut(Id, usize) -> bool) -> usize {
        let first = self.order.get(0);
        let len = self.len;
        let mut gone = 0;
        let deleted = self.edit(first, |pack| {
            node::delete_first(pack, first.id, |id, is_deleted| {
                let goes = goes(id, len - gone);
                gone += usize::from(goes && !is_deleted);
                goes
            })
        });
        self.note_live(0);
        self.len -= deleted;
        deleted
    }

    pub(super) fn find_first(&mut self) {
        self.first = self.range(Id::MIN, Id::MAX).next().map_or(Id::MIN, |entry| entry.id);
    }

    /// The entries from an ID to another, both included.
    pub fn range(&self, from: Id, to: Id) -> Forward<'_> {
        let number = self.number_of(from).unwrap_or(0);
        Forward { entries: self, nodes: self.order.range(number..usize::MAX), node: None, from, to }
    }

    /// The same from the last to the first.
    pub fn range_back(&self, from: Id, to: Id) -> Backward<'_> {
        let end = self.number_of(to).map_or(0, |number| number + 1);
        Backward { entries: self, nodes: self.order.range(0..end), node: None, from, to }
    }

    /// The entries of these ranks, the oldest being number 0.
    pub fn of_ranks(&self, ranks: Range<usize>) -> impl Iterator<Item = Entry<'_>> {
        let (number, before) = self.node_of(ranks.start).unwrap_or((self.nodes(), ranks.start));
        let nodes = self.order.range(number..usize::MAX);
        let from_node = Forward { entries: self, nodes, node: None, from: Id::MIN, to: Id::MAX };
        from_node.skip(ranks.start - before).take(ranks.len())
    }

    /// Where a reader who has seen `id` stands among all entries ever added, if that can be known: the number of those up
    /// to it. Deletions in the middle make it unknown; trimming, which takes the first ones, does not.
    pub fn read_until(&self, id: Id) -> Option<u64> {
        let before_first = self.added.wrapping_sub(self.len as u64);
        if self.added == 0 {
            return Some(0);
        }
        if id == self.last || self.len == 0 && id < self.last {
            return Some(self.added);
        }
        if id > self.last || !id.is_zero() && id < self.max_deleted {
            return None;
        }
        let deleted_ahead = !self.max_deleted.is_zero() && self.max_deleted >= self.first;
        match id.cmp(&self.first) {
            core::cmp::Ordering::Less if !deleted_ahead => Some(before_first),
            core::cmp::Ordering::Equal if !deleted_ahead => Some(before_first.wrapping_add(1)),
            _ => None,
        }
    }

    /// Whether an entry may have been deleted at this ID or behind it.
    pub fn has_gap_from(&self, id: Id) -> bool {
        self.len > 0 && !self.max_deleted.is_zero() && id <= self.max_deleted
    }

    /// How many nodes a radix tree over the nodes' keys has where chains of single characters are one node each, as in
    /// Redis: its root, a node for each place where keys part, a leaf for each key, and the chains between.
    pub fn radix_nodes(&self) -> usize {
        self.radix_nodes.max(1)
    }

    /// How many of these there are only because of one key: its leaf, and perhaps the place where it parts from the others.
    fn radix_share(&self, number: usize) -> usize {
        const KEY: usize = 16;
        let bits = |first: First| u128::from_be_bytes(first.id.to_bytes());
        let key = |number: usize| bits(self.order.get(number));
        let common = |a: u128, b: u128| ((a ^ b).leading_zeros() / 8) as usize;
        let neighbours =
            |number: usize| (number.checked_sub(1), Some(number + 1).filter(|&next| next < self.order.len()));
        let own = key(number);
        let (before, after) = neighbours(number);
        let (before, after) = (before.map(|at| common(own, key(at))), after.map(|at| common(own, key(at))));
        let Some(parting) = before.max(after) else { return 2 };
        let leaf = 1 + usize::from(KEY > parting + 1);
        if before == after {
            return leaf;
        }
        // The other keys that are alike up to there are all on one side.
        let rest = u128::MAX >> (8 * parting);
        let (nearest, farthest, beyond) = if before > after {
            let farthest = self.order.partition(|first| bits(first) < own & !rest);
            (number - 1, farthest, neighbours(farthest).0)
        } else {
            let end = self.order.partition(|first| bits(first) <= own | rest);
            (number + 1, end - 1, neighbours(end - 1).1)
        };
        let below = if nearest == farthest { KEY } else { common(key(nearest), key(farthest)) };
        if below == parting {
            return leaf;
        }
        let above = beyond.map(|at| common(key(farthest), key(at))).max(before.min(after));
        leaf + usize::from(above.map_or(0, |above| above + 1) < parting) + usize::from(parting + 1 < below)
    }

    /// Offers some of the nodes for moving, and returns the cursor to go on with; 0 begins and 0 ends.
    pub(super) fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        const AT_ONCE: usize = 8;
        let (start, end) = (cursor as usize, cursor as usize + AT_ONCE);
        self.packs.iter_mut().take(end).skip(start).flatten().for_each(|pack| pack.offer(moves));
        if end < self.packs.len() { end as u64 } else { 0 }
    }

    /// Frees about `budget` nodes; whether none is left.
    pub(super) fn shed(&mut self, budget: usize) -> bool {
        for _ in 0..budget.max(1) {
            match self.order.len().checked_sub(1) {
                Some(last) => self.remove_node(last),
                None => return true,
            }
        }
        self.order.is_empty()
    }

    /// The last node that begins at or before an ID.
    fn number_of(&self, id: Id) -> Option<usize> {
        self.order.partition(|first| first.id <= id).checked_sub(1)
    }

    fn pack(&self, first: First) -> &Listpack {
        self.packs[first.pack as usize].as_ref().expect("the order leads to listpacks that are there")
    }

    fn node(&self, first: First) -> Node<'_> {
        Node::of(self.pack(first), first.id)
    }

    fn edit<R>(&mut self, first: First, f: impl FnOnce(&mut Listpack) -> R) -> R {
        let pack = self.packs[first.pack as usize].as_mut().expect("the order leads to listpacks that are there");
        self.pack_memory -= pack.memory();
        let result = f(pack);
        self.pack_memory += pack.memory();
        result
    }

    /// Brings the order's count of a node's living entries up to date.
    fn note_live(&mut self, number: usize) {
        let first = self.order.get(number);
        let live = self.node(first).live() as u32;
        self.order.replace(number, First { live, ..first });
    }

    fn add_node(&mut self, id: Id, pack: Listpack) -> First {
        if let Some(last) = self.order.len().checked_sub(1) {
            self.note_live(last);
        }
        self.pack_memory += pack.memory();
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.packs.push(None);
            self.packs.len() as u32 - 1
        });
        self.packs[place as usize] = Some(pack);
        let (number, first) = (self.order.len(), First { id, pack: place, live: 0 });
        self.order.insert(number, first);
        self.radix_nodes += self.radix_share(number);
        first
    }

    fn remove_node(&mut self, number: usize) {
        self.radix_nodes -= self.radix_share(number);
        let first = self.order.remove(number);
        let pack = self.packs[first.pack as usize].take().expect("the order leads to listpacks that are there");
        self.pack_memory -= pack.memory();
        self.vacant.push(first.pack);
    }
}

/// Whether a node may take an entry with so many bytes of fields and values.
fn has_room(node: Node<'_>, size: usize, limits: &Limits) -> bool {
    let bytes = match limits.stream_node_max_bytes {
        0 => LARGEST,
        bytes => bytes.min(LARGEST),
    };
    let most = limits.stream_node_max_entries;
    node.pack.as_bytes().len() + size < bytes && (most == 0 || node.live() + node.deleted() < most)
}

/// See [`Entries::range`].
pub struct Forward<'a> {
    entries: &'a Entries,
    nodes: counted::Iter<'a, First>,
    /// The node that it is in, and where it goes on there.
    node: Option<(Node<'a>, Position)>,
    from: Id,
    to: Id,
}

impl<'a> Iterator for Forward<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some((node, at)) = &mut self.node {
                while *at < node.pack.end() {
                    let place = node.place(*at);
                    if place.id > self.to {
                        return None;
                    }
                    *at = node.after(place);
                    if !place.is_deleted && place.id >= self.from {
                        return Some(node.entry(place));
                    }
                }
            }
            let node = self.entries.node(self.nodes.next()?);
            self.node = Some((node, node.start()));
        }
    }
}

/// See [`Entries::range_back`].
pub struct Backward<'a> {
    entries: &'a Entries,
    nodes: counted::Iter<'a, First>,
    /// The node that it is in, and the end of what it has not seen of it.
    node: Option<(Node<'a>, Position)>,
    from: Id,
    to: Id,
}

impl<'a> Iterator for Backward<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some((node, end)) = &mut self.node {
                while *end > node.start() {
                    let place = node.place(node.before(*end));
                    if place.id < self.from {
                        return None;
                    }
                    *end = place.at;
                    if !place.is_deleted && place.id <= self.to {
                        return Some(node.entry(place));
                    }
                }
            }
            let node = self.entries.node(self.nodes.next_back()?);
            self.node = Some((node, node.pack.end()));
        }
    }
}
