//! HSET, HMSET, HSETNX: fields get values.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit_or_create};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::resp::error::{self, Error};
use crate::types::Hash;

const FLAGS: Flags = Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST);
const PAIRS: &[Argument] = &[
    Argument::key("key"),
    Argument::block("data", &[Argument::string("field"), Argument::string("value")]).multiple(),
];

pub static HSET: Command = Command {
    summary: "Sets fields of a hash, and says how many of them are new.",
    arity: -4,
    flags: FLAGS,
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: PAIRS,
    run: |call| {
        let new = set(call)?;
        call.reply.integer(new);
        Ok(())
    },
    elements: Elements::every(2, 2),
    ..Command::new("hset", Group::Hash, "2.0.0", "O(N) in the fields")
};

pub static HMSET: Command = Command {
    summary: "Sets fields of a hash: the old form of HSET.",
    arity: -4,
    flags: FLAGS,
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: PAIRS,
    run: |call| {
        set(call)?;
        call.reply.ok();
        Ok(())
    },
    elements: Elements::every(2, 2),
    ..Command::new("hmset", Group::Hash, "2.0.0", "O(N) in the fields")
};

pub static HSETNX: Command = Command {
    summary: "Sets a field of a hash if there is no such field.",
    arity: 4,
    flags: FLAGS,
    keys: &[KeySpec::one(1, Access::INSERT)],
    arguments: &[Argument::key("key"), Argument::string("field"), Argument::string("value")],
    run: hsetnx,
    elements: Elements::at(2),
    ..Command::new("hsetnx", Group::Hash, "2.0.0", "O(1)")
};

/// How many of the fields are new.
///
/// # Errors
/// The last field is without a value, or the key holds something else.
fn set(call: &mut Call<'_>) -> Result<i64, Error> {
    let (key, pairs) = (call.key(1), call.args.from(2));
    if pairs.len() % 2 == 1 {
        return Err(error::wrong_arity(call.command.name));
    }
    call.state.expire_fields_named(&key, pairs.iter().step_by(2));
    edit_or_create(
        call,
        &key,
        "hset",
        |_| Hash::new(),
        |hash: &mut Hash, limits| {
            hash.expect(pairs.len() / 2, limits);
            let new = (0..pairs.len()).step_by(2).map(|at| hash.set(&pairs[at], &pairs[at + 1], limits) as i64).sum();
            Edit { changes: pairs.len() as u64 / 2, result: new }
        },
    )
}

fn hsetnx(call: &mut Call<'_>) -> Outcome {
    let (key, field, value) = (call.key(1), call.arg(2), call.arg(3));
    call.state.expire_fields_named(&key, [field].into_iter());
    let new = edit_or_create(
        call,
        &key,
        "hset",
        |_| Hash::new(),
        |hash: &mut Hash, limits| {
            let new = !hash.contains(field) && hash.set(field, value, limits);
            Edit { changes: new as u64, result: new }
        },
    )?;
    call.reply.integer(new as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn new_fields_are_counted() {
        let mut server = Server::new();
        for (line, reply) in [
            ("HSET h a 1 b 2", "(integer) 2"),
            ("HSET h a 3 c 4 c 5", "(integer) 1"),
            ("HSETNX h a 9", "(integer) 0"),
            ("HSETNX h d 9", "(integer) 1"),
            ("HMGET h a b c d e", "1) \"3\"\n2) \"2\"\n3) \"5\"\n4) \"9\"\n5) (nil)"),
            ("HSET h a", "(error) ERR wrong number of arguments for 'hset' command"),
            ("HMSET h a 1 b", "(error) ERR wrong number of arguments for 'hmset' command"),
            ("SET s v", "OK"),
            ("HSET s a 1", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
