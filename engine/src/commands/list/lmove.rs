//! LMOVE, RPOPLPUSH and the forms that wait: an element from an end of one list to an end of another.

use crate::base::time::Time;
use crate::commands::blocking::until;
use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit, edit_or_create, expect};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::list::pop::{popped, take};
use crate::commands::list::push::pushed;
use crate::commands::words::one_of;
use crate::keyspace::{Key, Kind};
use crate::resp::error::Error;
use crate::types::list::End;
use crate::types::{Limits, List};

pub static LMOVE: Command = Command {
    summary: "Takes an element off an end of a list and adds it at an end of another, or of the same.",
    arity: 5,
    flags: CHANGES,
    keys: KEYS,
    arguments: &[SOURCE, DESTINATION, FROM, TO],
    run: |call| move_element(call, ends(call)?, None),
    ..Command::new("lmove", Group::List, "6.2.0", "O(1)")
};

pub static RPOPLPUSH: Command = Command {
    summary: "Takes the last element of a list and adds it at the head of another, or of the same.",
    arity: 3,
    flags: CHANGES,
    keys: KEYS,
    arguments: &[SOURCE, DESTINATION],
    run: |call| move_element(call, (End::Tail, End::Head), None),
    ..Command::new("rpoplpush", Group::List, "1.2.0", "O(1)")
};

pub static BLMOVE: Command = Command {
    summary: "Does what LMOVE does, and waits for an element if there is none.",
    arity: 6,
    flags: CHANGES.and(Flags::BLOCKING),
    keys: KEYS,
    arguments: &[SOURCE, DESTINATION, FROM, TO, Argument::double("timeout")],
    run: |call| {
        let ends = ends(call)?;
        let until = until(call.state.now, call.arg(5))?;
        move_element(call, ends, Some(until))
    },
    ..Command::new("blmove", Group::List, "6.2.0", "O(1)")
};

pub static BRPOPLPUSH: Command = Command {
    summary: "Does what RPOPLPUSH does, and waits for an element if there is none.",
    arity: 4,
    flags: CHANGES.and(Flags::BLOCKING),
    keys: KEYS,
    arguments: &[SOURCE, DESTINATION, Argument::double("timeout")],
    run: |call| {
        let until = until(call.state.now, call.arg(3))?;
        move_element(call, (End::Tail, End::Head), Some(until))
    },
    ..Command::new("brpoplpush", Group::List, "2.2.0", "O(1)")
};

const CHANGES: Flags = Flags::WRITE.and(Flags::DENY_OOM);
const KEYS: &[KeySpec] = &[KeySpec::one(1, Access::READ_AND_DELETE), KeySpec::one(2, Access::INSERT)];
const SOURCE: Argument = Argument::key("source");
const DESTINATION: Argument = Argument::key("destination").key_spec(1);
const FROM: Argument = Argument::one_of("wherefrom", SIDES);
const TO: Argument = Argument::one_of("whereto", SIDES);
const SIDES: &[Argument] = &[Argument::word("left", "LEFT"), Argument::word("right", "RIGHT")];

fn ends(call: &Call<'_>) -> Result<(End, End), Error> {
    Ok((end(call.arg(3))?, end(call.arg(4))?))
}

/// # Errors
/// The word is neither `LEFT` nor `RIGHT`.
fn end(word: &[u8]) -> Result<End, Error> {
    Ok(if one_of(word, &["LEFT", "RIGHT"])? == "LEFT" { End::Head } else { End::Tail })
}

/// Moves one element; where there is none, waits until the given moment, if the command is one that waits.
fn move_element(call: &mut Call<'_>, (from, to): (End, End), waits: Option<Option<Time>>) -> Outcome {
    let (source, destination) = (call.key(1), call.key(2));
    let Some(list) = expect::<List>(call.state.look_to_write(&source))? else {
        match waits {
            Some(until) if !call.state.in_transaction => call.wait(call.args.range(1..2), Kind::List, until),
            _ => call.reply.null(),
        }
        return Ok(());
    };
    let at = if from == End::Head { 0 } else { list.len() - 1 };
    let element = list.get(at).expect("a list that is there has elements").with(<[u8]>::to_vec);
    if source.bytes == destination.bytes {
        rotate(call, &source, (from, to), &element)?;
    } else {
        expect::<List>(call.state.look_to_write(&destination))?;
        edit_or_create(
            call,
            &destination,
            pushed(to),
            |_| List::new(),
            |list: &mut List, limits| {
                list.push(to, &element, limits);
                Edit { changes: 1, result: () }
            },
        )?;
        take(call, &source, from, 1)?;
    }
    match call.command.name {
        "blmove" => call.record(&[b"LMOVE", source.bytes, destination.bytes, call.arg(3), call.arg(4)]),
        "brpoplpush" => call.record(&[b"RPOPLPUSH", source.bytes, destination.bytes]),
        _ => {}
    }
    call.reply.bulk(&element);
    Ok(())
}

/// Moves an element within a list, which is never empty meanwhile.
fn rotate(call: &mut Call<'_>, key: &Key<'_>, (from, to): (End, End), element: &[u8]) -> Outcome {
    edit(call, key, pushed(to), |list: &mut List, limits: &Limits| {
        list.pop(from, limits, |_| ());
        list.push(to, element, limits);
        Edit { changes: 1, result: () }
    })?;
    call.notice(key.bytes, crate::keyspace::change::Notify::LIST, popped(from));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn elements_move_between_ends() {
        let mut server = Server::new();
        server.run("RPUSH a 1 2 3");
        for (line, reply) in [
            ("LMOVE a b LEFT RIGHT", "\"1\""),
            ("RPOPLPUSH a b", "\"3\""),
            ("LRANGE b 0 -1", "1) \"3\"\n2) \"1\""),
            ("LMOVE b b LEFT RIGHT", "\"3\""),
            ("LRANGE b 0 -1", "1) \"1\"\n2) \"3\""),
            ("EXPIRE a 100", "(integer) 1"),
            ("LMOVE a a LEFT LEFT", "\"2\""),
            ("TTL a", "(integer) 100"),
            ("BLMOVE a b RIGHT RIGHT 0", "\"2\""),
            ("EXISTS a", "(integer) 0"),
            ("LMOVE a b LEFT LEFT", "(nil)"),
            ("LMOVE a b LEFT UP", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        server.run("SET s v");
        assert!(server.run("LMOVE b s LEFT LEFT").contains("WRONGTYPE"));
        assert_eq!(server.run("LLEN b"), "(integer) 3");
    }

    #[test]
    fn who_waits_is_given_what_arrives_and_hands_it_on() {
        let mut server = Server::new();
        server.run_as(1, "BLMOVE a b LEFT RIGHT 0");
        server.run_as(2, "BRPOPLPUSH b c 0");
        server.run_as(3, "BLPOP c 0");
        server.run("RPUSH a x");
        assert_eq!((server.told(1), server.told(2)), ("\"x\"".into(), "\"x\"".into()));
        assert_eq!(server.told(3), "1) \"c\"\n2) \"x\"");
        assert_eq!(server.records(), "SELECT 0 | RPUSH a x | LMOVE a b LEFT RIGHT | RPOPLPUSH b c | LPOP c");
    }

    #[test]
    fn who_cannot_be_given_it_takes_nothing() {
        let mut server = Server::new();
        server.run_as(1, "BLMOVE a b LEFT LEFT 0");
        server.run("SET b text");
        server.run("RPUSH a x");
        assert!(server.told(1).contains("WRONGTYPE"));
        assert_eq!(server.run("LLEN a"), "(integer) 1");
    }
}
