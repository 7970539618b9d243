//! Data structures that know nothing of Redis.

mod block;
mod bucket;
pub mod counted;
pub mod dict;
pub mod intset;
pub mod listpack;
pub mod ordered;
pub mod quicklist;
mod row;
mod segments;
pub mod slab;
pub mod table;
pub mod word;
