//! ZPOPMIN, ZPOPMAX, ZMPOP and the forms that wait: members taken from an end of the order.

use alloc::vec::Vec;

use crate::base::number::{format_u64, parse_i64};
use crate::collections::listpack::Element;
use crate::commands::blocking::until;
use crate::commands::call::{Call, count};
use crate::commands::collection::{Edit, edit};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::pops::Pops;
use crate::commands::zset::{begin_members, reply_member};
use crate::keyspace::{Key, Kind};
use crate::resp::error::{self, Error};
use crate::types::ZSet;
use crate::types::zset::Scored;

pub static ZPOPMIN: Command = Command {
    summary: "Takes the members with the lowest scores.",
    run: |call| pop(call, End::Min),
    ..removal("zpopmin")
};

pub static ZPOPMAX: Command = Command {
    summary: "Takes the members with the highest scores.",
    run: |call| pop(call, End::Max),
    ..removal("zpopmax")
};

pub static ZMPOP: Command = Command {
    summary: "Takes members from an end of the first sorted set of several that is there.",
    arity: -4,
    flags: Flags::WRITE.and(Flags::MOVABLE_KEYS),
    keys: &[KeySpec::counted(1, Access::READ_AND_DELETE)],
    arguments: &[
        Argument::integer("numkeys"),
        Argument::key("key").multiple(),
        Argument::one_of("where", &[Argument::word("min", "MIN"), Argument::word("max", "MAX")]),
        Argument::integer("count").token("COUNT").optional(),
    ],
    run: zmpop,
    ..Command::new("zmpop", Group::SortedSet, "7.0.0", "O(K)+O(M*log(N)): K keys, N members, M of them taken")
};

pub static BZMPOP: Command = Command {
    summary: "Does what ZMPOP does, and waits for members if there are none.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::MOVABLE_KEYS),
    keys: &[KeySpec::counted(2, Access::READ_AND_DELETE)],
    arguments: &[
        Argument::double("timeout"),
        Argument::integer("numkeys"),
        Argument::key("key").multiple(),
        Argument::one_of("where", &[Argument::word("min", "MIN"), Argument::word("max", "MAX")]),
        Argument::integer("count").token("COUNT").optional(),
    ],
    run: bzmpop,
    ..Command::new("bzmpop", Group::SortedSet, "7.0.0", "O(K)+O(M*log(N)): K keys, N members, M of them taken")
};

pub static BZPOPMIN: Command = Command {
    summary: "Takes the member with the lowest score of one of some sorted sets, and waits for one if all are empty.",
    run: |call| blocking_pop(call, End::Min),
    ..blocking_removal("bzpopmin")
};

pub static BZPOPMAX: Command = Command {
    summary: "Takes the member with the highest score of one of some sorted sets, and waits for one if all are empty.",
    run: |call| blocking_pop(call, End::Max),
    ..blocking_removal("bzpopmax")
};

const fn blocking_removal(name: &'static str) -> Command {
    Command {
        arity: -3,
        flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::FAST),
        keys: const { &[KeySpec::until(1, -2, 1, Access::READ_AND_DELETE)] },
        arguments: const { &[Argument::key("key").multiple(), Argument::double("timeout")] },
        ..Command::new(name, Group::SortedSet, "5.0.0", "O(log(N)) in the members")
    }
}

const fn removal(name: &'static str) -> Command {
    Command {
        arity: -2,
        flags: Flags::WRITE.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::READ_AND_DELETE)] },
        arguments: const { &[Argument::key("key"), Argument::integer("count").optional()] },
        ..Command::new(name, Group::SortedSet, "5.0.0", "O(M*log(N)): N members, M of them taken")
    }
}

/// The end of the order that members are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

/// Members with their scores, in the order in which they were taken.
#[derive(Default)]
struct Taken {
    members: Vec<u8>,
    /// Where each member begins and ends.
    places: Vec<(usize, usize, f64)>,
}

impl Taken {
    fn add(&mut self, Scored { member, score }: Scored<'_>) {
        let start = self.members.len();
        member.with(|member| self.members.extend_from_slice(member));
        self.places.push((start, self.members.len(), score));
    }

    fn len(&self) -> usize {
        self.places.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], f64)> {
        self.places.iter().map(|&(start, end, score)| (&self.members[start..end], score))
    }
}

/// Takes up to `count` members from an end of a key's sorted set, reports that, and records it as the command that does
/// just this; `None` where there is no such key.
///
/// # Errors
/// The key holds a value of another type.
fn take(call: &mut Call<'_>, key: &Key<'_>, end: End, count: usize) -> Result<Option<Taken>, Error> {
    let (what, command): (_, &[u8]) = match end {
        End::Min => ("zpopmin", b"ZPOPMIN"),
        End::Max => ("zpopmax", b"ZPOPMAX"),
    };
    let taken = edit(call, key, what, |set: &mut ZSet, _| {
        let (len, count) = (set.len(), count.min(set.len()));
        let ranks = if end == End::Min { 0..count } else { len - count..len };
        let mut taken = Taken::default();
        set.remove_range(ranks, |scored| taken.add(scored));
        if end == End::Max {
            taken.places.reverse();
        }
        Edit { changes: count as u64, result: taken }
    })?;
    if let Some(taken) = taken.as_ref().filter(|taken| taken.len() > 0) {
        call.record(&[command, key.bytes, &format_u64(taken.len() as u64)]);
    }
    Ok(taken)
}

fn pop(call: &mut Call<'_>, end: End) -> Outcome {
    if call.args.len() > 3 {
        return call.syntax();
    }
    let asked = match call.args.get(2) {
        None => None,
        Some(text) => Some(parse_i64(text).and_then(count).ok_or(error::NOT_POSITIVE)?),
    };
    let key = call.key(1);
    let taken = take(call, &key, end, asked.unwrap_or(1))?.unwrap_or_default();
    match (asked, taken.iter().next()) {
        (None, Some((member, score))) => {
            call.reply.array(2);
            call.reply.bulk(member);
            call.reply.double(score);
        }
        _ => {
            begin_members(call.reply, taken.len(), true);
            for (member, score) in taken.iter() {
                reply_member(call.reply, Scored { member: Element::Bytes(member), score }, true);
            }
        }
    }
    Ok(())
}

/// What the words of ZMPOP and BZMPOP say from the number of keys on.
fn pops<'a>(call: &Call<'a>, at: usize) -> Result<(Pops<'a>, End), Error> {
    let pops = Pops::parse(call.args, at, ["MIN", "MAX"])?;
    let end = if pops.first { End::Min } else { End::Max };
    Ok((pops, end))
}

/// Whether any of the sorted sets had a member.
fn pop_first(call: &mut Call<'_>, pops: &Pops<'_>, end: End) -> Result<bool, Error> {
    for name in pops.keys.iter() {
        let key = call.state.key(name);
        if let Some(taken) = take(call, &key, end, pops.count)? {
            call.reply.array(2);
            call.reply.bulk(name);
            call.reply.array(taken.len());
            for (member, score) in taken.iter() {
                call.reply.array(2);
                call.reply.bulk(member);
                call.reply.double(score);
            }
            return Ok(true);
        }
    }
    Ok(false)
}

fn zmpop(call: &mut Call<'_>) -> Outcome {
    let (pops, end) = pops(call, 1)?;
    if !pop_first(call, &pops, end)? {
        call.reply.null_array();
    }
    Ok(())
}

fn bzmpop(call: &mut Call<'_>) -> Outcome {
    let (pops, end) = pops(call, 2)?;
    let until = until(call.state.now, call.arg(1))?;
    if !pop_first(call, &pops, end)? {
        call.wait(pops.keys, Kind::ZSet, until);
    }
    Ok(())
}

fn blocking_pop(call: &mut Call<'_>, end: End) -> Outcome {
    let last = call.args.len() - 1;
    let until = until(call.state.now, call.arg(last))?;
    let keys = call.args.range(1..last);
    for name in keys.iter() {
        let key = call.state.key(name);
        let taken = take(call, &key, end, 1)?;
        if let Some((member, score)) = taken.iter().flat_map(Taken::iter).next() {
            call.reply.array(3);
            call.reply.bulk(name);
            call.reply.bulk(member);
            call.reply.double(score);
            return Ok(());
        }
    }
    call.wait(keys, Kind::ZSet, until);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn members_go_from_either_end() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c 4 d 5 e");
        for (line, reply) in [
            ("ZPOPMIN z", "1) \"a\"\n2) \"1\""),
            ("ZPOPMAX z 2", "1) \"e\"\n2) \"5\"\n3) \"d\"\n4) \"4\""),
            ("ZPOPMIN z 0", "(empty array)"),
            ("ZPOPMIN none", "(empty array)"),
            ("ZPOPMIN z -1", "(error) ERR value is out of range, must be positive"),
            ("ZPOPMIN z 1 2", "(error) ERR syntax error"),
            ("ZMPOP 2 none z MAX", "1) \"z\"\n2) 1) 1) \"c\"\n      2) \"3\""),
            ("ZMPOP 1 none MIN", "(nil)"),
            ("ZMPOP 0 z MIN", "(error) ERR numkeys should be greater than 0"),
            ("ZMPOP 9223372036854775807 z MIN", "(error) ERR syntax error"),
            ("ZMPOP 1 z MIN COUNT 0", "(error) ERR count should be greater than 0"),
            ("ZMPOP 1 z MIN COUNT 1 COUNT 1", "(error) ERR syntax error"),
            ("ZMPOP 1 z MIN COUNT 9", "1) \"z\"\n2) 1) 1) \"b\"\n      2) \"2\""),
            ("EXISTS z", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn who_waits_is_given_what_arrives() {
        let mut server = Server::new();
        assert_eq!(server.run_as(1, "BZPOPMAX a b 0"), "");
        assert_eq!(server.run_as(2, "BZMPOP 0 2 a b MIN COUNT 2"), "");
        server.run("ZADD b 1 x 2 y 3 z");
        assert_eq!(server.told(1), "1) \"b\"\n2) \"z\"\n3) \"3\"");
        assert_eq!(server.told(2), "1) \"b\"\n2) 1) 1) \"x\"\n      2) \"1\"\n   2) 1) \"y\"\n      2) \"2\"");
        assert_eq!(server.records(), "SELECT 0 | ZADD b 1 x 2 y 3 z | ZPOPMAX b 1 | ZPOPMIN b 2");
        server.run_as(3, "BZPOPMIN l 0");
        server.run("RPUSH l a");
        assert_eq!(server.told(3), "");
    }

    #[test]
    fn pairs_are_pairs_in_the_newer_protocol() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b");
        server.run("HELLO 3");
        assert_eq!(server.run("ZPOPMIN z"), "1) \"a\"\n2) (double) 1");
        assert_eq!(server.run("ZPOPMIN z 1"), "1) 1) \"b\"\n   2) (double) 2");
    }

    #[test]
    fn what_is_recorded_is_what_was_taken() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c");
        server.records();
        server.run("ZPOPMIN z");
        server.run("ZMPOP 2 none z MAX COUNT 9");
        server.run("ZPOPMIN z 5");
        assert_eq!(server.records(), "ZPOPMIN z 1 | ZPOPMAX z 2");
    }
}
