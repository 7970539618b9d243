//! Lists: elements in an order, quick at both ends.

pub mod blpop;
pub mod lmove;
pub mod lmpop;
pub mod lpos;
pub mod lrange;
pub mod lrem;
pub mod lset;
pub mod pop;
pub mod push;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &lmove::BLMOVE,
    &lmpop::BLMPOP,
    &blpop::BLPOP,
    &blpop::BRPOP,
    &lmove::BRPOPLPUSH,
    &lrange::LINDEX,
    &lrem::LINSERT,
    &lrange::LLEN,
    &lmove::LMOVE,
    &lmpop::LMPOP,
    &pop::LPOP,
    &lpos::LPOS,
    &push::LPUSH,
    &push::LPUSHX,
    &lrange::LRANGE,
    &lrem::LREM,
    &lset::LSET,
    &lrem::LTRIM,
    &pop::RPOP,
    &lmove::RPOPLPUSH,
    &push::RPUSH,
    &push::RPUSHX,
];
