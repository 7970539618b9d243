//! A database's entries with the tables that lead to them and the memory they lie in: the only code that makes,
//! moves and ends entries.

use super::tables::{Table, Tables};
use super::value::{Kind, Object, Value};
use super::{Entry, EntryPtr, Form, LONGEST_INLINE, Pointer, own};
use crate::base::hash::siphash;
use crate::base::heap::Moves;
use crate::base::number::format_i64;
use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::collections::slab::{self, Slab};
use crate::keyspace::Key;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::{self, ManuallyDrop};
use core::ptr::NonNull;

/// Invariants, on which every `unsafe` here relies: each pointer in `entries` leads to a live entry in `slab`; those
/// of them that have an expiry, and no others, are in `expires` as well, and those with a value of which parts expire in
/// `partly`; entries are changed and freed only through `&mut self`, so a borrowed entry stays what it is.
pub struct Store {
    entries: Tables,
    expires: Tables,
    partly: Tables,
    slab: Slab,
    /// What values cost that lie outside their entries.
    values: usize,
    /// Entries with more to free than a cell of the slab.
    outside: usize,
    /// Of each kind: its entries with their values. Strings, by far the most, are what the others leave over.
    kinds: [Share; Kind::ALL.len()],
    /// Room to edit short strings in.
    scratch: Vec<u8>,
    doomed: Doomed,
}

/// Values that were taken out and are too large to be freed at once.
#[derive(Clone, Default)]
struct Doomed {
    objects: Vec<Object>,
    memory: usize,
}

/// Some of the keys, and what their entries and values cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub keys: usize,
    pub memory: usize,
}

/// What has been offered for moving, and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    pub moves: Moves,
    /// Keys of which something was moved, and of which nothing was.
    pub moved_keys: u64,
    pub stayed_keys: u64,
    /// Keys whose values are still to be offered, being too large for a step.
    pub large: Vec<Box<[u8]>>,
}

impl Offers {
    /// Counts a key, with how much had been moved before it.
    fn count_key(&mut self, before: u64) {
        let is_moved = self.moves.moved > before;
        self.moved_keys += u64::from(is_moved);
        self.stayed_keys += u64::from(!is_moved);
    }
}

/// An object that is being edited. Should that panic, its entry still owns it.
struct Lent {
    entry: EntryPtr,
    object: ManuallyDrop<Object>,
    /// Whether the entry is among those of which parts expire.
    partly: bool,
}

/// Which expiry an entry is to have.
#[derive(Clone, Copy)]
pub enum Expiry {
    Keep,
    Is(Option<Time>),
}

/// All entries, those that have an expiry, or those with a value of which parts expire.
#[derive(Clone, Copy)]
pub enum Index {
    All,
    Expiring,
    PartlyExpiring,
}

/// Editing room beyond this is not kept.
const LARGEST_SCRATCH: usize = 4096;
/// As many pieces are freed in the time that it takes to give pages back.
const PAGES: usize = 1000;
/// A value of more pieces than this is freed in steps, as Redis does it.
const LARGE: usize = 64;

impl Store {
    pub fn new(slots: bool, seed: (u64, u64)) -> Self {
        Store {
            entries: Tables::new(slots, seed),
            expires: Tables::new(slots, seed),
            partly: Tables::new(slots, seed),
            slab: Slab::new(),
            values: 0,
            outside: 0,
            kinds: Default::default(),
            scratch: Vec::new(),
            doomed: Doomed::default(),
        }
    }

    /// Puts an empty store in this one's place and returns what was there.
    pub fn take_all(&mut self) -> Store {
        let empty = Store {
            entries: self.entries.renewed(),
            expires: self.expires.renewed(),
            partly: self.partly.renewed(),
            slab: Slab::new(),
            values: 0,
            outside: 0,
            kinds: Default::default(),
            scratch: Vec::new(),
            doomed: Doomed::default(),
        };
        mem::replace(self, empty)
    }

    pub fn len(&self, of: Index) -> usize {
        self.index(of).len()
    }

    /// Keys of one slot, in cluster mode.
    pub fn slot_len(&self, slot: u16) -> usize {
        self.entries.table(slot).map_or(0, Table::len)
    }

    /// What tables, entries and values cost.
    pub fn memory(&self) -> usize {
        self.table_memory() + self.slab.used() + self.values
    }

    pub fn table_memory(&self) -> usize {
        self.entries.memory() + self.index_memory()
    }

    /// What of it the tables cost that know of expiries.
    pub fn index_memory(&self) -> usize {
        self.expires.memory() + self.partly.memory()
    }

    /// The keys of a kind, with what their entries and values cost.
    pub fn share(&self, kind: Kind) -> Share {
        if kind != Kind::String {
            return self.kinds[kind as usize];
        }
        let all = Share { keys: self.entries.len(), memory: self.slab.used() + self.values };
        self.kinds
            .iter()
            .fold(all, |left, other| Share { keys: left.keys - other.keys, memory: left.memory - other.memory })
    }

    /// What of the slab's memory no entry uses.
    pub fn spare(&self) -> usize {
        self.slab.spare()
    }

    #[inline]
    pub fn get(&self, key: &Key) -> Option<&Entry> {
        self.find(key).map(|entry| self.borrow(entry))
    }

    pub fn put(&mut self, key: &Key, value: Value, expiry: Expiry) -> &Entry {
        match value {
            Value::Int(value) => self.put_form(key, Form::Int(value), expiry),
            Value::Object(object) => self.put_form(key, Form::Boxed(Pointer::from_object(object)), expiry),
            Value::Bytes(bytes) if bytes.len() <= LONGEST_INLINE => self.put_bytes(key, &bytes, expiry),
            Value::Bytes(mut bytes) => {
                bytes.shrink_to_fit();
                self.put_form(key, Form::Boxed(Pointer::from_bytes(bytes)), expiry)
            }
        }
    }

    pub fn put_int(&mut self, key: &Key, value: i64, expiry: Expiry) -> &Entry {
        self.put_form(key, Form::Int(value), expiry)
    }

    #[inline]
    pub fn put_bytes(&mut self, key: &Key, bytes: &[u8], expiry: Expiry) -> &Entry {
        if bytes.len() <= LONGEST_INLINE {
            return self.put_form(key, Form::Inline { bytes, edited: false }, expiry);
        }
        let form = Form::Boxed(Pointer::from_bytes(bytes.into()));
        self.put_form(key, form, expiry)
    }

    /// Edits a string, or an empty one if there is no such key; a long one in place. Must not be called for another
    /// type.
    pub fn edit_bytes<R>(&mut self, key: &Key, f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let (mut f, mut result) = (Some(f), None);
        self.lend_bytes(key, &mut |bytes| result = f.take().map(|f| f(bytes)));
        result.expect("the bytes are lent once")
    }

    /// Apart from [`Store::edit_bytes`], so that there is one of it, and not one for each who edits.
    fn lend_bytes(&mut self, key: &Key, f: &mut dyn FnMut(&mut Vec<u8>)) {
        let mut bytes = mem::take(&mut self.scratch);
        bytes.clear();
        if let Some(entry) = self.find(key) {
            match self.borrow(entry).form() {
                Form::Int(value) => bytes.extend_from_slice(&format_i64(value)),
                Form::Inline { bytes: inline, .. } => bytes.extend_from_slice(inline),
                Form::Boxed(Pointer::Bytes(vector)) => {
                    self.scratch = bytes;
                    self.uncount(entry);
                    let vector = self.unshare(entry, vector);
                    // SAFETY: the entry alone owns the vector, and is borrowed by nobody while `self` is.
                    f(unsafe { &mut *vector.as_ptr() });
                    self.count(entry);
                    return;
                }
                Form::Boxed(Pointer::Object(kind, _)) => panic!("a {} is edited as a string", kind.name()),
            }
        }
        f(&mut bytes);
        // What a string costs must not depend on what was edited before: it never is the scratch as it is.
        if bytes.capacity() > LARGEST_SCRATCH {
            self.put(key, Value::Bytes(mem::take(&mut bytes)), Expiry::Keep);
        } else if bytes.len() > LONGEST_INLINE {
            self.put_bytes(key, &bytes, Expiry::Keep);
        } else {
            self.put_form(key, Form::Inline { bytes: &bytes, edited: true }, Expiry::Keep);
        }
        self.scratch = bytes;
    }

    /// The vector of a long string, or a copy that takes its place in the entry if others share it.
    fn unshare(&mut self, entry: EntryPtr, vector: NonNull<Vec<u8>>) -> NonNull<Vec<u8>> {
        // SAFETY: the pointer came out of an `Arc`, of which the entry keeps its share for now.
        let mut shared = ManuallyDrop::new(unsafe { Arc::from_raw(vector.as_ptr()) });
        if Arc::get_mut(&mut shared).is_some() {
            return vector;
        }
        let pointer = Pointer::from_bytes(own(ManuallyDrop::into_inner(shared)));
        let expiry = self.borrow(entry).expiry();
        // SAFETY: see the invariants. The piece stays the same, as one pointer takes another's place.
        let same = unsafe { entry.renew(&mut self.slab, expiry, Form::Boxed(pointer)) };
        debug_assert!(same == entry);
        let Pointer::Bytes(vector) = pointer else { unreachable!("it was made of bytes") };
        vector
    }

    /// Edits the object that the key holds. Must not be called where there is none.
    pub fn edit_object<R>(&mut self, key: &Key, f: impl FnOnce(&mut Object) -> R) -> R {
        let mut lent = self.lend_object(key);
        let result = f(&mut lent.object);
        self.take_object_back(key, lent);
        result
    }

    fn lend_object(&mut self, key: &Key) -> Lent {
        let entry = self.find(key).expect("the key of an object to edit exists");
        let Form::Boxed(pointer @ Pointer::Object(..)) = self.borrow(entry).form() else {
            panic!("a string is edited as an object")
        };
        let partly = self.borrow(entry).has_expiring_parts();
        self.uncount(entry);
        // SAFETY: the entry owns the object, is borrowed by nobody while `self` is, and gets it back.
        let Value::Object(object) = (unsafe { pointer.into_value() }) else { unreachable!("it holds an object") };
        Lent { entry, object: ManuallyDrop::new(object), partly }
    }

    fn take_object_back(&mut self, key: &Key, Lent { entry, object, partly }: Lent) {
        let form = Form::Boxed(Pointer::from_object(ManuallyDrop::into_inner(object)));
        let expiry = self.borrow(entry).expiry();
        // SAFETY: see the invariants. The piece stays the same, as one pointer takes another's place.
        let same = unsafe { entry.renew(&mut self.slab, expiry, form) };
        debug_assert!(same == entry);
        self.count(entry);
        self.settle_in_partly(key, entry, entry, partly);
    }

    /// Whether that changed anything.
    pub fn set_expiry(&mut self, key: &Key, expiry: Option<Time>) -> bool {
        let Some(entry) = self.find(key) else { return false };
        let before = self.borrow(entry).expiry();
        if before == expiry {
            return false;
        }
        let partly = self.borrow(entry).has_expiring_parts();
        self.uncount(entry);
        // SAFETY: see the invariants; `settle` replaces the pointer if it changed.
        let renewed = unsafe { entry.with_expiry(&mut self.slab, expiry) };
        self.count(renewed);
        self.settle(key, entry, renewed, before.is_some(), partly);
        true
    }

    pub fn remove(&mut self, key: &Key) -> Option<(Value, Option<Time>)> {
        let entry = self.find(key)?;
        let expiry = self.borrow(entry).expiry();
        self.unlink(key, entry);
        // SAFETY: see the invariants; nothing leads to the entry any more.
        let value = unsafe { entry.take_value() };
        // SAFETY: likewise; the value is taken.
        unsafe { entry.free(&mut self.slab) };
        Some((value, expiry))
    }

    pub fn discard(&mut self, key: &Key) -> bool {
        let Some(entry) = self.find(key) else { return false };
        self.unlink(key, entry);
        self.free(entry);
        true
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.tables().flat_map(Table::iter).map(|entry| self.borrow(entry))
    }

    pub fn scan(&self, of: Index, cursor: u64, mut f: impl FnMut(&Entry)) -> u64 {
        self.index(of).scan(cursor, |entry| f(self.borrow(entry)))
    }

    pub fn scan_slot(&self, slot: u16, cursor: u64, mut f: impl FnMut(&Entry)) -> u64 {
        self.entries.table(slot).map_or(0, |table| table.scan(cursor, |entry| f(self.borrow(entry))))
    }

    pub fn random(&self, of: Index, rng: &mut Rng) -> Option<&Entry> {
        self.index(of).random(rng).map(|entry| self.borrow(entry))
    }

    pub fn sample(&self, of: Index, count: usize, rng: &mut Rng, mut f: impl FnMut(&Entry)) {
        self.index(of).sample(count, rng, |entry| f(self.borrow(entry)));
    }

    #[inline(always)]
    pub fn prefetch_bucket(&self, hash: u64, slot: u16) {
        if let Some(table) = self.entries.table(slot) {
            table.prefetch_bucket(hash);
        }
    }

    #[inline(always)]
    pub fn prefetch_entry(&self, hash: u64, slot: u16) {
        if let Some(table) = self.entries.table(slot) {
            table.prefetch_item(hash);
        }
    }

    /// Values that were taken out and are still to be freed: how many, and what they cost.
    pub fn doomed(&self) -> (usize, usize) {
        (self.doomed.objects.len(), self.doomed.memory)
    }

    /// Frees what was taken out of a value, something large later.
    pub fn doom(&mut self, object: Object) {
        self.doomed.end(object);
    }

    /// Frees about `budget` pieces of the values that were taken out; what is left of it.
    pub fn free_doomed(&mut self, budget: usize) -> usize {
        self.doomed.free(budget)
    }

    /// Frees about as many entries, or pieces of values, as `budget` says, or as much memory in the same time; whether all is freed.
    pub fn free_some(&mut self, budget: usize) -> bool {
        let mut left = self.doomed.free(budget.max(1));
        // Those tables hold no entries of their own.
        while left > 0 && (self.expires.drain_bucket(|_| ()) || self.partly.drain_bucket(|_| ())) {
            left -= 1;
        }
        while left > 0 {
            let mut freed = 0;
            let Store { slab, outside, values, doomed, .. } = self;
            let more = self.entries.drain_bucket(|entry| {
                freed += 1;
                // Where nothing but cells is left, they all go with their pages.
                if *outside > 0 {
                    // SAFETY: see the invariants; nothing leads to the entry any more.
                    unsafe {
                        *outside -= usize::from(entry.entry().reaches_outside());
                        *values -= entry.entry().boxed_memory();
                        doomed.end_value(entry);
                        entry.free(slab);
                    }
                }
            });
            if !more {
                break;
            }
            left = self.doomed.free(left - left.min(1 + freed));
        }
        // SAFETY: once the tables are empty nothing leads to any entry.
        while left > 0 && self.entries.len() == 0 && unsafe { self.slab.free_pages() } {
            left = left.saturating_sub(PAGES);
        }
        left > 0
    }

    /// Offers the entries of a bucket, with what they point at, for moving, and returns the cursor to go on with; 0 begins and 0
    /// ends. Of a value of more than `most` pieces only the entry is offered.
    pub fn offer(&mut self, cursor: u64, most: usize, offers: &mut Offers) -> u64 {
        let Store { entries, expires, partly, slab, .. } = self;
        let seed = entries.seed();
        entries.rescan(cursor, |slot, old| {
            let before = offers.moves.moved;
            // SAFETY: see the invariants; all tables lead to where the entry is from here on.
            let new = unsafe {
                if old.entry().pieces() > most {
                    offers.large.push(old.entry().key().into());
                } else {
                    let mut within = old.offer_value(0, &mut offers.moves);
                    while within != 0 {
                        within = old.offer_value(within, &mut offers.moves);
                    }
                }
                old.offer(slab, &mut offers.moves)
            };
            // SAFETY: likewise.
            let entry = unsafe { new.entry() };
            let (expires_itself, expires_partly) = (entry.has_expiry(), entry.has_expiring_parts());
            if new != old && (expires_itself || expires_partly) {
                let key = Key { bytes: entry.key(), hash: siphash(seed, entry.key()), slot };
                settle_in(expires, &key, (old, expires_itself), (new, expires_itself));
                settle_in(partly, &key, (old, expires_partly), (new, expires_partly));
            }
            offers.count_key(before);
            new
        })
    }

    /// Offers some of a large value for moving, and returns the cursor to go on with; 0 begins and 0 ends.
    pub fn offer_value(&mut self, key: &Key, cursor: u64, offers: &mut Offers) -> u64 {
        // SAFETY: see the invariants.
        self.find(key).map_or(0, |entry| unsafe { entry.offer_value(cursor, &mut offers.moves) })
    }

    fn index(&self, of: Index) -> &Tables {
        match of {
            Index::All => &self.entries,
            Index::Expiring => &self.expires,
            Index::PartlyExpiring => &self.partly,
        }
    }

    /// An entry out of this store's tables.
    #[inline(always)]
    fn borrow(&self, entry: EntryPtr) -> &Entry {
        // SAFETY: see the invariants.
        unsafe { entry.entry() }
    }

    #[inline(always)]
    fn find(&self, key: &Key) -> Option<EntryPtr> {
        self.entries.table(key.slot)?.find(key.hash, key.bytes)
    }

    fn put_form(&mut self, key: &Key, form: Form<'_>, expiry: Expiry) -> &Entry {
        let Some(entry) = self.find(key) else { return self.add(key, form, expiry) };
        let before = self.borrow(entry).expiry();
        let expiry = match expiry {
            Expiry::Keep => before,
            Expiry::Is(expiry) => expiry,
        };
        let partly = self.borrow(entry).has_expiring_parts();
        self.uncount(entry);
        // SAFETY: see the invariants. The form borrows nothing of the entry, `settle` replaces the pointer if it
        // changed, and what the entry pointed at before is dropped once.
        let renewed = unsafe {
            self.doomed.end_value(entry);
            entry.renew(&mut self.slab, expiry, form)
        };
        self.count(renewed);
        self.settle(key, entry, renewed, before.is_some(), partly);
        self.borrow(renewed)
    }

    fn add(&mut self, key: &Key, form: Form<'_>, expiry: Expiry) -> &Entry {
        let expiry = match expiry {
            Expiry::Keep => None,
            Expiry::Is(expiry) => expiry,
        };
        let entry = EntryPtr::new(&mut self.slab, 0, key.bytes, expiry, form);
        self.count(entry);
        // SAFETY: `key.hash` was made by the keyspace with the seed of all its tables; the entry lives, with its
        // key, until it was taken out of the tables.
        self.entries.update(key.slot, |table| unsafe { table.insert_new(key.hash, entry) });
        if expiry.is_some() {
            insert(&mut self.expires, key, entry);
        }
        self.settle_in_partly(key, entry, entry, false);
        self.borrow(entry)
    }

    /// After an entry was renewed: makes the tables lead to where it is now, and the other indices know it or not.
    /// `expired` and `partly` say which of them knew it.
    fn settle(&mut self, key: &Key, old: EntryPtr, new: EntryPtr, expired: bool, partly: bool) {
        if new != old {
            replace(&mut self.entries, key, old, new);
        }
        let expires = self.borrow(new).has_expiry();
        settle_in(&mut self.expires, key, (old, expired), (new, expires));
        self.settle_in_partly(key, old, new, partly);
    }

    fn settle_in_partly(&mut self, key: &Key, old: EntryPtr, new: EntryPtr, known: bool) {
        let knows = self.borrow(new).has_expiring_parts();
        settle_in(&mut self.partly, key, (old, known), (new, knows));
    }

    /// Takes an entry out of the tables and the account.
    fn unlink(&mut self, key: &Key, entry: EntryPtr) {
        if self.borrow(entry).has_expiry() {
            remove(&mut self.expires, key, entry);
        }
        if self.borrow(entry).has_expiring_parts() {
            remove(&mut self.partly, key, entry);
        }
        remove(&mut self.entries, key, entry);
        self.uncount(entry);
    }

    /// Ends an entry that is in no table any more.
    fn free(&mut self, entry: EntryPtr) {
        // SAFETY: see the invariants; nothing leads to the entry any more.
        unsafe {
            self.doomed.end_value(entry);
            entry.free(&mut self.slab);
        }
    }

    /// Before and after whatever may change what an entry costs beside its piece.
    #[inline]
    fn uncount(&mut self, entry: EntryPtr) {
        let (memory, outside) = self.weight(entry);
        self.values -= memory;
        self.outside -= outside;
        if let Some((kind, cell)) = self.object(entry) {
            let share = &mut self.kinds[kind as usize];
            *share = Share { keys: share.keys - 1, memory: share.memory - memory - cell };
        }
    }

    #[inline]
    fn count(&mut self, entry: EntryPtr) {
        let (memory, outside) = self.weight(entry);
        self.values += memory;
        self.outside += outside;
        if let Some((kind, cell)) = self.object(entry) {
            let share = &mut self.kinds[kind as usize];
            *share = Share { keys: share.keys + 1, memory: share.memory + memory + cell };
        }
    }

    /// The kind of an entry that holds no string, and what its piece costs.
    #[inline]
    fn object(&self, entry: EntryPtr) -> Option<(Kind, usize)> {
        let entry = self.borrow(entry);
        entry.holds_object().then(|| (entry.kind(), slab::cost(entry.size())))
    }

    #[inline]
    fn weight(&self, entry: EntryPtr) -> (usize, usize) {
        let entry = self.borrow(entry);
        if entry.reaches_outside() { (entry.boxed_memory(), 1) } else { (0, 0) }
    }
}

impl Doomed {
    /// Drops what an entry points at, if it does: at once where that is little work.
    ///
    /// # Safety
    /// The entry is alive, and not looked at again but to be renewed or freed.
    unsafe fn end_value(&mut self, entry: EntryPtr) {
        // SAFETY: by contract the entry is alive, and gives up what it points at here.
        unsafe {
            if entry.entry().pieces() <= LARGE {
                entry.drop_value();
            } else if let Value::Object(object) = entry.take_value() {
                self.end(object);
            }
        }
    }

    /// Drops an object: at once where that is little work.
    fn end(&mut self, object: Object) {
        if object.borrow().pieces() > LARGE {
            self.memory += object.borrow().object_memory();
            self.objects.push(object);
        }
    }

    /// Frees about `budget` pieces; what is left of the budget.
    fn free(&mut self, budget: usize) -> usize {
        let mut left = budget;
        while left > 0
            && let Some(object) = self.objects.last_mut()
        {
            let (pieces, before) = (object.borrow().pieces(), object.borrow().object_memory());
            let is_done = object.shed(left);
            self.memory -= before;
            if is_done {
                self.objects.pop();
            } else {
                self.memory += object.borrow().object_memory();
            }
            // What is not done has found that enough was done at once.
            left -= if is_done { left.min(pieces.max(1)) } else { left };
        }
        left
    }
}

/// The copy goes on as the original does: its tables have the same order, its memory the same cost.
impl Clone for Store {
    fn clone(&self) -> Self {
        let mut slab = Slab::new();
        // SAFETY: see the invariants.
        let entries = self.entries.map(|_, entry| unsafe { entry.duplicate(&mut slab) });
        let copied = |slot, entry: EntryPtr| {
            let key = self.borrow(entry).key();
            let table = entries.table(slot).expect("each entry was copied with its table");
            table.find(table.hash(key), key).expect("each entry was copied")
        };
        let (expires, partly) = (self.expires.map(copied), self.partly.map(copied));
        Store {
            entries,
            expires,
            partly,
            slab,
            values: self.values,
            outside: self.outside,
            kinds: self.kinds,
            scratch: Vec::new(),
            doomed: self.doomed.clone(),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        while !self.free_some(usize::MAX) {}
    }
}

/// Makes an index know an entry, or not, that was at `old` and is at `new`.
fn settle_in(index: &mut Tables, key: &Key, (old, knew): (EntryPtr, bool), (new, knows): (EntryPtr, bool)) {
    match (knew, knows) {
        (true, true) if new != old => replace(index, key, old, new),
        (true, false) => remove(index, key, old),
        (false, true) => insert(index, key, new),
        _ => {}
    }
}

fn insert(tables: &mut Tables, key: &Key, entry: EntryPtr) {
    // SAFETY: as for `Store::entries`, into which the entry was put before.
    tables.update(key.slot, |table| unsafe { table.insert_new(key.hash, entry) });
}

fn replace(tables: &mut Tables, key: &Key, old: EntryPtr, new: EntryPtr) {
    tables.update(key.slot, |table| {
        let slot = table.find_item(key.hash, old).expect("the table leads to the entry");
        // SAFETY: the new entry is the old one, with the same key, where it lies now.
        unsafe { slot.replace(new) }
    });
}

fn remove(tables: &mut Tables, key: &Key, entry: EntryPtr) {
    tables.update(key.slot, |table| {
        table.find_item(key.hash, entry).expect("the table leads to the entry").remove();
    });
}
