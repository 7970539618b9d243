//! ZUNION, ZINTER, ZDIFF, their stores, and ZINTERCARD.

use alloc::format;
use alloc::vec::Vec;

use crate::base::number::{parse_f64, parse_i64};
use crate::commands::call::{Call, count, integer};
use crate::commands::collection::{read_all, replace};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::{Words, one_of};
use crate::commands::zset::algebra::{Aggregate, Input, Source, count_common, difference, intersection, union};
use crate::commands::zset::{begin_members, reply_member};
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::state::State;
use crate::types::{Limits, ZSet};

pub static ZUNION: Command = Command {
    summary: "The members of any of several sorted sets, with scores made of all of theirs.",
    arguments: &[NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITH_SCORES],
    run: |call| answer(call, unite, &["WEIGHTS", "AGGREGATE", "WITHSCORES"]),
    ..question("zunion", "6.2.0", UNION_COST)
};

pub static ZINTER: Command = Command {
    summary: "The members that several sorted sets have in common, with scores made of all of theirs.",
    arguments: &[NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITH_SCORES],
    run: |call| answer(call, intersect, &["WEIGHTS", "AGGREGATE", "WITHSCORES"]),
    ..question("zinter", "6.2.0", INTERSECTION_COST)
};

pub static ZDIFF: Command = Command {
    summary: "The members of a sorted set that no other one has.",
    arguments: &[NUMKEYS, KEYS, WITH_SCORES],
    run: |call| answer(call, subtract, &["WITHSCORES"]),
    ..question("zdiff", "6.2.0", DIFFERENCE_COST)
};

pub static ZINTERCARD: Command = Command {
    summary: "How many members several sorted sets have in common, counted up to a limit if wanted.",
    arguments: &[NUMKEYS, KEYS, Argument::integer("limit").token("LIMIT").optional()],
    run: zintercard,
    ..question("zintercard", "7.0.0", INTERSECTION_COST)
};

pub static ZUNIONSTORE: Command = Command {
    summary: "Stores the members of any of several sorted sets, with scores made of all of theirs.",
    arguments: &[DESTINATION, NUMKEYS, STORED_KEYS, WEIGHTS, AGGREGATE],
    run: |call| store(call, unite, &["WEIGHTS", "AGGREGATE"]),
    ..storage("zunionstore", "2.0.0", UNION_COST)
};

pub static ZINTERSTORE: Command = Command {
    summary: "Stores the members that several sorted sets have in common, with scores made of all of theirs.",
    arguments: &[DESTINATION, NUMKEYS, STORED_KEYS, WEIGHTS, AGGREGATE],
    run: |call| store(call, intersect, &["WEIGHTS", "AGGREGATE"]),
    ..storage("zinterstore", "2.0.0", INTERSECTION_COST)
};

pub static ZDIFFSTORE: Command = Command {
    summary: "Stores the members of a sorted set that no other one has.",
    arguments: &[DESTINATION, NUMKEYS, STORED_KEYS],
    run: |call| store(call, subtract, &[]),
    ..storage("zdiffstore", "6.2.0", DIFFERENCE_COST)
};

const DESTINATION: Argument = Argument::key("destination");
const NUMKEYS: Argument = Argument::integer("numkeys");
const KEYS: Argument = Argument::key("key").multiple();
const STORED_KEYS: Argument = Argument::key("key").key_spec(1).multiple();
const WEIGHTS: Argument = Argument::integer("weight").token("WEIGHTS").optional().multiple();
const AGGREGATE: Argument = Argument::one_of(
    "aggregate",
    &[Argument::word("sum", "SUM"), Argument::word("min", "MIN"), Argument::word("max", "MAX")],
)
.token("AGGREGATE")
.optional();
const WITH_SCORES: Argument = Argument::word("withscores", "WITHSCORES").optional();

const UNION_COST: &str = "O(N)+O(M*log(M)): N members of all together, M of the result";
const INTERSECTION_COST: &str = "O(N*K)+O(M*log(M)): N members of the smallest of K, M of the result";
const DIFFERENCE_COST: &str = "O(N)+O(M*log(M)): N members of all together, M of the result";

const fn question(name: &'static str, since: &'static str, complexity: &'static str) -> Command {
    Command {
        arity: -3,
        flags: Flags::READONLY.and(Flags::MOVABLE_KEYS),
        keys: const { &[KeySpec::counted(1, Access::READ)] },
        ..Command::new(name, Group::SortedSet, since, complexity)
    }
}

const fn storage(name: &'static str, since: &'static str, complexity: &'static str) -> Command {
    Command {
        arity: -4,
        flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::MOVABLE_KEYS),
        keys: const { &[KeySpec::one(1, Access::OVERWRITE), KeySpec::counted(2, Access::READ)] },
        ..Command::new(name, Group::SortedSet, since, complexity)
    }
}

const NO_WEIGHT: Error = Error::fixed("ERR weight value is not a float");

/// What the words behind the keys say.
#[derive(Default)]
struct Options {
    aggregate: Aggregate,
    with_scores: bool,
    limit: usize,
}

impl Options {
    /// # Errors
    /// A word that is none of `known`, or has not what it needs behind it.
    fn parse(mut words: Words<'_>, known: &[&'static str], inputs: &mut [Input<'_>]) -> Result<Options, Error> {
        let mut options = Options::default();
        while let Some(word) = words.next() {
            match one_of(word, known)? {
                "WEIGHTS" => {
                    if words.count() < inputs.len() {
                        return Err(error::SYNTAX);
                    }
                    for input in &mut *inputs {
                        input.weight = parse_f64(words.value()?).ok_or(NO_WEIGHT)?;
                    }
                }
                "AGGREGATE" => {
                    options.aggregate = match one_of(words.value()?, &["SUM", "MIN", "MAX"])? {
                        "SUM" => Aggregate::Sum,
                        "MIN" => Aggregate::Min,
                        _ => Aggregate::Max,
                    }
                }
                "LIMIT" => options.limit = parse_i64(words.value()?).and_then(count).ok_or(error::NEGATIVE_LIMIT)?,
                _ => options.with_scores = true,
            }
        }
        Ok(options)
    }
}

/// Reads the number of keys at `at`, what is behind the keys, and the words that follow.
///
/// # Errors
/// Any of these is wrong, in this order.
fn read<'s>(
    state: &'s mut State,
    (args, name): (Args<'_>, &str),
    at: usize,
    known: &[&'static str],
) -> Result<(Vec<Input<'s>>, Options), Error> {
    let keys = integer(args.get(at).unwrap_or(b""))?;
    let Some(keys) = count(keys).filter(|keys| *keys > 0) else {
        return Err(format!("ERR at least 1 input key is needed for '{name}' command").into());
    };
    if keys > args.len() - (at + 1) {
        return Err(error::SYNTAX);
    }
    let entries = read_all(state, args.from(at + 1).iter().take(keys), |value| Source::of(value).is_some())?;
    let input = |source| Input { source, weight: 1.0 };
    let mut inputs: Vec<_> =
        entries.into_iter().map(|entry| input(entry.and_then(|entry| Source::of(entry.value())))).collect();
    let options = Options::parse(Words::new(args, at + 1 + keys), known, &mut inputs)?;
    Ok((inputs, options))
}

type Combine = fn(&[Input<'_>], &Options, &Limits) -> ZSet;

fn unite(inputs: &[Input<'_>], options: &Options, limits: &Limits) -> ZSet {
    union(inputs, options.aggregate, limits)
}

fn intersect(inputs: &[Input<'_>], options: &Options, limits: &Limits) -> ZSet {
    intersection(inputs, options.aggregate, limits)
}

fn subtract(inputs: &[Input<'_>], _: &Options, limits: &Limits) -> ZSet {
    difference(inputs, limits)
}

fn answer(call: &mut Call<'_>, combine: Combine, known: &[&'static str]) -> Outcome {
    let limits = call.state.limits();
    let (inputs, options) = read(call.state, (call.args, call.command.name), 1, known)?;
    let result = combine(&inputs, &options, &limits);
    begin_members(call.reply, result.len(), options.with_scores);
    result.iter().for_each(|scored| reply_member(call.reply, scored, options.with_scores));
    Ok(())
}

fn store(call: &mut Call<'_>, combine: Combine, known: &[&'static str]) -> Outcome {
    let (limits, what) = (call.state.limits(), call.command.name);
    let (inputs, options) = read(call.state, (call.args, what), 2, known)?;
    let mut result = combine(&inputs, &options, &limits);
    result.compact(&limits);
    call.reply.integer(result.len() as i64);
    let key = call.key(1);
    replace(call, &key, result, what);
    Ok(())
}

fn zintercard(call: &mut Call<'_>) -> Outcome {
    let (inputs, options) = read(call.state, (call.args, call.command.name), 1, &["LIMIT"])?;
    let limit = if options.limit == 0 { usize::MAX } else { options.limit };
    call.reply.integer(count_common(&inputs, limit) as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn sets_of_both_kinds_go_together() {
        let mut server = Server::new();
        server.run("ZADD a 1 x 2 y inf i");
        server.run("ZADD b 10 x 20 z -inf i");
        server.run("SADD s x q");
        server.run("SET text v");
        let wrong_type = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
        for (line, reply) in [
            ("ZUNION 2 a s", "1) \"q\"\n2) \"x\"\n3) \"y\"\n4) \"i\""),
            ("ZINTER 2 a b WITHSCORES", "1) \"i\"\n2) \"0\"\n3) \"x\"\n4) \"11\""),
            ("ZINTER 2 a b WEIGHTS 2 1 AGGREGATE MIN WITHSCORES", "1) \"i\"\n2) \"-inf\"\n3) \"x\"\n4) \"2\""),
            ("ZDIFF 2 a b WITHSCORES", "1) \"y\"\n2) \"2\""),
            ("ZDIFF 2 s a WITHSCORES", "1) \"q\"\n2) \"1\""),
            ("ZINTERCARD 2 a b", "(integer) 2"),
            ("ZINTERCARD 2 a b LIMIT 1", "(integer) 1"),
            ("ZINTERCARD 2 a b LIMIT -1", "(error) ERR LIMIT can't be negative"),
            ("ZUNION 0 a", "(error) ERR at least 1 input key is needed for 'zunion' command"),
            ("ZUNION 3 a b", "(error) ERR syntax error"),
            ("ZUNION x a b", "(error) ERR value is not an integer or out of range"),
            ("ZUNION 2 a b WEIGHTS 1", "(error) ERR syntax error"),
            ("ZUNION 2 a b WEIGHTS 1 nan", "(error) ERR weight value is not a float"),
            ("ZUNION 1 text FOO", wrong_type),
            ("ZDIFF 2 a b WEIGHTS 1 2", "(error) ERR syntax error"),
            ("ZUNIONSTORE a 2 a b WITHSCORES", "(error) ERR syntax error"),
            ("ZUNIONSTORE a 2 a b WEIGHTS 0 1", "(integer) 4"),
            ("ZRANGE a 0 -1", "1) \"i\"\n2) \"y\"\n3) \"x\"\n4) \"z\""),
            ("OBJECT ENCODING a", "\"listpack\""),
            ("ZINTERSTORE text 2 a none", "(integer) 0"),
            ("EXISTS text", "(integer) 0"),
            ("ZDIFFSTORE d 1 s", "(integer) 2"),
            ("ZSCORE d x", "\"1\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
