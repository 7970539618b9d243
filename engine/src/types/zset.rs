//! The sorted set: a listpack of members and scores in turn while it is small, a table with a ranking beyond.
//!
//! The order is by score, then by the members' bytes. The large encoding is called "skiplist", as in Redis; what ranks its members is
//! a counted tree, which is smaller and finds ranks as well. Ranges by score and by member are ranges of ranks: they are
//! found first ([`ZSet::ranks_by_score`], [`ZSet::ranks_by_lex`]) and then read, counted or removed like any other.

use super::Limits;
use crate::base::heap::Moves;
use crate::base::number::{exact_integer, format_f64, parse_f64_saturating};
use crate::base::rng::Rng;
use crate::collections::listpack::{Element, Listpack, Position};
use crate::collections::ordered::Set;
use crate::collections::table::{self, Record, Table, order};
use crate::collections::word::Pair::{Large, Pack};
use crate::collections::word::Word;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

/// See the module.
#[derive(Clone)]
pub struct ZSet {
    encoding: Word<Table>,
}

/// A member with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored<'a> {
    pub member: Element<'a>,
    pub score: f64,
}

/// What setting a score did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Added,
    /// The member had this other score.
    Changed(f64),
    Same,
}

/// An end of a range of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreBound {
    pub score: f64,
    pub excluded: bool,
}

/// An end of a range of members that all have the same score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexBound<'a> {
    Lowest,
    Highest,
    Included(&'a [u8]),
    Excluded(&'a [u8]),
}

impl Outcome {
    fn of(old: Option<f64>, new: f64) -> Self {
        match old {
            None => Outcome::Added,
            Some(old) if old == new => Outcome::Same,
            Some(old) => Outcome::Changed(old),
        }
    }
}

impl ScoreBound {
    /// Reads `1.5`, `(1.5`, `-inf` …; too large a number is infinite here, and nothing at all is zero.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (excluded, text) = match text {
            [b'(', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        // Redis reads these as C strings.
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        let score = if text.is_empty() { 0.0 } else { parse_f64_saturating(text)? };
        Some(ScoreBound { score, excluded })
    }

    /// Whether a score lies before a range that begins here.
    fn is_above(self, score: f64) -> bool {
        score < self.score || self.excluded && score == self.score
    }

    /// Whether a score lies in or before a range that ends here.
    fn reaches(self, score: f64) -> bool {
        score < self.score || !self.excluded && score == self.score
    }
}

impl<'a> LexBound<'a> {
    /// Reads `-`, `+`, `[member` or `(member`.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        match text {
            b"-" => Some(LexBound::Lowest),
            b"+" => Some(LexBound::Highest),
            [b'[', member @ ..] => Some(LexBound::Included(member)),
            [b'(', member @ ..] => Some(LexBound::Excluded(member)),
            _ => None,
        }
    }

    fn is_above(self, member: &[u8]) -> bool {
        match self {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Included(bound) => member < bound,
            LexBound::Excluded(bound) => member <= bound,
        }
    }

    fn reaches(self, member: &[u8]) -> bool {
        match self {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Included(bound) => member <= bound,
            LexBound::Excluded(bound) => member < bound,
        }
    }
}

impl<'a> Scored<'a> {
    fn of(record: Record<'a>) -> Self {
        Scored { member: Element::Bytes(record.key), score: record.number.unwrap_or_default() }
    }
}

impl ZSet {
    pub fn new() -> Self {
        ZSet { encoding: Word::pack(Listpack::new()) }
    }

    /// An empty sorted set in the encoding Redis chooses for a command that brings so many members, the longest this long.
    pub fn expecting(members: usize, longest: usize, limits: &Limits) -> Self {
        let mut zset = ZSet::new();
        if members > limits.zset_max_listpack_entries || longest > limits.zset_max_listpack_value {
            zset.enlarge(limits);
        }
        zset
    }

    /// A sorted set of the members and scores in a listpack from outside; `None` if they don't come in pairs, a member
    /// comes twice, a score is none, or they are out of order.
    pub fn from_pack(pack: Listpack, limits: &Limits) -> Option<Self> {
        let (mut members, mut count) = (Set::new(), 0);
        let mut last: Option<(f64, Box<[u8]>)> = None;
        for pair in pairs_of(&pack) {
            let member: Box<[u8]> = pair.member.with(|member| member.into());
            let score = pair.score;
            let in_order = last.is_none_or(|last| order((last.0, &last.1), (score, &member)) == Ordering::Less);
            if score.is_nan() || !in_order || !members.insert(member.clone()) {
                return None;
            }
            last = Some((score, member));
            count += 2;
        }
        if count != pack.len() {
            return None;
        }
        let mut zset = ZSet { encoding: Word::pack(pack) };
        if !zset.fits_pack(limits) {
            zset.enlarge(limits);
        }
        Some(zset)
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
            Large(_) => "skiplist",
        }
    }

    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match self.encoding.pair() {
            Pack(pack) => find(pack, member).map(|at| score_at(pack, at)),
            Large(table) => table.get(member)?.number,
        }
    }

    pub fn contains(&self, member: &[u8]) -> bool {
        self.score(member).is_some()
    }

    /// Sets the score, which is not NaN, of a member.
    pub fn insert(&mut self, score: f64, member: &[u8], limits: &Limits) -> Outcome {
        if let Pack(pack) = self.encoding.pair_mut() {
            if let Some(at) = find(pack, member) {
                return move_in_pack(pack, at, score, member);
            }
            if pack.len() / 2 < limits.zset_max_listpack_entries && member.len() <= limits.zset_max_listpack_value {
                insert_into_pack(pack, score, member);
                return Outcome::Added;
            }
            self.enlarge(limits);
        }
        match self.encoding.pair_mut() {
            Large(table) => Outcome::of(table.put_number(member, score), score),
            Pack(_) => unreachable!("what the listpack can't take has enlarged the set"),
        }
    }

    /// The score that the member had.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let score = self.score(member)?;
        match self.encoding.pair_mut() {
            Pack(pack) => {
                if let Some(at) = find(pack, member) {
                    pack.remove_many(at, 2);
                }
            }
            Large(table) => _ = table.remove(member),
        }
        Some(score)
    }

    /// How many members come before this one, and its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match self.encoding.pair() {
            Pack(pack) => pairs_of(pack)
                .enumerate()
                .find(|(_, pair)| pair.member.is(Element::of(member)))
                .map(|(rank, pair)| (rank, pair.score)),
            Large(table) => {
                let score = table.get(member)?.number?;
                Some((table.rank_of(score, member), score))
            }
        }
    }

    /// The member of a rank.
    pub fn get(&self, rank: usize) -> Option<Scored<'_>> {
        self.range(rank..rank.saturating_add(1)).next()
    }

    /// The members of these ranks, in order; in reverse order with `rev()`.
    pub fn range(&self, ranks: Range<usize>) -> impl DoubleEndedIterator<Item = Scored<'_>> {
        let len = self.len();
        let ranks = ranks.start.min(len)..ranks.end.min(len);
        let (packed, large) = match self.encoding.pair() {
            Pack(pack) => (Some(Pairs::new(pack, ranks)), None),
            Large(table) => (None, Some(table.ranks(ranks).map(Scored::of))),
        };
        packed.into_iter().flatten().chain(large.into_iter().flatten())
    }

    /// All members, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Scored<'_>> {
        self.range(0..usize::MAX)
    }

    /// The ranks of the members with a score in this range.
    pub fn ranks_by_score(&self, min: ScoreBound, max: ScoreBound) -> Range<usize> {
        let count = |holds: &dyn Fn(f64) -> bool| match self.encoding.pair() {
            Pack(pack) => pairs_of(pack).take_while(|pair| holds(pair.score)).count(),
            Large(table) => table.partition_by_number(holds),
        };
        let (start, end) = (count(&|score| min.is_above(score)), count(&|score| max.reaches(score)));
        start..end.max(start)
    }

    /// The ranks of the members in this range, if all have the same score.
    pub fn ranks_by_lex(&self, min: LexBound<'_>, max: LexBound<'_>) -> Range<usize> {
        let count = |holds: &dyn Fn(&[u8]) -> bool| match self.encoding.pair() {
            Pack(pack) => pairs_of(pack).take_while(|pair| pair.member.with(holds)).count(),
            Large(table) => table.partition_by_key(holds),
        };
        let (start, end) = (count(&|member| min.is_above(member)), count(&|member| max.reaches(member)));
        start..end.max(start)
    }

    /// Removes the members of these ranks, and calls `f` with each before.
    pub fn remove_range(&mut self, ranks: Range<usize>, mut f: impl FnMut(Scored<'_>)) -> usize {
        self.range(ranks.clone()).for_each(&mut f);
        let count = ranks.end.min(self.len()).saturating_sub(ranks.start);
        if count == self.len() {
            *self = ZSet::new();
            return count;
        }
        match self.encoding.pair_mut() {
            Pack(pack) => {
                if let Some(at) = pack.seek(ranks.start as i64 * 2) {
                    pack.remove_many(at, count * 2);
                }
            }
            Large(table) => table.remove_ranks(ranks.start..ranks.start + count),
        }
        count
    }

    /// Calls `f` with some members and gives the cursor for the next call; 0 begins and 0 ends.
    pub fn scan(&self, cursor: u64, mut f: impl FnMut(Scored<'_>)) -> u64 {
        match self.encoding.pair() {
            Pack(pack) => {
                pairs_of(pack).for_each(f);
                0
            }
            Large(table) => table.scan(cursor, |record| f(Scored::of(record))),
        }
    }

    /// A member, each about as likely as any other.
    pub fn random(&self, rng: &mut Rng) -> Option<Scored<'_>> {
        let rank = rng.below(self.len().max(1) as u64) as usize;
        self.get(rank)
    }

    /// Calls `f` with members chosen at random, so many times; one may come several times.
    pub fn draw(&self, count: usize, rng: &mut Rng, mut f: impl FnMut(Scored<'_>)) {
        let len = self.len() as u64;
        if let Pack(pack) = self.encoding.pair() {
            let members: Vec<_> = pairs_of(pack).collect();
            (0..count).for_each(|_| f(members[rng.below(len) as usize]));
        } else {
            (0..count).filter_map(|_| self.get(rng.below(len) as usize)).for_each(f);
        }
    }

    /// So many different members, or all.
    pub fn distinct(&self, count: usize, rng: &mut Rng) -> Vec<Scored<'_>> {
        match self.encoding.pair() {
            Pack(pack) => table::choose(pairs_of(pack), self.len(), count, rng),
            Large(table) => table.distinct(count, rng).into_iter().map(Scored::of).collect(),
        }
    }

    /// Goes back to the small encoding where that suffices, as Redis does with what ZUNIONSTORE and the like have made.
    pub fn compact(&mut self, limits: &Limits) {
        if !matches!(self.encoding.pair(), Large(_)) || !self.fits_pack(limits) {
            return;
        }
        let mut pack = Listpack::new();
        for Scored { member, score } in self.iter() {
            member.with(|text| pack.push_back(Element::of(text)));
            push_score(&mut pack, score);
        }
        self.encoding = Word::pack(pack);
    }

    /// Offers some of its memory for moving, and returns the cursor to go on with; 0 begins and 0 ends.
    pub fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        self.encoding.offer(cursor, moves)
    }

    /// Frees about `budget` members; whether none is left.
    pub fn shed(&mut self, budget: usize) -> bool {
        if let Large(table) = self.encoding.pair_mut()
            && !table.shed(budget)
        {
            return false;
        }
        *self = ZSet::new();
        true
    }

    fn fits_pack(&self, limits: &Limits) -> bool {
        let fits = |pair: Scored<'_>| pair.member.with(<[u8]>::len) <= limits.zset_max_listpack_value;
        self.len() <= limits.zset_max_listpack_entries && self.iter().all(fits)
    }

    fn enlarge(&mut self, limits: &Limits) {
        let Pack(pack) = self.encoding.pair() else { return };
        let mut table = Table::new(limits.seed);
        for Scored { member, score } in pairs_of(pack) {
            member.with(|key| table.put(Record { key, value: b"", number: Some(score) }));
        }
        self.encoding = Word::large(table);
    }
}

/// A sorted set in the making: members come in any order, and are ranked once all are there.
pub struct Unranked {
    table: Table,
}

impl Unranked {
    pub fn new(limits: &Limits) -> Self {
        Unranked { table: Table::new(limits.seed) }
    }

    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Adds a member, or gives the one that is there the score that `merge` makes of its own and this.
    pub fn merge(&mut self, member: &[u8], score: f64, merge: impl FnOnce(f64, f64) -> f64) {
        self.table.merge_unranked(member, score, merge);
    }

    pub fn remove(&mut self, member: &[u8]) {
        self.table.remove_unranked(member);
    }

    /// The sorted set, in the large encoding.
    pub fn rank(mut self) -> ZSet {
        self.table.rank_all();
        ZSet { encoding: Word::large(self.table) }
    }
}

impl Default for ZSet {
    fn default() -> Self {
        ZSet::new()
    }
}

fn find(pack: &Listpack, member: &[u8]) -> Option<Position> {
    pack.find(pack.start(), 2, member)
}

/// The score of the member at a position.
fn score_at(pack: &Listpack, at: Position) -> f64 {
    score_of(pack.get(pack.next(at)))
}

/// Scores from outside may be no numbers at all: those are NaN.
fn score_of(element: Element<'_>) -> f64 {
    match element {
        Element::Int(value) => value as f64,
        Element::Bytes(text) => parse_f64_saturating(text).unwrap_or(f64::NAN),
    }
}

/// Scores that are integers are stored as such.
fn push_score(pack: &mut Listpack, score: f64) {
    insert_score(pack, pack.end(), score);
}

fn insert_score(pack: &mut Listpack, at: Position, score: f64) {
    match exact_integer(score) {
        Some(value) => pack.insert(at, Element::Int(value)),
        None => pack.insert(at, Element::Bytes(&format_f64(score))),
    }
}

fn insert_into_pack(pack: &mut Listpack, score: f64, member: &[u8]) {
    let mut at = pack.start();
    while at < pack.end() {
        let before = pack.get(at).with(|other| order((score_at(pack, at), other), (score, member)));
        if before == Ordering::Greater {
            break;
        }
        at = pack.next(pack.next(at));
    }
    pack.insert(at, Element::of(member));
    insert_score(pack, pack.next(at), score);
}

/// Gives the member at a position another score.
fn move_in_pack(pack: &mut Listpack, at: Position, score: f64, member: &[u8]) -> Outcome {
    let outcome = Outcome::of(Some(score_at(pack, at)), score);
    if outcome != Outcome::Same {
        pack.remove_many(at, 2);
        insert_into_pack(pack, score, member);
    }
    outcome
}

fn pairs_of(pack: &Listpack) -> Pairs<'_> {
    Pairs { pack, range: pack.start()..pack.end() }
}

/// Members and scores of a listpack, from both ends.
struct Pairs<'a> {
    pack: &'a Listpack,
    range: Range<Position>,
}

impl<'a> Pairs<'a> {
    fn new(pack: &'a Listpack, ranks: Range<usize>) -> Self {
        let at = |rank: usize| pack.seek(rank as i64 * 2).unwrap_or(pack.end());
        Pairs { pack, range: at(ranks.start)..at(ranks.end) }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Scored<'a>;

    fn next(&mut self) -> Option<Scored<'a>> {
        let Range { start, end } = self.range;
        if start >= end {
            return None;
        }
        let score = self.pack.next(start);
        if score >= end {
            self.range.start = end;
            return None;
        }
        self.range.start = self.pack.next(score);
        Some(Scored { member: self.pack.get(start), score: score_of(self.pack.get(score)) })
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        let score = self.pack.previous(self.range.end);
        let member = self.pack.previous(score);
        self.range.end = member;
        Some(Scored { member: self.pack.get(member), score: score_of(self.pack.get(score)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use std::collections::BTreeMap;

    type Model = BTreeMap<Vec<u8>, f64>;

    fn ordered(model: &Model) -> Vec<(Vec<u8>, f64)> {
        let mut all: Vec<_> = model.iter().map(|(member, score)| (member.clone(), *score)).collect();
        all.sort_by(|a, b| order((a.1, &a.0), (b.1, &b.0)));
        all
    }

    fn owned(pair: Scored<'_>) -> (Vec<u8>, f64) {
        (pair.member.with(<[u8]>::to_vec), pair.score)
    }

    fn check(zset: &ZSet, model: &Model, rng: &mut Rng) {
        let all = ordered(model);
        assert!(zset.iter().map(owned).eq(all.iter().cloned()));
        assert!(zset.iter().rev().map(owned).eq(all.iter().rev().cloned()));
        for (rank, (member, score)) in all.iter().enumerate() {
            assert_eq!((zset.rank(member), zset.score(member)), (Some((rank, *score)), Some(*score)));
            assert_eq!(zset.get(rank).map(owned), Some((member.clone(), *score)));
        }
        assert_eq!(zset.get(all.len()), None);
        for _ in 0..20 {
            let bound = |rng: &mut Rng| ScoreBound { score: rng.below(22) as f64 - 11.0, excluded: rng.below(2) == 0 };
            let (min, max) = (bound(rng), bound(rng));
            let found: Vec<_> = zset.range(zset.ranks_by_score(min, max)).map(owned).collect();
            let above = |score: f64| if min.excluded { score > min.score } else { score >= min.score };
            let below = |score: f64| if max.excluded { score < max.score } else { score <= max.score };
            let expected: Vec<_> = all.iter().filter(|pair| above(pair.1) && below(pair.1)).cloned().collect();
            assert_eq!(found, expected, "{min:?} {max:?}");
        }
    }

    #[test]
    fn behaves_like_a_sorted_map() {
        let limits = Limits { zset_max_listpack_entries: 30, ..Limits::default() };
        let mut rng = Rng::new(19);
        let (mut zset, mut model) = (ZSet::new(), Model::new());
        for step in 0..5000 {
            let member = format!("{}", rng.below(20 + step / 20)).into_bytes();
            let score = (rng.below(41) as f64 - 20.0) / 2.0;
            match rng.below(if step / 800 % 2 == 0 { 5 } else { 9 }) {
                0..=2 => {
                    let expected = match model.insert(member.clone(), score) {
                        None => Outcome::Added,
                        Some(old) if old == score => Outcome::Same,
                        Some(old) => Outcome::Changed(old),
                    };
                    assert_eq!(zset.insert(score, &member, &limits), expected);
                }
                3 if rng.below(10) == 0 => {
                    let start = rng.below(model.len() as u64 + 2) as usize;
                    let range = start..start + rng.below(6) as usize;
                    let mut removed = Vec::new();
                    let count = zset.remove_range(range.clone(), |pair| removed.push(owned(pair)));
                    let expected: Vec<_> = ordered(&model).into_iter().skip(range.start).take(range.len()).collect();
                    expected.iter().for_each(|(member, _)| _ = model.remove(member));
                    assert_eq!((removed, count), (expected.clone(), expected.len()));
                }
                _ => assert_eq!(zset.remove(&member), model.remove(&member)),
            }
            assert_eq!(zset.len(), model.len());
            if step % 100 == 0 {
                check(&zset, &model, &mut rng);
                let mut copy = zset.clone();
                assert_eq!(copy.memory(), zset.memory());
                copy.compact(&limits);
                assert_eq!(copy.encoding() == "listpack", copy.len() <= 30);
                check(&copy, &model, &mut rng);
                if let Some(pack) = copy.pack() {
                    let loaded = ZSet::from_pack(pack.clone(), &limits).unwrap();
                    check(&loaded, &model, &mut rng);
                }
            }
        }
        while !zset.shed(10) {}
        assert!(zset.is_empty());
    }

    #[test]
    fn members_of_one_score_are_found_by_name() {
        for entries in [0, 128] {
            let limits = Limits { zset_max_listpack_entries: entries, ..Limits::default() };
            let mut zset = ZSet::new();
            for member in ["a", "aa", "b", "c", "cc"] {
                zset.insert(0.0, member.as_bytes(), &limits);
            }
            let range = |min: &str, max: &str| {
                let bound = |text| LexBound::parse(text).unwrap();
                zset.ranks_by_lex(bound(min.as_bytes()), bound(max.as_bytes()))
            };
            assert_eq!(range("-", "+"), 0..5);
            assert_eq!(range("[aa", "(c"), 1..3);
            assert_eq!(range("(aa", "[c"), 2..4);
            assert!(range("+", "-").is_empty() && range("[c", "[a").is_empty());
        }
        assert_eq!(LexBound::parse(b"a"), None);
    }

    /// What ZCOUNT of Valkey 9.1 takes and refuses.
    #[test]
    fn bounds_are_read_as_valkey_reads_them() {
        let read = |text: &[u8]| ScoreBound::parse(text).map(|bound| (bound.score, bound.excluded));
        assert_eq!(read(b"(1"), Some((1.0, true)));
        assert_eq!(read(b"-1e400"), Some((f64::NEG_INFINITY, false)));
        assert_eq!(read(b"+inf"), Some((f64::INFINITY, false)));
        assert_eq!(read(b""), Some((0.0, false)));
        assert_eq!(read(b"1\0z"), Some((1.0, false)));
        for refused in [&b" 1"[..], b"1 ", b"( 1", b"0x1", b"nan", b"1x"] {
            assert_eq!(read(refused), None);
        }
    }

    /// Recorded from `OBJECT ENCODING` of Valkey 9.1, and `DUMP` of Redis 7.0.
    #[test]
    fn encodings_change_where_redis_changes_them() {
        let limits = Limits::default();
        let mut zset = ZSet::new();
        (0..128).for_each(|n| _ = zset.insert(n as f64, format!("{n}").as_bytes(), &limits));
        zset.insert(5.0, b"7", &limits);
        assert_eq!(zset.encoding(), "listpack");
        zset.insert(1.0, b"new", &limits);
        assert_eq!(zset.encoding(), "skiplist");
        let encodings =
            [(128, 64), (129, 1), (1, 65)].map(|(n, longest)| ZSet::expecting(n, longest, &limits).encoding());
        assert_eq!(encodings, ["listpack", "skiplist", "skiplist"]);
    }

    #[test]
    fn a_listpack_from_outside_is_checked() {
        let pack = |texts: &[&str]| {
            let mut pack = Listpack::new();
            texts.iter().for_each(|text| pack.push_back(Element::of(text.as_bytes())));
            pack
        };
        let limits = Limits::default();
        let taken = |texts: &[&str]| ZSet::from_pack(pack(texts), &limits).is_some();
        assert!(taken(&["a", "1", "b", "1.5"]) && taken(&[]));
        assert!(!taken(&["a", "1", "b"]) && !taken(&["a", "2", "b", "1"]) && !taken(&["b", "1", "a", "1"]));
        assert!(!taken(&["a", "x"]) && !taken(&["a", "1", "a", "2"]));
    }
}
