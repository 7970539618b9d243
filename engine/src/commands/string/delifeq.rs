//! DELIFEQ: removes a key, if it holds what the caller believes.

use super::text::Text;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;

pub static DELIFEQ: Command = Command {
    summary: "Removes a key if it holds the given string: how a lock is given back by who still has it.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::REMOVE)],
    arguments: &[Argument::key("key"), Argument::string("value")],
    run: delifeq,
    ..Command::new("delifeq", Group::String, "9.0.0", "O(1)")
};

fn delifeq(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let wanted = call.arg(2);
    let equal = match call.state.look_to_write(&key) {
        None => false,
        Some(entry) => *Text::of(entry)? == *wanted,
    };
    if equal {
        call.db().discard(&key);
        call.changed(key.bytes, Notify::GENERIC, "del");
    }
    call.reply.integer(equal as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn only_the_owner_gives_the_lock_back() {
        let mut server = Server::new();
        server.run("SET lock 17");
        assert_eq!(server.run("DELIFEQ lock 18"), "(integer) 0");
        assert_eq!(server.run("DELIFEQ lock 17"), "(integer) 1");
        assert_eq!(server.run("DELIFEQ lock 17"), "(integer) 0");
    }
}
