//! SCAN, KEYS, RANDOMKEY: which keys there are.

use alloc::format;
use alloc::vec::Vec;

use crate::base::glob;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Categories, Command, Flags, Group, Outcome};
use crate::commands::scan::{Filter, cursor};
use crate::commands::words::is;
use crate::keyspace::Entry;
use crate::resp::decode::OwnedArgs;
use crate::resp::error::{Error, printable};

pub static SCAN: Command = Command {
    summary: "Some keys, and the cursor with which to ask for more; a key that is there all the while comes at least once.",
    arity: -2,
    flags: Flags::READONLY,
    arguments: &[
        Argument::integer("cursor"),
        Argument::pattern("pattern").token("MATCH").optional(),
        Argument::integer("count").token("COUNT").optional(),
        Argument::string("type").token("TYPE").optional().since("6.0.0"),
    ],
    tips: &["nondeterministic_output", "request_policy:special", "response_policy:special"],
    run: scan,
    ..Command::new("scan", Group::Generic, "2.8.0", "O(1) for each call, O(N) for all of them together")
};

pub static KEYS: Command = Command {
    summary: "All keys that match a pattern. Everybody else waits meanwhile.",
    arity: 2,
    flags: Flags::READONLY,
    categories: Categories::DANGEROUS,
    arguments: &[Argument::pattern("pattern")],
    tips: &["request_policy:all_shards", "nondeterministic_output_order"],
    run: keys,
    ..Command::new("keys", Group::Generic, "1.0.0", "O(N) in the keys of the database")
};

pub static RANDOMKEY: Command = Command {
    summary: "Any key.",
    arity: 1,
    flags: Flags::READONLY,
    tips: &["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
    run: random_key,
    ..Command::new("randomkey", Group::Generic, "1.0.0", "O(1)")
};

/// The names that TYPE takes: those of all of Redis's types.
const TYPES: &[&str] = &["string", "list", "set", "zset", "hash", "stream"];

fn scan(call: &mut Call<'_>) -> Outcome {
    let cursor = cursor(call.arg(1))?;
    let mut kind = None;
    let filter = Filter::parse(call.args, 2, |word, words| {
        if is(word, "TYPE") {
            kind = Some(type_name(words.value()?)?);
        }
        Ok(is(word, "TYPE"))
    })?;
    let admits = |entry: &Entry| {
        filter.admits(entry.key())
            && kind.is_none_or(|name: &[u8]| name.eq_ignore_ascii_case(entry.kind().name().as_bytes()))
    };
    let db = call.state.keyspace.db(call.state.db);
    let (mut found, mut overdue) = (OwnedArgs::default(), Vec::new());
    let mut met = 0;
    let cursor = filter.walk(cursor, |cursor| {
        let cursor = db.scan(cursor, |entry| {
            met += 1;
            if entry.expiry().is_some_and(|expiry| expiry <= call.state.now) {
                overdue.push((call.state.db, entry.key().into()));
            } else if admits(entry) {
                found.push(entry.key());
            }
        });
        (cursor, met)
    });
    call.reply.array(2);
    call.reply.bulk(&crate::base::number::format_u64(cursor));
    let found = found.as_args();
    call.reply.array(found.len());
    found.iter().for_each(|key| call.reply.bulk(key));
    call.state.overdue.append(&mut overdue);
    Ok(())
}

/// # Errors
/// There is no such type.
fn type_name(name: &[u8]) -> Result<&[u8], Error> {
    if TYPES.iter().any(|kind| name.eq_ignore_ascii_case(kind.as_bytes())) {
        return Ok(name);
    }
    Err(format!("ERR unknown type name '{}'", printable(name)).into())
}

fn keys(call: &mut Call<'_>) -> Outcome {
    let pattern = call.arg(1);
    let everything = glob::is_everything(pattern);
    let now = call.state.now;
    let found: Vec<&[u8]> = call
        .state
        .keyspace
        .db(call.state.db)
        .iter()
        .filter(|entry| entry.expiry().is_none_or(|expiry| expiry > now))
        .map(Entry::key)
        .filter(|key| everything || glob::matches(pattern, key))
        .collect();
    call.reply.array(found.len());
    found.iter().for_each(|key| call.reply.bulk(key));
    Ok(())
}

/// How often to try again when the key found turns out to have expired.
const TRIES: usize = 100;

fn random_key(call: &mut Call<'_>) -> Outcome {
    let state = &mut *call.state;
    let db = state.keyspace.db(state.db);
    let living = |entry: &&Entry| entry.expiry().is_none_or(|expiry| expiry > state.now);
    let rng = &mut state.rng;
    let found = (0..TRIES).find_map(|_| db.random(rng).filter(living)).or_else(|| db.iter().find(living));
    call.reply.bulk_or_null(found.map(Entry::key));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Server;
    use std::collections::BTreeSet;
    use std::string::String;

    /// The keys of a whole iteration, with a change of the database between its steps.
    fn iterate(server: &mut Server, options: &str, mut between: impl FnMut(&mut Server)) -> BTreeSet<String> {
        let (mut cursor, mut found) = (String::from("0"), BTreeSet::new());
        loop {
            let reply = server.run(&format!("SCAN {cursor} {options}"));
            let mut words = reply.split('"').skip(1).step_by(2);
            cursor = words.next().unwrap().into();
            found.extend(words.map(String::from));
            if cursor == "0" {
                return found;
            }
            between(server);
        }
    }

    #[test]
    fn a_key_that_stays_is_found_however_the_table_grows_and_shrinks() {
        let mut server = Server::new();
        for i in 0..300 {
            server.run(&format!("SET stays:{i} v"));
        }
        let mut next = 0_u32;
        let found = iterate(&mut server, "COUNT 5", |server| {
            for i in next..next + 50 {
                server.run(&format!("SET new:{i} v"));
            }
            next += 50;
        });
        assert!((0..300).all(|i| found.contains(&format!("stays:{i}"))));
        let found = iterate(&mut server, "COUNT 7 MATCH stays:*", |server| {
            for i in next.saturating_sub(40)..next {
                server.run(&format!("DEL new:{i}"));
            }
            next = next.saturating_sub(40);
        });
        assert_eq!(found.len(), 300);
    }

    #[test]
    fn filters_and_expired_keys() {
        let mut server = Server::new();
        server.run("MSET a1 v a2 v b v");
        server.run("PEXPIRE a2 50");
        server.advance(50);
        assert_eq!(server.run("SCAN 0 MATCH a* TYPE STRING"), "1) \"0\"\n2) 1) \"a1\"");
        assert_eq!(server.run("DBSIZE"), "(integer) 2");
        assert_eq!(server.run("KEYS b"), "1) \"b\"");
        for (line, reply) in [
            ("SCAN x", "(error) ERR invalid cursor"),
            ("SCAN -1", "(error) ERR invalid cursor"),
            ("SCAN 0 COUNT 0", "(error) ERR syntax error"),
            ("SCAN 0 COUNT x", "(error) ERR value is not an integer or out of range"),
            ("SCAN 0 TYPE foo", "(error) ERR unknown type name 'foo'"),
            ("SCAN 0 FOO 1", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_random_key_is_one_that_lives() {
        let mut server = Server::new();
        assert_eq!(server.run("RANDOMKEY"), "(nil)");
        for i in 0..50 {
            server.run(&format!("SET k{i} v PX 10"));
        }
        server.run("SET stays v");
        server.advance(10);
        for _ in 0..10 {
            assert_eq!(server.run("RANDOMKEY"), "\"stays\"");
        }
    }
}
