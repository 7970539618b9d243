//! The tables that lead to a database's entries: one or, in cluster mode, one for each slot.

use super::EntryPtr;
use crate::base::hash::SLOTS;
use crate::base::heap;
use crate::base::rng::Rng;
use crate::collections::dict::Dict;
use alloc::boxed::Box;
use alloc::vec::Vec;

pub type Table = Dict<EntryPtr>;

pub enum Tables {
    One(Table),
    Slots(Slots),
}

/// A table for each slot that has keys, in groups, so that slots without keys take next to nothing.
pub struct Slots {
    /// None at all while there is no key.
    groups: Vec<Option<Box<Group>>>,
    len: usize,
    memory: usize,
    seed: (u64, u64),
}

struct Group {
    /// Keys in the group, and in each of its slots: side by side, to find the n-th key quickly.
    len: usize,
    lens: [u32; GROUP_SLOTS],
    tables: [Option<Box<Table>>; GROUP_SLOTS],
}

const SLOT_BITS: u32 = SLOTS.ilog2();
const GROUP_SLOTS: usize = 128;
const GROUPS: usize = SLOTS as usize / GROUP_SLOTS;
/// Modelled, as sizes differ between targets.
const GROUP_COST: usize = heap::cost(8 + GROUP_SLOTS * (4 + 8));
const TABLE_COST: usize = heap::cost(TABLE_SIZE);
const TABLE_SIZE: usize = 112;
const _: () = assert!(size_of::<Table>() <= TABLE_SIZE);
const GROUPS_COST: usize = heap::cost(GROUPS * 8);

impl Tables {
    pub fn new(slots: bool, seed: (u64, u64)) -> Self {
        match slots {
            false => Tables::One(Dict::new(seed)),
            true => Tables::Slots(Slots { groups: Vec::new(), len: 0, memory: 0, seed }),
        }
    }

    /// Tables of the same kind, empty.
    pub fn renewed(&self) -> Self {
        match self {
            Tables::One(table) => Tables::new(false, table.seed()),
            Tables::Slots(slots) => Tables::new(true, slots.seed),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Tables::One(table) => table.len(),
            Tables::Slots(slots) => slots.len,
        }
    }

    pub fn memory(&self) -> usize {
        match self {
            Tables::One(table) => table.memory(),
            Tables::Slots(slots) => slots.memory,
        }
    }

    /// The table in which keys of this slot are; outside of cluster mode all of them.
    #[inline(always)]
    pub fn table(&self, slot: u16) -> Option<&Table> {
        match self {
            Tables::One(table) => Some(table),
            Tables::Slots(slots) => slots.table(slot),
        }
    }

    /// Changes the table of a slot, which is made if it is missing, and dropped if it is empty afterwards.
    #[inline(always)]
    pub fn update<R>(&mut self, slot: u16, f: impl FnOnce(&mut Table) -> R) -> R {
        match self {
            Tables::One(table) => f(table),
            Tables::Slots(slots) => slots.update(slot, f),
        }
    }

    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        let (one, slots) = match self {
            Tables::One(table) => (Some(table), None),
            Tables::Slots(slots) => (None, Some(slots)),
        };
        let groups = slots.into_iter().flat_map(|slots| slots.groups.iter().flatten());
        one.into_iter().chain(groups.flat_map(|group| group.tables.iter().flatten().map(|table| &**table)))
    }

    /// Calls `f` with some entries and returns the cursor to go on with; 0 begins and 0 ends. In cluster mode the
    /// slot is in the cursor's low 14 bits.
    pub fn scan(&self, cursor: u64, f: impl FnMut(EntryPtr)) -> u64 {
        match self {
            Tables::One(table) => table.scan(cursor, f),
            Tables::Slots(slots) => slots.scan(cursor, f),
        }
    }

    /// [`Tables::scan`], where `f` makes of every entry another with the same key; it also gets the slot.
    pub fn rescan(&mut self, cursor: u64, mut f: impl FnMut(u16, EntryPtr) -> EntryPtr) -> u64 {
        match self {
            Tables::One(table) => table.rescan(cursor, |entry| f(0, entry)),
            Tables::Slots(slots) => slots.rescan(cursor, f),
        }
    }

    /// What the hashes of keys depend on.
    pub fn seed(&self) -> (u64, u64) {
        match self {
            Tables::One(table) => table.seed(),
            Tables::Slots(slots) => slots.seed,
        }
    }

    pub fn random(&self, rng: &mut Rng) -> Option<EntryPtr> {
        match self {
            Tables::One(table) => table.random(rng),
            Tables::Slots(slots) => slots.table(slots.random(rng)?)?.random(rng),
        }
    }

    /// Calls `f` with `count` entries, or all if there are fewer, from a random place on.
    pub fn sample(&self, count: usize, rng: &mut Rng, f: impl FnMut(EntryPtr)) {
        match self {
            Tables::One(table) => table.sample(count, rng, f),
            Tables::Slots(slots) => slots.sample(count, rng, f),
        }
    }

    /// Takes the entries of one bucket out; `false` once there are none. Nothing else is done with the tables then.
    pub fn drain_bucket(&mut self, f: impl FnMut(EntryPtr)) -> bool {
        match self {
            Tables::One(table) => table.drain_bucket(f),
            Tables::Slots(slots) => slots.drain_bucket(f),
        }
    }

    /// Tables of the same shape with other entries; `f` gets each slot with the old entry.
    pub fn map(&self, mut f: impl FnMut(u16, EntryPtr) -> EntryPtr) -> Self {
        match self {
            Tables::One(table) => Tables::One(table.map(|entry| f(0, entry))),
            Tables::Slots(slots) => Tables::Slots(slots.map(f)),
        }
    }
}

impl Slots {
    #[inline(always)]
    fn table(&self, slot: u16) -> Option<&Table> {
        let group = self.groups.get(slot as usize / GROUP_SLOTS)?.as_ref()?;
        group.tables[slot as usize % GROUP_SLOTS].as_deref()
    }

    fn update<R>(&mut self, slot: u16, f: impl FnOnce(&mut Table) -> R) -> R {
        let (group, at) = (slot as usize / GROUP_SLOTS, slot as usize % GROUP_SLOTS);
        if self.groups.is_empty() {
            self.groups.resize_with(GROUPS, || None);
            self.memory += GROUPS_COST;
        }
        let place = &mut self.groups[group];
        let group = place.get_or_insert_with(|| {
            self.memory += GROUP_COST;
            Box::new(Group { len: 0, lens: [0; GROUP_SLOTS], tables: [const { None }; GROUP_SLOTS] })
        });
        let table = group.tables[at].get_or_insert_with(|| {
            self.memory += TABLE_COST;
            Box::new(Dict::new(self.seed))
        });
        let (len, memory) = (table.len(), table.memory());
        let result = f(table);
        self.len = self.len - len + table.len();
        self.memory = self.memory - memory + table.memory();
        group.len = group.len - len + table.len();
        group.lens[at] = table.len() as u32;
        if table.is_empty() {
            group.tables[at] = None;
            self.memory -= TABLE_COST;
        }
        if group.len == 0 {
            *place = None;
            self.memory -= GROUP_COST;
        }
        if self.len == 0 {
            self.groups = Vec::new();
            self.memory = 0;
        }
        result
    }

    fn scan(&self, cursor: u64, f: impl FnMut(EntryPtr)) -> u64 {
        let slot = cursor as u16 % SLOTS;
        let next = self.table(slot).map_or(0, |table| table.scan(cursor >> SLOT_BITS, f));
        self.after(slot, next)
    }

    fn rescan(&mut self, cursor: u64, mut f: impl FnMut(u16, EntryPtr) -> EntryPtr) -> u64 {
        let slot = cursor as u16 % SLOTS;
        let (group, at) = (slot as usize / GROUP_SLOTS, slot as usize % GROUP_SLOTS);
        let table = self.groups.get_mut(group).and_then(|group| group.as_mut()?.tables[at].as_deref_mut());
        let next = table.map_or(0, |table| table.rescan(cursor >> SLOT_BITS, |entry| f(slot, entry)));
        self.after(slot, next)
    }

    /// The cursor after one of a slot's table was returned.
    fn after(&self, slot: u16, next: u64) -> u64 {
        match next {
            0 => self.first_from(slot + 1).map_or(0, u64::from),
            _ => next << SLOT_BITS | u64::from(slot),
        }
    }

    /// The first slot with keys that is not below this one.
    fn first_from(&self, slot: u16) -> Option<u16> {
        let (first, at) = (slot as usize / GROUP_SLOTS, slot as usize % GROUP_SLOTS);
        self.groups.iter().enumerate().skip(first).find_map(|(index, group)| {
            let from = if index == first { at } else { 0 };
            let used = group.as_ref()?.lens[from..].iter().position(|len| *len > 0)?;
            Some((index * GROUP_SLOTS + from + used) as u16)
        })
    }

    /// A slot, as likely as it has keys.
    fn random(&self, rng: &mut Rng) -> Option<u16> {
        if self.len == 0 {
            return None;
        }
        let mut left = rng.below(self.len as u64) as usize;
        for (index, group) in self.groups.iter().enumerate() {
            let Some(group) = group else { continue };
            if left >= group.len {
                left -= group.len;
                continue;
            }
            let at = group.lens.iter().position(|len| {
                let here = left < *len as usize;
                left = left.wrapping_sub(*len as usize);
                here
            });
            return at.map(|at| (index * GROUP_SLOTS + at) as u16);
        }
        None
    }

    fn sample(&self, count: usize, rng: &mut Rng, mut f: impl FnMut(EntryPtr)) {
        let Some(mut slot) = self.random(rng) else { return };
        let mut left = count.min(self.len);
        while let Some(table) = self.table(slot) {
            table.sample(left, rng, &mut f);
            left -= left.min(table.len());
            let next = self.first_from(slot + 1).or_else(|| self.first_from(0));
            match next {
                Some(next) if left > 0 => slot = next,
                _ => break,
            }
        }
    }

    fn drain_bucket(&mut self, f: impl FnMut(EntryPtr)) -> bool {
        let Some(slot) = self.first_from(0) else { return false };
        self.update(slot, |table| table.drain_bucket(f));
        true
    }

    fn map(&self, mut f: impl FnMut(u16, EntryPtr) -> EntryPtr) -> Self {
        let mut groups = Vec::with_capacity(self.groups.len());
        for (index, group) in self.groups.iter().enumerate() {
            groups.push(group.as_deref().map(|group| {
                let mut map_table = |at: usize| {
                    let slot = (index * GROUP_SLOTS + at) as u16;
                    group.tables[at].as_ref().map(|table| Box::new(table.map(|entry| f(slot, entry))))
                };
                Box::new(Group { len: group.len, lens: group.lens, tables: core::array::from_fn(&mut map_table) })
            }));
        }
        Slots { groups, ..*self }
    }
}
