//! Sets: members, each at most once.

pub mod sadd;
pub mod sinter;
pub mod smembers;
pub mod smove;
pub mod spop;
pub mod srandmember;
pub mod sscan;
pub mod sunion;

use alloc::vec::Vec;

use super::collection::{Collection, read_all};
use super::declaration::Command;
use crate::keyspace::{Entry, ValueRef};
use crate::resp::error::Error;
use crate::state::State;
use crate::types::Set;

pub static COMMANDS: &[&Command] = &[
    &sadd::SADD,
    &smembers::SCARD,
    &sunion::SDIFF,
    &sunion::SDIFFSTORE,
    &sinter::SINTER,
    &sinter::SINTERCARD,
    &sinter::SINTERSTORE,
    &smembers::SISMEMBER,
    &smembers::SMEMBERS,
    &smembers::SMISMEMBER,
    &smove::SMOVE,
    &spop::SPOP,
    &srandmember::SRANDMEMBER,
    &sadd::SREM,
    &sscan::SSCAN,
    &sunion::SUNION,
    &sunion::SUNIONSTORE,
];

/// The sets behind several keys, in their order.
///
/// # Errors
/// One holds a value of another type.
fn sets_of<'s, 'n>(state: &'s mut State, names: impl Iterator<Item = &'n [u8]>) -> Result<Vec<Option<&'s Set>>, Error> {
    let entries = read_all(state, names, |value| matches!(value, ValueRef::Set(_)))?;
    let set_of = |entry: &'s Entry| Set::of(entry.value()).expect("the type has been checked");
    Ok(entries.into_iter().map(|entry| entry.map(set_of)).collect())
}
