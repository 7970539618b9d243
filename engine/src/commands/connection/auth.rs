//! AUTH: says the password. Users beyond `default` are another chapter.

use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Command, Group, Outcome};
use crate::resp::error::{self, Error};

pub static AUTH: Command = Command {
    summary: "Says who one is.",
    arity: -2,
    flags: super::ALWAYS_ALLOWED,
    arguments: &[Argument::string("username").optional().since("6.0.0"), Argument::string("password")],
    run: auth,
    ..Command::new("auth", Group::Connection, "1.0.0", "O(N) in the passwords of the user")
};

fn auth(call: &mut Call<'_>) -> Outcome {
    let (user, password) = match call.args.len() {
        2 => (&b"default"[..], call.arg(1)),
        3 => (call.arg(1), call.arg(2)),
        _ => return call.syntax(),
    };
    if call.args.len() == 2 && call.state.config.requirepass.is_empty() {
        return Err(error::AUTH_WITHOUT_PASSWORD);
    }
    log_in(call, user, password)?;
    call.reply.ok();
    Ok(())
}

/// # Errors
/// No such user, or another password.
pub fn log_in(call: &mut Call<'_>, user: &[u8], password: &[u8]) -> Result<(), Error> {
    let known = call.state.config.requirepass.as_bytes();
    if user != b"default" || !(known.is_empty() || equal_in_constant_time(known, password)) {
        return Err(error::WRONG_PASSWORD);
    }
    call.client_mut().authenticated = true;
    Ok(())
}

/// Takes the same time wherever the two differ, so that a password can't be felt out letter by letter.
fn equal_in_constant_time(known: &[u8], said: &[u8]) -> bool {
    let differs = known.iter().zip(said).fold(0, |differs, (a, b)| differs | (a ^ b));
    differs == 0 && known.len() == said.len()
}
