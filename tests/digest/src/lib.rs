//! Lets a node live through random calls that a seed decides, and puts all it said and did into one number.
//!
//! The same code runs natively and in WebAssembly: the numbers have to be equal.

pub mod calls;
pub mod faults;
pub mod lessons;

use calls::Calls;
use kvarium_engine::base::hash::crc64;
use kvarium_engine::base::rng::Rng;
use kvarium_engine::base::time::{Duration, Time};
use kvarium_engine::config::{Bytes, Config};
use kvarium_engine::event::Watch;
use kvarium_engine::io::{Conn, Input, Output};
use kvarium_engine::keyspace::evict::Policy;
use kvarium_engine::node::Node;
use kvarium_engine::world::World;
use kvarium_engine::world::scenario::Scenario;

/// November 2023: any moment that no test shares with the clock on the wall.
const BEGIN: Time = Time::from_millis(1_700_000_000_000);
const CLIENTS: u32 = 4;
const CALLS: usize = 2_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Every byte sent, to whom, and every connection closed.
    pub replies: u64,
    /// Every event, in order.
    pub events: u64,
    /// Every change as it would be recorded.
    pub records: u64,
}

/// The whole of it in one number, for the other side of a WebAssembly boundary.
#[unsafe(no_mangle)]
pub extern "C" fn digest(seed: u64) -> u64 {
    let Digest { replies, events, records } = live(seed, Watch::Everything);
    [replies, events, records].iter().fold(0, |digest, part| crc64(digest, &part.to_le_bytes()))
}

/// The trace of a world to which happens what a seed plans, as its hash.
#[unsafe(no_mangle)]
pub extern "C" fn world(seed: u64) -> u64 {
    let plan = faults::Plan::new(seed);
    let scenario = Scenario::preset(plan.scenario).expect("the plan names one that is there");
    let mut world = World::new(&scenario, seed).expect("what comes with us starts");
    for entry in &plan.entries {
        world.play(entry.at);
        // What makes no sense now is refused, on every target alike.
        let _ = world.apply(&entry.action);
    }
    world.play(plan.end);
    world.trace_hash()
}

/// A life of some thousand calls from a few clients, with time passing in between.
pub fn live(seed: u64, watch: Watch) -> Digest {
    let mut life = Life::new(seed, watch);
    for _ in 0..CALLS {
        life.pass_time();
        life.call();
    }
    life.digest
}

struct Life {
    node: Node,
    now: Time,
    rng: Rng,
    calls: Calls,
    digest: Digest,
}

impl Life {
    fn new(seed: u64, watch: Watch) -> Life {
        let mut config = Config::default();
        if !seed.is_multiple_of(3) {
            // Little more than a node without keys takes, so that they have to go by one policy or another.
            config.maxmemory = Bytes(96 << 10);
            config.maxmemory_policy = Policy::ALL[seed as usize % Policy::ALL.len()].1;
        }
        let mut node = Node::new(config, seed).expect("nothing is configured that can't be");
        node.watch(watch);
        node.keep_records();
        let rng = Rng::new(!seed);
        let mut life = Life { node, now: BEGIN, rng, calls: Calls::new(), digest: Digest::default() };
        life.tell(Input::Started);
        (0..CLIENTS).for_each(|client| life.accept(Conn(client)));
        life
    }

    fn accept(&mut self, conn: Conn) {
        self.tell(Input::Accepted { conn, peer: "127.0.0.1:4000", local: "127.0.0.1:6379", unix: false });
    }

    /// Up to 50 ms; now and then a minute, so that what expires does.
    fn pass_time(&mut self) {
        let span = if self.rng.below(100) == 0 {
            Duration::from_seconds(60)
        } else {
            Duration::from_micros(self.rng.below(50_000))
        };
        let until = self.now + span;
        while let Some(wakeup) = self.node.next_wakeup().filter(|wakeup| *wakeup <= until) {
            self.now = self.now.max(wakeup);
            self.tell(Input::Timeout);
        }
        self.now = until;
    }

    fn call(&mut self) {
        let conn = Conn(self.rng.below(u64::from(CLIENTS)) as u32);
        let words = self.calls.next(&mut self.rng, self.now);
        self.tell(Input::Received { conn, bytes: &encode(&words) });
    }

    /// Tells the node, takes in what it does, and answers what a host would answer.
    fn tell(&mut self, input: Input<'_>) {
        let (mut sent, mut closed) = (Vec::new(), Vec::new());
        for output in self.node.handle(self.now, input) {
            match output {
                Output::Send { conn, bytes } => {
                    add(&mut self.digest.replies, &conn.0.to_le_bytes());
                    add(&mut self.digest.replies, bytes);
                    sent.push((conn, bytes.len()));
                }
                Output::Close { conn } => {
                    add(&mut self.digest.replies, &conn.0.to_le_bytes());
                    closed.push(conn);
                }
                Output::Event(event) => add(&mut self.digest.events, format!("{event:?}").as_bytes()),
                other => add(&mut self.digest.events, format!("{other:?}").as_bytes()),
            }
        }
        let records = self.node.take_records();
        add(&mut self.digest.records, &records);
        sent.retain(|(conn, _)| !closed.contains(conn));
        for (conn, count) in sent {
            self.tell(Input::Sent { conn, count });
        }
        closed.into_iter().for_each(|conn| self.accept(conn));
    }
}

fn add(digest: &mut u64, bytes: &[u8]) {
    *digest = crc64(*digest, bytes);
}

/// As a client sends it.
pub fn encode(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_everything() {
        assert_eq!(live(7, Watch::Everything), live(7, Watch::Everything));
        assert_ne!(live(7, Watch::Everything), live(8, Watch::Everything));
    }

    #[test]
    fn who_watches_changes_nothing() {
        for seed in 0..20 {
            let (watched, alone) = (live(seed, Watch::Everything), live(seed, Watch::Nothing));
            assert_eq!((watched.replies, watched.records), (alone.replies, alone.records), "seed {seed}");
            assert_ne!(watched.events, alone.events, "seed {seed}");
        }
    }
}
