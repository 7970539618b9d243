//! Sorted sets: members in the order of their scores.

pub mod zadd;
pub mod zpop;
pub mod zrange;
pub mod zrem;
pub mod zscan;
pub mod zscore;

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
    &zadd::ZINCRBY,
    &zscore::ZMSCORE,
    &zpop::ZMPOP,
    &zpop::ZPOPMAX,
    &zpop::ZPOPMIN,
    &zrange::ZRANGE,
    &zscore::ZRANK,
    &zrem::ZREM,
    &zscore::ZREVRANK,
    &zscan::ZSCAN,
    &zscore::ZSCORE,
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
