//! XAUTOCLAIM: XCLAIM of whatever nobody has touched for some time, a few entries after another.

use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::xclaim::Claim;
use crate::commands::stream::{edit, no_group, reply_id, start};
use crate::commands::words::{Words, is};
use crate::resp::encode::{Aggregate, Reply};
use crate::resp::error::{self, Error};
use crate::types::Stream;
use crate::types::stream::{Id, Pending};

pub static XAUTOCLAIM: Command = Command {
    summary: "Makes entries that have been pending untouched for some time a consumer's: from where to go on, the entries, \
              and which had been deleted.",
    arity: -6,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[
        Argument::key("key"),
        Argument::string("group"),
        Argument::string("consumer"),
        Argument::string("min-idle-time"),
        Argument::string("start"),
        Argument::integer("count").token("COUNT").optional(),
        Argument::word("justid", "JUSTID").optional(),
    ],
    tips: &["nondeterministic_output"],
    run: xautoclaim,
    ..Command::new("xautoclaim", Group::Stream, "6.2.0", "O(1) for a small count")
};

const INVALID_IDLE: Error = Error::fixed("ERR Invalid min-idle-time argument for XAUTOCLAIM");
const WRONG_COUNT: Error = Error::fixed("ERR COUNT must be > 0");

/// How many entries to look at for each that may be answered.
const ATTEMPTS: usize = 10;
/// The largest count that Redis takes: that many IDs, each tried so often, are as many bytes as it can count.
const MOST: i64 = i64::MAX / 16;

fn xautoclaim(call: &mut Call<'_>) -> Outcome {
    let min_idle = parse_i64(call.arg(4)).ok_or(INVALID_IDLE)?.max(0) as u64;
    let from = start(call.arg(5))?;
    let (mut count, mut just_id) = (100, false);
    let mut words = Words::new(call.args, 6);
    while let Some(word) = words.next() {
        match word {
            _ if is(word, "COUNT") && words.position() < call.args.len() => {
                let asked = parse_i64(words.value()?).filter(|asked| (1..=MOST).contains(asked));
                count = usize::try_from(asked.ok_or(WRONG_COUNT)?).unwrap_or(usize::MAX);
            }
            _ if is(word, "JUSTID") => just_id = true,
            _ => return Err(error::SYNTAX),
        }
    }
    let (key, name, consumer) = (call.key(1), call.arg(2), call.arg(3));
    let stream = expect::<Stream>(call.state.look_to_write(&key))?;
    let Some((number, _)) = stream.and_then(|stream| stream.group(name)) else {
        return Err(no_group(key.bytes, name));
    };
    let Call { state, reply, .. } = call;
    edit(state, &key, |site| {
        let now = site.now;
        site.edit_group(number, |group, entries, tell| {
            let member = tell.consumer(name, group, consumer, now);
            Claim { name, member, min_idle, now, group, entries, tell }.sweep(*reply, from, count, just_id);
        });
    });
    Ok(())
}

impl Claim<'_, '_> {
    /// Claims and answers up to `count` entries from an ID on.
    fn sweep(&mut self, reply: &mut dyn Reply, from: Id, count: usize, just_id: bool) {
        let (found, next) = self.look(from, count);
        reply.array(3);
        reply_id(reply, next.unwrap_or(Id::MIN));
        let (mark, mut claimed, mut deleted) = (reply.open(), 0, Vec::new());
        for old in found {
            if !self.entries.contains(old.id) {
                self.tell.drop_pending(self.name, self.group, &old);
                deleted.push(old.id);
                continue;
            }
            let count = old.count.saturating_add(u64::from(!just_id));
            self.take(Pending { time: self.now, count, consumer: self.member, ..old });
            self.reply(reply, old.id, just_id);
            claimed += 1;
        }
        reply.close(mark, Aggregate::Array, claimed);
        reply.array(deleted.len());
        deleted.into_iter().for_each(|id| reply_id(reply, id));
    }

    /// Up to `count` entries that can be claimed or are deleted, and the one to go on with.
    fn look(&self, from: Id, count: usize) -> (Vec<Pending>, Option<Id>) {
        let mut pending = self.group.pending_from(from);
        let (mut found, mut attempts) = (Vec::new(), count.saturating_mul(ATTEMPTS));
        while attempts > 0 && found.len() < count {
            let Some(one) = pending.next() else { break };
            attempts -= 1;
            if !self.is_too_fresh(&one) || !self.entries.contains(one.id) {
                found.push(one);
            }
        }
        (found, pending.next().map(|one| one.id))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn what_is_left_behind_is_found_and_what_was_deleted_is_told() {
        let mut server = Server::new();
        for n in 1..=4 {
            server.run(&format!("XADD s {n}-0 f v"));
        }
        for line in ["XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XDEL s 2-0"] {
            server.run(line);
        }
        server.advance(100);
        server.records();
        for (line, reply) in [
            ("XAUTOCLAIM s g d 50 0 COUNT 2 JUSTID", "1) \"3-0\"\n2) 1) \"1-0\"\n3) 1) \"2-0\""),
            (
                "XAUTOCLAIM s g d 50 3 COUNT 1",
                "1) \"4-0\"\n2) 1) 1) \"3-0\"\n      2) 1) \"f\"\n         2) \"v\"\n3) (empty array)",
            ),
            (
                "XAUTOCLAIM s g e 50 0",
                "1) \"0-0\"\n2) 1) 1) \"4-0\"\n      2) 1) \"f\"\n         2) \"v\"\n3) (empty array)",
            ),
            ("XAUTOCLAIM s g e 50 0", "1) \"0-0\"\n2) (empty array)\n3) (empty array)"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let records = server.records();
        assert!(records.starts_with("MULTI | XGROUP CREATECONSUMER s g d | XCLAIM s g d 0 1-0 TIME"), "{records}");
        assert!(records.contains("XCLAIM s g c 0 2-0 TIME"), "{records}");
    }
}
