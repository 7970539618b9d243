//! HyperLogLogs: strings that count different elements, approximately.

pub mod pfadd;
pub mod pfcount;
pub mod pfdebug;
pub mod pfmerge;

use alloc::vec::Vec;

use super::call::Call;
use super::declaration::Command;
use super::string::text::Text;
use crate::keyspace::change::Notify;
use crate::keyspace::{Entry, Key};
use crate::resp::error::Error;
use crate::types::hyperloglog::{self as hll, Corrupted};

pub static COMMANDS: &[&Command] =
    &[&pfadd::PFADD, &pfcount::PFCOUNT, &pfdebug::PFDEBUG, &pfmerge::PFMERGE, &pfdebug::PFSELFTEST];

const NOT_ONE: Error = Error::fixed("WRONGTYPE Key is not a valid HyperLogLog string value.");
const CORRUPTED: Error = Error::fixed("INVALIDOBJ Corrupted HLL object detected");

impl From<Corrupted> for Error {
    fn from(_: Corrupted) -> Error {
        CORRUPTED
    }
}

/// The bytes of the HyperLogLog that a key holds, if it is there.
///
/// # Errors
/// It holds something else.
fn expect(entry: Option<&Entry>) -> Result<Option<Text<'_>>, Error> {
    let Some(entry) = entry else { return Ok(None) };
    let text = Text::of(entry)?;
    if hll::is_one(&text) { Ok(Some(text)) } else { Err(NOT_ONE) }
}

/// Edits a HyperLogLog, which begins without elements where there is none. `f` is told whether it is new, and also says
/// how many changes it made.
fn edit<R>(
    call: &mut Call<'_>,
    key: &Key<'_>,
    class: Notify,
    what: &'static str,
    f: impl FnOnce(&mut Vec<u8>, bool) -> (u64, R),
) -> R {
    call.announce_new(key);
    let mark = call.state.mark();
    let (changes, result) = call.db().edit_bytes_if(key, |bytes| {
        let is_new = bytes.is_empty();
        if is_new {
            *bytes = hll::new();
        }
        let (changes, result) = f(bytes, is_new);
        debug_assert!(changes > 0 || !is_new);
        (changes > 0, (changes, result))
    });
    call.db().written(key, mark);
    if changes > 0 {
        call.changed_times(changes, key.bytes, class, what);
    }
    result
}
