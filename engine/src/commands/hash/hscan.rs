//! HSCAN: the fields of a hash with their values, some at a time.

use crate::commands::collection::reply_element;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec};
use crate::commands::scan::scan;
use crate::types::Hash;

pub static HSCAN: Command = Command {
    summary: "Some fields of a hash with their values, and the cursor with which to ask for more; one that is there all the while comes at least once.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::integer("cursor"),
        Argument::pattern("pattern").token("MATCH").optional(),
        Argument::integer("count").token("COUNT").optional(),
        Argument::word("novalues", "NOVALUES").optional().since("8.0.0"),
    ],
    tips: &["nondeterministic_output"],
    run: |call| {
        let now = call.state.now;
        scan(call, Some("NOVALUES"), |hash: &Hash, cursor, found| {
            hash.at(now).scan(cursor, |field| found.meet(field.name, |reply| reply_element(reply, field.value)))
        })
    },
    ..Command::new("hscan", Group::Hash, "2.8.0", "O(1) for each call, O(N) for all of them together")
};

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn values_can_be_left_out_and_what_has_expired_is_not_there() {
        let mut server = Server::new();
        server.run("HSET h a 1 b 2");
        assert_eq!(server.run("HSCAN h 0 MATCH a"), "1) \"0\"\n2) 1) \"a\"\n   2) \"1\"");
        assert_eq!(server.run("HSCAN h 0 NOVALUES MATCH b"), "1) \"0\"\n2) 1) \"b\"");
        assert_eq!(server.run("HSCAN h 0 NOSCORES"), "(error) ERR NOSCORES option can only be used in ZSCAN");
        server.run("HPEXPIRE h 5 FIELDS 1 a");
        server.advance(5);
        assert_eq!(server.run("HSCAN h 0"), "1) \"0\"\n2) 1) \"b\"\n   2) \"2\"");
    }
}
