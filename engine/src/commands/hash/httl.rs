//! HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME: how long fields have, and until when.

use super::fields::{FIELDS, behind_key};
use crate::base::time::Time;
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::generic::ttl::{left, to_seconds};
use crate::resp::error;
use crate::types::Hash;

pub static HTTL: Command = Command {
    summary: "The seconds that fields have left; -1 without an expiry, -2 without such a field.",
    run: |call| answer(call, |expiry, now| to_seconds(left(expiry, now))),
    ..question("httl")
};

pub static HPTTL: Command = Command {
    summary: "The milliseconds that fields have left; -1 without an expiry, -2 without such a field.",
    run: |call| answer(call, left),
    ..question("hpttl")
};

pub static HEXPIRETIME: Command = Command {
    summary: "When fields expire, in seconds since 1970; -1 without an expiry, -2 without such a field.",
    run: |call| answer(call, |expiry, _| to_seconds(expiry.millis())),
    ..question("hexpiretime")
};

pub static HPEXPIRETIME: Command = Command {
    summary: "When fields expire, in milliseconds since 1970; -1 without an expiry, -2 without such a field.",
    run: |call| answer(call, |expiry, _| expiry.millis()),
    ..question("hpexpiretime")
};

const fn question(name: &'static str) -> Command {
    Command {
        arity: -5,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::READ)] },
        arguments: const { &[Argument::key("key"), FIELDS] },
        ..Command::new(name, Group::Hash, "9.0.0", "O(N) in the fields")
    }
}

fn answer(call: &mut Call<'_>, what: fn(Time, Time) -> u64) -> Outcome {
    let fields = behind_key(call.args, error::SYNTAX)?;
    let (key, now) = (call.key(1), call.state.now);
    let hash = expect::<Hash>(call.state.read(&key))?.map(|hash| hash.at(now));
    call.reply.array(fields.len());
    for name in fields.iter() {
        let answer = match hash {
            Some(hash) if hash.contains(name) => hash.expiry(name).map_or(-1, |expiry| what(expiry, now) as i64),
            _ => -2,
        };
        call.reply.integer(answer);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn fields_with_an_expiry_without_one_and_none() {
        let mut server = Server::new();
        server.run("HSET h a 1 b 2");
        server.run("HPEXPIRE h 1500 FIELDS 1 a");
        for (line, reply) in [
            ("HTTL h FIELDS 3 a b c", "1) (integer) 2\n2) (integer) -1\n3) (integer) -2"),
            ("HPTTL h FIELDS 1 a", "1) (integer) 1500"),
            ("HPTTL none FIELDS 1 a", "1) (integer) -2"),
            ("HTTL h FIELDS 2 a", "(error) ERR syntax error"),
            ("HTTL h FOO 1 a", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let at = server.millis() + 1500;
        assert_eq!(server.run("HPEXPIRETIME h FIELDS 1 a"), std::format!("1) (integer) {at}"));
        server.advance(1500);
        assert_eq!(server.run("HTTL h FIELDS 2 a b"), "1) (integer) -2\n2) (integer) -1");
    }
}
