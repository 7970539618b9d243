//! Data structures that know nothing of Redis.

pub mod dict;
mod segments;
pub mod slab;
