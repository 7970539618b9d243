//! Notices that a command made a value change its encoding, and finds what in the configuration or the value caused it.
//!
//! Looked for only where somebody watches events: nothing else asks.

use alloc::vec::Vec;

use crate::base::number::parse_i64;
use crate::commands::declaration::{Access, Command, Group};
use crate::event::{Cause, Event};
use crate::keyspace::{Entry, ValueRef};
use crate::resp::decode::Args;
use crate::state::State;
use crate::types::{Limits, Set, hyperloglog};

/// A key that a command is about to edit: its place among the arguments, and its encoding.
pub struct Edited {
    position: usize,
    encoding: &'static str,
}

/// The keys whose values a command may edit; what it replaces as a whole converts nothing.
pub fn before(state: &State, command: &Command, args: Args<'_>) -> Vec<Edited> {
    let mut edited = Vec::new();
    if state.events.is_watched() && command.is_write() {
        command.keys(args, |position, spec| {
            if spec.access.0.contains(&"RW")
                && spec.access != Access::SET_OPTIONS
                && let Some(entry) = entry(state, &args[position])
            {
                edited.push(Edited { position, encoding: encoding_of(entry, command) });
            }
        });
    }
    edited
}

/// Tells of each of them whose encoding is another now.
pub fn report(state: &mut State, command: &Command, args: Args<'_>, edited: &[Edited]) {
    for &Edited { position, encoding } in edited {
        let key = &args[position];
        let Some(entry) = entry(state, key).filter(|entry| encoding_of(entry, command) != encoding) else { continue };
        let (db, from, to) = (state.db as u32, encoding, encoding_of(entry, command));
        let cause = match command.group {
            Group::HyperLogLog => {
                Cause::Limit { parameter: "hll-sparse-max-bytes", value: state.config.hll_sparse_max_bytes.0 as i64 }
            }
            _ => cause(entry.value(), from, args.from(2), &state.limits()),
        };
        state.events.emit(|| Event::Converted { db, key: key.into(), from, to, cause });
    }
}

/// What OBJECT ENCODING says or, to the commands of HyperLogLogs, what PFDEBUG says.
fn encoding_of(entry: &Entry, command: &Command) -> &'static str {
    match entry.value() {
        ValueRef::Bytes(bytes) if command.group == Group::HyperLogLog && hyperloglog::is_one(bytes) => {
            if hyperloglog::is_sparse(bytes) {
                "sparse"
            } else {
                "dense"
            }
        }
        _ => entry.encoding(),
    }
}

fn entry<'a>(state: &'a State, key: &[u8]) -> Option<&'a Entry> {
    state.keyspace.db(state.db).get(&state.key(key))
}

/// Why a value no longer has the encoding `from`; `given` is what the command said behind the key.
fn cause(value: ValueRef<'_>, from: &'static str, given: Args<'_>, limits: &Limits) -> Cause {
    let limit = |parameter: &'static str, value: usize| Cause::Limit { parameter, value: value as i64 };
    match value {
        ValueRef::List(_) => {
            Cause::Limit { parameter: "list-max-listpack-size", value: i64::from(limits.list_max_listpack_size) }
        }
        ValueRef::Hash(hash) => {
            let most = limits.hash_max_listpack_entries;
            match () {
                () if hash.len().max(given.len() / 2) > most => limit("hash-max-listpack-entries", most),
                () if hash.expiring() > 0 => Cause::FieldExpiry,
                () => limit("hash-max-listpack-value", limits.hash_max_listpack_value),
            }
        }
        ValueRef::Set(set) => cause_in_set(set, from, given, limits),
        ValueRef::ZSet(zset) => match limits.zset_max_listpack_entries {
            most if zset.len() > most => limit("zset-max-listpack-entries", most),
            _ => limit("zset-max-listpack-value", limits.zset_max_listpack_value),
        },
        // A Bloom filter and a stream have one encoding only.
        ValueRef::Int(_) | ValueRef::Bytes(_) | ValueRef::Bloom(_) | ValueRef::Stream(_) => Cause::EditedInPlace,
    }
}

fn cause_in_set(set: &Set, from: &'static str, given: Args<'_>, limits: &Limits) -> Cause {
    let limit = |parameter: &'static str, value: usize| Cause::Limit { parameter, value: value as i64 };
    if from == "intset" {
        let has_text = given.iter().any(|member| parse_i64(member).is_none());
        return if has_text {
            Cause::NotInteger
        } else {
            limit("set-max-intset-entries", limits.set_max_intset_entries)
        };
    }
    match limits.set_max_listpack_entries {
        most if set.len().max(given.len()) > most => limit("set-max-listpack-entries", most),
        _ => limit("set-max-listpack-value", limits.set_max_listpack_value),
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use crate::base::time::Time;
    use crate::config::Config;
    use crate::event::{Cause, Event, Watch};
    use crate::io::{Conn, Input, Output};
    use crate::node::Node;

    /// Every conversion that these commands cause, as `from>to cause`.
    fn conversions(config: &str, lines: &[&str]) -> Vec<String> {
        let (now, conn) = (Time::from_millis(1_700_000_000_000), Conn(0));
        let mut node = Node::new(Config::parse(config).unwrap(), 1).unwrap();
        node.watch(Watch::Everything);
        let accepted = Input::Accepted { conn, peer: "127.0.0.1:1", local: "127.0.0.1:2", unix: false };
        [Input::Started, accepted].into_iter().for_each(|input| node.handle(now, input).for_each(drop));
        let mut found = Vec::new();
        for line in lines {
            for output in node.handle(now, Input::Received { conn, bytes: format!("{line}\r\n").as_bytes() }) {
                if let Output::Event(Event::Converted { from, to, cause, .. }) = output {
                    let cause = match cause {
                        Cause::Limit { parameter, value } => format!("{parameter} {value}"),
                        other => format!("{other:?}"),
                    };
                    found.push(format!("{from}>{to} {cause}"));
                }
            }
        }
        found
    }

    #[test]
    fn the_parameter_that_caused_it_is_named() {
        let small = "hash-max-listpack-entries 2\nset-max-intset-entries 2\nset-max-listpack-entries 2\n\
                     zset-max-listpack-entries 2\nlist-max-listpack-size 4";
        let long = format!("HSET h b {}", "x".repeat(65));
        let cases: [(&[&str], &str); 10] = [
            (&["HSET h a 1", "HSET h b 2 c 3"], "listpack>hashtable hash-max-listpack-entries 2"),
            (&["HSET h a 1", &long], "listpack>hashtable hash-max-listpack-value 64"),
            (&["SADD s 1", "SADD s 2 3"], "intset>hashtable set-max-intset-entries 2"),
            (&["SADD s 1", "SADD s a"], "intset>listpack NotInteger"),
            (&["SADD s a", "SADD s b c"], "listpack>hashtable set-max-listpack-entries 2"),
            (&["ZADD z 1 a 2 b", "ZADD z 3 c"], "listpack>skiplist zset-max-listpack-entries 2"),
            (&["RPUSH l 1 2 3 4", "RPUSH l 5"], "listpack>quicklist list-max-listpack-size 4"),
            (&["RPUSH l 1 2 3 4 5", "LPOP l 4"], "quicklist>listpack list-max-listpack-size 4"),
            (&["SET k 1", "APPEND k a"], "int>raw EditedInPlace"),
            (&["PFADD p a", "CONFIG SET hll-sparse-max-bytes 10", "PFADD p b"], "sparse>dense hll-sparse-max-bytes 10"),
        ];
        for (lines, expected) in cases {
            assert_eq!(conversions(small, lines), [expected], "{lines:?}");
        }
    }

    #[test]
    fn what_is_replaced_as_a_whole_converts_nothing() {
        let lines = ["SET k 1", "SET k abc", "DEL k", "RPUSH k a", "SADD s 1", "SADD t a", "SUNIONSTORE s t"];
        assert!(conversions("", &lines).is_empty());
    }
}
