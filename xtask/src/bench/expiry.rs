//! What it costs others that very many keys expire in the same second: how long a GET waits meanwhile, and how many of the
//! keys are still there after a while.

use super::Options;
use super::contestant::{Contestant, Running};
use super::table::{self, Better, median, ratio};
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Keys that stay, and are asked for.
const STAYING: u64 = 10_000;
const DEPTH: usize = 100;
/// From the filling to the moment at which all expire.
const AHEAD: Duration = Duration::from_secs(12);
/// How long after that moment is looked.
const WATCHED: Duration = Duration::from_secs(4);
/// Moments after it at which the keys are counted that are still there.
const MOMENTS: [u64; 5] = [100, 250, 500, 1000, 2000];
const PAUSE: Duration = Duration::from_micros(100);

/// What one round has shown.
struct Round {
    waits: Vec<Duration>,
    /// Keys there, and when that was, since the moment.
    left: Vec<(Duration, u64)>,
}

pub fn run(contestants: &[Contestant], options: &Options) -> Result<()> {
    let keys = if options.quick { 200_000 } else { 1_000_000 };
    let mut high = vec![Vec::new(); contestants.len()];
    let mut rows = Vec::new();
    for round in 0..options.rounds.unwrap_or(if options.quick { 1 } else { 3 }) {
        for turn in 0..contestants.len() {
            let which = (turn + round) % contestants.len();
            let contestant = &contestants[which];
            let seen = expire(&contestant.start()?, keys).with_context(|| contestant.name.clone())?;
            let at = |share: f64| seen.waits[((seen.waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
            high[which].push(at(0.99));
            let mut row = vec![format!("{} round {}", contestant.name, round + 1)];
            row.extend([0.5, 0.99, 1.0].map(|share| format!("{:.3}", at(share))));
            row.extend(MOMENTS.map(|moment| {
                let left = seen.left.iter().find(|(when, _)| *when >= Duration::from_millis(moment));
                left.map_or("?".to_string(), |(_, left)| format!("{:.1}", *left as f64 * 100.0 / keys as f64))
            }));
            rows.push(row);
            eprintln!("{} round {} done", contestant.name, round + 1);
        }
    }
    println!("\n{keys} keys that expire at one moment");
    let mut head = ["", "GET median, ms", "99 %, ms", "longest, ms"].map(String::from).to_vec();
    head.extend(MOMENTS.map(|moment| format!("left after {moment} ms, %")));
    table::print(&head, &rows);
    let figures: Vec<_> = high.iter().map(|waits| median(waits)).collect();
    if let Some(ratio) = ratio(&figures, Better::Less) {
        println!("\n99 % of the GETs (median of the rounds), ours to best: {ratio:.2}");
    }
    Ok(())
}

fn expire(server: &Running, keys: u64) -> Result<Round> {
    let (mut filler, mut asker) = (server.client()?, server.client()?);
    filler.fill(STAYING, DEPTH, |item, batch| {
        batch.add(&[b"SET", format!("stays:{item:012}").as_bytes(), b"vvvvvvvvvvvvvvvv"]);
    })?;
    let moment = Instant::now() + AHEAD;
    let expiry = (SystemTime::now().duration_since(UNIX_EPOCH)? + AHEAD).as_millis().to_string();
    filler.fill(keys, DEPTH, |item, batch| {
        batch.add(&[b"SET", format!("goes:{item:012}").as_bytes(), b"vvvvvvvvvvvvvvvv", b"PXAT", expiry.as_bytes()]);
    })?;
    sleep(moment.saturating_duration_since(Instant::now() + Duration::from_millis(200)));
    let over = AtomicBool::new(false);
    scope(|scope| {
        let asking = scope.spawn(|| -> Result<Vec<Duration>> {
            let (mut waits, mut item) = (Vec::new(), 0);
            while !over.load(Ordering::Relaxed) {
                item = (item + 7919) % STAYING;
                let asked = Instant::now();
                asker.call(&["GET", &format!("stays:{item:012}")])?;
                waits.push(asked.elapsed());
                sleep(PAUSE);
            }
            waits.sort();
            Ok(waits)
        });
        let mut left = Vec::new();
        while moment.elapsed() < WATCHED {
            let there: u64 = filler.call(&["DBSIZE"])?.parse()?;
            if let Some(since) = Instant::now().checked_duration_since(moment) {
                left.push((since, there - STAYING));
            }
            sleep(Duration::from_millis(10));
        }
        over.store(true, Ordering::Relaxed);
        let waits = asking.join().expect("the asking thread does not panic")?;
        Ok(Round { waits, left })
    })
}
