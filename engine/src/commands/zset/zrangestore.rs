//! ZRANGESTORE: a range of a sorted set becomes one of its own.

use crate::commands::call::Call;
use crate::commands::collection::{expect, replace};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::zset::query::{By, Dialect, Query};
use crate::commands::zset::zrange::LIMIT;
use crate::types::ZSet;

pub static ZRANGESTORE: Command = Command {
    summary: "Stores the members in a range of ranks, of scores or of names.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::OVERWRITE), KeySpec::one(2, Access::READ)],
    arguments: &[
        Argument::key("dst"),
        Argument::key("src").key_spec(1),
        Argument::string("min"),
        Argument::string("max"),
        Argument::one_of("sortby", &[Argument::word("byscore", "BYSCORE"), Argument::word("bylex", "BYLEX")])
            .optional(),
        Argument::word("rev", "REV").optional(),
        LIMIT,
    ],
    run: zrangestore,
    ..Command::new("zrangestore", Group::SortedSet, "6.2.0", "O(log(N)+M): N members, M of them stored")
};

fn zrangestore(call: &mut Call<'_>) -> Outcome {
    let query = Query::parse(call.args, 3, Dialect { order: None, reverse: None, with_scores: false })?;
    let (to, from, limits) = (call.key(1), call.key(2), call.state.limits());
    let mut result = ZSet::new();
    if let Some(set) = expect::<ZSet>(call.state.read(&from))? {
        let ranks = query.ranks(set);
        if matches!(query.by, By::Rank(..)) {
            result = ZSet::expecting(ranks.len(), 0, &limits);
        }
        for scored in set.range(ranks) {
            scored.member.with(|member| result.insert(scored.score, member, &limits));
        }
    }
    call.reply.integer(result.len() as i64);
    replace(call, &to, result, "zrangestore");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn what_is_stored_is_the_range_and_nothing_else() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c");
        server.run("SET d v PX 5000");
        for (line, reply) in [
            ("ZRANGESTORE d z 0 1", "(integer) 2"),
            ("ZRANGE d 0 -1 WITHSCORES", "1) \"a\"\n2) \"1\"\n3) \"b\"\n4) \"2\""),
            ("TTL d", "(integer) -1"),
            ("ZRANGESTORE d z 3 1 BYSCORE REV LIMIT 0 1", "(integer) 1"),
            ("ZRANGE d 0 -1", "1) \"c\""),
            ("ZRANGESTORE z z 1 -1", "(integer) 2"),
            ("ZRANGESTORE d z 0 -1 WITHSCORES", "(error) ERR syntax error"),
            ("ZRANGESTORE d none x -1", "(error) ERR value is not an integer or out of range"),
            ("ZRANGESTORE d none 0 -1", "(integer) 0"),
            ("EXISTS d", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
