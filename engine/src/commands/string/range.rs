//! APPEND, SETRANGE, GETRANGE, SUBSTR: parts of strings.

use alloc::vec::Vec;

use super::text::Text;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Key;
use crate::keyspace::change::Notify;
use crate::resp::error::{self, Error};

pub static APPEND: Command = Command {
    summary: "Adds to the end of a string, which begins empty where there is none.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::INSERT)],
    arguments: &[Argument::key("key"), Argument::string("value")],
    run: append,
    ..Command::new("append", Group::String, "2.0.0", "O(1) for short values, amortized over many calls")
};

pub static SETRANGE: Command = Command {
    summary: "Overwrites part of a string from an offset on, with zero bytes up to there if it is shorter.",
    arity: 4,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[Argument::key("key"), Argument::integer("offset"), Argument::string("value")],
    run: setrange,
    ..Command::new("setrange", Group::String, "2.2.0", "O(M) in the length of the value")
};

pub static GETRANGE: Command = Command {
    summary: "A part of a string, between two offsets that count from its end where they are negative.",
    ..part_of("getrange", "2.4.0")
};

pub static SUBSTR: Command = Command { summary: "The old name of GETRANGE.", ..part_of("substr", "1.0.0") };

const fn part_of(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: 4,
        flags: Flags::READONLY,
        keys: const { &[KeySpec::one(1, Access::READ)] },
        arguments: const { &[Argument::key("key"), Argument::integer("start"), Argument::integer("end")] },
        run: getrange,
        ..Command::new(name, Group::String, since, "O(N) in the length of the part")
    }
}

fn append(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let value = call.arg(2);
    let Some(entry) = call.state.look_to_write(&key) else {
        call.announce_new(&key);
        let mark = call.state.mark();
        call.db().set_bytes(&key, value, None).written(mark);
        call.changed(key.bytes, Notify::STRING, "append");
        call.reply.integer(value.len() as i64);
        return Ok(());
    };
    let length = Text::of(entry)?.len();
    check_length(call, length as u64, value.len())?;
    edit(call, &key, "append", |bytes| bytes.extend_from_slice(value));
    Ok(())
}

fn setrange(call: &mut Call<'_>) -> Outcome {
    let offset = u64::try_from(call.integer(2)?).map_err(|_| error::OFFSET_RANGE)?;
    let key = call.key(1);
    let value = call.arg(3);
    let length = Text::of_any(call.state.look_to_write(&key))?.len();
    if value.is_empty() {
        call.reply.integer(length as i64);
        return Ok(());
    }
    check_length(call, offset, value.len())?;
    let offset = offset as usize;
    edit(call, &key, "setrange", |bytes| {
        let end = offset + value.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[offset..end].copy_from_slice(value);
    });
    Ok(())
}

/// # Errors
/// The string would be longer than a string may be.
fn check_length(call: &Call<'_>, length: u64, more: usize) -> Result<(), Error> {
    let limit = call.state.config.proto_max_bulk_len.0;
    match length.checked_add(more as u64) {
        Some(sum) if sum <= limit => Ok(()),
        _ => Err(error::STRING_TOO_LONG),
    }
}

/// Edits a string, which begins empty where there is none, and answers its new length.
fn edit(call: &mut Call<'_>, key: &Key<'_>, what: &'static str, change: impl FnOnce(&mut Vec<u8>)) {
    call.announce_new(key);
    let length = call.db().edit_bytes(key, |bytes| {
        change(bytes);
        bytes.len()
    });
    call.changed(key.bytes, Notify::STRING, what);
    call.reply.integer(length as i64);
}

fn getrange(call: &mut Call<'_>) -> Outcome {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.key(1);
    let text = Text::of_any(call.state.read(&key))?;
    call.reply.bulk(part(&text, start, end));
    Ok(())
}

/// The bytes from `start` to `end`, both included, negative ones counted from the end.
fn part(text: &[u8], start: i64, end: i64) -> &[u8] {
    let length = text.len() as i64;
    if start < 0 && end < 0 && start > end {
        return &[];
    }
    let from_end = |index: i64| if index < 0 { index.saturating_add(length).max(0) } else { index };
    let (start, end) = (from_end(start), from_end(end).min(length - 1));
    if start > end { &[] } else { &text[start as usize..=end as usize] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Server;

    #[test]
    fn parts_are_counted_from_both_ends() {
        for (start, end, expected) in [
            (0, -1, "abcde"),
            (1, 2, "bc"),
            (-3, -2, "cd"),
            (-2, -3, ""),
            (-100, 100, "abcde"),
            (5, 9, ""),
            (3, 1, ""),
            // Both before the start: the first byte, as Redis has it.
            (-100, -50, "a"),
            (i64::MIN, i64::MAX, "abcde"),
        ] {
            assert_eq!(part(b"abcde", start, end), expected.as_bytes(), "{start} {end}");
        }
        assert_eq!(part(b"", 0, -1), b"");
    }

    #[test]
    fn strings_grow_up_to_the_limit() {
        let mut server = Server::new();
        server.run("CONFIG SET proto-max-bulk-len 1mb");
        for (line, reply) in [
            ("APPEND k 5", "(integer) 1"),
            ("OBJECT ENCODING k", "\"int\""),
            ("APPEND k 6", "(integer) 2"),
            ("OBJECT ENCODING k", "\"raw\""),
            ("SETRANGE k 4 ab", "(integer) 6"),
            ("GETRANGE k 0 -1", "\"56\\x00\\x00ab\""),
            ("SETRANGE k 1048575 ab", "(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
            ("SETRANGE k -1 a", "(error) ERR offset is out of range"),
            (
                "SETRANGE k 9223372036854775807 a",
                "(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            ),
            ("SETRANGE none 5 \"\"", "(integer) 0"),
            ("EXISTS none", "(integer) 0"),
            ("SUBSTR k 4 5", "\"ab\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
