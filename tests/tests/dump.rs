//! What DUMP gives moves between servers: ours to real ones and theirs to ours, the same contents in the same encodings.

use kvarium_engine::base::rng::Rng;
use kvarium_engine::resp::value::ReplyValue;
use kvarium_tests::calls::encode;
use kvarium_tests::contents::{contents, differences};
use kvarium_tests::peers::{Peer, REDIS, VALKEY};
use kvarium_tests::server::Server;
use kvarium_tests::skip;
use kvarium_tests::subject::{OverTcp, Subject};

type Words = Vec<Vec<u8>>;

fn words(line: &str) -> Words {
    line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// A command, its key, and many words behind it.
fn many(command: &str, key: &str, rest: impl Iterator<Item = String>) -> Words {
    [command.to_string(), key.to_string()].into_iter().chain(rest).map(String::into_bytes).collect()
}

/// Commands that make one key each, `k`, of every type and encoding; those behind are for servers where fields expire.
fn builders(fields_expire: bool) -> Vec<(&'static str, Vec<Words>)> {
    let long = "xyz".repeat(100);
    let (small, big) = (0..20, 0..600);
    let huge = |n: u32| format!("{n}:{}", "v".repeat(300));
    let mut all = vec![
        ("an integer", vec![words("SET k 12345")]),
        ("a large integer", vec![words("SET k -9223372036854775808")]),
        ("a short text", vec![words("SET k hello")]),
        ("a long text", vec![words(&format!("SET k {long}"))]),
        ("an empty text", vec![words("SET k ")]),
        ("a short list", vec![many("RPUSH", "k", small.clone().map(|n| n.to_string()))]),
        ("a list of many nodes", vec![many("RPUSH", "k", big.clone().map(huge))]),
        ("a list with a large element", vec![words("RPUSH k a"), words(&format!("RPUSH k {}", "b".repeat(9000)))]),
        ("a set of integers", vec![many("SADD", "k", small.clone().map(|n| (n * 70_000).to_string()))]),
        ("a set of large integers", vec![words("SADD k 1 -9223372036854775808 9223372036854775807")]),
        ("a small set", vec![words("SADD k a b 1 2")]),
        ("a large set", vec![many("SADD", "k", big.clone().map(|n| format!("m{n}")))]),
        ("a large set of integers", vec![many("SADD", "k", big.clone().map(|n| n.to_string()))]),
        ("a small sorted set", vec![words("ZADD k 1 a 2.5 b inf c -inf d 0.1 e")]),
        ("a large sorted set", vec![many("ZADD", "k", big.clone().flat_map(|n| [format!("{n}.5"), format!("m{n}")]))]),
        ("a small hash", vec![words("HSET k f v g 1 h 123456789012")]),
        ("a hash with a long value", vec![words(&format!("HSET k f {long}"))]),
        ("a large hash", vec![many("HSET", "k", big.flat_map(|n| [format!("f{n}"), n.to_string()]))]),
        ("a stream", stream(300)),
        ("a stream without entries", [stream(3), vec![words("XTRIM k MAXLEN 0")]].concat()),
        ("a HyperLogLog", vec![many("PFADD", "k", (0..2000).map(|n| n.to_string()))]),
    ];
    if fields_expire {
        let expiring = vec![words("HSET k f v g w"), words("HPEXPIREAT k 33177117420000 FIELDS 1 f")];
        all.push(("a hash whose fields expire", expiring));
    }
    all
}

/// A stream of so many entries with groups in which some are pending.
fn stream(entries: u32) -> Vec<Words> {
    let mut commands: Vec<Words> =
        (1..=entries).map(|n| words(&format!("XADD k {n}-1 field {n} other{} x", n / 100))).collect();
    for line in [
        "XGROUP CREATE k g 0",
        "XGROUP CREATE k h 2-1",
        "XGROUP CREATE k empty $ ENTRIESREAD 2",
        "XREADGROUP GROUP g c COUNT 5 STREAMS k >",
        "XREADGROUP GROUP g d COUNT 5 STREAMS k >",
        "XREADGROUP GROUP h c NOACK COUNT 5 STREAMS k >",
        "XDEL k 2-1 7-1",
        "XACK k g 1-1",
    ] {
        commands.push(words(line));
    }
    commands
}

fn bulk(reply: ReplyValue) -> Vec<u8> {
    match reply {
        ReplyValue::Bulk(bytes) => bytes.into_vec(),
        other => panic!("{other} is no text"),
    }
}

fn ask(subject: &mut OverTcp<'_>, words: &[&[u8]]) -> ReplyValue {
    subject.call(0, &encode(words))
}

/// Makes a key there, and gives its payload.
fn build(subject: &mut OverTcp<'_>, commands: &[Words]) -> Vec<u8> {
    ask(subject, &[b"FLUSHALL"]);
    for command in commands {
        let reply = subject.call(0, &encode(command));
        assert!(!matches!(reply, ReplyValue::Error(_)), "{reply}");
    }
    bulk(ask(subject, &[b"DUMP", b"k"]))
}

/// What one server dumps, the other restores, as if it had made it itself.
fn moves(from: &Server, to: &Server, fields_expire: bool) {
    let (mut from, mut to) = (OverTcp::new(from), OverTcp::new(to));
    for (what, commands) in builders(fields_expire) {
        let payload = build(&mut from, &commands);
        let held = contents(&mut from, 1);
        build(&mut to, &commands);
        let encoding = ask(&mut to, &[b"OBJECT", b"ENCODING", b"k"]);
        ask(&mut to, &[b"DEL", b"k"]);
        let reply = ask(&mut to, &[b"RESTORE", b"k", b"0", &payload]);
        assert_eq!(reply.to_string(), "OK", "{what}: {payload:?}");
        assert_eq!(ask(&mut to, &[b"OBJECT", b"ENCODING", b"k"]), encoding, "{what}");
        assert_eq!(differences(&held, &contents(&mut to, 1), 0), Vec::<String>::new(), "{what}");
    }
}

fn payloads_move(peer: Peer, fields_expire: bool) {
    let program = peer.program();
    let Some(theirs) = Server::start_peer(program.to_str().expect("a path in UTF-8"), &[]) else {
        return skip(&format!("payloads_move_to_{}", peer.name), "it is not installed");
    };
    let ours = Server::start(&[]);
    moves(&ours, &theirs, fields_expire);
    moves(&theirs, &ours, fields_expire);
}

#[test]
fn payloads_move_between_ours_and_redis() {
    payloads_move(REDIS, false);
}

#[test]
fn payloads_move_between_ours_and_valkey() {
    payloads_move(VALKEY, true);
}

/// Texts that compress well and badly, in every length.
fn texts(rng: &mut Rng) -> Vec<u8> {
    let longest = if rng.below(10) == 0 { 20_000 } else { 400 };
    let (letters, length) = (1 + rng.below(20), rng.below(longest));
    let mut text: Vec<u8> = (0..length).map(|_| b'a' + rng.below(letters) as u8).collect();
    for _ in 0..rng.below(4) {
        let at = rng.below(text.len() as u64 + 1) as usize;
        let copy = text[at..].to_vec();
        text.extend(copy);
    }
    text
}

#[test]
fn payloads_are_those_of_redis_byte_for_byte() {
    let program = REDIS.program();
    let Some(theirs) = Server::start_peer(program.to_str().expect("a path in UTF-8"), &[]) else {
        return skip("payloads_are_those_of_redis_byte_for_byte", "it is not installed");
    };
    let ours = Server::start(&[]);
    let (mut ours, mut theirs) = (OverTcp::new(&ours), OverTcp::new(&theirs));
    let mut rng = Rng::new(11);
    for round in 0..1000 {
        let (a, b) = (texts(&mut rng), texts(&mut rng));
        let command: Vec<&[u8]> = match round % 5 {
            0 => vec![b"RPUSH", b"k", &a, &b, b"5"],
            1 => vec![b"HSET", b"k", &a[..a.len().min(60)], &b[..b.len().min(60)], b"n", b"-70000"],
            2 => vec![b"ZADD", b"k", b"1.25", &a[..a.len().min(60)], b"7", b"m"],
            _ => vec![b"SET", b"k", &a],
        };
        let command: Words = command.into_iter().map(<[u8]>::to_vec).collect();
        let (ours, theirs) = (build(&mut ours, std::slice::from_ref(&command)), build(&mut theirs, &[command]));
        assert_eq!(ours, theirs, "round {round}");
    }
}
