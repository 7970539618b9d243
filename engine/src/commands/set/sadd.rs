//! SADD, SREM: members come and go.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit, edit_or_create};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::types::Set;

const KEY_AND_MEMBERS: &[Argument] = &[Argument::key("key"), Argument::string("member").multiple()];

pub static SADD: Command = Command {
    summary: "Adds members to a set, and says how many of them are new.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::INSERT)],
    arguments: KEY_AND_MEMBERS,
    run: sadd,
    elements: Elements::from(2),
    ..Command::new("sadd", Group::Set, "1.0.0", "O(N) in the members added")
};

pub static SREM: Command = Command {
    summary: "Removes members from a set, and says how many there were.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: KEY_AND_MEMBERS,
    run: srem,
    elements: Elements::from(2),
    ..Command::new("srem", Group::Set, "1.0.0", "O(N) in the members removed")
};

fn sadd(call: &mut Call<'_>) -> Outcome {
    let (key, members) = (call.key(1), call.args.from(2));
    let added = edit_or_create(
        call,
        &key,
        "sadd",
        |limits| Set::expecting(&members[0], members.len(), limits),
        |set: &mut Set, limits| {
            set.expect(members.len(), limits);
            let added = members.iter().filter(|member| set.insert(member, limits)).count();
            Edit { changes: added as u64, result: added }
        },
    )?;
    call.reply.integer(added as i64);
    Ok(())
}

fn srem(call: &mut Call<'_>) -> Outcome {
    let (key, members) = (call.key(1), call.args.from(2));
    let removed = edit(call, &key, "srem", |set: &mut Set, _| {
        let removed = members.iter().filter(|member| set.remove(member)).count();
        Edit { changes: removed as u64, result: removed }
    })?;
    call.reply.integer(removed.unwrap_or(0) as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn members_count_once() {
        let mut server = Server::new();
        for (line, reply) in [
            ("SADD s 1 2 2", "(integer) 2"),
            ("OBJECT ENCODING s", "\"intset\""),
            ("SADD s 1 a", "(integer) 1"),
            ("OBJECT ENCODING s", "\"listpack\""),
            ("SCARD s", "(integer) 3"),
            ("SREM s 1 9", "(integer) 1"),
            ("SREM s 2 a", "(integer) 2"),
            ("EXISTS s", "(integer) 0"),
            ("SREM s 1", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
