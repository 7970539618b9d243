//! What an allocation costs, and how one is offered for moving. There is one model for every target, so that `maxmemory` acts alike in a page and on a server.

use alloc::alloc::realloc;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Bytes that a general-purpose allocator takes for `size` bytes: a word of its own, in steps of sixteen.
pub const fn cost(size: usize) -> usize {
    match size {
        0 => 0,
        1..=24 => 32,
        _ => (size + 8).next_multiple_of(16),
    }
}

/// The largest request that costs no more than one of `size` bytes.
pub const fn usable(size: usize) -> usize {
    cost(size).saturating_sub(8)
}

/// How many pieces of memory were offered for moving, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Pieces that were moved, and those that stayed.
    pub moved: u64,
    pub stayed: u64,
    /// Bytes of those that were moved.
    pub bytes: u64,
}

impl Moves {
    pub fn count(&mut self, is_moved: bool, bytes: usize) {
        if is_moved {
            self.moved += 1;
            self.bytes += bytes as u64;
        } else {
            self.stayed += 1;
        }
    }
}

/// Offers a piece to its allocator for moving, by asking for the size that it has, and returns where it is then. An allocator
/// that knows what the piece lies among takes it to where fewer pages are needed; others leave it.
///
/// # Safety
/// The piece was allocated with this layout, of a size above zero, and its owner goes on with what is returned.
pub unsafe fn offer(piece: NonNull<u8>, layout: Layout, moves: &mut Moves) -> NonNull<u8> {
    // SAFETY: as by contract.
    let moved = unsafe { realloc(piece.as_ptr(), layout, layout.size()) };
    // Without memory for another the piece is where it was.
    let moved = NonNull::new(moved).unwrap_or(piece);
    moves.count(moved != piece, layout.size());
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usable_costs_nothing_more() {
        for size in 0..2000 {
            assert_eq!(cost(usable(size)), cost(size));
            assert!(usable(size) >= size && (size == 0 || cost(usable(size) + 1) > cost(size)));
        }
    }
}
