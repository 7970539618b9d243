//! XRANGE, XREVRANGE, XLEN: entries by their IDs.

use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{end, reply_entries, start};
use crate::commands::words::is;
use crate::resp::error::Error;
use crate::types::Stream;

pub static XLEN: Command = Command {
    summary: "How many entries a stream has.",
    arity: 2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::LOOK)],
    arguments: &[Argument::key("key")],
    run: |call| {
        let key = call.key(1);
        let length = expect::<Stream>(call.state.read(&key))?.map_or(0, |stream| stream.entries.len());
        call.reply.integer(length as i64);
        Ok(())
    },
    ..Command::new("xlen", Group::Stream, "5.0.0", "O(1)")
};

pub static XRANGE: Command = Command {
    summary: "The entries from an ID to another, the oldest first.",
    arguments: &[
        Argument::key("key"),
        Argument::string("start"),
        Argument::string("end"),
        Argument::integer("count").token("COUNT").optional(),
    ],
    run: |call| range(call, false),
    ..READING
};

pub static XREVRANGE: Command = Command {
    summary: "The entries from an ID down to another, the newest first.",
    arguments: &[
        Argument::key("key"),
        Argument::string("end"),
        Argument::string("start"),
        Argument::integer("count").token("COUNT").optional(),
    ],
    run: |call| range(call, true),
    name: "xrevrange",
    full_name: "xrevrange",
    ..READING
};

const READING: Command = Command {
    arity: -4,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    ..Command::new("xrange", Group::Stream, "5.0.0", "O(N) in the entries answered")
};

fn range(call: &mut Call<'_>, backwards: bool) -> Outcome {
    let (from, to) = if backwards { (call.arg(3), call.arg(2)) } else { (call.arg(2), call.arg(3)) };
    // What is wrong with the first of them is said first.
    let (from, to) = if backwards {
        let to = end(to)?;
        (start(from)?, to)
    } else {
        (start(from)?, end(to)?)
    };
    let count = count(call)?;
    let key = call.key(1);
    let Call { state, reply, .. } = call;
    let Some(stream) = expect::<Stream>(state.read(&key))? else {
        reply.array(0);
        return Ok(());
    };
    match count {
        Some(..=0) => reply.null_array(),
        count => {
            let count = count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
            let entries = &stream.entries;
            if backwards {
                reply_entries(*reply, entries.range_back(from, to).take(count), |_| {});
            } else {
                reply_entries(*reply, entries.range(from, to).take(count), |_| {});
            }
        }
    }
    Ok(())
}

fn count(call: &Call<'_>) -> Result<Option<i64>, Error> {
    let mut count = None;
    let mut at = 4;
    while let Some(word) = call.args.get(at) {
        match call.args.get(at + 1) {
            Some(number) if is(word, "COUNT") => count = Some(integer(number)?),
            _ => return call.syntax(),
        }
        at += 2;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn ranges_and_their_bounds() {
        let mut server = Server::new();
        for n in 1..=3 {
            server.run(&format!("XADD s {n}-1 f {n}"));
        }
        let entry = |n: u32, place: &str| format!("{place}1) \"{n}-1\"\n   2) 1) \"f\"\n      2) \"{n}\"");
        for (line, reply) in [
            ("XRANGE s 2 2", entry(2, "1) ")),
            ("XRANGE s (1-1 (3-1", entry(2, "1) ")),
            ("XREVRANGE s + - COUNT 1", entry(3, "1) ")),
            ("XREVRANGE s + - COUNT 0", "(nil)".into()),
            ("XRANGE s (2-1 +", entry(3, "1) ")),
            ("XRANGE s 3-2 +", "(empty array)".into()),
            ("XRANGE none - + COUNT 0", "(empty array)".into()),
            ("XLEN s", "(integer) 3".into()),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
