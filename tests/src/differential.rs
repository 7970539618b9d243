//! The same random calls to our server and to a real one: equal replies, and equal contents in the end.

use std::fmt::Write;

use kvarium_engine::commands::declaration::{Command, Group};
use kvarium_engine::resp::value::ReplyValue;

use crate::calls::{Call, Calls, Lifetimes, encode, typed};
use crate::contents::{contents, differences};
use crate::peers::{Peer, REDIS};
use crate::server::Server;
use crate::subject::{OverTcp, Subject};

pub const GROUPS: &[Group] = &[
    Group::String,
    Group::Generic,
    Group::Hash,
    Group::List,
    Group::Set,
    Group::SortedSet,
    Group::Bitmap,
    Group::HyperLogLog,
];

/// How far expiries may lie apart that both servers counted from their own now, in milliseconds.
const APART: i64 = 5000;
/// How many calls before a difference are told.
const TOLD: usize = 60;

/// Makes so many calls of a seed to both servers.
///
/// # Errors
/// Where they differ first, with the calls that led there.
pub fn compare(seed: u64, calls: usize, ours: &Server, theirs: &Server, peer: Peer) -> Result<(), String> {
    let (mut ours, mut theirs) = (OverTcp::new(ours), OverTcp::new(theirs));
    let mut source = Calls::new(seed, GROUPS, Lifetimes::Long, move |since| peer.has(since));
    let protocol = if seed.is_multiple_of(2) { "2" } else { "3" };
    for setting in [&["FLUSHALL"][..], &["HELLO", protocol]] {
        ours.call(0, &encode(setting));
        theirs.call(0, &encode(setting));
    }
    let mut told: Vec<String> = Vec::new();
    let history = |told: &[String]| told[told.len().saturating_sub(TOLD)..].join("\n");
    for index in 0..calls {
        let call = source.next_call();
        if is_cut(&call) {
            continue;
        }
        let bytes = encode(&call.words);
        let (a, b) = (ours.call(0, &bytes), theirs.call(0, &bytes));
        told.push(typed(&call.words));
        if !agree(&call, &a, &b, peer) {
            let mut why = format!("seed {seed}, call {index}, RESP{protocol}, {}:\n{}\n", peer.name, history(&told));
            write!(why, "ours:\n{a}\ntheirs:\n{b}").expect("memory");
            return Err(why);
        }
    }
    let unlike = differences(&contents(&mut ours, 1), &contents(&mut theirs, 1), APART);
    if unlike.is_empty() {
        return Ok(());
    }
    Err(format!(
        "seed {seed}, {}: after these, other contents (ours first):\n{}\n{}",
        peer.name,
        history(&told),
        unlike.join("\n")
    ))
}

/// Whether two replies mean the same, as far as the command promises it.
fn agree(call: &Call, ours: &ReplyValue, theirs: &ReplyValue, peer: Peer) -> bool {
    if ours == theirs || is_known(call, ours, theirs, peer) {
        return true;
    }
    let command = call.command;
    let same_kind = std::mem::discriminant(ours) == std::mem::discriminant(theirs);
    match (ours, theirs) {
        (ReplyValue::Error(_), _) | (_, ReplyValue::Error(_)) => false,
        (ReplyValue::Integer(a), ReplyValue::Integer(b)) if tells_time(command) => {
            (*a < 0) == (*b < 0) && a.abs_diff(*b) <= APART as u64
        }
        _ if command.full_name == "object|encoding" => peer == REDIS && same_kind,
        _ if command.tips.contains(&"nondeterministic_output") => same_kind,
        _ if command.tips.contains(&"nondeterministic_output_order") => sorted(ours) == sorted(theirs),
        _ if peer == REDIS => numbers(ours) == numbers(theirs),
        _ => false,
    }
}

fn tells_time(command: &Command) -> bool {
    matches!(command.name, "ttl" | "pttl" | "expiretime" | "pexpiretime")
}

/// What real servers are known to do in another way, each for a reason.
fn is_known(call: &Call, ours: &ReplyValue, theirs: &ReplyValue, peer: Peer) -> bool {
    let says = |word: &str| call.words.iter().any(|other| other.eq_ignore_ascii_case(word.as_bytes()));
    let is = |reply: &ReplyValue, texts: &[&str]| matches!(reply, ReplyValue::Bulk(text) if texts.iter().any(|other| **text == *other.as_bytes()));
    match call.command.full_name {
        // How long a string may be to lie beside its key depends on the key there; here it is 44 bytes, as it long was.
        "object|encoding" => [ours, theirs].iter().all(|reply| is(reply, &["embstr", "raw"])),
        // 7.0 looks for the key before it looks at the expiry.
        "getex" => peer == REDIS && matches!(ours, ReplyValue::Error(_)),
        // 7.0 looks for the key before it looks at the range, and wants both ends of it.
        "bitcount" | "bitpos" => peer == REDIS && (matches!(ours, ReplyValue::Error(_)) || call.words.len() == 3),
        // 7.0 has not learnt WITHSCORE.
        "zrank" | "zrevrank" => peer == REDIS && (says("WITHSCORE") || call.words.len() != 3),
        _ => false,
    }
}

/// A number of 64 bits, of which a real server looks at the lower half only, or which it fails to negate: a call they
/// can't be compared by.
fn is_cut(call: &Call) -> bool {
    match call.command.name {
        "lset" => call.words.get(2).is_some_and(|index| index.len() > 12),
        "lrem" | "lpos" => call.words.contains(&i64::MIN.to_string().into_bytes()),
        _ => false,
    }
}

fn sorted(reply: &ReplyValue) -> Vec<String> {
    let mut texts: Vec<String> = match reply {
        ReplyValue::Array(items) | ReplyValue::Set(items) => items.iter().map(ReplyValue::to_string).collect(),
        ReplyValue::Map(pairs) => pairs.iter().map(|(key, value)| format!("{key} {value}")).collect(),
        other => vec![other.to_string()],
    };
    texts.sort();
    texts
}

/// The reply with its fractions as numbers: 7.0 prints seventeen digits where fewer say the same.
fn numbers(reply: &ReplyValue) -> Vec<String> {
    match reply {
        ReplyValue::Array(items) => items.iter().flat_map(numbers).collect(),
        ReplyValue::Bulk(text) => {
            let text = String::from_utf8_lossy(text);
            vec![text.parse::<f64>().map_or(text.to_string(), |number| format!("{number:?}"))]
        }
        other => vec![other.to_string()],
    }
}
