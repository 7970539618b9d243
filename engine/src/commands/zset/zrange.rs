//! ZRANGE and its older forms: members by rank, by score or by name, in either direction.

use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::zset::query::{Dialect, Order, Query};
use crate::commands::zset::{begin_members, reply_member};
use crate::types::ZSet;

pub static ZRANGE: Command = Command {
    summary: "The members in a range of ranks, of scores or of names.",
    arguments: &[
        Argument::key("key"),
        Argument::string("start"),
        Argument::string("stop"),
        Argument::one_of("sortby", &[Argument::word("byscore", "BYSCORE"), Argument::word("bylex", "BYLEX")])
            .optional()
            .since("6.2.0"),
        Argument::word("rev", "REV").optional().since("6.2.0"),
        LIMIT.since("6.2.0"),
        WITH_SCORES,
    ],
    run: |call| answer(call, None, None),
    ..question("zrange", "1.2.0")
};

pub static ZREVRANGE: Command = Command {
    summary: "The members in a range of ranks, from the highest score down.",
    arguments: &[Argument::key("key"), Argument::integer("start"), Argument::integer("stop"), WITH_SCORES],
    run: |call| answer(call, Some(Order::Rank), Some(true)),
    ..question("zrevrange", "1.2.0")
};

pub static ZRANGEBYSCORE: Command = Command {
    summary: "The members in a range of scores.",
    arguments: &[
        Argument::key("key"),
        Argument::double("min"),
        Argument::double("max"),
        WITH_SCORES.since("2.0.0"),
        LIMIT,
    ],
    run: |call| answer(call, Some(Order::Score), Some(false)),
    ..question("zrangebyscore", "1.0.5")
};

pub static ZREVRANGEBYSCORE: Command = Command {
    summary: "The members in a range of scores, from the highest down.",
    arguments: &[Argument::key("key"), Argument::double("max"), Argument::double("min"), WITH_SCORES, LIMIT],
    run: |call| answer(call, Some(Order::Score), Some(true)),
    ..question("zrevrangebyscore", "2.2.0")
};

pub static ZRANGEBYLEX: Command = Command {
    summary: "The members in a range of names, where all have the same score.",
    arguments: &[Argument::key("key"), Argument::string("min"), Argument::string("max"), LIMIT],
    run: |call| answer(call, Some(Order::Lex), Some(false)),
    ..question("zrangebylex", "2.8.9")
};

pub static ZREVRANGEBYLEX: Command = Command {
    summary: "The members in a range of names from the last to the first, where all have the same score.",
    arguments: &[Argument::key("key"), Argument::string("max"), Argument::string("min"), LIMIT],
    run: |call| answer(call, Some(Order::Lex), Some(true)),
    ..question("zrevrangebylex", "2.8.9")
};

pub(super) const LIMIT: Argument =
    Argument::block("limit", &[Argument::integer("offset"), Argument::integer("count")]).token("LIMIT").optional();
const WITH_SCORES: Argument = Argument::word("withscores", "WITHSCORES").optional();

const fn question(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: -4,
        flags: Flags::READONLY,
        keys: const { &[KeySpec::one(1, Access::READ)] },
        ..Command::new(name, Group::SortedSet, since, "O(log(N)+M): N members, M of them answered")
    }
}

fn answer(call: &mut Call<'_>, order: Option<Order>, reverse: Option<bool>) -> Outcome {
    let query = Query::parse(call.args, 2, Dialect { order, reverse, with_scores: true })?;
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

    #[test]
    fn older_forms_have_their_order_and_direction_in_their_names() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c 4 d");
        for (line, reply) in [
            ("ZREVRANGE z 0 1", "1) \"d\"\n2) \"c\""),
            ("ZREVRANGE z 0 0 WITHSCORES", "1) \"d\"\n2) \"4\""),
            ("ZRANGEBYSCORE z (1 3", "1) \"b\"\n2) \"c\""),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 1 1 WITHSCORES", "1) \"b\"\n2) \"2\""),
            ("ZREVRANGEBYSCORE z 3 (1", "1) \"c\"\n2) \"b\""),
            ("ZRANGEBYLEX z [b + LIMIT 0 2", "1) \"b\"\n2) \"c\""),
            ("ZREVRANGEBYLEX z (c -", "1) \"b\"\n2) \"a\""),
            ("ZREVRANGE z 0 1 REV", "(error) ERR syntax error"),
            ("ZRANGEBYSCORE z 1 2 BYSCORE", "(error) ERR syntax error"),
            (
                "ZRANGEBYLEX z - + WITHSCORES",
                "(error) ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ),
            (
                "ZREVRANGE z 0 1 LIMIT 0 1",
                "(error) ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_negative_offset_counts_from_the_end_in_the_large_encoding() {
        for (config, last) in [("", "(empty array)"), ("zset-max-listpack-entries 1", "1) \"c\"")] {
            let mut server = Server::with(config);
            server.run("ZADD z 0 a 0 b 0 c");
            assert_eq!(server.run("ZRANGE z - + BYLEX LIMIT -1 5"), last);
            assert_eq!(server.run("ZREVRANGEBYSCORE z inf -inf LIMIT -3 1"), last);
            assert_eq!(server.run("ZRANGEBYLEX z - + LIMIT -4 5"), "(empty array)");
        }
    }
}
