//! A counted B+tree: a sequence in which any position is reached, found, filled or emptied in logarithmic time.
//!
//! ```text
//!   inner   counts [ 40    64    51 ]     how many items are below each child
//!           firsts [ a     k     q  ]     copies of the first item below each child
//!                    ▼     ▼     ▼
//!   leaf    [a b c …]  [k l …]  [q r …]
//! ```
//!
//! The tree compares nothing: where the items are sorted, [`Counted::partition`] finds the border between those a
//! predicate holds for and the others, which is at once a rank and the place for an insert. Leaves fill completely when a sequence
//! grows at either end, and take their memory in steps, so that half-full ones cost half.

use crate::base::heap;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

/// See the module.
pub struct Counted<T> {
    root: Node<T>,
    len: usize,
    memory: usize,
}

enum Node<T> {
    Leaf(Vec<T>),
    Inner(Box<Inner<T>>),
}

struct Inner<T> {
    counts: Vec<usize>,
    firsts: Vec<T>,
    nodes: Vec<Node<T>>,
}

/// A node that a split has made, to be put behind the one that was split.
struct Sibling<T> {
    node: Node<T>,
    count: usize,
    first: T,
}

use Node::{Inner as InnerNode, Leaf};

/// Tests reach deep trees with few items.
const LEAF: usize = if cfg!(test) { 8 } else { 64 };
const FANOUT: usize = if cfg!(test) { 6 } else { 32 };
/// Leaves grow by so many items.
const STEP: usize = LEAF / 4;
/// Nodes and counts are reckoned as on a 64-bit machine, everywhere.
const COUNT: usize = 8;
const NODE: usize = 24;

impl<T: Copy> Counted<T> {
    /// An empty one takes no memory.
    pub const fn new() -> Self {
        Counted { root: Leaf(Vec::new()), len: 0, memory: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The item at a position, which must be below the length.
    pub fn get(&self, at: usize) -> T {
        let (leaf, start) = self.leaf_of(at);
        leaf[at - start]
    }

    /// How many items from the first on the predicate holds for, if those come before all others.
    pub fn partition(&self, mut holds: impl FnMut(T) -> bool) -> usize {
        let (mut node, mut before) = (&self.root, 0);
        loop {
            match node {
                Leaf(items) => return before + items.partition_point(|&item| holds(item)),
                InnerNode(inner) => {
                    // The border is below the last child whose first item is on the near side of it.
                    let child = inner.firsts.partition_point(|&first| holds(first)).saturating_sub(1);
                    before += inner.counts[..child].iter().sum::<usize>();
                    node = &inner.nodes[child];
                }
            }
        }
    }

    /// Puts an item before the one at `at`, or at the end.
    pub fn insert(&mut self, at: usize, item: T) {
        assert!(at <= self.len);
        if let Some(sibling) = self.root.insert(at, item, &mut self.memory) {
            let old = core::mem::replace(&mut self.root, Leaf(Vec::new()));
            let mut inner = Inner::new(&mut self.memory);
            let (count, first) = (self.len + 1 - sibling.count, old.first());
            inner.add(0, Sibling { node: old, count, first });
            inner.add(1, sibling);
            self.root = InnerNode(inner);
        }
        self.len += 1;
    }

    /// Takes the item at `at` out.
    pub fn remove(&mut self, at: usize) -> T {
        assert!(at < self.len);
        let item = self.root.remove(at, &mut self.memory);
        self.len -= 1;
        self.lower_root();
        item
    }

    /// Exchanges the item at `at` for one that sorts alike.
    pub fn replace(&mut self, at: usize, item: T) {
        assert!(at < self.len);
        self.root.replace(at, item);
    }

    /// The items at these positions, in order; in reverse order with `rev()`.
    pub fn range(&self, range: Range<usize>) -> Iter<'_, T> {
        Iter { tree: self, range: range.start..range.end.min(self.len), front: (&[], 0), back: (&[], 0) }
    }

    /// A tree of the same shape and cost with other items, which `f` makes of those of each leaf.
    pub fn map(&self, mut f: impl FnMut(&mut [T])) -> Self {
        Counted { root: self.root.map(&mut f), len: self.len, memory: self.memory }
    }

    /// Forgets the last items, a leaf of them at a time, so that a large tree can be freed in steps.
    pub fn drop_leaf(&mut self) {
        self.len -= self.root.drop_leaf(&mut self.memory);
        self.lower_root();
    }

    fn leaf_of(&self, at: usize) -> (&[T], usize) {
        assert!(at < self.len);
        let (mut node, mut before) = (&self.root, 0);
        loop {
            match node {
                Leaf(items) => return (items, before),
                InnerNode(inner) => {
                    let (child, start) = inner.child_of(at - before);
                    before += start;
                    node = &inner.nodes[child];
                }
            }
        }
    }

    fn lower_root(&mut self) {
        while let InnerNode(inner) = &mut self.root {
            match inner.nodes.len() {
                0 => self.root = Leaf(Vec::new()),
                1 => self.root = inner.nodes.remove(0),
                _ => return,
            }
            self.memory -= inner_cost::<T>();
        }
    }
}

impl<T: Copy> Clone for Counted<T> {
    fn clone(&self) -> Self {
        self.map(|_| ())
    }
}

impl<T: Copy> Default for Counted<T> {
    fn default() -> Self {
        Counted::new()
    }
}

impl<T: Copy> Node<T> {
    fn first(&self) -> T {
        match self {
            Leaf(items) => items[0],
            InnerNode(inner) => inner.firsts[0],
        }
    }

    fn insert(&mut self, at: usize, item: T, memory: &mut usize) -> Option<Sibling<T>> {
        match self {
            Leaf(items) => insert_into_leaf(items, at, item, memory),
            InnerNode(inner) => inner.insert(at, item, memory),
        }
    }

    fn remove(&mut self, at: usize, memory: &mut usize) -> T {
        match self {
            Leaf(items) => {
                let item = items.remove(at);
                fit(items, memory);
                item
            }
            InnerNode(inner) => inner.remove(at, memory),
        }
    }

    fn replace(&mut self, at: usize, item: T) {
        match self {
            Leaf(items) => items[at] = item,
            InnerNode(inner) => {
                let (child, start) = inner.child_of(at);
                inner.nodes[child].replace(at - start, item);
                if at == start {
                    inner.firsts[child] = item;
                }
            }
        }
    }

    fn map(&self, f: &mut impl FnMut(&mut [T])) -> Self {
        match self {
            Leaf(items) => {
                let mut copy = Vec::new();
                copy.reserve_exact(items.capacity());
                copy.extend_from_slice(items);
                f(&mut copy);
                Leaf(copy)
            }
            InnerNode(inner) => {
                let mut copy = Inner::empty();
                for (node, &count) in inner.nodes.iter().zip(&inner.counts) {
                    let node = node.map(f);
                    let first = node.first();
                    copy.add(copy.nodes.len(), Sibling { node, count, first });
                }
                InnerNode(copy)
            }
        }
    }

    fn drop_leaf(&mut self, memory: &mut usize) -> usize {
        match self {
            Leaf(items) => {
                let dropped = items.len();
                items.clear();
                fit(items, memory);
                dropped
            }
            InnerNode(inner) => {
                let last = inner.nodes.len() - 1;
                let dropped = inner.nodes[last].drop_leaf(memory);
                inner.counts[last] -= dropped;
                if inner.counts[last] == 0 {
                    inner.take(last, memory);
                }
                dropped
            }
        }
    }

    /// Whether it is so empty that it should be joined with a neighbour, and whether both fit one node then.
    fn joins(&self, other: &Node<T>) -> bool {
        match (self, other) {
            (Leaf(a), Leaf(b)) => a.len().min(b.len()) < LEAF / 3 && a.len() + b.len() <= LEAF,
            (InnerNode(a), InnerNode(b)) => {
                let (a, b) = (a.nodes.len(), b.nodes.len());
                a.min(b) < FANOUT / 3 && a + b <= FANOUT
            }
            _ => false,
        }
    }

    fn join(&mut self, other: Node<T>, memory: &mut usize) {
        match (self, other) {
            (Leaf(a), Leaf(mut b)) => {
                a.reserve_exact(b.len());
                *memory += cost_of_leaf::<T>(a.len() + b.len()) - cost_of_leaf::<T>(a.len());
                *memory -= cost_of_leaf::<T>(b.len());
                a.append(&mut b);
                resize(a);
            }
            (InnerNode(a), InnerNode(mut b)) => {
                a.counts.append(&mut b.counts);
                a.firsts.append(&mut b.firsts);
                a.nodes.append(&mut b.nodes);
                *memory -= inner_cost::<T>();
            }
            _ => unreachable!("all leaves are equally deep"),
        }
    }
}

impl<T: Copy> Inner<T> {
    fn empty() -> Box<Self> {
        Box::new(Inner {
            counts: Vec::with_capacity(FANOUT + 1),
            firsts: Vec::with_capacity(FANOUT + 1),
            nodes: Vec::with_capacity(FANOUT + 1),
        })
    }

    fn new(memory: &mut usize) -> Box<Self> {
        *memory += inner_cost::<T>();
        Inner::empty()
    }

    fn add(&mut self, at: usize, child: Sibling<T>) {
        self.counts.insert(at, child.count);
        self.firsts.insert(at, child.first);
        self.nodes.insert(at, child.node);
    }

    /// Takes an empty child out.
    fn take(&mut self, at: usize, memory: &mut usize) {
        self.counts.remove(at);
        self.firsts.remove(at);
        if let InnerNode(_) = self.nodes.remove(at) {
            *memory -= inner_cost::<T>();
        }
    }

    /// The child that has the item at `at`, and where that child begins.
    fn child_of(&self, at: usize) -> (usize, usize) {
        let mut start = 0;
        for (child, count) in self.counts.iter().enumerate() {
            if at < start + count {
                return (child, start);
            }
            start += count;
        }
        unreachable!("the position is below the count of all children")
    }

    fn insert(&mut self, at: usize, item: T, memory: &mut usize) -> Option<Sibling<T>> {
        // On a border the item goes to the end of the child before, so that appending fills the last leaf.
        let (child, start) = if at == 0 { (0, 0) } else { self.child_of(at - 1) };
        let sibling = self.nodes[child].insert(at - start, item, memory);
        self.counts[child] += 1;
        if at == 0 {
            self.firsts[0] = item;
        }
        let sibling = sibling?;
        self.counts[child] -= sibling.count;
        self.add(child + 1, sibling);
        if self.nodes.len() <= FANOUT {
            return None;
        }
        let middle = match child {
            0 => 1,
            _ if child == FANOUT - 1 => FANOUT,
            _ => FANOUT / 2,
        };
        let mut right = Inner::new(memory);
        right.counts.extend(self.counts.drain(middle..));
        right.firsts.extend(self.firsts.drain(middle..));
        right.nodes.extend(self.nodes.drain(middle..));
        Some(Sibling { count: right.counts.iter().sum(), first: right.firsts[0], node: InnerNode(right) })
    }

    fn remove(&mut self, at: usize, memory: &mut usize) -> T {
        let (child, start) = self.child_of(at);
        let item = self.nodes[child].remove(at - start, memory);
        self.counts[child] -= 1;
        if self.counts[child] == 0 {
            self.take(child, memory);
        } else {
            self.firsts[child] = self.nodes[child].first();
            self.join_around(child, memory);
        }
        item
    }

    fn join_around(&mut self, child: usize, memory: &mut usize) {
        for left in [child, child.wrapping_sub(1)] {
            if left < self.nodes.len() - 1 && self.nodes[left].joins(&self.nodes[left + 1]) {
                let right = self.nodes.remove(left + 1);
                self.nodes[left].join(right, memory);
                self.firsts.remove(left + 1);
                let count = self.counts.remove(left + 1);
                self.counts[left] += count;
                return;
            }
        }
    }
}

fn insert_into_leaf<T: Copy>(items: &mut Vec<T>, at: usize, item: T, memory: &mut usize) -> Option<Sibling<T>> {
    if items.len() < LEAF {
        *memory += cost_of_leaf::<T>(items.len() + 1) - cost_of_leaf::<T>(items.len());
        resize_for(items, items.len() + 1);
        items.insert(at, item);
        return None;
    }
    // A sequence that grows at an end leaves full nodes behind.
    let middle = if at == 0 || at == LEAF { at } else { LEAF / 2 };
    *memory -= cost_of_leaf::<T>(LEAF);
    let mut right = Vec::new();
    resize_for(&mut right, LEAF - middle + 1);
    right.extend(items.drain(middle..));
    if at > middle || middle == LEAF {
        right.insert(at - middle, item)
    } else {
        items.insert(at, item)
    }
    resize(items);
    resize(&mut right);
    *memory += cost_of_leaf::<T>(items.len()) + cost_of_leaf::<T>(right.len());
    Some(Sibling { count: right.len(), first: right[0], node: Leaf(right) })
}

/// The capacity of a leaf is a function of its length, so that equal histories and copies cost the same.
fn capacity_for(len: usize) -> usize {
    len.next_multiple_of(STEP)
}

fn cost_of_leaf<T>(len: usize) -> usize {
    heap::cost(capacity_for(len) * size_of::<T>())
}

fn inner_cost<T>() -> usize {
    let vectors = [COUNT, size_of::<T>(), NODE].map(|each| heap::cost((FANOUT + 1) * each));
    heap::cost(3 * NODE) + vectors.iter().sum::<usize>()
}

fn resize_for<T>(items: &mut Vec<T>, len: usize) {
    let wanted = capacity_for(len);
    if items.capacity() < wanted {
        items.reserve_exact(wanted - items.len());
    }
}

fn resize<T>(items: &mut Vec<T>) {
    let wanted = capacity_for(items.len());
    resize_for(items, items.len());
    if items.capacity() > wanted {
        items.shrink_to(wanted);
    }
}

/// After items were taken out of a leaf whose cost was counted before.
fn fit<T>(items: &mut Vec<T>, memory: &mut usize) {
    *memory = *memory + cost_of_leaf::<T>(items.len()) - heap::cost(items.capacity() * size_of::<T>());
    resize(items);
}

pub struct Iter<'a, T> {
    tree: &'a Counted<T>,
    range: Range<usize>,
    /// The leaves that both ends are in, and where those begin.
    front: (&'a [T], usize),
    back: (&'a [T], usize),
}

impl<T: Copy> Iter<'_, T> {
    fn item(&mut self, at: usize) -> T {
        if at >= self.front.1 + self.front.0.len() || self.front.0.is_empty() {
            self.front = self.tree.leaf_of(at);
        }
        self.front.0[at - self.front.1]
    }
}

impl<T: Copy> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.range.next().map(|at| self.item(at))
    }

    /// In logarithmic time.
    fn nth(&mut self, n: usize) -> Option<T> {
        self.range.nth(n).map(|at| self.item(at))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl<T: Copy> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        let at = self.range.next_back()?;
        if at < self.back.1 || self.back.0.is_empty() {
            self.back = self.tree.leaf_of(at);
        }
        Some(self.back.0[at - self.back.1])
    }
}

impl<T: Copy> ExactSizeIterator for Iter<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    /// Counts, firsts, depth, capacity and cost, all recomputed.
    fn check(node: &Node<u32>) -> (usize, usize, usize) {
        match node {
            Leaf(items) => {
                assert_eq!(items.capacity(), capacity_for(items.len()));
                (items.len(), 0, heap::cost(items.capacity() * size_of::<u32>()))
            }
            InnerNode(inner) => {
                assert!(inner.nodes.len() <= FANOUT && inner.nodes.capacity() == FANOUT + 1);
                let (mut count, mut memory, mut depths) = (0, inner_cost::<u32>(), Vec::new());
                for (index, child) in inner.nodes.iter().enumerate() {
                    let (below, depth, cost) = check(child);
                    assert_eq!((below, child.first()), (inner.counts[index], inner.firsts[index]));
                    assert!(below > 0);
                    count += below;
                    memory += cost;
                    depths.push(depth);
                }
                assert!(depths.iter().all(|&depth| depth == depths[0]));
                (count, depths[0] + 1, memory)
            }
        }
    }

    fn check_all(tree: &Counted<u32>, model: &[u32]) {
        let (count, _, memory) = check(&tree.root);
        assert_eq!((count, memory, tree.len()), (model.len(), tree.memory(), model.len()));
        assert!(tree.range(0..usize::MAX).eq(model.iter().copied()));
        assert!(tree.range(0..usize::MAX).rev().eq(model.iter().rev().copied()));
        assert!(tree.range(0..usize::MAX).skip(model.len() / 3).eq(model[model.len() / 3..].iter().copied()));
    }

    #[test]
    fn behaves_like_a_vector() {
        let mut rng = Rng::new(8);
        let (mut tree, mut model) = (Counted::new(), Vec::new());
        for step in 0..if cfg!(miri) { 300 } else { 30_000u32 } {
            // Grows and shrinks in turn.
            let growing = step / 3000 % 2 == 0;
            if rng.below(10) < if growing { 8 } else { 2 } || model.is_empty() {
                let at = match step / 1000 % 4 {
                    0 => model.len(),
                    1 => 0,
                    _ => rng.below(model.len() as u64 + 1) as usize,
                };
                tree.insert(at, step);
                model.insert(at, step);
            } else {
                let at = rng.below(model.len() as u64) as usize;
                if rng.below(4) == 0 {
                    tree.replace(at, step);
                    model[at] = step;
                } else {
                    assert_eq!(tree.remove(at), model.remove(at));
                }
            }
            if let Some(last) = model.len().checked_sub(1) {
                let at = rng.below(last as u64 + 1) as usize;
                assert_eq!(tree.get(at), model[at]);
            }
            if step % 97 == 0 {
                check_all(&tree, &model);
            }
        }
        check_all(&tree.map(|_| ()), &model);
        let doubled: Vec<_> = model.iter().map(|item| item * 2).collect();
        check_all(&tree.map(|leaf| leaf.iter_mut().for_each(|item| *item *= 2)), &doubled);
        while !tree.is_empty() {
            tree.drop_leaf();
            model.truncate(tree.len());
            check_all(&tree, &model);
        }
        assert_eq!(tree.memory(), 0);
    }

    #[test]
    fn partition_finds_every_border() {
        let mut tree = Counted::new();
        (0..500).for_each(|n| tree.insert(n, n as u32 * 2));
        for bound in 0..1001 {
            assert_eq!(tree.partition(|item| item < bound), bound.div_ceil(2) as usize);
        }
        assert_eq!(Counted::<u32>::new().partition(|_| true), 0);
    }

    #[test]
    fn ranges_may_meet_in_the_middle() {
        let mut tree = Counted::new();
        (0..100).for_each(|n| tree.insert(n, n as u32));
        let mut range = tree.range(20..80);
        for n in 0..30 {
            assert_eq!((range.next(), range.next_back()), (Some(20 + n), Some(79 - n)));
        }
        assert_eq!((range.next(), range.next_back()), (None, None));
    }

    #[test]
    fn growing_at_an_end_fills_the_leaves() {
        let (mut up, mut down) = (Counted::new(), Counted::new());
        for n in 0..1000 {
            up.insert(n, n as u32);
            down.insert(0, n as u32);
        }
        assert_eq!((leaves(&up.root), leaves(&down.root)), (1000 / LEAF, 1000 / LEAF));
    }

    fn leaves(node: &Node<u32>) -> usize {
        match node {
            Leaf(_) => 1,
            InnerNode(inner) => inner.nodes.iter().map(leaves).sum(),
        }
    }
}
