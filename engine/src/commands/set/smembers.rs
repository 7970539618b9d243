//! SMEMBERS, SISMEMBER, SMISMEMBER, SCARD: what is in a set.

use crate::commands::call::Call;
use crate::commands::collection::{expect, reply_element};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::types::Set;

pub static SMEMBERS: Command = Command {
    summary: "All members of a set, in no particular order.",
    arity: 2,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key")],
    tips: &["nondeterministic_output_order"],
    run: smembers,
    ..Command::new("smembers", Group::Set, "1.0.0", "O(N) in the members of the set")
};

pub static SISMEMBER: Command = Command {
    summary: "Whether something is a member of a set.",
    arity: 3,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::LOOK)],
    arguments: &[Argument::key("key"), Argument::string("member")],
    run: sismember,
    elements: Elements::at(2),
    ..Command::new("sismember", Group::Set, "1.0.0", "O(1)")
};

pub static SMISMEMBER: Command = Command {
    summary: "Of several things, whether each is a member of a set.",
    arity: -3,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key"), Argument::string("member").multiple()],
    run: smismember,
    elements: Elements::from(2),
    ..Command::new("smismember", Group::Set, "6.2.0", "O(N) in the things asked about")
};

pub static SCARD: Command = Command {
    summary: "How many members a set has.",
    arity: 2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::LOOK)],
    arguments: &[Argument::key("key")],
    run: scard,
    ..Command::new("scard", Group::Set, "1.0.0", "O(1)")
};

fn smembers(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let set = expect::<Set>(call.state.read(&key))?;
    call.reply.set(set.map_or(0, Set::len));
    for member in set.into_iter().flat_map(Set::iter) {
        reply_element(call.reply, member);
    }
    Ok(())
}

fn sismember(call: &mut Call<'_>) -> Outcome {
    let (key, member) = (call.key(1), call.arg(2));
    let found = expect::<Set>(call.state.read(&key))?.is_some_and(|set| set.contains(member));
    call.reply.integer(found as i64);
    Ok(())
}

fn smismember(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let set = expect::<Set>(call.state.read(&key))?;
    let members = call.args.from(2);
    call.reply.array(members.len());
    for member in members.iter() {
        call.reply.integer(set.is_some_and(|set| set.contains(member)) as i64);
    }
    Ok(())
}

fn scard(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let count = expect(call.state.read(&key))?.map_or(0, Set::len);
    call.reply.integer(count as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn members_are_found() {
        let mut server = Server::new();
        server.run("SADD s a");
        for (line, reply) in [
            ("SMEMBERS s", "1) \"a\""),
            ("SMEMBERS none", "(empty array)"),
            ("SISMEMBER s a", "(integer) 1"),
            ("SISMEMBER none a", "(integer) 0"),
            ("SMISMEMBER s b a", "1) (integer) 0\n2) (integer) 1"),
            ("SCARD none", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
