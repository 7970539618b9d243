//! What a full server does: how far memory goes beyond its limit under mixed writes, what that costs in throughput, and how
//! long a PING waits while it goes on and while one very large value has to go.

use super::Options;
use super::contestant::{Contestant, Running};
use super::resp::Batch;
use super::table;
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

const LIMIT: u64 = 200 << 20;
/// Commands sent at once.
const DEPTH: usize = 50;
/// The longest value that is written.
const LARGEST: usize = 20_000;

/// What one server has shown.
#[derive(Default)]
struct Figures {
    rate: f64,
    /// Bytes beyond the limit, at most: in use, and of the process.
    used: u64,
    resident: u64,
    pings: Vec<Duration>,
}

pub fn run(contestants: &[Contestant], options: &Options) -> Result<()> {
    let seconds = if options.quick { 10 } else { 600 };
    let mut rows = Vec::new();
    for contestant in contestants.iter().filter(|contestant| options.takes(&contestant.name)) {
        let figures = mixed_writes(&contestant.start()?, Duration::from_secs(seconds));
        let figures = figures.with_context(|| contestant.name.clone())?;
        let gone = large_set(&contestant.start()?, options.quick).with_context(|| contestant.name.clone())?;
        let millis = |wait: Duration| format!("{:.2}", wait.as_secs_f64() * 1000.0);
        let at = |share: f64| figures.pings[((figures.pings.len() - 1) as f64 * share) as usize];
        rows.push(vec![
            contestant.name.clone(),
            format!("{:.0}", figures.rate),
            figures.used.to_string(),
            format!("{:.3}", figures.resident as f64 / LIMIT as f64),
            millis(at(0.5)),
            millis(at(0.999)),
            millis(at(1.0)),
            millis(gone[0]),
            millis(gone[1]),
        ]);
        eprintln!("{} done", contestant.name);
    }
    println!(
        "\n{seconds} s of mixed writes of three times as much as {LIMIT} bytes; a set of {} members",
        members(options.quick)
    );
    let head = [
        "",
        "writes/s",
        "in use beyond, bytes",
        "resident/limit",
        "PING median, ms",
        "99.9 %, ms",
        "longest, ms",
        "longest at DEL, ms",
        "longest at eviction, ms",
    ];
    table::print(&head.map(String::from), &rows);
    Ok(())
}

/// Strings, hashes and lists, short and long, over keys that together would take three times the limit.
fn mixed_writes(server: &Running, time: Duration) -> Result<Figures> {
    let mut writer = server.client()?;
    writer.call(&["CONFIG", "SET", "maxmemory", &LIMIT.to_string(), "maxmemory-policy", "allkeys-lru"])?;
    let (mut figures, mut chance, mut writes) = (Figures::default(), 1u64, 0u64);
    let filler = [b'x'; LARGEST];
    let begun = Instant::now();
    let over = AtomicBool::new(false);
    scope(|scope| {
        let pinging = scope.spawn(|| server.ping(&over));
        let watching = scope.spawn(|| -> Result<(u64, u64)> {
            let (mut client, mut used, mut resident) = (server.client()?, 0, 0);
            while !over.load(Ordering::Relaxed) {
                used = used.max(client.info("memory", "used_memory")?);
                resident = resident.max(server.resident()?);
                sleep(Duration::from_millis(20));
            }
            Ok((used, resident))
        });
        let mut batch = Batch::default();
        let mut written = Ok(());
        while begun.elapsed() < time && written.is_ok() {
            while batch.len() < DEPTH {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // The mean of the sizes changes with time, so that no size of pieces is in use for ever.
                let most = 100 + 900 * ((begun.elapsed().as_secs() / 10) % 4) as usize;
                let random = (chance >> 33) as usize;
                let size = if random.is_multiple_of(500) { LARGEST } else { random / 500 % most + 1 };
                let key = format!("key:{}", (chance >> 20) % (3 * LIMIT / 700));
                match random % 10 {
                    0 => batch.add(&[b"HSET", format!("h{key}").as_bytes(), b"field", &filler[..size]]),
                    1 => batch.add(&[b"RPUSH", format!("l{key}").as_bytes(), &filler[..size]]),
                    _ => batch.add(&[b"SET", key.as_bytes(), &filler[..size]]),
                }
            }
            writes += batch.len() as u64;
            written = writer.pipe(&mut batch);
        }
        figures.rate = writes as f64 / begun.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        let (used, resident) = watching.join().expect("the watching thread does not panic")?;
        (figures.used, figures.resident) = (used.saturating_sub(LIMIT), resident);
        figures.pings = pinging.join().expect("the pinging thread does not panic")?;
        written.map(|()| figures)
    })
}

const fn members(quick: bool) -> u64 {
    if quick { 500_000 } else { 5_000_000 }
}

/// The longest that a PING waits while a large set goes: by DEL, and because another key is written.
fn large_set(server: &Running, quick: bool) -> Result<[Duration; 2]> {
    let mut client = server.client()?;
    let mut longest = [Duration::ZERO; 2];
    for (by_eviction, longest) in [false, true].into_iter().zip(&mut longest) {
        client.fill(members(quick), 1000, |item, batch| {
            batch.add(&[b"SADD", b"large", format!("member:{item:012}").as_bytes()]);
        })?;
        let over = AtomicBool::new(false);
        *longest = scope(|scope| -> Result<Duration> {
            let pinging = scope.spawn(|| server.ping(&over));
            sleep(Duration::from_millis(200));
            if by_eviction {
                client.call(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "10mb"])?;
                while client.call(&["EXISTS", "large"])? != "0" {
                    client.call(&["SET", "other", "value"])?;
                }
            } else {
                client.call(&["DEL", "large"])?;
            }
            sleep(Duration::from_secs(3));
            over.store(true, Ordering::Relaxed);
            let pings = pinging.join().expect("the pinging thread does not panic")?;
            Ok(pings.last().copied().unwrap_or_default())
        })?;
    }
    Ok(longest)
}
