//! The longest that anybody waits while the server's tables grow: one connection fills, another one pings.

use super::Options;
use super::contestant::{Contestant, Running};
use super::table::{self, Better, median, ratio};
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

/// Few enough that a batch itself keeps nobody waiting.
const DEPTH: usize = 100;

pub fn run(contestants: &[Contestant], options: &Options) -> Result<()> {
    let keys = if options.quick { 1_000_000 } else { 10_000_000 };
    let mut longest = vec![Vec::new(); contestants.len()];
    let mut rows = Vec::new();
    for round in 0..options.rounds.unwrap_or(if options.quick { 1 } else { 3 }) {
        for turn in 0..contestants.len() {
            let which = (turn + round) % contestants.len();
            let contestant = &contestants[which];
            let server = contestant.start()?;
            let begun = Instant::now();
            let waits = fill_and_ping(&server, keys).with_context(|| contestant.name.clone())?;
            let took = begun.elapsed().as_secs_f64();
            let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
            longest[which].push(at(1.0));
            rows.push(vec![
                format!("{} round {}", contestant.name, round + 1),
                format!("{took:.1}"),
                waits.len().to_string(),
                format!("{:.3}", at(0.5)),
                format!("{:.3}", at(0.999)),
                format!("{:.3}", at(1.0)),
            ]);
            eprintln!("{} round {} done", contestant.name, round + 1);
        }
    }
    let head = ["filling with keys", "seconds", "pings", "median, ms", "99.9 %, ms", "longest, ms"];
    println!("\n{keys} keys");
    table::print(&head.map(String::from), &rows);
    let figures: Vec<_> = longest.iter().map(|waits| median(waits)).collect();
    if let Some(ratio) = ratio(&figures, Better::Less) {
        println!("\nlongest reply (median of the rounds), ours to best: {ratio:.2}");
    }
    Ok(())
}

/// How long each ping took while the keys went in, the longest last.
fn fill_and_ping(server: &Running, keys: u64) -> Result<Vec<Duration>> {
    let mut filler = server.client()?;
    let filled = AtomicBool::new(false);
    scope(|scope| {
        let pings = scope.spawn(|| server.ping(&filled));
        let fill = filler.fill(keys, DEPTH, |item, batch| {
            batch.add(&[b"SET", format!("key:{item:012}").as_bytes(), b"vvvvvvvvvvvvvvvv"]);
        });
        filled.store(true, Ordering::Relaxed);
        let waits = pings.join().expect("the pinging thread does not panic")?;
        fill.map(|()| waits)
    })
}
