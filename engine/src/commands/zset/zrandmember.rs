//! ZRANDMEMBER: members by chance, with their scores if wanted.

use crate::commands::call::Call;
use crate::commands::chance::Wanted;
use crate::commands::collection::{expect, reply_element_or_null};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::is;
use crate::commands::zset::{begin_members, reply_member};
use crate::resp::error::Error;
use crate::types::ZSet;

pub static ZRANDMEMBER: Command = Command {
    summary: "A random member of a sorted set, or several; as many draws where the count is negative.",
    arity: -2,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::block(
            "options",
            &[Argument::integer("count"), Argument::word("withscores", "WITHSCORES").optional()],
        )
        .optional(),
    ],
    tips: &["nondeterministic_output"],
    run: zrandmember,
    ..Command::new("zrandmember", Group::SortedSet, "6.2.0", "O(N) in the members answered")
};

/// How many members, and whether with their scores.
fn options(call: &Call<'_>) -> Result<Option<(Wanted, bool)>, Error> {
    let Some(count) = call.args.get(2) else { return Ok(None) };
    let wanted = Wanted::parse(count)?;
    match call.args.get(3) {
        None => Ok(Some((wanted, false))),
        Some(word) if call.args.len() == 4 && is(word, "WITHSCORES") => Ok(Some((Wanted::in_pairs(count)?, true))),
        Some(_) => call.syntax(),
    }
}

fn zrandmember(call: &mut Call<'_>) -> Outcome {
    let options = options(call)?;
    let (key, mut rng) = (call.key(1), call.state.rng.fork());
    let set = expect::<ZSet>(call.state.read(&key))?;
    let (Some(set), Some((wanted, with_scores))) = (set, options) else {
        match options {
            Some(_) => call.reply.array(0),
            None => {
                let member = set.and_then(|set| set.random(&mut rng)).map(|scored| scored.member);
                reply_element_or_null(call.reply, member);
            }
        }
        return Ok(());
    };
    match wanted {
        Wanted::Different(count) if count >= set.len() => {
            begin_members(call.reply, set.len(), with_scores);
            set.iter().for_each(|scored| reply_member(call.reply, scored, with_scores));
        }
        Wanted::Different(count) => {
            let members = set.distinct(count, &mut rng);
            begin_members(call.reply, members.len(), with_scores);
            members.into_iter().for_each(|scored| reply_member(call.reply, scored, with_scores));
        }
        Wanted::Draws(count) => {
            wanted.check_reply(set.memory(), set.len())?;
            begin_members(call.reply, count, with_scores);
            set.draw(count, &mut rng, |scored| reply_member(call.reply, scored, with_scores));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::collections::{BTreeMap, BTreeSet};
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    #[test]
    fn counts_as_redis_takes_them() {
        let mut server = Server::new();
        server.run("ZADD z 1.5 a");
        let range =
            "(error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
        for (line, reply) in [
            ("ZRANDMEMBER z", "\"a\""),
            ("ZRANDMEMBER z 0 WITHSCORES", "(empty array)"),
            ("ZRANDMEMBER z 9223372036854775807", "1) \"a\""),
            ("ZRANDMEMBER z -2 WITHSCORES", "1) \"a\"\n2) \"1.5\"\n3) \"a\"\n4) \"1.5\""),
            ("ZRANDMEMBER z -9223372036854775808 WITHSCORES", range),
            ("ZRANDMEMBER z 9223372036854775807 WITHSCORES", "(error) ERR value is out of range"),
            ("ZRANDMEMBER z -9223372036854775807", "(error) ERR value is out of range"),
            ("ZRANDMEMBER z x FOO", "(error) ERR value is not an integer or out of range"),
            ("ZRANDMEMBER z 1 FOO", "(error) ERR syntax error"),
            ("ZRANDMEMBER z 1 WITHSCORES FOO", "(error) ERR syntax error"),
            ("ZRANDMEMBER none", "(nil)"),
            ("ZRANDMEMBER none -2 WITHSCORES", "(empty array)"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        server.run("HELLO 3");
        assert_eq!(server.run("ZRANDMEMBER z 1 WITHSCORES"), "1) 1) \"a\"\n   2) (double) 1.5");
    }

    #[test]
    fn all_members_are_equally_likely() {
        for config in ["", "zset-max-listpack-entries 0"] {
            let mut server = Server::with(config);
            (0..20).for_each(|n| _ = server.run(&format!("ZADD z {n} m{n}")));
            for (count, each, different) in [(1, 1, true), (5, 5, true), (15, 15, true), (-30, 30, false)] {
                let mut times = BTreeMap::new();
                for _ in 0..6000 / each as u64 {
                    let reply = server.run(&format!("ZRANDMEMBER z {count}"));
                    let members: Vec<String> = reply.split('"').skip(1).step_by(2).map(ToString::to_string).collect();
                    assert_eq!(members.len(), each);
                    assert!(!different || members.iter().collect::<BTreeSet<_>>().len() == each);
                    members.into_iter().for_each(|member| *times.entry(member).or_insert(0) += 1);
                }
                assert!(times.values().all(|&times: &u64| times.abs_diff(300) < 100), "{config} {count}: {times:?}");
                assert_eq!(times.len(), 20);
            }
        }
    }
}
