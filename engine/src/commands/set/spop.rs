//! SPOP: random members are taken out, and recorded as which those were.

use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::commands::call::{Call, count};
use crate::commands::collection::{Edit, edit, expect, reply_element};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Key;
use crate::keyspace::change::Notify;
use crate::resp::decode::OwnedArgs;
use crate::resp::error;
use crate::types::Set;

pub static SPOP: Command = Command {
    summary: "Takes random members out of a set.",
    arity: -2,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ_AND_DELETE)],
    arguments: &[Argument::key("key"), Argument::integer("count").optional().since("3.2.0")],
    tips: &["nondeterministic_output"],
    run: spop,
    ..Command::new("spop", Group::Set, "1.0.0", "O(N) in the members taken")
};

/// So many members are recorded by one SREM, as in Redis.
const BATCH: usize = 1024;

fn spop(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    match call.args.len() {
        2 => pop_one(call, &key),
        3 => {
            let count = parse_i64(call.arg(2)).and_then(count).ok_or(error::NOT_POSITIVE)?;
            let length = expect::<Set>(call.state.look_to_write(&key))?.map_or(0, Set::len);
            if count < length { pop_some(call, &key, count) } else { pop_all(call, &key) }
        }
        _ => call.syntax(),
    }
}

fn pop_one(call: &mut Call<'_>, key: &Key<'_>) -> Outcome {
    let mut rng = call.state.rng.fork();
    let popped = edit(call, key, "spop", |set: &mut Set, _| {
        let member = set.pop(&mut rng, <[u8]>::to_vec);
        Edit { changes: 1, result: member.expect("no stored set is empty") }
    })?;
    call.reply.bulk_or_null(popped.as_deref());
    if let Some(member) = popped {
        call.record(&[b"SREM", key.bytes, &member]);
    }
    Ok(())
}

fn pop_all(call: &mut Call<'_>, key: &Key<'_>) -> Outcome {
    let set = expect::<Set>(call.state.look_to_write(key))?;
    let length = set.map_or(0, Set::len);
    call.reply.set(length);
    set.into_iter().flat_map(Set::iter).for_each(|member| reply_element(call.reply, member));
    if call.db().discard(key) {
        call.changed_times(length as u64, key.bytes, Notify::SET, "spop");
        call.notice(key.bytes, Notify::GENERIC, "del");
        call.record(&[b"DEL", key.bytes]);
    }
    Ok(())
}

/// Takes fewer members than there are.
fn pop_some(call: &mut Call<'_>, key: &Key<'_>, count: usize) -> Outcome {
    let mut rng = call.state.rng.fork();
    let batches = edit(call, key, "spop", |set: &mut Set, limits| {
        let mut batches = Vec::new();
        let mut batch = OwnedArgs::default();
        set.pop_many(count, &mut rng, limits, |member| {
            batch.push(member);
            if batch.as_args().len() == BATCH {
                batches.push(core::mem::take(&mut batch));
            }
        });
        batches.push(batch);
        Edit { changes: count as u64, result: batches }
    })?;
    call.reply.set(count);
    for batch in batches.iter().flatten().map(OwnedArgs::as_args).filter(|batch| !batch.is_empty()) {
        batch.iter().for_each(|member| call.reply.bulk(member));
        let words: Vec<&[u8]> = [b"SREM", key.bytes].into_iter().chain(batch.iter()).collect();
        call.record(&words);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::collections::{BTreeMap, BTreeSet};
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn members(reply: &str) -> Vec<String> {
        reply.split('"').skip(1).step_by(2).map(ToString::to_string).collect()
    }

    #[test]
    fn replies_and_records() {
        let mut server = Server::new();
        server.run("SADD s a");
        server.run("SET text v");
        server.records();
        for (line, reply) in [
            ("SPOP s 0", "(empty array)"),
            ("SPOP s -1", "(error) ERR value is out of range, must be positive"),
            ("SPOP s 1 2", "(error) ERR syntax error"),
            ("SPOP none", "(nil)"),
            ("SPOP none 3", "(empty array)"),
            ("SPOP text 0", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("SPOP s", "\"a\""),
            ("EXISTS s", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(server.records(), "SREM s a");
        server.run("SADD s a 1");
        server.records();
        assert_eq!(members(&server.run("SPOP s 9223372036854775807")).len(), 2);
        assert_eq!(server.records(), "DEL s");
    }

    #[test]
    fn many_are_recorded_in_parts_of_one_transaction() {
        let mut server = Server::new();
        for n in 0..3000 {
            server.run(&format!("SADD s {n}"));
        }
        server.records();
        let popped = members(&server.run("SPOP s 2000"));
        let records = server.records();
        let parts: Vec<_> = records.split(" | ").collect();
        assert_eq!((parts.len(), parts[0], parts[3]), (4, "MULTI", "EXEC"));
        let recorded = parts[1..3].iter().flat_map(|part| part.split(' ').skip(2));
        assert!(recorded.eq(popped.iter()));
        assert_eq!(server.run("SCARD s"), "(integer) 1000");
    }

    /// In every encoding, and whichever way it goes, any member is as likely as any other.
    #[test]
    fn all_members_are_equally_likely() {
        const ROUNDS: u64 = 1500;
        for (config, members_of) in [("", ""), ("", "m"), ("set-max-listpack-entries 0", "m")] {
            for (size, count) in [(8, 1), (8, 3), (8, 7)] {
                let mut server = Server::with(config);
                let all: Vec<_> = (0..size).map(|n| format!("{members_of}{n}")).collect();
                let mut times = BTreeMap::new();
                for _ in 0..ROUNDS {
                    server.run(&format!("SADD s {}", all.join(" ")));
                    let popped = members(&server.run(&format!("SPOP s {count}")));
                    let different: BTreeSet<_> = popped.iter().cloned().collect();
                    assert_eq!((popped.len(), different.len()), (count, count));
                    for member in popped {
                        assert_eq!(server.run(&format!("SISMEMBER s {member}")), "(integer) 0");
                        *times.entry(member).or_insert(0u64) += 1;
                    }
                }
                let even = ROUNDS * count as u64 / size;
                assert!(times.values().all(|times| times.abs_diff(even) < even / 3), "{config} {count}: {times:?}");
                assert_eq!(times.len(), all.len());
            }
        }
    }

    #[test]
    fn what_little_is_left_is_in_a_small_encoding() {
        let mut server = Server::new();
        for n in 0..1000 {
            server.run(&format!("SADD s m{n}"));
        }
        server.run("SPOP s 700");
        assert_eq!(server.run("OBJECT ENCODING s"), "\"hashtable\"");
        server.run("SPOP s 290");
        assert_eq!(server.run("OBJECT ENCODING s"), "\"listpack\"");
        assert_eq!(server.run("SCARD s"), "(integer) 10");
    }
}
