//! SELECT: which database the connection's commands mean.

use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Command, Flags, Group, Outcome};
use crate::resp::error::{self, Error};

pub static SELECT: Command = Command {
    summary: "Chooses the database that the connection's further commands work on.",
    arity: 2,
    flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
    arguments: &[Argument::integer("index")],
    run: select,
    ..Command::new("select", Group::Connection, "1.0.0", "O(1)")
};

fn select(call: &mut Call<'_>) -> Outcome {
    let wanted = database(call, 1, error::NOT_INTEGER)?;
    if call.state.config.cluster_enabled && wanted != 0 {
        return Err(error::SELECT_IN_CLUSTER);
    }
    call.client_mut().db = wanted;
    call.state.db = wanted;
    call.reply.ok();
    Ok(())
}

/// The database that an argument names.
///
/// # Errors
/// `invalid` where it is no number; out of range where there is no such database.
pub fn database(call: &Call<'_>, argument: usize, invalid: Error) -> Result<usize, Error> {
    let index = parse_i64(call.arg(argument)).ok_or(invalid)?;
    if index < 0 || index >= call.state.config.databases {
        return Err(error::DB_INDEX);
    }
    Ok(index as usize)
}
