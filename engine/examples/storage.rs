//! Measures the keyspace: bytes per key, nanoseconds per get and insert, and the longest single insert of many.
//!
//! `cargo run --release --example storage` runs every measurement in a process of its own;
//! `… -- memory str16 1000000`, `… -- speed 1000000` and `… -- growth 10000000` run one.

use kvarium_engine::base::rng::Rng;
use kvarium_engine::base::time::Time;
use kvarium_engine::keyspace::{Keyspace, ValueRef};
use std::process::Command;
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args[at].parse::<u64>().expect("a count of keys");
    match args.first().map(String::as_str) {
        None => everything(),
        Some("memory") => memory(&args[1], number(2), args.get(3).is_some()),
        Some("speed") => speed(number(1)),
        Some("growth") => growth(number(1)),
        Some(other) => panic!("no measurement is called {other}"),
    }
}

fn everything() {
    const MILLION: &str = "1000000";
    println!("bytes per key, 1M keys         accounted (tables)  resident");
    for set in ["str16", "str16ex", "strint", "str100"] {
        run(&["memory", set, MILLION]);
    }
    run(&["memory", "str16", MILLION, "slots"]);
    println!("nanoseconds of processor per operation, random order");
    run(&["speed", MILLION]);
    run(&["speed", "10000000"]);
    println!("longest single inserts");
    run(&["growth", "10000000"]);
}

fn run(args: &[&str]) {
    let program = std::env::current_exe().expect("this program has a path");
    let status = Command::new(program).args(args).status().expect("this program starts");
    assert!(status.success());
}

fn key(mut n: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
    key
}

fn memory(set: &str, count: u64, slots: bool) {
    let mut keyspace = Keyspace::new(1, slots, (1, 2));
    let before = resident();
    for n in 0..count {
        let name = key(n);
        let key = keyspace.key(&name);
        let db = keyspace.db_mut(0);
        match set {
            "str16" => db.set_bytes(&key, &[b'v'; 16], None),
            "str16ex" => db.set_bytes(&key, &[b'v'; 16], Some(Time::from_millis(1_800_000_000_000 + n))),
            "strint" => db.set_bytes(&key, n.to_string().as_bytes(), None),
            "str100" => db.set_bytes(&key, &[b'v'; 100], None),
            length => db.set_bytes(&key, &vec![b'v'; length.parse().expect("a length")], None),
        };
    }
    let resident = (resident() - before) as f64 / count as f64;
    let accounted = keyspace.memory() as f64 / count as f64;
    let entries = keyspace.db(0).iter().map(|entry| entry.memory()).sum::<usize>() as f64 / count as f64;
    let name = format!("{set}{}", if slots { " in slots" } else { "" });
    println!("  {name:28} {accounted:9.2} {:8.2} {resident:9.2}", accounted - entries);
}

fn speed(count: u64) {
    let mut keyspace = Keyspace::new(1, false, (1, 2));
    let mut rng = Rng::new(3);
    let mut order: Vec<u64> = (0..count).collect();
    shuffle(&mut order, &mut rng);
    let each = |start: u64| (on_processor() - start) as f64 / count as f64;

    let start = on_processor();
    for n in &order {
        let name = key(*n);
        let key = keyspace.key(&name);
        keyspace.db_mut(0).set_bytes(&key, &[b'v'; 16], None);
    }
    println!("  {count:9} insert                {:6.0}", each(start));

    shuffle(&mut order, &mut rng);
    let start = on_processor();
    let found = order.iter().filter(|n| get(&keyspace, &key(**n))).count();
    println!("  {count:9} get                   {:6.0}", each(start));
    assert_eq!(found as u64, count);

    let start = on_processor();
    let found = order.iter().filter(|n| get(&keyspace, &key(**n + count))).count();
    println!("  {count:9} get, no such key      {:6.0}", each(start));
    assert_eq!(found, 0);

    for batch in [16, 64] {
        let start = on_processor();
        let found: usize = order.chunks(batch).map(|batch| prefetched(&keyspace, batch)).sum();
        println!("  {count:9} get, {batch} prefetched    {:6.0}", each(start));
        assert_eq!(found as u64, count);
    }

    let start = on_processor();
    for n in &order {
        let name = key(*n);
        let key = keyspace.key(&name);
        keyspace.db_mut(0).set_bytes(&key, &[b'w'; 16], None);
    }
    println!("  {count:9} overwrite             {:6.0}", each(start));

    let start = on_processor();
    let copy = keyspace.clone();
    println!("  {count:9} copy                  {:6.0}", each(start));
    drop(copy);

    let start = on_processor();
    for n in &order {
        let name = key(*n);
        let key = keyspace.key(&name);
        assert!(keyspace.db_mut(0).discard(&key));
    }
    println!("  {count:9} discard               {:6.0}", each(start));
    assert_eq!((keyspace.memory(), keyspace.spare()), (0, 0));
}

fn get(keyspace: &Keyspace, name: &[u8]) -> bool {
    keyspace.db(0).get(&keyspace.key(name)).is_some_and(|entry| match entry.value() {
        ValueRef::Bytes(bytes) => bytes[0] == b'v',
        _ => false,
    })
}

fn prefetched(keyspace: &Keyspace, batch: &[u64]) -> usize {
    let mut names = [[0; 16]; 64];
    names.iter_mut().zip(batch).for_each(|(name, n)| *name = key(*n));
    let mut keys = [keyspace.key(&[]); 64];
    keys.iter_mut().zip(&names).for_each(|(key, name)| *key = keyspace.key(name));
    let keys = &keys[..batch.len()];
    keys.iter().for_each(|key| keyspace.prefetch_bucket(0, key.hash, key.slot));
    keys.iter().for_each(|key| keyspace.prefetch_entry(0, key.hash, key.slot));
    let value = |key| keyspace.db(0).get(key).map(|entry| entry.value());
    keys.iter().filter(|key| matches!(value(key), Some(ValueRef::Bytes(bytes)) if bytes[0] == b'v')).count()
}

/// The same inserts are made three times, and of each the shortest time counts: what a busy machine adds falls
/// on other inserts each time, what the table does falls on the same.
fn growth(count: u64) {
    let mut least = vec![u32::MAX; count as usize];
    for _ in 0..3 {
        let mut keyspace = Keyspace::new(1, false, (1, 2));
        for n in 0..count {
            let name = key(n);
            let start = Instant::now();
            let key = keyspace.key(&name);
            keyspace.db_mut(0).set_bytes(&key, &[b'v'; 16], None);
            let nanos = start.elapsed().as_nanos() as u32;
            least[n as usize] = least[n as usize].min(nanos);
        }
    }
    let mut order: Vec<usize> = (0..least.len()).collect();
    order.sort_unstable_by_key(|n| std::cmp::Reverse(least[*n]));
    for n in &order[..5] {
        println!("  {:8.3} ms, inserting key {n}", least[*n] as f64 / 1e6);
    }
}

fn shuffle(order: &mut [u64], rng: &mut Rng) {
    for at in (1..order.len()).rev() {
        order.swap(at, rng.below(at as u64 + 1) as usize);
    }
}

/// Nanoseconds that this process was on a processor: on a busy machine the clock on the wall says nothing.
fn on_processor() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("the first number")
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("the second number");
    pages * 4096
}
