//! SET, SETNX, SETEX, PSETEX, GETSET: a string under a key, with conditions, an expiry, and the old value if asked for.

use super::options::{Condition, EXPIRATION, Expiry, Lifetime, Options};
use super::text::{Text, reply_value};
use crate::base::number::format_u64;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Key;
use crate::keyspace::change::Notify;
use crate::resp::error::Error;

pub static SET: Command = Command {
    summary: "Sets a key to a string, whatever it held, with an expiry and conditions if wanted.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::SET_OPTIONS)],
    arguments: &[
        Argument::key("key"),
        Argument::string("value"),
        Argument::one_of(
            "condition",
            &[
                Argument::word("nx", "NX").since("2.6.12"),
                Argument::word("xx", "XX").since("2.6.12"),
                Argument::string("comparison-value").token("IFEQ").since("8.1.0"),
            ],
        )
        .optional(),
        Argument::word("get", "GET").optional().since("6.2.0"),
        Argument::one_of("expiration", EXPIRATION).optional(),
    ],
    run: set,
    ..Command::new("set", Group::String, "1.0.0", "O(1)")
};

pub static SETNX: Command = Command {
    summary: "Sets a key to a string if there is no such key.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::OVERWRITE_INSERT)],
    arguments: &[Argument::key("key"), Argument::string("value")],
    run: setnx,
    ..Command::new("setnx", Group::String, "1.0.0", "O(1)")
};

pub static SETEX: Command = Command {
    summary: "Sets a key to a string that expires in so many seconds.",
    arity: 4,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::OVERWRITE)],
    arguments: &[Argument::key("key"), Argument::integer("seconds"), Argument::string("value")],
    run: |call| set_for(call, "EX"),
    ..Command::new("setex", Group::String, "2.0.0", "O(1)")
};

pub static PSETEX: Command = Command {
    summary: "Sets a key to a string that expires in so many milliseconds.",
    arity: 4,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::OVERWRITE)],
    arguments: &[Argument::key("key"), Argument::integer("milliseconds"), Argument::string("value")],
    run: |call| set_for(call, "PX"),
    ..Command::new("psetex", Group::String, "2.6.0", "O(1)")
};

pub static GETSET: Command = Command {
    summary: "Sets a key to a string and answers the one it held.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE_AND_READ)],
    arguments: &[Argument::key("key"), Argument::string("value")],
    run: getset,
    ..Command::new("getset", Group::String, "1.0.0", "O(1)")
};

const WORDS: &[&str] = &["NX", "XX", "IFEQ", "GET", "KEEPTTL", "EX", "PX", "EXAT", "PXAT"];

fn set(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    if call.args.len() == 3 {
        set_string(call, &key, call.arg(2), Lifetime::Forever);
        call.reply.ok();
        return Ok(());
    }
    let options = Options::parse(call.args, 3, WORDS)?;
    let lifetime = options.lifetime(call.state.now, "set")?;
    let old = call.state.look_to_write(&key);
    let admitted = match options.condition {
        Condition::None => true,
        Condition::Absent => old.is_none(),
        Condition::Present => old.is_some(),
        Condition::Equal(wanted) => old.map_or(Ok(false), |entry| Ok::<_, Error>(*Text::of(entry)? == *wanted))?,
    };
    if options.get {
        reply_value(call.reply, old)?;
    }
    if admitted {
        write(call, &key, call.arg(2), lifetime);
    }
    match admitted {
        _ if options.get => {}
        true => call.reply.ok(),
        false => call.reply.null(),
    }
    Ok(())
}

fn setnx(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let absent = call.state.look_to_write(&key).is_none();
    if absent {
        set_string(call, &key, call.arg(2), Lifetime::Forever);
    }
    call.reply.integer(absent as i64);
    Ok(())
}

fn set_for(call: &mut Call<'_>, unit: &'static str) -> Outcome {
    let key = call.key(1);
    let lifetime = Expiry::new(unit, call.arg(2)).lifetime(call.state.now, call.command.name)?;
    write(call, &key, call.arg(3), lifetime);
    call.reply.ok();
    Ok(())
}

fn getset(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    reply_value(call.reply, call.state.look_to_write(&key))?;
    set_string(call, &key, call.arg(2), Lifetime::Forever);
    Ok(())
}

/// Sets one key and says how that is to be recorded. With an expiry that has passed already, the key goes instead.
fn write(call: &mut Call<'_>, key: &Key<'_>, value: &[u8], lifetime: Lifetime) {
    match lifetime {
        Lifetime::Until(time) if time <= call.state.now => {
            if call.expire_at_once(key) {
                call.record(&[b"DEL", key.bytes]);
            }
        }
        Lifetime::Until(time) => {
            set_string(call, key, value, lifetime);
            let at = format_u64(time.millis());
            call.record(&[b"SET", key.bytes, value, b"PXAT", &at]);
        }
        Lifetime::Forever | Lifetime::Kept => set_string(call, key, value, lifetime),
    }
}

/// Sets a key to a string and reports the change.
pub fn set_string(call: &mut Call<'_>, key: &Key<'_>, value: &[u8], lifetime: Lifetime) {
    call.state.drop_if_expired(key);
    call.announce_new(key);
    let expiry = match lifetime {
        Lifetime::Forever => None,
        Lifetime::Until(time) => Some(time),
        Lifetime::Kept => call.db().get(key).and_then(|entry| entry.expiry()),
    };
    let mark = call.state.mark();
    call.db().set_bytes(key, value, expiry).written(mark);
    call.changed(key.bytes, Notify::STRING, "set");
    if matches!(lifetime, Lifetime::Until(_)) {
        call.notice(key.bytes, Notify::GENERIC, "expire");
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn options_combine_as_they_do_in_redis() {
        let mut server = Server::new();
        for (line, reply) in [
            ("SET k v NX XX", "(error) ERR syntax error"),
            ("SET k v EX 10 EX 20", "OK"),
            ("TTL k", "(integer) 20"),
            ("SET k w NX", "(nil)"),
            ("SET k w NX GET", "\"v\""),
            ("SET k w XX KEEPTTL", "OK"),
            ("TTL k", "(integer) 20"),
            ("SET k x IFEQ v", "(nil)"),
            ("SET k x IFEQ w GET", "\"w\""),
            ("TTL k", "(integer) -1"),
            ("SET k y EX 10 KEEPTTL", "(error) ERR syntax error"),
            ("SET k y EX 0", "(error) ERR invalid expire time in 'set' command"),
            ("SET k y EX 9223372036854775807", "(error) ERR invalid expire time in 'set' command"),
            ("SET k y PX", "(error) ERR syntax error"),
            ("SET nope y IFEQ v", "(nil)"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_key_set_to_expire_in_the_past_is_gone() {
        let mut server = Server::new();
        server.run("SET k v");
        assert_eq!(server.run("SET k w PXAT 1 GET"), "\"v\"");
        assert_eq!(server.run("EXISTS k"), "(integer) 0");
        assert_eq!(server.records(), "SELECT 0 | SET k v | DEL k");
    }

    #[test]
    fn relative_expiries_are_recorded_as_moments() {
        let mut server = Server::new();
        let moment = server.millis() + 10_000;
        server.run("SETEX k 10 v");
        server.run("SET k w");
        server.run("SET k w NX");
        assert_eq!(server.records(), std::format!("SELECT 0 | SET k v PXAT {moment} | SET k w"));
    }
}
