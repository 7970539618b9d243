//! XSETID: what a stream remembers beside its entries, for who feeds a copy of it.

use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{edit, id};
use crate::commands::words::{Words, is};
use crate::resp::error::{self, Error};
use crate::types::Stream;
use crate::types::stream::Id;

pub static XSETID: Command = Command {
    summary: "Sets the last ID that a stream gave out, how many entries it ever had, and the highest that was deleted.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[
        Argument::key("key"),
        Argument::string("last-id"),
        Argument::integer("entries-added").token("ENTRIESADDED").optional().since("7.0.0"),
        Argument::string("max-deleted-id").token("MAXDELETEDID").optional().since("7.0.0"),
    ],
    run: xsetid,
    ..Command::new("xsetid", Group::Stream, "5.0.0", "O(1)")
};

const NEGATIVE: Error = Error::fixed("ERR entries_added must be positive");
const BELOW_GIVEN: Error =
    Error::fixed("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
const BELOW_DELETED: Error =
    Error::fixed("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
const BELOW_LAST: Error = Error::fixed("ERR The ID specified in XSETID is smaller than the target stream top item");
const TOO_FEW: Error =
    Error::fixed("ERR The entries_added specified in XSETID is smaller than the target stream length");

fn xsetid(call: &mut Call<'_>) -> Outcome {
    let last = id(call.arg(2))?;
    let (mut added, mut max_deleted) = (None, Id::MIN);
    let mut words = Words::new(call.args, 3);
    while let Some(word) = words.next() {
        match word {
            _ if is(word, "ENTRIESADDED") => {
                added = Some(u64::try_from(integer(words.value()?)?).map_err(|_| NEGATIVE)?);
            }
            _ if is(word, "MAXDELETEDID") => {
                max_deleted = id(words.value()?)?;
                if last < max_deleted {
                    return Err(BELOW_GIVEN);
                }
            }
            _ => return Err(error::SYNTAX),
        }
    }
    let key = call.key(1);
    let stream = expect::<Stream>(call.state.look_to_write(&key))?.ok_or(error::NO_SUCH_KEY)?;
    let entries = &stream.entries;
    if last < entries.max_deleted {
        return Err(BELOW_DELETED);
    }
    if entries.last_entry().is_some_and(|entry| last < entry) {
        return Err(BELOW_LAST);
    }
    if !entries.is_empty() && added.is_some_and(|added| added < entries.len() as u64) {
        return Err(TOO_FEW);
    }
    edit(call.state, &key, |site| {
        let entries = &mut site.stream.entries;
        entries.last = last;
        entries.added = added.unwrap_or(entries.added);
        if !max_deleted.is_zero() {
            entries.max_deleted = max_deleted;
        }
        site.tell.changed_around("xsetid");
    });
    call.reply.ok();
    Ok(())
}
