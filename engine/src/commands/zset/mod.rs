//! Sorted sets: members in the order of their scores.

mod algebra;
mod query;
pub mod zadd;
pub mod zcount;
pub mod zpop;
pub mod zrandmember;
pub mod zrange;
pub mod zrangestore;
pub mod zrem;
pub mod zremrange;
pub mod zscan;
pub mod zscore;
pub mod zunion;

use super::collection::reply_element;
use super::declaration::Command;
use crate::resp::encode::{Protocol, Reply};
use crate::types::zset::Scored;

pub static COMMANDS: &[&Command] = &[
    &zpop::BZMPOP,
    &zpop::BZPOPMAX,
    &zpop::BZPOPMIN,
    &zadd::ZADD,
    &zscore::ZCARD,
    &zcount::ZCOUNT,
    &zunion::ZDIFF,
    &zunion::ZDIFFSTORE,
    &zadd::ZINCRBY,
    &zunion::ZINTER,
    &zunion::ZINTERCARD,
    &zunion::ZINTERSTORE,
    &zcount::ZLEXCOUNT,
    &zpop::ZMPOP,
    &zscore::ZMSCORE,
    &zpop::ZPOPMAX,
    &zpop::ZPOPMIN,
    &zrandmember::ZRANDMEMBER,
    &zrange::ZRANGE,
    &zrange::ZRANGEBYLEX,
    &zrange::ZRANGEBYSCORE,
    &zrangestore::ZRANGESTORE,
    &zscore::ZRANK,
    &zrem::ZREM,
    &zremrange::ZREMRANGEBYLEX,
    &zremrange::ZREMRANGEBYRANK,
    &zremrange::ZREMRANGEBYSCORE,
    &zrange::ZREVRANGE,
    &zrange::ZREVRANGEBYLEX,
    &zrange::ZREVRANGEBYSCORE,
    &zscore::ZREVRANK,
    &zscan::ZSCAN,
    &zscore::ZSCORE,
    &zunion::ZUNION,
    &zunion::ZUNIONSTORE,
];

/// RESP3 has pairs where RESP2 has members and scores in turn.
fn begin_members(reply: &mut dyn Reply, count: usize, with_scores: bool) {
    let flat = with_scores && reply.protocol() == Protocol::Resp2;
    reply.array(if flat { 2 * count } else { count });
}

fn reply_member(reply: &mut dyn Reply, scored: Scored<'_>, with_score: bool) {
    if with_score && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    reply_element(reply, scored.member);
    if with_score {
        reply.double(scored.score);
    }
}
