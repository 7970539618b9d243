//! A consumer group at work: each consumer acknowledges what it was given and asks for more, with the same pipeline.
//!
//! redis-benchmark knows no command that depends on a reply. Here every connection sends its commands before the first of
//! them reads, so that the server always has some to run.

use super::contestant::Running;
use super::resp::{Batch, Client};
use anyhow::{Result, bail};
use std::time::Instant;

/// Gives the server a stream of so many entries and a group that has read none.
pub fn fill(server: &Running, entries: u64) -> Result<()> {
    let mut client = server.client()?;
    client.ask(&["DEL", "stream"])?;
    client.fill(entries, 1000, |_, batch| batch.add(&[b"XADD", b"stream", b"*", b"field", b"value"]))?;
    client.ask(&["XGROUP", "CREATE", "stream", "group", "0"])?;
    Ok(())
}

struct Consumer {
    name: String,
    client: Client,
    /// What it was given and has not acknowledged.
    held: Vec<Vec<u8>>,
    sent: Instant,
}

impl Consumer {
    fn send(&mut self, depth: usize) -> Result<usize> {
        let mut batch = Batch::default();
        for id in self.held.drain(..) {
            batch.add(&[b"XACK", b"stream", b"group", &id]);
        }
        let reads = depth - batch.len();
        for _ in 0..reads.min(depth / 2) {
            let name = self.name.as_bytes();
            batch.add(&[b"XREADGROUP", b"GROUP", b"group", name, b"COUNT", b"1", b"STREAMS", b"stream", b">"]);
        }
        self.sent = Instant::now();
        self.client.send(&batch)?;
        Ok(batch.len())
    }

    /// Reads the replies to so many commands; a reply with an entry has the key first, and then its ID.
    fn receive(&mut self, replies: usize) -> Result<()> {
        for _ in 0..replies {
            let held = &mut self.held;
            self.client.read_strings(|at, text| {
                if at == 1 {
                    held.push(text.to_vec());
                }
            })?;
        }
        Ok(())
    }
}

/// Reads and acknowledges about half as many entries as there are `requests`. Requests a second, and within how many
/// milliseconds 99 of 100 pipelines are answered.
pub fn run(server: &Running, connections: u64, depth: u64, requests: u64) -> Result<(f64, f64)> {
    let consumer = |at: u64| {
        Ok(Consumer { name: format!("c{at}"), client: server.client()?, held: Vec::new(), sent: Instant::now() })
    };
    let mut consumers = (0..connections).map(consumer).collect::<Result<Vec<_>>>()?;
    let (begun, mut answered, mut waits) = (Instant::now(), 0, Vec::new());
    while answered < requests {
        let sent = consumers.iter_mut().map(|one| one.send(depth as usize)).collect::<Result<Vec<_>>>()?;
        for (consumer, sent) in consumers.iter_mut().zip(sent) {
            consumer.receive(sent)?;
            waits.push(consumer.sent.elapsed().as_secs_f64() * 1000.0);
            answered += sent as u64;
        }
    }
    let rate = answered as f64 / begun.elapsed().as_secs_f64();
    if consumers.iter().any(|consumer| consumer.held.is_empty()) {
        bail!("the stream was read to its end: the last replies were of another kind");
    }
    waits.sort_by(f64::total_cmp);
    Ok((rate, waits[waits.len() * 99 / 100]))
}
