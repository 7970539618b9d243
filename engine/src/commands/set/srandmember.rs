//! SRANDMEMBER: members by chance.

use crate::commands::call::Call;
use crate::commands::chance::Wanted;
use crate::commands::collection::{expect, reply_element, reply_element_or_null};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::types::Set;

pub static SRANDMEMBER: Command = Command {
    summary: "A random member of a set, or several; as many draws where the count is negative.",
    arity: -2,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key"), Argument::integer("count").optional().since("2.6.0")],
    tips: &["nondeterministic_output"],
    run: srandmember,
    ..Command::new("srandmember", Group::Set, "1.0.0", "O(N) in the members answered")
};

fn srandmember(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 3 {
        return call.syntax();
    }
    let wanted = call.args.get(2).map(Wanted::parse).transpose()?;
    let (key, mut rng) = (call.key(1), call.state.rng.fork());
    let set = expect::<Set>(call.state.read(&key))?;
    let (Some(set), Some(wanted)) = (set, wanted) else {
        match wanted {
            Some(_) => call.reply.array(0),
            None => reply_element_or_null(call.reply, set.and_then(|set| set.random(&mut rng))),
        }
        return Ok(());
    };
    match wanted {
        Wanted::Different(count) if count >= set.len() => {
            call.reply.array(set.len());
            set.iter().for_each(|member| reply_element(call.reply, member));
        }
        Wanted::Different(count) => {
            let members = set.distinct(count, &mut rng);
            call.reply.array(members.len());
            members.into_iter().for_each(|member| reply_element(call.reply, member));
        }
        Wanted::Draws(count) => {
            wanted.check_reply(set.memory(), set.len())?;
            call.reply.array(count);
            set.draw(count, &mut rng, |member| reply_element(call.reply, member));
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
        server.run("SADD s a");
        server.run("SET text v");
        let range =
            "(error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
        let wrong_type = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
        for (line, reply) in [
            ("SRANDMEMBER s", "\"a\""),
            ("SRANDMEMBER s 0", "(empty array)"),
            ("SRANDMEMBER s 9223372036854775807", "1) \"a\""),
            ("SRANDMEMBER s -3", "1) \"a\"\n2) \"a\"\n3) \"a\""),
            ("SRANDMEMBER s -9223372036854775808", range),
            ("SRANDMEMBER s -9223372036854775807", "(error) ERR value is out of range"),
            ("SRANDMEMBER none -9223372036854775807", "(empty array)"),
            ("SRANDMEMBER s x", "(error) ERR value is not an integer or out of range"),
            ("SRANDMEMBER s 1 2", "(error) ERR syntax error"),
            ("SRANDMEMBER none", "(nil)"),
            ("SRANDMEMBER text 0", wrong_type),
            ("SRANDMEMBER text", wrong_type),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn all_members_are_equally_likely() {
        for (config, prefix) in [("", ""), ("", "m"), ("set-max-listpack-entries 0", "m")] {
            let mut server = Server::with(config);
            let all: Vec<_> = (0..20).map(|n| format!("{prefix}{n}")).collect();
            server.run(&format!("SADD s {}", all.join(" ")));
            for (count, each, different) in [(1, 1, true), (5, 5, true), (15, 15, true), (-30, 30, false)] {
                let mut times = BTreeMap::new();
                let rounds = 6000 / each as u64;
                for _ in 0..rounds {
                    let reply = server.run(&format!("SRANDMEMBER s {count}"));
                    let members: Vec<String> = reply.split('"').skip(1).step_by(2).map(ToString::to_string).collect();
                    assert_eq!(members.len(), each);
                    assert!(!different || members.iter().collect::<BTreeSet<_>>().len() == each);
                    members.into_iter().for_each(|member| *times.entry(member).or_insert(0) += 1);
                }
                let even = 6000 / 20;
                assert!(
                    times.values().all(|&times: &u64| times.abs_diff(even) < even / 3),
                    "{config} {count}: {times:?}"
                );
                assert_eq!(times.len(), all.len());
            }
        }
    }
}
