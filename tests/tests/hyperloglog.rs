//! HyperLogLogs are the same bytes as those of real servers, after any number of elements.

use kvarium_engine::resp::value::ReplyValue;
use kvarium_tests::calls::encode;
use kvarium_tests::peers::{Peer, REDIS, VALKEY};
use kvarium_tests::server::Server;
use kvarium_tests::skip;
use kvarium_tests::subject::{InProcess, OverTcp, Subject};

const SIZES: [usize; 16] = [1, 2, 3, 10, 30, 100, 300, 600, 1000, 1500, 1700, 1800, 2000, 5000, 20_000, 100_000];
/// How many elements one command brings.
const TOGETHER: usize = 50;

/// Makes the same call to both; the reply, which is the same.
fn both(ours: &mut InProcess, theirs: &mut OverTcp<'_>, words: &[&[u8]]) -> ReplyValue {
    let bytes = encode(words);
    let (mine, other) = (ours.call(0, &bytes), theirs.call(0, &bytes));
    let name = String::from_utf8_lossy(words[0]);
    assert!(mine == other, "{name} {}: {mine}\n{other}", String::from_utf8_lossy(words[1]));
    mine
}

fn compare_with(peer: Peer) {
    let program = peer.program();
    let program = program.to_str().expect("a path in UTF-8");
    let Some(server) = Server::start_peer(program, &[]) else {
        return skip(&format!("bytes_are_those_of_{}", peer.name), &format!("{program} is not installed"));
    };
    for limit in ["0", "40", "3000", "20000"] {
        let (mut ours, mut theirs) = (InProcess::new(""), OverTcp::new(&server));
        let mut call = |words: &[&[u8]]| both(&mut ours, &mut theirs, words);
        call(&[b"CONFIG", b"SET", b"hll-sparse-max-bytes", limit.as_bytes()]);
        call(&[b"FLUSHALL"]);
        let mut added = 0;
        for size in SIZES {
            while added < size {
                let next = (added + TOGETHER).min(size);
                let elements: Vec<_> = (added..next).map(|element| format!("element:{element}")).collect();
                let words: Vec<&[u8]> =
                    [&b"PFADD"[..], b"h"].into_iter().chain(elements.iter().map(String::as_bytes)).collect();
                call(&words);
                if size <= 2000 {
                    call(&[b"GET", b"h"]);
                }
                added = next;
            }
            call(&[b"GET", b"h"]);
            call(&[b"PFCOUNT", b"h"]);
            call(&[b"GET", b"h"]);
            call(&[b"PFADD", b"other", size.to_string().as_bytes()]);
            call(&[b"PFMERGE", b"union", b"other", b"h"]);
            call(&[b"GET", b"union"]);
            call(&[b"PFCOUNT", b"union", b"h", b"none"]);
        }
    }
}

#[test]
fn bytes_are_those_of_valkey() {
    compare_with(VALKEY);
}

#[test]
fn bytes_are_those_of_redis() {
    compare_with(REDIS);
}
