//! RDB: values as Redis's snapshots and DUMP payloads hold them, byte for byte.
//!
//! ```text
//!   DUMP payload:  [type 1][value …][RDB version 2][CRC64 of all before 8]
//! ```
//! Every type and encoding of Redis 7.0 and Valkey 9.1 is read, with those of earlier versions; modules are not there
//! yet. What is written is what all of them read: version 10, and Valkey's own type for a hash whose fields
//! expire. Bloom filters alone have a form of our own ([`format::BLOOM`]), which no other server reads. A length is never
//! believed beyond the bytes that are there.

pub mod format;
pub mod load;
pub mod lzf;
pub mod save;
mod stream;
mod ziplist;

use crate::base::hash::crc64;
use crate::keyspace::{Value, ValueRef};
use crate::types::Limits;
use alloc::vec::Vec;

/// The version in which all is written that every peer reads.
const VERSION: u16 = 10;
/// Valkey's: for what only it has.
const VALKEY_VERSION: u16 = 80;
/// The last version that Redis and Valkey agree on.
const LAST_REDIS_VERSION: u16 = 11;
const FOOTER: usize = 10;

/// Why a payload can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its footer is not that of a payload, or of a version from elsewhere.
    Footer,
    /// It is none of the values that are read.
    Format,
}

/// What DUMP answers for a value.
pub fn dump(value: ValueRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let kind = save::value(value, &mut bytes);
    let version = if kind == format::HASH_WITH_EXPIRIES { VALKEY_VERSION } else { VERSION };
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&crc64(0, &bytes).to_le_bytes());
    bytes
}

/// The bytes that a value takes there, its type not counted.
pub fn saved_length(value: ValueRef<'_>) -> usize {
    let mut bytes = Vec::new();
    save::value(value, &mut bytes);
    bytes.len() - 1
}

/// The value in a DUMP payload.
///
/// # Errors
/// See [`Refusal`].
pub fn restore(payload: &[u8], limits: &Limits) -> Result<Value, Refusal> {
    let body = payload.len().checked_sub(FOOTER).ok_or(Refusal::Footer)?;
    let (body, footer) = payload.split_at(body);
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    let is_known = version <= LAST_REDIS_VERSION || version == VALKEY_VERSION;
    if !is_known || crc64(0, &payload[..payload.len() - 8]).to_le_bytes() != footer[2..] {
        return Err(Refusal::Footer);
    }
    load::first(body, limits).ok_or(Refusal::Format)
}

#[cfg(test)]
mod tests;
