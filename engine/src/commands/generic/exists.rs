//! EXISTS, TOUCH, TYPE: is a key there, and what is it.

use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Key;
use crate::state::State;

pub static EXISTS: Command = Command {
    summary: "How many of the given keys are there; one given twice counts twice.",
    ..counts("exists", "1.0.0")
};

pub static TOUCH: Command = Command {
    summary: "Marks keys as just used, and says how many of them are there.",
    run: |call| count(call, |state, key| state.read(key).is_some()),
    ..counts("touch", "3.2.1")
};

const fn counts(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: -2,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: const { &[KeySpec::from(1, 1, Access::LOOK)] },
        arguments: const { &[Argument::key("key").multiple()] },
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        run: |call| count(call, |state, key| state.ask(key).is_some()),
        ..Command::new(name, Group::Generic, since, "O(N) in the keys")
    }
}

pub static TYPE: Command = Command {
    summary: "The type of what a key holds, or none.",
    arity: 2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::LOOK)],
    arguments: &[Argument::key("key")],
    run: |call| {
        let key = call.key(1);
        let kind = call.state.ask(&key).map_or("none", |entry| entry.kind().name());
        call.reply.simple(kind);
        Ok(())
    },
    ..Command::new("type", Group::Generic, "1.0.0", "O(1)")
};

fn count(call: &mut Call<'_>, is_there: impl Fn(&mut State, &Key<'_>) -> bool) -> Outcome {
    let mut count = 0;
    for index in 1..call.args.len() {
        let key = call.key(index);
        count += is_there(call.state, &key) as i64;
    }
    call.reply.integer(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn an_expired_key_is_not_there() {
        let mut server = Server::new();
        server.run("MSET a 1 b 2");
        server.run("PEXPIRE b 50");
        assert_eq!(server.run("EXISTS a b b none"), "(integer) 3");
        assert_eq!(server.run("TYPE b"), "string");
        server.advance(50);
        assert_eq!(server.run("EXISTS a b b none"), "(integer) 1");
        assert_eq!(server.run("TOUCH a b"), "(integer) 1");
        assert_eq!(server.run("TYPE b"), "none");
    }

    #[test]
    fn asking_is_not_using() {
        let mut server = Server::new();
        server.run("SET k v");
        server.advance(5000);
        server.run("EXISTS k");
        server.run("TYPE k");
        assert_eq!(server.run("OBJECT IDLETIME k"), "(integer) 5");
        server.run("TOUCH k");
        assert_eq!(server.run("OBJECT IDLETIME k"), "(integer) 0");
    }
}
