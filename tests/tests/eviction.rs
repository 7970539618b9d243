//! Eviction beside a real server: with room for the same number of keys and the same accesses, as many hits and as many
//! keys removed, policy by policy. A short run here; all traces, for longer, with `KVARIUM_TRACES=5`.
//!
//! A key takes less memory here than there. So each server is first filled with the same keys, and then may use no more
//! memory than that takes. The first quarter of the accesses, in which all that settles, is not counted.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use kvarium_engine::base::rng::Rng;
use kvarium_engine::resp::value::ReplyValue;
use kvarium_tests::client::{Client, encode};
use kvarium_tests::peers::{Peer, REDIS, VALKEY};
use kvarium_tests::server::Server;
use kvarium_tests::skip;

/// Keys that there is room for, and keys that are asked for.
const ROOM: u64 = 12_000;
const KEYS: u64 = 36_000;
/// Accesses sent at once.
const BATCH: usize = 20;
const VALUE: &str = concat!(
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
);

const POLICIES: [&str; 6] =
    ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl", "volatile-lru", "volatile-random"];

/// Which key is asked for next.
#[derive(Clone, Copy, Debug)]
enum Trace {
    /// The n-th key as often as 1/n says.
    Zipf,
    /// The same, and every other access goes through all keys in order.
    Scanned,
    Uniform,
    /// Nine of ten accesses go to a tenth of the keys, which moves on.
    Hot,
    /// One after the other, over half as many keys again as there is room for.
    Loop,
}

const TRACES: [Trace; 5] = [Trace::Zipf, Trace::Scanned, Trace::Uniform, Trace::Hot, Trace::Loop];

impl Trace {
    fn key(self, at: u64, accesses: u64, rng: &mut Rng) -> u64 {
        let zipf = |rng: &mut Rng| ((KEYS as f64).powf(rng.unit()) as u64).min(KEYS - 1);
        match self {
            Trace::Zipf => scattered(zipf(rng)),
            Trace::Scanned if at.is_multiple_of(2) => scattered(zipf(rng)),
            Trace::Scanned => at / 2 % KEYS,
            Trace::Uniform => rng.below(KEYS),
            Trace::Hot if rng.below(10) > 0 => (rng.below(KEYS / 10) + at * KEYS / accesses) % KEYS,
            Trace::Hot => rng.below(KEYS),
            Trace::Loop => at % (ROOM * 3 / 2),
        }
    }
}

/// Keys that are asked for often are not next to each other, and not those that were there first.
fn scattered(key: u64) -> u64 {
    key.wrapping_mul(7919) % KEYS
}

#[derive(Clone, Copy, Debug)]
struct Outcome {
    hits: u64,
    evicted: u64,
}

/// Runs a trace at an even pace, in front of a server that may hold [`ROOM`] keys.
fn run(server: &Server, policy: &str, trace: Trace, accesses: u64, took: Duration) -> Outcome {
    let mut client = server.connect();
    // Which keys are asked for must not depend on how often one is missing.
    let (mut rng, mut ttls) = (Rng::new(11), Rng::new(12));
    let set = |key: u64, rng: &mut Rng| {
        let ttl = (500 + rng.below(500)).to_string();
        let name = format!("key:{key:08}");
        let always = ["SET", &name, VALUE, "EX", &ttl];
        encode(if policy.starts_with("volatile") { &always } else { &always[..3] })
    };
    for first in (0..ROOM).step_by(BATCH) {
        let batch: Vec<Vec<u8>> = (first..(first + BATCH as u64).min(ROOM)).map(|key| set(key, &mut ttls)).collect();
        ask(&mut client, &batch);
    }
    let mut room = field(&mut client, "used_memory");
    let each = (room / ROOM) as i64;
    client.call(&["CONFIG", "SET", "maxmemory", &room.to_string()]);
    let (begun, mut hits) = (Instant::now(), 0);
    for first in (0..accesses).step_by(BATCH) {
        if first.is_multiple_of(accesses / 60) {
            // What buffers take, now more and now less, is no room for keys.
            room = room.strict_add_signed((ROOM as i64 - keys(&mut client) as i64) * each);
            client.call(&["CONFIG", "SET", "maxmemory", &room.to_string()]);
        }
        if first == accesses / 4 {
            client.call(&["CONFIG", "RESETSTAT"]);
            hits = 0;
        }
        let asked: Vec<u64> = (first..first + BATCH as u64).map(|at| trace.key(at, accesses, &mut rng)).collect();
        let gets: Vec<Vec<u8>> = asked.iter().map(|key| encode(&["GET", &format!("key:{key:08}")])).collect();
        let found = ask(&mut client, &gets);
        let missing = asked.iter().zip(&found).filter(|(_, reply)| **reply == ReplyValue::Null).map(|(key, _)| *key);
        let missing: BTreeSet<u64> = missing.collect();
        hits += found.iter().filter(|reply| **reply != ReplyValue::Null).count() as u64;
        let sets: Vec<Vec<u8>> = missing.iter().map(|key| set(*key, &mut ttls)).collect();
        ask(&mut client, &sets);
        let due = took * first as u32 / accesses as u32;
        thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    Outcome { hits, evicted: field(&mut client, "evicted_keys") }
}

/// Sends commands at once; their replies.
fn ask(client: &mut Client, commands: &[Vec<u8>]) -> Vec<ReplyValue> {
    client.send(&commands.concat());
    commands.iter().map(|_| client.reply()).collect()
}

fn keys(client: &mut Client) -> u64 {
    let ReplyValue::Integer(keys) = client.call(&["DBSIZE"]) else { panic!("DBSIZE answers a number") };
    keys as u64
}

fn field(client: &mut Client, name: &str) -> u64 {
    let info = client.call(&["INFO"]).to_string();
    let (_, rest) = info.split_once(&format!("\\n{name}:")).unwrap_or_else(|| panic!("{name} in {info}"));
    rest.split('\\').next().unwrap().parse().expect("a number")
}

/// What differs too much: hits by more than one in a hundred accesses, or removed keys by more than two in a hundred.
///
/// Twice that where the table decides with the policy: a table with chains looks at the ends of long ones seldom. What lies
/// there stays whatever the policy says: more of a loop, and more of what was hot once. Chance removes what is alone in its
/// bucket first. And half as much again in a short run, in which there is more of chance.
fn difference(ours: Outcome, theirs: Outcome, accesses: u64, slack: f64) -> Option<String> {
    let hits = (ours.hits as f64 - theirs.hits as f64) * 100.0 / (accesses * 3 / 4) as f64;
    let evicted = (ours.evicted as f64 / theirs.evicted.max(1) as f64 - 1.0) * 100.0;
    eprintln!("  hits {hits:+.2} points, evicted {evicted:+.2} %: {ours:?}, {theirs:?}");
    (hits.abs() > slack || evicted.abs() > 2.0 * slack)
        .then(|| format!("hits {hits:+.2} points, evicted {evicted:+.2} %"))
}

fn compare_with(peer: Peer) {
    let traces = std::env::var("KVARIUM_TRACES").map_or(1, |text| text.parse().expect("a number of traces"));
    let long = traces > 1;
    let (accesses, took) = if long { (200_000, Duration::from_secs(40)) } else { (60_000, Duration::from_secs(12)) };
    let program = peer.program();
    let program = program.to_str().expect("a path in UTF-8");
    if Server::start_peer(program, &[]).is_none() {
        return skip(&format!("every_policy_keeps_what_{}_keeps", peer.name), &format!("{program} is not installed"));
    }
    let mut wrong = Vec::new();
    for trace in &TRACES[..traces] {
        let runs = POLICIES.map(|policy| {
            let (trace, program) = (*trace, program.to_owned());
            let arguments = ["--maxmemory-policy", policy];
            let theirs = Server::start_peer(&program, &arguments).expect("it was there a moment ago");
            let ours = Server::start(&arguments);
            let theirs = thread::spawn(move || run(&theirs, policy, trace, accesses, took));
            let ours = thread::spawn(move || run(&ours, policy, trace, accesses, took));
            (policy, ours, theirs)
        });
        for (policy, ours, theirs) in runs {
            let (ours, theirs) = (ours.join().expect("ours ran"), theirs.join().expect("theirs ran"));
            eprintln!("{} {trace:?} {policy}", peer.name);
            let by_the_table = match trace {
                Trace::Loop => true,
                Trace::Hot => policy.ends_with("lfu") || policy.ends_with("random"),
                _ => false,
            };
            let slack = if by_the_table { 2.0 } else { 1.0 } * if long { 1.0 } else { 1.5 };
            wrong.extend(difference(ours, theirs, accesses, slack).map(|why| format!("{policy}, {trace:?}: {why}")));
        }
    }
    assert!(wrong.is_empty(), "beside {}: {}", peer.name, wrong.join("; "));
}

#[test]
fn every_policy_keeps_what_redis_keeps() {
    compare_with(REDIS);
}

#[test]
fn every_policy_keeps_what_valkey_keeps() {
    compare_with(VALKEY);
}
