//! SELECT: which database the connection's commands mean.

use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Command, Flags, Group, Outcome};
use crate::resp::error::{self, Error};

pub static SELECT: Command = Command {
    summary: "Chooses the database that the connection's further commands work on.",
    arity: 2,
    flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST).and(Flags::ALLOW_BUSY),
    arguments: &[Argument::integer("index")],
    run: select,
    ..Command::new("select", Group::Connection, "1.0.0", "O(1)")
};

fn select(call: &mut Call<'_>) -> Outcome {
    let wanted = database(call, call.arg(1), None)?;
    if call.state.config.cluster_enabled && wanted != 0 {
        return Err(error::SELECT_IN_CLUSTER);
    }
    call.client_mut().db = wanted;
    call.state.db = wanted;
    call.reply.ok();
    Ok(())
}

/// The database that a number names.
///
/// # Errors
/// No integer of 32 bits, which is said as `invalid` where that is given; or there is no such database.
pub fn database(call: &Call<'_>, text: &[u8], invalid: Option<Error>) -> Result<usize, Error> {
    let index = match parse_i64(text) {
        Some(index) if i32::try_from(index).is_ok() => index,
        Some(_) => return Err(invalid.unwrap_or(error::NOT_INT32)),
        None => return Err(invalid.unwrap_or(error::NOT_INTEGER)),
    };
    if index < 0 || index >= call.state.config.databases {
        return Err(error::DB_INDEX);
    }
    Ok(index as usize)
}
