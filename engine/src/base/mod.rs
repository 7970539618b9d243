//! What knows nothing of Redis: time, chance, bytes, numbers, hashes, patterns.

pub mod rng;
pub mod time;
