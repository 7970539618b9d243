//! The intset: a sorted array of integers of one width, byte for byte as in an RDB file.
//!
//! ```text
//!   [width: 2, 4 or 8; 4 bytes][count; 4 bytes][integer][integer] …      little-endian, ascending
//! ```
//!
//! The width grows with the first integer that needs it, and never shrinks again.

use super::block::Block;
use super::word::INTS;
use crate::base::bytes::{read_signed, read_unsigned, write_signed};
use crate::base::heap::Moves;
use core::cmp::Ordering;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Intset {
    bytes: Block,
}

const HEADER: usize = 8;

impl Intset {
    pub fn new() -> Self {
        Intset { bytes: Block::of(&[2, 0, 0, 0, 0, 0, 0, 0]).tagged(INTS) }
    }

    /// Takes bytes from outside, if they are an intset through and through.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEADER)?;
        let (width, count) = (read_unsigned(&head[..4]), read_unsigned(&head[4..]));
        if !matches!(width, 2 | 4 | 8) || bytes.len() as u64 != HEADER as u64 + width * count {
            return None;
        }
        let set = Intset { bytes: Block::of(bytes).tagged(INTS) };
        set.iter().is_sorted_by(|a, b| a < b).then_some(set)
    }

    pub(super) fn into_block(self) -> Block {
        self.bytes
    }

    /// Offers it for moving.
    pub fn offer(&mut self, moves: &mut Moves) {
        self.bytes.offer(moves);
    }

    /// What an RDB file holds.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes allocated.
    pub fn memory(&self) -> usize {
        self.bytes.memory()
    }

    pub fn len(&self) -> usize {
        (self.bytes.len() - HEADER) / self.width()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER
    }

    /// The integer with this index in ascending order; there is one.
    pub fn get(&self, index: usize) -> i64 {
        let width = self.width();
        let at = HEADER + index * width;
        read_signed(&self.bytes[at..at + width])
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + '_ {
        self.bytes[HEADER..].chunks_exact(self.width()).map(read_signed)
    }

    pub fn contains(&self, value: i64) -> bool {
        self.search(value).is_ok()
    }

    /// Whether it is new.
    pub fn insert(&mut self, value: i64) -> bool {
        let Err(index) = self.search(value) else { return false };
        let width = self.width().max(width_of(value));
        if width > self.width() {
            self.widen(width);
        }
        let (at, len) = (HEADER + index * width, self.bytes.len());
        self.bytes.resize(len + width);
        self.bytes.shift(at..len, at + width);
        write_signed(&mut self.bytes[at..at + width], value);
        self.set_count();
        true
    }

    /// Whether it was there.
    pub fn remove(&mut self, value: i64) -> bool {
        let Ok(index) = self.search(value) else { return false };
        let width = self.width();
        let at = HEADER + index * width;
        self.bytes.remove(at..at + width);
        self.bytes.release();
        self.set_count();
        true
    }

    fn width(&self) -> usize {
        self.bytes[0] as usize
    }

    fn search(&self, value: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            match self.get(middle).cmp(&value) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    fn widen(&mut self, width: usize) {
        let mut wide = Block::of(&self.bytes[..HEADER]).tagged(INTS);
        wide.reserve(self.len() * width);
        wide[0] = width as u8;
        for value in self.iter() {
            let at = wide.len();
            wide.resize(at + width);
            write_signed(&mut wide[at..], value);
        }
        self.bytes = wide;
    }

    fn set_count(&mut self) {
        let count = self.len() as u32;
        self.bytes[4..HEADER].copy_from_slice(&count.to_le_bytes());
    }
}

impl Default for Intset {
    fn default() -> Self {
        Intset::new()
    }
}

fn width_of(value: i64) -> usize {
    match value {
        -0x8000..=0x7fff => 2,
        -0x8000_0000..=0x7fff_ffff => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::BTreeSet;

    /// Recorded from `DUMP` of `SADD s 1 -1 5`, then of the same set after `SADD s 100000` and `SADD s -3000000000`.
    #[test]
    fn bytes_are_those_of_redis() {
        let mut set = Intset::new();
        assert!([1, -1, 5].iter().all(|&value| set.insert(value)));
        assert_eq!(set.as_bytes(), [2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 1, 0, 5, 0]);
        assert!(set.insert(100_000));
        let wide = [4, 0, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 5, 0, 0, 0, 0xa0, 0x86, 1, 0];
        assert_eq!(set.as_bytes(), wide);
        assert!(set.insert(-3_000_000_000));
        assert_eq!(set.as_bytes()[..16], [8, 0, 0, 0, 5, 0, 0, 0, 0, 0xa2, 0x2f, 0x4d, 0xff, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn behaves_like_a_sorted_set_of_integers() {
        let mut rng = Rng::new(4);
        for bits in [8, 15, 16, 17, 31, 32, 33, 63] {
            let (mut set, mut model) = (Intset::new(), BTreeSet::new());
            for _ in 0..600 {
                let value = (rng.bits() as i64) >> (63 - bits) >> rng.below(3);
                if rng.below(3) > 0 {
                    assert_eq!(set.insert(value), model.insert(value));
                } else {
                    assert_eq!(set.remove(value), model.remove(&value));
                }
                assert_eq!(set.contains(value), model.contains(&value));
                assert!(set.iter().eq(model.iter().copied()));
            }
            assert_eq!(set.len(), model.len());
            assert_eq!(Intset::from_bytes(set.as_bytes()).as_ref(), Some(&set));
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let good = [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0];
        assert!(Intset::from_bytes(&good).is_some());
        for (at, byte) in [(0, 3), (1, 1), (4, 3), (7, 0x80), (8, 2), (10, 0)] {
            let mut bad = good;
            bad[at] = byte;
            assert_eq!(Intset::from_bytes(&bad), None, "byte {at}");
        }
        assert!((0..good.len()).all(|len| Intset::from_bytes(&good[..len]).is_none()));
    }
}
