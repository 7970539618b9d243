//! LRANGE, LINDEX, LLEN: elements as they are.

use crate::commands::call::Call;
use crate::commands::collection::{expect, reply_element, reply_element_or_null};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::types::{List, resolve_index, resolve_range};

pub static LRANGE: Command = Command {
    summary: "The elements between two positions, which count from the tail where they are negative.",
    arity: 4,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key"), Argument::integer("start"), Argument::integer("stop")],
    run: lrange,
    ..Command::new("lrange", Group::List, "1.0.0", "O(S+N): S to get there, N elements")
};

pub static LINDEX: Command = Command {
    summary: "The element at a position.",
    arity: 3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key"), Argument::integer("index")],
    run: lindex,
    ..Command::new("lindex", Group::List, "1.0.0", "O(N) in the elements to get there, O(1) at both ends")
};

pub static LLEN: Command = Command {
    summary: "How many elements there are.",
    arity: 2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::LOOK)],
    arguments: &[Argument::key("key")],
    run: llen,
    ..Command::new("llen", Group::List, "1.0.0", "O(1)")
};

fn lrange(call: &mut Call<'_>) -> Outcome {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let key = call.key(1);
    let Some(list) = expect::<List>(call.state.read(&key))? else {
        call.reply.array(0);
        return Ok(());
    };
    let range = resolve_range(start, stop, list.len());
    call.reply.array(range.len());
    list.each(range, |element| reply_element(call.reply, element));
    Ok(())
}

fn lindex(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let Some(list) = expect::<List>(call.state.read(&key))? else {
        call.reply.null();
        return Ok(());
    };
    let index = crate::commands::call::integer(&call.args[2])?;
    reply_element_or_null(call.reply, resolve_index(index, list.len()).and_then(|index| list.get(index)));
    Ok(())
}

fn llen(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let length = expect(call.state.read(&key))?.map_or(0, List::len);
    call.reply.integer(length as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn positions_count_from_both_ends() {
        let mut server = Server::new();
        server.run("RPUSH l a b c");
        for (line, reply) in [
            ("LRANGE l -2 9", "1) \"b\"\n2) \"c\""),
            ("LRANGE l 2 1", "(empty array)"),
            ("LRANGE none 0 -1", "(empty array)"),
            ("LINDEX l -3", "\"a\""),
            ("LINDEX l 3", "(nil)"),
            ("LLEN l", "(integer) 3"),
            ("LLEN none", "(integer) 0"),
            ("LRANGE l x 1", "(error) ERR value is not an integer or out of range"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
