//! An array of plain cells that grows and shrinks at its end without ever moving what it holds.
//!
//! ```text
//!   directory ─▶ [1] [1] [2] [4] … [512] [1024] [1024] …     cells per segment
//! ```
//!
//! A small array wastes little, a large one never copies itself, and no step costs more than one segment.

use crate::base::heap;
use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Cells of a full-grown segment; tests cross that border with few cells.
const FULL_BITS: usize = if cfg!(test) { 4 } else { 10 };
const FULL: usize = 1 << FULL_BITS;

/// Of `Copy` cells, so that nothing needs dropping.
pub struct Segments<C: Copy> {
    directory: Vec<NonNull<C>>,
    len: usize,
    /// What the segments cost.
    held: usize,
}

// SAFETY: the segments are owned by this array alone.
unsafe impl<C: Copy + Send> Send for Segments<C> {}

impl<C: Copy> Segments<C> {
    pub const fn new() -> Self {
        Segments { directory: Vec::new(), len: 0, held: 0 }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where cell `index` lies, or would lie: for a prefetch, which needs nothing to be there.
    #[inline(always)]
    fn address(&self, index: usize) -> *mut C {
        let (segment, offset) = locate(index);
        debug_assert!(segment < self.directory.len());
        // SAFETY: the callers check that `index < len`, and each cell below `len` has its segment.
        unsafe { self.directory.get_unchecked(segment).as_ptr().add(offset) }
    }

    #[inline(always)]
    pub fn get(&self, index: usize) -> &C {
        assert!(index < self.len);
        // SAFETY: cells below `len` are initialised, and borrowed as `self` is.
        unsafe { &*self.address(index) }
    }

    #[inline(always)]
    pub fn get_mut(&mut self, index: usize) -> &mut C {
        assert!(index < self.len);
        // SAFETY: cells below `len` are initialised, and borrowed as `self` is.
        unsafe { &mut *self.address(index) }
    }

    pub fn push(&mut self, cell: C) {
        let (segment, _) = locate(self.len);
        if segment == self.directory.len() {
            self.directory.push(allocate(layout::<C>(segment)));
            self.held += heap::cost(layout::<C>(segment).size());
        }
        // SAFETY: the cell's segment exists by now; `write` doesn't read what was there.
        unsafe { self.address(self.len).write(cell) };
        self.len += 1;
    }

    pub fn pop(&mut self) -> Option<C> {
        let last = self.len.checked_sub(1)?;
        let cell = *self.get(last);
        self.len = last;
        let (segment, offset) = locate(last);
        if offset == 0 {
            self.release(segment);
        }
        if last == 0 {
            self.directory = Vec::new();
        }
        Some(cell)
    }

    /// Bytes of segments and directory, a directory's entry counted as eight bytes everywhere.
    pub fn memory(&self) -> usize {
        self.held + heap::cost(self.directory.capacity() * 8)
    }

    fn release(&mut self, segment: usize) {
        debug_assert_eq!(segment + 1, self.directory.len());
        if let Some(start) = self.directory.pop() {
            // SAFETY: it was allocated by `push` with this layout, and no cell of it is in use any more.
            unsafe { dealloc(start.as_ptr().cast(), layout::<C>(segment)) };
            self.held -= heap::cost(layout::<C>(segment).size());
        }
    }
}

impl<C: Copy> Clone for Segments<C> {
    fn clone(&self) -> Self {
        let mut copy = Segments { directory: Vec::with_capacity(self.directory.capacity()), len: 0, held: 0 };
        (0..self.len).for_each(|index| copy.push(*self.get(index)));
        copy
    }
}

impl<C: Copy> Drop for Segments<C> {
    fn drop(&mut self) {
        while !self.directory.is_empty() {
            self.release(self.directory.len() - 1);
        }
    }
}

/// Segment and offset of a cell.
#[inline(always)]
const fn locate(index: usize) -> (usize, usize) {
    if index >= FULL {
        return (FULL_BITS + (index >> FULL_BITS), index & (FULL - 1));
    }
    match usize::BITS - index.leading_zeros() {
        0 => (0, 0),
        bits => (bits as usize, index - (1 << (bits - 1))),
    }
}

const fn cells(segment: usize) -> usize {
    match segment {
        0 => 1,
        _ if segment > FULL_BITS => FULL,
        _ => 1 << (segment - 1),
    }
}

const fn layout<C>(segment: usize) -> Layout {
    match Layout::array::<C>(cells(segment)) {
        Ok(layout) => layout,
        Err(_) => panic!("a segment is small"),
    }
}

fn allocate<C>(layout: Layout) -> NonNull<C> {
    // SAFETY: a segment has at least one cell, and no cell here is of size zero.
    let start = unsafe { alloc(layout) };
    NonNull::new(start.cast()).unwrap_or_else(|| handle_alloc_error(layout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_follow_each_other_without_a_gap() {
        let (mut segment, mut offset) = (0, 0);
        for index in 0..10 * FULL {
            assert_eq!(locate(index), (segment, offset), "cell {index}");
            offset += 1;
            if offset == cells(segment) {
                (segment, offset) = (segment + 1, 0);
            }
        }
    }

    #[test]
    fn what_was_pushed_is_there_until_it_is_popped() {
        let mut array = Segments::<[u64; 4]>::new();
        assert_eq!(array.memory(), 0);
        for index in 0..200 {
            array.push([index; 4]);
            assert_eq!(*array.get(index as usize / 2), [index / 2; 4]);
        }
        let copy = array.clone();
        assert_eq!(copy.memory(), array.memory());
        for index in (0..200).rev() {
            assert_eq!(array.pop(), Some([index; 4]));
            assert_eq!(*copy.get(index as usize), [index; 4]);
        }
        assert_eq!((array.pop(), array.memory()), (None, 0));
    }

    #[test]
    fn memory_is_the_sum_of_its_allocations() {
        let mut array = Segments::<[u64; 8]>::new();
        for _ in 0..5 * FULL {
            array.push([0; 8]);
            let segments: usize = (0..array.directory.len()).map(|s| heap::cost(cells(s) * 64)).sum();
            assert_eq!(array.memory(), segments + heap::cost(array.directory.capacity() * 8));
        }
    }
}
