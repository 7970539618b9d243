//! The nodes of a quicklist in order, and what they amount to.
//!
//! ```text
//!   blocks   [ 128 nodes, 57 344 elements ]  [ 97 nodes, 43 000 elements ]  …
//!                │
//!                ▼
//!            [pack, count]  [pack, count]  …
//! ```
//!
//! The nodes lie in blocks, so that neither a million of them is walked to find one nor moved to make room for one more:
//! what is between an end and the one in question is skipped a block at a time. A block that is full is split in halves, or,
//! at either end of the row, followed by a new one.

use super::listpack::Listpack;
use crate::base::heap::{self, Moves};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::{Index, Range};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Row {
    blocks: VecDeque<Block>,
    size: Size,
    /// What the nodes cost: their listpacks, and their places in the blocks.
    memory: usize,
}

/// A listpack that is not empty.
#[derive(Clone, Debug)]
pub struct Node {
    pub pack: Listpack,
    pub count: u32,
}

#[derive(Clone, Debug, Default)]
struct Block {
    nodes: Vec<Node>,
    elements: usize,
    /// What their listpacks cost: so that a block can be taken out without a look at them.
    packs: usize,
}

/// How much there is, or how much comes before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    nodes: usize,
    elements: usize,
}

/// So many nodes fill a block. Tests reach many blocks with few nodes.
const FULL: usize = if cfg!(test) { 8 } else { 128 };
/// The modelled sizes of a node and of a block in its row.
const NODE: usize = 16;
const BLOCK: usize = 40;
const _: () = assert!(size_of::<Node>() <= NODE && size_of::<Block>() <= BLOCK);

impl Block {
    fn size(&self) -> Size {
        Size { nodes: self.nodes.len(), elements: self.elements }
    }

    fn of(nodes: Vec<Node>) -> Self {
        let elements = nodes.iter().map(|node| node.count as usize).sum();
        let packs = nodes.iter().map(|node| node.pack.memory()).sum();
        Block { nodes, elements, packs }
    }

    /// What the block costs with all that is in it.
    fn cost(&self) -> usize {
        heap::cost(self.nodes.len() * NODE) + self.packs
    }

    /// Makes room for one more, though not for twice as many: what a block takes is accounted for by its length.
    fn grow(&mut self) {
        let len = self.nodes.len();
        if len == self.nodes.capacity() {
            self.nodes.reserve_exact((4 + len / 8).min(FULL - len));
        }
    }

    fn shrink(&mut self) {
        if self.nodes.capacity() > 4 + self.nodes.len() * 2 {
            self.nodes.shrink_to_fit();
        }
    }
}

impl Row {
    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.size.nodes
    }

    pub fn elements(&self) -> usize {
        self.size.elements
    }

    /// Bytes allocated beyond the row itself.
    pub fn memory(&self) -> usize {
        self.memory + heap::cost(self.blocks.len() * BLOCK)
    }

    pub fn get(&self, at: usize) -> Option<&Node> {
        self.from(at).node()
    }

    pub fn last(&self) -> Option<&Node> {
        self.get(self.len().checked_sub(1)?)
    }

    /// A cursor at a node; at none behind the last.
    pub fn from(&self, at: usize) -> Cursor<'_> {
        let (block, slot) = if at < self.len() { self.place(at) } else { (self.blocks.len(), 0) };
        Cursor { row: self, block, slot }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Node> {
        let mut cursor = self.from(0);
        (0..self.len()).map(move |_| {
            let node = cursor.node().expect("there are so many nodes");
            cursor.forward();
            node
        })
    }

    /// The node of an element, and how many elements of that node come before it.
    pub fn locate(&self, element: usize) -> Option<(usize, usize)> {
        if element >= self.elements() {
            return None;
        }
        let (block, mut before) = self.block_of(element, |size| size.elements);
        for node in &self.blocks[block].nodes {
            let count = node.count as usize;
            if element < before.elements + count {
                break;
            }
            before.nodes += 1;
            before.elements += count;
        }
        Some((before.nodes, element - before.elements))
    }

    /// The one way to change a node's elements: keeps all that is known of them. Some are left.
    pub fn edit<R>(&mut self, at: usize, change: impl FnOnce(&mut Listpack) -> R) -> R {
        let (block, slot) = self.place(at);
        let block = &mut self.blocks[block];
        let node = &mut block.nodes[slot];
        let (memory, count) = (node.pack.memory(), node.count as usize);
        let result = change(&mut node.pack);
        node.count = node.pack.len() as u32;
        debug_assert!(node.count > 0);
        let now = node.pack.memory();
        self.memory = self.memory - memory + now;
        block.packs = block.packs - memory + now;
        self.size.elements = self.size.elements - count + node.count as usize;
        block.elements = block.elements - count + node.count as usize;
        result
    }

    /// Offers the listpack of each of these nodes for moving, as far as there are any.
    pub fn offer(&mut self, range: Range<usize>, moves: &mut Moves) {
        for at in range.start..range.end.min(self.len()) {
            let (block, slot) = self.place(at);
            self.blocks[block].nodes[slot].pack.offer(moves);
        }
    }

    /// Puts a node before the one at `at`, or at the end.
    pub fn insert(&mut self, at: usize, node: Node) {
        let (block, slot) = self.make_room(at);
        let block = &mut self.blocks[block];
        self.memory -= block.cost();
        block.packs += node.pack.memory();
        self.size.nodes += 1;
        self.size.elements += node.count as usize;
        block.elements += node.count as usize;
        block.grow();
        block.nodes.insert(slot, node);
        self.memory += block.cost();
    }

    pub fn remove(&mut self, at: usize) -> Node {
        let (block, slot) = self.place(at);
        let node = self.cut(block, |nodes, cut| {
            let node = nodes.remove(slot);
            cut.add(&node);
            node
        });
        self.drop_empty(block..block + 1);
        node
    }

    /// Takes the nodes of these positions out: many of them a block at a time, so that who frees them may do so later.
    pub fn remove_range(&mut self, range: Range<usize>) -> Row {
        let mut removed = Row::default();
        if range.is_empty() {
            return removed;
        }
        let ((first, mut slot), mut left) = (self.place(range.start), range.len());
        let mut block = first;
        while left > 0 {
            let here = left.min(self.blocks[block].nodes.len() - slot);
            let taken = self.take(block, slot..slot + here);
            removed.size = removed.size.and(taken.size());
            removed.memory += taken.cost();
            removed.blocks.push_back(taken);
            left -= here;
            slot = 0;
            block += 1;
        }
        self.drop_empty(first..block);
        removed
    }

    /// Takes these nodes of a block out, or all of it.
    fn take(&mut self, block: usize, slots: Range<usize>) -> Block {
        if slots.len() == self.blocks[block].nodes.len() {
            let whole = core::mem::take(&mut self.blocks[block]);
            self.size = self.size.without(whole.size());
            self.memory -= whole.cost();
            return whole;
        }
        self.cut(block, |nodes, cut| {
            let taken: Vec<Node> = nodes.drain(slots).collect();
            taken.iter().for_each(|node| cut.add(node));
            Block::of(taken)
        })
    }

    /// Removes the elements of these ascending indices, all in one pass.
    pub fn remove_elements(&mut self, mut indices: &[usize]) {
        let mut start = 0;
        for block in 0..self.blocks.len() {
            let end = start + self.blocks[block].elements;
            let (mut here, later) = indices.split_at(indices.partition_point(|&index| index < end));
            if !here.is_empty() {
                self.cut(block, |nodes, cut| nodes.retain_mut(|node| cut.elements_of(node, &mut start, &mut here)));
            }
            (indices, start) = (later, end);
        }
        self.blocks.retain(|block| !block.nodes.is_empty());
    }

    /// Takes something out of a block; what that is, `f` adds up.
    fn cut<R>(&mut self, block: usize, f: impl FnOnce(&mut Vec<Node>, &mut Cut) -> R) -> R {
        let block = &mut self.blocks[block];
        self.memory -= block.cost();
        let mut cut = Cut::default();
        let result = f(&mut block.nodes, &mut cut);
        block.shrink();
        block.elements -= cut.size.elements;
        block.packs = block.packs + cut.after - cut.before;
        self.size = self.size.without(cut.size);
        self.memory += block.cost();
        result
    }

    /// Drops those of some neighbouring blocks that are empty: all but perhaps the first and the last.
    fn drop_empty(&mut self, blocks: Range<usize>) {
        let has_some = |block: usize| usize::from(!self.blocks[block].nodes.is_empty());
        let (start, end) = (blocks.start + has_some(blocks.start), blocks.end - has_some(blocks.end - 1));
        if start < end {
            self.blocks.drain(start..end);
        }
    }

    /// Where a node may be put that is to be the one at `at`: in a block with room for it.
    fn make_room(&mut self, at: usize) -> (usize, usize) {
        let end = self.blocks.len();
        let (block, slot) = if at < self.len() {
            self.place(at)
        } else {
            (end.saturating_sub(1), self.blocks.back().map_or(FULL, |block| block.nodes.len()))
        };
        if self.blocks.get(block).is_some_and(|block| block.nodes.len() < FULL) {
            return (block, slot);
        }
        if at == 0 || at == self.len() {
            let new = if at == 0 { 0 } else { end };
            self.add_block(new, Block::default());
            return (new, 0);
        }
        self.split(block);
        if slot <= FULL / 2 { (block, slot) } else { (block + 1, slot - FULL / 2) }
    }

    fn split(&mut self, block: usize) {
        let half = &mut self.blocks[block];
        self.memory -= half.cost();
        let other = Block::of(half.nodes.split_off(FULL / 2));
        half.nodes.shrink_to_fit();
        half.elements -= other.elements;
        half.packs -= other.packs;
        self.memory += half.cost() + other.cost();
        self.add_block(block + 1, other);
    }

    /// Puts a block, which is counted already, into the row.
    fn add_block(&mut self, at: usize, block: Block) {
        if self.blocks.len() == self.blocks.capacity() {
            self.blocks.reserve_exact(1 + self.blocks.len() / 8);
        }
        self.blocks.insert(at, block);
    }

    /// Block and slot of a node.
    fn place(&self, at: usize) -> (usize, usize) {
        let (block, before) = self.block_of(at, |size| size.nodes);
        (block, at - before.nodes)
    }

    /// The block of the node or of the element with this number, and what comes before it, looking from the nearer end.
    fn block_of(&self, wanted: usize, measure: fn(Size) -> usize) -> (usize, Size) {
        let mut before = Size::default();
        if wanted <= measure(self.size) / 2 {
            for (at, block) in self.blocks.iter().enumerate() {
                let after = before.and(block.size());
                if wanted < measure(after) {
                    return (at, before);
                }
                before = after;
            }
        } else {
            before = self.size;
            for (at, block) in self.blocks.iter().enumerate().rev() {
                before = before.without(block.size());
                if wanted >= measure(before) {
                    return (at, before);
                }
            }
        }
        unreachable!("all blocks together are as large as the row")
    }
}

impl Size {
    fn and(self, other: Size) -> Size {
        Size { nodes: self.nodes + other.nodes, elements: self.elements + other.elements }
    }

    fn without(self, other: Size) -> Size {
        Size { nodes: self.nodes - other.nodes, elements: self.elements - other.elements }
    }
}

/// What is taken out of a block.
#[derive(Default)]
struct Cut {
    size: Size,
    /// What listpacks cost that are gone or changed, and what those still there cost now.
    before: usize,
    after: usize,
}

impl Cut {
    fn add(&mut self, node: &Node) {
        self.size = self.size.and(Size { nodes: 1, elements: node.count as usize });
        self.before += node.pack.memory();
    }

    /// Takes the first of these ascending indices, as far as they are a node's, out of that node, which begins at
    /// `start`; whether anything is left of it.
    fn elements_of(&mut self, node: &mut Node, start: &mut usize, indices: &mut &[usize]) -> bool {
        let (first, count) = (*start, node.count as usize);
        *start += count;
        let (gone, rest) = indices.split_at(indices.partition_point(|&index| index < *start));
        *indices = rest;
        if gone.len() == count {
            self.add(node);
            return false;
        }
        if !gone.is_empty() {
            self.before += node.pack.memory();
            let offsets: Vec<usize> = gone.iter().map(|index| index - first).collect();
            node.pack.remove_sorted(&offsets);
            self.after += node.pack.memory();
            node.count -= offsets.len() as u32;
            self.size.elements += offsets.len();
        }
        true
    }
}

impl Index<usize> for Row {
    type Output = Node;

    fn index(&self, at: usize) -> &Node {
        self.get(at).expect("there is such a node")
    }
}

/// A place in a row: at a node, or at none.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    row: &'a Row,
    block: usize,
    slot: usize,
}

impl<'a> Cursor<'a> {
    pub fn node(self) -> Option<&'a Node> {
        self.row.blocks.get(self.block)?.nodes.get(self.slot)
    }

    /// Goes to the next node.
    pub fn forward(&mut self) {
        self.slot += 1;
        if self.row.blocks.get(self.block).is_some_and(|block| self.slot >= block.nodes.len()) {
            (self.block, self.slot) = (self.block + 1, 0);
        }
    }

    /// Goes to the node before; to none, from where there is no way back, before the first.
    pub fn back(&mut self) {
        if let Some(slot) = self.slot.checked_sub(1) {
            self.slot = slot;
            return;
        }
        let before = self.block.checked_sub(1).and_then(|block| Some((block, self.row.blocks.get(block)?)));
        let none = (self.row.blocks.len(), 0);
        (self.block, self.slot) = before.map_or(none, |(block, nodes)| (block, nodes.nodes.len() - 1));
    }
}

#[cfg(test)]
impl Row {
    /// That what is known of the nodes is true, counted anew.
    pub fn check(&self) {
        let (mut size, mut memory) = (Size::default(), 0);
        for block in &self.blocks {
            assert!((1..=FULL).contains(&block.nodes.len()));
            assert!(block.nodes.capacity() <= 4 + block.nodes.len() * 2);
            assert_eq!(block.elements, block.nodes.iter().map(|node| node.pack.len()).sum::<usize>());
            assert!(block.nodes.iter().all(|node| node.count > 0 && node.count as usize == node.pack.len()));
            assert_eq!(block.packs, block.nodes.iter().map(|node| node.pack.memory()).sum::<usize>());
            memory += block.cost();
            size = size.and(block.size());
        }
        assert_eq!((size, memory), (self.size, self.memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::collections::listpack::Element;
    use alloc::format;
    use alloc::string::String;

    type Model = Vec<Vec<String>>;

    fn node(texts: &[String]) -> Node {
        let mut pack = Listpack::new();
        texts.iter().for_each(|text| pack.push_back(Element::of(text.as_bytes())));
        Node { pack, count: texts.len() as u32 }
    }

    fn texts(node: &Node) -> Vec<String> {
        node.pack.iter().map(|element| element.with(|text| String::from_utf8(text.to_vec()).unwrap())).collect()
    }

    fn check(row: &Row, model: &Model) {
        row.check();
        assert!(row.iter().map(texts).eq(model.iter().cloned()));
        let mut cursor = row.from(row.len().saturating_sub(1));
        for node in model.iter().rev() {
            assert_eq!(texts(cursor.node().unwrap()), *node);
            cursor.back();
        }
        assert!(cursor.node().is_none() && row.from(row.len()).node().is_none());
        let places = model.iter().enumerate().flat_map(|(at, node)| (0..node.len()).map(move |offset| (at, offset)));
        places.enumerate().for_each(|(element, place)| assert_eq!(row.locate(element), Some(place)));
        assert_eq!(row.locate(row.elements()), None);
    }

    #[test]
    fn behaves_like_a_vector_of_vectors() {
        let mut rng = Rng::new(77);
        let (mut row, mut model) = (Row::default(), Model::new());
        for step in 0..if cfg!(miri) { 120 } else { 6000 } {
            let grows = step / 200 % 2 == 0;
            let at = rng.below(model.len() as u64 + 1) as usize;
            match rng.below(if grows { 8 } else { 14 }) {
                0..6 => {
                    let at = [at, 0, model.len()][rng.below(3) as usize];
                    let new: Vec<_> = (0..=rng.below(3)).map(|n| format!("{step} {n}")).collect();
                    row.insert(at, node(&new));
                    model.insert(at, new);
                }
                6 | 7 if at < model.len() => {
                    row.edit(at, |pack| pack.push_back(Element::of(b"more")));
                    model[at].push(String::from("more"));
                }
                8..11 if at < model.len() => assert_eq!(texts(&row.remove(at)), model.remove(at)),
                11 => {
                    let end = model.len().min(at + rng.below(20) as usize);
                    check(&row.remove_range(at..end), &model.drain(at..end).collect());
                }
                12 => {
                    let odds = [1, 2, 20][rng.below(3) as usize];
                    let indices: Vec<_> = (0..row.elements()).filter(|_| rng.below(odds) > 0 || odds == 1).collect();
                    let indices = if odds == 1 { &indices[..indices.len() / 2] } else { &indices };
                    row.remove_elements(indices);
                    let mut index = 0;
                    model.iter_mut().for_each(|node| {
                        node.retain(|_| {
                            index += 1;
                            indices.binary_search(&(index - 1)).is_err()
                        });
                    });
                    model.retain(|node| !node.is_empty());
                }
                _ => {}
            }
            if step % if cfg!(miri) { 40 } else { 10 } == 0 {
                check(&row, &model);
                let copy = row.clone();
                check(&copy, &model);
                assert_eq!(copy.memory(), row.memory());
            }
        }
        row.remove_range(0..row.len());
        assert_eq!((row.len(), row.elements(), row.memory()), (0, 0, 0));
    }
}
