//! The quicklist: a long list as a row of listpacks, each as full as its limit allows.
//!
//! Where an element goes, when a node is split and when neighbours are merged follows Redis, so that a list has the
//! same nodes, and hence the same encodings and dumps, as it would have there. What Redis calls a plain node is here a listpack with
//! one element, larger than the limit. Deliberately absent: compression of inner nodes.

use super::listpack::{Element, Iter as PackIter, Listpack, Position};
use super::row::{Cursor, Node, Row};
use super::word::Movable;
use crate::base::heap::Moves;
use core::iter::{Rev, Take};
use core::ops::Range;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Quicklist {
    nodes: Row,
}

/// How much a node may hold: so many bytes, or so many elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    Bytes(usize),
    Count(usize),
}

/// Which side of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// Where elements are counted, a node is bounded in bytes all the same.
const COUNTED_BYTES: usize = 8192;
/// What Redis reckons an element takes beyond its text.
const OVERHEAD: usize = 8;
/// Header and end of a listpack.
const PACK_OVERHEAD: usize = 7;

impl Fill {
    /// What `list-max-listpack-size` means: -1 to -5 stand for 4 to 64 kilobytes, other numbers for a count.
    pub fn of(size: i32) -> Fill {
        match size {
            ..0 => Fill::Bytes(4096 << (-1 - size.max(-5))),
            _ => Fill::Count(size.clamp(1, 32_767) as usize),
        }
    }

    /// Whether so many bytes and elements are too much for a node.
    pub fn is_exceeded(self, bytes: usize, count: usize) -> bool {
        match self {
            Fill::Bytes(limit) => bytes > limit,
            Fill::Count(limit) => bytes > COUNTED_BYTES || count > limit,
        }
    }

    /// Whether a list of one node may be a plain listpack again: once it is at most half as full as a node may be. Of a
    /// node bounded by count only the count is asked.
    fn has_shrunk(self, bytes: usize, count: usize) -> bool {
        match self {
            Fill::Bytes(limit) => bytes <= limit / 2,
            Fill::Count(limit) => count <= limit / 2,
        }
    }

    /// Whether an element gets a node for itself.
    fn is_large(self, size: usize) -> bool {
        match self {
            Fill::Bytes(limit) => size > limit,
            Fill::Count(_) => size > COUNTED_BYTES,
        }
    }
}

/// Node after node. Deliberately absent: the row that leads to them.
impl Movable for Quicklist {
    fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
        const AT_ONCE: usize = 8;
        let (start, end) = (cursor as usize, cursor as usize + AT_ONCE);
        self.nodes.offer(start..end, moves);
        if end < self.nodes.len() { end as u64 } else { 0 }
    }
}

impl Node {
    fn of(element: Element<'_>) -> Node {
        let mut pack = Listpack::new();
        pack.push_back(element);
        Node { pack, count: 1 }
    }

    fn bytes(&self) -> usize {
        self.pack.as_bytes().len()
    }

    /// Whether it is what Redis keeps as a plain node.
    fn is_plain(&self, fill: Fill) -> bool {
        self.count == 1 && self.pack.first().is_some_and(|element| fill.is_large(element.with(<[u8]>::len)))
    }

    fn has_room(&self, size: usize, fill: Fill) -> bool {
        let bytes = self.bytes() + size + OVERHEAD;
        !fill.is_large(size) && !self.is_plain(fill) && !fill.is_exceeded(bytes, self.count as usize + 1)
    }

    fn merges_with(&self, other: &Node, fill: Fill) -> bool {
        let bytes = self.bytes() + other.bytes() - PACK_OVERHEAD;
        !self.is_plain(fill) && !other.is_plain(fill) && !fill.is_exceeded(bytes, (self.count + other.count) as usize)
    }
}

/// The place before the element at `offset`, or the end.
fn seek(pack: &Listpack, offset: usize) -> Position {
    pack.seek(offset as i64).unwrap_or(pack.end())
}

impl Quicklist {
    pub fn new() -> Self {
        Quicklist::default()
    }

    pub fn len(&self) -> usize {
        self.nodes.elements()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn memory(&self) -> usize {
        self.nodes.memory()
    }

    /// The nodes, as an RDB file holds them.
    pub fn packs(&self) -> impl ExactSizeIterator<Item = &Listpack> {
        self.nodes.iter().map(|node| &node.pack)
    }

    /// Appends a whole node, unless it is empty.
    pub fn push_pack(&mut self, pack: Listpack) {
        let count = pack.len() as u32;
        if count > 0 {
            self.add_node(self.nodes.len(), Node { pack, count });
        }
    }

    /// The only node, taken out, if there is one and it has shrunk enough to stand alone. Nothing at all counts as one.
    pub fn take_shrunken(&mut self, fill: Fill) -> Option<Listpack> {
        match self.nodes.get(0) {
            None => Some(Listpack::new()),
            Some(node) if self.nodes.len() == 1 && !node.is_plain(fill) => {
                fill.has_shrunk(node.bytes(), self.len()).then(|| self.nodes.remove(0).pack)
            }
            _ => None,
        }
    }

    pub fn push_back(&mut self, text: &[u8], fill: Fill) {
        let last = self.nodes.len().wrapping_sub(1);
        match self.nodes.last() {
            Some(node) if node.has_room(text.len(), fill) => {
                self.nodes.edit(last, |pack| pack.push_back(Element::of(text)));
            }
            _ => self.add_node(self.nodes.len(), Node::of(Element::of(text))),
        }
    }

    pub fn push_front(&mut self, text: &[u8], fill: Fill) {
        match self.nodes.get(0) {
            Some(node) if node.has_room(text.len(), fill) => {
                self.nodes.edit(0, |pack| pack.push_front(Element::of(text)));
            }
            _ => self.add_node(0, Node::of(Element::of(text))),
        }
    }

    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        self.iter_from(index).next()
    }

    /// The elements from an index on.
    pub fn iter_from(&self, index: usize) -> Iter<'_> {
        let (node, offset) = self.nodes.locate(index).unwrap_or((self.nodes.len(), 0));
        let nodes = self.nodes.from(node);
        Iter { nodes, pack: nodes.node().map(|node| node.pack.iter_from(seek(&node.pack, offset))) }
    }

    /// Calls `f` with the elements of these indices, which are in the list.
    pub fn each(&self, range: Range<usize>, mut f: impl FnMut(Element<'_>)) {
        let Some((node, offset)) = self.nodes.locate(range.start) else { return };
        let (mut nodes, mut offset, mut left) = (self.nodes.from(node), offset, range.len());
        while let Some(node) = nodes.node().filter(|_| left > 0) {
            let here = left.min(node.count as usize - offset);
            node.pack.iter_from(seek(&node.pack, offset)).take(here).for_each(&mut f);
            left -= here;
            offset = 0;
            nodes.forward();
        }
    }

    /// The elements from an index back to the first.
    pub fn iter_back_from(&self, index: usize) -> IterBack<'_> {
        let (node, offset) = self.nodes.locate(index).unwrap_or((self.nodes.len(), 0));
        let nodes = self.nodes.from(node);
        IterBack { nodes, pack: nodes.node().map(|node| node.pack.iter().rev().skip_to(node, offset)) }
    }

    /// Replaces the element at an index that is below the length.
    pub fn set(&mut self, index: usize, text: &[u8], fill: Fill) {
        let (node, offset) = self.nodes.locate(index).expect("the index is below the length");
        let (alone, plain) = (self.nodes[node].count == 1, self.nodes[node].is_plain(fill));
        if plain == fill.is_large(text.len()) {
            self.nodes.edit(node, |pack| pack.replace(seek(pack, offset), Element::of(text)));
            return;
        }
        self.insert(index, Side::After, text, fill);
        self.remove(index, 1);
        if !alone {
            self.merge_around(node, fill);
        }
    }

    /// Puts an element beside the one at an index that is below the length.
    pub fn insert(&mut self, index: usize, side: Side, text: &[u8], fill: Fill) {
        let (node, offset) = self.nodes.locate(index).expect("the index is below the length");
        let count = self.nodes[node].count as usize;
        let place = offset + usize::from(side == Side::After);
        let element = Element::of(text);
        let fits = |node: Option<&Node>| node.is_some_and(|node| node.has_room(text.len(), fill));
        if fits(Some(&self.nodes[node])) {
            self.nodes.edit(node, |pack| pack.insert(seek(pack, place), element));
        } else if place == count && side == Side::After && fits(self.nodes.get(node + 1)) {
            self.nodes.edit(node + 1, |pack| pack.push_front(element));
        } else if place == 0 && node > 0 && fits(self.nodes.get(node - 1)) {
            self.nodes.edit(node - 1, |pack| pack.push_back(element));
        } else if place == 0 || place == count {
            self.add_node(node + usize::from(place > 0), Node::of(element));
        } else {
            self.insert_by_splitting(node, place, side, text, fill);
        }
    }

    fn insert_by_splitting(&mut self, node: usize, place: usize, side: Side, text: &[u8], fill: Fill) {
        let pack = self.nodes.edit(node, |pack| pack.split_off(seek(pack, place)));
        self.add_node(node + 1, Node { count: pack.len() as u32, pack });
        let element = Element::of(text);
        if fill.is_large(text.len()) {
            return self.add_node(node + 1, Node::of(element));
        }
        match side {
            Side::After => self.nodes.edit(node + 1, |pack| pack.push_front(element)),
            Side::Before => self.nodes.edit(node, |pack| pack.insert(seek(pack, place), element)),
        }
        let center = node + usize::from(side == Side::Before);
        self.merge_around(center, fill);
    }

    /// Takes the first or the last element out and calls `f` with it.
    pub fn pop<R>(&mut self, last: bool, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let node = if last { self.nodes.len().checked_sub(1)? } else { 0 };
        if self.nodes.get(node)?.count == 1 {
            return self.nodes.remove(node).pack.pop(last, f);
        }
        self.nodes.edit(node, |pack| pack.pop(last, f))
    }

    /// Removes `count` elements from an index on; gives the nodes of which nothing is left.
    pub fn remove(&mut self, index: usize, count: usize) -> Quicklist {
        let mut left = count.min(self.len().saturating_sub(index));
        let Some((mut first, offset)) = self.nodes.locate(index) else { return Quicklist::new() };
        if offset > 0 {
            let here = (self.nodes[first].count as usize - offset).min(left);
            self.cut(first, offset, here);
            left -= here;
            first += 1;
        }
        let (mut nodes, mut end) = (self.nodes.from(first), first);
        while let Some(node) = nodes.node().filter(|node| left > 0 && node.count as usize <= left) {
            left -= node.count as usize;
            end += 1;
            nodes.forward();
        }
        let nodes = self.nodes.remove_range(first..end);
        if left > 0 {
            self.cut(first, 0, left);
        }
        Quicklist { nodes }
    }

    /// Removes some elements of a node, but not all.
    fn cut(&mut self, node: usize, offset: usize, count: usize) {
        self.nodes.edit(node, |pack| pack.remove_many(seek(pack, offset), count));
    }

    /// Removes the elements of these ascending indices, all in one pass.
    pub fn remove_sorted(&mut self, indices: &[usize]) {
        self.nodes.remove_elements(indices);
    }

    /// Frees the last node, so that a long list can be freed in steps.
    pub fn drop_node(&mut self) {
        if let Some(last) = self.nodes.len().checked_sub(1) {
            self.nodes.remove(last);
        }
    }

    fn add_node(&mut self, at: usize, node: Node) {
        // The node that is no longer the outermost is not pushed to any more.
        let outer = at.saturating_sub(1);
        if outer < self.nodes.len() {
            self.nodes.edit(outer, Listpack::shrink);
        }
        self.nodes.insert(at, node);
    }

    /// Merges what fits among a node, its neighbours and theirs, in Redis's order.
    fn merge_around(&mut self, center: usize, fill: Fill) {
        let mut center = center;
        if center >= 2 && self.merge(center - 2, fill) {
            center -= 1;
        }
        self.merge(center + 1, fill);
        if center >= 1 && self.merge(center - 1, fill) {
            center -= 1;
        }
        self.merge(center, fill);
    }

    /// Merges a node with the next, if there is one and both fit one node.
    fn merge(&mut self, at: usize, fill: Fill) -> bool {
        let (Some(left), Some(right)) = (self.nodes.get(at), self.nodes.get(at + 1)) else { return false };
        if !left.merges_with(right, fill) {
            return false;
        }
        let right = self.nodes.remove(at + 1);
        self.nodes.edit(at, |pack| pack.append(&right.pack));
        true
    }
}

/// The elements of a quicklist, from one of them on.
pub struct Iter<'a> {
    nodes: Cursor<'a>,
    pack: Option<PackIter<'a>>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            if let Some(element) = self.pack.as_mut()?.next() {
                return Some(element);
            }
            self.nodes.forward();
            self.pack = self.nodes.node().map(|node| node.pack.iter());
        }
    }
}

/// The elements of a quicklist, from one of them back to the first.
pub struct IterBack<'a> {
    nodes: Cursor<'a>,
    pack: Option<Take<Rev<PackIter<'a>>>>,
}

trait SkipTo<'a> {
    fn skip_to(self, node: &Node, offset: usize) -> Take<Rev<PackIter<'a>>>;
}

impl<'a> SkipTo<'a> for Rev<PackIter<'a>> {
    /// Leaves the elements up to and including the one at `offset`.
    fn skip_to(mut self, node: &Node, offset: usize) -> Take<Rev<PackIter<'a>>> {
        for _ in offset + 1..node.count as usize {
            self.next();
        }
        self.take(offset + 1)
    }
}

impl<'a> Iterator for IterBack<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            if let Some(element) = self.pack.as_mut()?.next() {
                return Some(element);
            }
            self.nodes.back();
            self.pack = self.nodes.node().map(|node| node.pack.iter().rev().take(node.count as usize));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::vec;
    use alloc::vec::Vec;

    fn check(list: &Quicklist, model: &[Vec<u8>]) {
        assert_eq!(list.len(), model.len());
        let text = |element: Element<'_>| element.with(<[u8]>::to_vec);
        assert!(list.iter_from(0).map(text).eq(model.iter().cloned()));
        list.nodes.check();
        if let Some(last) = model.len().checked_sub(1) {
            assert!(list.iter_back_from(last).map(text).eq(model.iter().rev().cloned()));
        }
        for range in [0..model.len(), model.len() / 3..model.len() / 2, model.len()..model.len()] {
            let mut texts = model[range.clone()].iter();
            list.each(range, |element| assert!(texts.next().is_some_and(|text| element.is(Element::of(text)))));
            assert!(texts.next().is_none());
        }
    }

    #[test]
    fn behaves_like_a_vector_of_strings() {
        let mut rng = Rng::new(31);
        for fill in [Fill::of(-1), Fill::of(3), Fill::of(0), Fill::of(50)] {
            let (mut list, mut model) = (Quicklist::new(), Vec::<Vec<u8>>::new());
            for step in 0..if cfg!(miri) { 60 } else { 3000 } {
                let length = [1, 10, 100, 1000, 5000, 9000][rng.below(if step % 10 == 0 { 6 } else { 4 }) as usize];
                let text = vec![b'a' + rng.below(26) as u8; length];
                let index = rng.below(model.len() as u64 + 1) as usize;
                match rng.below(if step / 500 % 2 == 0 { 5 } else { 8 }) {
                    0 => {
                        list.push_back(&text, fill);
                        model.push(text);
                    }
                    1 => {
                        list.push_front(&text, fill);
                        model.insert(0, text);
                    }
                    2 if index < model.len() => {
                        list.insert(index, Side::Before, &text, fill);
                        model.insert(index, text);
                    }
                    3 if index < model.len() => {
                        list.insert(index, Side::After, &text, fill);
                        model.insert(index + 1, text);
                    }
                    4 if index < model.len() => {
                        list.set(index, &text, fill);
                        model[index] = text;
                    }
                    _ => {
                        let count = rng.below(4) as usize;
                        list.remove(index, count);
                        model.drain(index..(index + count).min(model.len()));
                    }
                }
                if let Some(text) = model.get(index) {
                    assert!(list.get(index).unwrap().is(Element::of(text)));
                }
                if step % 20 == 0 {
                    check(&list, &model);
                }
            }
            check(&list.clone(), &model);
            assert!(
                list.nodes
                    .iter()
                    .all(|node| node.is_plain(fill) || node.bytes() <= 8192 + OVERHEAD || node.count <= 50)
            );
        }
    }

    #[test]
    fn limits_are_those_of_the_parameter() {
        assert_eq!([-1, -2, -3, -4, -5, -9].map(Fill::of), [4, 8, 16, 32, 64, 64].map(|kb| Fill::Bytes(kb * 1024)));
        assert_eq!([0, 1, 128, 99_999].map(Fill::of), [1, 1, 128, 32_767].map(Fill::Count));
    }
}
