//! The two formats of which a [`Dict`](super::dict::Dict) is made: buckets of a cache line, and half as large cells
//! for what a bucket has no room for. Drawn in [`super::dict`].

/// Index + 1 of a cell, or 0.
pub type Link = u32;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Bucket([u8; 64]);

#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub struct Cell([u8; 32]);

const BUCKET_SLOTS: usize = 9;
const CELL_SLOTS: usize = 4;
/// The bucket slot that holds the link, where there is one.
pub const LINK_SLOT: usize = BUCKET_SLOTS - 1;

const _: () = assert!(size_of::<Bucket>() == 64 && size_of::<Cell>() == 32);

const FILTER: usize = BUCKET_SLOTS;
const BUCKET_POINTERS: usize = FILTER + 1;
const CELL_LINK: usize = CELL_SLOTS;
const CELL_POINTERS: usize = CELL_LINK + 4;

impl Bucket {
    pub const EMPTY: Bucket = Bucket([0; 64]);

    #[inline(always)]
    pub fn tag(&self, slot: usize) -> u8 {
        self.0[slot]
    }

    #[inline(always)]
    pub fn matches(&self, tag: u8) -> Slots {
        Slots(equal_bytes(&self.0, tag) & ((1 << BUCKET_SLOTS) - 1))
    }

    #[inline(always)]
    pub fn used(&self) -> Slots {
        Slots(!equal_bytes(&self.0, 0) & ((1 << BUCKET_SLOTS) - 1))
    }

    #[inline(always)]
    pub fn first_free(&self) -> Option<usize> {
        let slots = if self.has_link() { LINK_SLOT } else { BUCKET_SLOTS };
        Slots(equal_bytes(&self.0, 0) & ((1 << slots) - 1)).next()
    }

    #[inline(always)]
    pub fn has_link(&self) -> bool {
        self.0[FILTER] != 0
    }

    #[inline(always)]
    pub fn may_follow(&self, tag: u8) -> bool {
        self.0[FILTER] & bit(tag) != 0
    }

    #[inline(always)]
    pub fn link(&self) -> Link {
        if self.has_link() { self.stored(LINK_SLOT) as Link } else { 0 }
    }

    pub fn filter(&self) -> u8 {
        self.0[FILTER]
    }

    pub fn set_filter(&mut self, filter: u8) {
        self.0[FILTER] = filter;
    }

    pub fn add_to_filter(&mut self, tag: u8) {
        self.0[FILTER] |= bit(tag);
    }

    pub fn set_link(&mut self, link: Link, filter: u8) {
        self.fill(LINK_SLOT, 0, link.into());
        self.0[FILTER] = filter;
    }

    #[inline(always)]
    pub fn stored(&self, slot: usize) -> u64 {
        read_pointer(&self.0, BUCKET_POINTERS + 6 * slot)
    }

    #[inline(always)]
    pub fn set(&mut self, slot: usize, stored: u64) {
        write_pointer(&mut self.0, BUCKET_POINTERS + 6 * slot, stored);
    }

    #[inline(always)]
    pub fn fill(&mut self, slot: usize, tag: u8, stored: u64) {
        self.0[slot] = tag;
        self.set(slot, stored);
    }

    pub fn clear(&mut self, slot: usize) {
        self.fill(slot, 0, 0);
    }
}

impl Cell {
    pub const EMPTY: Cell = Cell([0; 32]);

    /// A cell in the list of free ones.
    pub fn free(next: Link, previous: Link) -> Self {
        let mut cell = Cell::EMPTY;
        cell.set_link(next);
        cell.set(0, previous.into());
        cell
    }

    pub fn previous(&self) -> Link {
        self.stored(0) as Link
    }

    pub fn tag(&self, slot: usize) -> u8 {
        self.0[slot]
    }

    #[inline(always)]
    pub fn matches(&self, tag: u8) -> Slots {
        Slots(equal_bytes(&self.0, tag) & ((1 << CELL_SLOTS) - 1))
    }

    pub fn used(&self) -> Slots {
        Slots(!equal_bytes(&self.0, 0) & ((1 << CELL_SLOTS) - 1))
    }

    pub fn first_free(&self) -> Option<usize> {
        self.matches(0).next()
    }

    pub fn link(&self) -> Link {
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| self.0[CELL_LINK + n]);
        u32::from_le_bytes([a, b, c, d])
    }

    pub fn set_link(&mut self, link: Link) {
        self.0[CELL_LINK..CELL_POINTERS].copy_from_slice(&link.to_le_bytes());
    }

    pub fn stored(&self, slot: usize) -> u64 {
        read_pointer(&self.0, CELL_POINTERS + 6 * slot)
    }

    pub fn set(&mut self, slot: usize, stored: u64) {
        write_pointer(&mut self.0, CELL_POINTERS + 6 * slot, stored);
    }

    pub fn fill(&mut self, slot: usize, tag: u8, stored: u64) {
        self.0[slot] = tag;
        self.set(slot, stored);
    }

    pub fn clear(&mut self, slot: usize) {
        self.fill(slot, 0, 0);
    }
}

/// A set of slots, as bits; iterates from the first.
#[derive(Clone, Copy)]
pub struct Slots(u32);

impl Slots {
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn from(self, first: usize) -> Slots {
        Slots(self.0 & (u32::MAX << first))
    }
}

impl Iterator for Slots {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let slot = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (slot < 32).then_some(slot)
    }
}

/// The filter's bit for a tag.
#[inline(always)]
pub fn bit(tag: u8) -> u8 {
    1 << (tag % 8)
}

/// Reads six bytes as a part of eight; two bytes before a pointer always belong to the same cache line.
#[inline(always)]
fn read_pointer(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes[at - 2..at + 6].first_chunk().expect("eight bytes");
    u64::from_le_bytes(*bytes) >> 16
}

#[inline(always)]
fn write_pointer(bytes: &mut [u8], at: usize, pointer: u64) {
    bytes[at..at + 6].copy_from_slice(&pointer.to_le_bytes()[..6]);
}

/// Which of the first 16 bytes equal `byte`, as bits.
#[inline(always)]
fn equal_bytes(bytes: &[u8], byte: u8) -> u32 {
    let bytes: &[u8; 16] = bytes.first_chunk().expect("cells and buckets are longer");
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
        // SAFETY: SSE2 is part of x86-64, and the load reads the 16 bytes of `bytes`.
        unsafe {
            let line = _mm_loadu_si128(bytes.as_ptr().cast());
            _mm_movemask_epi8(_mm_cmpeq_epi8(line, _mm_set1_epi8(byte as i8))) as u32
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    equal_bytes_portably(bytes, byte)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn equal_bytes_portably(bytes: &[u8; 16], byte: u8) -> u32 {
    const ONES: u64 = u64::MAX / 255;
    const LOW: u64 = ONES * 0x7f;
    let word = |at: usize| {
        let word = u64::from_le_bytes(*bytes[at..].first_chunk().expect("eight bytes")) ^ (ONES * byte as u64);
        let zeros = !(((word & LOW) + LOW) | word | LOW) >> 7;
        zeros.wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    (word(0) | word(8) << 8) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn both_ways_of_comparing_bytes_agree() {
        let mut rng = Rng::new(3);
        for _ in 0..1000 {
            let bytes: [u8; 16] = core::array::from_fn(|_| [0, 1, 2, 127, 128, 255][rng.below(6) as usize]);
            for byte in [0, 1, 127, 128, 255] {
                assert_eq!(equal_bytes(&bytes, byte), equal_bytes_portably(&bytes, byte));
            }
        }
    }
}
