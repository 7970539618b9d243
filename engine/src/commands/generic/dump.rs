//! DUMP, RESTORE, RESTORE-ASKING: a value as bytes, and back.

use alloc::sync::Arc;

use crate::base::number::{format_u64, parse_i64};
use crate::base::time::Time;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Categories, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::{Words, one_of};
use crate::keyspace::Entry;
use crate::keyspace::access::Counting;
use crate::keyspace::change::Notify;
use crate::persist::rdb::{self, Refusal};
use crate::resp::error::{self, Error};

pub static DUMP: Command = Command {
    summary: "The value of a key as bytes that RESTORE takes, here or on another server.",
    arity: 2,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key")],
    tips: &["nondeterministic_output"],
    run: dump,
    ..Command::new("dump", Group::Generic, "2.6.0", "O(N) in the size of the value")
};

pub static RESTORE: Command = Command {
    summary: "Gives a key the value that DUMP answered for another.",
    ..restoration("restore", "2.6.0", WRITE)
};

pub static RESTORE_ASKING: Command = Command {
    summary: "RESTORE between nodes of a cluster, for a slot on its way.",
    group: Group::Server,
    categories: Categories::KEYSPACE.and(Categories::DANGEROUS),
    ..restoration("restore-asking", "3.0.0", WRITE.and(Flags::ASKING))
};

const WRITE: Flags = Flags::WRITE.and(Flags::DENY_OOM);

const fn restoration(name: &'static str, since: &'static str, flags: Flags) -> Command {
    Command {
        arity: -4,
        flags,
        categories: Categories::DANGEROUS,
        keys: const { &[KeySpec::one(1, Access::OVERWRITE)] },
        arguments: const {
            &[
                Argument::key("key"),
                Argument::integer("ttl"),
                Argument::string("serialized-value"),
                Argument::word("replace", "REPLACE").optional().since("3.0.0"),
                Argument::word("absttl", "ABSTTL").optional().since("5.0.0"),
                Argument::integer("seconds").token("IDLETIME").optional().since("5.0.0"),
                Argument::integer("frequency").token("FREQ").optional().since("5.0.0"),
            ]
        },
        run: restore,
        ..Command::new(name, Group::Generic, since, "O(N) in the size of the value")
    }
}

const BUSY: Error = Error::fixed("BUSYKEY Target key name already exists.");
const WRONG_FOOTER: Error = Error::fixed("ERR DUMP payload version or checksum are wrong");
const WRONG_FORMAT: Error = Error::fixed("ERR Bad data format");
const WRONG_TTL: Error = Error::fixed("ERR Invalid TTL value, must be >= 0");
const WRONG_IDLE_TIME: Error = Error::fixed("ERR Invalid IDLETIME value, must be >= 0");
const WRONG_FREQUENCY: Error = Error::fixed("ERR Invalid FREQ value, must be >= 0 and <= 255");

fn dump(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    match call.state.read(&key).map(Entry::value) {
        Some(value) => call.reply.bulk_shared(Arc::new(rdb::dump(value))),
        None => call.reply.null(),
    }
    Ok(())
}

#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    /// Seconds since the value was last used.
    idle: Option<i64>,
    frequency: Option<i64>,
}

impl Options {
    fn parse(mut words: Words<'_>) -> Result<Options, Error> {
        let mut options = Options::default();
        while let Some(word) = words.next() {
            match one_of(word, &["REPLACE", "ABSTTL", "IDLETIME", "FREQ"])? {
                "REPLACE" => options.replace = true,
                "ABSTTL" => options.absolute = true,
                "IDLETIME" if options.frequency.is_none() => {
                    options.idle = Some(Some(words.integer()?).filter(|&idle| idle >= 0).ok_or(WRONG_IDLE_TIME)?);
                }
                "FREQ" if options.idle.is_none() => {
                    let frequency = Some(words.integer()?).filter(|frequency| (0..=255).contains(frequency));
                    options.frequency = Some(frequency.ok_or(WRONG_FREQUENCY)?);
                }
                _ => return Err(error::SYNTAX),
            }
        }
        Ok(options)
    }
}

fn restore(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(Words::new(call.args, 4))?;
    let (key, payload, now) = (call.key(1), call.arg(3), call.state.now);
    let there = call.state.look_to_write(&key).is_some();
    if there && !options.replace {
        return Err(BUSY);
    }
    let ttl = parse_i64(call.arg(2)).ok_or(error::NOT_INTEGER)?;
    let ttl = u64::try_from(ttl).map_err(|_| WRONG_TTL)?;
    let expiry = match ttl {
        0 => None,
        _ if options.absolute => Some(Time::from_millis(ttl)),
        _ => Some(Time::from_millis(ttl.saturating_add(now.millis()))),
    };
    let value = rdb::restore(payload, &call.state.limits()).map_err(|refusal| match refusal {
        Refusal::Footer => WRONG_FOOTER,
        Refusal::Format => WRONG_FORMAT,
    })?;
    call.reply.ok();
    if expiry.is_some_and(|expiry| expiry <= now) {
        if call.db().discard(&key) {
            call.changed(key.bytes, Notify::GENERIC, "del");
            call.record(&[b"DEL", key.bytes]);
        }
        return Ok(());
    }
    if !there {
        call.announce_new(&key);
    }
    call.state.effects.find_in_the_way(there);
    let mark = call.state.mark();
    let access = match (mark.counting, options.frequency, options.idle) {
        (Counting::Frequency { .. }, Some(frequency), _) => mark.counted(frequency as u32),
        (Counting::Recency, _, Some(idle)) => mark.idle_for(idle as u64),
        _ => mark.first(),
    };
    call.db().insert(&key, value, expiry).set_access(access);
    call.changed(key.bytes, Notify::GENERIC, "restore");
    let millis = format_u64(expiry.map_or(0, Time::millis));
    call.record(&[b"RESTORE", key.bytes, &millis, payload, b"REPLACE", b"ABSTTL"]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn a_dumped_value_is_restored_with_another_life() {
        let mut server = Server::new();
        server.run("HSET h f v");
        let payload = server.run("DUMP h");
        let at = server.millis() + 5000;
        for (line, reply) in [
            (format!("RESTORE h 0 {payload}"), "(error) BUSYKEY Target key name already exists."),
            (format!("RESTORE copy 5000 {payload} IDLETIME 100"), "OK"),
            ("OBJECT IDLETIME copy".into(), "(integer) 100"),
            ("HGETALL copy".into(), "1) \"f\"\n2) \"v\""),
            (format!("RESTORE copy {at} {payload} REPLACE ABSTTL FREQ 3"), "OK"),
            ("PEXPIRETIME copy".into(), &*format!("(integer) {at}")),
            (format!("RESTORE copy 1 {payload} REPLACE ABSTTL"), "OK"),
            (format!("RESTORE none 1 {payload} ABSTTL"), "OK"),
            ("EXISTS copy none".into(), "(integer) 0"),
            (format!("RESTORE r -1 {payload}"), "(error) ERR Invalid TTL value, must be >= 0"),
            (format!("RESTORE r 0 {payload} IDLETIME 1 FREQ 1"), "(error) ERR syntax error"),
            (format!("RESTORE r 0 {payload} IDLETIME -1"), "(error) ERR Invalid IDLETIME value, must be >= 0"),
            (format!("RESTORE r 0 {payload} FREQ 256"), "(error) ERR Invalid FREQ value, must be >= 0 and <= 255"),
            ("RESTORE r 0 abc".into(), "(error) ERR DUMP payload version or checksum are wrong"),
            ("DUMP none".into(), "(nil)"),
        ] {
            assert_eq!(server.run(&line), reply, "{line}");
        }
        server.run("BF.RESERVE filter 0.01 10");
        server.run("BF.MADD filter 1 2 3 4 5 6 7 8 9 10 11 12");
        let payload = server.run("DUMP filter");
        assert_eq!(server.run(&format!("RESTORE other 0 {payload}")), "OK");
        assert_eq!(server.run("BF.CARD other"), server.run("BF.CARD filter"));
        assert_eq!(server.run("BF.INFO other"), server.run("BF.INFO filter"));
        assert_eq!(server.run("DUMP other"), payload);
        assert_eq!(server.run("BF.MEXISTS other 1 12 13"), "1) (integer) 1\n2) (integer) 1\n3) (integer) 0");
    }

    #[test]
    fn what_is_restored_is_recorded_with_the_moment_of_its_end() {
        let mut server = Server::new();
        server.run("HSET h f v");
        let payload = server.run("DUMP h");
        let at = server.millis() + 5000;
        server.run(&format!("RESTORE copy {at} {payload} ABSTTL"));
        server.run(&format!("RESTORE copy 1 {payload} REPLACE ABSTTL"));
        let records = server.records();
        assert!(records.contains(&format!("RESTORE copy {at} ")) && records.ends_with("| DEL copy"), "{records}");
    }
}
