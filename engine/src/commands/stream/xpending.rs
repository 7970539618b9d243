//! XPENDING: which entries were delivered and not acknowledged, to whom, since when, and how often.

use crate::base::number::format_u64;
use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{end, no_group, reply_id, start};
use crate::commands::words::is;
use crate::resp::decode::Args;
use crate::resp::encode::{Aggregate, Reply};
use crate::resp::error::{self, Error};
use crate::types::Stream;
use crate::types::stream::{Group as StreamGroup, Id, Pending};

pub static XPENDING: Command = Command {
    summary: "What a group has pending: how much in all and for each consumer, or entry by entry.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::string("group"),
        Argument::block(
            "filters",
            &[
                Argument::integer("min-idle-time").token("IDLE").optional().since("6.2.0"),
                Argument::string("start"),
                Argument::string("end"),
                Argument::integer("count"),
                Argument::string("consumer").optional(),
            ],
        )
        .optional(),
    ],
    tips: &["nondeterministic_output"],
    run: xpending,
    ..Command::new("xpending", Group::Stream, "5.0.0", "O(N) in the entries answered, or looked at where IDLE is given")
};

/// Which entries to tell one by one.
struct Filter<'a> {
    min_idle: i64,
    from: Id,
    to: Id,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    /// None where only the sums are asked for.
    fn parse(args: Args<'a>) -> Result<Option<Filter<'a>>, Error> {
        if args.len() == 3 {
            return Ok(None);
        }
        if !(6..=9).contains(&args.len()) {
            return Err(error::SYNTAX);
        }
        let (mut min_idle, mut at) = (0, 3);
        if is(&args[3], "IDLE") {
            min_idle = integer(&args[4])?;
            at = 5;
            if args.len() < 8 {
                return Err(error::SYNTAX);
            }
        }
        let count = usize::try_from(integer(&args[at + 2])?.max(0)).unwrap_or(usize::MAX);
        let (from, to) = (start(&args[at])?, end(&args[at + 1])?);
        Ok(Some(Filter { min_idle, from, to, count, consumer: args.get(at + 3) }))
    }
}

fn xpending(call: &mut Call<'_>) -> Outcome {
    let filter = Filter::parse(call.args)?;
    let (key, name, now) = (call.key(1), call.arg(2), call.state.now.millis());
    let Call { state, reply, .. } = call;
    let stream = expect::<Stream>(state.read(&key))?;
    let Some((_, group)) = stream.and_then(|stream| stream.group(name)) else {
        return Err(no_group(key.bytes, name));
    };
    match filter {
        None => sums(*reply, group),
        Some(filter) => one_by_one(*reply, group, &filter, now),
    }
    Ok(())
}

fn sums(reply: &mut dyn Reply, group: &StreamGroup) {
    reply.array(4);
    reply.integer(group.pending() as i64);
    let Some(last) = group.pending().checked_sub(1) else {
        reply.null();
        reply.null();
        return reply.null_array();
    };
    reply_id(reply, group.pending_at(0).id);
    reply_id(reply, group.pending_at(last).id);
    let owners = group.owners();
    reply.array(owners.len());
    for (name, count) in owners {
        reply.array(2);
        reply.bulk(name);
        reply.bulk(&format_u64(count as u64));
    }
}

fn one_by_one(reply: &mut dyn Reply, group: &StreamGroup, filter: &Filter<'_>, now: u64) {
    let tells = |pending: &Pending| now.wrapping_sub(pending.time) as i64 >= filter.min_idle || filter.min_idle == 0;
    let (mark, mut count) = (reply.open(), 0);
    let mut tell = |pending: Pending| {
        reply.array(4);
        reply_id(reply, pending.id);
        reply.bulk(group.consumers().name(pending.consumer));
        reply.integer((now.wrapping_sub(pending.time) as i64).max(0));
        reply.integer(pending.count as i64);
        count += 1;
    };
    match filter.consumer {
        None => {
            let all = group.pending_from(filter.from).take_while(|pending| pending.id <= filter.to);
            all.filter(tells).take(filter.count).for_each(&mut tell);
        }
        Some(name) => {
            if let Some(number) = group.consumers().find(name) {
                let own = group.consumers().get(number).ids_from(filter.from).take_while(|&id| id <= filter.to);
                own.filter_map(|id| group.find(id)).filter(tells).take(filter.count).for_each(&mut tell);
            }
        }
    }
    reply.close(mark, Aggregate::Array, count);
}
