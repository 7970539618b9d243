//! MSET, MSETNX, MSETEX: several strings at once, all of them or none.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::options::{Condition, Lifetime, Options};
use super::set::set_string;
use crate::base::number::{format_u64, parse_i64};
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Begin, Command, Find, Flags, Group, KeySpec, Outcome};
use crate::resp::error::{self, Error};

const PAIRS: Argument = Argument::block("data", &[Argument::key("key"), Argument::string("value")]).multiple();

pub static MSET: Command = Command {
    summary: "Sets several keys to strings.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::from(1, 2, Access::OVERWRITE)],
    arguments: &[PAIRS],
    tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
    run: mset,
    ..Command::new("mset", Group::String, "1.0.1", "O(N) in the keys")
};

pub static MSETNX: Command = Command {
    summary: "Sets several keys to strings, if none of them is there yet.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::from(1, 2, Access::OVERWRITE_INSERT)],
    arguments: &[PAIRS],
    run: msetnx,
    ..Command::new("msetnx", Group::String, "1.0.1", "O(N) in the keys")
};

pub static MSETEX: Command = Command {
    summary: "Sets several keys to strings with one expiry, if all of them, or none, are there.",
    arity: -4,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec {
        access: Access::OVERWRITE,
        begin: Begin::Index(1),
        find: Find::Count { number: 0, first: 1, step: 2 },
    }],
    arguments: &[
        Argument::integer("numkeys"),
        PAIRS,
        Argument::one_of("condition", &[Argument::word("nx", "NX"), Argument::word("xx", "XX")]).optional(),
        Argument::one_of(
            "expiration",
            &[
                Argument::integer("seconds").token("EX"),
                Argument::integer("milliseconds").token("PX"),
                Argument::unix_time("unix-time-seconds").token("EXAT"),
                Argument::unix_time("unix-time-milliseconds").token("PXAT"),
                Argument::word("keepttl", "KEEPTTL"),
            ],
        )
        .optional(),
    ],
    tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
    run: msetex,
    ..Command::new("msetex", Group::String, "9.1.0", "O(N) in the keys")
};

fn mset(call: &mut Call<'_>) -> Outcome {
    let pairs = all_pairs(call)?;
    set_all(call, pairs, Lifetime::Forever);
    call.reply.ok();
    Ok(())
}

fn msetnx(call: &mut Call<'_>) -> Outcome {
    let pairs = all_pairs(call)?;
    let free = holds(call, pairs.clone(), Condition::Absent);
    if free {
        set_all(call, pairs, Lifetime::Forever);
    }
    call.reply.integer(free as i64);
    Ok(())
}

fn msetex(call: &mut Call<'_>) -> Outcome {
    const NUMBER: Error = Error::fixed("ERR invalid numkeys value or out of range");
    let count = parse_i64(call.arg(1)).filter(|count| (1..=i32::MAX as i64 / 2).contains(count)).ok_or(NUMBER)?;
    let pairs = 2..2 + 2 * count as usize;
    if pairs.end > call.args.len() {
        return call.syntax();
    }
    let options = Options::parse(call.args, pairs.end, &["NX", "XX", "KEEPTTL", "EX", "PX", "EXAT", "PXAT"])?;
    let lifetime = options.lifetime(call.state.now, "msetex")?;
    let admitted = holds(call, pairs.clone(), options.condition);
    if admitted {
        match lifetime {
            Lifetime::Until(time) if time <= call.state.now => expire_all(call, pairs),
            Lifetime::Until(time) => {
                set_all(call, pairs.clone(), lifetime);
                let at = format_u64(time.millis());
                let mut words: Vec<&[u8]> = call.args.iter().take(pairs.end).collect();
                words.extend([&b"PXAT"[..], &at]);
                call.record(&words);
            }
            Lifetime::Forever | Lifetime::Kept => set_all(call, pairs, lifetime),
        }
    }
    call.reply.integer(admitted as i64);
    Ok(())
}

/// # Errors
/// A key is without a value.
fn all_pairs(call: &Call<'_>) -> Result<Range<usize>, Error> {
    if call.args.len() % 2 == 1 { Ok(1..call.args.len()) } else { Err(error::wrong_arity(call.command.name)) }
}

/// Whether every key meets the condition.
fn holds(call: &mut Call<'_>, pairs: Range<usize>, condition: Condition<'_>) -> bool {
    condition == Condition::None
        || pairs.step_by(2).all(|index| {
            let key = call.key(index);
            call.state.look_to_write(&key).is_some() == (condition == Condition::Present)
        })
}

fn set_all(call: &mut Call<'_>, pairs: Range<usize>, lifetime: Lifetime) {
    for index in pairs.step_by(2) {
        let key = call.key(index);
        set_string(call, &key, call.arg(index + 1), lifetime);
    }
}

fn expire_all(call: &mut Call<'_>, pairs: Range<usize>) {
    let mut gone = vec![&b"DEL"[..]];
    for index in pairs.step_by(2) {
        let key = call.key(index);
        if call.expire_at_once(&key) {
            gone.push(key.bytes);
        }
    }
    if gone.len() > 1 {
        call.record(&gone);
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn all_or_none() {
        let mut server = Server::new();
        for (line, reply) in [
            ("MSETNX a 1 b 2", "(integer) 1"),
            ("MSETNX c 1 b 2", "(integer) 0"),
            ("EXISTS c", "(integer) 0"),
            ("MSET a", "(error) ERR wrong number of arguments for 'mset' command"),
            ("MSET a 1 b", "(error) ERR wrong number of arguments for 'mset' command"),
            ("MSETEX 2 a 1 c 2 XX", "(integer) 0"),
            ("MSETEX 2 a 1 b 2 NX", "(integer) 0"),
            ("MSETEX 2 a 3 b 4 XX EX 10", "(integer) 1"),
            ("TTL b", "(integer) 10"),
            ("MSETEX 0 a 1", "(error) ERR invalid numkeys value or out of range"),
            ("MSETEX 3 a 1 b 2", "(error) ERR syntax error"),
            ("MSETEX 2 a 1 b 2 PXAT 1", "(integer) 1"),
            ("EXISTS a b", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let moment = server.millis() + 10_000;
        assert_eq!(
            server.records(),
            std::format!("SELECT 0 | MSETNX a 1 b 2 | MSETEX 2 a 3 b 4 PXAT {moment} | DEL a b")
        );
    }
}
