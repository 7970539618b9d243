//! BITOP: strings combined bit by bit.

use alloc::vec::Vec;

use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::string::text::Text;
use crate::commands::words::one_of;
use crate::keyspace::Key;
use crate::keyspace::change::Notify;
use crate::resp::error::Error;
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
            ],
        ),
        Argument::key("destkey"),
        Argument::key("key").key_spec(1).multiple(),
    ],
    run: bitop,
    ..Command::new("bitop", Group::Bitmap, "2.6.0", "O(N) in the bytes of all sources")
};

const ONE_SOURCE: Error = Error::fixed("ERR BITOP NOT must be called with a single source key.");

fn bitop(call: &mut Call<'_>) -> Outcome {
    let operator = match one_of(call.arg(1), &["AND", "OR", "XOR", "NOT"])? {
        "AND" => Some(Operator::And),
        "OR" => Some(Operator::Or),
        "XOR" => Some(Operator::Xor),
        _ => None,
    };
    if operator.is_none() && call.args.len() != 4 {
        return Err(ONE_SOURCE);
    }
    let mut result = source(call, 3)?.to_vec();
    match operator {
        None => result.iter_mut().for_each(|byte| *byte = !*byte),
        Some(operator) => {
            for index in 4..call.args.len() {
                operator.apply(&mut result, &source(call, index)?);
            }
        }
    }
    let length = result.len();
    store(call, &call.key(2), result);
    call.reply.integer(length as i64);
    Ok(())
}

/// # Errors
/// The key holds no string.
fn source<'s>(call: &'s mut Call<'_>, index: usize) -> Result<Text<'s>, Error> {
    let key = call.key(index);
    Text::of_any(call.state.read(&key))
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
    let clock = call.state.clock();
    call.db().edit_bytes(key, |bytes| *bytes = result);
    call.db().touch(key, clock);
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
            ("RPUSH list x", "(integer) 1"),
            ("BITOP OR d a list", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
