//! LMPOP, BLMPOP: several elements off an end of the first of some lists that has any.

use crate::base::number::format_i64;
use crate::commands::blocking::until;
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec};
use crate::commands::list::pop::{reply_taken, take};
use crate::commands::pops::Pops;
use crate::keyspace::Kind;
use crate::resp::error::Error;
use crate::types::List;
use crate::types::list::End;

pub static LMPOP: Command = Command {
    summary: "Takes elements off an end of the first of some lists that has any.",
    arity: -4,
    flags: Flags::WRITE,
    keys: &[KeySpec::counted(1, Access::READ_AND_DELETE)],
    arguments: &[NUMKEYS, KEYS, WHERE, COUNT],
    run: |call| {
        let (pops, end) = pops(call, 1)?;
        if !pop_first(call, &pops, end)? {
            call.reply.null_array();
        }
        Ok(())
    },
    ..Command::new("lmpop", Group::List, "7.0.0", "O(N+M): N keys, M elements taken")
};

pub static BLMPOP: Command = Command {
    summary: "Does what LMPOP does, and waits for elements if there are none.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::BLOCKING),
    keys: &[KeySpec::counted(2, Access::READ_AND_DELETE)],
    arguments: &[Argument::double("timeout"), NUMKEYS, KEYS, WHERE, COUNT],
    run: |call| {
        let (pops, end) = pops(call, 2)?;
        let until = until(call.state.now, call.arg(1))?;
        if !pop_first(call, &pops, end)? {
            call.wait(pops.keys, Kind::List, until);
        }
        Ok(())
    },
    ..Command::new("blmpop", Group::List, "7.0.0", "O(N+M): N keys, M elements taken")
};

const NUMKEYS: Argument = Argument::integer("numkeys");
const KEYS: Argument = Argument::key("key").multiple();
const WHERE: Argument = Argument::one_of("where", &[Argument::word("left", "LEFT"), Argument::word("right", "RIGHT")]);
const COUNT: Argument = Argument::integer("count").token("COUNT").optional();

/// What the words say from the number of keys on.
fn pops<'a>(call: &Call<'a>, at: usize) -> Result<(Pops<'a>, End), Error> {
    let pops = Pops::parse(call.args, at, ["LEFT", "RIGHT"])?;
    let end = if pops.first { End::Head } else { End::Tail };
    Ok((pops, end))
}

/// Whether any of the lists had an element.
fn pop_first(call: &mut Call<'_>, pops: &Pops<'_>, end: End) -> Result<bool, Error> {
    for name in pops.keys.iter() {
        let key = call.state.key(name);
        if expect::<List>(call.state.look_to_write(&key))?.is_none() {
            continue;
        }
        let taken = take(call, &key, end, pops.count)?;
        let number = format_i64(taken.as_args().len() as i64);
        call.record(&[if end == End::Head { b"LPOP" } else { b"RPOP" }, name, &number]);
        call.reply.array(2);
        call.reply.bulk(name);
        reply_taken(call.reply, &taken);
        return Ok(true);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn the_first_list_that_has_any_gives() {
        let mut server = Server::new();
        server.run("RPUSH b 1 2 3 4");
        for (line, reply) in [
            ("LMPOP 2 a b LEFT", "1) \"b\"\n2) 1) \"1\""),
            ("LMPOP 2 a b RIGHT COUNT 2", "1) \"b\"\n2) 1) \"4\"\n   2) \"3\""),
            ("BLMPOP 0 1 b LEFT COUNT 99", "1) \"b\"\n2) 1) \"2\""),
            ("LMPOP 1 b LEFT", "(nil)"),
            ("LMPOP 0 b LEFT", "(error) ERR numkeys should be greater than 0"),
            ("LMPOP 9223372036854775807 b LEFT", "(error) ERR syntax error"),
            ("LMPOP 1 b LEFT COUNT 0", "(error) ERR count should be greater than 0"),
            ("LMPOP 1 b LEFT COUNT 1 COUNT 1", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(server.records(), "SELECT 0 | RPUSH b 1 2 3 4 | LPOP b 1 | RPOP b 2 | LPOP b 1");
    }

    #[test]
    fn what_one_leaves_the_next_is_given() {
        let mut server = Server::new();
        server.run_as(1, "BLMPOP 0 2 a b LEFT COUNT 2");
        server.run_as(2, "BLMPOP 0 1 b RIGHT COUNT 5");
        server.run("RPUSH b 1 2 3");
        assert_eq!(server.told(1), "1) \"b\"\n2) 1) \"1\"\n   2) \"2\"");
        assert_eq!(server.told(2), "1) \"b\"\n2) 1) \"3\"");
    }
}
