//! How many commands a second, what a million of them costs the processor, and how long the slowest hundredth takes.

use super::Options;
use super::contestant::{Contestant, Running};
use super::table::{self, Better, median, ratio};
use super::work;
use crate::shell::{command, output};
use anyhow::{Context, Result};

const KEYS: u64 = 1_000_000;
const CONNECTIONS: u64 = 50;

/// Commands in flight on each connection, and how many more requests that needs to take about as long.
type Pipeline = (u64, u64);
const PIPELINES: [Pipeline; 3] = [(1, 1), (16, 5), (64, 10)];

/// What is asked for.
struct Load {
    name: &'static str,
    asked: Asked,
    pipelines: &'static [Pipeline],
}

enum Asked {
    /// In redis-benchmark's words: the name of a test of its own, or a command.
    Words(&'static [&'static str]),
    /// The same of a stream that has an entry for each request, and a group.
    OfGroup(&'static [&'static str]),
    /// Consumers that read entries and acknowledge them.
    Work,
}

const fn test(name: &'static str, words: &'static [&'static str]) -> Load {
    Load { name, asked: Asked::Words(words), pipelines: &[PIPELINES[1]] }
}

/// The stream is filled anew for every round.
const OF_GROUP: &[Pipeline] = &[(16, 2)];
const READ: &[&str] = &["xreadgroup", "group", "group", "consumer", "count", "1", "streams", "stream", ">"];

const LOADS: [Load; 14] = [
    Load { pipelines: &PIPELINES, ..test("get", &["-t", "get"]) },
    Load { pipelines: &PIPELINES, ..test("set", &["-t", "set"]) },
    test("incr", &["-t", "incr"]),
    test("lpush", &["-t", "lpush"]),
    test("lpop", &["-t", "lpop"]),
    test("sadd", &["-t", "sadd"]),
    test("hset", &["-t", "hset"]),
    test("zadd", &["-t", "zadd"]),
    test("zrange", &["zrange", "myzset", "0", "9"]),
    test("lrange_100", &["lrange", "list:100", "0", "99"]),
    test("mset", &["-t", "mset"]),
    test("xadd", &["xadd", "stream:added", "*", "field", "value"]),
    Load { name: "xreadgroup", asked: Asked::OfGroup(READ), pipelines: OF_GROUP },
    Load { name: "xreadgroup+xack", asked: Asked::Work, pipelines: OF_GROUP },
];

/// What one run found.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sample {
    /// Requests a second.
    rate: f64,
    /// Seconds of processor time of the server for a million requests.
    cpu: f64,
    /// Milliseconds within which 99 of 100 requests are answered.
    p99: f64,
}

/// Every server is started once and filled; then they take turns, so that what disturbs the machine disturbs all alike.
pub fn run(contestants: &[Contestant], options: &Options) -> Result<()> {
    let running = contestants.iter().map(Contestant::start).collect::<Result<Vec<_>>>()?;
    for server in &running {
        let mut client = server.client()?;
        // The names that redis-benchmark -r uses.
        client.fill(KEYS, 1000, |item, batch| batch.add(&[b"SET", format!("key:{item:012}").as_bytes(), b"xxx"]))?;
        client.fill(1000, 1000, |_, batch| batch.add(&[b"RPUSH", b"list:100", b"xxx"]))?;
    }
    let wanted = || LOADS.iter().filter(|load| options.takes(load.name));
    let cells = || wanted().flat_map(|load| load.pipelines.iter().map(move |pipeline| (*pipeline, load)));
    let mut samples = vec![vec![Vec::new(); cells().count()]; running.len()];
    for round in 0..options.rounds.unwrap_or(if options.quick { 3 } else { 5 }) {
        for (cell, ((depth, share), load)) in cells().enumerate() {
            for turn in 0..running.len() {
                let which = (turn + round) % running.len();
                let requests = options.requests.unwrap_or(if options.quick { 100_000 } else { 300_000 }) * share;
                let sample = sample(&running[which], load, depth, requests)
                    .with_context(|| format!("{} at {}, pipeline {depth}", contestants[which].name, load.name))?;
                samples[which][cell].push(sample);
            }
        }
        eprintln!("round {} done", round + 1);
    }
    let names: Vec<_> = cells().map(|((depth, _), load)| format!("{} P{depth}", load.name.to_uppercase())).collect();
    print("thousand requests a second", contestants, &names, &samples, |sample| sample.rate / 1000.0, Better::More);
    print("processor seconds for a million requests", contestants, &names, &samples, |sample| sample.cpu, Better::Less);
    print("p99, ms", contestants, &names, &samples, |sample| sample.p99, Better::Less);
    Ok(())
}

fn sample(server: &Running, load: &Load, depth: u64, requests: u64) -> Result<Sample> {
    if !matches!(load.asked, Asked::Words(_)) {
        work::fill(server, requests)?;
    }
    let before = server.cpu()?;
    let (rate, p99) = match load.asked {
        Asked::Words(words) | Asked::OfGroup(words) => redis_benchmark(server, words, depth, requests)?,
        Asked::Work => work::run(server, CONNECTIONS, depth, requests)?,
    };
    Ok(Sample { rate, cpu: (server.cpu()? - before) * 1e6 / requests as f64, p99 })
}

/// Rate and p99.
fn redis_benchmark(server: &Running, words: &[&str], depth: u64, requests: u64) -> Result<(f64, f64)> {
    let numbers = [("-p", u64::from(server.port)), ("-c", CONNECTIONS), ("-r", KEYS), ("-P", depth), ("-n", requests)];
    let numbers = numbers.iter().flat_map(|(flag, value)| [flag.to_string(), value.to_string()]);
    let csv = output(command("redis-benchmark").arg("--csv").args(numbers).args(words))?;
    read_csv(&csv).with_context(|| format!("redis-benchmark printed {csv:?}"))
}

/// Rate and p99 from a head line and one line of figures, all in quotes.
fn read_csv(csv: &str) -> Option<(f64, f64)> {
    let mut lines = csv.lines().filter(|line| line.starts_with('"'));
    let mut cells = || Some(lines.next()?.split(',').map(|cell| cell.trim_matches('"')).collect::<Vec<_>>());
    let (head, row) = (cells()?, cells()?);
    let figure = |name: &str| row.get(head.iter().position(|cell| *cell == name)?)?.parse().ok();
    Some((figure("rps")?, figure("p99_latency_ms")?))
}

fn print(
    title: &str,
    contestants: &[Contestant],
    names: &[String],
    samples: &[Vec<Vec<Sample>>],
    figure: impl Fn(&Sample) -> f64,
    better: Better,
) {
    let head = [title.to_string()].into_iter().chain(contestants.iter().map(|one| one.name.clone()));
    let head: Vec<_> = head.chain(["ours to best".to_string()]).collect();
    let mut rows = Vec::new();
    for (cell, name) in names.iter().enumerate() {
        let middle = |of: &Vec<Vec<Sample>>| median(&of[cell].iter().map(&figure).collect::<Vec<_>>());
        let figures: Vec<_> = samples.iter().map(middle).collect();
        let mut row = vec![name.clone()];
        row.extend(figures.iter().map(|figure| format!("{figure:.2}")));
        row.push(ratio(&figures, better).map_or(String::new(), |ratio| format!("{ratio:.2}")));
        rows.push(row);
    }
    println!();
    table::print(&head, &rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_names() {
        let csv = "\"test\",\"rps\",\"p99_latency_ms\",\"max_latency_ms\"\n\"GET\",\"81967.21\",\"0.703\",\"1.5\"\n";
        assert_eq!(read_csv(csv), Some((81967.21, 0.703)));
        assert_eq!(read_csv("nothing"), None);
    }
}
