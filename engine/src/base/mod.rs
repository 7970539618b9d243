//! What knows nothing of Redis: time, chance, bytes, numbers, hashes, patterns.

pub mod bytes;
pub mod extended;
pub mod glob;
pub mod hash;
pub mod heap;
pub mod number;
pub mod rng;
pub mod sort;
pub mod time;
pub mod wide;
