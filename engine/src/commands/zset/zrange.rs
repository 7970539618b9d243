//! ZRANGE: members by rank, by score or by name, in either direction.

use core::ops::Range;

use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::{Words, is};
use crate::commands::zset::{begin_members, reply_member};
use crate::resp::error::{self, Error};
use crate::types::zset::{LexBound, ScoreBound};
use crate::types::{ZSet, resolve_range};

pub static ZRANGE: Command = Command {
    summary: "The members in a range of ranks, of scores or of names.",
    arity: -4,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::string("start"),
        Argument::string("stop"),
        Argument::one_of("sortby", &[Argument::word("byscore", "BYSCORE"), Argument::word("bylex", "BYLEX")])
            .optional()
            .since("6.2.0"),
        Argument::word("rev", "REV").optional().since("6.2.0"),
        Argument::block("limit", &[Argument::integer("offset"), Argument::integer("count")])
            .token("LIMIT")
            .optional()
            .since("6.2.0"),
        Argument::word("withscores", "WITHSCORES").optional(),
    ],
    run: zrange,
    ..Command::new("zrange", Group::SortedSet, "1.2.0", "O(log(N)+M): N members, M of them answered")
};

const NO_SCORE_RANGE: Error = Error::fixed("ERR min or max is not a float");
const NO_LEX_RANGE: Error = Error::fixed("ERR min or max not valid string range item");
const LIMIT_BY_RANK: Error =
    Error::fixed("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
const SCORES_BY_LEX: Error = Error::fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX");

#[derive(Clone, Copy)]
enum By<'a> {
    Rank(i64, i64),
    Score(ScoreBound, ScoreBound),
    Lex(LexBound<'a>, LexBound<'a>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Rank,
    Score,
    Lex,
}

struct Query<'a> {
    by: By<'a>,
    reverse: bool,
    /// How many members to leave out, and how many to answer then; all, where this is negative.
    limit: (i64, i64),
    with_scores: bool,
}

impl<'a> Query<'a> {
    fn parse(call: &Call<'a>) -> Result<Query<'a>, Error> {
        let (mut order, mut reverse, mut limit, mut with_scores) = (None, false, (0, -1), false);
        let mut words = Words::new(call.args, 4);
        while let Some(word) = words.next() {
            match word {
                _ if is(word, "WITHSCORES") => with_scores = true,
                _ if is(word, "LIMIT") => {
                    let (offset, count) = (words.value()?, words.value()?);
                    limit = (integer(offset)?, integer(count)?);
                }
                _ if is(word, "REV") && !reverse => reverse = true,
                _ if is(word, "BYSCORE") && order.is_none() => order = Some(Order::Score),
                _ if is(word, "BYLEX") && order.is_none() => order = Some(Order::Lex),
                _ => return Err(error::SYNTAX),
            }
        }
        let order = order.unwrap_or(Order::Rank);
        // Redis takes a limit of all members as none.
        if order == Order::Rank && limit.1 != -1 {
            return Err(LIMIT_BY_RANK);
        }
        if order == Order::Lex && with_scores {
            return Err(SCORES_BY_LEX);
        }
        let by = By::parse(order, call.arg(2), call.arg(3), reverse)?;
        Ok(Query { by, reverse, limit, with_scores })
    }

    /// The ranks that are asked for, counted from the lowest score.
    fn ranks(&self, set: &ZSet) -> Range<usize> {
        let ranks = match self.by {
            By::Rank(start, stop) => {
                let ranks = resolve_range(start, stop, set.len());
                return if self.reverse { set.len() - ranks.end..set.len() - ranks.start } else { ranks };
            }
            By::Score(min, max) => set.ranks_by_score(min, max),
            By::Lex(min, max) => set.ranks_by_lex(min, max),
        };
        let (offset, count) = self.limit;
        let Ok(offset) = usize::try_from(offset) else { return 0..0 };
        let offset = offset.min(ranks.len());
        let count = usize::try_from(count).map_or(ranks.len() - offset, |count| count.min(ranks.len() - offset));
        if self.reverse {
            ranks.end - offset - count..ranks.end - offset
        } else {
            ranks.start + offset..ranks.start + offset + count
        }
    }
}

impl<'a> By<'a> {
    /// In reverse order the greater bound comes first.
    fn parse(order: Order, first: &'a [u8], second: &'a [u8], reverse: bool) -> Result<By<'a>, Error> {
        let (min, max) = if reverse && order != Order::Rank { (second, first) } else { (first, second) };
        match order {
            Order::Rank => Ok(By::Rank(integer(min)?, integer(max)?)),
            Order::Score => ScoreBound::parse(min)
                .zip(ScoreBound::parse(max))
                .map(|(min, max)| By::Score(min, max))
                .ok_or(NO_SCORE_RANGE),
            Order::Lex => {
                LexBound::parse(min).zip(LexBound::parse(max)).map(|(min, max)| By::Lex(min, max)).ok_or(NO_LEX_RANGE)
            }
        }
    }
}

fn zrange(call: &mut Call<'_>) -> Outcome {
    let query = Query::parse(call)?;
    let key = call.key(1);
    let Some(set) = expect::<ZSet>(call.state.read(&key))? else {
        call.reply.array(0);
        return Ok(());
    };
    let ranks = query.ranks(set);
    begin_members(call.reply, ranks.len(), query.with_scores);
    let mut answer = |scored| reply_member(call.reply, scored, query.with_scores);
    if query.reverse {
        set.range(ranks).rev().for_each(&mut answer)
    } else {
        set.range(ranks).for_each(&mut answer)
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn every_order_has_its_own_bounds() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c 4 d");
        for (line, reply) in [
            ("ZRANGE z 0 1", "1) \"a\"\n2) \"b\""),
            ("ZRANGE z 0 1 REV", "1) \"d\"\n2) \"c\""),
            ("ZRANGE z -2 -1 REV WITHSCORES", "1) \"b\"\n2) \"2\"\n3) \"a\"\n4) \"1\""),
            ("ZRANGE z (1 3 BYSCORE", "1) \"b\"\n2) \"c\""),
            ("ZRANGE z 3 -inf BYSCORE REV LIMIT 1 1", "1) \"b\""),
            ("ZRANGE z - + BYLEX LIMIT 3 5", "1) \"d\""),
            ("ZRANGE z [c (a BYLEX REV", "1) \"c\"\n2) \"b\""),
            ("ZRANGE z - + BYLEX LIMIT -1 5", "(empty array)"),
            ("ZRANGE z 3 1", "(empty array)"),
            ("ZRANGE none 0 -1", "(empty array)"),
            ("ZRANGE z 0 -1 LIMIT 0 -1 REV REV", "(error) ERR syntax error"),
            ("ZRANGE z a b", "(error) ERR value is not an integer or out of range"),
            ("ZRANGE z a b BYSCORE", "(error) ERR min or max is not a float"),
            ("ZRANGE z a b BYLEX", "(error) ERR min or max not valid string range item"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        server.run("HELLO 3");
        assert_eq!(server.run("ZRANGE z 0 0 WITHSCORES"), "1) 1) \"a\"\n   2) (double) 1");
    }
}
