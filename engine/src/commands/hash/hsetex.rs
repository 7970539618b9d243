//! HSETEX: fields get values, under conditions and with an expiry.

use super::fields::{Expiry, Lifetime, WRONG_NUMBER, counted, position};
use super::hexpire::expire_at_once;
use crate::base::number::format_u64;
use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit_or_create, expect};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::generic::expire::Conditions;
use crate::commands::words::{Words, one_of};
use crate::keyspace::Key;
use crate::keyspace::change::Notify;
use crate::resp::decode::{Args, OwnedArgs};
use crate::resp::error::{self, Error};
use crate::types::Hash;

pub static HSETEX: Command = Command {
    summary: "Sets fields of a hash all at once, if a condition holds, and lets them expire.",
    arity: -6,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::INSERT)],
    arguments: &[
        Argument::key("key"),
        Argument::one_of("key-condition", &[Argument::word("nx", "NX"), Argument::word("xx", "XX")]).optional(),
        Argument::one_of("fields-condition", &[Argument::word("fnx", "FNX"), Argument::word("fxx", "FXX")]).optional(),
        Argument::one_of("expiration", EXPIRATION).optional(),
        Argument::block(
            "fields",
            &[
                Argument::integer("numfields"),
                Argument::block("data", &[Argument::string("field"), Argument::string("value")]).multiple(),
            ],
        )
        .token("FIELDS"),
    ],
    run: hsetex,
    ..Command::new("hsetex", Group::Hash, "9.0.0", "O(N) in the fields")
};

const EXPIRATION: &[Argument] = &[
    Argument::integer("seconds").token("EX"),
    Argument::integer("milliseconds").token("PX"),
    Argument::unix_time("unix-time-seconds").token("EXAT"),
    Argument::unix_time("unix-time-milliseconds").token("PXAT"),
    Argument::word("keepttl", "KEEPTTL"),
];

#[derive(Clone, Copy, Default)]
struct Options<'a> {
    /// Whether there has to be such a key, or none.
    key: Option<bool>,
    /// Whether there have to be such fields, or none of them.
    fields: Option<bool>,
    expiry: Option<Expiry<'a>>,
}

impl<'a> Options<'a> {
    fn parse(mut words: Words<'a>) -> Result<Self, Error> {
        let mut options = Options::default();
        while let Some(word) = words.next() {
            match one_of(word, &["NX", "XX", "FNX", "FXX", "EX", "PX", "EXAT", "PXAT", "KEEPTTL"])? {
                condition @ ("NX" | "XX") => choose(&mut options.key, condition == "XX")?,
                condition @ ("FNX" | "FXX") => choose(&mut options.fields, condition == "FXX")?,
                option => options.expiry = Expiry::read(option, options.expiry, &mut words)?,
            }
        }
        Ok(options)
    }

    fn admit(&self, call: &mut Call<'_>, key: &Key<'_>, pairs: Args<'_>) -> Result<bool, Error> {
        let now = call.state.now;
        let hash = expect::<Hash>(call.state.look_to_write(key))?;
        let fields = |wanted: bool| {
            let there = |name: &[u8]| hash.is_some_and(|hash| hash.at(now).contains(name));
            pairs.iter().step_by(2).all(|name| there(name) == wanted)
        };
        Ok(self.key.is_none_or(|wanted| hash.is_some() == wanted) && self.fields.is_none_or(fields))
    }
}

/// The same word may come twice, but not one that contradicts it.
fn choose(condition: &mut Option<bool>, wanted: bool) -> Outcome {
    if condition.replace(wanted).is_some_and(|before| before != wanted) { Err(error::SYNTAX) } else { Ok(()) }
}

fn hsetex(call: &mut Call<'_>) -> Outcome {
    let at = position(call.args, 2)?;
    let options = Options::parse(Words::new(call.args.until(at), 2))?;
    let pairs = counted(call.args, at + 1, 2, WRONG_NUMBER)?;
    let (key, now) = (call.key(1), call.state.now);
    expect::<Hash>(call.state.look_to_write(&key))?;
    let lifetime = match options.expiry {
        _ if options.key.is_some_and(|wanted| call.db().contains(&key) != wanted) => Lifetime::Kept,
        Some(expiry) => expiry.lifetime(now, "hsetex")?,
        None => Lifetime::Forever,
    };
    let admitted = options.admit(call, &key, pairs)?;
    call.reply.integer(admitted as i64);
    match lifetime {
        _ if !admitted => Ok(()),
        Lifetime::Until(moment) if moment <= now => set_and_expire(call, &key, pairs),
        _ => set(call, &key, pairs, lifetime),
    }
}

/// Values that expire at once: the fields go, and all that would have been announced is.
fn set_and_expire(call: &mut Call<'_>, key: &Key<'_>, pairs: Args<'_>) -> Outcome {
    let created = !call.db().contains(key);
    if created {
        call.announce_new(key);
    }
    call.notice(key.bytes, Notify::HASH, "hset");
    call.notice(key.bytes, Notify::HASH, "hexpire");
    let names: OwnedArgs = pairs.iter().step_by(2).collect();
    let removed = expire_at_once(call, key, names.as_args(), Conditions::default())?;
    if !removed.iter().any(|&answer| answer > 0) {
        call.notice(key.bytes, Notify::HASH, "hexpired");
        if created {
            call.notice(key.bytes, Notify::GENERIC, "del");
        }
    }
    Ok(())
}

fn set(call: &mut Call<'_>, key: &Key<'_>, pairs: Args<'_>, lifetime: Lifetime) -> Outcome {
    call.state.expire_fields_named(key, pairs.iter().step_by(2));
    edit_or_create(
        call,
        key,
        "hset",
        |_| Hash::new(),
        |hash: &mut Hash, limits| {
            hash.expect(pairs.len() / 2, limits);
            for at in (0..pairs.len()).step_by(2) {
                let (name, value) = (&pairs[at], &pairs[at + 1]);
                match lifetime {
                    Lifetime::Kept => _ = hash.update(name, value, limits),
                    Lifetime::Forever => _ = hash.set(name, value, limits),
                    Lifetime::Until(moment) => {
                        hash.set(name, value, limits);
                        hash.set_expiry(name, Some(moment), limits);
                    }
                }
            }
            Edit { changes: pairs.len() as u64 / 2, result: () }
        },
    )?;
    if matches!(lifetime, Lifetime::Until(_)) {
        call.notice(key.bytes, Notify::HASH, "hexpire");
    }
    record(call, key, pairs, lifetime);
    Ok(())
}

/// Without the conditions, which held, and with the moment.
fn record(call: &mut Call<'_>, key: &Key<'_>, pairs: Args<'_>, lifetime: Lifetime) {
    let mut words: OwnedArgs = [b"HSETEX", key.bytes].into_iter().collect();
    match lifetime {
        Lifetime::Kept => words.push(b"KEEPTTL"),
        Lifetime::Forever => {}
        Lifetime::Until(moment) => {
            words.push(b"PXAT");
            words.push(&format_u64(moment.millis()));
        }
    }
    words.push(b"FIELDS");
    words.push(&format_u64(pairs.len() as u64 / 2));
    pairs.iter().for_each(|word| words.push(word));
    call.record_args(words.as_args());
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn conditions_hold_for_all_fields_or_nothing_happens() {
        let mut server = Server::new();
        let at = server.millis() + 5000;
        for (line, reply) in [
            ("HSETEX h XX FIELDS 1 a 1", "(integer) 0"),
            ("HSETEX h NX EX 5 FIELDS 2 a 1 b 2", "(integer) 1"),
            ("HSETEX h NX FIELDS 1 a 2", "(integer) 0"),
            ("HSETEX h FNX FIELDS 2 c 3 a 2", "(integer) 0"),
            ("HSETEX h FXX KEEPTTL FIELDS 1 a 2", "(integer) 1"),
            ("HSETEX h FXX FIELDS 2 a 2 c 3", "(integer) 0"),
            ("HSETEX h FIELDS 1 b 3", "(integer) 1"),
            ("HPTTL h FIELDS 2 a b", "1) (integer) 5000\n2) (integer) -1"),
            ("HSETEX h PXAT 1 FIELDS 1 a 2", "(integer) 1"),
            ("HSETEX none PXAT 1 FIELDS 1 a 2", "(integer) 1"),
            ("HSETEX h FNX FXX FIELDS 1 a 2", "(error) ERR syntax error"),
            ("HGETALL h", "1) \"b\"\n2) \"3\""),
            ("EXISTS none", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let records = format!(
            "SELECT 0 | HSETEX h PXAT {at} FIELDS 2 a 1 b 2 | HSETEX h KEEPTTL FIELDS 1 a 2 | HSETEX h FIELDS 1 b 3 | HDEL h a"
        );
        assert_eq!(server.records(), records);
    }
}
