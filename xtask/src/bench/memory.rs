//! What an item of each kind of data costs, as the server accounts it and as the operating system sees it.

use super::Options;
use super::contestant::Contestant;
use super::resp::Batch;
use super::table::{self, Better, ratio};
use anyhow::{Context, Result};
use std::thread::sleep;
use std::time::Duration;

/// A data set: `count` items, each added by the command that `add` writes.
struct DataSet {
    name: &'static str,
    count: u64,
    add: fn(u64, &mut Batch),
}

const VALUE: [u8; 100] = [b'v'; 100];
const MILLION: u64 = 1_000_000;

const SETS: [DataSet; 10] = [
    DataSet { name: "str16", count: MILLION, add: |item, batch| batch.add(&[b"SET", &key(item), &VALUE[..16]]) },
    DataSet {
        name: "str16ex",
        count: MILLION,
        add: |item, batch| batch.add(&[b"SET", &key(item), &VALUE[..16], b"EX", b"100000"]),
    },
    DataSet {
        name: "strint",
        count: MILLION,
        add: |item, batch| batch.add(&[b"SET", &key(item), item.to_string().as_bytes()]),
    },
    DataSet { name: "str100", count: MILLION, add: |item, batch| batch.add(&[b"SET", &key(item), &VALUE]) },
    DataSet { name: "hash10", count: MILLION / 10, add: add_hash_of_ten },
    DataSet {
        name: "hash",
        count: MILLION,
        add: |item, batch| batch.add(&[b"HSET", b"h", format!("field:{item:010}").as_bytes(), &VALUE[..16]]),
    },
    DataSet {
        name: "set",
        count: MILLION,
        add: |item, batch| batch.add(&[b"SADD", b"s", format!("member:{item:09}").as_bytes()]),
    },
    DataSet { name: "zset", count: MILLION, add: add_member_with_score },
    DataSet {
        name: "list",
        count: MILLION,
        add: |item, batch| batch.add(&[b"RPUSH", b"l", format!("item:{item:011}").as_bytes()]),
    },
    DataSet { name: "stream", count: MILLION, add: add_reading },
];

/// 16 bytes.
fn key(item: u64) -> Vec<u8> {
    format!("key:{item:012}").into_bytes()
}

fn add_hash_of_ten(item: u64, batch: &mut Batch) {
    let mut words = vec![b"HSET".to_vec(), format!("user:{item:08}").into_bytes()];
    for field in 0..10 {
        words.push(format!("field{field}").into_bytes());
        words.push(format!("value-{item}-{field}").into_bytes());
    }
    batch.add(&words.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

/// Scores that neither come in order nor repeat.
fn add_member_with_score(item: u64, batch: &mut Batch) {
    let score = (item * 7919 % 1_000_003).to_string();
    batch.add(&[b"ZADD", b"z", score.as_bytes(), format!("member:{item:09}").as_bytes()]);
}

fn add_reading(item: u64, batch: &mut Batch) {
    let id = format!("{}-0", 1_700_000_000_000 + item);
    let (sensor, value) = (format!("{:04}", item % 1000), format!("{item:08}"));
    batch.add(&[b"XADD", b"x", id.as_bytes(), b"sensor", sensor.as_bytes(), b"value", value.as_bytes()]);
}

/// Every data set goes into a server of its own: what another one left behind is in nobody's figure.
pub fn run(contestants: &[Contestant], options: &Options) -> Result<()> {
    let mut rows = Vec::new();
    for set in SETS.iter().filter(|set| options.takes(set.name)) {
        let count = if options.quick { set.count / 10 } else { set.count };
        let mut figures = Vec::new();
        for contestant in contestants {
            let figure = measure(contestant, set, count);
            figures.push(figure.with_context(|| format!("{} with {}", contestant.name, set.name))?);
        }
        let mut row = vec![format!("{} × {count}", set.name)];
        row.extend(figures.iter().map(|(accounted, resident)| format!("{accounted:.1} / {resident:.1}")));
        let accounted = ratio(&figures.iter().map(|figure| figure.0).collect::<Vec<_>>(), Better::Less);
        let resident = ratio(&figures.iter().map(|figure| figure.1).collect::<Vec<_>>(), Better::Less);
        let ratios = accounted.zip(resident);
        row.push(ratios.map_or(String::new(), |(accounted, resident)| format!("{accounted:.2} / {resident:.2}")));
        rows.push(row);
        eprintln!("{} done", set.name);
    }
    let head = ["bytes an item, accounted / resident".to_string()].into_iter();
    let head = head.chain(contestants.iter().map(|one| one.name.clone())).chain(["ours to best".to_string()]);
    println!();
    table::print(&head.collect::<Vec<_>>(), &rows);
    Ok(())
}

/// Bytes for each item beyond the empty server: accounted and resident.
fn measure(contestant: &Contestant, set: &DataSet, count: u64) -> Result<(f64, f64)> {
    let server = contestant.start()?;
    let mut client = server.client()?;
    // The first commands make buffers grow that stay as they are afterwards.
    client.fill(1000, 1000, |_, batch| batch.add(&[b"PING"]))?;
    sleep(Duration::from_millis(300));
    let before = (client.info("memory", "used_memory")?, server.resident()?);
    client.fill(count, 1000, set.add)?;
    // Work in the background, such as a table that is being moved, comes to its end.
    sleep(Duration::from_millis(1500));
    let after = (client.info("memory", "used_memory")?, server.resident()?);
    let each = |after: u64, before: u64| (after as f64 - before as f64) / count as f64;
    Ok((each(after.0, before.0), each(after.1, before.1)))
}
