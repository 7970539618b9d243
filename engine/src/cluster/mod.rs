//! Cluster mode: which node owns which slot.
//!
//! Absent as yet: the bus. The table is given by the configuration and never changes; no node has beliefs, no epoch
//! grows, no replica stands for election. A key outside our slots is answered with MOVED.

pub mod redirect;
pub mod slots;
