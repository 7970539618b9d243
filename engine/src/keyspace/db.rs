//! One database: what commands do with keys.

use super::Key;
use super::access::Mark;
use super::entry::Entry;
use super::entry::store::{Expiry, Index, Offers, Share, Store};
use super::entry::value::{Kind, Object, Value};
use crate::base::number::parse_i64;
use crate::base::rng::Rng;
use crate::base::time::Time;
use alloc::vec::Vec;

/// Keys with their values and expiries. It keeps no rules: a key whose time has passed is there until somebody
/// discards it, an emptied list likewise.
#[derive(Clone)]
pub struct Db {
    store: Store,
    modifications: u64,
}

/// What was in a database before it was cleared, to be freed in steps.
#[derive(Clone)]
pub struct Remains {
    store: Store,
    keys: usize,
}

impl Db {
    pub(super) fn new(slots: bool, seed: (u64, u64)) -> Self {
        Db { store: Store::new(slots, seed), modifications: 0 }
    }

    #[inline]
    pub fn get(&self, key: &Key) -> Option<&Entry> {
        self.store.get(key)
    }

    pub fn contains(&self, key: &Key) -> bool {
        self.get(key).is_some()
    }

    pub fn len(&self) -> usize {
        self.store.len(Index::All)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys have an expiry.
    pub fn expires_len(&self) -> usize {
        self.store.len(Index::Expiring)
    }

    /// How many keys hold a value of which parts expire by themselves.
    pub fn partly_expiring_len(&self) -> usize {
        self.store.len(Index::PartlyExpiring)
    }

    /// What tables, entries and values cost. Removing a key always lowers it.
    pub fn memory(&self) -> usize {
        self.store.memory()
    }

    /// What of [`Db::memory`] the tables cost.
    pub fn table_memory(&self) -> usize {
        self.store.table_memory()
    }

    /// What of [`Db::table_memory`] the tables cost that know of expiries.
    pub fn index_memory(&self) -> usize {
        self.store.index_memory()
    }

    /// The keys of a kind, with what they and their values cost.
    pub fn share(&self, kind: Kind) -> Share {
        self.store.share(kind)
    }

    /// [`Db::memory`], added up entry by entry: what a check compares it with.
    pub fn recount(&self) -> usize {
        self.store.table_memory() + self.iter().map(Entry::memory).sum::<usize>()
    }

    /// What is held for entries beyond [`Db::memory`]: freed cells, and pages not yet full.
    pub fn spare(&self) -> usize {
        self.store.spare()
    }

    /// Goes up with every change of a value or an expiry.
    pub fn modifications(&self) -> u64 {
        self.modifications
    }

    /// Gives the key this value and this expiry, or none, whatever it had. The access bits of a new entry are 0, those
    /// of an old one stay.
    pub fn insert(&mut self, key: &Key, value: Value, expiry: Option<Time>) -> &Entry {
        self.modifications += 1;
        self.store.put(key, value, Expiry::Is(expiry))
    }

    /// Gives the key another value; an expiry stays.
    pub fn set_value(&mut self, key: &Key, value: Value) -> &Entry {
        self.modifications += 1;
        self.store.put(key, value, Expiry::Keep)
    }

    /// What SET does: [`Db::insert`] of a string, kept as an integer where it is the text of one.
    #[inline]
    pub fn set_bytes(&mut self, key: &Key, bytes: &[u8], expiry: Option<Time>) -> &Entry {
        self.modifications += 1;
        match parse_i64(bytes) {
            Some(value) => self.store.put_int(key, value, Expiry::Is(expiry)),
            None => self.store.put_bytes(key, bytes, Expiry::Is(expiry)),
        }
    }

    /// Gives the key this integer; an expiry stays.
    pub fn update_int(&mut self, key: &Key, value: i64) -> &Entry {
        self.modifications += 1;
        self.store.put_int(key, value, Expiry::Keep)
    }

    /// Edits a string, or an empty one if there is no such key; an expiry stays. A long string is edited where it is,
    /// so what an edit costs is what `f` does. Panics if the key holds another type.
    pub fn edit_bytes<R>(&mut self, key: &Key, f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        self.modifications += 1;
        self.store.edit_bytes(key, f)
    }

    /// [`Db::edit_bytes`], where `f` also says whether that changed anything: it does if there was no such key.
    pub fn edit_bytes_if<R>(&mut self, key: &Key, f: impl FnOnce(&mut Vec<u8>) -> (bool, R)) -> R {
        let (changed, result) = self.store.edit_bytes(key, f);
        self.modifications += u64::from(changed);
        result
    }

    /// Edits the object that the key holds, where it is; `f` also says whether that changed it. Panics if there is none.
    pub fn edit_object<R>(&mut self, key: &Key, f: impl FnOnce(&mut Object) -> (bool, R)) -> R {
        let (changed, result) = self.store.edit_object(key, f);
        self.modifications += u64::from(changed);
        result
    }

    /// Takes the key out, and returns what it held.
    pub fn remove(&mut self, key: &Key) -> Option<(Value, Option<Time>)> {
        let removed = self.store.remove(key);
        self.modifications += u64::from(removed.is_some());
        removed
    }

    /// Takes the key out and frees what it held, a large value later ([`Db::free_doomed`]); whether it was there.
    pub fn discard(&mut self, key: &Key) -> bool {
        let discarded = self.store.discard(key);
        self.modifications += u64::from(discarded);
        discarded
    }

    /// Frees what was taken out of a value, something large later.
    pub fn doom(&mut self, object: Object) {
        self.store.doom(object);
    }

    /// Whether that changed anything.
    pub fn set_expiry(&mut self, key: &Key, expiry: Option<Time>) -> bool {
        let changed = self.store.set_expiry(key, expiry);
        self.modifications += u64::from(changed);
        changed
    }

    /// [`Entry::written`] of a key, if it is there; no modification.
    pub fn written(&self, key: &Key, mark: Mark) {
        if let Some(entry) = self.get(key) {
            entry.written(mark);
        }
    }

    /// Calls `f` with some entries and returns the cursor for the next call; 0 begins and 0 ends. An entry that is
    /// there from the first call to the last is seen at least once. In cluster mode the slot is in the low 14 bits.
    pub fn scan(&self, cursor: u64, f: impl FnMut(&Entry)) -> u64 {
        self.store.scan(Index::All, cursor, f)
    }

    /// Offers the memory of some entries for moving, and returns the cursor for the next call; 0 begins and 0 ends. Nothing that
    /// could be asked for changes. The keys of values of more than `most` pieces are left in [`Offers::large`].
    pub fn offer(&mut self, cursor: u64, most: usize, offers: &mut Offers) -> u64 {
        self.store.offer(cursor, most, offers)
    }

    /// Offers some of what such a value holds, likewise.
    pub fn offer_value(&mut self, key: &Key, cursor: u64, offers: &mut Offers) -> u64 {
        self.store.offer_value(key, cursor, offers)
    }

    /// [`Db::scan`] over the keys that have an expiry.
    pub fn expires_scan(&self, cursor: u64, f: impl FnMut(&Entry)) -> u64 {
        self.store.scan(Index::Expiring, cursor, f)
    }

    /// [`Db::scan`] over the keys that hold a value of which parts expire by themselves.
    pub fn partly_expiring_scan(&self, cursor: u64, f: impl FnMut(&Entry)) -> u64 {
        self.store.scan(Index::PartlyExpiring, cursor, f)
    }

    /// [`Db::scan`] over the keys of one slot, in cluster mode; the cursor carries no slot.
    pub fn scan_slot(&self, slot: u16, cursor: u64, f: impl FnMut(&Entry)) -> u64 {
        self.store.scan_slot(slot, cursor, f)
    }

    /// Keys of one slot, in cluster mode.
    pub fn slot_len(&self, slot: u16) -> usize {
        self.store.slot_len(slot)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.store.iter()
    }

    pub fn random(&self, rng: &mut Rng) -> Option<&Entry> {
        self.store.random(Index::All, rng)
    }

    pub fn expires_random(&self, rng: &mut Rng) -> Option<&Entry> {
        self.store.random(Index::Expiring, rng)
    }

    /// Calls `f` with `count` entries (or all, if there are fewer) that are next to each other, from a random place on.
    pub fn sample(&self, count: usize, rng: &mut Rng, f: impl FnMut(&Entry)) {
        self.store.sample(Index::All, count, rng, f);
    }

    /// [`Db::sample`] of the keys that have an expiry.
    pub fn sample_expires(&self, count: usize, rng: &mut Rng, f: impl FnMut(&Entry)) {
        self.store.sample(Index::Expiring, count, rng, f);
    }

    /// Empties the database at once; what was in it is still to be freed.
    pub fn clear(&mut self) -> Remains {
        self.modifications += u64::from(!self.is_empty());
        let keys = self.len() + self.doomed_len();
        Remains { store: self.store.take_all(), keys }
    }

    /// How many large values were removed or overwritten and are still to be freed.
    pub fn doomed_len(&self) -> usize {
        self.store.doomed().0
    }

    /// What those cost.
    pub fn doomed_memory(&self) -> usize {
        self.store.doomed().1
    }

    /// Frees about `budget` pieces of them; what is left of the budget.
    pub fn free_doomed(&mut self, budget: usize) -> usize {
        self.store.free_doomed(budget)
    }

    #[inline(always)]
    pub(super) fn prefetch_bucket(&self, hash: u64, slot: u16) {
        self.store.prefetch_bucket(hash, slot);
    }

    #[inline(always)]
    pub(super) fn prefetch_entry(&self, hash: u64, slot: u16) {
        self.store.prefetch_entry(hash, slot);
    }
}

impl Remains {
    /// Frees about `budget` entries; whether all are freed. Dropping the remains frees the rest.
    pub fn free(&mut self, budget: usize) -> bool {
        self.store.free_some(budget)
    }

    /// What is still to be freed.
    pub fn memory(&self) -> usize {
        self.store.memory() + self.store.doomed().1
    }

    /// How many keys there were, with values that were being freed already.
    pub fn keys(&self) -> usize {
        self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Keyspace, ValueRef};
    use super::*;
    use crate::base::number::format_i64;
    use crate::types::list::End;
    use crate::types::{Hash, Limits, List, Set, ZSet};
    use std::collections::{BTreeMap, BTreeSet};
    use std::format;
    use std::string::String;
    use std::vec;

    #[derive(Clone, Debug, PartialEq)]
    struct Held {
        bytes: Vec<u8>,
        encoding: &'static str,
        expiry: Option<Time>,
        access: u32,
    }

    type Model = BTreeMap<Vec<u8>, Held>;

    fn held(entry: &Entry) -> Held {
        let bytes = match entry.value() {
            ValueRef::Int(value) => format_i64(value).to_vec(),
            ValueRef::Bytes(bytes) => bytes.to_vec(),
            _ => panic!("these tests have strings only"),
        };
        Held { bytes, encoding: entry.encoding(), expiry: entry.expiry(), access: entry.access() }
    }

    fn contents(db: &Db) -> Model {
        db.iter().map(|entry| (entry.key().to_vec(), held(entry))).collect()
    }

    fn unedited(bytes: &[u8]) -> &'static str {
        match parse_i64(bytes) {
            Some(_) => "int",
            None if bytes.len() <= 44 => "embstr",
            None => "raw",
        }
    }

    /// A keyspace and what should be in its database 0.
    struct Pair {
        keyspace: Keyspace,
        model: Model,
        rng: Rng,
    }

    impl Pair {
        fn new(slots: bool, seed: u64) -> Self {
            Pair { keyspace: Keyspace::new(1, slots, (seed, 7)), model: Model::new(), rng: Rng::new(seed) }
        }

        fn key(&mut self) -> Vec<u8> {
            let mut key = format!("key:{}", self.rng.below(if cfg!(miri) { 12 } else { 300 })).into_bytes();
            // Some need two bytes for their length, some four.
            match key[key.len() - 1] {
                b'7' => key.resize(300, b'x'),
                b'8' if key.len() == 5 && !cfg!(miri) => key.resize(66_000, b'x'),
                _ => {}
            }
            key
        }

        fn text(&mut self) -> Vec<u8> {
            let length = match self.rng.below(8) {
                0..4 => self.rng.below(60),
                4..7 => self.rng.below(600),
                _ => self.rng.below(3000),
            };
            vec![b'a' + (length % 26) as u8; length as usize]
        }

        fn expiry(&mut self) -> Option<Time> {
            (self.rng.below(3) == 0).then(|| Time::from_millis(self.rng.below(5)))
        }

        fn step(&mut self) {
            let (name, text, expiry) = (self.key(), self.text(), self.expiry());
            let key = self.keyspace.key(&name);
            let (db, model) = (self.keyspace.db_mut(0), &mut self.model);
            let before = model.get(&name).cloned();
            let (memory, modifications) = (db.memory(), db.modifications());
            let access = before.as_ref().map_or(0, |held| held.access);
            let mut changed = true;
            match self.rng.below(9) {
                0 | 1 => {
                    db.set_bytes(&key, &text, expiry);
                    model.insert(name, Held { encoding: unedited(&text), bytes: text, expiry, access });
                }
                2 => {
                    let value = self.rng.bits() as i64 >> self.rng.below(64);
                    let bytes = format_i64(value).to_vec();
                    db.set_bytes(&key, &bytes, expiry);
                    model.insert(name, Held { encoding: "int", bytes, expiry, access });
                }
                3 => {
                    let value = self.rng.bits() as i64 >> self.rng.below(64);
                    db.update_int(&key, value);
                    let bytes = format_i64(value).to_vec();
                    let expiry = before.and_then(|held| held.expiry);
                    model.insert(name, Held { encoding: "int", bytes, expiry, access });
                }
                4 => {
                    db.edit_bytes(&key, |bytes| bytes.extend_from_slice(&text));
                    let held = before.unwrap_or(Held { bytes: vec![], encoding: "raw", expiry: None, access: 0 });
                    let bytes = [held.bytes, text].concat();
                    model.insert(name, Held { bytes, encoding: "raw", ..held });
                }
                5 => {
                    changed = db.set_expiry(&key, expiry);
                    assert_eq!(changed, before.as_ref().is_some_and(|held| held.expiry != expiry));
                    before.into_iter().for_each(|held| drop(model.insert(name.clone(), Held { expiry, ..held })));
                }
                6 => {
                    let access = self.rng.below(1 << 24) as u32;
                    if let Some(entry) = db.get(&key) {
                        entry.set_access(access);
                    }
                    changed = false;
                    before.into_iter().for_each(|held| drop(model.insert(name.clone(), Held { access, ..held })));
                }
                7 => {
                    changed = db.discard(&key);
                    assert_eq!(changed, model.remove(&name).is_some());
                    assert!(!changed || db.memory() < memory);
                }
                _ => {
                    let removed = db.remove(&key);
                    changed = removed.is_some();
                    let removed = removed.map(|(value, expiry)| match value {
                        Value::Int(value) => (format_i64(value).to_vec(), expiry),
                        Value::Bytes(bytes) => (bytes, expiry),
                        Value::Object(_) => panic!("these tests have strings only"),
                    });
                    assert_eq!(removed, model.remove(&name).map(|held| (held.bytes, held.expiry)));
                }
            }
            assert_eq!(db.modifications() > modifications, changed);
        }

        fn check(&self) {
            let db = self.keyspace.db(0);
            assert_eq!(db.len(), self.model.len());
            assert_eq!(contents(db), self.model);
            for (name, expected) in &self.model {
                assert_eq!(held(db.get(&self.keyspace.key(name)).unwrap()), *expected);
            }
            let expiring: BTreeSet<_> =
                self.model.iter().filter(|(_, held)| held.expiry.is_some()).map(|(name, _)| name.clone()).collect();
            assert_eq!(db.expires_len(), expiring.len());
            let (mut seen, mut cursor) = (BTreeSet::new(), 0);
            loop {
                cursor = db.expires_scan(cursor, |entry| assert!(seen.insert(entry.key().to_vec())));
                if cursor == 0 {
                    break;
                }
            }
            assert_eq!(seen, expiring);
            let entries: usize = db.iter().map(Entry::memory).sum();
            assert_eq!(db.memory(), entries + db.store.table_memory());
        }
    }

    const STEPS: usize = if cfg!(miri) { 160 } else { 12_000 };

    #[test]
    fn a_database_of_entries_holds_what_a_map_holds() {
        for (seed, slots) in [(1, false), (2, true)] {
            let mut pair = Pair::new(slots, seed);
            for step in 0..STEPS {
                pair.step();
                if step % (STEPS / 20) == 0 {
                    pair.check();
                }
            }
            pair.check();
            let keys: Vec<_> = pair.model.keys().cloned().collect();
            for name in keys {
                let key = pair.keyspace.key(&name);
                assert!(pair.keyspace.db_mut(0).discard(&key));
            }
            assert_eq!((pair.keyspace.memory(), pair.keyspace.spare()), (0, 0));
        }
    }

    #[test]
    fn a_copy_goes_on_as_the_original_does() {
        for (seed, slots) in [(3, false), (4, true)] {
            let mut pair = Pair::new(slots, seed);
            (0..STEPS / 2).for_each(|_| pair.step());
            let mut copy = Pair { keyspace: pair.keyspace.clone(), model: pair.model.clone(), rng: pair.rng.clone() };
            for step in 0..STEPS / 2 {
                if step % (STEPS / 10) == 0 {
                    assert_eq!(copy.keyspace.memory(), pair.keyspace.memory());
                    let keys = |pair: &Pair| pair.keyspace.db(0).iter().map(|entry| entry.key().to_vec()).collect();
                    let (ours, theirs): (Vec<_>, Vec<_>) = (keys(&pair), keys(&copy));
                    assert_eq!(ours, theirs);
                }
                pair.step();
                copy.step();
            }
            copy.check();
            drop(pair);
            copy.check();
        }
    }

    #[test]
    fn what_was_cleared_is_freed_in_steps() {
        for slots in [false, true] {
            let mut pair = Pair::new(slots, 5);
            (0..STEPS / 4).for_each(|_| pair.step());
            let db = pair.keyspace.db_mut(0);
            let (keys, memory) = (db.len(), db.memory());
            let mut remains = db.clear();
            assert_eq!((db.len(), db.expires_len(), db.memory(), db.iter().count()), (0, 0, 0, 0));
            assert_eq!(remains.memory(), memory);
            let mut steps = 0;
            while !remains.free(4) {
                steps += 1;
            }
            assert!(steps >= keys / 20 && remains.memory() == 0, "{steps} steps for {keys} keys");
            pair.model.clear();
            pair.step();
            pair.check();
            drop(pair.keyspace.db_mut(0).clear());
        }
    }

    #[test]
    fn a_scan_meets_every_key_in_every_slot() {
        for slots in [false, true] {
            let mut pair = Pair::new(slots, 6);
            (0..STEPS / 2).for_each(|_| pair.step());
            let db = pair.keyspace.db(0);
            let (mut seen, mut cursor) = (BTreeSet::new(), 0);
            loop {
                cursor = db.scan(cursor, |entry| assert!(seen.insert(entry.key().to_vec())));
                if cursor == 0 {
                    break;
                }
            }
            assert!(seen.iter().eq(pair.model.keys()));
            if slots {
                for name in pair.model.keys() {
                    let slot = pair.keyspace.key(name).slot;
                    let (mut keys, mut cursor) = (Vec::new(), 0);
                    loop {
                        cursor = db.scan_slot(slot, cursor, |entry| keys.push(entry.key().to_vec()));
                        if cursor == 0 {
                            break;
                        }
                    }
                    assert!(keys.len() == db.slot_len(slot) && keys.contains(name));
                }
            }
        }
    }

    #[test]
    fn picks_and_samples_are_of_the_right_keys() {
        for slots in [false, true] {
            let mut pair = Pair::new(slots, 8);
            let mut rng = Rng::new(1);
            assert!(pair.keyspace.db(0).random(&mut rng).is_none());
            (0..STEPS / 2).for_each(|_| pair.step());
            let db = pair.keyspace.db(0);
            let mut seen = BTreeSet::new();
            for _ in 0..if cfg!(miri) { 20 } else { 5000 } {
                seen.insert(db.random(&mut rng).unwrap().key().to_vec());
                assert!(db.expires_random(&mut rng).unwrap().has_expiry());
            }
            assert!(cfg!(miri) || seen.len() > pair.model.len() * 9 / 10, "{} of {}", seen.len(), pair.model.len());
            for count in [1, 5, 16, 10_000] {
                let (mut all, mut expiring) = (Vec::new(), Vec::new());
                db.sample(count, &mut rng, |entry| all.push(entry.key().to_vec()));
                db.sample_expires(count, &mut rng, |entry| expiring.push(entry.key().to_vec()));
                assert_eq!((all.len(), expiring.len()), (count.min(db.len()), count.min(db.expires_len())));
                assert!(expiring.iter().all(|name| pair.model[name].expiry.is_some()));
                all.sort();
                all.dedup();
                assert_eq!(all.len(), count.min(db.len()));
            }
        }
    }

    #[test]
    fn a_long_string_is_not_copied_to_be_edited() {
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        let key = keyspace.key(b"log");
        let db = keyspace.db_mut(0);
        let mut moves = 0;
        let mut last = core::ptr::null();
        for _ in 0..if cfg!(miri) { 100 } else { 20_000 } {
            db.edit_bytes(&key, |bytes| {
                moves += u32::from(!core::ptr::eq(bytes.as_ptr(), last));
                bytes.extend_from_slice(b"0123456789");
                last = bytes.as_ptr();
            });
        }
        assert!(moves < 120, "{moves} moves");
    }

    #[test]
    fn a_string_that_is_shared_stays_as_it_was() {
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        let (key, short) = (keyspace.key(b"long"), keyspace.key(b"short"));
        let db = keyspace.db_mut(0);
        db.set_bytes(&short, b"text", None);
        assert!(db.get(&short).and_then(Entry::shared).is_none());
        let text = [7; 5000];
        let shared = |db: &Db| db.get(&key).and_then(Entry::shared).expect("it is long");
        let mut held = Vec::new();
        for end in 0..5 {
            db.set_bytes(&key, &text, Some(Time::from_millis(5)));
            held.push(shared(db));
            let copy = db.clone();
            match end {
                // Edited twice: the second time there is nobody to share with.
                0 => (0..2).for_each(|_| db.edit_bytes(&key, |bytes| bytes.push(8))),
                1 => assert!(db.remove(&key).is_some_and(|(value, _)| matches!(value, Value::Bytes(b) if b == text))),
                2 => assert!(db.discard(&key)),
                3 => _ = db.set_bytes(&key, b"other", None),
                _ => drop(db.clear()),
            }
            accounts(db);
            assert_eq!(*shared(&copy), text);
        }
        assert!(held.iter().all(|held| **held == text));
        db.set_bytes(&key, &text, None);
        let before = db.memory();
        let shared = shared(db);
        db.edit_bytes(&key, |bytes| bytes[0] = 1);
        assert_eq!((db.memory(), shared[0]), (before, 7));
    }

    fn push(db: &mut Db, key: &Key, text: &[u8]) -> usize {
        db.edit_object(key, |object| match object {
            Object::List(list) => {
                list.push(End::Tail, text, &Limits::default());
                (true, list.len())
            }
            _ => panic!("it is a list"),
        })
    }

    fn accounts(db: &Db) {
        let entries: usize = db.iter().map(Entry::memory).sum();
        assert_eq!(db.memory(), entries + db.store.table_memory());
    }

    #[test]
    fn an_object_is_edited_where_it_is_and_its_memory_counts() {
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        let (list, other) = (keyspace.key(b"list"), keyspace.key(b"other"));
        let db = keyspace.db_mut(0);
        db.set_bytes(&other, b"text", None);
        let before = db.memory();
        let moment = Time::from_millis(5);
        db.insert(&list, Value::Object(Object::List(List::default())), Some(moment)).set_access(77);
        for n in 1..=if cfg!(miri) { 20 } else { 3000 } {
            assert_eq!(push(db, &list, b"0123456789"), n);
            accounts(db);
        }
        assert!(db.memory() > before + if cfg!(miri) { 200 } else { 30_000 });
        let entry = db.get(&list).unwrap();
        assert_eq!((entry.kind().name(), entry.expiry(), entry.access()), ("list", Some(moment), 77));
        assert_eq!(entry.encoding(), if cfg!(miri) { "listpack" } else { "quicklist" });
        assert!(db.set_expiry(&list, None));
        let Some((Value::Object(Object::List(taken)), None)) = db.remove(&list) else { panic!("it is a list") };
        assert!(taken.len() > 10);
        assert_eq!(db.memory(), before);
        db.insert(&other, Value::Object(Object::List(taken)), None);
        accounts(db);
        db.set_value(&other, Value::Int(5));
        accounts(db);
        assert!(db.discard(&other));
        assert_eq!((db.memory(), db.spare()), (0, 0));
    }

    #[test]
    fn a_copy_has_objects_of_its_own() {
        let mut keyspace = Keyspace::new(1, true, (1, 2));
        let (list, set) = (keyspace.key(b"list"), keyspace.key(b"set"));
        let db = keyspace.db_mut(0);
        db.insert(&list, Value::Object(Object::List(List::default())), None);
        db.insert(&set, Value::Object(Object::Set(Set::default())), Some(Time::ZERO));
        push(db, &list, b"one");
        let mut copy = keyspace.clone();
        assert_eq!(copy.memory(), keyspace.memory());
        assert_eq!(push(copy.db_mut(0), &list, b"two"), 2);
        assert_eq!(push(keyspace.db_mut(0), &list, b"three"), 2);
        drop(keyspace);
        accounts(copy.db(0));
        let db = copy.db_mut(0);
        assert_eq!(db.get(&set).unwrap().kind().name(), "set");
        let mut remains = db.clear();
        while !remains.free(1) {}
        assert_eq!(remains.memory(), 0);
    }

    #[test]
    fn hashes_of_which_fields_expire_are_known_wherever_they_go() {
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        let (a, b, other) = (keyspace.key(b"a"), keyspace.key(b"b"), keyspace.key(b"other"));
        let db = keyspace.db_mut(0);
        let limits = Limits::default();
        let known = |db: &Db| {
            let mut keys = Vec::new();
            db.partly_expiring_scan(0, |entry| keys.push(String::from_utf8(entry.key().to_vec()).unwrap()));
            assert_eq!(keys.len(), db.partly_expiring_len());
            keys.sort();
            keys.concat()
        };
        let expire = |db: &mut Db, key: &Key, expiry| {
            db.edit_object(key, |object| match object {
                Object::Hash(hash) => (hash.set_expiry(b"f", expiry, &limits), ()),
                _ => panic!("it is a hash"),
            });
        };
        let mut hash = Hash::new();
        hash.set(b"f", b"v", &limits);
        db.insert(&a, Value::Object(Object::Hash(hash)), None);
        db.set_bytes(&other, b"text", None);
        assert_eq!(known(db), "");
        expire(db, &a, Some(Time::from_millis(9)));
        assert_eq!(known(db), "a");
        // The entry moves to another piece.
        assert!(db.set_expiry(&a, Some(Time::ZERO)));
        assert_eq!(known(db), "a");
        let (value, _) = db.remove(&a).unwrap();
        assert_eq!(known(db), "");
        db.insert(&b, value.clone(), None);
        db.insert(&other, value, Some(Time::ZERO));
        assert_eq!(known(db), "bother");
        expire(db, &b, None);
        db.set_bytes(&other, b"text", None);
        assert_eq!(known(db), "");
        expire(db, &b, Some(Time::from_millis(9)));
        accounts(db);
        let copy = keyspace.clone();
        assert_eq!(known(copy.db(0)), "b");
        let db = keyspace.db_mut(0);
        let mut remains = db.clear();
        while !remains.free(1) {}
        assert_eq!(known(db), "");
        assert_eq!(copy.db(0).get(&b).unwrap().kind().name(), "hash");
    }

    #[test]
    #[should_panic(expected = "a list is edited as a string")]
    fn an_object_is_no_string() {
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        let key = keyspace.key(b"list");
        keyspace.db_mut(0).insert(&key, Value::Object(Object::List(List::default())), None);
        keyspace.db_mut(0).edit_bytes(&key, |bytes| bytes.push(b'x'));
    }

    #[test]
    fn integers_take_the_bytes_they_need() {
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        let name = String::from_utf8(vec![b'k'; 16]).unwrap();
        let key = keyspace.key(name.as_bytes());
        let db = keyspace.db_mut(0);
        for (value, memory) in [(0, 24), (8_388_607, 24), (-8_388_608, 24), (8_388_608, 32), (i64::MIN, 32)] {
            assert_eq!(db.update_int(&key, value).memory(), memory);
            assert!(matches!(db.get(&key).unwrap().value(), ValueRef::Int(v) if v == value));
        }
        assert_eq!(db.set_bytes(&key, &[b'v'; 16], None).memory(), 40);
        assert_eq!(db.set_bytes(&key, &[b'v'; 16], Some(Time::ZERO)).memory(), 48);
        assert_eq!(db.set_bytes(&key, b"007", None).encoding(), "embstr");
    }

    #[test]
    fn no_step_frees_more_than_its_budget() {
        let count = if cfg!(miri) { 600 } else { 20_000 };
        let limits = Limits { list_max_listpack_size: 1, ..Limits::default() };
        let (mut set, mut hash, mut zset, mut list) = (Set::new(), Hash::new(), ZSet::new(), List::new());
        for item in 0..count {
            let text = format!("item {item:010}").into_bytes();
            set.insert(&text, &limits);
            hash.set(&text, &text, &limits);
            zset.insert(f64::from(item), &text, &limits);
            list.push(End::Tail, &text, &limits);
        }
        let values = [Object::Set(set), Object::Hash(hash), Object::ZSet(zset), Object::List(list)];
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        let key = keyspace.key(b"k");
        for value in values {
            keyspace.db_mut(0).insert(&key, Value::Object(value), None);
            keyspace.db_mut(0).insert(&key, Value::Int(1), None);
            let (whole, budget) = (keyspace.db(0).doomed_memory(), 100);
            assert_eq!(keyspace.db(0).doomed_len(), 1);
            while keyspace.db(0).doomed_len() > 0 {
                let before = keyspace.db(0).doomed_memory();
                keyspace.db_mut(0).free_doomed(budget);
                let freed = before - keyspace.db(0).doomed_memory();
                // A few pieces more: what is in one bucket or leaf goes together, and the segments of a table's cells are
                // not many.
                let cells = whole / 8;
                assert!(freed <= whole / count as usize * 2 * (budget + 70) + cells, "{freed} of {whole}");
            }
        }
    }
}
