//! XREAD, XREADGROUP: what is new in some streams, as soon as there is something.
//!
//! Who waits runs its command again when one of the streams has changed. XREAD's `$` and `+` mean the streams as they were
//! when it was asked: what runs again has the IDs themselves.

use alloc::format;
use alloc::vec::Vec;

use crate::base::time::Time;
use crate::commands::blocking::until_millis;
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Begin, Command, Find, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{Site, Tell, edit, entry_id, id, reply_entries, reply_entry, reply_id};
use crate::commands::words::{Words, is};
use crate::event::Step;
use crate::keyspace::Kind;
use crate::resp::decode::{Args, OwnedArgs};
use crate::resp::encode::{Aggregate, Protocol, Reply};
use crate::resp::error::{self, Error, printable};
use crate::types::Stream;
use crate::types::stream::named::Number;
use crate::types::stream::{Entries, Group as StreamGroup, Id, Pending};

pub static XREAD: Command = Command {
    summary: "The entries behind an ID in each of some streams, and waits for one if asked to.",
    arity: -4,
    flags: Flags::READONLY.and(Flags::BLOCKING).and(Flags::MOVABLE_KEYS),
    keys: &[streams(1)],
    arguments: &[
        Argument::integer("count").token("COUNT").optional(),
        Argument::integer("milliseconds").token("BLOCK").optional(),
        STREAMS,
    ],
    run: |call| read(call, false),
    ..Command::new("xread", Group::Stream, "5.0.0", "O(N) in the entries answered")
};

pub static XREADGROUP: Command = Command {
    summary: "Entries that no consumer of the group was given yet, or again those pending for this one.",
    arity: -7,
    flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::MOVABLE_KEYS),
    keys: &[streams(4)],
    arguments: &[
        Argument::block("group-block", &[Argument::string("group"), Argument::string("consumer")]).token("GROUP"),
        Argument::integer("count").token("COUNT").optional(),
        Argument::integer("milliseconds").token("BLOCK").optional(),
        Argument::word("noack", "NOACK").optional(),
        STREAMS,
    ],
    run: |call| read(call, true),
    ..Command::new("xreadgroup", Group::Stream, "5.0.0", "O(M*log(N)): M entries answered, N pending")
};

const STREAMS: Argument =
    Argument::block("streams", &[Argument::key("key").multiple(), Argument::string("id").multiple()]).token("STREAMS");

const fn streams(from: i32) -> KeySpec {
    KeySpec {
        access: Access::READ,
        begin: Begin::Keyword("STREAMS", from),
        find: Find::Range { last: -1, step: 1, limit: 2 },
    }
}

const NO_GROUP_HERE: Error =
    Error::fixed("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
const NO_ACK_HERE: Error =
    Error::fixed("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
const NO_GROUP: Error = Error::fixed("ERR Missing GROUP option for XREADGROUP");
const NO_NEW_HERE: Error = Error::fixed(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
);

/// What the words before the keys say.
#[derive(Clone, Copy, Default)]
struct Options<'a> {
    /// 0 for any number.
    count: i64,
    /// To wait, and until when.
    block: Option<Option<Time>>,
    group: Option<(&'a [u8], &'a [u8])>,
    no_ack: bool,
    /// Where the keys begin.
    keys_at: usize,
    keys: usize,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>, now: Time, by_group: bool) -> Result<Options<'a>, Error> {
        let mut options = Options::default();
        let mut words = Words::new(args, 1);
        while let Some(word) = words.next() {
            let more = args.len() - words.position();
            match word {
                _ if is(word, "BLOCK") && more > 0 => {
                    let end = until_millis(now, words.value()?)?;
                    options.block = Some((end > now).then_some(end));
                }
                _ if is(word, "COUNT") && more > 0 => options.count = words.integer()?.max(0),
                _ if is(word, "STREAMS") && more > 0 => {
                    if more % 2 == 1 {
                        return Err(unbalanced(by_group));
                    }
                    (options.keys_at, options.keys) = (words.position(), more / 2);
                    break;
                }
                _ if is(word, "GROUP") && more > 1 => {
                    if !by_group {
                        return Err(NO_GROUP_HERE);
                    }
                    options.group = Some((words.value()?, words.value()?));
                }
                _ if is(word, "NOACK") && !by_group => return Err(NO_ACK_HERE),
                _ if is(word, "NOACK") => options.no_ack = true,
                _ => return Err(error::SYNTAX),
            }
        }
        match options.group {
            _ if options.keys == 0 => Err(error::SYNTAX),
            None if by_group => Err(NO_GROUP),
            _ => Ok(options),
        }
    }

    fn most(&self) -> usize {
        if self.count == 0 { usize::MAX } else { usize::try_from(self.count).unwrap_or(usize::MAX) }
    }
}

fn unbalanced(by_group: bool) -> Error {
    let (name, other) = if by_group { ("xreadgroup", '>') } else { ("xread", '$') };
    format!("ERR Unbalanced '{name}' list of streams: for each stream key an ID or '{other}' must be specified.").into()
}

fn meaningless(text: &str) -> Error {
    format!(
        "ERR The {text} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer \
         by specifying a proper ID, or use the > ID to get new messages. The {text} ID would just return an empty result set."
    )
    .into()
}

/// Where one of the streams is read from.
#[derive(Clone, Copy)]
enum From {
    Behind(Id),
    /// What no consumer of the group was given.
    New,
}

fn read(call: &mut Call<'_>, by_group: bool) -> Outcome {
    let options = Options::parse(call.args, call.state.now, by_group)?;
    let froms = (0..options.keys).map(|at| from(call, &options, at)).collect::<Result<Vec<_>, _>>()?;
    let mark = call.reply.open();
    let mut answered = 0;
    for (at, &from) in froms.iter().enumerate() {
        answered += usize::from(match options.group {
            None => read_one(call, &options, at, from)?,
            Some(group) => read_for_group(call, &options, at, from, group)?,
        });
    }
    if answered > 0 {
        let kind = if call.reply.protocol() == Protocol::Resp2 { Aggregate::Array } else { Aggregate::Map };
        call.reply.close(mark, kind, answered);
        return Ok(());
    }
    match options.block {
        None => call.reply.null_array(),
        Some(until) => {
            let keys = call.args.range(options.keys_at..options.keys_at + options.keys);
            call.wait_to_run(words_again(call.args, &options, &froms), keys, Kind::Stream, until, by_group);
        }
    }
    Ok(())
}

/// The command's words, with the IDs that are meant.
fn words_again(args: Args<'_>, options: &Options<'_>, froms: &[From]) -> OwnedArgs {
    let mut words = OwnedArgs::from(args.until(options.keys_at + options.keys));
    for from in froms {
        match from {
            From::Behind(id) => words.push(&id.text()),
            From::New => words.push(b">"),
        }
    }
    words
}

/// Where the stream with this number is to be read from.
///
/// # Errors
/// The key holds another type, or there is no such group, or the ID is none.
fn from(call: &mut Call<'_>, options: &Options<'_>, at: usize) -> Result<From, Error> {
    let key = call.key(options.keys_at + at);
    let text = call.arg(options.keys_at + options.keys + at);
    let stream = expect::<Stream>(call.state.read(&key))?;
    if let Some((group, _)) = options.group
        && stream.and_then(|stream| stream.group(group)).is_none()
    {
        let (key, group) = (printable(key.bytes), printable(group));
        return Err(
            format!("NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option").into()
        );
    }
    match (text, options.group) {
        (b"$", Some(_)) => Err(meaningless("$")),
        (b"+", Some(_)) => Err(meaningless("+")),
        (b">", Some(_)) => Ok(From::New),
        (b">", None) => Err(NO_NEW_HERE),
        (b"$", None) => Ok(From::Behind(stream.map_or(Id::MIN, |stream| stream.entries.last))),
        (b"+", None) => {
            // Just before the last ID: an entry that had it is what there is.
            let before = stream.and_then(|stream| stream.entries.last.previous());
            Ok(From::Behind(before.unwrap_or(Id::MIN)))
        }
        (_, group) => match id(text)? {
            Id::MAX if group.is_some() => Ok(From::New),
            id => Ok(From::Behind(id)),
        },
    }
}

/// Announces a stream's entries, which follow.
fn begin(reply: &mut dyn Reply, key: &[u8]) {
    if reply.protocol() == Protocol::Resp2 {
        reply.array(2);
    }
    reply.bulk(key);
}

/// Whether there was anything to answer.
fn read_one(call: &mut Call<'_>, options: &Options<'_>, at: usize, from: From) -> Result<bool, Error> {
    let key = call.key(options.keys_at + at);
    let Call { state, reply, .. } = call;
    let From::Behind(seen) = from else { return Ok(false) };
    let Some(entries) = expect::<Stream>(state.look(&key))?.map(|stream| &stream.entries) else { return Ok(false) };
    let Some(first) = seen.next().filter(|_| entries.last_entry().is_some_and(|last| last > seen)) else {
        return Ok(false);
    };
    begin(*reply, key.bytes);
    reply_entries(*reply, entries.range(first, Id::MAX).take(options.most()), |_| {});
    Ok(true)
}

/// The same on behalf of a consumer.
fn read_for_group(
    call: &mut Call<'_>,
    options: &Options<'_>,
    at: usize,
    from: From,
    (group, consumer): (&[u8], &[u8]),
) -> Result<bool, Error> {
    let key = call.key(options.keys_at + at);
    let Call { state, reply, .. } = call;
    if state.look_to_write(&key).is_none() {
        return Ok(false);
    }
    let most = options.most();
    Ok(edit(state, &key, |site| {
        let Some((number, _)) = site.stream.group(group) else { return false };
        let now = site.now;
        let member = site.edit_group(number, |it, _, tell| tell.consumer(group, it, consumer, now));
        let reader = Reader { group, number, name: consumer, member, now };
        match from {
            From::Behind(seen) => {
                begin(*reply, key.bytes);
                reader.history(site, *reply, seen, most);
                true
            }
            From::New => {
                let last = site.stream.groups().get(number).last;
                if site.stream.entries.last_entry().is_none_or(|entry| entry <= last) {
                    return false;
                }
                begin(*reply, key.bytes);
                reader.deliver(site, *reply, last, most, options.no_ack);
                true
            }
        }
    }))
}

/// A consumer that reads.
struct Reader<'a> {
    group: &'a [u8],
    number: Number,
    name: &'a [u8],
    member: Number,
    now: u64,
}

impl Reader<'_> {
    /// Gives it entries behind the last one that the group was given.
    fn deliver(&self, site: &mut Site<'_>, reply: &mut dyn Reply, last: Id, most: usize, no_ack: bool) {
        let Some(first) = last.next() else { return };
        site.edit_group(self.number, |group, entries, tell| {
            reply_entries(reply, entries.range(first, Id::MAX).take(most), |entry| {
                group.advance(entry.id, entries);
                if !no_ack {
                    self.hand_over(group, tell, entry.id);
                }
                self.tell(tell, entry.id, 1, !no_ack);
            });
            group.consumer_mut(self.member).active = Some(self.now);
            tell.group_advanced(self.group, group);
        });
    }

    /// An entry that is pending already, because the group was set back, becomes this consumer's.
    fn hand_over(&self, group: &mut StreamGroup, tell: &mut Tell<'_>, id: Id) {
        let pending = Pending { id, time: self.now, count: 1, consumer: self.member };
        group.set_pending(pending);
        tell.pending_changed((self.group, group), &pending);
    }

    /// Gives it again what is pending for it; what has been deleted meanwhile it is given as nothing.
    fn history(&self, site: &mut Site<'_>, reply: &mut dyn Reply, seen: Id, most: usize) {
        let mark = reply.open();
        let mut count = 0;
        site.edit_group(self.number, |group, entries, tell| {
            let mut next = seen.next();
            while let Some(id) = next.filter(|_| count < most).and_then(|from| self.own(group).ids_from(from).next()) {
                self.give_again(group, entries, tell, reply, id);
                count += 1;
                next = id.next();
            }
        });
        reply.close(mark, Aggregate::Array, count);
    }

    fn own<'g>(&self, group: &'g StreamGroup) -> &'g crate::types::stream::Consumer {
        group.consumers().get(self.member)
    }

    fn give_again(
        &self,
        group: &mut StreamGroup,
        entries: &Entries,
        tell: &mut Tell<'_>,
        reply: &mut dyn Reply,
        id: Id,
    ) {
        let Some(entry) = entries.get(id) else {
            reply.array(2);
            reply_id(reply, id);
            return reply.null_array();
        };
        reply_entry(reply, &entry);
        let Some(old) = group.find(id) else { return };
        let pending = Pending { time: self.now, count: old.count.saturating_add(1), ..old };
        group.set_pending(pending);
        tell.pending_changed((self.group, group), &pending);
        self.tell(tell, id, pending.count, true);
    }

    fn tell(&self, tell: &mut Tell<'_>, id: Id, count: u64, pending: bool) {
        let (group, consumer) = (self.group, self.name);
        tell.step(|| Step::Delivered {
            group: group.into(),
            consumer: consumer.into(),
            id: entry_id(id),
            count,
            pending,
        });
    }
}
