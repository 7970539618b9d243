//! Lists: elements in an order, quick at both ends.

pub mod lrange;
pub mod lset;
pub mod pop;
pub mod push;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &lrange::LINDEX,
    &lrange::LLEN,
    &pop::LPOP,
    &push::LPUSH,
    &push::LPUSHX,
    &lrange::LRANGE,
    &lset::LSET,
    &pop::RPOP,
    &push::RPUSH,
    &push::RPUSHX,
];
