//! How much memory a full server holds while the sizes of what is written change: little more than its limit.

use std::fmt::Write;
use std::time::{Duration, Instant};

use kvarium_tests::server::Server;

const LIMIT: u64 = 48 << 20;
/// What a server holds that is empty.
const EMPTY: u64 = 12 << 20;

#[test]
fn a_full_server_holds_little_more_than_its_limit_though_sizes_change() {
    let server = Server::start(&["--maxmemory", &LIMIT.to_string(), "--maxmemory-policy", "allkeys-lru"]);
    let mut client = server.connect();
    let filler = "x".repeat(3000);
    let (mut chance, mut most) = (1u64, 0);
    for round in 0..8 {
        // Rounds have values of very different sizes, and end once all that was there before has gone.
        let largest = [100, 1000, 1900, 2800][round % 4];
        let mut written = 0;
        let end = Instant::now() + Duration::from_secs(20);
        while written < 2 * LIMIT && Instant::now() < end {
            let mut lines = String::new();
            for _ in 0..200 {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (key, size) = ((chance >> 20) % 150_000, (chance >> 40) as usize % largest + 1);
                let command = ["HSET h", "RPUSH l", "SET s", "SET s", "SET s"][(chance >> 33) as usize % 5];
                let field = if command == "HSET h" { " field" } else { "" };
                writeln!(lines, "{command}{key}{field} {}", &filler[..size]).expect("memory takes what is written");
                written += size as u64 + 60;
            }
            client.send(lines.as_bytes());
            (0..200).for_each(|_| drop(client.reply()));
            if round > 0 {
                most = most.max(server.resident());
            }
        }
    }
    assert!(most > LIMIT, "the server was not full: {most}");
    assert!(most <= LIMIT * 12 / 10 + EMPTY, "{most} bytes, of which {LIMIT} were allowed");
}
