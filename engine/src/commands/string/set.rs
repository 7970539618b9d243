//! SET: a string under a key, with conditions, an expiry, and the old value if asked for.

use alloc::vec;

use super::get::reply_value;
use crate::base::number::{format_u64, parse_i64};
use crate::base::time::Time;
use crate::commands::call::{Call, integer};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;
use crate::keyspace::{Key, Value};
use crate::resp::error::{self, Error};

pub static SET: Command = Command {
    summary: "Sets a key to a string, whatever it held, with an expiry and conditions if wanted.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::SET_OPTIONS)],
    arguments: &[
        Argument::key("key"),
        Argument::string("value"),
        Argument::one_of("condition", &[Argument::word("nx", "NX"), Argument::word("xx", "XX")])
            .optional()
            .since("2.6.12"),
        Argument::word("get", "GET").optional().since("6.2.0"),
        Argument::one_of("expiration", EXPIRATION).optional(),
    ],
    run: set,
    ..Command::new("set", Group::String, "1.0.0", "O(1)")
};

pub const EXPIRATION: &[Argument] = &[
    Argument::integer("seconds").token("EX").since("2.6.12"),
    Argument::integer("milliseconds").token("PX").since("2.6.12"),
    Argument::unix_time("unix-time-seconds").token("EXAT").since("6.2.0"),
    Argument::unix_time("unix-time-milliseconds").token("PXAT").since("6.2.0"),
    Argument::word("keepttl", "KEEPTTL").since("6.0.0"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    None,
    Absent,
    Present,
}

fn set(call: &mut Call<'_>) -> Outcome {
    if call.args.len() == 3 {
        return store(call, Lifetime::Forever);
    }
    let (mut condition, mut get, mut expiry) = (Condition::None, false, None);
    let mut at = 3;
    while let Some(word) = call.args.get(at) {
        match word.to_ascii_uppercase().as_slice() {
            b"NX" if condition != Condition::Present => condition = Condition::Absent,
            b"XX" if condition != Condition::Absent => condition = Condition::Present,
            b"GET" => get = true,
            option => {
                let (span, words) = Expiry::parse(option, call.args.get(at + 1)).ok_or(error::SYNTAX)?;
                if expiry.replace(span).is_some() {
                    return call.syntax();
                }
                at += words - 1;
            }
        }
        at += 1;
    }
    let lifetime = match expiry {
        None => Lifetime::Forever,
        Some(expiry) => expiry.lifetime(call.state.now, "set")?,
    };
    let key = call.key(1);
    if get {
        reply_value(call.reply, call.state.look_to_write(&key))?;
    }
    if condition != Condition::None {
        let present = call.state.look_to_write(&key).is_some();
        if present != (condition == Condition::Present) {
            if !get {
                call.reply.null();
            }
            return Ok(());
        }
    }
    write(call, lifetime);
    if !get {
        call.reply.ok();
    }
    Ok(())
}

/// The command in its plain form: key, value, OK.
fn store(call: &mut Call<'_>, lifetime: Lifetime) -> Outcome {
    write(call, lifetime);
    call.reply.ok();
    Ok(())
}

fn write(call: &mut Call<'_>, lifetime: Lifetime) {
    let (key, value) = (call.key(1), call.arg(2));
    set_string(call, &key, value, lifetime);
    if let Lifetime::Until(time) = lifetime {
        call.record(|| {
            vec![&b"SET"[..], key.bytes, value, b"PXAT", &format_u64(time.millis())]
                .into_iter()
                .map(<[u8]>::to_vec)
                .collect()
        });
    }
}

/// How long a string that is written lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Forever,
    /// As long as what it replaces would have.
    Kept,
    Until(Time),
}

/// Sets a key to a string, stored as an integer where it is one, and reports the change.
pub fn set_string(call: &mut Call<'_>, key: &Key<'_>, value: &[u8], lifetime: Lifetime) {
    call.state.drop_if_expired(key);
    let expiry = match lifetime {
        Lifetime::Forever => None,
        Lifetime::Until(time) => Some(time),
        Lifetime::Kept => call.db().get(key).and_then(|entry| entry.expiry()),
    };
    let integer = if value.len() <= 20 { parse_i64(value) } else { None };
    match integer {
        Some(integer) => call.db().insert(key, Value::Int(integer), expiry),
        None => call.db().set_bytes(key, value, expiry),
    };
    call.changed(key.bytes, Notify::STRING, "set");
    if matches!(lifetime, Lifetime::Until(_)) {
        let db = call.state.db;
        call.state.effects.notice(db, key.bytes, Notify::GENERIC, "expire");
    }
}

/// An expiry as SET, GETEX and their kin take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry<'a> {
    In { amount: &'a [u8], unit: i64 },
    At { amount: &'a [u8], unit: i64 },
    Keep,
}

impl<'a> Expiry<'a> {
    /// Reads an option in upper case and the word behind it; how many words it took.
    pub fn parse(option: &[u8], next: Option<&'a [u8]>) -> Option<(Expiry<'a>, usize)> {
        Some(match (option, next) {
            (b"KEEPTTL", _) => (Expiry::Keep, 1),
            (b"EX", Some(amount)) => (Expiry::In { amount, unit: 1000 }, 2),
            (b"PX", Some(amount)) => (Expiry::In { amount, unit: 1 }, 2),
            (b"EXAT", Some(amount)) => (Expiry::At { amount, unit: 1000 }, 2),
            (b"PXAT", Some(amount)) => (Expiry::At { amount, unit: 1 }, 2),
            _ => return None,
        })
    }

    /// The moment it means.
    ///
    /// # Errors
    /// No integer, not positive, or beyond what milliseconds in 64 bits can say.
    pub fn lifetime(self, now: Time, command: &str) -> Result<Lifetime, Error> {
        let (amount, unit, base) = match self {
            Expiry::Keep => return Ok(Lifetime::Kept),
            Expiry::In { amount, unit } => (amount, unit, now.millis() as i64),
            Expiry::At { amount, unit } => (amount, unit, 0),
        };
        let millis = Some(integer(amount)?)
            .filter(|&amount| amount > 0)
            .and_then(|amount| amount.checked_mul(unit))
            .and_then(|amount| amount.checked_add(base))
            .ok_or_else(|| error::invalid_expiry(command))?;
        Ok(Lifetime::Until(Time::from_millis(millis as u64)))
    }
}
