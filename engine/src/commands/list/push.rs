//! LPUSH, RPUSH, LPUSHX, RPUSHX: elements added at an end.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit, edit_or_create};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::types::List;
use crate::types::list::End;

pub static LPUSH: Command = Command {
    summary: "Adds elements at the head of a list, one before the other, and says how long it is then.",
    run: |call| push(call, End::Head, true),
    ..addition("lpush", "1.0.0")
};

pub static RPUSH: Command = Command {
    summary: "Adds elements at the tail of a list, and says how long it is then.",
    run: |call| push(call, End::Tail, true),
    ..addition("rpush", "1.0.0")
};

pub static LPUSHX: Command = Command {
    summary: "Adds elements at the head of a list that is there.",
    run: |call| push(call, End::Head, false),
    ..addition("lpushx", "2.2.0")
};

pub static RPUSHX: Command = Command {
    summary: "Adds elements at the tail of a list that is there.",
    run: |call| push(call, End::Tail, false),
    ..addition("rpushx", "2.2.0")
};

const fn addition(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: -3,
        flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::INSERT)] },
        arguments: const { &[Argument::key("key"), Argument::string("element").multiple()] },
        ..Command::new(name, Group::List, since, "O(N) in the elements added")
    }
}

fn push(call: &mut Call<'_>, end: End, create: bool) -> Outcome {
    let key = call.key(1);
    let elements = call.args.from(2);
    let what = pushed(end);
    let add = |list: &mut List, limits: &_| {
        list.extend(end, elements.iter(), limits);
        Edit { changes: elements.len() as u64, result: list.len() }
    };
    let length = if create {
        edit_or_create(call, &key, what, |_| List::new(), add)?
    } else {
        edit(call, &key, what, add)?.unwrap_or(0)
    };
    call.reply.integer(length as i64);
    Ok(())
}

/// What Redis calls it when an element was added at this end.
pub fn pushed(end: End) -> &'static str {
    if end == End::Head { "lpush" } else { "rpush" }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn the_last_one_pushed_is_at_the_end() {
        let mut server = Server::new();
        for (line, reply) in [
            ("RPUSHX l a", "(integer) 0"),
            ("EXISTS l", "(integer) 0"),
            ("RPUSH l a b", "(integer) 2"),
            ("LPUSH l c d", "(integer) 4"),
            ("LPUSHX l e", "(integer) 5"),
            ("LRANGE l 0 -1", "1) \"e\"\n2) \"d\"\n3) \"c\"\n4) \"a\"\n5) \"b\""),
            ("SET s v", "OK"),
            ("LPUSH s a", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
