//! Workloads: clients that keep asking, in one of three ways of knowing where a key is.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::outside::{Outside, Way};
use super::trace::{NodeId, Party, WorldEvent};
use crate::base::hash::{SLOTS, slot};
use crate::base::number::parse_i64;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Time};
use crate::keyspace::change::write_record;
use crate::resp::value::ReplyValue;

/// What a client knows of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Knowledge {
    /// Nothing: it asks one node, and a redirection is an error to it.
    Plain,
    /// It follows redirections and remembers none.
    Follow,
    /// It keeps a table of slots, learned from CLUSTER SLOTS and from MOVED.
    #[default]
    Smart,
}

/// Which keys are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    #[default]
    Uniform,
    /// The n-th key as often as 1/n says.
    Zipf,
    /// One after the other.
    Sequence,
}

/// What a workload does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadSpec {
    /// Commands a second; `None`: the next as soon as the last has been answered.
    pub rate: Option<u32>,
    pub keys: u32,
    pub distribution: Distribution,
    /// Reads in a thousand commands.
    pub read: u16,
    /// Commands sent at once.
    pub pipeline: u32,
    pub knowledge: Knowledge,
    /// What is written lives so long.
    pub ttl: Option<Duration>,
    /// Bytes of a value, at least.
    pub size: u32,
    /// It stops after so many commands.
    pub count: Option<u64>,
    /// Whom it asks first; the first node where none is named.
    pub node: Option<String>,
    /// Remembers every answer, and holds the nodes to it.
    pub audit: bool,
}

impl Default for LoadSpec {
    fn default() -> Self {
        LoadSpec {
            rate: Some(50),
            keys: 1000,
            distribution: Distribution::Uniform,
            read: 800,
            pipeline: 1,
            knowledge: Knowledge::Smart,
            ttl: None,
            size: 16,
            count: None,
            node: None,
            audit: false,
        }
    }
}

/// What a workload has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadStats {
    pub sent: u64,
    pub replies: u64,
    pub errors: u64,
    pub redirections: u64,
    /// Commands that will never be answered.
    pub unanswered: u64,
    /// Commands that could not even be sent.
    pub unsent: u64,
    /// Reads that found something, and that did not.
    pub hits: u64,
    pub misses: u64,
    /// Of all answers together, and of the slowest.
    pub latency_sum: Duration,
    pub latency_max: Duration,
}

/// A workload and what it remembers.
#[derive(Clone, Debug)]
pub struct Load {
    pub name: String,
    pub spec: LoadSpec,
    pub stats: LoadStats,
    pub last_error: String,
    pub running: bool,
    /// What it saw that must not be.
    pub complaints: Vec<String>,
    pub ledger: BTreeMap<u32, Written>,
    client: u16,
    rng: Rng,
    lanes: Vec<Lane>,
    /// The owner of each slot by this client's knowledge, [`UNKNOWN`] where it has none. Empty of a client without table.
    slots: Vec<u8>,
    next_send: Time,
    issued: u64,
    writes: u64,
    home: NodeId,
    /// Commands put together before they are sent, by node.
    batch: Vec<Vec<u8>>,
}

/// What an audited workload knows of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The last write that was acknowledged: its number, when it was asked for, and of whom. All writes of a key go to its owner over
    /// one connection at a time, so the last one acknowledged is the last one done.
    pub acknowledged: Option<(u64, Time, NodeId)>,
    /// Writes that have no answer yet.
    pub open: Vec<u64>,
    /// Writes that will have none: they may have happened, and may yet happen.
    pub lost: Vec<u64>,
    /// Some write took a detour, so that numbers say nothing of order.
    pub redirected: bool,
}

/// The connection to one node.
#[derive(Clone, Debug, Default)]
struct Lane {
    connection: Option<u64>,
    is_open: bool,
    waiting: VecDeque<Request>,
    /// To be sent once the connection is there.
    queued: Vec<Request>,
    received: Vec<u8>,
    /// When to connect again; of a connection that is being opened, when to give it up.
    retry_at: Time,
}

impl Lane {
    /// When waiting for the oldest answer, or for the connection itself, is given up.
    fn patience_ends(&self) -> Option<Time> {
        match self.waiting.front() {
            Some(request) => Some(request.sent + PATIENCE),
            None => (self.connection.is_some() && !self.is_open).then_some(self.retry_at),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Request {
    what: What,
    sent: Time,
    redirections: u8,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Slots,
    Read { key: u32, at_least: u64 },
    Write { key: u32, number: u64 },
}

const UNKNOWN: u8 = 255;
/// How long a client waits for an answer, and before it connects again.
const PATIENCE: Duration = Duration::from_seconds(1);
const RECONNECT: Duration = Duration::from_millis(100);
const REDIRECTIONS: u8 = 5;
/// Commands kept for one connection that is being opened.
const QUEUED: usize = 10_000;
const COMPLAINTS: usize = 16;

impl Load {
    pub fn new(name: &str, client: u16, spec: LoadSpec, rng: Rng) -> Self {
        Load {
            name: name.to_string(),
            spec,
            stats: LoadStats::default(),
            last_error: String::new(),
            running: true,
            complaints: Vec::new(),
            ledger: BTreeMap::new(),
            client,
            rng,
            lanes: Vec::new(),
            slots: Vec::new(),
            next_send: Time::ZERO,
            issued: 0,
            writes: 0,
            home: NodeId(0),
            batch: Vec::new(),
        }
    }

    /// Begins, or goes on with another specification; `home` is whom it asks first.
    pub fn start(&mut self, outside: &mut Outside, spec: LoadSpec, home: NodeId) {
        self.spec = spec;
        self.home = home;
        self.running = true;
        self.issued = 0;
        self.next_send = outside.now;
        self.lanes.resize_with(outside.addresses.len(), Lane::default);
        self.batch.resize_with(outside.addresses.len(), Vec::new);
        if self.spec.knowledge == Knowledge::Smart && self.slots.is_empty() {
            self.slots = vec![UNKNOWN; SLOTS as usize];
        }
        outside.emit(None, WorldEvent::LoadStarted { client: self.client });
    }

    /// Sends nothing more; what is under way is still read.
    pub fn stop(&mut self, outside: &mut Outside) {
        if core::mem::take(&mut self.running) {
            outside.emit(None, WorldEvent::LoadStopped { client: self.client, sent: self.stats.sent });
        }
    }

    /// Commands sent and not answered.
    pub fn outstanding(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting.len() + lane.queued.len()).sum()
    }

    /// Slots whose owner it believes to know.
    pub fn known_slots(&self) -> usize {
        self.slots.iter().filter(|&&owner| owner != UNKNOWN).count()
    }

    /// Whom it believes to own a slot.
    pub fn believed_owner(&self, slot: u16) -> Option<NodeId> {
        self.slots.get(slot as usize).filter(|&&owner| owner != UNKNOWN).map(|&owner| NodeId(owner.into()))
    }

    /// The nodes it has a connection to.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.lanes.iter().enumerate().filter(|(_, lane)| lane.is_open).map(|(index, _)| NodeId(index as u16))
    }

    /// When it wants to be asked again.
    pub fn next_wakeup(&self) -> Option<Time> {
        let patience = self.lanes.iter().filter_map(Lane::patience_ends);
        let send = self.may_send().then_some(self.next_send);
        patience.chain(send).chain(self.wants_home()).min()
    }

    /// Its time has come: to give up waiting, to connect, to send.
    pub fn on_wakeup(&mut self, outside: &mut Outside) {
        for lane in 0..self.lanes.len() {
            if self.lanes[lane].patience_ends().is_some_and(|end| end <= outside.now) {
                self.give_up(outside, lane);
            }
        }
        if self.wants_home().is_some_and(|at| at <= outside.now) {
            self.connect(outside, self.home.0 as usize);
        }
        if self.may_send() && outside.now >= self.next_send {
            self.send_some(outside);
        }
    }

    pub fn on_connected(&mut self, outside: &mut Outside, connection: u64) {
        let Some(lane) = self.lane_of(connection) else { return };
        self.lanes[lane].is_open = true;
        if self.spec.knowledge == Knowledge::Smart && self.known_slots() == 0 {
            let mut bytes = Vec::new();
            write_record(&mut bytes, [&b"CLUSTER"[..], b"SLOTS"].into_iter());
            outside.send(connection, Way::Up, &bytes);
            self.lanes[lane].waiting.push_back(Request { what: What::Slots, sent: outside.now, redirections: 0 });
        }
        for request in core::mem::take(&mut self.lanes[lane].queued) {
            self.ask(outside, NodeId(lane as u16), Request { sent: outside.now, ..request });
        }
        self.flush(outside);
    }

    pub fn on_closed(&mut self, outside: &mut Outside, connection: u64) {
        let Some(lane) = self.lane_of(connection) else { return };
        let again = Lane { retry_at: outside.now + RECONNECT, ..Lane::default() };
        let lost = core::mem::replace(&mut self.lanes[lane], again);
        self.stats.unsent += lost.queued.len() as u64;
        for request in lost.waiting {
            self.never_answered(&request);
        }
    }

    pub fn on_bytes(&mut self, outside: &mut Outside, connection: u64, bytes: &[u8]) {
        let Some(lane) = self.lane_of(connection) else { return };
        let mut received = core::mem::take(&mut self.lanes[lane].received);
        received.extend_from_slice(bytes);
        let mut at = 0;
        while at < received.len() {
            // The usual answer to a write needs no value.
            if received[at..].starts_with(b"+OK\r\n") {
                at += 5;
                self.on_reply(outside, lane, ReplyValue::Simple(String::new()));
                continue;
            }
            match ReplyValue::decode(&received[at..]) {
                Ok(Some((value, length))) => {
                    at += length;
                    self.on_reply(outside, lane, value);
                }
                Ok(None) => break,
                Err(why) => {
                    self.complain(format!("unreadable reply: {why}"));
                    return self.give_up(outside, lane);
                }
            }
        }
        received.drain(..at);
        self.lanes[lane].received = received;
        self.flush(outside);
        if self.spec.rate.is_none() && self.may_send() {
            self.send_some(outside);
        }
    }

    fn on_reply(&mut self, outside: &mut Outside, lane: usize, value: ReplyValue) {
        let Some(request) = self.lanes[lane].waiting.pop_front() else {
            return self.complain(format!("a reply nobody asked for: {value:?}"));
        };
        if let ReplyValue::Error(text) = &value {
            return self.on_error(outside, request, text);
        }
        let took = outside.now.since(request.sent);
        match request.what {
            What::Slots => return self.learn_all(outside, &value),
            What::Write { key, number } => {
                if self.spec.audit {
                    self.acknowledged(request.sent, key, number, NodeId(lane as u16));
                }
            }
            What::Read { key, at_least } => self.on_value(key, at_least, &value),
        }
        self.stats.replies += 1;
        self.stats.latency_sum = self.stats.latency_sum + took;
        self.stats.latency_max = self.stats.latency_max.max(took);
    }

    fn on_value(&mut self, key: u32, at_least: u64, value: &ReplyValue) {
        let ReplyValue::Bulk(bytes) = value else {
            self.stats.misses += 1;
            return;
        };
        self.stats.hits += 1;
        match read_value(bytes) {
            Some((of, number)) if of == key => {
                let late = self.ledger.get(&key).is_some_and(|written| written.lost.contains(&number));
                let detour = self.ledger.get(&key).is_some_and(|written| written.redirected);
                if self.spec.audit && number < at_least && !late && !detour {
                    self.complain(format!("key {key}: read write {number} after {at_least} was acknowledged"));
                }
            }
            _ => self.complain(format!("key {key}: the reply is another key's: {}", bytes.escape_ascii())),
        }
    }

    fn on_error(&mut self, outside: &mut Outside, request: Request, text: &str) {
        if matches!(request.what, What::Slots) {
            return;
        }
        if let Some((slot, address)) = text.strip_prefix("MOVED ").and_then(|rest| rest.split_once(' '))
            && let (Ok(slot), Some(owner)) = (slot.parse::<u16>(), outside.node_at(address))
        {
            self.stats.redirections += 1;
            self.learn(outside, slot, owner);
            if self.spec.knowledge != Knowledge::Plain && request.redirections < REDIRECTIONS {
                if let What::Write { key, .. } = request.what
                    && self.spec.audit
                {
                    self.ledger.entry(key).or_default().redirected = true;
                }
                return self.ask(outside, owner, Request { redirections: request.redirections + 1, ..request });
            }
        }
        self.stats.errors += 1;
        self.last_error = text.to_string();
        if let What::Write { key, number } = request.what
            && self.spec.audit
        {
            // Refused: it has not happened.
            self.ledger.entry(key).or_default().open.retain(|&open| open != number);
        }
    }

    fn learn(&mut self, outside: &mut Outside, slot: u16, owner: NodeId) {
        if let Some(known) = self.slots.get_mut(slot as usize)
            && *known != owner.0 as u8
        {
            *known = owner.0 as u8;
            outside.emit(None, WorldEvent::Learned { client: self.client, slot, owner });
        }
    }

    /// Reads the reply of CLUSTER SLOTS: `[[first, last, [host, port, …], …], …]`.
    fn learn_all(&mut self, outside: &Outside, value: &ReplyValue) {
        let ReplyValue::Array(ranges) = value else { return };
        for range in ranges {
            let ReplyValue::Array(parts) = range else { continue };
            let [ReplyValue::Integer(first), ReplyValue::Integer(last), ReplyValue::Array(master), ..] = &parts[..]
            else {
                continue;
            };
            let [ReplyValue::Bulk(host), ReplyValue::Integer(port), ..] = &master[..] else { continue };
            let address = format!("{}:{port}", String::from_utf8_lossy(host));
            let (Some(owner), Ok(first), Ok(last)) =
                (outside.node_at(&address), usize::try_from(*first), usize::try_from(*last))
            else {
                continue;
            };
            if let Some(slots) = self.slots.get_mut(first..=last.min(SLOTS as usize - 1)) {
                slots.fill(owner.0 as u8);
            }
        }
    }

    fn may_send(&self) -> bool {
        self.running
            && self.lanes.iter().any(|lane| lane.is_open)
            && self.spec.count.is_none_or(|count| self.issued < count)
            && (self.spec.rate.is_some() || self.outstanding() == 0)
    }

    /// Without any connection it goes to its first node again.
    fn wants_home(&self) -> Option<Time> {
        let nobody = self.lanes.iter().all(|lane| lane.connection.is_none());
        let home = self.lanes.get(self.home.0 as usize)?;
        (self.running && nobody).then_some(home.retry_at)
    }

    fn send_some(&mut self, outside: &mut Outside) {
        let mut some = u64::from(self.spec.pipeline.max(1));
        if let Some(count) = self.spec.count {
            some = some.min(count - self.issued);
        }
        for _ in 0..some {
            let key = self.pick_key();
            self.issued += 1;
            let what = if self.rng.below(1000) < u64::from(self.spec.read) {
                let acknowledged = self.ledger.get(&key).and_then(|written| written.acknowledged);
                What::Read { key, at_least: acknowledged.map_or(0, |(number, ..)| number) }
            } else {
                self.writes += 1;
                What::Write { key, number: self.writes }
            };
            let node = self.node_for(key);
            self.ask(outside, node, Request { what, sent: outside.now, redirections: 0 });
        }
        self.flush(outside);
        if let Some(rate) = self.spec.rate {
            // Around the mean, so that clients of one rate don't march in step.
            let mean = some * 1_000_000 / u64::from(rate.max(1));
            self.next_send = outside.now + Duration::from_micros(mean / 2 + self.rng.below(mean + 1));
        } else if self.outstanding() == 0 {
            // Nothing could be sent: a closed loop must not spin.
            self.next_send = outside.now + RECONNECT;
        }
        if self.spec.count.is_some_and(|count| self.issued >= count) {
            self.stop(outside);
        }
    }

    fn pick_key(&mut self) -> u32 {
        let keys = u64::from(self.spec.keys.max(1));
        let key = match self.spec.distribution {
            Distribution::Uniform => self.rng.below(keys),
            Distribution::Zipf => zipf(&mut self.rng, keys),
            Distribution::Sequence => self.issued % keys,
        };
        key as u32
    }

    fn node_for(&self, key: u32) -> NodeId {
        if self.spec.knowledge != Knowledge::Smart || self.lanes.len() == 1 {
            return self.home;
        }
        self.believed_owner(slot(self.key(key).as_bytes())).unwrap_or(self.home)
    }

    /// The key's name.
    pub fn key(&self, key: u32) -> String {
        format!("{}:{key}", self.name)
    }

    /// Adds a request to what goes to a node, if there is a connection; begins to connect where there is none.
    fn ask(&mut self, outside: &mut Outside, node: NodeId, request: Request) {
        let lane = node.0 as usize;
        if !self.lanes[lane].is_open {
            self.connect(outside, lane);
            let lane = &mut self.lanes[lane];
            if lane.connection.is_some() && lane.queued.len() < QUEUED {
                lane.queued.push(request);
            } else {
                self.stats.unsent += 1;
            }
            return;
        }
        if let What::Write { key, number } = request.what
            && self.spec.audit
        {
            let open = &mut self.ledger.entry(key).or_default().open;
            if !open.contains(&number) {
                open.push(number);
            }
        }
        self.stats.sent += 1;
        let bytes = &mut self.batch[lane];
        match request.what {
            What::Slots => write_record(bytes, [&b"CLUSTER"[..], b"SLOTS"].into_iter()),
            What::Read { key, .. } => {
                write_record(bytes, [&b"GET"[..], format!("{}:{key}", self.name).as_bytes()].into_iter());
            }
            What::Write { key, number } => {
                let (name, value) = (format!("{}:{key}", self.name), value_of(key, number, self.spec.size as usize));
                match self.spec.ttl {
                    None => write_record(bytes, [&b"SET"[..], name.as_bytes(), &value].into_iter()),
                    Some(ttl) => {
                        let ttl = ttl.millis().max(1).to_string();
                        let words = [&b"SET"[..], name.as_bytes(), &value, b"PX", ttl.as_bytes()];
                        write_record(bytes, words.into_iter());
                    }
                }
            }
        }
        self.lanes[lane].waiting.push_back(request);
    }

    fn flush(&mut self, outside: &mut Outside) {
        for (lane, bytes) in self.lanes.iter().zip(&mut self.batch) {
            if let (Some(connection), false) = (lane.connection, bytes.is_empty()) {
                outside.send(connection, Way::Up, bytes);
            }
            bytes.clear();
        }
    }

    fn connect(&mut self, outside: &mut Outside, lane: usize) {
        let waiting = &mut self.lanes[lane];
        if waiting.connection.is_none() && outside.now >= waiting.retry_at {
            waiting.connection = Some(outside.connect(Party::Client(self.client), NodeId(lane as u16)));
            waiting.retry_at = outside.now + PATIENCE;
        }
    }

    /// Waits no more for what is under way, and leaves the connection.
    fn give_up(&mut self, outside: &mut Outside, lane: usize) {
        let Some(connection) = self.lanes[lane].connection else { return };
        let unanswered = self.lanes[lane].waiting.len() as u32;
        outside.emit(None, WorldEvent::GaveUp { client: self.client, unanswered });
        self.on_closed(outside, connection);
        outside.close(connection, Way::Up);
    }

    fn never_answered(&mut self, request: &Request) {
        self.stats.unanswered += 1;
        if let What::Write { key, number } = request.what
            && self.spec.audit
        {
            let written = self.ledger.entry(key).or_default();
            written.open.retain(|&open| open != number);
            written.lost.push(number);
        }
    }

    fn acknowledged(&mut self, sent: Time, key: u32, number: u64, by: NodeId) {
        let written = self.ledger.entry(key).or_default();
        written.open.retain(|&open| open != number);
        written.acknowledged = Some((number, sent, by));
    }

    fn lane_of(&self, connection: u64) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.connection == Some(connection))
    }

    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push(complaint);
        }
    }
}

/// What is written: which key it belongs to and which write it was, padded.
fn value_of(key: u32, number: u64, size: usize) -> Vec<u8> {
    let mut value = format!("{key}.{number}.").into_bytes();
    value.resize(size.max(value.len()), b'.');
    value
}

/// The key and the number of the write that a value came from.
pub fn read_value(value: &[u8]) -> Option<(u32, u64)> {
    let mut parts = value.split(|&byte| byte == b'.');
    let mut number = || parts.next().and_then(parse_i64);
    Some((number()?.try_into().ok()?, number()?.try_into().ok()?))
}

/// A number below `n`, where 0 comes as often as 1, 1 half as often, 2 a third as often, … (rejection-inversion;
/// Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
fn zipf(rng: &mut Rng, n: u64) -> u64 {
    let integral = |x: f64| libm::log(x);
    let (low, high) = (integral(1.5) - 1.0, integral(n as f64 + 0.5));
    loop {
        let u = low + rng.unit() * (high - low);
        let x = libm::exp(u);
        let k = libm::floor(x + 0.5).clamp(1.0, n as f64);
        if u >= integral(k + 0.5) - 1.0 / k {
            return k as u64 - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_says_which_write_of_which_key_it_was() {
        for (key, number, size) in [(0, 1, 16), (999, 123_456_789, 4), (u32::MAX, 1 << 60, 100)] {
            let value = value_of(key, number, size);
            assert!(value.len() >= size);
            assert_eq!(read_value(&value), Some((key, number)));
        }
        for other in [&b""[..], b"5", b"x.y", b"-1.2"] {
            assert_eq!(read_value(other), None);
        }
    }

    #[test]
    fn zipf_gives_the_nth_key_one_nth_as_often() {
        let mut rng = Rng::new(3);
        let mut counts = [0u32; 100];
        const DRAWS: u32 = 1_000_000;
        for _ in 0..DRAWS {
            counts[zipf(&mut rng, 100) as usize] += 1;
        }
        let harmonic: f64 = (1..=100).map(|k| 1.0 / k as f64).sum();
        for (index, &count) in counts.iter().enumerate() {
            let expected = DRAWS as f64 / harmonic / (index + 1) as f64;
            assert!((count as f64 / expected - 1.0).abs() < 0.1, "key {index}: {count}, expected {expected}");
        }
        assert!((0..100).all(|_| zipf(&mut rng, 1) == 0));
    }
}
