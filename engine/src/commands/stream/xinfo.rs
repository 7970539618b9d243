//! XINFO: streams, groups and consumers, to look at.

use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::xgroup::wrong_words;
use crate::commands::stream::{no_such_group, reply_entries, reply_entry, reply_id};
use crate::commands::words::is;
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};
use crate::types::Stream;
use crate::types::stream::{Consumer, Entries, Entry, Group as StreamGroup, Id};

pub static XINFO: Command = Command {
    summary: "Looks at streams, their groups and their consumers.",
    arity: -2,
    subcommands: &[&CONSUMERS, &GROUPS, &HELP, &STREAM],
    ..Command::new("xinfo", Group::Stream, "5.0.0", "that of its subcommand")
};

static CONSUMERS: Command = Command {
    summary: "The consumers of a group: what is pending for each, when it asked, when it last got something.",
    arity: 4,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(2, Access::READ)],
    arguments: &[Argument::key("key"), Argument::string("group")],
    tips: &["nondeterministic_output"],
    full_name: "xinfo|consumers",
    run: consumers,
    ..Command::new("consumers", Group::Stream, "5.0.0", "O(N) in the consumers")
};

static GROUPS: Command = Command {
    summary: "The groups of a stream: how far each has come, and how far it is behind.",
    arity: 3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(2, Access::READ)],
    arguments: &[Argument::key("key")],
    full_name: "xinfo|groups",
    run: groups,
    ..Command::new("groups", Group::Stream, "5.0.0", "O(N) in the groups")
};

static STREAM: Command = Command {
    summary: "A stream: its length, its nodes, what it remembers; in FULL with entries, groups and all that is pending.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(2, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::block(
            "full-block",
            &[Argument::word("full", "FULL"), Argument::integer("count").token("COUNT").optional()],
        )
        .optional(),
    ],
    full_name: "xinfo|stream",
    run: stream,
    ..Command::new("stream", Group::Stream, "5.0.0", "O(1)")
};

static HELP: Command = Command::help("xinfo|help", Group::Stream, "5.0.0");

/// How many of each kind FULL tells.
const SOME: i64 = 10;

fn consumers(call: &mut Call<'_>) -> Outcome {
    let (key, name, now) = (call.key(2), call.arg(3), call.state.now.millis());
    let Call { state, reply, .. } = call;
    let stream = expect::<Stream>(state.read(&key))?.ok_or(error::NO_SUCH_KEY)?;
    let (_, group) = stream.group(name).ok_or_else(|| no_such_group(key.bytes, name))?;
    reply.array(group.consumers().len());
    for (_, name, consumer) in group.consumers().iter() {
        let since = |then: u64| (now as i64).wrapping_sub(then as i64).max(0);
        reply.map(4);
        reply.field("name");
        reply.bulk(name);
        reply.field("pending");
        reply.integer(consumer.pending() as i64);
        reply.field("idle");
        reply.integer(since(consumer.seen));
        reply.field("inactive");
        reply.integer(consumer.active.map_or(-1, since));
    }
    Ok(())
}

fn groups(call: &mut Call<'_>) -> Outcome {
    let key = call.key(2);
    let Call { state, reply, .. } = call;
    let stream = expect::<Stream>(state.read(&key))?.ok_or(error::NO_SUCH_KEY)?;
    reply.array(stream.groups().len());
    for (_, name, group) in stream.groups().iter() {
        reply.map(6);
        reply.field("name");
        reply.bulk(name);
        reply.field("consumers");
        reply.integer(group.consumers().len() as i64);
        reply.field("pending");
        reply.integer(group.pending() as i64);
        progress(*reply, group, &stream.entries);
    }
    Ok(())
}

/// How far a group has come, in three fields.
fn progress(reply: &mut dyn Reply, group: &StreamGroup, entries: &Entries) {
    let number = |reply: &mut dyn Reply, number: Option<i64>| match number {
        Some(number) => reply.integer(number),
        None => reply.null(),
    };
    reply.field("last-delivered-id");
    reply_id(reply, group.last);
    reply.field("entries-read");
    number(reply, group.read.map(|read| read as i64));
    reply.field("lag");
    number(reply, group.lag(entries));
}

fn stream(call: &mut Call<'_>) -> Outcome {
    let key = call.key(2);
    let full = full(call);
    let Call { state, reply, .. } = call;
    let stream = expect::<Stream>(state.read(&key))?.ok_or(error::NO_SUCH_KEY)?;
    match full? {
        None => overview(*reply, stream),
        Some(count) => whole(*reply, stream, count),
    }
    Ok(())
}

/// How many of each kind are to be told; none for the overview.
fn full(call: &Call<'_>) -> Result<Option<usize>, Error> {
    let count = match call.args.len() {
        3 => return Ok(None),
        _ if !is(call.arg(3), "FULL") => return Err(wrong_words(call, "XINFO")),
        4 => SOME,
        6 if is(call.arg(4), "COUNT") => integer(call.arg(5))?,
        _ => return Err(wrong_words(call, "XINFO")),
    };
    Ok(Some(match count {
        0 => usize::MAX,
        ..0 => SOME as usize,
        _ => usize::try_from(count).unwrap_or(usize::MAX),
    }))
}

/// What a stream is and remembers, in seven fields.
fn memory(reply: &mut dyn Reply, entries: &Entries) {
    for (name, number) in
        [("length", entries.len()), ("radix-tree-keys", entries.nodes()), ("radix-tree-nodes", entries.radix_nodes())]
    {
        reply.field(name);
        reply.integer(number as i64);
    }
    reply.field("last-generated-id");
    reply_id(reply, entries.last);
    reply.field("max-deleted-entry-id");
    reply_id(reply, entries.max_deleted);
    reply.field("entries-added");
    reply.integer(entries.added as i64);
    reply.field("recorded-first-entry-id");
    reply_id(reply, entries.first());
}

fn overview(reply: &mut dyn Reply, stream: &Stream) {
    let entries = &stream.entries;
    reply.map(10);
    memory(reply, entries);
    reply.field("groups");
    reply.integer(stream.groups().len() as i64);
    let edge = |reply: &mut dyn Reply, name, entry: Option<Entry<'_>>| {
        reply.field(name);
        match entry {
            Some(entry) => reply_entry(reply, &entry),
            None => reply.null(),
        }
    };
    edge(reply, "first-entry", entries.range(Id::MIN, Id::MAX).next());
    edge(reply, "last-entry", entries.range_back(Id::MIN, Id::MAX).next());
}

fn whole(reply: &mut dyn Reply, stream: &Stream, count: usize) {
    let entries = &stream.entries;
    reply.map(9);
    memory(reply, entries);
    reply.field("entries");
    reply_entries(reply, entries.range(Id::MIN, Id::MAX).take(count), |_| {});
    reply.field("groups");
    reply.array(stream.groups().len());
    for (_, name, group) in stream.groups().iter() {
        reply.map(7);
        reply.field("name");
        reply.bulk(name);
        progress(reply, group, entries);
        reply.field("pel-count");
        reply.integer(group.pending() as i64);
        reply.field("pending");
        reply.array(group.pending().min(count));
        for pending in group.pending_from(Id::MIN).take(count) {
            reply.array(4);
            reply_id(reply, pending.id);
            reply.bulk(group.consumers().name(pending.consumer));
            reply.integer(pending.time as i64);
            reply.integer(pending.count as i64);
        }
        reply.field("consumers");
        reply.array(group.consumers().len());
        for (_, name, consumer) in group.consumers().iter() {
            whole_consumer(reply, group, name, consumer, count);
        }
    }
}

fn whole_consumer(reply: &mut dyn Reply, group: &StreamGroup, name: &[u8], consumer: &Consumer, count: usize) {
    reply.map(5);
    reply.field("name");
    reply.bulk(name);
    reply.field("seen-time");
    reply.integer(consumer.seen as i64);
    reply.field("active-time");
    reply.integer(consumer.active.map_or(-1, |active| active as i64));
    reply.field("pel-count");
    reply.integer(consumer.pending() as i64);
    reply.field("pending");
    reply.array(consumer.pending().min(count));
    for pending in consumer.ids_from(Id::MIN).take(count).filter_map(|id| group.find(id)) {
        reply.array(3);
        reply_id(reply, pending.id);
        reply.integer(pending.time as i64);
        reply.integer(pending.count as i64);
    }
}
