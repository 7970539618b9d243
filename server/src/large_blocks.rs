//! The server's allocator: large blocks are mapped by themselves, in huge pages, and are kept for a while once they are free.
//!
//! Elsewhere a copy of a string of 100 MB waits for 25,600 pages longer than for its bytes, and as long again until they
//! are taken back, which everybody else waits for as well. There are 512 times fewer huge pages, and none is asked for
//! where a block can be used again. One that nobody has used again within seconds goes back to the system, a piece at a
//! time, on a thread of its own.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::mm::{self, Advice, MapFlags, MremapFlags, ProtFlags};

use crate::pieces;

/// See the module. What is smaller than a huge page is left to [`pieces`].
pub struct Allocator;

/// From so many bytes on a block is large; mappings are multiples of it: what a huge page has.
const LARGE: usize = 2 << 20;
/// What every system aligns a mapping to.
const PAGE: usize = 4096;

/// How often it is looked what nobody has used again, and how often in a row before it goes.
const LOOK: Duration = Duration::from_secs(1);
const LOOKS: u8 = 10;
/// At most so many blocks are kept, and so many bytes; so many whatever room there is.
const PLACES: usize = 16;
const MOST: usize = 512 << 20;
const LEAST: usize = 4 * LARGE;
/// So many bytes go back at once.
const PIECE: usize = 4 << 20;

fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= PAGE
}

/// The size of a large block's mapping.
fn mapped(size: usize) -> usize {
    size.next_multiple_of(LARGE)
}

// SAFETY: a large block is a mapping that nobody else knows of, at least as long as its layout says; whether a block is
// large follows from its layout alone. All others are the system's.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            let size = mapped(layout.size());
            return kept().take(size).unwrap_or_else(|| map(size));
        }
        // SAFETY: the caller's promise.
        unsafe { pieces::alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            // Nobody has written to a new mapping.
            return map(mapped(layout.size()));
        }
        // SAFETY: the caller's promise.
        unsafe { pieces::alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout) {
            let size = mapped(layout.size());
            if !kept().keep(block, size) {
                // SAFETY: the block is such a mapping, and its owner gives it up.
                unsafe { unmap(block, size) }
            }
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { pieces::dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that this is a layout, that the block has the old one and is given up for the new.
        unsafe {
            let new = Layout::from_size_align_unchecked(size, layout.align());
            let (was_large, is_large) = (is_large(layout), is_large(new));
            if !was_large && !is_large {
                return pieces::realloc(block, layout, size);
            }
            if was_large
                && is_large
                && let Some(moved) = remap(block, mapped(layout.size()), mapped(size))
            {
                return moved;
            }
            let other = self.alloc(new);
            if !other.is_null() {
                ptr::copy_nonoverlapping(block, other, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            other
        }
    }
}

/// A new mapping; null where the system has none.
fn map(size: usize) -> *mut u8 {
    // SAFETY: a new mapping overlaps nothing.
    let mapping =
        unsafe { mm::mmap_anonymous(ptr::null_mut(), size, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) };
    let Ok(mapping) = mapping else { return ptr::null_mut() };
    // Where there are no huge pages, small ones do.
    // SAFETY: it changes nothing about what the mapping holds.
    let _ = unsafe { mm::madvise(mapping, size, Advice::LinuxHugepage) };
    mapping.cast()
}

/// The block with another size, where it is or elsewhere; none where the system can't move it, as one that lies in two of
/// its mappings.
///
/// # Safety
/// The block is such a mapping of the old size.
unsafe fn remap(block: *mut u8, old: usize, new: usize) -> Option<*mut u8> {
    if old == new || old < new && kept().take_at(block.wrapping_add(old), new - old) {
        return Some(block);
    }
    // SAFETY: by contract; its owner learns where it has moved to.
    unsafe { mm::mremap(block.cast(), old, new, MremapFlags::MAYMOVE) }.ok().map(<*mut c_void>::cast)
}

/// # Safety
/// The block is such a mapping, of which nobody knows any more.
unsafe fn unmap(block: *mut u8, size: usize) {
    for start in (0..size).step_by(PIECE) {
        // SAFETY: by contract.
        let _ = unsafe { mm::munmap(block.add(start).cast(), PIECE.min(size - start)) };
    }
}

/// Blocks that are free and may be used again.
struct Kept {
    blocks: [Option<Block>; PLACES],
    bytes: usize,
    /// None are kept before somebody is there to give them back.
    most: usize,
}

/// Gives pages back that nobody has needed for a while. To be called by the serving thread about ten times a second, with how
/// many bytes of free memory may be kept.
pub fn look(room: u64) {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    pieces::look(room);
    let mut kept = kept();
    if kept.most > 0 {
        kept.most = room.clamp(LEAST, MOST);
    }
}

struct Block {
    start: NonNull<u8>,
    size: usize,
    /// How often it was seen here.
    looks: u8,
}

// SAFETY: nobody but its holder knows of the mapping.
unsafe impl Send for Block {}

static KEPT: Mutex<Kept> = Mutex::new(Kept { blocks: [const { None }; PLACES], bytes: 0, most: 0 });

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    /// A block of this size: the smallest that is large enough, or as much of it.
    fn take(&mut self, size: usize) -> Option<*mut u8> {
        let fits = self.blocks.iter_mut().filter(|place| place.as_ref().is_some_and(|block| block.size >= size));
        let place = fits.min_by_key(|place| place.as_ref().map(|block| block.size))?;
        let start = place.as_ref()?.start.as_ptr();
        self.bytes -= size;
        shorten(place, size);
        Some(start)
    }

    /// Takes what begins at this address, if so much is kept there.
    fn take_at(&mut self, start: *mut u8, size: usize) -> bool {
        let is_there = |block: &Block| block.start.as_ptr() == start && block.size >= size;
        let Some(place) = self.blocks.iter_mut().find(|place| place.as_ref().is_some_and(is_there)) else {
            return false;
        };
        self.bytes -= size;
        shorten(place, size);
        true
    }

    /// Whether there was a place for it.
    fn keep(&mut self, block: *mut u8, size: usize) -> bool {
        let Some(start) = NonNull::new(block).filter(|_| self.bytes + size <= self.most) else { return false };
        let Some(place) = self.blocks.iter_mut().find(|place| place.is_none()) else { return false };
        *place = Some(Block { start, size, looks: 0 });
        self.bytes += size;
        true
    }

    /// Takes the blocks out that have been seen here too often.
    fn look(&mut self) -> [Option<Block>; PLACES] {
        let old = self.blocks.each_mut().map(|place| {
            place.take_if(|block| {
                block.looks += 1;
                block.looks >= LOOKS
            })
        });
        self.bytes -= old.iter().flatten().map(|block| block.size).sum::<usize>();
        old
    }
}

/// Takes so many bytes off the front of a block.
fn shorten(place: &mut Option<Block>, size: usize) {
    *place = place.take().filter(|block| block.size > size).map(|block| {
        // SAFETY: the block is longer.
        let start = unsafe { block.start.add(size) };
        Block { start, size: block.size - size, ..block }
    });
}

/// From now on blocks are kept, and given back once nobody has used them again.
pub fn keep_free_ones() {
    let give_back = || loop {
        thread::sleep(LOOK);
        let old = kept().look();
        // SAFETY: whoever had the block gave it up, and it can't be used again any more.
        old.into_iter().flatten().for_each(|block| unsafe { unmap(block.start.as_ptr(), block.size) });
    };
    if thread::Builder::new().name("memory".to_string()).spawn(give_back).is_ok() {
        kept().most = MOST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn blocks_of_all_sizes_grow_and_shrink_with_what_they_hold() {
        let sizes = [100, LARGE - 1, LARGE, 3 * LARGE + 5, 3 * LARGE + 6, LARGE + 1, 50, 40 * LARGE, LARGE - 1, 10];
        // SAFETY: every block has the layout it is said to have, and is freed once.
        unsafe {
            let mut block = Allocator.alloc(layout(sizes[0]));
            for (index, pair) in sizes.windows(2).enumerate() {
                let (old, new) = (pair[0], pair[1]);
                let last = |size: usize| size.min(old).min(new) - 1;
                block.add(last(old)).write(index as u8);
                block.write(index as u8 + 100);
                block = Allocator.realloc(block, layout(old), new);
                assert_eq!((block.read(), block.add(last(new)).read()), (index as u8 + 100, index as u8));
                block.add(new - 1).write(1);
            }
            Allocator.dealloc(block, layout(sizes[sizes.len() - 1]));
        }
    }

    #[test]
    fn what_is_to_be_zeros_is_zeros() {
        // SAFETY: as above.
        unsafe {
            for size in [100, 5 * LARGE] {
                let used = Allocator.alloc(layout(size));
                used.write_bytes(7, size);
                Allocator.dealloc(used, layout(size));
                let block = Allocator.alloc_zeroed(layout(size));
                assert!(std::slice::from_raw_parts(block, size).iter().all(|&byte| byte == 0));
                Allocator.dealloc(block, layout(size));
            }
        }
    }

    fn none() -> Kept {
        Kept { blocks: [const { None }; PLACES], bytes: 0, most: 4 * LARGE }
    }

    #[test]
    fn a_free_block_is_used_again_until_it_was_seen_too_often() {
        let (mut kept, block) = (none(), map(LARGE));
        assert!(kept.keep(block, LARGE));
        assert!(!kept.keep(block, 4 * LARGE), "more than is kept");
        assert_eq!((kept.take(2 * LARGE), kept.take(LARGE), kept.take(LARGE)), (None, Some(block), None));
        assert!(kept.keep(block, LARGE));
        for _ in 1..LOOKS {
            assert_eq!(kept.look().iter().flatten().count(), 0);
        }
        let old: Vec<_> = kept.look().into_iter().flatten().collect();
        assert_eq!((old.len(), old[0].start.as_ptr(), kept.bytes), (1, block, 0));
        // SAFETY: it was taken out.
        unsafe { unmap(block, LARGE) }
    }

    #[test]
    fn a_part_of_a_block_is_used_and_grows_into_the_rest() {
        let (mut kept, block) = (none(), map(4 * LARGE));
        let at = |part: usize| block.wrapping_add(part * LARGE);
        assert!(kept.keep(at(3), LARGE) && kept.keep(block, 3 * LARGE));
        assert_eq!((kept.take(2 * LARGE), kept.bytes), (Some(block), 2 * LARGE));
        assert!(!kept.take_at(at(1), LARGE) && !kept.take_at(at(2), 2 * LARGE), "no such part is kept");
        assert!(kept.take_at(at(2), LARGE) && kept.take_at(at(3), LARGE));
        assert_eq!((kept.take(LARGE), kept.bytes), (None, 0));
        // SAFETY: all of it was taken.
        unsafe { unmap(block, 4 * LARGE) }
    }
}
