//! BITOP: strings combined bit by bit.

use alloc::format;
use alloc::vec::Vec;

use crate::commands::call::Call;
use crate::commands::collection::read_all;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::string::text::Text;
use crate::commands::words::is;
use crate::keyspace::change::Notify;
use crate::keyspace::{Key, ValueRef};
use crate::resp::error::{self, Error};
use crate::types::bitmap::Operator;

pub static BITOP: Command = Command {
    summary: "Combines strings bit by bit, the shorter ones followed by zeros, and stores the result.",
    arity: -4,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(2, Access::OVERWRITE), KeySpec::from(3, 1, Access::READ)],
    arguments: &[
        Argument::one_of(
            "operation",
            &[
                Argument::word("and", "AND"),
                Argument::word("or", "OR"),
                Argument::word("xor", "XOR"),
                Argument::word("not", "NOT"),
                Argument::word("diff", "DIFF").since("8.2.0"),
                Argument::word("diff1", "DIFF1").since("8.2.0"),
                Argument::word("andor", "ANDOR").since("8.2.0"),
                Argument::word("one", "ONE").since("8.2.0"),
            ],
        ),
        Argument::key("destkey"),
        Argument::key("key").key_spec(1).multiple(),
    ],
    run: bitop,
    ..Command::new("bitop", Group::Bitmap, "2.6.0", "O(N) in the bytes of all sources")
};

const ONE_SOURCE: Error = Error::fixed("ERR BITOP NOT must be called with a single source key.");

/// The operators by their names.
const OPERATORS: [(&str, Operator); 8] = [
    ("AND", Operator::And),
    ("OR", Operator::Or),
    ("XOR", Operator::Xor),
    ("NOT", Operator::Not),
    ("DIFF", Operator::Diff),
    ("DIFF1", Operator::Diff1),
    ("ANDOR", Operator::AndOr),
    ("ONE", Operator::One),
];

fn bitop(call: &mut Call<'_>) -> Outcome {
    let word = call.arg(1);
    let (name, operator) = OPERATORS.into_iter().find(|(name, _)| is(word, name)).ok_or(error::SYNTAX)?;
    match (operator, call.args.len() - 3) {
        (Operator::Not, 2..) => return Err(ONE_SOURCE),
        (Operator::Diff | Operator::Diff1 | Operator::AndOr, 1) => {
            return Err(Error::from(format!("ERR BITOP {name} must be called with at least two source keys.")));
        }
        _ => {}
    }
    let is_string = |value: ValueRef<'_>| matches!(value, ValueRef::Bytes(_) | ValueRef::Int(_));
    let sources = read_all(call.state, call.args.from(3).iter(), is_string)?;
    let texts = sources.into_iter().map(Text::of_any).collect::<Result<Vec<_>, _>>()?;
    let result = operator.combine(&texts.iter().map(|text| &**text).collect::<Vec<_>>());
    let length = result.len();
    store(call, &call.key(2), result);
    call.reply.integer(length as i64);
    Ok(())
}

/// Gives the destination this string; an empty one is none.
fn store(call: &mut Call<'_>, key: &Key<'_>, result: Vec<u8>) {
    call.state.drop_if_expired(key);
    if result.is_empty() {
        if call.db().discard(key) {
            call.changed(key.bytes, Notify::GENERIC, "del");
        }
        return;
    }
    call.announce_new(key);
    call.db().discard(key);
    let mark = call.state.mark();
    call.db().edit_bytes(key, |bytes| *bytes = result);
    call.db().written(key, mark);
    call.changed(key.bytes, Notify::STRING, "set");
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn results_take_the_place_of_what_was_there() {
        let mut server = Server::new();
        for (line, reply) in [
            ("MSET a abc b \"a\\x00\" n 12", "OK"),
            ("RPUSH l x", "(integer) 1"),
            ("BITOP AND l a b", "(integer) 3"),
            ("GET l", "\"a\\x00\\x00\""),
            ("OBJECT ENCODING l", "\"raw\""),
            ("BITOP OR a a n none", "(integer) 3"),
            ("GET a", "\"qrc\""),
            ("BITOP XOR d a a", "(integer) 3"),
            ("GET d", "\"\\x00\\x00\\x00\""),
            ("BITOP not d n", "(integer) 2"),
            ("GET d", "\"\\xce\\xcd\""),
            ("BITOP AND d none", "(integer) 0"),
            ("EXISTS d", "(integer) 0"),
            ("BITOP NOT d a b", "(error) ERR BITOP NOT must be called with a single source key."),
            ("BITOP NAND d a b", "(error) ERR syntax error"),
            ("SETBIT x 0 1", "(integer) 0"),
            ("SETBIT x 3 1", "(integer) 0"),
            ("SETBIT y 3 1", "(integer) 0"),
            ("SETBIT y 9 1", "(integer) 0"),
            ("SETBIT z 9 1", "(integer) 0"),
            ("BITOP DIFF d x y z", "(integer) 2"),
            ("GET d", "\"\\x80\\x00\""),
            ("BITOP diff1 d x y z", "(integer) 2"),
            ("GET d", "\"\\x00@\""),
            ("BITOP ANDOR d x y z", "(integer) 2"),
            ("GET d", "\"\\x10\\x00\""),
            ("BITOP ONE d x y z", "(integer) 2"),
            ("GET d", "\"\\x80\\x00\""),
            ("BITOP ONE d y", "(integer) 2"),
            ("BITOP DIFF1 d x", "(error) ERR BITOP DIFF1 must be called with at least two source keys."),
            ("BITOP andor d x", "(error) ERR BITOP ANDOR must be called with at least two source keys."),
            ("RPUSH list x", "(integer) 1"),
            ("BITOP OR d a list", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
