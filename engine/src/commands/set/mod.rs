//! Sets: members, each at most once.

pub mod sadd;
pub mod smembers;
pub mod sscan;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &sadd::SADD,
    &smembers::SCARD,
    &smembers::SISMEMBER,
    &smembers::SMEMBERS,
    &smembers::SMISMEMBER,
    &sadd::SREM,
    &sscan::SSCAN,
];
