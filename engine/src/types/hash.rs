//! The hash: a listpack of fields and values in turn while it is small, a table beyond.
//!
//! A field may have a moment at which it expires by itself; that takes a table. A hash whose fields don't expire pays
//! nothing for the possibility. Nothing here knows the time: [`Hash::at`] and [`Hash::remove_expired`] are told it.

use super::Limits;
use crate::base::heap::Moves;
use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::collections::listpack::{Element, Listpack, Position};
use crate::collections::ordered::Set;
use crate::collections::table::{self, Record, Table};
use crate::collections::word::Pair::{Large, Pack};
use crate::collections::word::Word;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// See the module.
#[derive(Clone)]
pub struct Hash {
    encoding: Word<Table>,
}

/// A hash as it is at a moment: a field whose time has passed is not there.
#[derive(Clone, Copy)]
pub struct Living<'a> {
    hash: &'a Hash,
    now: Time,
    /// Fields whose time has passed.
    due: usize,
}

/// A field with what it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    pub name: Element<'a>,
    pub value: Element<'a>,
    /// When it expires, to the millisecond.
    pub expiry: Option<Time>,
}

impl<'a> Field<'a> {
    fn of(record: Record<'a>) -> Self {
        let expiry = record.number.map(|millis| Time::from_millis(millis as u64));
        Field { name: Element::Bytes(record.key), value: Element::Bytes(record.value), expiry }
    }
}

/// Milliseconds, up to 2^53, are what a record's number holds exactly.
fn number_of(expiry: Time) -> f64 {
    expiry.millis() as f64
}

impl Hash {
    pub fn new() -> Self {
        Hash { encoding: Word::pack(Listpack::new()) }
    }

    /// A hash of the fields and values in a listpack from outside; `None` if they don't come in pairs or a field comes twice.
    pub fn from_pack(pack: Listpack, limits: &Limits) -> Option<Self> {
        let (mut names, mut longest, mut count) = (Set::new(), 0, 0);
        for (index, element) in pack.iter().enumerate() {
            longest = longest.max(element.with(<[u8]>::len));
            count += 1;
            if index % 2 == 0 && !element.with(|name| names.insert(Box::<[u8]>::from(name))) {
                return None;
            }
        }
        let fits = names.len() <= limits.hash_max_listpack_entries && longest <= limits.hash_max_listpack_value;
        let mut hash = Hash { encoding: Word::pack(pack) };
        if !fits {
            hash.enlarge(limits);
        }
        (count == names.len() * 2).then_some(hash)
    }

    /// The listpack, if that is the encoding.
    pub fn pack(&self) -> Option<&Listpack> {
        match self.encoding.pair() {
            Pack(pack) => Some(pack),
            Large(_) => None,
        }
    }

    pub fn len(&self) -> usize {
        match self.encoding.pair() {
            Pack(pack) => pack.len() / 2,
            Large(table) => table.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn memory(&self) -> usize {
        match self.encoding.pair() {
            Pack(pack) => pack.memory(),
            Large(table) => table::BOXED + table.memory(),
        }
    }

    /// How many pieces of memory it is made of, about.
    pub fn pieces(&self) -> usize {
        match self.encoding.pair() {
            Large(table) => table.len(),
            _ => 1,
        }
    }

    /// Requests the memory in which everything about it begins.
    pub fn prefetch(&self) {
        self.encoding.prefetch();
    }

    /// The table, if that is the encoding.
    pub fn table(&self) -> Option<&Table> {
        match self.encoding.pair() {
            Large(table) => Some(table),
            Pack(_) => None,
        }
    }

    pub fn encoding(&self) -> &'static str {
        match self.encoding.pair() {
            Pack(_) => "listpack",
            Large(_) => "hashtable",
        }
    }

    pub fn get(&self, name: &[u8]) -> Option<Element<'_>> {
        match self.encoding.pair() {
            Pack(pack) => find(pack, name).map(|at| pack.get(pack.next(at))),
            Large(table) => table.get(name).map(|record| Element::Bytes(record.value)),
        }
    }

    pub fn contains(&self, name: &[u8]) -> bool {
        match self.encoding.pair() {
            Pack(pack) => find(pack, name).is_some(),
            Large(table) => table.contains(name),
        }
    }

    /// To be told before a command sets this many fields: where there are too many for a listpack, even if some are
    /// the same field, Redis changes the encoding at once.
    pub fn expect(&mut self, fields: usize, limits: &Limits) {
        if fields > limits.hash_max_listpack_entries {
            self.enlarge(limits);
        }
    }

    /// Sets a field, which from then on does not expire; whether it is new.
    pub fn set(&mut self, name: &[u8], value: &[u8], limits: &Limits) -> bool {
        self.put(name, value, None, limits)
    }

    /// Sets a field and leaves it its expiry; whether it is new.
    pub fn update(&mut self, name: &[u8], value: &[u8], limits: &Limits) -> bool {
        let expiry = self.expiry(name);
        self.put(name, value, expiry, limits)
    }

    fn put(&mut self, name: &[u8], value: &[u8], expiry: Option<Time>, limits: &Limits) -> bool {
        if name.len().max(value.len()) > limits.hash_max_listpack_value {
            self.enlarge(limits);
        }
        match self.encoding.pair_mut() {
            Large(table) => table.put(Record { key: name, value, number: expiry.map(number_of) }),
            Pack(pack) => {
                let new = put_into_pack(pack, name, value);
                if pack.len() / 2 > limits.hash_max_listpack_entries {
                    self.enlarge(limits);
                }
                new
            }
        }
    }

    /// Whether the field was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match self.encoding.pair_mut() {
            Large(table) => table.remove(name),
            Pack(pack) => match find(pack, name) {
                Some(at) => pack.remove_many(at, 2) == 2,
                None => false,
            },
        }
    }

    /// All fields, in the order of the encoding.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        let (pairs, records) = match self.encoding.pair() {
            Pack(pack) => (Some(pairs(pack)), None),
            Large(table) => (None, Some(table.iter().map(Field::of))),
        };
        pairs.into_iter().flatten().chain(records.into_iter().flatten())
    }

    /// Calls `f` with some fields and gives the cursor for the next call; 0 begins and 0 ends.
    pub fn scan<'a>(&'a self, cursor: u64, mut f: impl FnMut(Field<'a>)) -> u64 {
        match self.encoding.pair() {
            Pack(pack) => {
                pairs(pack).for_each(f);
                0
            }
            Large(table) => table.scan(cursor, |record| f(Field::of(record))),
        }
    }

    /// A field, each about as likely as any other.
    pub fn random(&self, rng: &mut Rng) -> Option<Field<'_>> {
        match self.encoding.pair() {
            Pack(pack) if pack.is_empty() => None,
            Pack(pack) => pairs(pack).nth(rng.below(self.len() as u64) as usize),
            Large(table) => table.random(rng).map(Field::of),
        }
    }

    /// So many different fields, or all.
    pub fn distinct(&self, count: usize, rng: &mut Rng) -> Vec<Field<'_>> {
        match self.encoding.pair() {
            Pack(pack) => table::choose(pairs(pack), self.len(), count, rng),
            Large(table) => table.distinct(count, rng).into_iter().map(Field::of).collect(),
        }
    }

    /// When a field expires.
    pub fn expiry(&self, name: &[u8]) -> Option<Time> {
        match self.encoding.pair() {
            Large(table) if table.ranked() > 0 => Field::of(table.get(name)?).expiry,
            _ => None,
        }
    }

    /// Gives a field a moment to expire at, or takes it away; whether there is such a field.
    pub fn set_expiry(&mut self, name: &[u8], expiry: Option<Time>, limits: &Limits) -> bool {
        if !self.contains(name) {
            return false;
        }
        if expiry.is_some() {
            self.enlarge(limits);
        }
        match self.encoding.pair_mut() {
            Pack(_) => true,
            Large(table) => table.set_number(name, expiry.map(number_of)),
        }
    }

    /// What reading commands see of it at a moment.
    pub fn at(&self, now: Time) -> Living<'_> {
        Living { hash: self, now, due: self.due(now) }
    }

    /// How many fields are there whose time has passed.
    fn due(&self, now: Time) -> usize {
        match self.encoding.pair() {
            Pack(_) => 0,
            Large(table) => table.partition_by_number(|number| number <= number_of(now)),
        }
    }

    /// Whether there is such a field, and its time has passed.
    pub fn is_due(&self, name: &[u8], now: Time) -> bool {
        self.expiry(name).is_some_and(|expiry| expiry <= now)
    }

    /// How many fields expire by themselves.
    pub fn expiring(&self) -> usize {
        match self.encoding.pair() {
            Pack(_) => 0,
            Large(table) => table.ranked(),
        }
    }

    /// When the next field expires.
    pub fn next_expiry(&self) -> Option<Time> {
        match self.encoding.pair() {
            Large(table) if table.ranked() > 0 => Field::of(table.at_rank(0)).expiry,
            _ => None,
        }
    }

    /// Removes up to `most` fields whose moment has come, and calls `f` with each before; says how many.
    pub fn remove_expired(&mut self, now: Time, most: usize, mut f: impl FnMut(Field<'_>)) -> usize {
        let mut removed = 0;
        while removed < most && self.next_expiry().is_some_and(|expiry| expiry <= now) {
            if let Large(table) = self.encoding.pair_mut() {
                f(Field::of(table.at_rank(0)));
                table.remove_rank(0);
            }
            removed += 1;
        }
        removed
    }

    /// Offers some of its memory for moving, and returns the cursor to go on with; 0 begins and 0 ends.
    pub fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        self.encoding.offer(cursor, moves)
    }

    /// Frees about `budget` fields; whether none is left.
    pub fn shed(&mut self, budget: usize) -> bool {
        if let Large(table) = self.encoding.pair_mut()
            && !table.shed(budget)
        {
            return false;
        }
        *self = Hash::new();
        true
    }

    fn enlarge(&mut self, limits: &Limits) {
        let Pack(pack) = self.encoding.pair() else { return };
        let mut table = Table::new(limits.seed);
        for Field { name, value, .. } in pairs(pack) {
            let (mut name_text, mut value_text) = (None, None);
            let (key, value) = (name.text(&mut name_text), value.text(&mut value_text));
            table.put(Record { key, value, number: None });
        }
        self.encoding = Word::large(table);
    }
}

impl Default for Hash {
    fn default() -> Self {
        Hash::new()
    }
}

/// How often to try again when the field found turns out to have expired.
const TRIES: usize = 100;

impl<'a> Living<'a> {
    pub fn get(self, name: &[u8]) -> Option<Element<'a>> {
        self.hash.get(name).filter(|_| !self.has_expired(name))
    }

    pub fn contains(self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// Whether there was such a field, until its time had passed.
    pub fn has_expired(self, name: &[u8]) -> bool {
        self.due > 0 && self.hash.is_due(name, self.now)
    }

    pub fn expiry(self, name: &[u8]) -> Option<Time> {
        self.hash.expiry(name).filter(|&expiry| expiry > self.now)
    }

    pub fn len(self) -> usize {
        self.hash.len() - self.due
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Field<'a>> {
        self.hash.iter().filter(move |field| self.sees(field))
    }

    /// See [`Hash::scan`].
    pub fn scan(self, cursor: u64, mut f: impl FnMut(Field<'a>)) -> u64 {
        self.hash.scan(cursor, |field| {
            if self.sees(&field) {
                f(field);
            }
        })
    }

    /// A field, each about as likely as any other.
    pub fn random(self, rng: &mut Rng) -> Option<Field<'a>> {
        if self.due == 0 || self.is_empty() {
            return self.hash.random(rng).filter(|_| !self.is_empty());
        }
        let found = (0..TRIES).find_map(|_| self.hash.random(rng).filter(|field| self.sees(field)));
        found.or_else(|| self.iter().nth(rng.below(self.len() as u64) as usize))
    }

    /// So many different fields, or all.
    pub fn distinct(self, count: usize, rng: &mut Rng) -> Vec<Field<'a>> {
        if self.due == 0 {
            return self.hash.distinct(count, rng);
        }
        table::choose(self.iter(), self.len(), count, rng)
    }

    fn sees(self, field: &Field<'_>) -> bool {
        self.due == 0 || field.expiry.is_none_or(|expiry| expiry > self.now)
    }
}

fn find(pack: &Listpack, name: &[u8]) -> Option<Position> {
    pack.find(pack.start(), 2, name)
}

fn pairs(pack: &Listpack) -> impl Iterator<Item = Field<'_>> {
    let mut elements = pack.iter();
    core::iter::from_fn(move || Some(Field { name: elements.next()?, value: elements.next()?, expiry: None }))
}

fn put_into_pack(pack: &mut Listpack, name: &[u8], value: &[u8]) -> bool {
    match find(pack, name) {
        Some(at) => {
            pack.replace(pack.next(at), Element::of(value));
            false
        }
        None => {
            pack.push_back(Element::of(name));
            pack.push_back(Element::of(value));
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use std::collections::{BTreeMap, BTreeSet};

    type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<Time>)>;

    fn check(hash: &Hash, model: &Model) {
        let mut fields: Vec<_> = hash
            .iter()
            .map(|field| (field.name.with(<[u8]>::to_vec), (field.value.with(<[u8]>::to_vec), field.expiry)))
            .collect();
        fields.sort();
        assert!(fields.iter().eq(model.clone().into_iter().collect::<Vec<_>>().iter()));
        assert_eq!(hash.expiring(), model.values().filter(|(_, expiry)| expiry.is_some()).count());
        assert_eq!(hash.next_expiry(), model.values().filter_map(|(_, expiry)| *expiry).min());
        let mut scanned = BTreeSet::new();
        let mut cursor = 0;
        loop {
            cursor = hash.scan(cursor, |field| _ = scanned.insert(field.name.with(<[u8]>::to_vec)));
            if cursor == 0 {
                break;
            }
        }
        assert!(scanned.iter().eq(model.keys()));
    }

    #[test]
    fn behaves_like_a_map() {
        let limits = Limits { hash_max_listpack_entries: 40, ..Limits::default() };
        let mut rng = Rng::new(77);
        for expiring in [false, true] {
            let (mut hash, mut model) = (Hash::new(), Model::new());
            for step in 0..4000 {
                let name = format!("{}", rng.below(30 + step / 20)).into_bytes();
                let value = format!("{}", rng.bits() >> rng.below(60)).into_bytes();
                match rng.below(8) {
                    0..=2 => assert_eq!(hash.set(&name, &value, &limits), model.insert(name, (value, None)).is_none()),
                    3 => {
                        let expiry = model.get(&name).and_then(|entry| entry.1);
                        assert_eq!(hash.update(&name, &value, &limits), model.insert(name, (value, expiry)).is_none());
                    }
                    4 if expiring => {
                        let expiry = (rng.below(4) > 0).then(|| Time::from_millis(step + rng.below(500)));
                        let found = model.get_mut(&name).map(|entry| entry.1 = expiry).is_some();
                        assert_eq!(hash.set_expiry(&name, expiry, &limits), found);
                    }
                    5 => {
                        let now = Time::from_millis(step);
                        let before = model.len();
                        model.retain(|_, entry| entry.1.is_none_or(|expiry| expiry > now));
                        assert_eq!(hash.remove_expired(now, usize::MAX, |_| ()), before - model.len());
                    }
                    _ => assert_eq!(hash.remove(&name), model.remove(&name).is_some()),
                }
                let probe = model.keys().next().cloned().unwrap_or_default();
                let value = hash.get(&probe).map(|value| value.with(<[u8]>::to_vec));
                assert_eq!(value.as_ref(), model.get(&probe).map(|entry| &entry.0));
                assert_eq!(
                    (hash.len(), hash.expiry(&probe)),
                    (model.len(), model.get(&probe).and_then(|entry| entry.1))
                );
                if step % 100 == 0 {
                    check(&hash, &model);
                    let copy = hash.clone();
                    check(&copy, &model);
                    assert_eq!(copy.memory(), hash.memory());
                }
            }
            while !hash.shed(10) {}
            assert!(hash.is_empty());
        }
    }

    /// Recorded from `OBJECT ENCODING` of Valkey 9.1.
    #[test]
    fn encodings_change_where_redis_changes_them() {
        let limits = Limits::default();
        let mut hash = Hash::new();
        (0..512).for_each(|n| _ = hash.set(format!("{n}").as_bytes(), b"v", &limits));
        hash.set(b"1", &[b'x'; 64], &limits);
        assert_eq!(hash.encoding(), "listpack");
        let mut long = hash.clone();
        long.set(b"1", &[b'x'; 65], &limits);
        hash.set(b"512", b"v", &limits);
        assert_eq!((hash.encoding(), long.encoding()), ("hashtable", "hashtable"));
        (0..500).for_each(|n| _ = hash.remove(format!("{n}").as_bytes()));
        assert_eq!((hash.len(), hash.encoding()), (13, "hashtable"));
        let mut hash = Hash::new();
        hash.expect(512, &limits);
        assert_eq!(hash.encoding(), "listpack");
        hash.expect(513, &limits);
        assert_eq!(hash.encoding(), "hashtable");
        let mut hash = Hash::new();
        hash.set(b"f", b"v", &limits);
        assert!(hash.set_expiry(b"f", None, &limits) && hash.encoding() == "listpack");
        assert!(hash.set_expiry(b"f", Some(Time::from_millis(5)), &limits) && hash.encoding() == "hashtable");
    }

    #[test]
    fn a_listpack_from_outside_is_checked() {
        let limits = Limits { hash_max_listpack_entries: 2, ..Limits::default() };
        let pack = |texts: &[&str]| {
            let mut pack = Listpack::new();
            texts.iter().for_each(|text| pack.push_back(Element::of(text.as_bytes())));
            pack
        };
        let encoding = |texts: &[&str]| Hash::from_pack(pack(texts), &limits).map(|hash| hash.encoding());
        assert_eq!(encoding(&["a", "1", "b", "1"]), Some("listpack"));
        assert_eq!(encoding(&["a", "1", "b", "1", "c", "1"]), Some("hashtable"));
        assert_eq!(encoding(&["a", "1", "b"]), None);
        assert_eq!(encoding(&["a", "1", "a", "1"]), None);
    }
}
