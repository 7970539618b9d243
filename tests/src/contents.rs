//! All that a server holds, read with the commands that any server has.

use std::collections::BTreeMap;

use kvarium_engine::resp::value::ReplyValue;

use crate::calls::encode;
use crate::subject::Subject;

/// Databases that tests make use of.
pub const DATABASES: usize = 4;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub kind: String,
    /// Milliseconds since 1970, or -1.
    pub expiry: i64,
    /// Replies as text, in the order that matters, or in their own where none does.
    pub value: Vec<String>,
    /// When the fields of a hash expire, likewise, in the fields' order.
    pub fields: Vec<i64>,
}

/// Every key by database.
pub type Contents = BTreeMap<(usize, String), Held>;

/// Reads everything, on a connection of its own.
pub fn contents(subject: &mut dyn Subject, connection: usize) -> Contents {
    let mut ask = |words: &[&[u8]]| subject.call(connection, &encode(words));
    let mut contents = Contents::new();
    for db in 0..DATABASES {
        ask(&[b"SELECT", db.to_string().as_bytes()]);
        for key in bulks(ask(&[b"KEYS", b"*"])) {
            let kind = ask(&[b"TYPE", &key]).to_string();
            let ReplyValue::Integer(expiry) = ask(&[b"PEXPIRETIME", &key]) else { panic!("no expiry") };
            let (mut value, ordered) = match kind.as_str() {
                "string" => (texts(vec![ask(&[b"GET", &key])], 1), true),
                "list" => (texts(items(ask(&[b"LRANGE", &key, b"0", b"-1"])), 1), true),
                "set" => (texts(items(ask(&[b"SMEMBERS", &key])), 1), false),
                "hash" => (texts(items(ask(&[b"HGETALL", &key])), 2), false),
                "zset" => (texts(items(ask(&[b"ZRANGE", &key, b"0", b"-1"])), 1), true),
                "stream" => (stream(&mut ask, &key), true),
                // What it was made with, and what it says of items that some test may have added.
                "bloomfltr" => {
                    let mut words: Vec<Vec<u8>> = vec![b"BF.MEXISTS".to_vec(), key.to_vec()];
                    words.extend((0..100).map(|item| format!("m{item}").into_bytes()));
                    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                    (texts(vec![ask(&[b"BF.INFO", &key]), ask(&words)], 1), true)
                }
                other => panic!("{other} can't be read"),
            };
            if kind == "zset" {
                let scores = items(ask(&[b"ZRANGE", &key, b"0", b"-1", b"WITHSCORES"]));
                value.extend(scores.iter().skip(1).step_by(2).map(score));
            }
            if !ordered {
                value.sort();
            }
            let fields = if kind == "hash" { field_expiries(&mut ask, &key) } else { Vec::new() };
            contents.insert((db, String::from_utf8_lossy(&key).into_owned()), Held { kind, expiry, value, fields });
        }
    }
    ask(&[b"SELECT", b"0"]);
    contents
}

/// Entries, what is remembered beside them, groups with who has what pending; but not when anything happened.
fn stream(ask: &mut impl FnMut(&[&[u8]]) -> ReplyValue, key: &[u8]) -> Vec<String> {
    vec![timeless(&ask(&[b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0"])).to_string()]
}

/// A reply without the milliseconds since 1970 in it, and without what some servers don't tell.
pub fn timeless(reply: &ReplyValue) -> ReplyValue {
    const LONG_AGO: i64 = 1_000_000_000;
    match reply {
        ReplyValue::Integer(LONG_AGO..) => ReplyValue::Integer(LONG_AGO),
        ReplyValue::Array(items) => {
            let told = items.chunks(2).filter(|pair| !is_active_time(&pair[0]));
            let is_map = items.iter().any(is_active_time);
            let items: Vec<_> = if is_map { told.flatten().collect() } else { items.iter().collect() };
            ReplyValue::Array(items.into_iter().map(timeless).collect())
        }
        ReplyValue::Map(pairs) => {
            let told = pairs.iter().filter(|(name, _)| !is_active_time(name));
            ReplyValue::Array(told.flat_map(|(name, value)| [timeless(name), timeless(value)]).collect())
        }
        other => other.clone(),
    }
}

/// Redis 7.0 does not tell when a consumer was active, and payloads don't hold it.
fn is_active_time(reply: &ReplyValue) -> bool {
    matches!(reply, ReplyValue::Bulk(name) if **name == *b"active-time")
}

/// Nothing where the server has no such thing.
fn field_expiries(ask: &mut impl FnMut(&[&[u8]]) -> ReplyValue, key: &[u8]) -> Vec<i64> {
    let mut names = bulks(ask(&[b"HKEYS", key]));
    names.sort();
    let count = names.len().to_string();
    let mut words: Vec<&[u8]> = vec![b"HPEXPIRETIME", key, b"FIELDS", count.as_bytes()];
    words.extend(names.iter().map(Vec::as_slice));
    match ask(&words) {
        ReplyValue::Error(_) => Vec::new(),
        reply => items(reply).iter().map(|item| if let ReplyValue::Integer(at) = item { *at } else { -3 }).collect(),
    }
}

/// What is not the same in both; expiries may lie so many milliseconds apart.
pub fn differences(ours: &Contents, theirs: &Contents, apart: i64) -> Vec<String> {
    let mut keys: Vec<_> = ours.keys().chain(theirs.keys()).collect();
    keys.sort();
    keys.dedup();
    let close = |a: &Held, b: &Held| {
        let (has, had) = (a.expiry >= 0, b.expiry >= 0);
        let fields = || a.fields.iter().zip(&b.fields).all(|(a, b)| (a - b).abs() <= apart);
        has == had && (a.expiry - b.expiry).abs() <= apart && a.kind == b.kind && a.value == b.value && fields()
    };
    keys.into_iter()
        .filter(|key| !ours.get(key).zip(theirs.get(key)).is_some_and(|(a, b)| close(a, b)))
        .map(|key| format!("{key:?}:\n  {:?}\n  {:?}", ours.get(key), theirs.get(key)))
        .collect()
}

fn items(reply: ReplyValue) -> Vec<ReplyValue> {
    match reply {
        ReplyValue::Array(items) | ReplyValue::Set(items) => items,
        ReplyValue::Map(pairs) => pairs.into_iter().flat_map(|(key, value)| [key, value]).collect(),
        other => panic!("{other} is no list"),
    }
}

fn bulks(reply: ReplyValue) -> Vec<Vec<u8>> {
    items(reply)
        .into_iter()
        .map(|item| match item {
            ReplyValue::Bulk(bytes) => bytes.into_vec(),
            other => panic!("{other} is no key"),
        })
        .collect()
}

/// Replies as text, so many together.
fn texts(replies: Vec<ReplyValue>, together: usize) -> Vec<String> {
    let texts: Vec<String> = replies.iter().map(ReplyValue::to_string).collect();
    texts.chunks(together).map(|part| part.join(" ")).collect()
}

/// A score as a number, however many digits a server prints, and whether or not it has kept the sign of a zero.
fn score(reply: &ReplyValue) -> String {
    let ReplyValue::Bulk(text) = reply else { panic!("{reply} is no score") };
    let text = String::from_utf8_lossy(text);
    format!("{:?}", text.parse::<f64>().expect("a number") + 0.0)
}
