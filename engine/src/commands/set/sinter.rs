//! SINTER, SINTERSTORE, SINTERCARD: what several sets have in common.

use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::base::sort;
use crate::commands::call::{Call, count};
use crate::commands::collection::{replace, reply_element};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::set::sets_of;
use crate::commands::words::{Words, is};
use crate::resp::encode::Aggregate;
use crate::resp::error::{self, Error};
use crate::types::Set;

pub static SINTER: Command = Command {
    summary: "The members that several sets have in common.",
    arity: -2,
    flags: Flags::READONLY,
    keys: &[KeySpec::from(1, 1, Access::READ)],
    arguments: &[Argument::key("key").multiple()],
    tips: &["nondeterministic_output_order"],
    run: sinter,
    ..Command::new("sinter", Group::Set, "1.0.0", COMPLEXITY)
};

pub static SINTERSTORE: Command = Command {
    summary: "Stores the members that several sets have in common.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::OVERWRITE), KeySpec::from(2, 1, Access::READ)],
    arguments: &[Argument::key("destination"), Argument::key("key").key_spec(1).multiple()],
    run: sinterstore,
    ..Command::new("sinterstore", Group::Set, "1.0.0", COMPLEXITY)
};

pub static SINTERCARD: Command = Command {
    summary: "How many members several sets have in common, counted up to a limit if wanted.",
    arity: -3,
    flags: Flags::READONLY.and(Flags::MOVABLE_KEYS),
    keys: &[KeySpec::counted(1, Access::READ)],
    arguments: &[
        Argument::integer("numkeys"),
        Argument::key("key").multiple(),
        Argument::integer("limit").token("LIMIT").optional(),
    ],
    run: sintercard,
    ..Command::new("sintercard", Group::Set, "7.0.0", COMPLEXITY)
};

const COMPLEXITY: &str = "O(N*M): N members of the smallest of M sets";

const TOO_MANY_KEYS: Error = Error::fixed("ERR Number of keys can't be greater than number of args");

/// The smallest set, and the others from the smaller to the larger; `None` if there is no set behind one of the keys.
fn smallest_first(sets: Vec<Option<&Set>>) -> Option<(&Set, Vec<&Set>)> {
    let mut sets: Vec<&Set> = sets.into_iter().collect::<Option<_>>()?;
    sort::sort_by_key(&mut sets, |set| set.len());
    let smallest = *sets.first()?;
    sets.retain(|set| !core::ptr::eq(*set, smallest));
    Some((smallest, sets))
}

fn sinter(call: &mut Call<'_>) -> Outcome {
    let Some((smallest, others)) = smallest_first(sets_of(call.state, call.args.from(1).iter())?) else {
        call.reply.set(0);
        return Ok(());
    };
    let (mark, mut length) = (call.reply.open(), 0);
    for member in smallest.sifted(&others, true) {
        reply_element(call.reply, member);
        length += 1;
    }
    call.reply.close(mark, Aggregate::Set, length);
    Ok(())
}

fn sinterstore(call: &mut Call<'_>) -> Outcome {
    let limits = call.state.limits();
    let mut result = Set::new();
    if let Some((smallest, others)) = smallest_first(sets_of(call.state, call.args.from(2).iter())?) {
        if smallest.intset().is_none() {
            result = Set::expecting(b"", 1, &limits);
        }
        smallest.sifted(&others, true).for_each(|member| _ = result.add(member, &limits));
        result.narrow(&limits);
    }
    call.reply.integer(result.len() as i64);
    let key = call.key(1);
    replace(call, &key, result, "sinterstore");
    Ok(())
}

fn sintercard(call: &mut Call<'_>) -> Outcome {
    let keys = parse_i64(call.arg(1)).filter(|keys| *keys > 0).and_then(count).ok_or(error::NUMKEYS)?;
    if keys > call.args.len() - 2 {
        return Err(TOO_MANY_KEYS);
    }
    let mut limit = 0;
    let mut words = Words::new(call.args, 2 + keys);
    while let Some(word) = words.next() {
        if !is(word, "LIMIT") {
            return call.syntax();
        }
        limit = parse_i64(words.value()?).and_then(count).ok_or(error::NEGATIVE_LIMIT)?;
    }
    let limit = if limit == 0 { usize::MAX } else { limit };
    let sets = sets_of(call.state, call.args.from(2).iter().take(keys))?;
    let length =
        smallest_first(sets).map_or(0, |(smallest, others)| smallest.sifted(&others, true).take(limit).count());
    call.reply.integer(length as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn what_all_sets_have() {
        let mut server = Server::new();
        server.run("SADD a 1 2 3 4");
        server.run("SADD b 2 3 4 x");
        server.run("SADD c 3 4 y");
        server.run("SET text v");
        for (line, reply) in [
            ("SINTER a b c", "1) \"3\"\n2) \"4\""),
            ("SINTER c c", "1) \"3\"\n2) \"4\"\n3) \"y\""),
            ("SINTER a none", "(empty array)"),
            ("SINTER none text", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("SINTERCARD 3 a b c", "(integer) 2"),
            ("SINTERCARD 2 a b LIMIT 1", "(integer) 1"),
            ("SINTERCARD 2 a b LIMIT 0", "(integer) 3"),
            ("SINTERCARD 2 a b LIMIT -1", "(error) ERR LIMIT can't be negative"),
            ("SINTERCARD 0 a", "(error) ERR numkeys should be greater than 0"),
            ("SINTERCARD 2 a", "(error) ERR Number of keys can't be greater than number of args"),
            ("SINTERCARD 1 a b", "(error) ERR syntax error"),
            ("SINTERSTORE a a b", "(integer) 3"),
            ("SMEMBERS a", "1) \"2\"\n2) \"3\"\n3) \"4\""),
            ("SINTERSTORE text b c", "(integer) 2"),
            ("OBJECT ENCODING text", "\"intset\""),
            ("SINTERSTORE text b none", "(integer) 0"),
            ("EXISTS text", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
