//! GET, MGET, STRLEN: strings as they are.

use super::text::{Text, check_string, reply_value};
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};

pub static GET: Command = Command {
    summary: "Answers the string value of a key.",
    arity: 2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key")],
    run: get,
    ..Command::new("get", Group::String, "1.0.0", "O(1)")
};

pub static MGET: Command = Command {
    summary: "Answers the string values of several keys, null for each that holds none.",
    arity: -2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::from(1, 1, Access::READ)],
    arguments: &[Argument::key("key").multiple()],
    tips: &["request_policy:multi_shard"],
    run: mget,
    ..Command::new("mget", Group::String, "1.0.0", "O(N) in the keys")
};

pub static STRLEN: Command = Command {
    summary: "The length of a string in bytes; zero for a key that is not there.",
    arity: 2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::LOOK)],
    arguments: &[Argument::key("key")],
    run: strlen,
    ..Command::new("strlen", Group::String, "2.2.0", "O(1)")
};

fn get(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    reply_value(call.reply, call.state.read(&key))
}

fn mget(call: &mut Call<'_>) -> Outcome {
    call.reply.array(call.args.len() - 1);
    for index in 1..call.args.len() {
        let key = call.key(index);
        let entry = call.state.read(&key).filter(|entry| check_string(Some(entry)).is_ok());
        reply_value(call.reply, entry)?;
    }
    Ok(())
}

fn strlen(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let length = Text::of_any(call.state.read(&key))?.len();
    call.reply.integer(length as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use alloc::format;

    #[test]
    fn a_long_string_is_sent_as_it_was_when_it_was_asked_for() {
        let mut server = Server::new();
        server.run("SETRANGE long 99999 x");
        let long = server.run("GET long");
        assert_eq!(server.run("MGET long none long"), format!("1) {long}\n2) (nil)\n3) {long}"));
        server.run("MULTI");
        for line in ["GET long", "SETRANGE long 0 y", "GETDEL long", "EXISTS long"] {
            assert_eq!(server.run(line), "QUEUED");
        }
        let edited = long.replacen("\\x00", "y", 1);
        assert_eq!(server.run("EXEC"), format!("1) {long}\n2) (integer) 100000\n3) {edited}\n4) (integer) 0"));
    }
}
