//! GET: a string's value.

use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::{Entry, ValueRef};
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};

pub static GET: Command = Command {
    summary: "Answers the string value of a key.",
    arity: 2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key")],
    run: get,
    ..Command::new("get", Group::String, "1.0.0", "O(1)")
};

fn get(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    reply_value(call.reply, call.state.read(&key))
}

/// Answers a string value, or null for a key that is not there.
///
/// # Errors
/// The value is no string.
pub fn reply_value(reply: &mut dyn Reply, entry: Option<&Entry>) -> Outcome {
    match entry.map(Entry::value) {
        None => reply.null(),
        Some(ValueRef::Bytes(bytes)) => reply.bulk(bytes),
        Some(ValueRef::Int(value)) => reply.bulk_integer(value),
        #[allow(unreachable_patterns)] // until the first type of objects is here
        Some(_) => return Err(error::WRONG_TYPE),
    }
    Ok(())
}

/// # Errors
/// The value is there and is no string.
pub fn check_string(entry: Option<&Entry>) -> Result<(), Error> {
    match entry.map(Entry::value) {
        None | Some(ValueRef::Bytes(_) | ValueRef::Int(_)) => Ok(()),
        #[allow(unreachable_patterns)]
        Some(_) => Err(error::WRONG_TYPE),
    }
}
