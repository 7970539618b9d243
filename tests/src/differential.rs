//! The same random calls to our server and to a real one: equal replies, and equal contents in the end.

use std::fmt::Write;

use kvarium_engine::commands::declaration::{Command, Group};
use kvarium_engine::resp::value::ReplyValue;

use crate::calls::{Call, Calls, KEYS, Lifetimes, encode, typed};
use crate::contents::{DATABASES, contents, differences, timeless};
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
    Group::Geo,
    Group::Stream,
];

/// How far expiries may lie apart that both servers counted from their own now, in milliseconds.
const APART: i64 = 5000;
/// How many calls before a difference are told.
const TOLD: usize = 60;

/// Makes so many calls of a seed to both servers, of commands of these groups.
///
/// # Errors
/// Where they differ first, with the calls that led there.
pub fn compare(
    seed: u64,
    groups: &[Group],
    calls: usize,
    ours: &Server,
    theirs: &Server,
    peer: Peer,
) -> Result<(), String> {
    let (mut ours, mut theirs) = (OverTcp::new(ours), OverTcp::new(theirs));
    let mut source = Calls::new(seed, groups, Lifetimes::Long, move |since| peer.has(since));
    let protocol = if seed.is_multiple_of(2) { "2" } else { "3" };
    for setting in [&["FLUSHALL"][..], &["HELLO", protocol]] {
        ours.call(0, &encode(setting));
        theirs.call(0, &encode(setting));
    }
    let mut told: Vec<String> = Vec::new();
    if seed.is_multiple_of(3) {
        for words in large_values() {
            let bytes = encode(&words);
            ours.call(0, &bytes);
            theirs.call(0, &bytes);
            told.push(format!("{} {} … ({} words)", words[0], words[1], words.len()));
        }
    }
    let history = |told: &[String]| told[told.len().saturating_sub(TOLD)..].join("\n");
    for index in 0..calls {
        let call = source.next_call();
        if is_cut(&call, peer) || is_vague(&call, &mut ours) || is_timely(&call, &mut ours) {
            continue;
        }
        if peer == REDIS {
            // There a consumer that is given nothing is not made.
            for words in consumers_of(&call) {
                let bytes = encode(&words);
                ours.call(0, &bytes);
                theirs.call(0, &bytes);
            }
        }
        let bytes = encode(&call.words);
        let (a, b) = (ours.call(0, &bytes), theirs.call(0, &bytes));
        told.push(typed(&call.words));
        if !agree(&call, &a, &b, peer) {
            let mut why = format!("seed {seed}, call {index}, RESP{protocol}, {}:\n{}\n", peer.name, history(&told));
            write!(why, "ours:\n{a}\ntheirs:\n{b}").expect("memory");
            return Err(why);
        }
        if call.command.name == "spop" {
            put_back(&mut ours, &call, a);
            put_back(&mut theirs, &call, b);
        }
    }
    let [mut held, mut held_there] = [&mut ours, &mut theirs].map(|subject| contents(subject, 1));
    if peer == REDIS {
        // It reckons otherwise how far a group has come.
        [&mut held, &mut held_there].into_iter().for_each(|held| held.retain(|_, it| it.kind != "stream"));
    }
    let mut unlike = differences(&held, &held_there, APART);
    if peer == REDIS {
        unlike.extend(other_streams(&mut ours, &mut theirs));
    }
    unlike.extend(other_signatures(&mut ours, &mut theirs, peer));
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

/// One value of each collection type, as large as makes its encoding the large one.
fn large_values() -> Vec<Vec<String>> {
    let member = |n: usize| format!("m{n}");
    let made = |words: [&str; 2], each: &dyn Fn(usize) -> Vec<String>| {
        words.map(String::from).into_iter().chain((0..600).flat_map(each)).collect()
    };
    vec![
        made(["SADD", "t1"], &|n| vec![n.to_string()]),
        made(["SADD", "t3"], &|n| vec![member(n)]),
        made(["ZADD", "z3"], &|n| vec![(n / 7).to_string(), member(n)]),
        made(["HSET", "h3"], &|n| vec![member(n), n.to_string()]),
        made(["RPUSH", "l3"], &|n| vec![member(n)]),
    ]
}

/// Gives a set the members again that SPOP took out: each server has chosen its own.
fn put_back(subject: &mut dyn Subject, call: &Call, popped: ReplyValue) {
    let members = match popped {
        ReplyValue::Array(members) | ReplyValue::Set(members) => members,
        member => vec![member],
    };
    let mut words = vec![b"SADD".to_vec(), call.words[1].clone()];
    words.extend(members.into_iter().filter_map(|member| match member {
        ReplyValue::Bulk(text) => Some(text.into_vec()),
        _ => None,
    }));
    if words.len() > 2 {
        subject.call(0, &encode(&words));
    }
}

/// Streams that are not the same even if how far groups have come is left out.
fn other_streams(ours: &mut dyn Subject, theirs: &mut dyn Subject) -> Vec<String> {
    let mut unlike = Vec::new();
    for key in KEYS {
        let words = encode(&["XINFO", "STREAM", key, "FULL", "COUNT", "0"]);
        let (a, b) = (ours.call(0, &words), theirs.call(0, &words));
        if without_progress(&a) != without_progress(&b) {
            unlike.push(format!("{key}:\n{a}\n{b}"));
        }
    }
    unlike
}

/// The keys whose values don't have the same signature on both servers. 7.0 takes it from scores with more digits.
fn other_signatures(ours: &mut dyn Subject, theirs: &mut dyn Subject, peer: Peer) -> Vec<String> {
    let mut unlike = Vec::new();
    for db in 0..DATABASES {
        let select = encode(&["SELECT", &db.to_string()]);
        ours.call(0, &select);
        theirs.call(0, &select);
        for key in KEYS {
            // Asking removes a key whose time has passed; taking its signature does not.
            let mut ask = |words: &[&str]| (ours.call(0, &encode(words)), theirs.call(0, &encode(words)));
            ask(&["EXISTS", key]);
            let (a, b) = ask(&["DEBUG", "DIGEST-VALUE", key]);
            assert!(matches!(b, ReplyValue::Array(_)), "{b}: DEBUG has to be enabled");
            if a != b && (peer != REDIS || ours.call(0, &encode(&["TYPE", key])).to_string() != "zset") {
                unlike.push(format!("{key} in {db}: signatures {a} and {b}"));
            }
        }
    }
    unlike
}

/// Whether two replies mean the same, as far as the command promises it.
fn agree(call: &Call, ours: &ReplyValue, theirs: &ReplyValue, peer: Peer) -> bool {
    if ours == theirs || is_known(call, ours, theirs, peer) {
        return true;
    }
    let command = call.command;
    if command.group == Group::Stream {
        return agree_on_streams(call, ours, theirs, peer);
    }
    let same_kind = std::mem::discriminant(ours) == std::mem::discriminant(theirs);
    match (ours, theirs) {
        (ReplyValue::Error(_), _) | (_, ReplyValue::Error(_)) => false,
        (ReplyValue::Integer(a), ReplyValue::Integer(b)) if tells_time(command) => are_near(*a, *b),
        (ReplyValue::Array(a), ReplyValue::Array(b)) if tells_time(command) => a.iter().zip(b).all(|pair| match pair {
            (ReplyValue::Integer(a), ReplyValue::Integer(b)) => are_near(*a, *b),
            _ => false,
        }),
        // Where several elements weigh the same, and in a set that is not sorted, any order is right.
        _ if is_sort(command) && has_word(call, "BY") => {
            same_kind && (has_word(call, "LIMIT") || sorted(ours) == sorted(theirs))
        }
        _ if command.full_name == "object|encoding" => peer == REDIS && same_kind,
        _ if command.tips.contains(&"nondeterministic_output") => same_kind && agree_by_chance(command, ours, theirs),
        _ if command.tips.contains(&"nondeterministic_output_order") => sorted(ours) == sorted(theirs),
        _ if peer == REDIS => numbers(ours) == numbers(theirs),
        _ => false,
    }
}

/// Whether replies about streams are the same but for how long ago something was.
fn agree_on_streams(call: &Call, ours: &ReplyValue, theirs: &ReplyValue, peer: Peer) -> bool {
    let told = |reply: &ReplyValue| {
        let reply = timeless(reply);
        match (call.command.full_name, reply) {
            ("xpending", ReplyValue::Array(items)) if call.words.len() > 3 => {
                ReplyValue::Array(items.into_iter().map(|item| without(item, &[2])).collect())
            }
            ("xinfo|consumers", ReplyValue::Array(items)) => {
                ReplyValue::Array(items.into_iter().map(|item| without(item, &[5, 6, 7])).collect())
            }
            (_, reply) => reply,
        }
    };
    told(ours) == told(theirs) || peer == REDIS && is_newer_stream(call, ours, theirs)
}

/// A reply without the numbers of entries that groups have read, and have before them.
fn without_progress(reply: &ReplyValue) -> ReplyValue {
    match timeless(reply) {
        ReplyValue::Array(items) => {
            let told = |at: usize| at.checked_sub(1).is_some_and(|before| is_progress(&items[before]));
            let kept = items.iter().enumerate().filter(|(at, _)| !told(*at));
            ReplyValue::Array(kept.map(|(_, item)| without_progress(item)).collect())
        }
        other => other,
    }
}

fn is_progress(reply: &ReplyValue) -> bool {
    matches!(reply, ReplyValue::Bulk(name) if matches!(&**name, b"entries-read" | b"lag"))
}

/// Calls that make the consumers which a call names.
fn consumers_of(call: &Call) -> Vec<Vec<Vec<u8>>> {
    let place = |word: &str| call.words.iter().position(|other| other.eq_ignore_ascii_case(word.as_bytes()));
    let words = &call.words;
    let (keys, names) = match call.command.name {
        "xclaim" | "xautoclaim" => (words.get(1..2), words.get(2..4)),
        "xreadgroup" => match (place("GROUP"), place("STREAMS")) {
            (Some(group), Some(streams)) => {
                let keys = (words.len() - streams - 1) / 2;
                (words.get(streams + 1..streams + 1 + keys), words.get(group + 1..group + 3))
            }
            _ => (None, None),
        },
        _ => (None, None),
    };
    let (Some(keys), Some(names)) = (keys, names) else { return Vec::new() };
    let make = |key: &Vec<u8>| {
        let mut words = vec![b"XGROUP".to_vec(), b"CREATECONSUMER".to_vec(), key.clone()];
        words.extend_from_slice(names);
        words
    };
    keys.iter().map(make).collect()
}

/// A list without the items of these places.
fn without(reply: ReplyValue, places: &[usize]) -> ReplyValue {
    let ReplyValue::Array(items) = reply else { return reply };
    let kept = items.into_iter().enumerate().filter(|(place, _)| !places.contains(place));
    ReplyValue::Array(kept.map(|(_, item)| item).collect())
}

/// What 7.0 has not learnt yet of streams.
fn is_newer_stream(call: &Call, ours: &ReplyValue, theirs: &ReplyValue) -> bool {
    let refused = |reply: &ReplyValue| matches!(reply, ReplyValue::Error(_));
    match call.command.full_name {
        "xread" | "xreadgroup" if refused(theirs) => refused(ours) || call.words.iter().any(|word| word == b"+"),
        // It reckons otherwise how far a group has come.
        "xinfo|groups" => without_progress(ours) == without_progress(theirs),
        "xinfo|stream" => !refused(ours) && !refused(theirs) && without_progress(ours) == without_progress(theirs),
        _ => false,
    }
}

/// An entry whose ID follows from the clock, unless the stream is ahead of that.
fn is_timely(call: &Call, subject: &mut dyn Subject) -> bool {
    const NOW: u64 = 33_000_000_000_000;
    let is_auto = call.command.name == "xadd" && call.words.iter().skip(2).any(|word| word == b"*");
    is_auto && {
        let about = subject.call(0, &encode(&[&b"XINFO"[..], b"STREAM", call.words[1].as_slice()]));
        let last = numbers(&timeless(&about)).into_iter().skip_while(|name| name != "last-generated-id").nth(1);
        let ms = last.and_then(|id| id.split('-').next().and_then(|ms| ms.parse::<u64>().ok()));
        ms.is_none_or(|ms| ms < NOW)
    }
}

/// Whether replies of a kind that is left to chance have as much in them, and a scan that has ended all that it should.
fn agree_by_chance(command: &Command, ours: &ReplyValue, theirs: &ReplyValue) -> bool {
    let (Some(ours), Some(theirs)) = (items(ours), items(theirs)) else { return true };
    if !command.name.ends_with("scan") {
        return ours.len() == theirs.len();
    }
    let ended = |items: &[ReplyValue]| matches!(&items[0], ReplyValue::Bulk(cursor) if **cursor == *b"0");
    !ended(ours) || !ended(theirs) || {
        let found = |items: &[ReplyValue]| {
            let mut found = numbers(&items[1]);
            found.sort();
            found
        };
        found(ours) == found(theirs)
    }
}

fn items(reply: &ReplyValue) -> Option<&[ReplyValue]> {
    match reply {
        ReplyValue::Array(items) | ReplyValue::Set(items) => Some(items),
        _ => None,
    }
}

fn tells_time(command: &Command) -> bool {
    matches!(command.name.trim_start_matches('h'), "ttl" | "pttl" | "expiretime" | "pexpiretime")
}

fn are_near(a: i64, b: i64) -> bool {
    (a < 0) == (b < 0) && a.abs_diff(b) <= APART as u64
}

/// What real servers are known to do in another way, each for a reason.
fn is_known(call: &Call, ours: &ReplyValue, theirs: &ReplyValue, peer: Peer) -> bool {
    let says = |word: &str| has_word(call, word);
    let is = |reply: &ReplyValue, texts: &[&str]| matches!(reply, ReplyValue::Bulk(text) if texts.iter().any(|other| **text == *other.as_bytes()));
    match call.command.full_name {
        // How long a string may be to lie beside its key depends on the key there; here it is 44 bytes, as it long was.
        "object|encoding" => [ours, theirs].iter().all(|reply| is(reply, &["embstr", "raw"])),
        // 7.0 looks for the key before it looks at the expiry.
        "getex" => peer == REDIS && matches!(ours, ReplyValue::Error(_)),
        // 7.0 looks for the key before it looks at the range, and wants both ends of it.
        "bitcount" | "bitpos" => peer == REDIS && (matches!(ours, ReplyValue::Error(_)) || call.words.len() == 3),
        // 7.0 reads numbers as C does: also "", " 1" and "0x1".
        "sort" | "sort_ro" => peer == REDIS && matches!(ours, ReplyValue::Error(_)),
        // 7.0 knows of no polygons, says less of members that are not there, and searches in another order.
        _ if peer == REDIS && call.command.group == Group::Geo => {
            let refused = |reply: &ReplyValue| matches!(reply, ReplyValue::Error(_));
            says("BYPOLYGON") || refused(ours) && refused(theirs) || sorted(ours) == sorted(theirs)
        }
        // 7.0 has not learnt WITHSCORE.
        "zrank" | "zrevrank" => peer == REDIS && (says("WITHSCORE") || call.words.len() != 3),
        _ => false,
    }
}

fn has_word(call: &Call, word: &str) -> bool {
    call.words.iter().any(|other| other.eq_ignore_ascii_case(word.as_bytes()))
}

fn is_sort(command: &Command) -> bool {
    matches!(command.name, "sort" | "sort_ro")
}

/// A number of 64 bits, of which a real server looks at the lower half only, or which it fails to negate; a negative offset
/// into a range of scores or names, which 7.0 does not count from the end: a call they can't be compared by.
fn is_cut(call: &Call, peer: Peer) -> bool {
    let is_limit = |words: &[Vec<u8>]| words[0].eq_ignore_ascii_case(b"LIMIT") && words[1].starts_with(b"-");
    match call.command.name {
        // What is stored may differ where the reply may.
        "sort" => has_word(call, "STORE") && (has_word(call, "BY") || !has_word(call, "ALPHA")),
        // 7.0 lets it go below the highest ID that was deleted.
        "xsetid" => peer == REDIS,
        "lset" => call.words.get(2).is_some_and(|index| index.len() > 12),
        "lrem" | "lpos" => call.words.contains(&i64::MIN.to_string().into_bytes()),
        name => peer == REDIS && name.starts_with('z') && call.words.windows(2).any(is_limit),
    }
}

/// A range of names in a sorted set of several scores: what it holds depends on how a server searches.
fn is_vague(call: &Call, subject: &mut dyn Subject) -> bool {
    let by_lex = call.command.name.contains("lex") || call.words.iter().any(|word| word.eq_ignore_ascii_case(b"BYLEX"));
    let mut score = |key: &[u8], rank: &[u8]| {
        numbers(&subject.call(0, &encode(&[b"ZRANGE", key, rank, rank, b"WITHSCORES"]))).pop()
    };
    by_lex && call.words.iter().skip(1).take(2).any(|key| score(key, b"0") != score(key, b"-1"))
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

/// The reply with its fractions as numbers: 7.0 prints seventeen digits where fewer say the same, and loses the sign of a
/// zero.
fn numbers(reply: &ReplyValue) -> Vec<String> {
    match reply {
        ReplyValue::Array(items) => items.iter().flat_map(numbers).collect(),
        ReplyValue::Bulk(text) => {
            let text = String::from_utf8_lossy(text);
            vec![text.parse::<f64>().map_or(text.to_string(), |number| format!("{:?}", number + 0.0))]
        }
        ReplyValue::Double(number) => vec![format!("{:?}", number + 0.0)],
        other => vec![other.to_string()],
    }
}
