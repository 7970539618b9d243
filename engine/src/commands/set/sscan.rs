//! SSCAN: the members of a set, some at a time.

use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec};
use crate::commands::scan::scan;
use crate::types::Set;

pub static SSCAN: Command = Command {
    summary: "Some members of a set, and the cursor with which to ask for more; one that is there all the while comes at least once.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::integer("cursor"),
        Argument::pattern("pattern").token("MATCH").optional(),
        Argument::integer("count").token("COUNT").optional(),
    ],
    tips: &["nondeterministic_output"],
    run: |call| scan(call, None, |set: &Set, cursor, found| set.scan(cursor, |member| found.meet(member, |_| ()))),
    ..Command::new("sscan", Group::Set, "2.8.0", "O(1) for each call, O(N) for all of them together")
};

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::collections::BTreeSet;
    use std::format;
    use std::string::String;

    #[test]
    fn options_and_refusals() {
        let mut server = Server::new();
        server.run("SADD s a b 1");
        server.run("SET text v");
        for (line, reply) in [
            ("SSCAN s 0 MATCH [b-z]", "1) \"0\"\n2) 1) \"b\""),
            ("SSCAN none 0 FOO", "1) \"0\"\n2) (empty array)"),
            ("SSCAN none x", "(error) ERR invalid cursor"),
            ("SSCAN s 0 FOO", "(error) ERR syntax error"),
            ("SSCAN s 0 TYPE set", "(error) ERR syntax error"),
            ("SSCAN s 0 COUNT 0", "(error) ERR syntax error"),
            ("SSCAN s 0 NOSCORES", "(error) ERR NOSCORES option can only be used in ZSCAN"),
            ("SSCAN text 0", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_member_that_stays_is_found_however_the_set_grows_and_shrinks() {
        let mut server = Server::new();
        for n in 0..400 {
            server.run(&format!("SADD s stays:{n}"));
        }
        let (mut cursor, mut found, mut calls) = (String::from("0"), BTreeSet::new(), 0);
        loop {
            let reply = server.run(&format!("SSCAN s {cursor} COUNT 7 MATCH stays:*"));
            let mut words = reply.split('"').skip(1).step_by(2);
            cursor = words.next().unwrap().into();
            found.extend(words.map(String::from));
            if cursor == "0" {
                break;
            }
            calls += 1;
            let word = if calls < 20 { "SADD" } else { "SREM" };
            for n in 0..50 {
                server.run(&format!("{word} s other:{}", calls % 20 * 50 + n));
            }
        }
        assert_eq!(found.len(), 400);
    }
}
