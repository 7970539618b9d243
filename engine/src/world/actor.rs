//! Workloads: clients that keep asking, in one of three ways of knowing where a key is.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::curve::Curve;
use super::lanes::{Answer, Lanes, Lost, RECONNECT, Reply};
use super::outside::Outside;
use super::trace::{NodeId, WorldEvent};
use super::traffic::{Lifetime, Traffic, TrafficSpec};
use crate::base::hash::{SLOTS, slot};
use crate::base::number::parse_i64;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Time};
use crate::collections::ordered::Map;
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

/// What a workload does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadSpec {
    pub traffic: TrafficSpec,
    /// Reads in a thousand commands.
    pub read: u16,
    /// Commands sent at once.
    pub pipeline: u32,
    pub knowledge: Knowledge,
    /// How long what is written lives.
    pub life: Lifetime,
    /// Bytes of a value, at least.
    pub size: u32,
    /// Whom it asks first; the first node where none is named.
    pub node: Option<String>,
    /// Remembers every answer, and holds the nodes to it.
    pub audit: bool,
}

impl Default for LoadSpec {
    fn default() -> Self {
        LoadSpec {
            traffic: TrafficSpec::default(),
            read: 800,
            pipeline: 1,
            knowledge: Knowledge::Smart,
            life: Lifetime::default(),
            size: 16,
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
    /// Reads that found something, and that did not.
    pub reads: Curve<2>,
    pub last_error: String,
    pub running: bool,
    /// What it saw that must not be.
    pub complaints: Vec<String>,
    pub ledger: Map<u32, Written>,
    client: u16,
    rng: Rng,
    traffic: Traffic,
    lanes: Lanes<Request>,
    /// The owner of each slot by this client's knowledge, [`UNKNOWN`] where it has none. Empty of a client without table.
    slots: Vec<u8>,
    next_send: Time,
    writes: u64,
    home: NodeId,
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

#[derive(Clone, Copy, Debug)]
struct Request {
    what: What,
    redirections: u8,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Slots,
    Read { key: u32, at_least: u64 },
    Write { key: u32, number: u64 },
}

const UNKNOWN: u8 = 255;
const REDIRECTIONS: u8 = 5;
const COMPLAINTS: usize = 16;

impl Load {
    pub fn new(name: &str, client: u16, spec: LoadSpec, mut rng: Rng) -> Self {
        Load {
            name: name.to_string(),
            stats: LoadStats::default(),
            reads: Curve::default(),
            last_error: String::new(),
            running: true,
            complaints: Vec::new(),
            ledger: Map::new(),
            client,
            traffic: Traffic::new(spec.traffic.clone(), rng.fork()),
            spec,
            rng,
            lanes: Lanes::new(client),
            slots: Vec::new(),
            next_send: Time::ZERO,
            writes: 0,
            home: NodeId(0),
        }
    }

    /// Begins, or goes on with another specification; `home` is whom it asks first.
    pub fn start(&mut self, outside: &mut Outside, spec: LoadSpec, home: NodeId) {
        self.traffic = Traffic::new(spec.traffic.clone(), self.rng.fork());
        self.spec = spec;
        self.home = home;
        self.running = true;
        self.next_send = outside.now;
        self.lanes.reach(outside);
        if self.spec.knowledge == Knowledge::Smart && self.slots.is_empty() {
            self.slots = vec![UNKNOWN; SLOTS as usize];
        }
        let line = format!("{}{}", self.name, self.spec).into();
        outside.emit(None, WorldEvent::LoadStarted { client: self.client, line });
    }

    /// Sends nothing more; what is under way is still read.
    pub fn stop(&mut self, outside: &mut Outside) {
        if core::mem::take(&mut self.running) {
            outside.emit(None, WorldEvent::LoadStopped { client: self.client, sent: self.stats.sent });
        }
    }

    /// Commands sent and not answered.
    pub fn outstanding(&self) -> usize {
        self.lanes.outstanding()
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
        self.lanes.open()
    }

    /// When it wants to be asked again.
    pub fn next_wakeup(&self) -> Option<Time> {
        let send = self.may_send().then_some(self.next_send);
        [self.lanes.patience_ends(), send, self.wants_home()].into_iter().flatten().min()
    }

    /// Its time has come: to give up waiting, to connect, to send.
    pub fn on_wakeup(&mut self, outside: &mut Outside) {
        while let Some(lost) = self.lanes.lose_patience(outside) {
            self.lose(lost);
        }
        if self.wants_home().is_some_and(|at| at <= outside.now) {
            self.lanes.connect(outside, self.home);
        }
        if self.may_send() && outside.now >= self.next_send {
            self.send_some(outside);
        }
    }

    pub fn on_connected(&mut self, outside: &mut Outside, connection: u64) {
        let Some(node) = self.lanes.on_connected(outside, connection) else { return };
        if self.spec.knowledge == Knowledge::Smart && self.known_slots() == 0 {
            self.ask(outside, node, Request { what: What::Slots, redirections: 0 });
        }
        self.lanes.flush(outside);
    }

    pub fn on_closed(&mut self, outside: &mut Outside, connection: u64) {
        if let Some(lost) = self.lanes.on_closed(outside, connection) {
            self.lose(lost);
        }
    }

    pub fn on_bytes(&mut self, outside: &mut Outside, connection: u64, bytes: &[u8]) {
        let Some(node) = self.lanes.on_bytes(connection, bytes) else { return };
        while let Some(reply) = self.lanes.next_reply(outside, node) {
            match reply {
                Reply::Answer(answer) => self.on_reply(outside, answer),
                Reply::Nonsense(why, lost) => {
                    self.complain(why);
                    self.lose(lost);
                }
            }
        }
        self.lanes.flush(outside);
        if self.spec.traffic.rate.is_none() && self.may_send() {
            self.send_some(outside);
        }
    }

    fn on_reply(&mut self, outside: &mut Outside, answer: Answer<Request>) {
        if let ReplyValue::Error(text) = &answer.value {
            return self.on_error(outside, answer.request, text);
        }
        let took = outside.now.since(answer.sent);
        match answer.request.what {
            What::Slots => return self.learn_all(outside, &answer.value),
            What::Write { key, number } => {
                if self.spec.audit {
                    self.acknowledged(answer.sent, key, number, answer.by);
                }
            }
            What::Read { key, at_least } => self.on_value(outside.now, key, at_least, &answer.value),
        }
        self.stats.replies += 1;
        self.stats.latency_sum = self.stats.latency_sum + took;
        self.stats.latency_max = self.stats.latency_max.max(took);
    }

    fn on_value(&mut self, now: Time, key: u32, at_least: u64, value: &ReplyValue) {
        let ReplyValue::Bulk(bytes) = value else {
            self.stats.misses += 1;
            return self.reads.count(now, 1);
        };
        self.stats.hits += 1;
        self.reads.count(now, 0);
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
                    self.ledger.get_or_default(key).redirected = true;
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
            self.ledger.get_or_default(key).open.retain(|&open| open != number);
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
            && self.lanes.is_open()
            && !self.traffic.is_over()
            && (self.spec.traffic.rate.is_some() || self.outstanding() == 0)
    }

    /// Without any connection it goes to its first node again.
    fn wants_home(&self) -> Option<Time> {
        self.lanes.wants(self.home).filter(|_| self.running)
    }

    fn send_some(&mut self, outside: &mut Outside) {
        let mut some = 0;
        while some < u64::from(self.spec.pipeline.max(1)) && !self.traffic.is_over() {
            some += 1;
            let key = self.traffic.key();
            let what = if self.traffic.by_chance(self.spec.read) {
                let acknowledged = self.ledger.get(&key).and_then(|written| written.acknowledged);
                What::Read { key, at_least: acknowledged.map_or(0, |(number, ..)| number) }
            } else {
                self.writes += 1;
                What::Write { key, number: self.writes }
            };
            let node = self.node_for(key);
            self.ask(outside, node, Request { what, redirections: 0 });
        }
        self.lanes.flush(outside);
        if let Some(pause) = self.traffic.pause(some) {
            self.next_send = outside.now + pause;
        } else if self.outstanding() == 0 {
            // Nothing could be sent: a closed loop must not spin.
            self.next_send = outside.now + RECONNECT;
        }
        if self.traffic.is_over() {
            self.stop(outside);
        }
    }

    fn node_for(&self, key: u32) -> NodeId {
        if self.spec.knowledge != Knowledge::Smart || self.lanes.count() == 1 {
            return self.home;
        }
        self.believed_owner(slot(self.key(key).as_bytes())).unwrap_or(self.home)
    }

    /// The key's name.
    pub fn key(&self, key: u32) -> String {
        format!("{}:{key}", self.name)
    }

    fn ask(&mut self, outside: &mut Outside, node: NodeId, request: Request) {
        let (name, spec, rng) = (&self.name, &self.spec, &mut self.rng);
        let write = |bytes: &mut Vec<u8>| request.what.write(bytes, name, spec, rng);
        if self.lanes.ask(outside, node, request, write).is_err() {
            self.stats.unsent += 1;
            return;
        }
        self.stats.sent += 1;
        if let What::Write { key, number } = request.what
            && self.spec.audit
        {
            let open = &mut self.ledger.get_or_default(key).open;
            if !open.contains(&number) {
                open.push(number);
            }
        }
    }

    fn lose(&mut self, lost: Lost<Request>) {
        self.stats.unanswered += lost.unanswered.len() as u64;
        self.stats.unsent += lost.unsent.len() as u64;
        self.stats.sent -= lost.unsent.len() as u64;
        let unanswered = lost.unanswered.into_iter().map(|request| (request, true));
        for (request, was_sent) in unanswered.chain(lost.unsent.into_iter().map(|request| (request, false))) {
            if let What::Write { key, number } = request.what
                && self.spec.audit
            {
                let written = self.ledger.get_or_default(key);
                written.open.retain(|&open| open != number);
                if was_sent {
                    written.lost.push(number);
                }
            }
        }
    }

    fn acknowledged(&mut self, sent: Time, key: u32, number: u64, by: NodeId) {
        let written = self.ledger.get_or_default(key);
        written.open.retain(|&open| open != number);
        written.acknowledged = Some((number, sent, by));
    }

    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push(complaint);
        }
    }
}

impl What {
    /// The command, as it is sent.
    fn write(self, bytes: &mut Vec<u8>, name: &str, spec: &LoadSpec, rng: &mut Rng) {
        match self {
            What::Slots => write_record(bytes, [&b"CLUSTER"[..], b"SLOTS"].into_iter()),
            What::Read { key, .. } => {
                write_record(bytes, [&b"GET"[..], format!("{name}:{key}").as_bytes()].into_iter());
            }
            What::Write { key, number } => {
                let value = value_of(key, number, spec.size as usize);
                write_set(bytes, &format!("{name}:{key}"), &value, spec.life.millis(rng));
            }
        }
    }
}

/// SET, with PX of one that does not live for ever.
pub(super) fn write_set(bytes: &mut Vec<u8>, key: &str, value: &[u8], life: Option<u64>) {
    let millis = life.map(|life| life.to_string());
    let words = [&b"SET"[..], key.as_bytes(), value, b"PX", millis.as_deref().unwrap_or_default().as_bytes()];
    let count = if millis.is_some() { 5 } else { 3 };
    write_record(bytes, words[..count].iter().copied());
}

/// What is written: which key it belongs to and which write it was, padded.
pub(super) fn value_of(key: u32, number: u64, size: usize) -> Vec<u8> {
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
}
