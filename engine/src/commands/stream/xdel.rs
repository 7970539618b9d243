//! XDEL, XDELEX: entries go. What was pending of them stays pending, unless XDELEX is told otherwise.

use alloc::vec::Vec;

use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{Site, edit, ids};
use crate::commands::words::{Words, is};
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::types::Stream;
use crate::types::stream::Id;
use crate::types::stream::named::Number;

pub static XDEL: Command = Command {
    summary: "Deletes entries, and says how many.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::string("id").multiple()],
    run: xdel,
    ..Command::new("xdel", Group::Stream, "5.0.0", "O(log(N)) for each ID: N nodes")
};

pub static XDELEX: Command = Command {
    summary: "Deletes entries with what groups have pending of them, or only those that no group needs any more.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[
        Argument::key("key"),
        WHICH,
        Argument::integer("numids").token("IDS"),
        Argument::string("id").multiple(),
    ],
    run: xdelex,
    ..Command::new("xdelex", Group::Stream, "8.2.0", "O(log(N)) for each ID, and each group where these are asked")
};

pub(super) const WHICH: Argument = Argument::one_of(
    "condition",
    &[Argument::word("keepref", "KEEPREF"), Argument::word("delref", "DELREF"), Argument::word("acked", "ACKED")],
)
.optional();

/// What becomes of what groups have pending of an entry that is to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum References {
    Keep,
    Delete,
    /// The entry is deleted only once every group has been given it and has acknowledged it.
    Acknowledged,
}

impl References {
    pub fn named(word: &[u8]) -> Option<References> {
        let all = [References::Keep, References::Delete, References::Acknowledged];
        all.into_iter().find(|references| is(word, references.name()))
    }

    pub fn name(self) -> &'static str {
        match self {
            References::Keep => "KEEPREF",
            References::Delete => "DELREF",
            References::Acknowledged => "ACKED",
        }
    }
}

const WRONG_NUMBER: Error = Error::fixed("ERR Number of IDs must be a positive integer");
const OTHER_NUMBER: Error = Error::fixed("ERR The `numids` parameter must match the number of arguments");

/// The words `[KEEPREF | DELREF | ACKED] IDS numids id …`.
///
/// # Errors
/// Whatever is wrong with them.
pub(super) fn numbered_ids(args: Args<'_>, from: usize) -> Result<(References, Vec<Id>), Error> {
    let mut words = Words::new(args, from);
    let mut references = References::Keep;
    loop {
        let word = words.value()?;
        references = match References::named(word) {
            Some(named) => named,
            None if is(word, "IDS") => break,
            None => return Err(error::SYNTAX),
        };
    }
    let number = integer(words.value()?).ok().filter(|&number| number > 0).ok_or(WRONG_NUMBER)?;
    let rest = args.from(words.position());
    if rest.len() as i64 != number {
        return Err(OTHER_NUMBER);
    }
    Ok((references, ids(rest)?))
}

impl Site<'_> {
    /// Whether a group has yet to be given an entry, or has it pending.
    pub(super) fn is_referenced(&self, id: Id) -> bool {
        self.stream.groups().iter().any(|(_, _, group)| id > group.last || group.find(id).is_some())
    }

    /// Deletes an entry, and reports it; whether it was there.
    pub(super) fn delete_with(&mut self, id: Id, references: References) -> bool {
        if references == References::Delete {
            self.delete_references(id);
        }
        let deleted = self.delete(id);
        if deleted {
            self.tell.changed(1, "xdel");
        }
        deleted
    }

    pub(super) fn delete_references(&mut self, id: Id) {
        let numbers: Vec<Number> = self.stream.groups().iter().map(|(number, _, _)| number).collect();
        for number in numbers {
            let name = self.stream.groups().name(number).to_vec();
            self.edit_group(number, |group, _, tell| {
                if let Some(old) = group.acknowledge(id) {
                    tell.effects.changed_silently();
                    let consumer = group.consumers().name(old.consumer);
                    tell.step(|| crate::event::Step::Dropped {
                        group: name.into(),
                        consumer: consumer.into(),
                        id: super::entry_id(id),
                    });
                }
            });
        }
    }
}

fn xdel(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    if expect::<Stream>(call.state.look_to_write(&key))?.is_none() {
        call.reply.integer(0);
        return Ok(());
    }
    let ids = ids(call.args.from(2))?;
    let deleted = edit(call.state, &key, |site| {
        let deleted = ids.into_iter().filter(|&id| site.delete(id)).count();
        if deleted > 0 {
            site.tell.changed(deleted as u64, "xdel");
        }
        deleted
    });
    call.reply.integer(deleted as i64);
    Ok(())
}

fn xdelex(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let (references, ids) = numbered_ids(call.args, 2)?;
    let is_there = expect::<Stream>(call.state.look_to_write(&key))?.is_some();
    call.reply.array(ids.len());
    if !is_there {
        ids.iter().for_each(|_| call.reply.integer(-1));
        return Ok(());
    }
    let results: Vec<i64> = edit(call.state, &key, |site| {
        let one = |&id: &Id| match references {
            References::Acknowledged if site.stream.entries.contains(id) && site.is_referenced(id) => 2,
            _ if site.delete_with(id, references) => 1,
            _ => -1,
        };
        ids.iter().map(one).collect()
    });
    results.into_iter().for_each(|result| call.reply.integer(result));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn a_pending_entry_stays_pending_until_it_is_acknowledged() {
        let mut server = Server::new();
        for line in ["XADD s 1-0 f v", "XADD s 2-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >"] {
            server.run(line);
        }
        for (line, reply) in [
            ("XDEL s 0", "(integer) 0"),
            ("XDEL s 1-0 1-0 7-7", "(integer) 1"),
            ("XPENDING s g", "1) (integer) 2\n2) \"1-0\"\n3) \"2-0\"\n4) 1) 1) \"c\"\n      2) \"2\""),
            ("XREADGROUP GROUP g c COUNT 1 STREAMS s 0", "1) 1) \"s\"\n   2) 1) 1) \"1-0\"\n         2) (nil)"),
            ("XACK s g 1-0", "(integer) 1"),
            ("XDELEX s ACKED IDS 1 2-0", "1) (integer) 2"),
            ("XACKDEL s g ACKED IDS 2 2-0 9-9", "1) (integer) 1\n2) (integer) -1"),
            ("XLEN s", "(integer) 0"),
            ("EXISTS s", "(integer) 1"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn references_go_where_that_is_asked_for() {
        let mut server = Server::new();
        for line in ["XADD s 1-0 f v", "XGROUP CREATE s g 0", "XGROUP CREATE s h 0", "XREADGROUP GROUP g c STREAMS s >"]
        {
            server.run(line);
        }
        for (line, reply) in [
            ("XDELEX s IDS 2 1-0", "(error) ERR The `numids` parameter must match the number of arguments"),
            ("XDELEX s IDS 0 1-0", "(error) ERR Number of IDs must be a positive integer"),
            ("XDELEX none IDS 1 1-0", "1) (integer) -1"),
            ("XACKDEL s h IDS 1 1-0", "1) (integer) -1"),
            ("XDELEX s DELREF IDS 1 1-0", "1) (integer) 1"),
            ("XPENDING s g", "1) (integer) 0\n2) (nil)\n3) (nil)\n4) (nil)"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
