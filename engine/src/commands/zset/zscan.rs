//! ZSCAN: the members of a sorted set with their scores, some at a time.

use crate::base::number::{format_f64, format_f64_to_17_digits};
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::scan::scan;
use crate::types::ZSet;

pub static ZSCAN: Command = Command {
    summary: "Some members of a sorted set, and the cursor with which to ask for more; one that is there all the while comes at least once.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::integer("cursor"),
        Argument::pattern("pattern").token("MATCH").optional(),
        Argument::integer("count").token("COUNT").optional(),
        Argument::word("noscores", "NOSCORES").optional().since("8.0.0"),
    ],
    tips: &["nondeterministic_output"],
    run: zscan,
    ..Command::new("zscan", Group::SortedSet, "2.8.0", "O(1) for each call, O(N) for all of them together")
};

fn zscan(call: &mut Call<'_>) -> Outcome {
    scan(call, Some("NOSCORES"), |set: &ZSet, cursor, found| {
        // Redis has scores as text in the small encoding, and prints them in full out of the large one.
        let print = if set.pack().is_some() { format_f64 } else { format_f64_to_17_digits };
        set.scan(cursor, |scored| found.meet(scored.member, |reply| reply.bulk(&print(scored.score))))
    })
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn scores_are_texts_and_can_be_left_out() {
        let mut server = Server::with("zset-max-listpack-entries 2");
        server.run("HELLO 3");
        server.run("ZADD z 0.1 a inf b");
        assert_eq!(server.run("ZSCAN z 0"), "1) \"0\"\n2) 1) \"a\"\n   2) \"0.1\"\n   3) \"b\"\n   4) \"inf\"");
        assert_eq!(server.run("ZSCAN z 0 NOSCORES MATCH b"), "1) \"0\"\n2) 1) \"b\"");
        assert_eq!(server.run("ZSCAN z 0 NOVALUES"), "(error) ERR NOVALUES option can only be used in HSCAN");
        server.run("ZADD z 1 c");
        assert_eq!(server.run("ZSCAN z 0 MATCH a"), "1) \"0\"\n2) 1) \"a\"\n   2) \"0.10000000000000001\"");
    }
}
