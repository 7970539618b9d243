//! Data structures that know nothing of Redis.

pub mod counted;
pub mod dict;
pub mod intset;
pub mod listpack;
mod segments;
pub mod slab;
pub mod table;
