//! BITCOUNT, BITPOS: how many bits of a string are set, and where the first one is.

use core::ops::Range;

use crate::commands::call::{Call, integer};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::string::text::Text;
use crate::commands::words::one_of;
use crate::resp::error::{self, Error};
use crate::types::bitmap;

pub static BITCOUNT: Command = Command {
    summary: "How many bits of a string, or of a part of it, are set.",
    arity: -2,
    arguments: &[Argument::key("key"), RANGE],
    run: bitcount,
    ..about("bitcount", "2.6.0")
};

pub static BITPOS: Command = Command {
    summary: "The first bit of a string, or of a part of it, that is set, or that is not.",
    arity: -3,
    arguments: &[Argument::key("key"), Argument::integer("bit"), RANGE],
    run: bitpos,
    ..about("bitpos", "2.8.7")
};

const fn about(name: &'static str, since: &'static str) -> Command {
    Command {
        flags: Flags::READONLY,
        keys: const { &[KeySpec::one(1, Access::READ)] },
        ..Command::new(name, Group::Bitmap, since, "O(N) in the bytes of the part")
    }
}

const RANGE: Argument = Argument::block(
    "range",
    &[
        Argument::integer("start"),
        Argument::block(
            "end-unit-block",
            &[
                Argument::integer("end"),
                Argument::one_of("unit", &[Argument::word("byte", "BYTE"), Argument::word("bit", "BIT")])
                    .optional()
                    .since("7.0.0"),
            ],
        )
        .optional(),
    ],
)
.optional();

const NEITHER: Error = Error::fixed("ERR The bit argument must be 1 or 0.");

/// A part of a string, both ends included, negative ones counted from the end.
struct Part {
    start: i64,
    end: Option<i64>,
    in_bits: bool,
}

impl Part {
    /// Reads `[start [end [BYTE|BIT]]]` from an argument on.
    fn parse(call: &Call<'_>, from: usize) -> Result<Part, Error> {
        let words = call.args.from(from);
        if words.len() > 3 {
            return Err(error::SYNTAX);
        }
        let start = words.get(0).map_or(Ok(0), integer)?;
        let in_bits = match words.get(2) {
            None => false,
            Some(unit) => one_of(unit, &["BYTE", "BIT"])? == "BIT",
        };
        let end = words.get(1).map(integer).transpose()?;
        Ok(Part { start, end, in_bits })
    }

    /// The bits that this is of a string of so many bytes.
    fn bits(&self, length: usize) -> Range<u64> {
        let unit = if self.in_bits { 1 } else { 8 };
        let total = (length as u64 * 8 / unit) as i64;
        let from_end = |index: i64| if index < 0 { index.saturating_add(total).max(0) } else { index };
        let (start, end) = (from_end(self.start), from_end(self.end.unwrap_or(-1)).min(total - 1));
        if start > end { 0..0 } else { start as u64 * unit..(end as u64 + 1) * unit }
    }
}

fn bitcount(call: &mut Call<'_>) -> Outcome {
    let part = Part::parse(call, 2)?;
    let key = call.key(1);
    let text = Text::of_any(call.state.read(&key))?;
    // Two ends in the wrong order, both counted from the end: nothing, even if both lie before the start.
    let reversed = part.end.is_some_and(|end| part.start < 0 && end < 0 && part.start > end);
    let count = if reversed { 0 } else { bitmap::count_in(&text, part.bits(text.len())) };
    call.reply.integer(count as i64);
    Ok(())
}

fn bitpos(call: &mut Call<'_>) -> Outcome {
    let bit = match call.integer(2)? {
        0 => false,
        1 => true,
        _ => return Err(NEITHER),
    };
    let part = Part::parse(call, 3)?;
    let key = call.key(1);
    let Some(entry) = call.state.read(&key) else {
        call.reply.integer(if bit { -1 } else { 0 });
        return Ok(());
    };
    let text = Text::of(entry)?;
    let bits = part.bits(text.len());
    let position = match bitmap::position(&text, bit, bits.clone()) {
        Some(position) => position as i64,
        // A string without an end goes on in zeros.
        None if !bit && part.end.is_none() && !bits.is_empty() => bits.end as i64,
        None => -1,
    };
    call.reply.integer(position);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn parts_are_counted_and_searched() {
        let mut server = Server::new();
        server.run("SET s foobar");
        server.run("SET f \"\\xff\\xff\"");
        server.run("SET e \"\"");
        for (line, reply) in [
            ("BITCOUNT s", 26),
            ("BITCOUNT s 1", 22),
            ("BITCOUNT s 1 1", 6),
            ("BITCOUNT s -100 -200", 0),
            ("BITCOUNT s -200 -100", 4),
            ("BITCOUNT s 5 30 bit", 17),
            ("BITCOUNT e 0 -1", 0),
            ("BITCOUNT none", 0),
            ("BITPOS none 0", 0),
            ("BITPOS none 1", -1),
            ("BITPOS s 0 -100 -200", 0),
            ("BITPOS s 1 9 30 BIT", 9),
            ("BITPOS e 0", -1),
            ("BITPOS f 0", 16),
            ("BITPOS f 0 1", 16),
            ("BITPOS f 0 2", -1),
            ("BITPOS f 0 0 -1", -1),
            ("BITPOS f 0 0 100 BIT", -1),
        ] {
            assert_eq!(server.run(line), std::format!("(integer) {reply}"), "{line}");
        }
        for (line, reply) in [
            ("BITPOS none 2", "(error) ERR The bit argument must be 1 or 0."),
            ("BITPOS none 0 x", "(error) ERR value is not an integer or out of range"),
            ("BITPOS none 0 0 x FOO", "(error) ERR syntax error"),
            ("BITCOUNT none 0 1 BIT 1", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
