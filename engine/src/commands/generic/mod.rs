//! What works on a key whatever it holds.

pub mod copy;
pub mod del;
pub mod dump;
pub mod exists;
pub mod expire;
pub mod object;
pub mod rename;
pub mod scan;
pub mod sort;
pub mod ttl;
pub mod wait;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &copy::COPY,
    &del::DEL,
    &dump::DUMP,
    &exists::EXISTS,
    &expire::EXPIRE,
    &expire::EXPIREAT,
    &ttl::EXPIRETIME,
    &scan::KEYS,
    &copy::MOVE,
    &object::OBJECT,
    &expire::PERSIST,
    &expire::PEXPIRE,
    &expire::PEXPIREAT,
    &ttl::PEXPIRETIME,
    &ttl::PTTL,
    &scan::RANDOMKEY,
    &rename::RENAME,
    &rename::RENAMENX,
    &dump::RESTORE,
    &dump::RESTORE_ASKING,
    &scan::SCAN,
    &sort::SORT,
    &sort::SORT_RO,
    &exists::TOUCH,
    &ttl::TTL,
    &exists::TYPE,
    &del::UNLINK,
    &wait::WAIT,
    &wait::WAITAOF,
];
