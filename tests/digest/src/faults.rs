//! What a seed does to a world: workloads, faults and commands at random moments, as a script's entries.

use crate::calls::Calls;
use kvarium_engine::base::rng::Rng;
use kvarium_engine::base::time::{Duration, Time};
use kvarium_engine::world::clock::EPOCH;
use kvarium_engine::world::journal::Entry;
use kvarium_engine::world::script::Action;

/// A seed's whole plan.
#[derive(Clone, Debug)]
pub struct Plan {
    pub scenario: &'static str,
    pub seed: u64,
    pub entries: Vec<Entry>,
    pub end: Duration,
}

const SINGLE: &[&str] = &["M"];
const CLUSTER: &[&str] = &["A-M", "B-M", "C-M"];
/// Who may be cut off from a node.
const OTHERS: &[&str] =
    &["tab1", "tab2", "audited", "audited", "audited", "audited:app", "producer", "worker1", "worker2", "reaper"];
const WORKERS: &[&str] = &["producer", "worker1", "worker2", "reaper"];
/// One action comes so long after the other at most.
const LONGEST_WAIT: u64 = 800_000;
const ACTIONS: u64 = 60;

impl Plan {
    pub fn new(seed: u64) -> Plan {
        let mut rng = Rng::new(seed ^ 0x70_6c61_6e00);
        let (scenario, nodes) = if rng.below(3) == 0 { ("single", SINGLE) } else { ("3-masters", CLUSTER) };
        let mut plan = Plan { scenario, seed, entries: Vec::new(), end: Duration::ZERO };
        let client = ["smart", "smart", "follow"][rng.below(3) as usize];
        let pipeline = 1 + rng.below(8);
        plan.add(&format!("!load audited rate=200 keys=100 read=0.4 client={client} pipeline={pipeline} audit"));
        if rng.below(2) == 0 {
            plan.add("!load expiring rate=50 keys=50 read=0.5 ttl=300ms audit");
        }
        plan.add("!produce producer stream=audited:jobs rate=20 audit");
        plan.add("!consume worker1 stream=audited:jobs group=g work=30ms fail=0.1 dead=3:audited:dead audit");
        plan.add("!consume worker2 stream=audited:jobs group=g batch=4 work=50ms fail=0.2 audit");
        plan.add(
            "!reap reaper stream=audited:jobs group=g idle=1s batch=10 work=10ms fail=0.2 dead=3:audited:dead audit",
        );
        plan.add("!database orders capacity=100 rows=80");
        let lock = ["", "lock"][rng.below(2) as usize];
        let bloom = ["", "bloom"][rng.below(2) as usize];
        plan.add(&format!(
            "!app audited:app db=orders rate=100 keys=80 dist=zipf:1.1 scan=0.1 ttl=400ms jitter=200ms attack=0.1:20 \
             null=200ms {lock} {bloom} audit"
        ));
        let mut calls = Calls::new();
        for _ in 0..ACTIONS {
            plan.end = plan.end + Duration::from_micros(rng.below(LONGEST_WAIT));
            let now = EPOCH + plan.end;
            let action = action(&mut rng, &mut calls, nodes, now);
            plan.add(&action);
        }
        plan.end = plan.end + Duration::from_seconds(2);
        plan
    }

    fn add(&mut self, action: &str) {
        let action = Action::parse(action).unwrap_or_else(|error| panic!("{action}: {error}"));
        self.entries.push(Entry { at: self.end, action });
    }
}

/// Half of it commands; some of the faults make no sense when their time comes, and are refused then.
fn action(rng: &mut Rng, calls: &mut Calls, nodes: &[&str], now: Time) -> String {
    let node = nodes[rng.below(nodes.len() as u64) as usize];
    let other = OTHERS[rng.below(OTHERS.len() as u64) as usize];
    let worker = WORKERS[rng.below(WORKERS.len() as u64) as usize];
    let arrow = ["", "-> "][rng.below(2) as usize];
    match rng.below(47) {
        0..20 => format!("@{node}#{}> {}", 1 + rng.below(2), line(&command(rng, calls, now))),
        20..22 => format!("!kill {node}"),
        22..26 => format!("!restart {node}"),
        26 => format!("!pause {node}"),
        27..29 => format!("!resume {node}"),
        29 => format!("!cut {node} {arrow}{other}"),
        30 => format!("!cut {other} {arrow}{node}"),
        31..33 => "!heal".to_owned(),
        33 => format!("!latency {node} {arrow}{other} {}us", 1 + rng.below(50_000)),
        34 => format!("!jitter {}us", rng.below(5_000)),
        35 => format!("!clock {node} {}{}ms", ["+", "-"][rng.below(2) as usize], rng.below(10_000)),
        36 => format!("!tab 3 {node} resp3"),
        37 => "!close 3".to_owned(),
        38 => format!("@{node}> FLUSHALL"),
        39..42 => format!("!crash {worker}"),
        42..45 => format!("!restart {worker}"),
        45 => format!("!stop {worker}"),
        46 => format!("!database orders capacity={} rows={}", 1 + rng.below(200), rng.below(100)),
        _ => format!("!load audited rate={} keys=100 read=0.5 pipeline={} audit", 1 + rng.below(400), 1 + rng.below(4)),
    }
}

/// Not SWAPDB: it takes the audited keys to where their client does not look.
fn command(rng: &mut Rng, calls: &mut Calls, now: Time) -> Vec<Vec<u8>> {
    loop {
        let words = calls.next(rng, now);
        if words[0] != b"swapdb" {
            return words;
        }
    }
}

/// As one would enter it in a terminal.
fn line(words: &[Vec<u8>]) -> String {
    let quote = |word: &Vec<u8>| {
        let escaped: String = word
            .iter()
            .map(|&byte| match byte {
                b'"' | b'\\' => format!("\\{}", byte as char),
                b' '..=b'~' => (byte as char).to_string(),
                _ => format!("\\x{byte:02x}"),
            })
            .collect();
        format!("\"{escaped}\"")
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
