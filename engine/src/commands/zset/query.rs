//! Ranges of sorted sets as commands ask for them: by rank, by score or by name, in either direction, and some of it.

use core::ops::Range;

use crate::commands::call::integer;
use crate::commands::words::{Words, is};
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::types::zset::{LexBound, ScoreBound};
use crate::types::{ZSet, resolve_index, resolve_range};

const NO_SCORE_RANGE: Error = Error::fixed("ERR min or max is not a float");
const NO_LEX_RANGE: Error = Error::fixed("ERR min or max not valid string range item");
const LIMIT_BY_RANK: Error =
    Error::fixed("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
const SCORES_BY_LEX: Error = Error::fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Rank,
    Score,
    Lex,
}

/// A range in one of the orders.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    Rank(i64, i64),
    Score(ScoreBound, ScoreBound),
    Lex(LexBound<'a>, LexBound<'a>),
}

impl<'a> By<'a> {
    /// # Errors
    /// An end is none in this order.
    pub fn parse(order: Order, min: &'a [u8], max: &'a [u8]) -> Result<By<'a>, Error> {
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

    /// The ranks in the range, counted from the lowest score.
    pub fn ranks(self, set: &ZSet) -> Range<usize> {
        match self {
            By::Rank(start, stop) => resolve_range(start, stop, set.len()),
            By::Score(min, max) => set.ranks_by_score(min, max),
            By::Lex(min, max) => set.ranks_by_lex(min, max),
        }
    }
}

/// What a command has decided before it reads its words, and whether they may ask for scores.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    pub order: Option<Order>,
    pub reverse: Option<bool>,
    pub with_scores: bool,
}

/// A range, its direction, and what of it is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    pub by: By<'a>,
    pub reverse: bool,
    /// How many members to leave out, and how many to answer then; all, where this is negative.
    limit: (i64, i64),
    pub with_scores: bool,
}

impl<'a> Query<'a> {
    /// Reads two ends, the first of them at `from`, and the words behind them.
    ///
    /// # Errors
    /// An end that is none, an unknown word, or words that don't go together.
    pub fn parse(args: Args<'a>, from: usize, dialect: Dialect) -> Result<Query<'a>, Error> {
        let Dialect { mut order, mut reverse, .. } = dialect;
        let (mut limit, mut with_scores) = ((0, -1), false);
        let mut words = Words::new(args, from);
        let (first, second) = (words.value()?, words.value()?);
        while let Some(word) = words.next() {
            match word {
                _ if is(word, "WITHSCORES") && dialect.with_scores => with_scores = true,
                _ if is(word, "LIMIT") => {
                    let (offset, count) = (words.value()?, words.value()?);
                    limit = (integer(offset)?, integer(count)?);
                }
                _ if is(word, "REV") && reverse.is_none() => reverse = Some(true),
                _ if is(word, "BYSCORE") && order.is_none() => order = Some(Order::Score),
                _ if is(word, "BYLEX") && order.is_none() => order = Some(Order::Lex),
                _ => return Err(error::SYNTAX),
            }
        }
        let (order, reverse) = (order.unwrap_or(Order::Rank), reverse.unwrap_or(false));
        // Redis takes a limit of all members as none.
        if order == Order::Rank && limit.1 != -1 {
            return Err(LIMIT_BY_RANK);
        }
        if order == Order::Lex && with_scores {
            return Err(SCORES_BY_LEX);
        }
        // In reverse order the greater end comes first.
        let (min, max) = if reverse && order != Order::Rank { (second, first) } else { (first, second) };
        Ok(Query { by: By::parse(order, min, max)?, reverse, limit, with_scores })
    }

    /// The ranks that are asked for, counted from the lowest score.
    pub fn ranks(&self, set: &ZSet) -> Range<usize> {
        let ranks = self.by.ranks(set);
        if matches!(self.by, By::Rank(..)) {
            return if self.reverse { set.len() - ranks.end..set.len() - ranks.start } else { ranks };
        }
        let (offset, count) = self.limit;
        let Some(offset) = skipped(offset, ranks.len(), set) else { return 0..0 };
        let left = ranks.len() - offset;
        let count = if count < 0 { left } else { usize::try_from(count).map_or(left, |count| count.min(left)) };
        if self.reverse {
            ranks.end - offset - count..ranks.end - offset
        } else {
            ranks.start + offset..ranks.start + offset + count
        }
    }
}

/// How many members an offset leaves out; `None` where it leaves none in. A negative one counts from the end of what is
/// in the range, but real servers know that of the large encoding only.
fn skipped(offset: i64, len: usize, set: &ZSet) -> Option<usize> {
    if offset < 0 && set.pack().is_some() {
        return None;
    }
    resolve_index(offset, len)
}
