//! The list: a listpack while it fits one node, a quicklist of them beyond.
//!
//! It grows into a quicklist when the texts that are about to be added would make the listpack exceed
//! `list-max-listpack-size`, and shrinks back once one node is left that is at most half full.

use super::{Limits, resolve_range};
use crate::base::heap::{self, Moves};
use crate::collections::listpack::{Element, Iter as PackIter, Listpack};
use crate::collections::quicklist::{Iter as QuickIter, IterBack as QuickBack, Quicklist, Side};
use crate::collections::word::Pair::{Large as Quick, Pack};
use crate::collections::word::Word;
use alloc::vec::Vec;
use core::iter::{Rev, Skip};
use core::ops::Range;

/// See the module.
#[derive(Clone)]
pub struct List {
    encoding: Word<Quicklist>,
}

/// What a box with a quicklist in it costs, by the model.
const BOXED: usize = heap::cost(SIZE);
const SIZE: usize = 56;
const _: () = assert!(size_of::<Quicklist>() <= SIZE);

/// Which end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Head,
    Tail,
}

/// What LPOS looks for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// The first match that counts: 1 for the first from the head, -1 for the first from the tail, never 0.
    pub rank: i64,
    /// How many matches; 0 for all.
    pub count: usize,
    /// How many elements to look at; 0 for all.
    pub max_len: usize,
}

impl Default for List {
    fn default() -> Self {
        List { encoding: Word::pack(Listpack::new()) }
    }
}

impl List {
    pub fn new() -> Self {
        List::default()
    }

    /// A list of these nodes, as an RDB file holds them.
    pub fn from_packs(packs: impl IntoIterator<Item = Listpack>, limits: &Limits) -> Self {
        let mut packs = packs.into_iter().filter(|pack| !pack.is_empty());
        let first = packs.next().unwrap_or_default();
        let mut packs = packs.peekable();
        if packs.peek().is_none() && !limits.fill().is_exceeded(first.as_bytes().len(), first.len()) {
            return List { encoding: Word::pack(first) };
        }
        let mut quick = Quicklist::new();
        core::iter::once(first).chain(packs).for_each(|pack| quick.push_pack(pack));
        List { encoding: Word::large(quick) }
    }

    /// The nodes, as an RDB file holds them.
    pub fn packs(&self) -> impl Iterator<Item = &Listpack> {
        let (one, many) = match self.encoding.pair() {
            Pack(pack) => (Some(pack), None),
            Quick(quick) => (None, Some(quick.packs())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    pub fn len(&self) -> usize {
        match self.encoding.pair() {
            Pack(pack) => pack.len(),
            Quick(quick) => quick.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn memory(&self) -> usize {
        match self.encoding.pair() {
            Pack(pack) => pack.memory(),
            Quick(quick) => BOXED + quick.memory(),
        }
    }

    /// How many pieces of memory it is made of, about.
    pub fn pieces(&self) -> usize {
        match self.encoding.pair() {
            Pack(_) => 1,
            Quick(quick) => quick.packs().len(),
        }
    }

    pub fn encoding(&self) -> &'static str {
        match self.encoding.pair() {
            Pack(_) => "listpack",
            Quick(_) => "quicklist",
        }
    }

    /// Adds an element at an end.
    pub fn push(&mut self, end: End, text: &[u8], limits: &Limits) {
        self.extend(end, [text].into_iter(), limits);
    }

    /// Adds elements at an end, one after the other: at the head the last one comes to stand first.
    pub fn extend<'t>(&mut self, end: End, texts: impl Iterator<Item = &'t [u8]> + Clone, limits: &Limits) {
        self.prepare(texts.clone(), limits);
        for text in texts {
            match (self.encoding.pair_mut(), end) {
                (Pack(pack), End::Head) => pack.push_front(Element::of(text)),
                (Pack(pack), End::Tail) => pack.push_back(Element::of(text)),
                (Quick(quick), End::Head) => quick.push_front(text, limits.fill()),
                (Quick(quick), End::Tail) => quick.push_back(text, limits.fill()),
            }
        }
    }

    /// Takes the element at an end out and calls `f` with it.
    pub fn pop<R>(&mut self, end: End, limits: &Limits, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let popped = match self.encoding.pair_mut() {
            Pack(pack) => pack.pop(end == End::Tail, f),
            Quick(quick) => quick.pop(end == End::Tail, f),
        };
        self.shrink(limits);
        popped
    }

    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        match self.encoding.pair() {
            Pack(pack) => pack.seek(index as i64).map(|at| pack.get(at)),
            Quick(quick) => quick.get(index),
        }
    }

    /// The elements from an index on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = Element<'_>> {
        match self.encoding.pair() {
            Pack(pack) => Elements::Pack(pack.iter_from(pack.seek(index as i64).unwrap_or(pack.end()))),
            Quick(quick) => Elements::Quick(quick.iter_from(index)),
        }
    }

    /// The elements from an index back to the first.
    pub fn iter_back_from(&self, index: usize) -> impl Iterator<Item = Element<'_>> {
        match self.encoding.pair() {
            Pack(pack) => Elements::PackBack(pack.iter().rev().skip(pack.len().saturating_sub(index + 1))),
            Quick(quick) => Elements::QuickBack(quick.iter_back_from(index)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Element<'_>> {
        self.iter_from(0)
    }

    /// Calls `f` with the elements of these indices, which are in the list.
    pub fn each(&self, range: Range<usize>, f: impl FnMut(Element<'_>)) {
        match self.encoding.pair() {
            Pack(pack) => {
                let start = pack.seek(range.start as i64).unwrap_or(pack.end());
                pack.iter_from(start).take(range.len()).for_each(f);
            }
            Quick(quick) => quick.each(range, f),
        }
    }

    /// Replaces the element at an index; whether there is one.
    pub fn set(&mut self, index: usize, text: &[u8], limits: &Limits) -> bool {
        self.prepare([text].into_iter(), limits);
        if index >= self.len() {
            return false;
        }
        match self.encoding.pair_mut() {
            Pack(pack) => {
                let at = pack.seek(index as i64).expect("the index is below the length");
                pack.replace(at, Element::of(text));
            }
            Quick(quick) => quick.set(index, text, limits.fill()),
        }
        self.shrink(limits);
        true
    }

    /// Puts an element beside the first one that is equal to `pivot`; whether there is one.
    pub fn insert(&mut self, pivot: &[u8], side: Side, text: &[u8], limits: &Limits) -> bool {
        self.prepare([text].into_iter(), limits);
        let Some(index) = self.indices_of(pivot, usize::MAX).next() else { return false };
        match self.encoding.pair_mut() {
            Pack(pack) => {
                let place = index + usize::from(side == Side::After);
                pack.insert(pack.seek(place as i64).unwrap_or(pack.end()), Element::of(text));
            }
            Quick(quick) => quick.insert(index, side, text, limits.fill()),
        }
        true
    }

    /// Removes the elements of these indices.
    pub fn remove(&mut self, range: Range<usize>, limits: &Limits) {
        self.remove_only(range);
        self.shrink(limits);
    }

    /// Removes elements equal to `text`: the first `count`, the last ones for a negative count, all for 0. Says how many.
    pub fn remove_equal(&mut self, text: &[u8], count: i64, limits: &Limits) -> usize {
        let rank = if count < 0 { -1 } else { 1 };
        let most = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        let mut found = self.positions(text, Search { rank, count: most, max_len: 0 });
        if rank < 0 {
            found.reverse();
        }
        if !found.is_empty() {
            match self.encoding.pair_mut() {
                Pack(pack) => pack.remove_sorted(&found),
                Quick(quick) => quick.remove_sorted(&found),
            }
            self.shrink(limits);
        }
        found.len()
    }

    /// Keeps only the elements that LRANGE would give for these indices; says how many went, and gives lists of most of
    /// them where they are many, and take long to free.
    pub fn trim(&mut self, start: i64, stop: i64, limits: &Limits) -> (usize, [Option<List>; 2]) {
        let len = self.len();
        let kept = resolve_range(start, stop, len);
        let rests = [kept.end..len, 0..kept.start].map(|range| self.remove_only(range));
        self.shrink(limits);
        (len - kept.len(), rests)
    }

    /// The indices of elements equal to `text`, in the order in which they are found.
    pub fn positions(&self, text: &[u8], search: Search) -> Vec<usize> {
        let len = self.len();
        let looked_at = if search.max_len == 0 { len } else { search.max_len.min(len) };
        let skipped = usize::try_from(search.rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
        let wanted = if search.count == 0 { usize::MAX } else { search.count };
        if search.rank > 0 {
            self.indices_of(text, looked_at).skip(skipped).take(wanted).collect()
        } else {
            let (last, target) = (len.saturating_sub(1), Element::of(text));
            let backwards = self.iter_back_from(last).enumerate().take(looked_at);
            let matches = backwards.filter(|(_, element)| element.is(target));
            matches.map(|(back, _)| last - back).skip(skipped).take(wanted).collect()
        }
    }

    /// The indices, below `end`, of elements equal to `text`.
    fn indices_of<'a>(&'a self, text: &'a [u8], end: usize) -> impl Iterator<Item = usize> + 'a {
        let starts = self.packs().scan(0, |next, pack| {
            let start = *next;
            *next += pack.len();
            Some((start, pack))
        });
        let near = starts.take_while(move |(start, _)| *start < end);
        let indices = near.flat_map(|(start, pack)| pack.indices_of(text).map(move |index| start + index));
        indices.take_while(move |index| *index < end)
    }

    /// Offers some of its memory for moving, and returns the cursor to go on with; 0 begins and 0 ends.
    pub fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        self.encoding.offer(cursor, moves)
    }

    /// Frees about `budget` elements; whether none is left.
    pub fn shed(&mut self, budget: usize) -> bool {
        if let Quick(quick) = self.encoding.pair_mut() {
            let kept = quick.len().saturating_sub(budget);
            while quick.len() > kept {
                quick.drop_node();
            }
            if !quick.is_empty() {
                return false;
            }
        }
        *self = List::new();
        true
    }

    /// Gives the nodes of which nothing is left, if there are any.
    fn remove_only(&mut self, range: Range<usize>) -> Option<List> {
        match self.encoding.pair_mut() {
            Pack(pack) => {
                if let Some(at) = pack.seek(range.start as i64) {
                    pack.remove_many(at, range.len());
                }
                None
            }
            Quick(quick) => {
                let nodes = quick.remove(range.start, range.len());
                (!nodes.is_empty()).then(|| List { encoding: Word::large(nodes) })
            }
        }
    }

    /// Grows into a quicklist where the listpack would exceed the limit with these texts in it.
    fn prepare<'t>(&mut self, texts: impl Iterator<Item = &'t [u8]>, limits: &Limits) {
        let Pack(pack) = self.encoding.pair_mut() else { return };
        let now = (pack.as_bytes().len(), pack.len());
        let (bytes, count) = texts.fold(now, |(bytes, count), text| (bytes + text.len(), count + 1));
        if limits.fill().is_exceeded(bytes, count) {
            let mut quick = Quicklist::new();
            quick.push_pack(core::mem::take(pack));
            self.encoding = Word::large(quick);
        }
    }

    fn shrink(&mut self, limits: &Limits) {
        if let Quick(quick) = self.encoding.pair_mut()
            && let Some(pack) = quick.take_shrunken(limits.fill())
        {
            self.encoding = Word::pack(pack);
        }
    }
}

/// The elements of either encoding, in either direction.
enum Elements<'a> {
    Pack(PackIter<'a>),
    PackBack(Skip<Rev<PackIter<'a>>>),
    Quick(QuickIter<'a>),
    QuickBack(QuickBack<'a>),
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;
    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        match self {
            Elements::Pack(iter) => iter.next(),
            Elements::PackBack(iter) => iter.next(),
            Elements::Quick(iter) => iter.next(),
            Elements::QuickBack(iter) => iter.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::format;
    use alloc::vec;

    fn texts(list: &List) -> Vec<Vec<u8>> {
        list.iter().map(|element| element.with(<[u8]>::to_vec)).collect()
    }

    fn list_of(count: usize, limits: &Limits) -> List {
        let mut list = List::new();
        (0..count).for_each(|_| list.push(End::Tail, &[b'x'; 16], limits));
        list
    }

    /// Each number recorded from `OBJECT ENCODING` of Valkey 9.1.
    #[test]
    fn encodings_change_where_redis_changes_them() {
        let limits = Limits::default();
        let mut list = list_of(454, &limits);
        assert_eq!(list.encoding(), "listpack");
        list.push(End::Tail, &[b'x'; 16], &limits);
        assert_eq!(list.encoding(), "quicklist");
        while list.encoding() == "quicklist" {
            list.pop(End::Tail, &limits, |_| ());
        }
        assert_eq!(list.len(), 227);
        for (size, encoding) in [(8185, "listpack"), (8186, "quicklist")] {
            let mut list = List::new();
            list.push(End::Head, &vec![b'x'; size], &limits);
            assert_eq!(list.encoding(), encoding);
        }
        let thousand = vec![&[b'x'; 16][..]; 1000];
        for (kept, encoding) in [(301, "quicklist"), (201, "listpack")] {
            let mut list = List::new();
            list.extend(End::Tail, thousand.iter().copied(), &limits);
            list.trim(0, kept - 1, &limits);
            assert_eq!((list.len(), list.encoding()), (kept as usize, encoding));
        }
        // Two nodes are left, and nothing merges them.
        let mut list = List::new();
        list.extend(End::Tail, thousand.iter().copied(), &limits);
        assert_eq!(list.remove_equal(&[b'x'; 16], 820, &limits), 820);
        assert_eq!((list.len(), list.encoding()), (180, "quicklist"));
    }

    /// Recorded likewise: LSET of the first of so many elements to a text of this length, under this limit.
    #[test]
    fn setting_a_large_element_changes_the_encoding_where_redis_does() {
        let cases = [
            (-2, 3, 8170, "listpack"),
            (-2, 3, 8185, "quicklist"),
            (-1, 1, 4090, "quicklist"),
            (1, 1, 1, "quicklist"),
            (4, 1, 8190, "listpack"),
            (4, 1, 8193, "quicklist"),
            (4, 3, 8170, "listpack"),
            (4, 3, 8185, "quicklist"),
            (10, 3, 8190, "listpack"),
        ];
        for (size, count, length, encoding) in cases {
            let limits = Limits { list_max_listpack_size: size, ..Limits::default() };
            let mut list = List::new();
            (0..count).for_each(|_| list.push(End::Tail, b"a", &limits));
            assert!(list.set(0, &vec![b'x'; length], &limits));
            assert_eq!(list.encoding(), encoding, "{size} {count} {length}");
        }
    }

    #[test]
    fn encodings_change_by_count_where_asked() {
        let limits = Limits { list_max_listpack_size: 4, ..Limits::default() };
        let mut list = List::new();
        let mut seen = Vec::new();
        for n in 0..6 {
            list.push(End::Tail, format!("{n}").as_bytes(), &limits);
            seen.push(list.encoding() == "listpack");
        }
        for _ in 0..4 {
            list.pop(End::Head, &limits, |_| ());
            seen.push(list.encoding() == "listpack");
        }
        assert_eq!(seen, [true, true, true, true, false, false, false, false, false, true]);
    }

    #[test]
    fn behaves_like_a_vector_of_strings() {
        let mut rng = Rng::new(14);
        for size in [-1, -2, 3, 40] {
            let limits = Limits { list_max_listpack_size: size, ..Limits::default() };
            let (mut list, mut model) = (List::new(), Vec::<Vec<u8>>::new());
            for step in 0..4000 {
                let text = format!("{}", rng.below(30) * 7).repeat(1 + 40 * (rng.below(20) / 19) as usize).into_bytes();
                let index = rng.below(model.len() as u64 + 2) as usize;
                let end = if rng.below(2) == 0 { End::Head } else { End::Tail };
                match rng.below(if step / 500 % 2 == 0 { 8 } else { 14 }) {
                    0..=3 => {
                        list.push(end, &text, &limits);
                        model.insert(if end == End::Head { 0 } else { model.len() }, text);
                    }
                    4 => {
                        let found = model.get_mut(index).map(|element| element.clone_from(&text)).is_some();
                        assert_eq!(list.set(index, &text, &limits), found);
                    }
                    5 | 6 => {
                        let pivot = format!("{}", rng.below(30) * 7).into_bytes();
                        let side = if rng.below(2) == 0 { Side::Before } else { Side::After };
                        let at = model.iter().position(|element| *element == pivot);
                        assert_eq!(list.insert(&pivot, side, &text, &limits), at.is_some());
                        if let Some(at) = at {
                            model.insert(at + usize::from(side == Side::After), text);
                        }
                    }
                    7 => check_positions(&list, &model, &text, &mut rng),
                    8 => {
                        let count = rng.below(5) as i64 - 2;
                        let removed = list.remove_equal(&text, count, &limits);
                        assert_eq!(removed, remove_from_model(&mut model, &text, count));
                    }
                    9 if rng.below(10) == 0 => {
                        let range = resolve_range(index as i64 - 3, -3, model.len());
                        let (gone, rests) = list.trim(index as i64 - 3, -3, &limits);
                        assert!(rests.iter().flatten().map(List::len).sum::<usize>() <= gone);
                        assert_eq!(gone, model.len() - range.len());
                        model = model[range].to_vec();
                    }
                    _ => {
                        let popped = list.pop(end, &limits, <[u8]>::to_vec);
                        let at = if end == End::Head { 0 } else { model.len().saturating_sub(1) };
                        assert_eq!(popped, (at < model.len()).then(|| model.remove(at)));
                    }
                }
                assert_eq!(list.len(), model.len());
                if step % 25 == 0 {
                    assert_eq!(texts(&list), model);
                    let copy = list.clone();
                    assert_eq!((texts(&copy), copy.memory()), (texts(&list), list.memory()));
                    let reloaded = List::from_packs(list.packs().cloned(), &limits);
                    assert_eq!(texts(&reloaded), model);
                }
            }
            while !list.shed(3) {}
            assert_eq!((list.len(), list.encoding()), (0, "listpack"));
        }
    }

    fn check_positions(list: &List, model: &[Vec<u8>], text: &[u8], rng: &mut Rng) {
        let rank = [-2, -1, 1, 2, 3][rng.below(5) as usize];
        let search = Search { rank, count: rng.below(4) as usize, max_len: rng.below(3) as usize * model.len() / 2 };
        let mut order: Vec<usize> = (0..model.len()).collect();
        if rank < 0 {
            order.reverse();
        }
        if search.max_len > 0 {
            order.truncate(search.max_len);
        }
        order.retain(|&index| model[index] == text);
        order.drain(..(rank.unsigned_abs() as usize - 1).min(order.len()));
        if search.count > 0 {
            order.truncate(search.count);
        }
        assert_eq!(list.positions(text, search), order);
    }

    fn remove_from_model(model: &mut Vec<Vec<u8>>, text: &[u8], count: i64) -> usize {
        let before = model.len();
        let mut left = if count == 0 { u64::MAX } else { count.unsigned_abs() };
        let mut keep = |element: &Vec<u8>| {
            let goes = element == text && left > 0;
            left -= u64::from(goes);
            !goes
        };
        if count < 0 {
            model.reverse();
            model.retain(&mut keep);
            model.reverse();
        } else {
            model.retain(&mut keep);
        }
        before - model.len()
    }
}
