//! An array of plain cells that grows and shrinks at its end, each time by a bounded amount of work.
//!
//! ```text
//!   first ─▶ [1 to 16]        one block, moved to a larger one now and then
//!   directory ─▶ [4] [4] [4] [4] [8] [8] [8] [8] [16] … [1024] [1024] …     cells of a segment, never moved
//! ```
//!
//! A small array is one allocation, about as large as it needs; a large one never copies itself.

use crate::base::heap;
use alloc::alloc::{alloc, dealloc, handle_alloc_error, realloc};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Cells of a full-grown segment; tests cross that border with few cells.
const FULL_BITS: usize = if cfg!(test) { 4 } else { 10 };
const FULL: usize = 1 << FULL_BITS;
/// From this cell on all segments are full-grown.
const LARGE: usize = FULL << 2;
/// Cells of the first block at most, and of the smallest segment, of which there are as many of each size.
const FIRST: usize = 16;
const SMALLEST: usize = 4;
/// The segments before the first full-grown one.
const SMALL_SEGMENTS: usize = (FULL_BITS - 2) * SMALLEST;

const _: () = assert!(size_of::<Segments<u64>>() <= 40, "a table in each set and slot has two of these");

/// Of `Copy` cells, so that nothing needs dropping.
pub struct Segments<C: Copy> {
    first: NonNull<C>,
    directory: Vec<NonNull<C>>,
    len: u32,
    /// How many cells the first block has room for.
    room: u8,
}

// SAFETY: the segments are owned by this array alone.
unsafe impl<C: Copy + Send> Send for Segments<C> {}

impl<C: Copy> Segments<C> {
    pub const fn new() -> Self {
        Segments { first: NonNull::dangling(), directory: Vec::new(), len: 0, room: 0 }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Where cell `index` lies.
    ///
    /// # Safety
    /// There is room for that cell.
    #[inline(always)]
    unsafe fn address(&self, index: usize) -> *mut C {
        if index < FIRST {
            // SAFETY: by contract the first block has this cell.
            return unsafe { self.first.as_ptr().add(index) };
        }
        let (segment, offset) = locate(index);
        debug_assert!(segment < self.directory.len());
        // SAFETY: by contract the segment is there, and has this cell.
        unsafe { self.directory.get_unchecked(segment).as_ptr().add(offset) }
    }

    #[inline(always)]
    pub fn get(&self, index: usize) -> &C {
        assert!(index < self.len());
        // SAFETY: cells below `len` are initialised, and borrowed as `self` is.
        unsafe { &*self.address(index) }
    }

    #[inline(always)]
    pub fn get_mut(&mut self, index: usize) -> &mut C {
        assert!(index < self.len());
        // SAFETY: cells below `len` are initialised, and borrowed as `self` is.
        unsafe { &mut *self.address(index) }
    }

    pub fn push(&mut self, cell: C) {
        assert!(self.len < u32::MAX, "cells are numbered in 32 bits");
        let (len, room) = (self.len(), self.room as usize);
        if len < FIRST {
            if len == room {
                self.resize_first(room + if room < SMALLEST { 1 } else { 2 });
            }
        } else if locate(len).0 == self.directory.len() {
            self.directory.push(allocate(layout::<C>(cells(self.directory.len()))));
        }
        // SAFETY: there is room by now; `write` doesn't read what was there.
        unsafe { self.address(len).write(cell) };
        self.len += 1;
    }

    pub fn pop(&mut self) -> Option<C> {
        const SPARE: usize = 4;
        let last = self.len().checked_sub(1)?;
        let cell = *self.get(last);
        self.len -= 1;
        if last == 0 {
            self.resize_first(0);
        } else if last < FIRST && last + SPARE < self.room as usize {
            self.resize_first(last + SPARE / 2);
        }
        if last == FIRST {
            self.release();
            self.directory = Vec::new();
        } else if last > FIRST && locate(last).1 == 0 {
            self.release();
        }
        Some(cell)
    }

    /// What blocks, segments and directory cost, an entry of the directory counted as eight bytes everywhere.
    pub fn memory(&self) -> usize {
        let segments = self.directory.len();
        let small = segments.min(SMALL_SEGMENTS);
        // All but the first block are of at least four cells, and cost their bytes and the same for each.
        let each = heap::cost(SMALLEST * size_of::<C>()) - SMALLEST * size_of::<C>();
        let cells = small_cells(small) + (segments - small) * FULL;
        heap::cost(self.room as usize * size_of::<C>())
            + cells * size_of::<C>()
            + segments * each
            + heap::cost(self.directory.capacity() * 8)
    }

    fn resize_first(&mut self, room: usize) {
        let (old, new) = (layout::<C>(self.room as usize), layout::<C>(room));
        self.first = match (self.room, room) {
            (_, 0) => {
                self.free_first();
                NonNull::dangling()
            }
            (0, _) => allocate(new),
            // SAFETY: the block was allocated with the old layout, whose alignment is the new one's.
            _ => NonNull::new(unsafe { realloc(self.first.as_ptr().cast(), old, new.size()) }.cast())
                .unwrap_or_else(|| handle_alloc_error(new)),
        };
        self.room = room as u8;
    }

    fn free_first(&mut self) {
        if self.room > 0 {
            // SAFETY: it was allocated with this layout, and no cell of it is in use any more.
            unsafe { dealloc(self.first.as_ptr().cast(), layout::<C>(self.room as usize)) };
        }
    }

    /// Gives the last segment back.
    fn release(&mut self) {
        if let Some(start) = self.directory.pop() {
            let layout = layout::<C>(cells(self.directory.len()));
            // SAFETY: it was allocated by `push` with this layout, and no cell of it is in use any more.
            unsafe { dealloc(start.as_ptr().cast(), layout) };
        }
    }
}

impl<C: Copy> Clone for Segments<C> {
    /// With as much room, so that it grows and costs alike.
    fn clone(&self) -> Self {
        let mut copy = Segments::new();
        copy.resize_first(self.room as usize);
        copy.directory = Vec::with_capacity(self.directory.capacity());
        (0..self.len()).for_each(|index| copy.push(*self.get(index)));
        copy
    }
}

impl<C: Copy> Drop for Segments<C> {
    fn drop(&mut self) {
        while !self.directory.is_empty() {
            self.release();
        }
        self.free_first();
    }
}

/// Segment and offset of a cell that is not in the first block.
#[inline(always)]
const fn locate(index: usize) -> (usize, usize) {
    debug_assert!(index >= FIRST);
    if index >= LARGE {
        return (SMALL_SEGMENTS - SMALLEST + (index >> FULL_BITS), index & (FULL - 1));
    }
    // The cells from one power of two to the next are four segments.
    let bits = index.ilog2() as usize;
    let quarter = bits - 2;
    ((bits - 4) * 4 + (index >> quarter & 3), index & ((1 << quarter) - 1))
}

const fn cells(segment: usize) -> usize {
    if segment < SMALL_SEGMENTS { SMALLEST << (segment / 4) } else { FULL }
}

/// All cells of the first `segments` segments, none of them full-grown.
const fn small_cells(segments: usize) -> usize {
    let (rounds, rest) = (segments / 4, segments % 4);
    4 * SMALLEST * ((1 << rounds) - 1) + rest * (SMALLEST << rounds)
}

const fn layout<C>(cells: usize) -> Layout {
    match Layout::array::<C>(cells) {
        Ok(layout) => layout,
        Err(_) => panic!("a segment is small"),
    }
}

fn allocate<C>(layout: Layout) -> NonNull<C> {
    // SAFETY: a block has at least one cell, and no cell here is of size zero.
    let start = unsafe { alloc(layout) };
    NonNull::new(start.cast()).unwrap_or_else(|| handle_alloc_error(layout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_follow_each_other_without_a_gap() {
        let (mut segment, mut offset) = (0, 0);
        for index in FIRST..20 * FULL {
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
            let directory = heap::cost(array.directory.capacity() * 8);
            assert_eq!(array.memory(), heap::cost(array.room as usize * 64) + segments + directory);
        }
    }
}
