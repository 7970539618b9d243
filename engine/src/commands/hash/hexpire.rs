//! HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT, HPERSIST: how long fields live.

use alloc::vec::Vec;

use super::fields::{FIELDS, Lifetime, WRONG_NUMBER, behind_key, counted, moment, position};
use crate::base::number::format_u64;
use crate::base::time::Time;
use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::generic::expire::{CONDITIONS, Conditions, From, Unit};
use crate::keyspace::Key;
use crate::keyspace::change::Notify;
use crate::resp::decode::{Args, OwnedArgs};
use crate::resp::error::Error;
use crate::types::Hash;

const CONDITION: Argument = Argument::one_of("condition", CONDITIONS).optional();

pub static HEXPIRE: Command = Command {
    summary: "Lets fields expire in so many seconds.",
    arguments: &[Argument::key("key"), Argument::integer("seconds"), CONDITION, FIELDS],
    run: |call| expire(call, Unit::Seconds, From::Now),
    ..change("hexpire")
};

pub static HPEXPIRE: Command = Command {
    summary: "Lets fields expire in so many milliseconds.",
    arguments: &[Argument::key("key"), Argument::integer("milliseconds"), CONDITION, FIELDS],
    run: |call| expire(call, Unit::Millis, From::Now),
    ..change("hpexpire")
};

pub static HEXPIREAT: Command = Command {
    summary: "Lets fields expire at a moment, given in seconds since 1970.",
    arguments: &[Argument::key("key"), Argument::unix_time("unix-time-seconds"), CONDITION, FIELDS],
    run: |call| expire(call, Unit::Seconds, From::Epoch),
    ..change("hexpireat")
};

pub static HPEXPIREAT: Command = Command {
    summary: "Lets fields expire at a moment, given in milliseconds since 1970.",
    arguments: &[Argument::key("key"), Argument::unix_time("unix-time-milliseconds"), CONDITION, FIELDS],
    run: |call| expire(call, Unit::Millis, From::Epoch),
    ..change("hpexpireat")
};

pub static HPERSIST: Command = Command {
    summary: "Takes the expiry of fields away.",
    arity: -5,
    arguments: &[Argument::key("key"), FIELDS],
    run: persist,
    ..change("hpersist")
};

const fn change(name: &'static str) -> Command {
    Command {
        arity: -6,
        flags: Flags::WRITE.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::UPDATE)] },
        ..Command::new(name, Group::Hash, "9.0.0", "O(N) in the fields")
    }
}

/// What is answered for a field.
const NO_FIELD: i64 = -2;
const NO_EXPIRY: i64 = -1;
const REFUSED: i64 = 0;
const DONE: i64 = 1;
const EXPIRED_AT_ONCE: i64 = 2;

fn expire(call: &mut Call<'_>, unit: Unit, from: From) -> Outcome {
    let at = position(call.args, 3)?;
    let conditions = Conditions::parse(call.args.until(at).from(3))?;
    let fields = counted(call.args, at + 1, 1, WRONG_NUMBER)?;
    let moment = moment(call.arg(2), unit, from, call.state.now, call.command.name)?;
    let key = call.key(1);
    let answers = if moment <= call.state.now {
        expire_at_once(call, &key, fields, conditions)?
    } else {
        set_expiries(call, &key, fields, Lifetime::Until(moment), conditions)?
    };
    reply(call, fields, &answers);
    Ok(())
}

/// One answer for each field: none of them is there where there is no hash.
fn reply(call: &mut Call<'_>, fields: Args<'_>, answers: &[i64]) {
    call.reply.array(fields.len());
    (0..fields.len()).for_each(|index| call.reply.integer(answers.get(index).copied().unwrap_or(NO_FIELD)));
}

/// Removes fields as if their time had come, where the conditions admit it; what to answer for each. No answer where there is
/// no hash.
///
/// # Errors
/// The key holds something else.
pub fn expire_at_once(
    call: &mut Call<'_>,
    key: &Key<'_>,
    fields: Args<'_>,
    conditions: Conditions,
) -> Result<Vec<i64>, Error> {
    let now = call.state.now;
    let mut words: OwnedArgs = [b"HDEL", key.bytes].into_iter().collect();
    let answers = edit(call, key, "hexpired", |hash: &mut Hash, _| {
        let (mut answers, mut removed) = (Vec::with_capacity(fields.len()), 0);
        for name in fields.iter() {
            let living = hash.at(now);
            let answer = match living.contains(name) {
                false => NO_FIELD,
                true if !conditions.admit(living.expiry(name), now) => REFUSED,
                true => EXPIRED_AT_ONCE,
            };
            if answer == EXPIRED_AT_ONCE {
                hash.remove(name);
                words.push(name);
                removed += 1;
            }
            answers.push(answer);
        }
        Edit { changes: removed, result: answers }
    })?;
    let answers = answers.unwrap_or_default();
    let removed = answers.iter().filter(|&&answer| answer == EXPIRED_AT_ONCE).count();
    if removed > 0 {
        call.state.stats.expired_fields += removed as u64;
        call.record_args(words.as_args());
    }
    Ok(answers)
}

/// Gives fields another expiry, where the conditions admit it; what to answer for each. No answer where there is no hash.
///
/// # Errors
/// The key holds something else.
pub fn set_expiries(
    call: &mut Call<'_>,
    key: &Key<'_>,
    fields: Args<'_>,
    lifetime: Lifetime,
    conditions: Conditions,
) -> Result<Vec<i64>, Error> {
    let (now, until) = (
        call.state.now,
        match lifetime {
            Lifetime::Until(moment) => Some(moment),
            _ => None,
        },
    );
    let what = if until.is_some() { "hexpire" } else { "hpersist" };
    let mut changed = OwnedArgs::default();
    let answers = edit(call, key, what, |hash: &mut Hash, limits| {
        let mut answers = Vec::with_capacity(fields.len());
        for name in fields.iter() {
            let living = hash.at(now);
            let (there, old) = (living.contains(name), living.expiry(name));
            let answer = match until {
                _ if !there => NO_FIELD,
                None if old.is_none() => NO_EXPIRY,
                Some(moment) if !conditions.admit(old, moment) => REFUSED,
                _ => DONE,
            };
            if answer == DONE && old != until {
                hash.set_expiry(name, until, limits);
                changed.push(name);
            }
            answers.push(answer);
        }
        Edit { changes: changed.as_args().len() as u64, result: answers }
    })?
    .unwrap_or_default();
    let changed = changed.as_args();
    if !changed.is_empty() {
        record(call, key, until, changed);
    } else if answers.contains(&DONE) {
        // Set to what it had been: news for whoever watches the key, and nothing to record.
        call.notice(key.bytes, Notify::HASH, what);
    }
    Ok(answers)
}

fn record(call: &mut Call<'_>, key: &Key<'_>, until: Option<Time>, fields: Args<'_>) {
    let count = format_u64(fields.len() as u64);
    let millis = until.map(|moment| format_u64(moment.millis()));
    let mut words = OwnedArgs::default();
    words.push(if until.is_some() { b"HPEXPIREAT" } else { b"HPERSIST" });
    words.push(key.bytes);
    if let Some(millis) = &millis {
        words.push(millis);
    }
    words.push(b"FIELDS");
    words.push(&count);
    fields.iter().for_each(|name| words.push(name));
    call.record_args(words.as_args());
}

fn persist(call: &mut Call<'_>) -> Outcome {
    let fields = behind_key(call.args, WRONG_NUMBER)?;
    let key = call.key(1);
    let answers = set_expiries(call, &key, fields, Lifetime::Forever, Conditions::default())?;
    reply(call, fields, &answers);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn what_was_changed_is_recorded_as_a_moment() {
        let mut server = Server::new();
        let at = server.millis() + 5000;
        for (line, reply) in [
            ("HSET h a 1 b 2 c 3", "(integer) 3"),
            ("HEXPIRE h 5 FIELDS 3 a b x", "1) (integer) 1\n2) (integer) 1\n3) (integer) -2"),
            ("HEXPIRE h 5 NX FIELDS 2 a c", "1) (integer) 0\n2) (integer) 1"),
            ("HPEXPIRE h 5000 FIELDS 1 a", "1) (integer) 1"),
            ("HPERSIST h FIELDS 2 c x", "1) (integer) 1\n2) (integer) -2"),
            ("HPERSIST h FIELDS 1 c", "1) (integer) -1"),
            ("HEXPIRE h 0 FIELDS 3 c x c", "1) (integer) 2\n2) (integer) -2\n3) (integer) -2"),
            ("OBJECT ENCODING h", "\"hashtable\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let records = format!(
            "SELECT 0 | HSET h a 1 b 2 c 3 | HPEXPIREAT h {at} FIELDS 2 a b | HPEXPIREAT h {at} FIELDS 1 c | \
             HPERSIST h FIELDS 1 c | HDEL h c"
        );
        assert_eq!(server.records(), records);
        server.run("HPEXPIREAT h 1 FIELDS 2 a b");
        assert_eq!(server.run("EXISTS h"), "(integer) 0");
    }

    #[test]
    fn what_has_expired_is_not_there_and_is_removed_before_it_is_set() {
        let mut server = Server::new();
        server.run("HSET h a 1 b 2 c 3 d 4 e 5");
        server.run("HPEXPIRE h 10 FIELDS 4 a b c d");
        server.records();
        server.advance(10);
        for (line, reply) in [
            ("HGETALL h", "1) \"e\"\n2) \"5\""),
            ("HLEN h", "(integer) 5"),
            ("HEXISTS h a", "(integer) 0"),
            ("HDEL h a e", "(integer) 1"),
            ("HINCRBY h a 5", "(integer) 5"),
            ("HSETNX h b 6", "(integer) 1"),
            ("HPERSIST h FIELDS 1 c", "1) (integer) -2"),
            ("HSET h c 7 f 8", "(integer) 2"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(
            server.records(),
            "HDEL h e | HDEL h a | HINCRBY h a 5 | HDEL h b | HSETNX h b 6 | HDEL h c | HSET h c 7 f 8"
        );
    }

    #[test]
    fn fields_expire_by_themselves_and_the_hash_with_the_last() {
        let mut server = Server::new();
        server.run("HSET h a 1 b 2");
        server.run("HSET whole a 1");
        for i in 0..500 {
            server.run(&format!("HSET many f{i} v"));
            server.run(&format!("HPEXPIRE many 10 FIELDS 1 f{i}"));
        }
        server.run("HPEXPIRE h 10 FIELDS 1 a");
        server.run("HPEXPIRE whole 10 FIELDS 1 a");
        server.records();
        server.advance(200);
        server.timeout();
        assert_eq!(server.run("DBSIZE"), "(integer) 1");
        assert_eq!(server.run("HLEN h"), "(integer) 1");
        assert!(server.run("INFO stats").contains("expired_fields:502"));
        let records = server.records();
        assert!(records.contains("HDEL h a") && records.contains("HDEL whole a"), "{records}");
    }
}
