//! Prints what large lists, hashes, sets and sorted sets cost: bytes per item, accounted and resident, and processor time per
//! operation.
//!
//! `cargo run --release --example types` measures a million items of each; a number as argument changes that. Each type has
//! a process of its own: in memory that another has left, it would seem to take none.

use kvarium_engine::base::rng::Rng;
use kvarium_engine::types::{Hash, Limits, List, Set, ZSet, list::End, zset::ScoreBound};
use std::process::Command;

type Measure = fn(u64, &[u64], &Limits);

const TYPES: [(&str, Measure); 4] = [("list", list), ("hash", hash), ("set", set), ("zset", zset)];

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    if let Some(name) = arguments.get(1) {
        measure(name, count);
        return Ok(());
    }
    println!("{:<6} {:>9} {:>9} {:>8} {:>8}  another", "type", "accounted", "resident", "add, ns", "read, ns");
    for (name, _) in TYPES {
        Command::new(std::env::current_exe()?).args([&count.to_string(), name]).status()?;
    }
    Ok(())
}

fn measure(name: &str, count: u64) {
    let limits = Limits { seed: (11, 12), ..Limits::default() };
    let mut rng = Rng::new(1);
    let order: Vec<u64> = (0..count).map(|_| rng.below(count)).collect();
    TYPES.iter().filter(|(other, _)| *other == name).for_each(|(_, run)| run(count, &order, &limits));
}

fn hash(count: u64, order: &[u64], limits: &Limits) {
    let mut hash = Hash::new();
    let (before, start) = (resident(), processor_time());
    (0..count).for_each(|n| _ = hash.set(format!("field:{n:015}").as_bytes(), format!("{n:016}").as_bytes(), limits));
    let added = processor_time() - start;
    let (held, memory) = (resident() - before, hash.memory());
    let read = time(order, |n| hash.get(format!("field:{n:015}").as_bytes()).is_some() as usize);
    let written = time(order, |n| hash.set(format!("field:{n:015}").as_bytes(), b"another value", limits) as usize);
    row("hash", count, memory, held, added, read, &format!("overwrite {written:.0} ns"));
}

fn set(count: u64, order: &[u64], limits: &Limits) {
    let mut set = Set::new();
    let (before, start) = (resident(), processor_time());
    (0..count).for_each(|n| _ = set.insert(format!("m{n:015}").as_bytes(), limits));
    let added = processor_time() - start;
    let (held, memory) = (resident() - before, set.memory());
    let read = time(order, |n| set.contains(format!("m{n:015}").as_bytes()) as usize);
    let mut rng = Rng::new(3);
    let popped = time(&order[..order.len() / 2], |_| set.pop(&mut rng, <[u8]>::len).unwrap_or(0));
    row("set", count, memory, held, added, read, &format!("pop {popped:.0} ns"));
}

fn zset(count: u64, order: &[u64], limits: &Limits) {
    let mut zset = ZSet::new();
    let mut rng = Rng::new(2);
    let (before, start) = (resident(), processor_time());
    (0..count).for_each(|n| _ = zset.insert(rng.below(1 << 40) as f64, format!("m{n:015}").as_bytes(), limits));
    let added = processor_time() - start;
    let (held, memory) = (resident() - before, zset.memory());
    let read = time(order, |n| zset.score(format!("m{n:015}").as_bytes()).is_some() as usize);
    let rank = time(order, |n| zset.rank(format!("m{n:015}").as_bytes()).map_or(0, |(rank, _)| rank));
    let moved = time(order, |n| {
        let score = rng.below(1 << 40) as f64;
        zset.insert(score, format!("m{n:015}").as_bytes(), limits);
        0
    });
    let ten = time(order, |n| {
        let min = ScoreBound { score: (n << 20) as f64, excluded: false };
        let from = zset.ranks_by_score(min, ScoreBound { score: f64::INFINITY, excluded: false }).start;
        zset.range(from..from + 10).map(|pair| pair.score as usize & 1).sum()
    });
    let more = format!("rank {rank:.0} ns, new score {moved:.0} ns, ten by score {ten:.0} ns");
    row("zset", count, memory, held, added, read, &more);
}

fn list(count: u64, order: &[u64], limits: &Limits) {
    let mut list = List::new();
    let (before, start) = (resident(), processor_time());
    (0..count).for_each(|n| list.push(End::Tail, format!("i{n:015}").as_bytes(), limits));
    let added = processor_time() - start;
    let (held, memory) = (resident() - before, list.memory());
    let read =
        time(&order[..order.len() / 10], |n| list.get(n as usize).map_or(0, |element| element.with(<[u8]>::len)));
    let popped = time(order, |_| list.pop(End::Head, limits, <[u8]>::len).unwrap_or(0));
    row("list", count, memory, held, added, read, &format!("pop {popped:.0} ns"));
}

/// Nanoseconds of processor time per call.
fn time(order: &[u64], mut f: impl FnMut(u64) -> usize) -> f64 {
    let start = processor_time();
    let sum: usize = order.iter().map(|&n| f(n)).sum();
    std::hint::black_box(sum);
    (processor_time() - start) as f64 / order.len() as f64
}

fn row(name: &str, count: u64, memory: usize, held: u64, added: u64, read: f64, more: &str) {
    let each = |bytes: f64| bytes / count as f64;
    let (memory, held, added) = (each(memory as f64), each(held as f64), each(added as f64));
    println!("{name:<6} {memory:>9.1} {held:>9.1} {added:>8.0} {read:>8.0}  {more}");
}

/// Nanoseconds that this process has had of a processor: other processes don't disturb that much.
fn processor_time() -> u64 {
    let statistics = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    statistics.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(0)
}

/// Bytes of this process in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = status.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
