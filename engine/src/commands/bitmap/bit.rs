//! SETBIT, GETBIT: one bit of a string.

use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::string::text::{Text, check_string};
use crate::keyspace::Key;
use crate::keyspace::change::Notify;
use crate::resp::error::Error;
use crate::types::bitmap;

pub static SETBIT: Command = Command {
    summary: "Sets a bit of a string, which grows by zeros to reach it, and answers what the bit was.",
    arity: 4,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::UPDATE_AND_READ)],
    arguments: &[Argument::key("key"), Argument::integer("offset"), Argument::integer("value")],
    run: setbit,
    ..Command::new("setbit", Group::Bitmap, "2.2.0", "O(1), and what the string grows by")
};

pub static GETBIT: Command = Command {
    summary: "A bit of a string, zero past its end.",
    arity: 3,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key"), Argument::integer("offset")],
    run: getbit,
    ..Command::new("getbit", Group::Bitmap, "2.2.0", "O(1)")
};

const NO_OFFSET: Error = Error::fixed("ERR bit offset is not an integer or out of range");
const NO_BIT: Error = Error::fixed("ERR bit is not an integer or out of range");

fn setbit(call: &mut Call<'_>) -> Outcome {
    let at = offset(call, call.arg(2), 0)?;
    let on = match call.arg(3) {
        b"0" => false,
        b"1" => true,
        _ => return Err(NO_BIT),
    };
    let key = call.key(1);
    let was = edit_bits(call, &key, |bytes| {
        let grown = bitmap::reach(bytes, at);
        let was = bitmap::set(bytes, at, on);
        (u64::from(grown || was != on), was)
    })?;
    call.reply.integer(i64::from(was));
    Ok(())
}

fn getbit(call: &mut Call<'_>) -> Outcome {
    let at = offset(call, call.arg(2), 0)?;
    let key = call.key(1);
    let bit = bitmap::get(&Text::of_any(call.state.read(&key))?, at);
    call.reply.integer(i64::from(bit));
    Ok(())
}

/// Where a bit is: `#3` counts in fields of so many bits, if there are fields.
///
/// # Errors
/// No number, or past the longest string.
pub fn offset(call: &Call<'_>, text: &[u8], width: u64) -> Result<u64, Error> {
    let (digits, unit) = match text {
        [b'#', digits @ ..] if width > 0 => (digits, width),
        _ => (text, 1),
    };
    // Redis multiplies in 64 bits.
    let bit = parse_i64(digits).ok_or(NO_OFFSET)?.wrapping_mul(unit as i64);
    u64::try_from(bit).ok().filter(|bit| bit / 8 < call.state.config.proto_max_bulk_len.0).ok_or(NO_OFFSET)
}

/// Edits the bits of a string, which begins empty where there is none. `f` also says how many changes that made.
///
/// # Errors
/// The key holds another type.
pub fn edit_bits<R>(call: &mut Call<'_>, key: &Key<'_>, f: impl FnOnce(&mut Vec<u8>) -> (u64, R)) -> Result<R, Error> {
    check_string(call.state.look_to_write(key))?;
    call.announce_new(key);
    let mark = call.state.mark();
    let (changes, result) = call.db().edit_bytes_if(key, |bytes| {
        let (changes, result) = f(bytes);
        (changes > 0, (changes, result))
    });
    call.db().written(key, mark);
    if changes > 0 {
        call.changed_times(changes, key.bytes, Notify::STRING, "setbit");
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn bits_are_set_up_to_the_last_one() {
        let mut server = Server::new();
        server.run("CONFIG SET proto-max-bulk-len 1mb");
        for (line, reply) in [
            ("SETBIT k 7 1", "(integer) 0"),
            ("SETBIT k 7 1", "(integer) 1"),
            ("GET k", "\"\\x01\""),
            ("OBJECT ENCODING k", "\"raw\""),
            ("SETBIT k 8388607 1", "(integer) 0"),
            ("STRLEN k", "(integer) 1048576"),
            ("GETBIT k 8388607", "(integer) 1"),
            ("GETBIT k 8388608", "(error) ERR bit offset is not an integer or out of range"),
            ("SETBIT k 8388608 1", "(error) ERR bit offset is not an integer or out of range"),
            ("SETBIT k -1 1", "(error) ERR bit offset is not an integer or out of range"),
            ("SETBIT k #1 1", "(error) ERR bit offset is not an integer or out of range"),
            ("SETBIT k 0 2", "(error) ERR bit is not an integer or out of range"),
            ("SETBIT new 0 0", "(integer) 0"),
            ("GET new", "\"\\x00\""),
            ("SET n 1", "OK"),
            ("GETBIT n 7", "(integer) 1"),
            ("SETBIT n 7 1", "(integer) 1"),
            ("OBJECT ENCODING n", "\"raw\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        // What changed nothing is not recorded.
        assert_eq!(server.records(), "SELECT 0 | SETBIT k 7 1 | SETBIT k 8388607 1 | SETBIT new 0 0 | SET n 1");
    }
}
