//! The large encoding of sets, hashes and sorted sets: records found by key and, where they have a number, by rank.
//!
//! ```text
//!   dict ──────────▶ record: [head][number, 8][key length][value length][key][value]
//!   ranking, number ▶        number only where there is one, lengths of 0, 1, 2 or 4 bytes
//! ```
//!
//! A record is one allocation. A set's has a key only; a hash's a value and, if it expires by itself, the moment as its number; a
//! sorted set's the score as its number. The ranking, a counted tree of numbers and pointers, has the records with a number in the order of
//! number, then key. A table without numbers has none and pays nothing for it.
//!
//! Records of a large table come from a slab of its own, because they cost less there; a small table takes them from
//! the heap, because a slab takes a page per size.

use super::counted::{self, Counted};
use super::dict::{self, Dict, prefetch};
use super::slab::{self, LARGEST_CELL, Slab};
use super::word::Movable;
use crate::base::heap::{self, Moves};
use crate::base::rng::Rng;
use crate::base::sort;
use crate::collections::ordered::Set;
use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::cmp::Ordering;
use core::ops::Range;
use core::ptr::NonNull;

/// A record's place in the ranking. The number stands here too, so that only among equal numbers records are read.
#[derive(Clone, Copy)]
struct Ranked {
    number: f64,
    pointer: Pointer,
}

/// What the table knows under a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub number: Option<f64>,
}

/// See the module.
pub struct Table {
    dict: Dict<Pointer>,
    ranking: Option<Box<Counted<Ranked>>>,
    store: Store,
}

/// So many keys are looked for at once.
pub const LOT: usize = 16;

/// From so many records on, new ones are made in the slab.
const SLAB_FROM: usize = if cfg!(test) { 64 } else { 16_384 };

/// What a box with a table in it costs, by the model.
pub const BOXED: usize = heap::cost(SIZE);
const SIZE: usize = 160;
const _: () = assert!(size_of::<Table>() <= SIZE);

impl Table {
    /// An empty table takes no memory beyond itself.
    pub fn new(seed: (u64, u64)) -> Self {
        Table { dict: Dict::new(seed), ranking: None, store: Store::default() }
    }

    /// To be told, while it is empty, how many records will come: then they need less time.
    pub fn reserve(&mut self, records: usize) {
        self.dict.reserve(records);
    }

    pub fn len(&self) -> usize {
        self.dict.len()
    }

    pub fn is_empty(&self) -> bool {
        self.dict.is_empty()
    }

    /// Bytes allocated beyond the table itself. The slab's cells are counted as they are used.
    pub fn memory(&self) -> usize {
        let ranking = self.ranking.as_ref().map_or(0, |ranking| RANKING + ranking.memory());
        self.dict.memory() + self.store.cost + ranking
    }

    pub fn get(&self, key: &[u8]) -> Option<Record<'_>> {
        self.dict.find(self.dict.hash(key), key).map(|pointer| self.read(pointer))
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.dict.find(self.dict.hash(key), key).is_some()
    }

    /// Tells of each of these keys, at most [`LOT`] of them, whether there is a record: memory is waited for once, and not
    /// once for each.
    pub fn contains_each(&self, keys: &[&[u8]], mut found: impl FnMut(bool)) {
        let hashes = self.request(keys);
        hashes.iter().zip(keys).for_each(|(hash, key)| found(self.dict.find(*hash, key).is_some()));
    }

    /// Puts a record without a value or a number for each of these keys, at most [`LOT`] of them, that there is none for yet.
    pub fn put_each(&mut self, keys: &[&[u8]]) {
        for (hash, key) in self.request(keys).into_iter().zip(keys) {
            if self.dict.find(hash, key).is_none() {
                self.add_unranked(hash, Record { key, value: b"", number: None });
            }
        }
    }

    /// Hashes keys, and requests what looking for them reads.
    fn request(&self, keys: &[&[u8]]) -> [u64; LOT] {
        let mut hashes = [0; LOT];
        for (hash, key) in hashes.iter_mut().zip(keys) {
            *hash = self.dict.hash(key);
            self.dict.prefetch_bucket(*hash);
        }
        hashes[..keys.len()].iter().for_each(|hash| self.dict.prefetch_item(*hash));
        hashes
    }

    /// Requests the memory that looking for a key begins with, of which this is the hash.
    pub fn prefetch_bucket(&self, hash: u64) {
        self.dict.prefetch_bucket(hash);
    }

    /// Requests the record that a key with this hash may have, its bucket having arrived.
    pub fn prefetch_record(&self, hash: u64) {
        self.dict.prefetch_item(hash);
    }

    /// Puts a record in the place of the one with the same key, if there is one; says whether there was none.
    pub fn put(&mut self, new: Record<'_>) -> bool {
        let hash = self.dict.hash(new.key);
        let Some(old) = self.dict.find(hash, new.key) else {
            self.add(hash, new);
            return true;
        };
        let moves = self.read(old).number != new.number;
        if moves {
            self.unrank(old);
        }
        // SAFETY: the record is alive, and `&mut self` lets no view of it exist.
        if !unsafe { old.overwrite(new) } {
            if !moves {
                self.unrank(old);
            }
            let pointer = self.store.create(new, self.dict.len() >= SLAB_FROM);
            self.exchange(hash, old, pointer);
        } else if moves {
            self.rank(old);
        }
        false
    }

    /// Puts a record without a value, or gives the one with this key another number; says which number it had.
    pub fn put_number(&mut self, key: &[u8], number: f64) -> Option<f64> {
        let hash = self.dict.hash(key);
        let Some(pointer) = self.dict.find(hash, key) else {
            self.add(hash, Record { key, value: b"", number: Some(number) });
            return None;
        };
        let old = self.read(pointer).number;
        if old != Some(number) {
            self.renumber(hash, pointer, Some(number));
        }
        old
    }

    /// Changes the number of a record; whether there is one with this key.
    pub fn set_number(&mut self, key: &[u8], number: Option<f64>) -> bool {
        let hash = self.dict.hash(key);
        let Some(pointer) = self.dict.find(hash, key) else { return false };
        self.renumber(hash, pointer, number);
        true
    }

    /// Whether there was such a record.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let hash = self.dict.hash(key);
        let Some(pointer) = self.dict.find(hash, key) else { return false };
        self.unrank(pointer);
        self.discard(hash, pointer);
        true
    }

    /// Puts a record with a number that is not in the ranking yet, or gives the one with this key the number that `merge`
    /// makes of its own and this. For a table in the making: [`Table::rank_all`] comes before anything else that has to do
    /// with numbers.
    pub fn merge_unranked(&mut self, key: &[u8], number: f64, merge: impl FnOnce(f64, f64) -> f64) {
        debug_assert!(self.ranking.is_none());
        let hash = self.dict.hash(key);
        match self.dict.find(hash, key) {
            None => _ = self.add_unranked(hash, Record { key, value: b"", number: Some(number) }),
            Some(pointer) => {
                let merged = merge(self.read(pointer).number.expect("all have been put with a number"), number);
                // SAFETY: the record is alive and has a number, and no view of it exists.
                unsafe { pointer.set_number(Some(merged)) };
            }
        }
    }

    /// [`Table::remove`] for a table in the making.
    pub fn remove_unranked(&mut self, key: &[u8]) -> bool {
        debug_assert!(self.ranking.is_none());
        let hash = self.dict.hash(key);
        let Some(pointer) = self.dict.find(hash, key) else { return false };
        self.discard(hash, pointer);
        true
    }

    /// Makes the ranking of a table whose records are not ranked.
    pub fn rank_all(&mut self) {
        debug_assert!(self.ranking.is_none());
        let ranked = |pointer| self.read(pointer).number.map(|number| Ranked { number, pointer });
        let mut all: Vec<Ranked> = self.dict.iter().filter_map(ranked).collect();
        let key = |ranked: &Ranked| self.read(ranked.pointer).key;
        // Only among equal numbers records are read.
        sort::sort_by(&mut all, |a, b| {
            let by_number = a.number.partial_cmp(&b.number).unwrap_or(Ordering::Equal);
            by_number.then_with(|| key(a).cmp(key(b)))
        });
        for ranked in all {
            let ranking = self.ranking.get_or_insert_default();
            ranking.insert(ranking.len(), ranked);
        }
    }

    /// Removes the record of a rank that is below [`Table::ranked`].
    pub fn remove_rank(&mut self, rank: usize) {
        let pointer = self.ranking.as_ref().expect("a rank below `ranked` is asked for").get(rank).pointer;
        let hash = self.dict.hash(self.read(pointer).key);
        self.take_rank(rank);
        self.discard(hash, pointer);
    }

    /// Removes the records of these ranks, which are below [`Table::ranked`]; many at once, so that memory is waited for once
    /// and not once for each.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        let mut left = ranks.len();
        while left > 0 {
            let count = left.min(LOT);
            let ranking = self.ranking.as_ref().expect("ranks below `ranked` are asked for");
            let lot: Vec<_> = ranking.range(ranks.start..ranks.start + count).map(|ranked| ranked.pointer).collect();
            lot.iter().for_each(|pointer| prefetch(pointer.0.as_ptr()));
            let mut keys = [&b""[..]; LOT];
            keys.iter_mut().zip(&lot).for_each(|(key, pointer)| *key = self.read(*pointer).key);
            let hashes = self.request(&keys[..count]);
            for (hash, pointer) in hashes.into_iter().zip(lot) {
                self.take_rank(ranks.start);
                self.discard(hash, pointer);
            }
            left -= count;
        }
    }

    /// Calls `f` with some records and gives the cursor for the next call; 0 begins and 0 ends. A record that is there from
    /// the first call to the last is seen at least once.
    pub fn scan<'a>(&'a self, cursor: u64, mut f: impl FnMut(Record<'a>)) -> u64 {
        self.dict.scan(cursor, |pointer| f(self.read(pointer)))
    }

    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        self.dict.iter().map(|pointer| self.read(pointer))
    }

    /// A record, each about as likely as any other.
    pub fn random(&self, rng: &mut Rng) -> Option<Record<'_>> {
        self.dict.random(rng).map(|pointer| self.read(pointer))
    }

    /// So many different records (or all), any choice as likely as any other.
    pub fn distinct(&self, count: usize, rng: &mut Rng) -> Vec<Record<'_>> {
        if count.saturating_mul(3) >= self.len() {
            return choose(self.iter(), self.len(), count, rng);
        }
        let (mut chosen, mut seen) = (Vec::with_capacity(count), Set::new());
        while chosen.len() < count {
            let Some(pointer) = self.dict.random(rng) else { break };
            if seen.insert(pointer.0.addr()) {
                chosen.push(self.read(pointer));
            }
        }
        chosen
    }

    /// How many records have a number.
    pub fn ranked(&self) -> usize {
        self.ranking.as_ref().map_or(0, |ranking| ranking.len())
    }

    /// How many records from the first rank on the predicate on their numbers holds for, if those come before all others.
    pub fn partition_by_number(&self, mut holds: impl FnMut(f64) -> bool) -> usize {
        self.partition(|ranked| holds(ranked.number))
    }

    /// The same for a predicate on keys: in a table where all numbers are equal, ranks are in the order of keys.
    pub fn partition_by_key(&self, mut holds: impl FnMut(&[u8]) -> bool) -> usize {
        self.partition(|ranked| holds(self.read(ranked.pointer).key))
    }

    /// The rank of a record with this number and key.
    pub fn rank_of(&self, number: f64, key: &[u8]) -> usize {
        self.partition(|ranked| match ranked.number.partial_cmp(&number) {
            Some(Ordering::Less) => true,
            Some(Ordering::Greater) => false,
            _ => self.read(ranked.pointer).key < key,
        })
    }

    fn partition(&self, holds: impl FnMut(Ranked) -> bool) -> usize {
        self.ranking.as_ref().map_or(0, |ranking| ranking.partition(holds))
    }

    /// The record of a rank that is below [`Table::ranked`].
    pub fn at_rank(&self, rank: usize) -> Record<'_> {
        let ranking = self.ranking.as_ref().expect("a rank below `ranked` is asked for");
        self.read(ranking.get(rank).pointer)
    }

    /// The records of these ranks, in order; in reverse order with `rev()`.
    pub fn ranks(&self, range: Range<usize>) -> Ranks<'_> {
        Ranks { table: self, ranking: self.ranking.as_ref().map(|ranking| ranking.range(range)) }
    }

    /// Frees a bounded number of records, in no order, `budget` or a few more; whether none is left. Nothing else may be
    /// asked of a table that is being freed.
    pub fn shed(&mut self, budget: usize) -> bool {
        if let Some(ranking) = self.ranking.as_mut().filter(|ranking| !ranking.is_empty()) {
            let kept = ranking.len().saturating_sub(budget);
            while ranking.len() > kept {
                ranking.drop_leaf();
            }
            return false;
        }
        let kept = self.dict.len().saturating_sub(budget);
        let Table { dict, store, .. } = self;
        // The pages of the slab become empty all at once, when the last records go.
        const PAGES: usize = 4 << 20;
        let held = store.held();
        while dict.len() > kept && held - store.held() < PAGES {
            // SAFETY: the ranking is empty, and the dict drops what it drains.
            dict.drain_bucket(|pointer| unsafe { store.free(pointer) });
        }
        if !dict.is_empty() {
            return false;
        }
        // What led to the records, and where they lay, goes likewise: much memory at once takes long to be given back.
        const AT_ONCE: usize = 1024;
        for _ in 0..=budget / AT_ONCE {
            // SAFETY: there are no records any more, and none will be made.
            if !dict.drain_bucket(|_| ()) && !unsafe { store.free_pages() } {
                *self = Table::new((0, 0));
                return true;
            }
        }
        false
    }

    fn add(&mut self, hash: u64, new: Record<'_>) {
        let pointer = self.add_unranked(hash, new);
        self.rank(pointer);
    }

    fn add_unranked(&mut self, hash: u64, new: Record<'_>) -> Pointer {
        let pointer = self.store.create(new, self.dict.len() >= SLAB_FROM);
        // SAFETY: a record is alive until it is out of the dict, and nothing changes its key.
        unsafe { self.dict.insert_new(hash, pointer) };
        pointer
    }

    /// Frees a record that is not in the ranking.
    fn discard(&mut self, hash: u64, pointer: Pointer) {
        self.dict.find_item(hash, pointer).expect("a record is in the dict").remove();
        // SAFETY: neither dict nor ranking have it any more.
        unsafe { self.store.free(pointer) };
    }

    fn renumber(&mut self, hash: u64, pointer: Pointer, number: Option<f64>) {
        // SAFETY: the record is alive until `exchange` frees it, and not read from then on.
        let record = unsafe { pointer.read() };
        self.unrank(pointer);
        if record.number.is_some() == number.is_some() {
            // SAFETY: the record is alive and has a place for a number, if there is one to write; its number isn't viewed.
            unsafe { pointer.set_number(number) };
            self.rank(pointer);
        } else {
            let changed = self.store.create(Record { number, ..record }, self.dict.len() >= SLAB_FROM);
            self.exchange(hash, pointer, changed);
        }
    }

    /// Puts a record in the place of one with the same key that is not in the ranking, and frees that. (It takes no
    /// view of a record: that may be of the one that is freed.)
    fn exchange(&mut self, hash: u64, old: Pointer, pointer: Pointer) {
        let slot = self.dict.find_item(hash, old).expect("the old record is in the dict");
        // SAFETY: as in `add`.
        unsafe { slot.replace(pointer) };
        // SAFETY: neither dict nor ranking have it any more.
        unsafe { self.store.free(old) };
        self.rank(pointer);
    }

    /// Exchanges records of this table for those of a copy with the same keys, many at once.
    fn find_twins(&self, ranked: &mut [Ranked], copy: &Table) {
        for lot in ranked.chunks_mut(LOT) {
            lot.iter().for_each(|ranked| prefetch(ranked.pointer.0.as_ptr()));
            let mut keys = [&b""[..]; LOT];
            keys.iter_mut().zip(lot.iter()).for_each(|(key, ranked)| *key = self.read(ranked.pointer).key);
            let hashes = copy.request(&keys[..lot.len()]);
            for (ranked, (hash, key)) in lot.iter_mut().zip(hashes.into_iter().zip(keys)) {
                ranked.pointer = copy.dict.find(hash, key).expect("the copy has the same keys");
            }
        }
    }

    fn read(&self, pointer: Pointer) -> Record<'_> {
        // SAFETY: dict and ranking only have records that are alive, and while `self` is borrowed none is freed or changed.
        unsafe { pointer.read() }
    }

    fn rank(&mut self, pointer: Pointer) {
        if let Record { key, number: Some(number), .. } = self.read(pointer) {
            let rank = self.rank_of(number, key);
            self.ranking.get_or_insert_default().insert(rank, Ranked { number, pointer });
        }
    }

    fn unrank(&mut self, pointer: Pointer) {
        let Record { key, number: Some(number), .. } = self.read(pointer) else { return };
        let rank = self.rank_of(number, key);
        let found = self.take_rank(rank);
        debug_assert!(found == pointer);
    }

    fn take_rank(&mut self, rank: usize) -> Pointer {
        let ranking = self.ranking.as_mut().expect("what has a rank is ranked");
        let found = ranking.remove(rank);
        if ranking.is_empty() {
            self.ranking = None;
        }
        found.pointer
    }
}

impl Clone for Table {
    fn clone(&self) -> Self {
        let mut store = Store::default();
        let dict = self.dict.map(|pointer| {
            let in_slab = pointer.is_in_slab(self);
            store.create(self.read(pointer), in_slab)
        });
        let mut copy = Table { dict, ranking: None, store };
        let ranking = self.ranking.as_ref().map(|ranking| ranking.map(|leaf| self.find_twins(leaf, &copy)));
        copy.ranking = ranking.map(Box::new);
        copy
    }
}

/// Records one bucket after another. Deliberately absent: the tables and trees that lead to them.
impl Movable for Table {
    fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        let Table { dict, store, ranking } = self;
        dict.rescan(cursor, |old| {
            // SAFETY: the record is this store's, and what led to it leads to where it is from here on.
            let new = unsafe { store.offer(old, moves) };
            if new != old
                && let Some(ranking) = ranking
            {
                // SAFETY: the record is alive.
                let record = unsafe { new.read() };
                if let Some(number) = record.number {
                    let moved = |ranked: Ranked| if ranked.pointer == old { new } else { ranked.pointer };
                    // SAFETY: all but the old one are alive.
                    let key = |ranked| unsafe { moved(ranked).read() }.key;
                    let comes_before =
                        |ranked: Ranked| order((ranked.number, key(ranked)), (number, record.key)).is_lt();
                    let rank = ranking.partition(comes_before);
                    ranking.replace(rank, Ranked { number, pointer: new });
                }
            }
            new
        })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let Table { dict, store, .. } = self;
        // SAFETY: nothing reads the ranking any more, and the dict drops what it drains.
        while dict.drain_bucket(|pointer| unsafe { store.free(pointer) }) {}
    }
}

/// Records by rank.
pub struct Ranks<'a> {
    table: &'a Table,
    ranking: Option<counted::Iter<'a, Ranked>>,
}

impl<'a> Iterator for Ranks<'a> {
    type Item = Record<'a>;
    fn next(&mut self) -> Option<Record<'a>> {
        self.ranking.as_mut()?.next().map(|ranked| self.table.read(ranked.pointer))
    }
}

impl DoubleEndedIterator for Ranks<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.ranking.as_mut()?.next_back().map(|ranked| self.table.read(ranked.pointer))
    }
}

/// The order of ranks: by number, then by key. No number here is not a number.
pub fn order(a: (f64, &[u8]), b: (f64, &[u8])) -> Ordering {
    a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then_with(|| a.1.cmp(b.1))
}

/// Chooses `count` of `len` things in one pass, any choice as likely as any other, and keeps their order.
pub fn choose<T>(things: impl Iterator<Item = T>, len: usize, count: usize, rng: &mut Rng) -> Vec<T> {
    let mut wanted = count.min(len);
    let mut chosen = Vec::with_capacity(wanted);
    for (index, thing) in things.enumerate().take(len) {
        if rng.below((len - index) as u64) < wanted as u64 {
            wanted -= 1;
            chosen.push(thing);
        }
    }
    chosen
}

/// The modelled size of the box a ranking is in.
const RANKING: usize = heap::cost(40);

/// Where records are made and freed.
#[derive(Default)]
struct Store {
    slab: Option<Box<Slab>>,
    cost: usize,
}

impl Store {
    /// Bytes of the slab's pages.
    fn held(&self) -> usize {
        self.slab.as_ref().map_or(0, |slab| slab.held())
    }

    /// Gives back some pages of the slab's; false once there is none.
    ///
    /// # Safety
    /// There are no records any more, and nothing else is asked for from then on.
    unsafe fn free_pages(&mut self) -> bool {
        // SAFETY: as by contract.
        self.slab.as_mut().is_some_and(|slab| unsafe { slab.free_pages() })
    }

    fn create(&mut self, record: Record<'_>, in_slab: bool) -> Pointer {
        let shape = Shape::of(record);
        let size = shape.size();
        let in_slab = in_slab && size <= LARGEST_CELL;
        let start = if in_slab { self.slab.get_or_insert_default().allocate(size) } else { allocate(size) };
        self.cost += shape.cost(in_slab);
        // SAFETY: `start` begins `size` bytes that are ours alone.
        unsafe { write(start, shape, record, in_slab) };
        Pointer(start)
    }

    /// # Safety
    /// The record was made here, and nothing uses it any more.
    unsafe fn free(&mut self, Pointer(start): Pointer) {
        // SAFETY: the record is alive until here.
        let (shape, head) = unsafe { Shape::read(start) };
        let (size, in_slab) = (shape.size(), head & IN_SLAB != 0);
        self.cost -= shape.cost(in_slab);
        match &mut self.slab {
            // SAFETY: `create` took it from there, for the same size.
            Some(slab) if in_slab => unsafe { slab.free(start, size) },
            // SAFETY: likewise.
            _ => unsafe { dealloc(start.as_ptr(), layout(size)) },
        }
    }
}

impl Store {
    /// Offers a record for moving.
    ///
    /// # Safety
    /// The record was made here, and its owner goes on with what is returned.
    unsafe fn offer(&mut self, Pointer(start): Pointer, moves: &mut Moves) -> Pointer {
        // SAFETY: the record is alive.
        let (shape, head) = unsafe { Shape::read(start) };
        let size = shape.size();
        Pointer(match &mut self.slab {
            // SAFETY: `create` took it from there, for the same size.
            Some(slab) if head & IN_SLAB != 0 => unsafe { slab.offer(start, size, moves) },
            // SAFETY: likewise.
            _ => unsafe { heap::offer(start, layout(size), moves) },
        })
    }
}

fn allocate(size: usize) -> NonNull<u8> {
    // SAFETY: no record is of size zero.
    let start = unsafe { alloc(layout(size)) };
    NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout(size)))
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("no record is that large")
}

/// A record's first byte.
const HAS_NUMBER: u8 = 1;
const KEY_WIDTH: u32 = 1;
const VALUE_WIDTH: u32 = 3;
const IN_SLAB: u8 = 1 << 5;
const NUMBER_AT: usize = 1;

/// What decides where things are in a record.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Shape {
    numbered: bool,
    key: usize,
    value: usize,
}

impl Shape {
    fn of(record: Record<'_>) -> Self {
        Shape { numbered: record.number.is_some(), key: record.key.len(), value: record.value.len() }
    }

    /// Shape and head of a record.
    ///
    /// # Safety
    /// `start` points at a record.
    unsafe fn read(start: NonNull<u8>) -> (Shape, u8) {
        // SAFETY: a record has a head, and all lengths the head announces.
        unsafe {
            let head = start.read();
            let numbered = head & HAS_NUMBER != 0;
            let (key_width, value_width) = (head >> KEY_WIDTH & 3, head >> VALUE_WIDTH & 3);
            let lengths = start.add(NUMBER_AT + 8 * usize::from(numbered));
            let key = read_length(lengths, key_width);
            let value = read_length(lengths.add(width_bytes(key_width)), value_width);
            (Shape { numbered, key, value }, head)
        }
    }

    fn head(self) -> u8 {
        u8::from(self.numbered) | width_of(self.key) << KEY_WIDTH | width_of(self.value) << VALUE_WIDTH
    }

    fn key_at(self) -> usize {
        let widths = width_bytes(width_of(self.key)) + width_bytes(width_of(self.value));
        NUMBER_AT + 8 * usize::from(self.numbered) + widths
    }

    fn size(self) -> usize {
        self.key_at() + self.key + self.value
    }

    fn cost(self, in_slab: bool) -> usize {
        if in_slab { slab::cost(self.size()) } else { heap::cost(self.size()) }
    }
}

/// How a length is stored: not at all, in one, two or four bytes.
fn width_of(length: usize) -> u8 {
    match length {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 3,
    }
}

fn width_bytes(width: u8) -> usize {
    [0, 1, 2, 4][usize::from(width)]
}

/// # Safety
/// As many bytes as the width says can be read.
unsafe fn read_length(at: NonNull<u8>, width: u8) -> usize {
    // SAFETY: by this function's contract.
    unsafe {
        match width {
            0 => 0,
            1 => at.read().into(),
            2 => at.cast::<[u8; 2]>().read().into_length(),
            _ => at.cast::<[u8; 4]>().read().into_length(),
        }
    }
}

trait IntoLength {
    fn into_length(self) -> usize;
}

impl IntoLength for [u8; 2] {
    fn into_length(self) -> usize {
        u16::from_le_bytes(self).into()
    }
}

impl IntoLength for [u8; 4] {
    fn into_length(self) -> usize {
        u32::from_le_bytes(self) as usize
    }
}

/// # Safety
/// `start` begins as many bytes as the shape, which is the record's, says, and nobody else uses them.
unsafe fn write(start: NonNull<u8>, shape: Shape, record: Record<'_>, in_slab: bool) {
    assert!(shape.key.max(shape.value) <= u32::MAX as usize);
    // SAFETY: by this function's contract.
    let bytes =
        unsafe { core::slice::from_raw_parts_mut(start.as_ptr().cast::<core::mem::MaybeUninit<u8>>(), shape.size()) };
    bytes[0].write(shape.head() | if in_slab { IN_SLAB } else { 0 });
    let mut at = NUMBER_AT;
    let mut put = |text: &[u8]| {
        bytes[at..at + text.len()].write_copy_of_slice(text);
        at += text.len();
    };
    if let Some(number) = record.number {
        put(&number.to_le_bytes());
    }
    put(&(shape.key as u32).to_le_bytes()[..width_bytes(width_of(shape.key))]);
    put(&(shape.value as u32).to_le_bytes()[..width_bytes(width_of(shape.value))]);
    put(record.key);
    put(record.value);
}

/// A record's address.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pointer(NonNull<u8>);

// SAFETY: a record belongs to one table, and goes where that goes.
unsafe impl Send for Pointer {}

// SAFETY: records are aligned to 8 and lie in the 48 bits of a user's address space; a pointer is its address.
unsafe impl dict::Item for Pointer {
    fn raw(self) -> NonNull<u8> {
        self.0
    }
    fn from_raw(raw: NonNull<u8>) -> Self {
        Pointer(raw)
    }
    unsafe fn key<'a>(self) -> &'a [u8] {
        // SAFETY: by the trait's contract the record is alive for as long as `'a`.
        unsafe { self.read() }.key
    }
}

impl Pointer {
    /// # Safety
    /// The record is alive, and not changed, for as long as `'a`.
    unsafe fn read<'a>(self) -> Record<'a> {
        // SAFETY: the record's shape says where its parts are, and all of them were written when it was made.
        unsafe {
            let (shape, _) = Shape::read(self.0);
            let key = self.0.add(shape.key_at());
            let number = shape.numbered.then(|| f64::from_le_bytes(self.0.add(NUMBER_AT).cast().read()));
            Record {
                key: core::slice::from_raw_parts(key.as_ptr(), shape.key),
                value: core::slice::from_raw_parts(key.add(shape.key).as_ptr(), shape.value),
                number,
            }
        }
    }

    /// Takes over value and number of a record with the same key, if it is of the same shape.
    ///
    /// # Safety
    /// The record is alive, and no view of it exists.
    unsafe fn overwrite(self, new: Record<'_>) -> bool {
        // SAFETY: equal shapes have their parts in the same places.
        unsafe {
            let (shape, _) = Shape::read(self.0);
            if shape != Shape::of(new) {
                return false;
            }
            self.set_number(new.number);
            let value = self.0.add(shape.key_at() + shape.key);
            value.copy_from_nonoverlapping(NonNull::from(new.value).cast(), shape.value);
        }
        true
    }

    /// # Safety
    /// The record is alive, no view of it exists, and it has a number if one is given.
    unsafe fn set_number(self, number: Option<f64>) {
        if let Some(number) = number {
            // SAFETY: by this function's contract the eight bytes are the number's.
            unsafe { self.0.add(NUMBER_AT).cast().write(number.to_le_bytes()) };
        }
    }

    /// Whether a record of this table is in its slab.
    fn is_in_slab(self, _: &Table) -> bool {
        // SAFETY: records of a table are alive.
        unsafe { self.0.read() & IN_SLAB != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};
    use std::collections::{BTreeMap, BTreeSet};

    type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<f64>)>;

    fn check(table: &Table, model: &Model) {
        assert_eq!(table.len(), model.len());
        let mut records: Vec<_> = table.iter().collect();
        records.sort_by_key(|record| record.key);
        for (record, (key, (value, number))) in records.iter().zip(model) {
            assert_eq!((record.key, record.value, record.number), (&key[..], &value[..], *number));
            assert_eq!(table.get(key), Some(*record));
        }
        let mut ranked: Vec<_> = records.into_iter().filter(|record| record.number.is_some()).collect();
        ranked.sort_by(|a, b| order((a.number.unwrap(), a.key), (b.number.unwrap(), b.key)));
        assert_eq!(table.ranked(), ranked.len());
        assert!(table.ranks(0..usize::MAX).eq(ranked.iter().copied()));
        for (rank, record) in ranked.iter().enumerate() {
            assert_eq!(table.rank_of(record.number.unwrap(), record.key), rank);
            assert_eq!(table.at_rank(rank), *record);
        }
        let cost: usize =
            table.dict.iter().map(|pointer| Shape::of(table.read(pointer)).cost(pointer.is_in_slab(table))).sum();
        assert_eq!(table.store.cost, cost);
    }

    #[test]
    fn behaves_like_a_map_with_an_order_beside_it() {
        let steps = if cfg!(miri) { 300 } else { 12_000 };
        let mut rng = Rng::new(21);
        let (mut table, mut model) = (Table::new((1, 2)), Model::new());
        for step in 0..steps {
            let key = format!("key-{}", rng.below(300)).into_bytes();
            let number = (rng.below(3) > 0).then(|| rng.below(20) as f64 - 5.0);
            match rng.below(if step / 2000 % 2 == 0 { 5 } else { 10 }) {
                0..=2 => {
                    let length = [0, 1, 16, 17, 254, 255, 256, 600][rng.below(8) as usize];
                    let value = vec![rng.bits() as u8; length];
                    let new = table.put(Record { key: &key, value: &value, number });
                    assert_eq!(new, model.insert(key, (value, number)).is_none());
                }
                3 => {
                    let found = model.get_mut(&key).map(|entry| entry.1 = number).is_some();
                    assert_eq!(table.set_number(&key, number), found);
                }
                4 if table.ranked() > 0 => {
                    let rank = rng.below(table.ranked() as u64) as usize;
                    let key = table.at_rank(rank).key.to_vec();
                    table.remove_rank(rank);
                    assert!(model.remove(&key).is_some());
                }
                _ => assert_eq!(table.remove(&key), model.remove(&key).is_some()),
            }
            if step % 1000 == 999 {
                let start = rng.below(table.ranked() as u64 + 1) as usize;
                let ranks = start..table.ranked().min(start + rng.below(60) as usize);
                table.ranks(ranks.clone()).for_each(|record| assert!(model.remove(record.key).is_some()));
                table.remove_ranks(ranks);
                check(&table, &model);
            }
            if step % 100 == 0 {
                check(&table, &model);
                let copy = table.clone();
                check(&copy, &model);
                assert_eq!(copy.memory(), table.memory());
            }
        }
        while !table.shed(7) {}
        assert_eq!((table.len(), table.memory()), (0, 0));
    }

    #[test]
    fn a_table_can_be_ranked_once_all_is_there() {
        let mut rng = Rng::new(33);
        let (mut table, mut model) = (Table::new((1, 2)), Model::new());
        for _ in 0..if cfg!(miri) { 100 } else { 2000 } {
            let (key, number) = (format!("{}", rng.below(500)).into_bytes(), rng.below(50) as f64);
            if rng.below(5) == 0 {
                assert_eq!(table.remove_unranked(&key), model.remove(&key).is_some());
            } else {
                table.merge_unranked(&key, number, |old, new| old + new);
                let merged = model.get(&key).map_or(number, |(_, old)| old.unwrap() + number);
                model.insert(key, (Vec::new(), Some(merged)));
            }
        }
        table.rank_all();
        check(&table, &model);
    }

    #[test]
    fn distinct_records_are_distinct_and_evenly_chosen() {
        let mut rng = Rng::new(9);
        let mut table = Table::new((7, 8));
        let keys: Vec<_> = (0..60u8).map(|n| [n]).collect();
        keys.iter().for_each(|key| _ = table.put(Record { key, value: b"", number: None }));
        let rounds = if cfg!(miri) { 2 } else { 2000 };
        for count in [0, 3, 19, 20, 59, 60, 100] {
            let mut times = [0u32; 60];
            for _ in 0..rounds {
                let chosen = table.distinct(count, &mut rng);
                assert_eq!(chosen.len(), count.min(60));
                chosen.iter().for_each(|record| times[record.key[0] as usize] += 1);
                let different: BTreeSet<_> = chosen.iter().map(|record| record.key).collect();
                assert_eq!(different.len(), chosen.len());
            }
            let even = rounds * count.min(60) as u32 / 60;
            assert!(cfg!(miri) || times.iter().all(|&n| n.abs_diff(even) <= even / 2 + 1), "{count}: {times:?}");
        }
    }

    #[test]
    fn lengths_of_every_width_are_kept() {
        let mut table = Table::new((3, 4));
        let lengths = [0, 1, 255, 256, 65_535, 65_536, 100_000];
        let lengths = if cfg!(miri) { &lengths[..4] } else { &lengths };
        for &key in lengths {
            for &value in lengths {
                let (key, value) = (vec![b'k'; key], vec![b'v'; value]);
                table.put(Record { key: &key, value: &value, number: Some(0.5) });
                assert_eq!(table.get(&key), Some(Record { key: &key, value: &value, number: Some(0.5) }));
            }
        }
    }

    #[test]
    fn a_scan_sees_all_that_stays() {
        let mut rng = Rng::new(2);
        let mut table = Table::new((5, 6));
        let name = |n: u64| format!("{n}").into_bytes();
        (0..if cfg!(miri) { 120 } else { 400 })
            .for_each(|n| _ = table.put(Record { key: &name(n), value: b"", number: None }));
        let (mut cursor, mut seen) = (0, BTreeSet::new());
        loop {
            cursor = table.scan(cursor, |record| _ = seen.insert(record.key.to_vec()));
            if cursor == 0 {
                break;
            }
            // The first hundred stay; others come and go.
            let n = 100 + rng.below(2000);
            if rng.below(2) == 0 {
                table.put(Record { key: &name(n), value: b"", number: None });
            } else {
                table.remove(&name(n));
            }
        }
        assert!((0..100).all(|n| seen.contains(&name(n))));
    }
}
