//! Sorted sets: members in the order of their scores.

pub mod zadd;
pub mod zrange;
pub mod zrem;
pub mod zscore;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &zadd::ZADD,
    &zscore::ZCARD,
    &zadd::ZINCRBY,
    &zscore::ZMSCORE,
    &zrange::ZRANGE,
    &zscore::ZRANK,
    &zrem::ZREM,
    &zscore::ZREVRANK,
    &zscore::ZSCORE,
];
