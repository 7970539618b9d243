//! XCLAIM: pending entries become another consumer's.

use alloc::format;
use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{Tell, edit, id, no_group, reply_entry, reply_id};
use crate::commands::words::is;
use crate::resp::decode::Args;
use crate::resp::encode::{Aggregate, Reply};
use crate::resp::error::{Error, printable};
use crate::types::Stream;
use crate::types::stream::named::Number;
use crate::types::stream::{Entries, Group as StreamGroup, Id, Pending};

pub static XCLAIM: Command = Command {
    summary: "Makes pending entries that nobody has touched for some time a consumer's, and answers them.",
    arity: -6,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[
        Argument::key("key"),
        Argument::string("group"),
        Argument::string("consumer"),
        Argument::string("min-idle-time"),
        Argument::string("id").multiple(),
        Argument::integer("ms").token("IDLE").optional(),
        Argument::unix_time("unix-time-milliseconds").token("TIME").optional(),
        Argument::integer("count").token("RETRYCOUNT").optional(),
        Argument::word("force", "FORCE").optional(),
        Argument::word("justid", "JUSTID").optional(),
        Argument::string("lastid").token("LASTID").optional(),
    ],
    tips: &["nondeterministic_output"],
    run: xclaim,
    ..Command::new("xclaim", Group::Stream, "5.0.0", "O(log(N)) for each ID: N entries pending")
};

fn invalid(what: &str) -> Error {
    format!("ERR Invalid {what} argument for XCLAIM").into()
}

/// What the words behind the IDs say.
struct Options {
    /// When the entries count as delivered.
    time: u64,
    count: Option<u64>,
    force: bool,
    just_id: bool,
    last: Id,
}

impl Options {
    fn parse(args: Args<'_>, mut at: usize, now: u64) -> Result<Options, Error> {
        let mut options = Options { time: now, count: None, force: false, just_id: false, last: Id::MIN };
        let number = |at: usize, what| parse_i64(&args[at]).ok_or_else(|| invalid(what));
        while let Some(word) = args.get(at) {
            let more = args.get(at + 1).is_some();
            match word {
                _ if is(word, "FORCE") => options.force = true,
                _ if is(word, "JUSTID") => options.just_id = true,
                _ if is(word, "IDLE") && more => {
                    at += 1;
                    options.time = sane((now as i64).wrapping_sub(number(at, "IDLE option")?), now);
                }
                _ if is(word, "TIME") && more => {
                    at += 1;
                    options.time = sane(number(at, "TIME option")?, now);
                }
                _ if is(word, "RETRYCOUNT") && more => {
                    at += 1;
                    options.count = u64::try_from(number(at, "RETRYCOUNT option")?).ok();
                }
                _ if is(word, "LASTID") && more => {
                    at += 1;
                    options.last = id(&args[at])?;
                }
                _ => return Err(format!("ERR Unrecognized XCLAIM option '{}'", printable(word)).into()),
            }
            at += 1;
        }
        Ok(options)
    }
}

/// A moment that is neither before 1970 nor to come.
fn sane(time: i64, now: u64) -> u64 {
    u64::try_from(time).ok().filter(|&time| time <= now).unwrap_or(now)
}

fn xclaim(call: &mut Call<'_>) -> Outcome {
    let (key, name, consumer) = (call.key(1), call.arg(2), call.arg(3));
    let stream = expect::<Stream>(call.state.look_to_write(&key))?;
    let Some((number, _)) = stream.and_then(|stream| stream.group(name)) else {
        return Err(no_group(key.bytes, name));
    };
    let min_idle = parse_i64(call.arg(4)).ok_or_else(|| invalid("min-idle-time"))?.max(0) as u64;
    // The IDs end with the first word that is none.
    let ids: Vec<Id> = call.args.from(5).iter().map_while(|word| Id::parse(word, 0)).collect();
    let options = Options::parse(call.args, 5 + ids.len(), call.state.now.millis())?;
    let Call { state, reply, .. } = call;
    edit(state, &key, |site| {
        let now = site.now;
        site.edit_group(number, |group, entries, tell| {
            let advanced = options.last > group.last;
            group.last = group.last.max(options.last);
            let member = tell.consumer(name, group, consumer, now);
            let mut claim = Claim { name, member, min_idle, now, group, entries, tell };
            let (mark, mut count) = (reply.open(), 0);
            let mut told = false;
            for id in ids {
                let outcome = claim.one(id, &options);
                told |= outcome != Claimed::Nothing;
                if outcome == Claimed::Entry {
                    claim.reply(*reply, id, options.just_id);
                    count += 1;
                }
            }
            reply.close(mark, Aggregate::Array, count);
            // A claim that was recorded says how far the group has come, too.
            if advanced && !told {
                tell.group_advanced(name, group);
            }
        });
    });
    Ok(())
}

/// Entries on their way to a consumer.
pub(super) struct Claim<'a, 't> {
    pub name: &'a [u8],
    pub member: Number,
    /// Milliseconds for which nobody must have touched an entry.
    pub min_idle: u64,
    pub now: u64,
    pub group: &'a mut StreamGroup,
    pub entries: &'a Entries,
    pub tell: &'a mut Tell<'t>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    Nothing,
    /// It was pending, and was found to be deleted.
    Dropped,
    Entry,
}

impl Claim<'_, '_> {
    fn one(&mut self, id: Id, options: &Options) -> Claimed {
        let old = match self.group.find(id) {
            Some(old) if !self.entries.contains(id) => {
                self.tell.drop_pending(self.name, self.group, &old);
                return Claimed::Dropped;
            }
            Some(old) if self.is_too_fresh(&old) => return Claimed::Nothing,
            Some(old) => old.count,
            None if options.force && self.entries.contains(id) => 1,
            None => return Claimed::Nothing,
        };
        let count = options.count.unwrap_or(old.saturating_add(u64::from(!options.just_id)));
        self.take(Pending { id, time: options.time, count, consumer: self.member });
        Claimed::Entry
    }

    pub fn is_too_fresh(&self, pending: &Pending) -> bool {
        self.min_idle > 0 && (self.now as i64).wrapping_sub(pending.time as i64) < self.min_idle as i64
    }

    pub fn take(&mut self, pending: Pending) {
        self.tell.claimed(self.name, self.group, pending);
        self.group.consumer_mut(self.member).active = Some(self.now);
    }

    pub fn reply(&self, reply: &mut dyn Reply, id: Id, just_id: bool) {
        match self.entries.get(id) {
            Some(entry) if !just_id => reply_entry(reply, &entry),
            _ => reply_id(reply, id),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn who_comes_second_gets_nothing() {
        let mut server = Server::new();
        for line in ["XADD s 1-0 f v", "XADD s 2-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >"] {
            server.run(line);
        }
        server.advance(100);
        for (line, reply) in [
            ("XCLAIM s g d 200 1-0", "(empty array)"),
            ("XCLAIM s g d 50 1-0", "1) 1) \"1-0\"\n   2) 1) \"f\"\n      2) \"v\""),
            ("XCLAIM s g e 50 1-0", "(empty array)"),
            ("XCLAIM s g e 50 2-0 JUSTID", "1) \"2-0\""),
            (
                "XPENDING s g - + 9",
                "1) 1) \"1-0\"\n   2) \"d\"\n   3) (integer) 0\n   4) (integer) 2\n\
                 2) 1) \"2-0\"\n   2) \"e\"\n   3) (integer) 0\n   4) (integer) 1",
            ),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let records = server.records();
        assert!(
            records.contains("XCLAIM s g d 0 1-0 TIME 1700000000100 RETRYCOUNT 2 FORCE JUSTID LASTID 2-0"),
            "{records}"
        );
    }
}
