//! A run of bytes that grows, behind a single word: what a vector is, with its length and capacity beside its bytes.
//!
//! ```text
//!   word ──► [length 4][capacity 4][byte][byte] …      aligned to 8
//! ```
//!
//! The word's three low bits are not part of the address: a tag there tells what the bytes are ([`super::word`]).

use crate::base::heap::{self, Moves};
use alloc::alloc::{alloc, dealloc, handle_alloc_error, realloc};
use core::alloc::Layout;
use core::fmt;
use core::ops::{Deref, DerefMut, Range};
use core::ptr::NonNull;

/// See the module.
#[repr(transparent)]
pub struct Block {
    word: NonNull<u8>,
}

#[repr(C)]
struct Head {
    len: u32,
    capacity: u32,
}

const HEAD: usize = size_of::<Head>();
const ALIGN: usize = 8;
const TAG: usize = ALIGN - 1;
/// The longest block: far above what any format puts into one.
const MAX: usize = u32::MAX as usize / 2;

// SAFETY: a block owns its bytes, as a vector does.
unsafe impl Send for Block {}
// SAFETY: likewise; nothing changes through a shared reference.
unsafe impl Sync for Block {}

impl Block {
    /// An empty block with room for exactly so many bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        let layout = layout(capacity);
        // SAFETY: the layout has a size, that of the head at least.
        let word = NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout));
        // SAFETY: the memory is new, aligned, and has room for the head.
        unsafe { word.cast().write(Head { len: 0, capacity: capacity as u32 }) };
        Block { word }
    }

    /// A block of these bytes, with no more room than its allocation has anyway.
    pub fn of(bytes: &[u8]) -> Self {
        let mut block = Block::with_capacity(usable(bytes.len()));
        block.append(bytes);
        block
    }

    /// A block of so many zeros, likewise.
    pub fn zeros(len: usize) -> Self {
        let mut block = Block::with_capacity(usable(len));
        block.resize(len);
        block
    }

    /// The same block, its word carrying a tag below 8.
    pub fn tagged(mut self, tag: usize) -> Self {
        self.word = self.head().cast::<u8>().map_addr(|address| address | tag & TAG);
        self
    }

    /// What leads to the block, with its tag.
    pub(super) fn word(&self) -> NonNull<u8> {
        self.word
    }

    fn tag(&self) -> usize {
        self.word.addr().get() & TAG
    }

    pub fn capacity(&self) -> usize {
        // SAFETY: the block is alive.
        unsafe { self.head().as_ref() }.capacity as usize
    }

    /// Bytes allocated.
    pub fn memory(&self) -> usize {
        heap::cost(HEAD + self.capacity())
    }

    /// Makes room for `more` bytes: what an allocation has to spare while small, an eighth beyond that when larger.
    pub fn reserve(&mut self, more: usize) {
        const SMALL: usize = 256;
        let needed = self.len() + more;
        if needed > self.capacity() {
            let wanted = if needed <= SMALL { needed } else { needed + needed / 8 };
            self.set_capacity(usable(wanted));
        }
    }

    /// After a removal: the capacity follows the contents down once a quarter of it is unused.
    pub fn release(&mut self) {
        let spare = self.capacity() - self.len();
        if spare > 32 && spare > self.capacity() / 4 {
            self.shrink();
        }
    }

    /// Leaves no capacity that could be given back.
    pub fn shrink(&mut self) {
        let wanted = usable(self.len());
        if self.capacity() > wanted {
            self.set_capacity(wanted);
        }
    }

    /// Adds bytes at the end.
    pub fn append(&mut self, bytes: &[u8]) {
        let len = self.len();
        if len + bytes.len() > self.capacity() {
            self.reserve(bytes.len());
        }
        // SAFETY: there is room for these bytes behind those that the block holds, and nobody else refers to it.
        unsafe {
            self.data().add(len).copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
            (*self.head().as_ptr()).len = (len + bytes.len()) as u32;
        }
    }

    /// Makes the block longer, by zeros, or shorter.
    pub fn resize(&mut self, len: usize) {
        let old = self.len();
        if len > self.capacity() {
            self.reserve(len - old);
        }
        if len > old {
            // SAFETY: there is room for `len` bytes behind the head, and nobody else refers to them.
            unsafe { self.data().add(old).write_bytes(0, len - old) };
        }
        // SAFETY: the block is alive, and its first `len` bytes have been written.
        unsafe { (*self.head().as_ptr()).len = len as u32 };
    }

    /// Moves bytes to another place in the block, over whatever is there.
    pub fn shift(&mut self, from: Range<usize>, to: usize) {
        let mut end = from.end;
        // The C library of static builds moves bytes upwards one word at a time: with it, LPUSH took three times the
        // processor time. Tests try it everywhere.
        if cfg!(any(target_env = "musl", test)) && to > from.start {
            const PIECE: usize = 64;
            while end - from.start >= PIECE {
                let piece: [u8; PIECE] = self[end - PIECE..end].try_into().expect("it is as long");
                let at = to + (end - PIECE - from.start);
                self[at..at + PIECE].copy_from_slice(&piece);
                end -= PIECE;
            }
        }
        self.copy_within(from.start..end, to);
    }

    /// Takes bytes out of the middle.
    pub fn remove(&mut self, range: Range<usize>) {
        let len = self.len();
        self.shift(range.end..len, range.start);
        self.resize(len - range.len());
    }

    /// Offers the block for moving.
    pub fn offer(&mut self, moves: &mut Moves) {
        let (start, layout) = (self.head().cast(), layout(self.capacity()));
        // SAFETY: the memory was allocated with this layout.
        let moved = unsafe { heap::offer(start, layout, moves) };
        if moved != start {
            self.word = moved.map_addr(|address| address | self.tag());
        }
    }

    fn set_capacity(&mut self, capacity: usize) {
        assert!(self.len() <= capacity, "what a block holds stays in it");
        let (old, new) = (layout(self.capacity()), layout(capacity));
        // SAFETY: the memory was allocated with the old layout; the new one has a size, checked by `layout`.
        let moved = unsafe { realloc(self.head().as_ptr().cast(), old, new.size()) };
        let moved = NonNull::new(moved).unwrap_or_else(|| handle_alloc_error(new));
        self.word = moved.map_addr(|address| address | self.tag());
        // SAFETY: the block is alive, and nobody else refers to it.
        unsafe { (*self.head().as_ptr()).capacity = capacity as u32 };
    }

    fn head(&self) -> NonNull<Head> {
        // SAFETY: no allocation lies within the first eight bytes of memory.
        let address =
            |word: core::num::NonZeroUsize| unsafe { core::num::NonZeroUsize::new_unchecked(word.get() & !TAG) };
        self.word.map_addr(address).cast()
    }

    fn data(&self) -> NonNull<u8> {
        // SAFETY: the bytes begin behind the head, in the same allocation.
        unsafe { self.head().cast::<u8>().add(HEAD) }
    }
}

/// The largest capacity that costs no more than so many bytes, while those are few. What many leave over is hardly ever of use,
/// but can be what makes them too many for a cell of their size.
fn usable(bytes: usize) -> usize {
    const FEW: usize = 512;
    if bytes < FEW { heap::usable(HEAD + bytes) - HEAD } else { bytes }
}

fn layout(capacity: usize) -> Layout {
    assert!(capacity <= MAX, "a block of {capacity} bytes");
    Layout::from_size_align(HEAD + capacity, ALIGN).expect("its size is bounded")
}

impl Deref for Block {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the block is alive and borrowed; its first `len` bytes have been written.
        unsafe { core::slice::from_raw_parts(self.data().as_ptr(), self.head().as_ref().len as usize) }
    }
}

impl DerefMut for Block {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed by nobody else.
        unsafe { core::slice::from_raw_parts_mut(self.data().as_ptr(), self.head().as_ref().len as usize) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let layout = layout(self.capacity());
        // SAFETY: the memory was allocated with this layout, and nothing refers to it any more.
        unsafe { dealloc(self.head().as_ptr().cast(), layout) };
    }
}

/// A copy of the same capacity, so that it accounts for the same memory.
impl Clone for Block {
    fn clone(&self) -> Self {
        let mut copy = Block::with_capacity(self.capacity());
        copy.append(self);
        copy.tagged(self.tag())
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Block) -> bool {
        **self == **other
    }
}

impl Eq for Block {}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::vec::Vec;

    #[test]
    fn bytes_are_moved_over_others_and_over_themselves() {
        let mut rng = Rng::new(2);
        for _ in 0..if cfg!(miri) { 50 } else { 2000 } {
            let mut model: Vec<u8> = (0..rng.below(400)).map(|n| n as u8).collect();
            let mut block = Block::of(&model);
            let mut places = [0; 3].map(|_| rng.below(model.len() as u64 + 1) as usize);
            places.sort_unstable();
            let (low, middle, high) = (places[0], places[1], places[2]);
            block.shift(low..low + (high - middle), middle);
            model.copy_within(low..low + (high - middle), middle);
            block.shift(middle..high, low);
            model.copy_within(middle..high, low);
            assert_eq!(*block, *model);
        }
    }

    #[test]
    fn holds_what_a_vector_holds() {
        let (mut block, mut model, mut rng) = (Block::with_capacity(0), Vec::<u8>::new(), Rng::new(1));
        for _ in 0..if cfg!(miri) { 200 } else { 5000 } {
            let at = rng.below(model.len() as u64 + 1) as usize;
            match rng.below(5) {
                0 | 1 => {
                    let bytes: Vec<u8> = (0..rng.below(60)).map(|n| n as u8).collect();
                    block.append(&bytes);
                    model.extend_from_slice(&bytes);
                }
                2 => {
                    let until = at + rng.below((model.len() - at) as u64 + 1) as usize;
                    block.remove(at..until);
                    model.drain(at..until);
                    block.release();
                }
                3 => {
                    block.resize(at);
                    model.truncate(at);
                }
                _ => {
                    block.reserve(rng.below(300) as usize);
                    if rng.below(3) == 0 {
                        block.shrink();
                    }
                }
            }
            assert_eq!(*block, *model);
        }
        let block = block.tagged(5);
        let copy = block.clone();
        assert_eq!((block.tag(), copy.tag()), (5, 5));
        assert_eq!((&copy, copy.capacity()), (&block, block.capacity()));
    }

    #[test]
    fn never_holds_much_more_than_it_needs() {
        let mut block = Block::with_capacity(0);
        let steps = if cfg!(miri) { 600 } else { 5000 };
        for len in 1..steps {
            block.reserve(1);
            block.append(&[0]);
            assert!(block.capacity() <= usable(len + len / 8));
        }
        for len in (0..steps).rev() {
            block.resize(len);
            block.release();
            assert!(block.capacity() <= (len * 4).div_ceil(3).max(len + 40));
        }
    }
}
