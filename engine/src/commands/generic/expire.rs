//! EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, PERSIST: how long a key lives.

use alloc::format;

use crate::base::number::format_u64;
use crate::base::time::Time;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::is;
use crate::keyspace::change::Notify;
use crate::resp::decode::Args;
use crate::resp::error::{self, Error, printable};

pub const CONDITIONS: &[Argument] =
    &[Argument::word("nx", "NX"), Argument::word("xx", "XX"), Argument::word("gt", "GT"), Argument::word("lt", "LT")];
const CONDITION: Argument = Argument::one_of("condition", CONDITIONS).optional().since("7.0.0");

pub static EXPIRE: Command = Command {
    summary: "Lets a key expire in so many seconds.",
    arguments: &[Argument::key("key"), Argument::integer("seconds"), CONDITION],
    run: |call| expire(call, Unit::Seconds, From::Now),
    ..change("expire", "1.0.0")
};

pub static PEXPIRE: Command = Command {
    summary: "Lets a key expire in so many milliseconds.",
    arguments: &[Argument::key("key"), Argument::integer("milliseconds"), CONDITION],
    run: |call| expire(call, Unit::Millis, From::Now),
    ..change("pexpire", "2.6.0")
};

pub static EXPIREAT: Command = Command {
    summary: "Lets a key expire at a moment, given in seconds since 1970.",
    arguments: &[Argument::key("key"), Argument::unix_time("unix-time-seconds"), CONDITION],
    run: |call| expire(call, Unit::Seconds, From::Epoch),
    ..change("expireat", "1.2.0")
};

pub static PEXPIREAT: Command = Command {
    summary: "Lets a key expire at a moment, given in milliseconds since 1970.",
    arguments: &[Argument::key("key"), Argument::unix_time("unix-time-milliseconds"), CONDITION],
    run: |call| expire(call, Unit::Millis, From::Epoch),
    ..change("pexpireat", "2.6.0")
};

pub static PERSIST: Command = Command {
    summary: "Takes a key's expiry away.",
    arity: 2,
    arguments: &[Argument::key("key")],
    run: persist,
    ..change("persist", "2.2.0")
};

const fn change(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: -3,
        flags: Flags::WRITE.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::UPDATE)] },
        ..Command::new(name, Group::Generic, since, "O(1)")
    }
}

#[derive(Clone, Copy)]
pub enum Unit {
    Seconds,
    Millis,
}

#[derive(Clone, Copy)]
pub enum From {
    Now,
    Epoch,
}

/// When an expiry may be changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    absent: bool,
    present: bool,
    greater: bool,
    less: bool,
}

impl Conditions {
    /// # Errors
    /// An unknown word, or words that contradict each other.
    pub fn parse(args: Args<'_>) -> Result<Conditions, Error> {
        let mut conditions = Conditions::default();
        for word in args.iter() {
            match word {
                _ if is(word, "NX") => conditions.absent = true,
                _ if is(word, "XX") => conditions.present = true,
                _ if is(word, "GT") => conditions.greater = true,
                _ if is(word, "LT") => conditions.less = true,
                _ => return Err(format!("ERR Unsupported option {}", printable(word)).into()),
            }
        }
        if conditions.absent && (conditions.present || conditions.greater || conditions.less) {
            return Err(error::INVALID_TTL_OPTION_PAIR);
        }
        if conditions.greater && conditions.less {
            return Err(error::GT_AND_LT);
        }
        Ok(conditions)
    }

    /// What has no expiry lives longer than anything else.
    pub fn admit(self, old: Option<Time>, new: Time) -> bool {
        !(self.absent && old.is_some()
            || self.present && old.is_none()
            || self.greater && old.is_none_or(|old| new <= old)
            || self.less && old.is_some_and(|old| new >= old))
    }
}

fn expire(call: &mut Call<'_>, unit: Unit, from: From) -> Outcome {
    let conditions = Conditions::parse(call.args.from(3))?;
    let new =
        moment(call.integer(2)?, unit, from, call.state.now).ok_or_else(|| error::invalid_expiry(call.command.name))?;
    let key = call.key(1);
    let admitted = match call.state.look_to_write(&key) {
        None => false,
        Some(entry) => conditions.admit(entry.expiry(), new),
    };
    call.reply.integer(admitted as i64);
    if !admitted {
        return Ok(());
    }
    if new <= call.state.now {
        call.expire_at_once(&key);
        call.record(&[b"DEL", key.bytes]);
    } else {
        let changed = call.db().set_expiry(&key, Some(new));
        call.changed_if(changed, key.bytes, Notify::GENERIC, "expire");
        call.record(&[b"PEXPIREAT", key.bytes, &format_u64(new.millis())]);
    }
    Ok(())
}

/// The moment that is meant: one before 1970 has passed like any other. `None` beyond 64 bits of milliseconds.
pub fn moment(amount: i64, unit: Unit, from: From, now: Time) -> Option<Time> {
    let millis = match unit {
        Unit::Seconds => amount.checked_mul(1000)?,
        Unit::Millis => amount,
    };
    let base = match from {
        From::Now => now.millis() as i64,
        From::Epoch => 0,
    };
    Some(Time::from_millis(millis.checked_add(base)?.max(0) as u64))
}

fn persist(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let present = call.state.look_to_write(&key).is_some();
    let changed = present && call.db().set_expiry(&key, None);
    if changed {
        call.changed(key.bytes, Notify::GENERIC, "persist");
    }
    call.reply.integer(changed as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Server;

    #[test]
    fn conditions_compare_with_the_old_expiry() {
        let (never, soon, late) = (None, Some(Time::from_millis(10)), Time::from_millis(20));
        for (words, admitted) in [
            (Conditions { absent: true, ..Conditions::default() }, (true, false)),
            (Conditions { present: true, ..Conditions::default() }, (false, true)),
            (Conditions { greater: true, ..Conditions::default() }, (false, true)),
            (Conditions { less: true, ..Conditions::default() }, (true, false)),
        ] {
            assert_eq!((words.admit(never, late), words.admit(soon, late)), admitted, "{words:?}");
        }
    }

    #[test]
    fn moments_have_their_bounds() {
        let mut server = Server::new();
        server.run("SET k v");
        for (line, reply) in [
            ("EXPIRE k 9223372036854775807", "(error) ERR invalid expire time in 'expire' command"),
            ("EXPIRE k -9223372036854775808", "(error) ERR invalid expire time in 'expire' command"),
            ("PEXPIRE k 9223372036854775807", "(error) ERR invalid expire time in 'pexpire' command"),
            ("EXPIREAT k 9223372036854776", "(error) ERR invalid expire time in 'expireat' command"),
            ("EXPIRE k 10 FOO", "(error) ERR Unsupported option FOO"),
            ("EXPIRE k 10 NX GT", "(error) ERR NX and XX, GT or LT options at the same time are not compatible"),
            ("EXPIRE k 10 GT LT", "(error) ERR GT and LT options at the same time are not compatible"),
            ("EXPIRE none 10", "(integer) 0"),
            ("EXPIREAT k -5", "(integer) 1"),
            ("EXISTS k", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn the_moment_is_recorded_and_reached() {
        let mut server = Server::new();
        let moment = server.millis() + 1500;
        server.run("SET k v");
        assert_eq!(server.run("PEXPIRE k 1500"), "(integer) 1");
        assert_eq!(server.run("PTTL k"), "(integer) 1500");
        assert_eq!(server.run("TTL k"), "(integer) 2");
        assert_eq!(server.run("PERSIST k"), "(integer) 1");
        assert_eq!(server.run("PERSIST k"), "(integer) 0");
        assert_eq!(server.run("EXPIRE k 0"), "(integer) 1");
        assert_eq!(server.records(), std::format!("SELECT 0 | SET k v | PEXPIREAT k {moment} | PERSIST k | DEL k"));
    }
}
