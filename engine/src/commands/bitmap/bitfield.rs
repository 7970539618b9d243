//! BITFIELD, BITFIELD_RO: integers of any width inside a string.

use alloc::vec::Vec;

use super::bit::{edit_bits, offset};
use crate::commands::call::{Call, integer};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::string::text::Text;
use crate::commands::words::{Words, is, one_of};
use crate::resp::encode::Reply;
use crate::resp::error::Error;
use crate::types::bitmap::{self, Field, Overflow};

pub static BITFIELD: Command = Command {
    summary: "Reads, sets and adds to integers of any width inside a string.",
    arity: -2,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::SET_OPTIONS)],
    arguments: &[
        Argument::key("key"),
        Argument::one_of("operation", &[GET, Argument::block("write", &[OVERFLOW, WRITE])]).optional().multiple(),
    ],
    run: |call| bitfield(call, true),
    ..Command::new("bitfield", Group::Bitmap, "3.2.0", "O(1) for each operation")
};

pub static BITFIELD_RO: Command = Command {
    summary: "Reads integers of any width inside a string.",
    arity: -2,
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key"), GET.optional().multiple_token()],
    run: |call| bitfield(call, false),
    ..Command::new("bitfield_ro", Group::Bitmap, "6.0.0", "O(1) for each operation")
};

const GET: Argument = Argument::block("get-block", &[FIELD, Argument::integer("offset")]).token("GET");
const FIELD: Argument = Argument::string("encoding");
const OVERFLOW: Argument = Argument::one_of(
    "overflow-block",
    &[Argument::word("wrap", "WRAP"), Argument::word("sat", "SAT"), Argument::word("fail", "FAIL")],
)
.token("OVERFLOW")
.optional();
const WRITE: Argument = Argument::one_of(
    "write-operation",
    &[
        Argument::block("set-block", &[FIELD, Argument::integer("offset"), Argument::integer("value")]).token("SET"),
        Argument::block("incrby-block", &[FIELD, Argument::integer("offset"), Argument::integer("increment")])
            .token("INCRBY"),
    ],
);

const NO_OVERFLOW: Error = Error::fixed("ERR Invalid OVERFLOW type specified");
const NO_FIELD: Error =
    Error::fixed("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
const READS_ONLY: Error = Error::fixed("ERR BITFIELD_RO only supports the GET subcommand");

struct Operation {
    field: Field,
    offset: u64,
    action: Action,
    overflow: Overflow,
}

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64),
    Add(i64),
}

fn bitfield(call: &mut Call<'_>, may_write: bool) -> Outcome {
    let operations = parse(call)?;
    let writes = operations.iter().filter(|operation| !matches!(operation.action, Action::Get));
    let last = writes.map(|operation| operation.field.last(operation.offset)).max();
    let key = call.key(1);
    let answers: Vec<Option<i64>> = match last {
        None => {
            let text = Text::of_any(call.state.read(&key))?;
            operations.iter().map(|operation| Some(operation.field.read(&text, operation.offset))).collect()
        }
        Some(_) if !may_write => return Err(READS_ONLY),
        Some(last) => edit_bits(call, &key, |bytes| {
            let grown = bitmap::reach(bytes, last);
            let mut changes = 0;
            let answers = operations.iter().map(|operation| operation.perform(bytes, grown, &mut changes)).collect();
            // That the string grew is a change, even if each operation failed.
            (changes.max(u64::from(grown)), answers)
        })?,
    };
    call.reply.array(answers.len());
    answers.into_iter().for_each(|answer| reply_or_null(call.reply, answer));
    Ok(())
}

fn reply_or_null(reply: &mut dyn Reply, answer: Option<i64>) {
    match answer {
        Some(value) => reply.integer(value),
        None => reply.null(),
    }
}

fn parse(call: &Call<'_>) -> Result<Vec<Operation>, Error> {
    let (mut operations, mut overflow) = (Vec::new(), Overflow::Wrap);
    let mut words = Words::new(call.args, 2);
    while let Some(word) = words.next() {
        if is(word, "OVERFLOW") {
            overflow = match one_of(words.value()?, &["WRAP", "SAT", "FAIL"]).map_err(|_| NO_OVERFLOW)? {
                "WRAP" => Overflow::Wrap,
                "SAT" => Overflow::Saturate,
                _ => Overflow::Fail,
            };
            continue;
        }
        let name = one_of(word, &["GET", "SET", "INCRBY"])?;
        let (field, at) = (words.value()?, words.value()?);
        let value = if name == "GET" { None } else { Some(words.value()?) };
        let field = Field::parse(field).ok_or(NO_FIELD)?;
        let offset = offset(call, at, field.width())?;
        let action = match value.map(integer).transpose()? {
            None => Action::Get,
            Some(value) if name == "SET" => Action::Set(value),
            Some(value) => Action::Add(value),
        };
        operations.push(Operation { field, offset, action, overflow });
    }
    Ok(operations)
}

impl Operation {
    /// What it answers; null where the value has no room and that makes it fail.
    fn perform(&self, bytes: &mut [u8], grown: bool, changes: &mut u64) -> Option<i64> {
        let Operation { field, offset, action, overflow } = *self;
        let old = field.read(bytes, offset);
        let wanted = match action {
            Action::Get => return Some(old),
            Action::Set(value) => field.argument(value),
            Action::Add(value) => i128::from(old) + i128::from(value),
        };
        let new = field.stored(wanted, overflow)?;
        field.write(bytes, offset, new);
        *changes += u64::from(grown || new != old);
        Some(if matches!(action, Action::Set(_)) { old } else { new })
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn operations_run_in_order() {
        let mut server = Server::new();
        for (line, reply) in [
            ("BITFIELD k SET u8 0 255 GET u4 #1 INCRBY u8 0 1", "1) (integer) 0\n2) (integer) 15\n3) (integer) 0"),
            ("BITFIELD k OVERFLOW SAT INCRBY i5 3 100 OVERFLOW FAIL INCRBY i5 3 1", "1) (integer) 15\n2) (nil)"),
            ("BITFIELD k overflow fail", "(empty array)"),
            ("BITFIELD_RO k GET i5 3", "1) (integer) 15"),
            ("BITFIELD_RO k GET i5 3 SET i5 3 1", "(error) ERR BITFIELD_RO only supports the GET subcommand"),
            ("BITFIELD none GET u63 100", "1) (integer) 0"),
            ("EXISTS none", "(integer) 0"),
            ("BITFIELD new OVERFLOW FAIL SET u8 #3 256", "1) (nil)"),
            ("STRLEN new", "(integer) 4"),
            (
                "BITFIELD k GET u64 0",
                "(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
            ),
            ("BITFIELD k GET u8 4294967296", "(error) ERR bit offset is not an integer or out of range"),
            ("BITFIELD k GET u8", "(error) ERR syntax error"),
            ("BITFIELD k OVERFLOW NEVER", "(error) ERR Invalid OVERFLOW type specified"),
            ("BITFIELD k SET u8 0 x", "(error) ERR value is not an integer or out of range"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn what_stays_the_same_is_not_recorded() {
        let mut server = Server::new();
        server.run("BITFIELD k SET u8 0 7");
        server.run("BITFIELD k SET u8 0 7 GET u8 0");
        server.run("BITFIELD k OVERFLOW FAIL SET u8 0 256");
        assert_eq!(server.records(), "SELECT 0 | BITFIELD k SET u8 0 7");
    }
}
