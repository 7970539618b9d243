//! The table under the keyspace, sets and hashes: linear hashing in buckets of one cache line.
//!
//! ```text
//!   bucket, 64 bytes:  [tag × 9][filter][pointer, 6 bytes × 9]        tag: a byte of the hash, 0: slot is free
//!   cell, 32 bytes:    [tag × 4][link, 4 bytes][pointer, 6 bytes × 4]
//!
//!   a bucket with more than nine items:   [8 items, link] ─▶ [4 items, link] ─▶ [4 items]
//! ```
//!
//! With n buckets, 2^L ≤ n < 2^(L+1), an item is in the bucket that its hash's low L+1 bits name or, where there
//! is no such bucket yet, in the one that its low L bits name. An insert that makes the table too full splits one
//! bucket, a removal that makes it too empty merges one (Litwin, "Linear hashing", 1980). So there is never a second
//! table nor a rehash in progress, no step grows with the table, and the memory for an item is always the same.
//!
//! A link to cells takes a bucket's last slot; then `filter` has a bit set for each tag that may be found there (and
//! without a link it is 0), so that looking for what is not there seldom leaves the cache line.
//!
//! The low three bits of a stored pointer, always zero by alignment, hold three bits of the item's hash: the ones
//! that decide its next splits. Two splits of three therefore touch no item. Nothing here depends on an address.

use super::bucket::{Bucket, Cell, LINK_SLOT, Link, bit};
use super::segments::Segments;
use crate::base::hash::siphash;
use crate::base::rng::Rng;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

/// What a dict stores: a pointer to something with a key. The dict neither owns nor drops it.
///
/// # Safety
/// `raw` is divisible by 8 and below 2^48, and `from_raw` gives back the same item.
pub unsafe trait Item: Copy {
    fn raw(self) -> NonNull<u8>;
    fn from_raw(raw: NonNull<u8>) -> Self;
    /// # Safety
    /// The item is alive, and stays so, with the same key, for as long as `'a`.
    unsafe fn key<'a>(self) -> &'a [u8];
}

/// Items by key. Who owns the items also hashes keys (with [`Dict::hash`], or an equal function): a command looks
/// its key up more than once but hashes it once.
pub struct Dict<T: Item> {
    buckets: Segments<Bucket>,
    cells: Segments<Cell>,
    /// First free cell; free cells are linked both ways, so that the last one can be taken out of the list.
    free: Link,
    free_count: u32,
    len: usize,
    seed: (u64, u64),
    items: PhantomData<T>,
}

// SAFETY: the items are plain pointers here; whether what they point at may move to another thread is `T`'s matter.
unsafe impl<T: Item + Send> Send for Dict<T> {}

/// A slot of the table with an item in it, whose pointer can be replaced.
pub struct Slot<'a, T: Item> {
    dict: &'a mut Dict<T>,
    place: Place,
}

/// Where an item is: in which bucket or, if `cell` isn't 0, in which cell of its chain, and in which slot there.
#[derive(Clone, Copy)]
struct Place {
    bucket: usize,
    cell: Link,
    slot: usize,
}

/// Hash bits kept in a stored pointer.
const KEPT_BITS: u32 = 3;
const KEPT_MASK: u64 = (1 << KEPT_BITS) - 1;

/// A table of `n` buckets is split above `n × SPLIT_ABOVE / 2` items; one of `n + 1` is merged below `n × MERGE_BELOW / 2`.
const SPLIT_ABOVE: usize = 15;
const MERGE_BELOW: usize = 9;

impl<T: Item> Dict<T> {
    /// An empty dict takes no memory.
    pub const fn new(seed: (u64, u64)) -> Self {
        Dict {
            buckets: Segments::new(),
            cells: Segments::new(),
            free: 0,
            free_count: 0,
            len: 0,
            seed,
            items: PhantomData,
        }
    }

    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        siphash(self.seed, key)
    }

    pub fn seed(&self) -> (u64, u64) {
        self.seed
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Buckets of the table, cells not counted.
    pub fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// What the table costs, items not counted.
    #[inline]
    pub fn memory(&self) -> usize {
        self.buckets.memory() + self.cells.memory()
    }

    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<T> {
        // SAFETY: by the contract of `insert_new` items in the dict are alive.
        self.locate(hash, |item| unsafe { item.key() } == key).map(|place| self.at(place))
    }

    #[inline]
    pub fn find_slot(&mut self, hash: u64, key: &[u8]) -> Option<Slot<'_, T>> {
        // SAFETY: by the contract of `insert_new` items in the dict are alive.
        let place = self.locate(hash, |item| unsafe { item.key() } == key)?;
        Some(Slot { dict: self, place })
    }

    /// The slot of this very item, found without reading any item's key.
    #[inline]
    pub fn find_item(&mut self, hash: u64, item: T) -> Option<Slot<'_, T>> {
        let place = self.locate(hash, |other| other.raw() == item.raw())?;
        Some(Slot { dict: self, place })
    }

    /// Gives an empty dict the buckets that so many items need: they will come without a split.
    pub fn reserve(&mut self, items: usize) {
        debug_assert!(self.is_empty());
        while self.buckets.len() * SPLIT_ABOVE < items * 2 {
            self.buckets.push(Bucket::EMPTY);
        }
    }

    /// Adds an item whose key is not in the dict.
    ///
    /// # Safety
    /// `hash` is the hash of the item's key. As long as the dict is used and the item is in it, the item stays alive
    /// and its key the same.
    pub unsafe fn insert_new(&mut self, hash: u64, item: T) {
        if self.buckets.len() == 0 {
            self.buckets.push(Bucket::EMPTY);
        }
        let index = self.index(hash);
        let kept = kept_bits(hash, self.level_of(index));
        self.put(index, tag(hash), address(item) | kept);
        self.len += 1;
        if self.len * 2 > self.buckets.len() * SPLIT_ABOVE {
            self.split();
        }
    }

    #[inline]
    pub fn remove(&mut self, hash: u64, key: &[u8]) -> Option<T> {
        self.find_slot(hash, key).map(Slot::remove)
    }

    /// Requests the cache line that a search for this hash begins with.
    #[inline(always)]
    pub fn prefetch_bucket(&self, hash: u64) {
        if self.buckets.len() > 0 {
            prefetch(ptr::from_ref(self.buckets.get(self.index(hash))).cast());
        }
    }

    /// Requests the items that a bucket itself holds, if there is such a bucket.
    #[inline(always)]
    fn prefetch_items_of(&self, bucket: usize) {
        if bucket < self.buckets.len() {
            let bucket = self.buckets.get(bucket);
            bucket.used().for_each(|slot| prefetch(ptr::without_provenance(pointer(bucket.stored(slot)))));
        }
    }

    /// Requests what a search for this hash will look at next, its bucket having arrived.
    #[inline(always)]
    pub fn prefetch_item(&self, hash: u64) {
        if self.buckets.len() == 0 {
            return;
        }
        let bucket = self.buckets.get(self.index(hash));
        let mut matches = bucket.matches(tag(hash));
        if matches.is_empty() && bucket.may_follow(tag(hash)) {
            return prefetch(ptr::from_ref(self.cell(bucket.link())).cast());
        }
        if let Some(slot) = matches.next() {
            // Small items may lie across the end of a cache line: half of those of 40 bytes do.
            const USUAL: usize = 40;
            let start = pointer(bucket.stored(slot));
            prefetch(ptr::without_provenance(start));
            prefetch(ptr::without_provenance(start + USUAL - 1));
        }
    }

    /// Calls `f` with every item of one bucket and returns the cursor for the next call; 0 begins and 0 ends.
    ///
    /// The cursor is a place in the order of bit-reversed hashes, in which a bucket, whatever its size, is one
    /// stretch: an item that is in the dict from the first call to the last is seen at least once, however the table
    /// grows and shrinks in between.
    pub fn scan(&self, cursor: u64, mut f: impl FnMut(T)) -> u64 {
        self.scan_for(cursor, &mut f)
    }

    /// One function for all who scan: what they do with an item is worth a call.
    fn scan_for(&self, cursor: u64, f: &mut dyn FnMut(T)) -> u64 {
        if self.len == 0 {
            return 0;
        }
        let index = self.index(cursor);
        self.each_in(index, |_, stored| f(item(stored)));
        self.request_after(cursor, index)
    }

    /// The cursor at which this bucket ends, what comes there having been requested.
    fn request_after(&self, cursor: u64, index: usize) -> u64 {
        let next = after(cursor, self.level_of(index));
        // Who scans looks at one bucket after the other, which lie far apart.
        let index = self.index(next);
        self.prefetch_items_of(index);
        let then = self.index(after(next, self.level_of(index)));
        prefetch(ptr::from_ref(self.buckets.get(then)).cast());
        next
    }

    /// [`Dict::scan`], where `f` makes of every item another with the same key.
    pub fn rescan(&mut self, cursor: u64, mut f: impl FnMut(T) -> T) -> u64 {
        if self.len == 0 {
            return 0;
        }
        let index = self.index(cursor);
        self.rewrite(index, |stored| renewed(stored, f(item(stored))));
        self.request_after(cursor, index)
    }

    /// Whether a scan that has come to `cursor` (not 0) has passed the place of this hash.
    pub fn is_scanned(cursor: u64, hash: u64) -> bool {
        hash.reverse_bits() < cursor.reverse_bits()
    }

    pub fn iter(&self) -> Iter<'_, T> {
        Iter { dict: self, bucket: 0, cell: 0, slot: 0 }
    }

    /// An item, each about as likely as any other.
    pub fn random(&self, rng: &mut Rng) -> Option<T> {
        // As many tries as find an item in any but very sparse tables; then what comes next.
        const TRIES: usize = 64;
        const USUAL_MOST: u64 = 16;
        if self.len == 0 {
            return None;
        }
        for _ in 0..TRIES {
            let index = rng.below(self.buckets.len() as u64) as usize;
            let mut count = 0;
            self.each_in(index, |_, _| count += 1);
            // An emptier bucket is refused more often, so that its items are not picked more often.
            let mut left = rng.below(count.max(USUAL_MOST));
            let mut found = None;
            self.each_in(index, |_, stored| {
                if left == 0 {
                    found = Some(item(stored));
                }
                left = left.wrapping_sub(1);
            });
            if found.is_some() {
                return found;
            }
        }
        let start = rng.below(self.buckets.len() as u64) as usize;
        Iter { dict: self, bucket: start, cell: 0, slot: 0 }.chain(self.iter()).next()
    }

    /// Calls `f` with `count` items (or all, if there are fewer) that stand next to each other in the table, from an item on
    /// that is picked as [`Dict::random`] picks one: so each is seen about as often as any other.
    pub fn sample(&self, count: usize, rng: &mut Rng, f: impl FnMut(T)) {
        // Half of it for each try that finds a bucket with half as many items; few buckets hold more.
        const USUAL_MOST: u64 = 8;
        const TRIES: usize = 16;
        if self.len == 0 {
            return;
        }
        let (mut bucket, mut skipped) = (0, 0);
        for _ in 0..TRIES {
            bucket = rng.below(self.buckets.len() as u64) as usize;
            let mut items = 0;
            self.each_in(bucket, |_, _| items += 1);
            skipped = rng.below(items.max(USUAL_MOST));
            if skipped < items {
                break;
            }
        }
        let from_there = Iter { dict: self, bucket, cell: 0, slot: 0 }.skip(skipped as usize);
        from_there.chain(self.iter()).take(count.min(self.len)).for_each(f);
    }

    /// Takes the items of one bucket out, for freeing a dict in steps; `false` once it is empty and has no memory.
    pub fn drain_bucket(&mut self, mut f: impl FnMut(T)) -> bool {
        const CELLS_AT_ONCE: usize = 1024;
        let Some(last) = self.buckets.len().checked_sub(1) else {
            (0..CELLS_AT_ONCE).for_each(|_| _ = self.cells.pop());
            (self.free, self.free_count) = (0, 0);
            return self.cells.len() > 0;
        };
        self.prefetch_items_of(last.wrapping_sub(AHEAD));
        let mut items = 0;
        self.each_in(last, |_, stored| {
            f(item(stored));
            items += 1;
        });
        self.len -= items;
        self.buckets.pop();
        true
    }

    /// A dict of the same shape with other items in it: `f` makes each from the old one, with the same key.
    pub fn map(&self, mut f: impl FnMut(T) -> T) -> Self {
        let mut copy = Dict { buckets: self.buckets.clone(), cells: self.cells.clone(), ..*self };
        for index in 0..copy.buckets.len() {
            self.prefetch_items_of(index + AHEAD);
            let bucket = copy.buckets.get_mut(index);
            let (used, mut link) = (bucket.used(), bucket.link());
            for slot in used {
                bucket.set(slot, renewed(bucket.stored(slot), f(item(bucket.stored(slot)))));
            }
            while link != 0 {
                let cell = copy.cells.get_mut(link as usize - 1);
                for slot in cell.used() {
                    cell.set(slot, renewed(cell.stored(slot), f(item(cell.stored(slot)))));
                }
                link = cell.link();
            }
        }
        copy
    }

    /// The bucket that a hash belongs to; there is at least one.
    #[inline(always)]
    fn index(&self, hash: u64) -> usize {
        let count = self.buckets.len();
        let mask = usize::MAX >> count.leading_zeros();
        let index = hash as usize & mask;
        if index < count { index } else { index & (mask >> 1) }
    }

    /// How many bits of their hashes the items of a bucket have in common.
    #[inline(always)]
    fn level_of(&self, index: usize) -> u32 {
        let count = self.buckets.len();
        let level = count.ilog2();
        let (half, split) = (1 << level, count - (1 << level));
        level + u32::from(index < split || index >= half)
    }

    #[inline(always)]
    fn locate(&self, hash: u64, mut is: impl FnMut(T) -> bool) -> Option<Place> {
        if self.buckets.len() == 0 {
            return None;
        }
        let (tag, index) = (tag(hash), self.index(hash));
        let bucket = self.buckets.get(index);
        for slot in bucket.matches(tag) {
            if is(item(bucket.stored(slot))) {
                return Some(Place { bucket: index, cell: 0, slot });
            }
        }
        if bucket.may_follow(tag) { self.locate_in_cells(index, bucket.link(), tag, is) } else { None }
    }

    fn locate_in_cells(&self, bucket: usize, mut link: Link, tag: u8, mut is: impl FnMut(T) -> bool) -> Option<Place> {
        while link != 0 {
            let cell = self.cell(link);
            for slot in cell.matches(tag) {
                if is(item(cell.stored(slot))) {
                    return Some(Place { bucket, cell: link, slot });
                }
            }
            link = cell.link();
        }
        None
    }

    #[inline(always)]
    fn at(&self, place: Place) -> T {
        item(match place.cell {
            0 => self.buckets.get(place.bucket).stored(place.slot),
            link => self.cell(link).stored(place.slot),
        })
    }

    #[inline(always)]
    fn cell(&self, link: Link) -> &Cell {
        self.cells.get(link as usize - 1)
    }

    #[inline(always)]
    fn cell_mut(&mut self, link: Link) -> &mut Cell {
        self.cells.get_mut(link as usize - 1)
    }

    /// Calls `f` with tag and stored pointer of every item of a bucket and its cells.
    #[inline(always)]
    fn each_in(&self, index: usize, mut f: impl FnMut(u8, u64)) {
        let bucket = self.buckets.get(index);
        bucket.used().for_each(|slot| f(bucket.tag(slot), bucket.stored(slot)));
        let mut link = bucket.link();
        while link != 0 {
            let cell = self.cell(link);
            cell.used().for_each(|slot| f(cell.tag(slot), cell.stored(slot)));
            link = cell.link();
        }
    }

    /// Puts a stored pointer into a free slot of a bucket, or of its cells.
    fn put(&mut self, index: usize, tag: u8, stored: u64) {
        let bucket = self.buckets.get_mut(index);
        match bucket.first_free() {
            Some(slot) => bucket.fill(slot, tag, stored),
            None if bucket.has_link() => self.put_into_cells(index, tag, stored),
            None => {
                let (last_tag, last) = (bucket.tag(LINK_SLOT), bucket.stored(LINK_SLOT));
                let link = self.new_cell();
                let cell = self.cell_mut(link);
                cell.fill(0, last_tag, last);
                cell.fill(1, tag, stored);
                self.buckets.get_mut(index).set_link(link, bit(last_tag) | bit(tag));
            }
        }
    }

    #[cold]
    fn put_into_cells(&mut self, index: usize, tag: u8, stored: u64) {
        let bucket = self.buckets.get_mut(index);
        bucket.add_to_filter(tag);
        let mut link = bucket.link();
        loop {
            let cell = self.cell_mut(link);
            if let Some(slot) = cell.first_free() {
                return cell.fill(slot, tag, stored);
            }
            if cell.link() == 0 {
                break;
            }
            link = cell.link();
        }
        let new = self.new_cell();
        self.cell_mut(link).set_link(new);
        self.cell_mut(new).fill(0, tag, stored);
    }

    fn take(&mut self, place: Place) {
        self.len -= 1;
        let bucket = self.buckets.get_mut(place.bucket);
        if place.cell != 0 {
            self.cell_mut(place.cell).clear(place.slot);
            self.tidy_cells(place.bucket);
        } else if !bucket.has_link() {
            bucket.clear(place.slot);
        } else {
            // An item comes forward from the cells, into the nearer cache line.
            let link = bucket.link();
            let cell = self.cell_mut(link);
            let from = cell.used().next().expect("no cell of a chain is empty");
            let (tag, stored) = (cell.tag(from), cell.stored(from));
            cell.clear(from);
            self.buckets.get_mut(place.bucket).fill(place.slot, tag, stored);
            self.tidy_cells(place.bucket);
        }
        if self.len == 0 {
            *self = Dict::new(self.seed);
            return;
        }
        if self.len * 2 < (self.buckets.len() - 1) * MERGE_BELOW {
            self.merge();
        }
        self.trim();
    }

    /// After a removal from a bucket's cells: frees the one that is empty, brings the filter up to date, and does
    /// without cells where one item is left in them.
    fn tidy_cells(&mut self, index: usize) {
        let (mut link, mut before) = (self.buckets.get(index).link(), 0);
        let (mut filter, mut items) = (0, 0);
        while link != 0 {
            let cell = *self.cell(link);
            if cell.used().is_empty() {
                self.relink(index, before, cell.link());
                self.free_cell(link);
                link = if before == 0 { self.buckets.get(index).link() } else { self.cell(before).link() };
                continue;
            }
            for slot in cell.used() {
                filter |= bit(cell.tag(slot));
                items += 1;
            }
            (before, link) = (link, cell.link());
        }
        let bucket = self.buckets.get_mut(index);
        bucket.set_filter(filter);
        if items == 1 {
            let link = bucket.link();
            let cell = *self.cell(link);
            let slot = cell.used().next().expect("one item is left");
            let bucket = self.buckets.get_mut(index);
            bucket.set_filter(0);
            bucket.fill(LINK_SLOT, cell.tag(slot), cell.stored(slot));
            self.free_cell(link);
        }
    }

    /// Makes what stands before a link, a cell or else the bucket, point to another.
    fn relink(&mut self, index: usize, before: Link, link: Link) {
        if before != 0 {
            self.cell_mut(before).set_link(link);
        } else {
            let bucket = self.buckets.get_mut(index);
            let filter = bucket.filter();
            bucket.set_link(link, filter);
        }
    }

    /// Divides the next bucket in turn between itself and a new last one.
    fn split(&mut self) {
        let new = self.buckets.len();
        let level = new.ilog2();
        let old = new - (1 << level);
        // Where the kept bits are used up, the items themselves are needed: all requested at once.
        let rehash = (level + 1).is_multiple_of(KEPT_BITS);
        if rehash {
            self.each_in(old, |_, stored| prefetch(ptr::without_provenance(pointer(stored))));
        }
        let bit = 1 << (level % KEPT_BITS);
        let bucket = core::mem::replace(self.buckets.get_mut(old), Bucket::EMPTY);
        self.buckets.push(Bucket::EMPTY);
        let place = |dict: &mut Self, tag: u8, stored: u64| {
            let index = if stored & bit == 0 { old } else { new };
            let stored = if rehash { dict.with_next_bits(stored, level + 1) } else { stored };
            dict.put(index, tag, stored);
        };
        bucket.used().for_each(|slot| place(self, bucket.tag(slot), bucket.stored(slot)));
        self.empty_cells(bucket.link(), place);
        self.trim();
    }

    fn with_next_bits(&self, stored: u64, level: u32) -> u64 {
        // SAFETY: by the contract of `insert_new` items in the dict are alive.
        let hash = self.hash(unsafe { item::<T>(stored).key() });
        stored & !KEPT_MASK | kept_bits(hash, level)
    }

    /// Puts the items of the last bucket back where they were before the split that made it.
    fn merge(&mut self) {
        let last = self.buckets.len() - 1;
        let level = last.ilog2();
        let into = last - (1 << level);
        // Where the kept bits change, those of the level below are bits of the bucket's number: no item is touched.
        let rewind = (level + 1).is_multiple_of(KEPT_BITS);
        let kept = |stored: u64, index: usize| match rewind {
            true => stored & !KEPT_MASK | kept_bits(index as u64, level),
            false => stored,
        };
        if rewind {
            self.rewrite(into, |stored| kept(stored, into));
        }
        let bucket = self.buckets.pop().expect("a table that is merged has buckets");
        let place = |dict: &mut Self, tag: u8, stored: u64| dict.put(into, tag, kept(stored, last));
        bucket.used().for_each(|slot| place(self, bucket.tag(slot), bucket.stored(slot)));
        self.empty_cells(bucket.link(), place);
    }

    fn rewrite(&mut self, index: usize, mut f: impl FnMut(u64) -> u64) {
        let bucket = self.buckets.get_mut(index);
        bucket.used().for_each(|slot| bucket.set(slot, f(bucket.stored(slot))));
        let mut link = bucket.link();
        while link != 0 {
            let cell = self.cell_mut(link);
            cell.used().for_each(|slot| cell.set(slot, f(cell.stored(slot))));
            link = cell.link();
        }
    }

    /// Frees a chain of cells, handing each item to `place`.
    fn empty_cells(&mut self, mut link: Link, mut place: impl FnMut(&mut Self, u8, u64)) {
        while link != 0 {
            let cell = *self.cell(link);
            self.free_cell(link);
            cell.used().for_each(|slot| place(self, cell.tag(slot), cell.stored(slot)));
            link = cell.link();
        }
    }

    fn new_cell(&mut self) -> Link {
        if self.free == 0 {
            self.cells.push(Cell::EMPTY);
            return self.cells.len() as Link;
        }
        let link = self.free;
        self.unlink_free(link);
        *self.cell_mut(link) = Cell::EMPTY;
        link
    }

    fn free_cell(&mut self, link: Link) {
        let next = self.free;
        *self.cell_mut(link) = Cell::free(next, 0);
        if next != 0 {
            let after_next = self.cell(next).link();
            *self.cell_mut(next) = Cell::free(after_next, link);
        }
        self.free = link;
        self.free_count += 1;
    }

    fn unlink_free(&mut self, link: Link) {
        let (next, previous) = (self.cell(link).link(), self.cell(link).previous());
        match previous {
            0 => self.free = next,
            _ => *self.cell_mut(previous) = Cell::free(next, self.cell(previous).previous()),
        }
        if next != 0 {
            *self.cell_mut(next) = Cell::free(self.cell(next).link(), previous);
        }
        self.free_count -= 1;
    }

    /// Takes a step towards fewer cells, if most of them are free.
    fn trim(&mut self) {
        const SPARE: usize = 8;
        if (self.free_count as usize) * 2 <= self.cells.len() + SPARE {
            return;
        }
        let last = self.cells.len() as Link;
        let cell = *self.cell(last);
        match cell.used().next() {
            None => self.unlink_free(last),
            Some(slot) => {
                // SAFETY: by the contract of `insert_new` items in the dict are alive.
                let hash = self.hash(unsafe { item::<T>(cell.stored(slot)).key() });
                let new = self.new_cell();
                *self.cell_mut(new) = cell;
                self.redirect(self.index(hash), last, new);
            }
        }
        self.cells.pop();
    }

    /// Makes a bucket's chain lead to `new` where it led to `old`.
    fn redirect(&mut self, index: usize, old: Link, new: Link) {
        let (mut before, mut link) = (0, self.buckets.get(index).link());
        while link != old {
            (before, link) = (link, self.cell(link).link());
        }
        self.relink(index, before, new);
    }
}

impl<T: Item> Slot<'_, T> {
    pub fn get(&self) -> T {
        self.dict.at(self.place)
    }

    /// Replaces the item by one with an equal key.
    ///
    /// # Safety
    /// As for [`Dict::insert_new`].
    pub unsafe fn replace(self, with: T) {
        let Place { bucket, cell, slot } = self.place;
        if cell == 0 {
            let bucket = self.dict.buckets.get_mut(bucket);
            bucket.set(slot, renewed(bucket.stored(slot), with));
        } else {
            let cell = self.dict.cell_mut(cell);
            cell.set(slot, renewed(cell.stored(slot), with));
        }
    }

    pub fn remove(self) -> T {
        let item = self.get();
        self.dict.take(self.place);
        item
    }
}

/// All items, bucket by bucket.
pub struct Iter<'a, T: Item> {
    dict: &'a Dict<T>,
    bucket: usize,
    /// The cell that comes next in this bucket's chain, or 0 while the bucket itself is being read.
    cell: Link,
    slot: usize,
}

/// What goes through all buckets requests items so many buckets ahead: they lie anywhere in memory, in no order.
const AHEAD: usize = 2;

impl<T: Item> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.bucket < self.dict.buckets.len() {
            let (used, link) = match self.cell {
                0 => {
                    let bucket = self.dict.buckets.get(self.bucket);
                    (bucket.used(), bucket.link())
                }
                link => (self.dict.cell(link).used(), self.dict.cell(link).link()),
            };
            if let Some(slot) = used.from(self.slot).next() {
                self.slot = slot + 1;
                return Some(self.dict.at(Place { bucket: self.bucket, cell: self.cell, slot }));
            }
            (self.cell, self.slot) = (link, 0);
            if link == 0 {
                self.bucket += 1;
                self.dict.prefetch_items_of(self.bucket + AHEAD);
            }
        }
        None
    }
}

/// The hash's top byte; 0 is kept for free slots.
#[inline(always)]
fn tag(hash: u64) -> u8 {
    ((hash >> 56) as u8).max(1)
}

/// The bits of a hash that are kept in the pointers of a bucket of this level.
#[inline(always)]
fn kept_bits(hash: u64, level: u32) -> u64 {
    hash >> (level - level % KEPT_BITS) & KEPT_MASK
}

#[inline(always)]
fn address<T: Item>(item: T) -> u64 {
    let address = item.raw().expose_provenance().get() as u64;
    debug_assert!(address & KEPT_MASK == 0 && address >> 48 == 0);
    address
}

#[inline(always)]
fn pointer(stored: u64) -> usize {
    (stored & !KEPT_MASK) as usize
}

#[inline(always)]
fn item<T: Item>(stored: u64) -> T {
    let raw = ptr::with_exposed_provenance_mut(pointer(stored));
    // SAFETY: what is stored in a slot in use came from a `NonNull`, divisible by 8.
    T::from_raw(unsafe { NonNull::new_unchecked(raw) })
}

/// `with`, with the kept bits of what it replaces.
fn renewed<T: Item>(stored: u64, with: T) -> u64 {
    address(with) | stored & KEPT_MASK
}

/// The cursor at which the bucket ends that begins the scan at this one.
fn after(cursor: u64, level: u32) -> u64 {
    let last = cursor | u64::MAX << level;
    last.reverse_bits().wrapping_add(1).reverse_bits()
}

/// Requests a cache line, on the targets where that can be said.
#[inline(always)]
pub fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing and can't fault, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::boxed::Box;
    use std::collections::{BTreeMap, BTreeSet, HashMap};
    use std::vec::Vec;

    /// A number on the heap, which is its own key.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Number(NonNull<u64>);

    // SAFETY: a box of a `u64` is aligned to 8, on every target this is tested on.
    unsafe impl Item for Number {
        fn raw(self) -> NonNull<u8> {
            self.0.cast()
        }
        fn from_raw(raw: NonNull<u8>) -> Self {
            Number(raw.cast())
        }
        unsafe fn key<'a>(self) -> &'a [u8] {
            // SAFETY: by contract the item is alive.
            unsafe { &*self.0.cast::<[u8; 8]>().as_ptr() }
        }
    }

    impl Number {
        fn new(n: u64) -> Self {
            Number(Box::leak(Box::new(n)).into())
        }
        fn get(self) -> u64 {
            // SAFETY: tests free an item only after they removed it.
            unsafe { *self.0.as_ptr() }
        }
        fn free(self) {
            // SAFETY: it was made by `new` and is in no dict any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) })
        }
    }

    struct Owned {
        dict: Dict<Number>,
        model: BTreeSet<u64>,
    }

    impl Owned {
        fn new() -> Self {
            Owned { dict: Dict::new((11, 12)), model: BTreeSet::new() }
        }
        fn hash(&self, n: u64) -> u64 {
            self.dict.hash(&n.to_ne_bytes())
        }
        fn has(&self, n: u64) -> bool {
            let found = self.dict.find(self.hash(n), &n.to_ne_bytes());
            assert!(found.is_none_or(|number| number.get() == n));
            found.is_some()
        }
        fn insert(&mut self, n: u64) {
            if !self.has(n) {
                let hash = self.hash(n);
                // SAFETY: the number lives until it is removed.
                unsafe { self.dict.insert_new(hash, Number::new(n)) };
            }
            self.model.insert(n);
        }
        fn remove(&mut self, n: u64) {
            let removed = self.dict.remove(self.hash(n), &n.to_ne_bytes());
            assert_eq!(removed.is_some(), self.model.remove(&n));
            removed.into_iter().for_each(Number::free);
        }
        /// Everything that the drawing at the top of this file says.
        fn check(&self) {
            let (mut items, mut cells) = (Vec::new(), 0);
            for index in 0..self.dict.buckets() {
                let bucket = self.dict.buckets.get(index);
                let (mut link, mut filter, mut chained) = (bucket.link(), 0, 0);
                while link != 0 {
                    let cell = self.dict.cell(link);
                    assert!(!cell.used().is_empty());
                    cell.used().for_each(|slot| filter |= bit(cell.tag(slot)));
                    chained += cell.used().count();
                    cells += 1;
                    link = cell.link();
                }
                assert_eq!(bucket.filter(), filter);
                assert!(chained != 1 && (chained == 0 || bucket.used().count() == LINK_SLOT));
                let level = self.dict.level_of(index);
                self.dict.each_in(index, |tagged, stored| {
                    let number: Number = item(stored);
                    let hash = self.hash(number.get());
                    assert_eq!((self.dict.index(hash), tag(hash)), (index, tagged));
                    assert_eq!(stored & KEPT_MASK, kept_bits(hash, level));
                    items.push(number.get());
                });
            }
            assert_eq!(cells + self.dict.free_count as usize, self.dict.cells.len());
            assert_eq!(items, self.dict.iter().map(Number::get).collect::<Vec<_>>());
            items.sort_unstable();
            assert_eq!(items, self.model.iter().copied().collect::<Vec<_>>());
            assert_eq!(self.dict.len(), self.model.len());
        }
    }

    impl Drop for Owned {
        fn drop(&mut self) {
            while self.dict.drain_bucket(Number::free) {}
            assert_eq!((self.dict.len(), self.dict.memory()), (0, 0));
        }
    }

    const MANY: u64 = if cfg!(miri) { 150 } else { 20_000 };

    #[test]
    fn it_holds_what_a_set_holds() {
        for seed in 0..if cfg!(miri) { 1 } else { 6 } {
            let mut rng = Rng::new(seed);
            let mut owned = Owned::new();
            for round in 0..MANY * 2 {
                let n = rng.below(MANY / 4 + 10);
                // Waves of growth and shrinking, so that every border is crossed in both directions.
                match rng.below(10) < if (round / (MANY / 3)).is_multiple_of(2) { 8 } else { 2 } {
                    true => owned.insert(n),
                    false => owned.remove(n),
                }
                assert_eq!(owned.has(n), owned.model.contains(&n));
                if round % (MANY / 20) == 0 {
                    owned.check();
                }
            }
            owned.check();
        }
    }

    #[test]
    fn it_gives_its_memory_back() {
        let mut owned = Owned::new();
        (0..MANY).for_each(|n| owned.insert(n));
        let full = owned.dict.memory();
        (MANY / 10..MANY).for_each(|n| owned.remove(n));
        owned.check();
        // A table for a few items under Miri: a third of it is its first segments.
        assert!(owned.dict.memory() < full / if cfg!(miri) { 2 } else { 4 }, "{} of {full}", owned.dict.memory());
        (0..MANY / 10).for_each(|n| owned.remove(n));
        assert_eq!(owned.dict.memory(), 0);
    }

    #[test]
    fn what_was_reserved_is_what_it_grows_to() {
        for count in [0, 1, 7, 8, 100, MANY / 10] {
            let (mut grown, mut reserved) = (Owned::new(), Owned::new());
            reserved.dict.reserve(count as usize);
            (0..count).for_each(|n| {
                grown.insert(n);
                reserved.insert(n);
            });
            assert_eq!(grown.dict.buckets(), reserved.dict.buckets(), "{count}");
            reserved.check();
            (0..count).for_each(|n| reserved.remove(n));
            assert_eq!(reserved.dict.memory(), 0);
        }
        let mut unused = Owned::new();
        unused.dict.reserve(1000);
        assert!(!unused.has(5));
        unused.insert(5);
        unused.check();
    }

    #[test]
    fn an_item_costs_eleven_bytes_of_table_or_less() {
        let mut owned = Owned::new();
        for n in 1..=MANY {
            owned.insert(n);
            if n > 1000 {
                let each = owned.dict.memory() as f64 / n as f64;
                assert!(each < 12.0, "{each} for each of {n}");
            }
        }
    }

    #[test]
    fn a_scan_meets_whatever_stays() {
        for seed in 0..if cfg!(miri) { 1 } else { 60 } {
            let mut rng = Rng::new(seed);
            let mut owned = Owned::new();
            let stay = rng.below(MANY / 8) + 1;
            let others = rng.below(MANY / 4) + 1;
            let mut upper = if rng.below(2) == 0 { 0 } else { others };
            (0..stay + upper).for_each(|n| owned.insert(n));
            let (mut seen, mut cursor) = (BTreeSet::new(), 0);
            // The table grows and shrinks between the calls, far enough for several levels.
            let mut grows = rng.below(2) == 0;
            loop {
                cursor = owned.dict.scan(cursor, |number| {
                    seen.insert(number.get());
                });
                if cursor == 0 {
                    break;
                }
                for n in 0..stay {
                    if Dict::<Number>::is_scanned(cursor, owned.hash(n)) {
                        assert!(seen.contains(&n), "seed {seed}: {n} is behind the cursor, but was not seen");
                    }
                }
                for _ in 0..rng.below(others / 8 + 1) {
                    grows = if upper == others {
                        false
                    } else if upper == 0 {
                        true
                    } else {
                        grows
                    };
                    match grows {
                        true => owned.insert(stay + upper),
                        false => owned.remove(stay + upper - 1),
                    }
                    upper = if grows { upper + 1 } else { upper - 1 };
                }
            }
            assert!((0..stay).all(|n| seen.contains(&n)), "seed {seed}");
        }
    }

    #[test]
    fn a_scan_of_a_table_at_rest_meets_everything_once() {
        let mut owned = Owned::new();
        for n in 0..MANY / 20 {
            owned.insert(n);
            let (mut seen, mut cursor) = (BTreeMap::new(), 0);
            loop {
                cursor = owned.dict.scan(cursor, |number| *seen.entry(number.get()).or_insert(0) += 1);
                if cursor == 0 {
                    break;
                }
            }
            assert_eq!(seen.len() as u64, n + 1);
            assert!(seen.values().all(|times| *times == 1));
        }
    }

    #[test]
    fn items_are_picked_about_equally_often() {
        let mut owned = Owned::new();
        // Midway between two powers of two: half of the buckets are split.
        let count = 1150;
        (0..count).for_each(|n| owned.insert(n));
        let (mut rng, mut picked) = (Rng::new(5), HashMap::new());
        let rounds = if cfg!(miri) { 20 } else { count * 200 };
        for _ in 0..rounds {
            *picked.entry(owned.dict.random(&mut rng).unwrap().get()).or_insert(0) += 1;
        }
        if !cfg!(miri) {
            assert_eq!(picked.len() as u64, count);
            let (least, most) = (picked.values().min().unwrap(), picked.values().max().unwrap());
            assert!(*least > 110 && *most < 290, "{least} to {most} times");
        }
    }

    #[test]
    fn every_item_is_in_some_sample_about_as_often_as_another() {
        let mut owned = Owned::new();
        let count = if cfg!(miri) { 40 } else { 1150 };
        (0..count).for_each(|n| owned.insert(n));
        let (mut rng, mut seen) = (Rng::new(5), HashMap::new());
        for _ in 0..count * 40 {
            owned.dict.sample(5, &mut rng, |number| *seen.entry(number.get()).or_insert(0) += 1);
        }
        assert_eq!(seen.len() as u64, count);
        let (least, most) = (seen.values().min().unwrap(), seen.values().max().unwrap());
        assert!(cfg!(miri) || *least > 70 && *most < 400, "{least} to {most} times of about 200");
    }

    #[test]
    fn a_sample_has_no_item_twice() {
        let (mut owned, mut rng) = (Owned::new(), Rng::new(9));
        for n in 0..200 {
            owned.insert(n);
            let mut sample = Vec::new();
            owned.dict.sample(16, &mut rng, |number| sample.push(number.get()));
            assert_eq!(sample.len() as u64, 16.min(n + 1));
            sample.sort_unstable();
            sample.dedup();
            assert_eq!(sample.len() as u64, 16.min(n + 1));
        }
    }

    #[test]
    fn a_slot_takes_another_pointer_to_an_equal_key() {
        let mut owned = Owned::new();
        (0..MANY / 20).for_each(|n| owned.insert(n));
        for n in 0..MANY / 20 {
            let (hash, new) = (owned.hash(n), Number::new(n));
            let slot = owned.dict.find_slot(hash, &n.to_ne_bytes()).unwrap();
            let old = slot.get();
            // SAFETY: the new number lives until it is removed.
            unsafe { slot.replace(new) };
            assert!(owned.dict.find_item(hash, old).is_none());
            assert_eq!(owned.dict.find_item(hash, new).unwrap().get(), new);
            old.free();
        }
        owned.check();
    }

    #[test]
    fn a_map_has_the_same_order() {
        let mut owned = Owned::new();
        (0..MANY / 20).for_each(|n| owned.insert(n));
        let copy = Owned { dict: owned.dict.map(|number| Number::new(number.get())), model: owned.model.clone() };
        copy.check();
        assert!(owned.dict.iter().map(Number::get).eq(copy.dict.iter().map(Number::get)));
        assert_eq!(copy.dict.memory(), owned.dict.memory());
    }
}
