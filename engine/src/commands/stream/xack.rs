//! XACK, XACKDEL: a consumer is done with entries.

use alloc::vec::Vec;

use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::xdel::{References, WHICH, numbered_ids};
use crate::commands::stream::{Site, edit, entry_id, ids};
use crate::event::Step;
use crate::types::Stream;
use crate::types::stream::Id;
use crate::types::stream::named::Number;

pub static XACK: Command = Command {
    summary: "Ends the pending of entries, and says of how many.",
    arity: -4,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[Argument::key("key"), Argument::string("group"), Argument::string("id").multiple()],
    run: xack,
    ..Command::new("xack", Group::Stream, "5.0.0", "O(log(N)) for each ID: N entries pending")
};

pub static XACKDEL: Command = Command {
    summary: "Ends the pending of entries and deletes them, whatever other groups have pending.",
    arity: -6,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[
        Argument::key("key"),
        Argument::string("group"),
        WHICH,
        Argument::integer("numids").token("IDS"),
        Argument::string("id").multiple(),
    ],
    run: xackdel,
    ..Command::new("xackdel", Group::Stream, "8.2.0", "O(log(N)) for each ID")
};

impl Site<'_> {
    /// Whether the entry was pending.
    fn acknowledge(&mut self, group: (&[u8], Number), id: Id) -> bool {
        self.edit_group(group.1, |it, _, tell| {
            let Some(old) = it.acknowledge(id) else { return false };
            tell.effects.changed_silently();
            let consumer = it.consumers().name(old.consumer);
            let group = group.0;
            tell.step(|| Step::Acknowledged { group: group.into(), consumer: consumer.into(), id: entry_id(id) });
            true
        })
    }
}

fn xack(call: &mut Call<'_>) -> Outcome {
    let (key, name) = (call.key(1), call.arg(2));
    let stream = expect::<Stream>(call.state.look_to_write(&key))?;
    let Some((number, _)) = stream.and_then(|stream| stream.group(name)) else {
        call.reply.integer(0);
        return Ok(());
    };
    let ids = ids(call.args.from(3))?;
    let acknowledged =
        edit(call.state, &key, |site| ids.into_iter().filter(|&id| site.acknowledge((name, number), id)).count());
    call.reply.integer(acknowledged as i64);
    Ok(())
}

fn xackdel(call: &mut Call<'_>) -> Outcome {
    let (key, name) = (call.key(1), call.arg(2));
    let (references, ids) = numbered_ids(call.args, 3)?;
    let stream = expect::<Stream>(call.state.look_to_write(&key))?;
    call.reply.array(ids.len());
    let Some((number, _)) = stream.and_then(|stream| stream.group(name)) else {
        ids.iter().for_each(|_| call.reply.integer(-1));
        return Ok(());
    };
    let results: Vec<i64> = edit(call.state, &key, |site| {
        let one = |&id: &Id| {
            if !site.acknowledge((name, number), id) {
                return -1;
            }
            if references == References::Acknowledged && site.is_referenced(id) {
                return 2;
            }
            site.delete_with(id, references);
            1
        };
        ids.iter().map(one).collect()
    });
    results.into_iter().for_each(|result| call.reply.integer(result));
    Ok(())
}
