//! ZADD, ZINCRBY: members get scores.

use alloc::vec::Vec;

use crate::base::number::parse_f64;
use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit_or_create};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::commands::words::is;
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::types::zset::Outcome as Insert;
use crate::types::{Limits, ZSet};

pub static ZADD: Command = Command {
    summary: "Gives members scores, under conditions if wanted, and says how many are new, or how many changed.",
    arity: -4,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[
        Argument::key("key"),
        Argument::one_of("condition", &[Argument::word("nx", "NX"), Argument::word("xx", "XX")])
            .optional()
            .since("3.0.2"),
        Argument::one_of("comparison", &[Argument::word("gt", "GT"), Argument::word("lt", "LT")])
            .optional()
            .since("6.2.0"),
        Argument::word("change", "CH").optional().since("3.0.2"),
        Argument::word("increment", "INCR").optional().since("3.0.2"),
        Argument::block("data", &[Argument::double("score"), Argument::string("member")]).multiple(),
    ],
    run: zadd,
    elements: Elements::every(3, 2),
    ..Command::new("zadd", Group::SortedSet, "1.2.0", "O(log(N)) for each member")
};

pub static ZINCRBY: Command = Command {
    summary: "Adds to the score of a member; one that is not there counts from zero.",
    arity: 4,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE_AND_READ)],
    arguments: &[Argument::key("key"), Argument::integer("increment"), Argument::string("member")],
    run: |call| change(call, Options { increment: true, ..Options::default() }, 2),
    elements: Elements::at(3),
    ..Command::new("zincrby", Group::SortedSet, "1.2.0", "O(log(N))")
};

const NOT_A_NUMBER: Error = Error::fixed("ERR resulting score is not a number (NaN)");

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub absent: bool,
    pub present: bool,
    greater: bool,
    less: bool,
    /// Count what changed, not only what is new.
    pub changed: bool,
    increment: bool,
}

fn zadd(call: &mut Call<'_>) -> Outcome {
    let mut options = Options::default();
    let mut from = 2;
    while let Some(word) = call.args.get(from) {
        match word {
            _ if is(word, "NX") => options.absent = true,
            _ if is(word, "XX") => options.present = true,
            _ if is(word, "GT") => options.greater = true,
            _ if is(word, "LT") => options.less = true,
            _ if is(word, "CH") => options.changed = true,
            _ if is(word, "INCR") => options.increment = true,
            _ => break,
        }
        from += 1;
    }
    let words = call.args.len() - from;
    if words == 0 || words % 2 == 1 {
        return call.syntax();
    }
    if options.absent && options.present {
        return Err(error::XX_AND_NX);
    }
    if [options.absent, options.greater, options.less].into_iter().filter(|set| *set).count() > 1 {
        return Err(error::GT_LT_NX_SCORES);
    }
    if options.increment && words > 2 {
        return Err(error::INCR_ONE_PAIR);
    }
    change(call, options, from)
}

/// Scores and members come in pairs from an argument on.
fn change(call: &mut Call<'_>, options: Options, from: usize) -> Outcome {
    let pairs = pairs(call.args.from(from))?;
    add(call, options, &pairs)
}

/// Gives members scores in the sorted set that the first argument names, and answers as ZADD does.
///
/// # Errors
/// The key holds another type, or a sum is no number.
pub fn add(call: &mut Call<'_>, options: Options, pairs: &[(f64, &[u8])]) -> Outcome {
    let key = call.key(1);
    let what = if options.increment { "zincr" } else { "zadd" };
    let longest = pairs.iter().map(|(_, member)| member.len()).max().unwrap_or(0);
    let (added, changed, score) = edit_or_create(
        call,
        &key,
        what,
        |limits| ZSet::expecting(pairs.len(), longest, limits),
        |set: &mut ZSet, limits| {
            let (mut added, mut changed, mut last) = (0, 0, Ok(None));
            for &(score, member) in pairs {
                last = options.apply(set, score, member, limits);
                match last {
                    Ok(Some((_, Insert::Added))) => added += 1,
                    Ok(Some((_, Insert::Changed(_)))) => changed += 1,
                    _ => {}
                }
            }
            Edit { changes: added + changed, result: last.map(|last| (added, changed, last.map(|(score, _)| score))) }
        },
    )??;
    match score {
        Some(score) if options.increment => call.reply.double(score),
        None if options.increment => call.reply.null(),
        _ => call.reply.integer((added + if options.changed { changed } else { 0 }) as i64),
    }
    Ok(())
}

/// # Errors
/// A score is no number.
fn pairs(args: Args<'_>) -> Result<Vec<(f64, &[u8])>, Error> {
    let mut pairs = Vec::with_capacity(args.len() / 2);
    let mut words = args.iter();
    while let (Some(score), Some(member)) = (words.next(), words.next()) {
        pairs.push((parse_f64(score).ok_or(error::NOT_FLOAT)?, member));
    }
    Ok(pairs)
}

impl Options {
    /// Gives one member its score: which one that is now, or nothing where a condition forbids it.
    ///
    /// # Errors
    /// Infinity and its opposite have no sum.
    fn apply(self, set: &mut ZSet, score: f64, member: &[u8], limits: &Limits) -> Result<Option<(f64, Insert)>, Error> {
        let old = set.score(member);
        let score = match old {
            Some(old) if self.increment => old + score,
            _ => score,
        };
        let admitted = match old {
            None => !self.present,
            Some(_) if self.absent => false,
            Some(_) if score.is_nan() => return Err(NOT_A_NUMBER),
            Some(old) => !(self.less && score >= old || self.greater && score <= old),
        };
        Ok(admitted.then(|| (score, set.insert(score, member, limits))))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn conditions_and_counts() {
        let mut server = Server::new();
        for (line, reply) in [
            ("ZADD z XX 1 a", "(integer) 0"),
            ("EXISTS z", "(integer) 0"),
            ("ZADD z 1 a 2 b", "(integer) 2"),
            ("ZADD z NX 5 a 6 c", "(integer) 1"),
            ("ZADD z CH 1 a 7 b 8 d", "(integer) 2"),
            ("ZADD z GT CH 0 a 9 b", "(integer) 1"),
            ("ZADD z LT INCR 1 a", "(nil)"),
            ("ZADD z INCR 1.5 a", "\"2.5\""),
            ("ZINCRBY z 1 e", "\"1\""),
            ("ZADD z inf a", "(integer) 0"),
            ("ZADD z INCR -inf a", "(error) ERR resulting score is not a number (NaN)"),
            ("ZADD z NX XX 1 a", "(error) ERR XX and NX options at the same time are not compatible"),
            ("ZADD z NX GT 1 a", "(error) ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z INCR 1 a 2 b", "(error) ERR INCR option supports a single increment-element pair"),
            ("ZADD z 1 a 2", "(error) ERR syntax error"),
            ("ZADD z 1 a x b", "(error) ERR value is not a valid float"),
            ("ZRANGE z 0 -1", "1) \"e\"\n2) \"c\"\n3) \"d\"\n4) \"b\"\n5) \"a\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
