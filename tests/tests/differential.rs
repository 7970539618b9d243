//! Random calls, ours against real servers: a short run here; a long one with `KVARIUM_SEQUENCES=1000`, and one of its
//! seeds again, or some from one on, with `KVARIUM_SEED`.

use kvarium_engine::commands::declaration::Group;
use kvarium_tests::differential::{GROUPS, compare};
use kvarium_tests::peers::{Peer, REDIS, VALKEY};
use kvarium_tests::server::Server;
use kvarium_tests::skip;

const SEQUENCES: u64 = 24;
const CALLS: usize = 400;
const DEBUG: [&str; 2] = ["--enable-debug-command", "yes"];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn compare_with(peer: Peer, groups: &[Group]) {
    let program = peer.program();
    let program = program.to_str().expect("a path in UTF-8");
    let Some(theirs) = Server::start_peer(program, &DEBUG) else {
        return skip(
            &format!("random_calls_have_the_replies_of_{}", peer.name),
            &format!("{program} is not installed"),
        );
    };
    let ours = Server::start(&DEBUG);
    let (first, many) = (number("KVARIUM_SEED"), number("KVARIUM_SEQUENCES"));
    let count = many.unwrap_or(if first.is_some() { 1 } else { SEQUENCES });
    for seed in first.unwrap_or(0)..first.unwrap_or(0) + count {
        if let Err(why) = compare(seed, groups, CALLS, &ours, &theirs, peer) {
            panic!("{why}");
        }
    }
}

#[test]
fn random_calls_have_the_replies_of_valkey() {
    compare_with(VALKEY, GROUPS);
}

#[test]
fn random_calls_have_the_replies_of_redis() {
    compare_with(REDIS, GROUPS);
}

/// Streams by themselves, so that groups, consumers and pending entries come to be many.
#[test]
fn random_calls_of_streams_have_the_replies_of_valkey() {
    compare_with(VALKEY, &[Group::Stream]);
}

#[test]
fn random_calls_of_streams_have_the_replies_of_redis() {
    compare_with(REDIS, &[Group::Stream]);
}
