//! Data as bytes outside the node: what Redis's files and DUMP payloads hold.

pub mod rdb;
