//! TTL, PTTL, EXPIRETIME, PEXPIRETIME: how long a key has, and until when.

use crate::base::time::Time;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};

const NOT_ALWAYS_THE_SAME: &[&str] = &["nondeterministic_output"];

pub static TTL: Command = Command {
    summary: "The seconds that a key has left; -1 without an expiry, -2 without a key.",
    tips: NOT_ALWAYS_THE_SAME,
    run: |call| answer(call, |expiry, now| to_seconds(left(expiry, now))),
    ..question("ttl", "1.0.0")
};

pub static PTTL: Command = Command {
    summary: "The milliseconds that a key has left; -1 without an expiry, -2 without a key.",
    tips: NOT_ALWAYS_THE_SAME,
    run: |call| answer(call, left),
    ..question("pttl", "2.6.0")
};

pub static EXPIRETIME: Command = Command {
    summary: "When a key expires, in seconds since 1970; -1 without an expiry, -2 without a key.",
    run: |call| answer(call, |expiry, _| to_seconds(expiry.millis())),
    ..question("expiretime", "7.0.0")
};

pub static PEXPIRETIME: Command = Command {
    summary: "When a key expires, in milliseconds since 1970; -1 without an expiry, -2 without a key.",
    run: |call| answer(call, |expiry, _| expiry.millis()),
    ..question("pexpiretime", "7.0.0")
};

const fn question(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: 2,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::READ)] },
        arguments: const { &[Argument::key("key")] },
        ..Command::new(name, Group::Generic, since, "O(1)")
    }
}

fn answer(call: &mut Call<'_>, what: fn(Time, Time) -> u64) -> Outcome {
    let key = call.key(1);
    let now = call.state.now;
    let answer = match call.state.ask(&key) {
        None => -2,
        Some(entry) => entry.expiry().map_or(-1, |expiry| what(expiry, now) as i64),
    };
    call.reply.integer(answer);
    Ok(())
}

/// Milliseconds.
pub fn left(expiry: Time, now: Time) -> u64 {
    expiry.millis().saturating_sub(now.millis())
}

/// To the nearest second, as Redis rounds.
pub fn to_seconds(millis: u64) -> u64 {
    millis.saturating_add(500) / 1000
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn seconds_are_rounded() {
        let mut server = Server::new();
        server.run("SET k v");
        assert_eq!(server.run("TTL k"), "(integer) -1");
        assert_eq!(server.run("PTTL none"), "(integer) -2");
        server.run("PEXPIREAT k 9999999999499");
        assert_eq!(server.run("EXPIRETIME k"), "(integer) 9999999999");
        assert_eq!(server.run("PEXPIRETIME k"), "(integer) 9999999999499");
        server.run("PEXPIRE k 500");
        assert_eq!(server.run("TTL k"), "(integer) 1");
        server.advance(1);
        assert_eq!(server.run("TTL k"), "(integer) 0");
    }
}
