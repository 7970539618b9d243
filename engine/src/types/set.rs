//! The set: an intset while all members are integers, a listpack while it is small, a table beyond.

use super::Limits;
use crate::base::heap::Moves;
use crate::base::number::{format_i64, i64_text_len, parse_i64};
use crate::base::rng::Rng;
use crate::collections::intset::Intset;
use crate::collections::listpack::{Element, Listpack};
use crate::collections::ordered;
use crate::collections::table::{self, LOT, Record, Table};
use crate::collections::word::View::{Ints, Large, Pack};
use crate::collections::word::Word;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// See the module.
#[derive(Clone)]
pub struct Set {
    encoding: Word<Table>,
}

/// Redis never lets an intset grow beyond this, whatever the parameter says.
const MAX_INTSET: usize = 1 << 30;

impl Set {
    pub fn new() -> Self {
        Set { encoding: Word::ints(Intset::new()) }
    }

    /// An empty set in the encoding Redis chooses for a command that brings so many members, the first one being `first`.
    pub fn expecting(first: &[u8], members: usize, limits: &Limits) -> Self {
        let encoding = if parse_i64(first).is_some() && members <= limits.set_max_intset_entries {
            Word::ints(Intset::new())
        } else if members <= limits.set_max_listpack_entries {
            Word::pack(Listpack::new())
        } else {
            Word::large(Table::new(limits.seed))
        };
        Set { encoding }
    }

    /// To be told before a command adds this many members: where there are too many for the encoding, even if
    /// some are the same, Redis changes it at once.
    pub fn expect(&mut self, members: usize, limits: &Limits) {
        let most = match self.encoding.view() {
            Ints(_) => limits.set_max_intset_entries,
            Pack(_) => limits.set_max_listpack_entries,
            Large(_) => return,
        };
        if members > most {
            self.enlarge(limits);
        }
    }

    /// To be told, while it is empty, how many members will come: then a large set needs less time.
    pub fn reserve(&mut self, members: usize) {
        if let Large(table) = self.encoding.view_mut() {
            table.reserve(members);
        }
    }

    pub fn from_intset(ints: Intset, limits: &Limits) -> Self {
        let mut set = Set { encoding: Word::ints(ints) };
        set.bound_ints(limits);
        set
    }

    /// A set of the members in a listpack from outside; `None` if one comes twice.
    pub fn from_pack(pack: Listpack, limits: &Limits) -> Option<Self> {
        let (mut members, mut longest) = (ordered::Set::new(), 0);
        for element in pack.iter() {
            longest = longest.max(element.with(<[u8]>::len));
            if !element.with(|member| members.insert(Box::<[u8]>::from(member))) {
                return None;
            }
        }
        let fits = members.len() <= limits.set_max_listpack_entries && longest <= limits.set_max_listpack_value;
        let mut set = Set { encoding: Word::pack(pack) };
        if !fits {
            set.enlarge(limits);
        }
        Some(set)
    }

    /// The intset, if that is the encoding.
    pub fn intset(&self) -> Option<&Intset> {
        match self.encoding.view() {
            Ints(ints) => Some(ints),
            _ => None,
        }
    }

    /// The listpack, if that is the encoding.
    pub fn pack(&self) -> Option<&Listpack> {
        match self.encoding.view() {
            Pack(pack) => Some(pack),
            _ => None,
        }
    }

    pub fn len(&self) -> usize {
        match self.encoding.view() {
            Ints(ints) => ints.len(),
            Pack(pack) => pack.len(),
            Large(table) => table.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn memory(&self) -> usize {
        match self.encoding.view() {
            Ints(ints) => ints.memory(),
            Pack(pack) => pack.memory(),
            Large(table) => table::BOXED + table.memory(),
        }
    }

    /// How many pieces of memory it is made of, about.
    pub fn pieces(&self) -> usize {
        match self.encoding.view() {
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
        match self.encoding.view() {
            Large(table) => Some(table),
            _ => None,
        }
    }

    pub fn encoding(&self) -> &'static str {
        match self.encoding.view() {
            Ints(_) => "intset",
            Pack(_) => "listpack",
            Large(_) => "hashtable",
        }
    }

    pub fn contains(&self, member: &[u8]) -> bool {
        match self.encoding.view() {
            Ints(ints) => parse_i64(member).is_some_and(|value| ints.contains(value)),
            Pack(pack) => pack.find(pack.start(), 1, member).is_some(),
            Large(table) => table.contains(member),
        }
    }

    /// Whether the member is new.
    pub fn insert(&mut self, member: &[u8], limits: &Limits) -> bool {
        if let Ints(ints) = self.encoding.view_mut() {
            if let Some(value) = parse_i64(member) {
                let new = ints.insert(value);
                self.bound_ints(limits);
                return new;
            }
            self.leave_ints(member, limits);
        }
        if let Pack(pack) = self.encoding.view_mut() {
            if pack.find(pack.start(), 1, member).is_some() {
                return false;
            }
            if pack.len() < limits.set_max_listpack_entries && member.len() <= limits.set_max_listpack_value {
                pack.push_back(Element::of(member));
                return true;
            }
            self.enlarge(limits);
        }
        match self.encoding.view_mut() {
            Large(table) => put(table, member),
            _ => unreachable!("what the small encodings can't take has enlarged the set"),
        }
    }

    /// [`Set::contains`] of what another collection has.
    pub fn has(&self, member: Element<'_>) -> bool {
        match (self.encoding.view(), member) {
            (Ints(ints), Element::Int(value)) => ints.contains(value),
            _ => member.with(|text| self.contains(text)),
        }
    }

    /// Of a lot of members of another set, keeps those that are members here as well, or those that are not.
    fn sift(&self, lot: &mut Vec<Element<'_>>, keep: bool) {
        let Large(table) = self.encoding.view() else { return lot.retain(|&member| self.has(member) == keep) };
        let (mut found, mut told) = ([false; LOT], 0);
        with_texts(lot, |keys| {
            table.contains_each(keys, |is_member| {
                found[told] = is_member;
                told += 1;
            });
        });
        let mut found = found.into_iter();
        lot.retain(|_| found.next() == Some(keep));
    }

    /// The members that all the others have as well (`keep`), or that none of them has.
    pub fn sifted<'a>(&'a self, others: &'a [&'a Set], keep: bool) -> impl Iterator<Item = Element<'a>> {
        let mut members = self.iter();
        let lots = core::iter::from_fn(move || {
            let mut lot: Vec<_> = members.by_ref().take(LOT).collect();
            let is_last = lot.is_empty();
            others.iter().for_each(|set| set.sift(&mut lot, keep));
            (!is_last).then_some(lot)
        });
        lots.flatten()
    }

    /// [`Set::insert`] of what another collection has.
    pub fn add(&mut self, member: Element<'_>, limits: &Limits) -> bool {
        match (self.encoding.view_mut(), member) {
            (Ints(ints), Element::Int(value)) => {
                let new = ints.insert(value);
                self.bound_ints(limits);
                new
            }
            _ => member.with(|text| self.insert(text, limits)),
        }
    }

    /// Adds all members of another set.
    pub fn add_all(&mut self, other: &Set, limits: &Limits) {
        let mut members = other.iter();
        loop {
            let lot: Vec<_> = members.by_ref().take(LOT).collect();
            if lot.is_empty() {
                return;
            }
            match self.encoding.view_mut() {
                Large(table) => with_texts(&lot, |keys| table.put_each(keys)),
                _ => lot.into_iter().for_each(|member| _ = self.add(member, limits)),
            }
        }
    }

    /// The members of any of these sets, which may come in any order.
    pub fn union(sets: &[&Set], limits: &Limits) -> Set {
        let mut result = Set::new();
        let largest = sets.iter().copied().max_by_key(|set| set.len()).filter(|set| !set.may_be_small(limits));
        if let Some(largest) = largest {
            // A table is copied faster than it grows.
            result = largest.clone();
        }
        let is_copied = |set: &Set| largest.is_some_and(|largest| core::ptr::eq(largest, set));
        sets.iter().filter(|set| !is_copied(set)).for_each(|set| result.add_all(set, limits));
        result
    }

    /// Whether a small encoding might hold so many members.
    pub fn may_be_small(&self, limits: &Limits) -> bool {
        self.len() <= limits.set_max_intset_entries.max(limits.set_max_listpack_entries)
    }

    /// Whether the member was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self.encoding.view_mut() {
            Ints(ints) => parse_i64(member).is_some_and(|value| ints.remove(value)),
            Pack(pack) => match pack.find(pack.start(), 1, member) {
                Some(at) => pack.remove_many(at, 1) == 1,
                None => false,
            },
            Large(table) => table.remove(member),
        }
    }

    /// All members, in the order of the encoding.
    pub fn iter(&self) -> impl Iterator<Item = Element<'_>> {
        let (ints, elements, records) = match self.encoding.view() {
            Ints(ints) => (Some(ints.iter().map(Element::Int)), None, None),
            Pack(pack) => (None, Some(pack.iter()), None),
            Large(table) => (None, None, Some(table.iter().map(member_of))),
        };
        let small = ints.into_iter().flatten().chain(elements.into_iter().flatten());
        small.chain(records.into_iter().flatten())
    }

    /// Calls `f` with some members and gives the cursor for the next call; 0 begins and 0 ends.
    pub fn scan(&self, cursor: u64, mut f: impl FnMut(Element<'_>)) -> u64 {
        match self.encoding.view() {
            Large(table) => table.scan(cursor, |record| f(member_of(record))),
            _ => {
                self.iter().for_each(f);
                0
            }
        }
    }

    /// A member, each about as likely as any other.
    pub fn random(&self, rng: &mut Rng) -> Option<Element<'_>> {
        if self.is_empty() {
            return None;
        }
        match self.encoding.view() {
            Ints(ints) => Some(Element::Int(ints.get(rng.below(ints.len() as u64) as usize))),
            Pack(pack) => pack.iter().nth(rng.below(pack.len() as u64) as usize),
            Large(table) => table.random(rng).map(member_of),
        }
    }

    /// So many different members, or all.
    pub fn distinct(&self, count: usize, rng: &mut Rng) -> Vec<Element<'_>> {
        match self.encoding.view() {
            Large(table) => table.distinct(count, rng).into_iter().map(member_of).collect(),
            _ => table::choose(self.iter(), self.len(), count, rng),
        }
    }

    /// Takes a random member out and calls `f` with it.
    pub fn pop<R>(&mut self, rng: &mut Rng, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let member = self.random(rng)?.with(<[u8]>::to_vec);
        self.remove(&member);
        Some(f(&member))
    }

    /// Calls `f` with members chosen at random, so many times; one may come several times.
    pub fn draw(&self, count: usize, rng: &mut Rng, mut f: impl FnMut(Element<'_>)) {
        if let Pack(pack) = self.encoding.view() {
            let members: Vec<_> = pack.iter().collect();
            (0..count).for_each(|_| f(members[rng.below(members.len() as u64) as usize]));
        } else {
            (0..count).filter_map(|_| self.random(rng)).for_each(f);
        }
    }

    /// Takes so many random members out, fewer than there are, and calls `f` with each.
    pub fn pop_many(&mut self, count: usize, rng: &mut Rng, limits: &Limits, mut f: impl FnMut(&[u8])) {
        // Redis makes a new set of what stays where that is little beside what goes: it may be smaller encoded.
        const LITTLE: usize = 5;
        match self.encoding.view_mut() {
            Pack(pack) => {
                let chosen = table::choose(pack.iter().enumerate(), pack.len(), count, rng);
                chosen.iter().for_each(|(_, member)| member.with(&mut f));
                let indices: Vec<_> = chosen.into_iter().map(|(index, _)| index).collect();
                pack.remove_sorted(&indices);
            }
            Large(table) if (table.len() - count).saturating_mul(LITTLE) <= count => {
                let mut rest = Set::expecting(b"", 1, limits);
                for record in table.distinct(table.len() - count, rng) {
                    rest.insert(record.key, limits);
                }
                table.iter().filter(|record| !rest.contains(record.key)).for_each(|record| f(record.key));
                *self = rest;
            }
            _ => (0..count).for_each(|_| _ = self.pop(rng, &mut f)),
        }
    }

    /// Goes back to the intset where that suffices, as Redis does with what SINTERSTORE has made.
    pub fn narrow(&mut self, limits: &Limits) {
        if self.len() > limits.set_max_intset_entries || matches!(self.encoding.view(), Ints(_)) {
            return;
        }
        let mut ints = Intset::new();
        for member in self.iter() {
            match member.with(parse_i64) {
                Some(value) => _ = ints.insert(value),
                None => return,
            }
        }
        self.encoding = Word::ints(ints);
    }

    /// Offers some of its memory for moving, and returns the cursor to go on with; 0 begins and 0 ends.
    pub fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        self.encoding.offer(cursor, moves)
    }

    /// Frees about `budget` members; whether none is left.
    pub fn shed(&mut self, budget: usize) -> bool {
        if let Large(table) = self.encoding.view_mut()
            && !table.shed(budget)
        {
            return false;
        }
        *self = Set::new();
        true
    }

    fn bound_ints(&mut self, limits: &Limits) {
        if let Ints(ints) = self.encoding.view()
            && ints.len() > limits.set_max_intset_entries.min(MAX_INTSET)
        {
            self.enlarge(limits);
        }
    }

    /// Changes the encoding for the sake of a member that is no integer.
    fn leave_ints(&mut self, member: &[u8], limits: &Limits) {
        let Ints(ints) = self.encoding.view() else { return };
        let ends = [ints.iter().next(), ints.iter().next_back()];
        let longest = ends.into_iter().flatten().map(i64_text_len).fold(member.len(), usize::max);
        if ints.len() < limits.set_max_listpack_entries && longest <= limits.set_max_listpack_value {
            let mut pack = Listpack::new();
            ints.iter().for_each(|value| pack.push_back(Element::Int(value)));
            self.encoding = Word::pack(pack);
        } else {
            self.enlarge(limits);
        }
    }

    fn enlarge(&mut self, limits: &Limits) {
        let mut table = Table::new(limits.seed);
        match self.encoding.view() {
            Ints(ints) => ints.iter().for_each(|value| _ = put(&mut table, &format_i64(value))),
            Pack(pack) => pack.iter().for_each(|element| _ = element.with(|member| put(&mut table, member))),
            Large(_) => return,
        }
        self.encoding = Word::large(table);
    }
}

impl Default for Set {
    fn default() -> Self {
        Set::new()
    }
}

fn member_of(record: Record<'_>) -> Element<'_> {
    Element::Bytes(record.key)
}

/// Calls `f` with the texts of a lot of members.
fn with_texts(lot: &[Element<'_>], f: impl FnOnce(&[&[u8]])) {
    let (mut texts, mut keys) = ([None; LOT], [&b""[..]; LOT]);
    for ((key, text), member) in keys.iter_mut().zip(&mut texts).zip(lot) {
        *key = member.text(text);
    }
    f(&keys[..lot.len()]);
}

/// Whether the member is new.
fn put(table: &mut Table, member: &[u8]) -> bool {
    table.put(Record { key: member, value: b"", number: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::{String, ToString};
    use std::collections::BTreeSet;

    fn check(set: &Set, model: &BTreeSet<Vec<u8>>) {
        let mut members: Vec<_> = set.iter().map(|member| member.with(<[u8]>::to_vec)).collect();
        members.sort();
        assert!(members.iter().eq(model.iter()));
        assert!(members.iter().all(|member| set.contains(member)));
        let (mut scanned, mut cursor) = (BTreeSet::new(), 0);
        loop {
            cursor = set.scan(cursor, |member| _ = scanned.insert(member.with(<[u8]>::to_vec)));
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(&scanned, model);
    }

    #[test]
    fn behaves_like_a_set_of_strings() {
        let limits = Limits { set_max_intset_entries: 60, set_max_listpack_entries: 40, ..Limits::default() };
        let mut rng = Rng::new(41);
        for text in [false, true] {
            let (mut set, mut model) = (Set::new(), BTreeSet::new());
            for step in 0..4000 {
                let number = rng.below(30 + step / 20);
                let member = if text && number.is_multiple_of(3) { format!("m{number}") } else { format!("{number}") };
                let member = member.into_bytes();
                match rng.below(if step / 700 % 2 == 0 { 5 } else { 9 }) {
                    0..=2 => assert_eq!(set.insert(&member, &limits), model.insert(member)),
                    3 => {
                        let was_empty = model.is_empty();
                        let popped = set.pop(&mut rng, |member| assert!(model.remove(member)));
                        assert_eq!(popped.is_none(), was_empty);
                    }
                    _ => assert_eq!(set.remove(&member), model.remove(&member)),
                }
                assert_eq!(set.len(), model.len());
                if step % 100 == 0 {
                    check(&set, &model);
                    let copy = set.clone();
                    check(&copy, &model);
                    assert_eq!(copy.memory(), set.memory());
                    assert_eq!(set.distinct(7, &mut rng).len(), model.len().min(7));
                }
            }
            while !set.shed(10) {}
            assert!(set.is_empty());
        }
    }

    #[test]
    fn members_are_sifted_by_other_sets_in_every_encoding() {
        let mut rng = Rng::new(6);
        for _ in 0..200 {
            let mut set = || {
                let limits = Limits { set_max_listpack_entries: rng.below(40) as usize, ..Limits::default() };
                let (size, prefix) = (rng.below(60), ["", "m"][rng.below(2) as usize]);
                let mut set = Set::new();
                (0..size).for_each(|_| _ = set.insert(format!("{prefix}{}", rng.below(50)).as_bytes(), &limits));
                set
            };
            let (first, others) = (set(), [set(), set()]);
            let others: Vec<&Set> = others.iter().collect();
            for keep in [false, true] {
                let passes = |member: &Element<'_>| others.iter().all(|set| set.has(*member) == keep);
                assert!(first.sifted(&others, keep).eq(first.iter().filter(passes)));
            }
        }
    }

    #[test]
    fn a_union_has_what_any_has_in_the_encoding_that_adding_makes() {
        let mut rng = Rng::new(8);
        let limits = Limits { set_max_intset_entries: 20, set_max_listpack_entries: 10, ..Limits::default() };
        for _ in 0..300 {
            let mut set = || {
                let (size, prefix) = (rng.below(60), ["", "m"][rng.below(2) as usize]);
                let mut set = Set::new();
                (0..size).for_each(|_| _ = set.insert(format!("{prefix}{}", rng.below(70)).as_bytes(), &limits));
                set
            };
            let sets = [set(), set(), set()];
            let sets: Vec<&Set> = sets.iter().chain([&sets[1]]).collect();
            let (union, mut added) = (Set::union(&sets, &limits), Set::new());
            sets.iter().flat_map(|set| set.iter()).for_each(|member| _ = added.add(member, &limits));
            let all: BTreeSet<_> = added.iter().map(|member| member.with(<[u8]>::to_vec)).collect();
            check(&union, &all);
            assert_eq!(union.encoding(), added.encoding());
        }
    }

    fn after(members: impl IntoIterator<Item = String>) -> &'static str {
        let limits = Limits::default();
        let mut set = Set::new();
        members.into_iter().for_each(|member| _ = set.insert(member.as_bytes(), &limits));
        set.encoding()
    }

    /// Recorded from `OBJECT ENCODING` of Valkey 9.1.
    #[test]
    fn encodings_change_where_redis_changes_them() {
        let ints = |count: u64| (0..count).map(|n| format!("{n}"));
        let texts = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        assert_eq!([after(ints(512)), after(ints(513))], ["intset", "hashtable"]);
        assert_eq!(after(ints(127).chain(texts(&["a"]))), "listpack");
        assert_eq!(after(ints(127).chain(texts(&["a", "b"]))), "hashtable");
        assert_eq!(after(ints(128).chain(texts(&["a"]))), "hashtable");
        assert_eq!(after([format!("{:064}", 0)]), "listpack");
        assert_eq!(after([format!("{:065}", 0)]), "hashtable");
        let limits = Limits::default();
        let chosen = |first: &str, count| Set::expecting(first.as_bytes(), count, &limits).encoding();
        assert_eq!(
            [chosen("1", 512), chosen("1", 600), chosen("m", 128), chosen("m", 200)],
            ["intset", "hashtable", "listpack", "hashtable"]
        );
        let mut set = Set::expecting(b"a", 1, &limits);
        set.insert(b"a", &limits);
        set.expect(200, &limits);
        assert_eq!(set.encoding(), "hashtable");
    }
}
