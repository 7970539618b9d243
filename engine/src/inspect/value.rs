//! Values to be looked at in windows: what is read of one is what is seen of it, however large it is.
//!
//! What has an order is read by index. A table of members or fields has none; it is read in pages, each of which is one
//! stretch of the order in which SCAN walks the table, so that a page in the middle costs no walk to it.

use alloc::borrow::Cow;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ops::Range;

use super::stream::StreamView;
use crate::base::number::format_i64;
use crate::base::time::Time;
use crate::collections::listpack::{Element, Listpack};
use crate::collections::quicklist::Fill;
use crate::keyspace::ValueRef;
use crate::types::bloom::Properties;
use crate::types::hash::Field;
use crate::types::{Bloom, Hash, Limits, List, Set, ZSet, geo, hyperloglog};

/// A value, by its type.
#[derive(Clone, Copy)]
pub enum ValueView<'a> {
    String(StringView<'a>),
    List(ListView<'a>),
    Hash(HashView<'a>),
    Set(SetView<'a>),
    ZSet(ZSetView<'a>),
    Bloom(BloomView<'a>),
    Stream(StreamView<'a>),
}

#[derive(Clone, Copy)]
pub struct StringView<'a>(ValueRef<'a>);
#[derive(Clone, Copy)]
pub struct ListView<'a>(&'a List);
#[derive(Clone, Copy)]
pub struct HashView<'a>(&'a Hash);
#[derive(Clone, Copy)]
pub struct SetView<'a>(&'a Set);
#[derive(Clone, Copy)]
pub struct ZSetView<'a>(&'a ZSet);
#[derive(Clone, Copy)]
pub struct BloomView<'a>(&'a Bloom);

/// The beginning of a text of any length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub start: Vec<u8>,
    /// Of the whole text.
    pub len: usize,
}

/// A node of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Counted from the head.
    pub number: usize,
    /// The index of its first element.
    pub first: usize,
    pub elements: usize,
    pub bytes: usize,
}

/// A field of a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldView {
    pub name: Excerpt,
    pub value: Excerpt,
    pub expiry: Option<Time>,
}

/// A member of a sorted set that GEOADD made, in degrees.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceView {
    pub member: Excerpt,
    pub longitude: f64,
    pub latitude: f64,
}

/// A member of a sorted set.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredView {
    pub member: Excerpt,
    pub score: f64,
}

/// A HyperLogLog, which is a string to everything but its own commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HyperLogLogView {
    pub is_sparse: bool,
    /// What PFCOUNT says.
    pub count: u64,
    /// The value of each register.
    pub registers: Rc<[u8]>,
}

/// One of the filters of a Bloom filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilterView<'a> {
    /// Items that it holds at its error rate.
    pub capacity: u64,
    pub items: u64,
    /// Bits that an item sets.
    pub hashes: u32,
    /// Between 0 and 1.
    pub error: f64,
    /// Its bits, the first bit of a word being its lowest.
    pub words: &'a [u64],
}

/// How far a value is from another encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    pub parameter: &'static str,
    pub setting: i64,
    pub used: usize,
    /// What `used` must not exceed; it differs from the setting where that is a code.
    pub limit: usize,
}

/// What two or three sets have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// How many members are in these sets and no others: bit `n` of the index stands for the `n`th set.
    pub counts: [u64; 8],
    /// Only a part of the members has been looked at, and the counts are reckoned from it.
    pub is_estimate: bool,
    /// Members that were come across, with the sets they are in.
    pub members: Vec<(u8, Excerpt)>,
}

/// Bytes of an element that are shown at most.
const EXCERPT: usize = 256;
/// Scores that are places on the map.
const LEAST_PLACE: f64 = (1u64 << 46) as f64;
const PLACES: f64 = (1u64 << 52) as f64;
/// Elements of a page, about.
const PAGE: usize = 64;
/// Members of each kind that [`overlap`] names.
const NAMED: usize = 100;

impl Excerpt {
    pub(super) fn of(element: Element<'_>) -> Excerpt {
        element.with(|text| Excerpt { start: text[..text.len().min(EXCERPT)].into(), len: text.len() })
    }
}

impl<'a> ValueView<'a> {
    pub(super) fn of(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Int(_) | ValueRef::Bytes(_) => ValueView::String(StringView(value)),
            ValueRef::List(list) => ValueView::List(ListView(list)),
            ValueRef::Hash(hash) => ValueView::Hash(HashView(hash)),
            ValueRef::Set(set) => ValueView::Set(SetView(set)),
            ValueRef::ZSet(zset) => ValueView::ZSet(ZSetView(zset)),
            ValueRef::Bloom(bloom) => ValueView::Bloom(BloomView(bloom)),
            ValueRef::Stream(stream) => ValueView::Stream(StreamView(stream)),
        }
    }

    /// Bytes of a string, elements or entries of anything else.
    pub fn len(self) -> usize {
        match self {
            ValueView::String(string) => string.len(),
            ValueView::List(list) => list.len(),
            ValueView::Hash(hash) => hash.len(),
            ValueView::Set(set) => set.len(),
            ValueView::ZSet(zset) => zset.len(),
            ValueView::Bloom(bloom) => bloom.len(),
            ValueView::Stream(stream) => stream.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What is left of each limit up to which the value keeps its small encoding; nothing where it has none.
    pub(super) fn gauges(self, limits: &Limits) -> Vec<Gauge> {
        let gauge = |parameter, used: usize, limit: usize| Gauge { parameter, setting: limit as i64, used, limit };
        let mut gauges = Vec::new();
        match self {
            ValueView::String(_) | ValueView::Bloom(_) | ValueView::Stream(_) => {}
            ValueView::List(list) => gauges.extend(list.gauge(limits)),
            ValueView::Hash(HashView(hash)) => {
                if let Some(pack) = hash.pack() {
                    gauges.push(gauge("hash-max-listpack-entries", hash.len(), limits.hash_max_listpack_entries));
                    gauges.push(gauge("hash-max-listpack-value", longest(pack, 1), limits.hash_max_listpack_value));
                }
            }
            ValueView::Set(SetView(set)) => {
                if set.intset().is_some() {
                    gauges.push(gauge("set-max-intset-entries", set.len(), limits.set_max_intset_entries));
                }
                if let Some(pack) = set.pack() {
                    gauges.push(gauge("set-max-listpack-entries", set.len(), limits.set_max_listpack_entries));
                    gauges.push(gauge("set-max-listpack-value", longest(pack, 1), limits.set_max_listpack_value));
                }
            }
            ValueView::ZSet(ZSetView(zset)) => {
                if let Some(pack) = zset.pack() {
                    gauges.push(gauge("zset-max-listpack-entries", zset.len(), limits.zset_max_listpack_entries));
                    // Every other element is a score.
                    gauges.push(gauge("zset-max-listpack-value", longest(pack, 2), limits.zset_max_listpack_value));
                }
            }
        }
        gauges
    }
}

/// The length of the longest of every `stride`th element.
fn longest(pack: &Listpack, stride: usize) -> usize {
    pack.iter().step_by(stride).map(|element| element.with(<[u8]>::len)).max().unwrap_or(0)
}

impl<'a> StringView<'a> {
    pub fn len(self) -> usize {
        self.text().len()
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number, if it is kept as one.
    pub fn int(self) -> Option<i64> {
        match self.0 {
            ValueRef::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes of these offsets, as far as there are any.
    pub fn bytes(self, range: Range<usize>) -> Vec<u8> {
        let text = self.text();
        let end = range.end.min(text.len());
        text[range.start.min(end)..end].into()
    }

    /// How many bits are set; `None` where there are more bytes than one wants to look at.
    pub fn ones(self, most: usize) -> Option<u64> {
        let text = self.text();
        (text.len() <= most).then(|| text.iter().map(|byte| u64::from(byte.count_ones())).sum())
    }

    /// What it is to PFADD and PFCOUNT, if it is that.
    pub fn hyperloglog(self) -> Option<HyperLogLogView> {
        let text = self.text();
        if !hyperloglog::is_one(&text) {
            return None;
        }
        let mut registers = hyperloglog::Registers::default();
        registers.merge(&text).ok()?;
        let is_sparse = hyperloglog::is_sparse(&text);
        Some(HyperLogLogView { is_sparse, count: registers.count(), registers: registers.values()[..].into() })
    }

    fn text(self) -> Cow<'a, [u8]> {
        match self.0 {
            ValueRef::Bytes(bytes) => Cow::Borrowed(bytes),
            ValueRef::Int(value) => Cow::Owned(format_i64(value).as_bytes().into()),
            _ => Cow::Borrowed(b""),
        }
    }
}

impl ListView<'_> {
    pub fn len(self) -> usize {
        self.0.len()
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn elements(self, range: Range<usize>) -> Vec<Excerpt> {
        self.0.iter_from(range.start).take(range.len()).map(Excerpt::of).collect()
    }

    pub fn node_count(self) -> usize {
        self.0.packs().count()
    }

    /// The nodes in which the elements of these indices are.
    pub fn nodes(self, range: Range<usize>) -> Vec<NodeView> {
        let mut first = 0;
        let nodes = self.0.packs().enumerate().map(|(number, pack)| {
            let node = NodeView { number, first, elements: pack.len(), bytes: pack.as_bytes().len() };
            first += node.elements;
            node
        });
        let is_seen = |node: &NodeView| node.first + node.elements > range.start;
        nodes.skip_while(|node| !is_seen(node)).take_while(|node| node.first < range.end).collect()
    }

    fn gauge(self, limits: &Limits) -> Option<Gauge> {
        let mut packs = self.0.packs();
        let (pack, setting) = (packs.next()?, limits.list_max_listpack_size);
        if packs.next().is_some() {
            return None;
        }
        let (used, limit) = match Fill::of(setting) {
            Fill::Bytes(limit) => (pack.as_bytes().len(), limit),
            Fill::Count(limit) => (pack.len(), limit),
        };
        Some(Gauge { parameter: "list-max-listpack-size", setting: i64::from(setting), used, limit })
    }
}

impl HashView<'_> {
    pub fn len(self) -> usize {
        self.0.len()
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many fields expire by themselves.
    pub fn expiring(self) -> usize {
        self.0.expiring()
    }

    pub fn pages(self) -> usize {
        pages(self.len(), self.0.pack().is_some())
    }

    /// The fields of a page, in the order of the encoding.
    pub fn page(self, page: usize) -> Vec<FieldView> {
        let mut fields = Vec::new();
        let mut add = |field: Field<'_>| {
            fields.push(FieldView {
                name: Excerpt::of(field.name),
                value: Excerpt::of(field.value),
                expiry: field.expiry,
            });
        };
        match self.0.pack() {
            Some(_) => self.0.iter().skip(page * PAGE).take(PAGE).for_each(add),
            None => scan_page(page, self.pages(), |cursor| self.0.scan(cursor, &mut add)),
        }
        fields
    }

    pub fn field(self, name: &[u8]) -> Option<FieldView> {
        let value = Excerpt::of(self.0.get(name)?);
        Some(FieldView { name: Excerpt::of(Element::Bytes(name)), value, expiry: self.0.expiry(name) })
    }
}

impl SetView<'_> {
    pub fn len(self) -> usize {
        self.0.len()
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn contains(self, member: &[u8]) -> bool {
        self.0.contains(member)
    }

    pub fn pages(self) -> usize {
        pages(self.len(), self.is_in_order())
    }

    /// The members of a page, in the order of the encoding.
    pub fn page(self, page: usize) -> Vec<Excerpt> {
        let mut members = Vec::new();
        self.each_in(page, |member| members.push(Excerpt::of(member)));
        members
    }

    fn is_in_order(self) -> bool {
        self.0.intset().is_some() || self.0.pack().is_some()
    }

    fn each_in(self, page: usize, mut f: impl FnMut(Element<'_>)) {
        if let Some(ints) = self.0.intset() {
            let end = ints.len().min((page + 1) * PAGE);
            (page * PAGE..end).for_each(|at| f(Element::Int(ints.get(at))));
        } else if let Some(pack) = self.0.pack() {
            pack.iter().skip(page * PAGE).take(PAGE).for_each(f);
        } else {
            scan_page(page, self.pages(), |cursor| self.0.scan(cursor, &mut f));
        }
    }
}

impl ZSetView<'_> {
    pub fn len(self) -> usize {
        self.0.len()
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The members of these ranks, the lowest score first.
    pub fn members(self, ranks: Range<usize>) -> Vec<ScoredView> {
        self.0.range(ranks).map(|it| ScoredView { member: Excerpt::of(it.member), score: it.score }).collect()
    }

    /// Where members are on the map, if their scores may mean that: the members of at most so many ranks, evenly spread.
    /// Scores of places are integers of 52 bits; smaller ones than those of any inhabited place are taken for numbers.
    pub fn places(self, most: usize) -> Option<Vec<PlaceView>> {
        let is_place = |score: f64| (LEAST_PLACE..PLACES).contains(&score) && score == (score as u64) as f64;
        let last = self.len().checked_sub(1)?;
        let step = self.len().div_ceil(most.max(1));
        let members = (0..=last).step_by(step).filter_map(|rank| self.0.get(rank));
        let places = members.map(|it| {
            let position = geo::Position::of_score(it.score);
            let (longitude, latitude) = (position.longitude, position.latitude);
            is_place(it.score).then(|| PlaceView { member: Excerpt::of(it.member), longitude, latitude })
        });
        places.collect()
    }

    pub fn rank(self, member: &[u8]) -> Option<usize> {
        self.0.rank(member).map(|(rank, _)| rank)
    }
}

impl<'a> BloomView<'a> {
    /// Items that were not there when they were added.
    pub fn len(self) -> usize {
        usize::try_from(self.0.items()).unwrap_or(usize::MAX)
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn properties(self) -> &'a Properties {
        self.0.properties()
    }

    pub fn filter_count(self) -> usize {
        self.0.filters()
    }

    /// The filter with this index, the first having been made first.
    pub fn filter(self, index: usize) -> Option<FilterView<'a>> {
        let filter = self.0.filter(index)?;
        let error = self.0.properties().error_of(index).unwrap_or(0.0);
        let (capacity, items, hashes) = (filter.capacity(), filter.items(), filter.hashes());
        Some(FilterView { capacity, items, hashes, error, words: filter.words() })
    }
}

impl<'a> FilterView<'a> {
    /// The words of these indices, as far as there are any.
    pub fn window(self, range: Range<usize>) -> &'a [u64] {
        let end = range.end.min(self.words.len());
        &self.words[range.start.min(end)..end]
    }

    /// How many bits are set; `None` where there are more words than one wants to look at.
    pub fn ones(self, most: usize) -> Option<u64> {
        (self.words.len() <= most).then(|| self.words.iter().map(|word| u64::from(word.count_ones())).sum())
    }
}

/// In how many pages so many elements are read. Pages of a table are a power of two, and never more than its buckets.
fn pages(len: usize, is_in_order: bool) -> usize {
    if is_in_order { len.div_ceil(PAGE).max(1) } else { (len / PAGE).next_power_of_two() }
}

/// Scans one page of a table: from one cursor to another in the order of bit-reversed cursors.
fn scan_page(page: usize, pages: usize, mut scan: impl FnMut(u64) -> u64) {
    let begin = |page: usize| (page as u64).checked_shl(64 - pages.trailing_zeros()).unwrap_or(0);
    let mut cursor = begin(page).reverse_bits();
    loop {
        cursor = scan(cursor);
        if cursor == 0 || page + 1 < pages && cursor.reverse_bits() >= begin(page + 1) {
            return;
        }
    }
}

/// What up to three sets have in common, from at most so many members of each.
pub fn overlap(sets: &[SetView<'_>], most: usize) -> Overlap {
    let mut overlap = Overlap { counts: [0; 8], is_estimate: false, members: Vec::new() };
    let mut named = [0; 8];
    for (at, set) in sets.iter().enumerate() {
        let (mut looked_at, mut page) = (0, 0);
        let mut counts = [0u64; 8];
        while page < set.pages() && looked_at < most {
            set.each_in(page, |member| {
                looked_at += 1;
                let is_in = |other: &SetView<'_>| member.with(|text| other.contains(text));
                // A member belongs to the first set that has it.
                if sets[..at].iter().any(is_in) {
                    return;
                }
                let region = (at + 1..sets.len()).filter(|&other| is_in(&sets[other])).fold(1 << at, |r, n| r | 1 << n);
                counts[region] += 1;
                if named[region] < NAMED {
                    named[region] += 1;
                    overlap.members.push((region as u8, Excerpt::of(member)));
                }
            });
            page += 1;
        }
        overlap.is_estimate |= looked_at < set.len();
        for (total, count) in overlap.counts.iter_mut().zip(counts) {
            *total += (count as f64 * set.len() as f64 / looked_at.max(1) as f64 + 0.5) as u64;
        }
    }
    overlap
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::list::End;
    use alloc::collections::BTreeSet;
    use std::format;

    fn set(members: impl Iterator<Item = usize>) -> Set {
        let mut set = Set::new();
        for n in members {
            set.insert(format!("m{n}").as_bytes(), &Limits::default());
        }
        set
    }

    #[test]
    fn pages_hold_every_member_once() {
        for len in [1, 100, 129, 1000, 20_000] {
            let set = set(0..len);
            let view = SetView(&set);
            let pages: Vec<_> = (0..view.pages()).map(|page| view.page(page)).collect();
            let all: BTreeSet<_> = pages.iter().flatten().map(|member| member.start.clone()).collect();
            assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), len);
            assert_eq!(all.len(), len);
            assert!(pages.iter().all(|page| page.len() <= 4 * PAGE), "{len}");
        }
    }

    #[test]
    fn pages_of_integers_are_in_order() {
        let mut ints = Set::new();
        for n in 0..200 {
            ints.insert(format!("{n}").as_bytes(), &Limits::default());
        }
        let view = SetView(&ints);
        assert_eq!((view.pages(), view.page(3).len()), (4, 8));
        assert_eq!(view.page(1)[0].start, b"64");
    }

    #[test]
    fn a_window_of_a_list_knows_its_nodes() {
        let (mut list, limits) = (List::new(), Limits { list_max_listpack_size: 4, ..Limits::default() });
        (0..10).for_each(|n| list.push(End::Tail, format!("e{n}").as_bytes(), &limits));
        let view = ListView(&list);
        let texts: Vec<_> = view.elements(3..6).into_iter().map(|element| element.start).collect();
        assert_eq!(texts, [b"e3", b"e4", b"e5"]);
        let nodes: Vec<_> = view.nodes(3..6).iter().map(|node| (node.number, node.first, node.elements)).collect();
        assert_eq!(nodes, [(0, 0, 4), (1, 4, 4)]);
        assert_eq!(view.node_count(), 3);
        assert!(ValueView::List(view).gauges(&limits).is_empty());
    }

    #[test]
    fn gauges_say_how_much_room_is_left() {
        let limits = Limits::default();
        let mut hash = Hash::new();
        hash.set(b"field", b"a longer value", &limits);
        let gauges = ValueView::Hash(HashView(&hash)).gauges(&limits);
        let told: Vec<_> = gauges.iter().map(|gauge| (gauge.parameter, gauge.used, gauge.limit)).collect();
        assert_eq!(told, [("hash-max-listpack-entries", 1, 512), ("hash-max-listpack-value", 14, 64)]);
    }

    #[test]
    fn a_string_may_be_a_hyperloglog() {
        let mut sketch = hyperloglog::new();
        for n in 0..100 {
            hyperloglog::add(&mut sketch, format!("e{n}").as_bytes(), 3000).unwrap();
        }
        let view = StringView(ValueRef::Bytes(&sketch)).hyperloglog().unwrap();
        assert!(view.is_sparse && (98..=102).contains(&view.count), "{}", view.count);
        assert_eq!(view.registers.len(), 16384);
        assert_eq!(StringView(ValueRef::Bytes(b"HYLL")).hyperloglog(), None);
    }

    #[test]
    fn scores_may_be_places() {
        let (mut zset, limits) = (ZSet::new(), Limits::default());
        zset.insert(3_479_099_956_230_698.0, b"Palermo", &limits);
        zset.insert(3_479_447_370_796_909.0, b"Catania", &limits);
        let places = ZSetView(&zset).places(10).unwrap();
        assert_eq!(places[0].member.start, b"Palermo");
        assert!((places[0].longitude - 13.361389).abs() < 1e-5 && (places[0].latitude - 38.115556).abs() < 1e-5);
        assert_eq!(ZSetView(&zset).places(1).unwrap().len(), 1);
        zset.insert(1.5, b"no place", &limits);
        assert_eq!(ZSetView(&zset).places(10), None);
    }

    #[test]
    fn a_bloom_filter_is_seen_filter_by_filter() {
        let properties = Properties { error: 0.01, tightening: 0.5, capacity: 10, expansion: 2, seed: [7; 32] };
        let mut bloom = Bloom::new(properties, u64::MAX).unwrap();
        for n in 0..25u64 {
            bloom.add(&n.to_le_bytes(), u64::MAX).unwrap();
        }
        let view = BloomView(&bloom);
        assert_eq!((view.len(), view.filter_count()), (25, 2));
        let told = |index| view.filter(index).map(|it| (it.items, it.capacity, it.error));
        assert_eq!(told(0), Some((10, 10, 0.005)));
        assert_eq!(told(1), Some((15, 20, 0.0025)));
        assert_eq!(told(2), None);
        let first = view.filter(0).unwrap();
        let ones = first.ones(first.words.len()).unwrap();
        assert!((1..=10 * u64::from(first.hashes)).contains(&ones), "{ones}");
        assert_eq!(first.ones(first.words.len() - 1), None);
        assert_eq!(first.window(1..99), &first.words[1..]);
        assert!(first.window(98..99).is_empty());
    }

    #[test]
    fn sets_overlap_as_they_do() {
        let (a, b, c) = (set(0..100), set(50..150), set(90..95));
        let found = overlap(&[SetView(&a), SetView(&b), SetView(&c)], 1000);
        assert_eq!(found.counts, [0, 50, 50, 45, 0, 0, 0, 5]);
        assert!(!found.is_estimate);
        assert_eq!(found.members.iter().filter(|(region, _)| *region == 7).count(), 5);
    }

    #[test]
    fn large_sets_are_reckoned_from_a_part() {
        let (a, b) = (set(0..40_000), set(20_000..60_000));
        let found = overlap(&[SetView(&a), SetView(&b)], 4000);
        assert!(found.is_estimate);
        for region in 1..4 {
            assert!((18_000..22_000).contains(&found.counts[region]), "{:?}", found.counts);
        }
    }
}
