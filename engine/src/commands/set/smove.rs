//! SMOVE: a member goes from one set to another.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit, edit_or_create, expect};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::types::Set;

pub static SMOVE: Command = Command {
    summary: "Moves a member to another set.",
    arity: 4,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ_AND_DELETE), KeySpec::one(2, Access::INSERT)],
    arguments: &[Argument::key("source"), Argument::key("destination").key_spec(1), Argument::string("member")],
    run: smove,
    ..Command::new("smove", Group::Set, "1.0.0", "O(1)")
};

fn smove(call: &mut Call<'_>) -> Outcome {
    let (from, to, member) = (call.key(1), call.key(2), call.arg(3));
    let is_member = match call.state.look_to_write(&from) {
        None => {
            call.reply.integer(0);
            return Ok(());
        }
        found => expect::<Set>(found)?.is_some_and(|set| set.contains(member)),
    };
    expect::<Set>(call.state.look_to_write(&to))?;
    if is_member && from.bytes != to.bytes {
        edit(call, &from, "srem", |set: &mut Set, _| Edit { changes: set.remove(member) as u64, result: () })?;
        edit_or_create(
            call,
            &to,
            "sadd",
            |limits| Set::expecting(member, 1, limits),
            |set: &mut Set, limits| Edit { changes: set.insert(member, limits) as u64, result: () },
        )?;
    }
    call.reply.integer(is_member as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn a_member_is_in_one_place() {
        let mut server = Server::new();
        server.run("SADD a 1 2");
        server.run("SET text v");
        for (line, reply) in [
            ("SMOVE a b 1", "(integer) 1"),
            ("SMOVE a b 1", "(integer) 0"),
            ("SMOVE b b 1", "(integer) 1"),
            ("SMOVE none text 1", "(integer) 0"),
            ("SMOVE a text 9", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("SMOVE a b 2", "(integer) 1"),
            ("EXISTS a", "(integer) 0"),
            ("SMEMBERS b", "1) \"1\"\n2) \"2\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert!(server.records().ends_with("SMOVE a b 1 | SMOVE a b 2"));
    }
}
