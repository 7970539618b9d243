//! The values behind keys: pure data, without keys, replies or time.
//!
//! Each type starts in a small encoding (a listpack, an intset) and changes to a large one at exactly the point where
//! Redis changes, by the thresholds in [`Limits`]; `encoding()` is what `OBJECT ENCODING` says. Each accounts for its memory in O(1)
//! (`memory()`: bytes allocated beyond the value itself), can be copied, and freed in bounded steps (`shed`).

pub mod bitmap;
pub mod bloom;
pub mod geo;
pub mod hash;
pub mod hyperloglog;
pub mod list;
pub mod set;
pub mod stream;
pub mod zset;

use crate::collections::quicklist::Fill;
use core::ops::Range;

pub use bloom::Bloom;
pub use hash::Hash;
pub use list::List;
pub use set::Set;
pub use stream::Stream;
pub use zset::ZSet;

/// The parameters that decide encodings, named as in `redis.conf`, and the seed of every table that is made.
#[derive(Clone, Debug)]
pub struct Limits {
    pub hash_max_listpack_entries: usize,
    pub hash_max_listpack_value: usize,
    pub list_max_listpack_size: i32,
    pub set_max_intset_entries: usize,
    pub set_max_listpack_entries: usize,
    pub set_max_listpack_value: usize,
    /// 0 for no limit of its own.
    pub stream_node_max_bytes: usize,
    /// 0 for any number.
    pub stream_node_max_entries: usize,
    pub zset_max_listpack_entries: usize,
    pub zset_max_listpack_value: usize,
    /// Chosen by the host once per process, so that nobody can choose keys that collide.
    pub seed: (u64, u64),
}

impl Limits {
    fn fill(&self) -> Fill {
        Fill::of(self.list_max_listpack_size)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            list_max_listpack_size: -2,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            seed: (0, 0),
        }
    }
}

/// An index as commands give it, negative ones from the end, if it is within the length.
pub fn resolve_index(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(len as i64)? } else { index };
    (0..len as i64).contains(&index).then_some(index as usize)
}

/// First and last index as LRANGE, LTRIM and ZRANGE give them: negative ones count from the end, and what lies outside is left out.
pub fn resolve_range(start: i64, stop: i64, len: usize) -> Range<usize> {
    let from_end = |index: i64| if index < 0 { index.saturating_add(len as i64) } else { index };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(len as i64 - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_what_there_is() {
        let cases = [
            (0, -1, 0..5),
            (-3, -2, 2..4),
            (-100, 100, 0..5),
            (3, 1, 0..0),
            (5, 9, 0..0),
            (-9, -6, 0..0),
            (i64::MIN, i64::MAX, 0..5),
            (4, 4, 4..5),
        ];
        for (start, stop, range) in cases {
            assert_eq!(resolve_range(start, stop, 5), range, "{start} {stop}");
        }
        assert!(resolve_range(0, -1, 0).is_empty());
        assert_eq!(
            [0, 4, 5, -1, -5, -6, i64::MIN].map(|index| resolve_index(index, 5)),
            [Some(0), Some(4), None, Some(4), Some(0), None, None]
        );
    }
}
