//! Workers on a stream: who adds entries, who takes them as a consumer of a group, and who claims what others left lying.
//!
//! ```text
//!   produce   XADD … XADD … at a rate
//!   consume   XGROUP CREATE → XREADGROUP … 0, its own history to the end → XREADGROUP … > ─┐→ work → XACK
//!   reap      XGROUP CREATE → XAUTOCLAIM, every so often ──────────────────────────────────┘
//! ```
//! Each is a client with one connection and one request at a time, and follows MOVED. What it holds is in its own memory:
//! a crash loses it, and only the group's pending entries list still knows of it. Work that fails is not acknowledged, so
//! the entry stays pending; with a dead-letter rule, an entry that is delivered for the Nth time is not worked on, but
//! added to another stream and acknowledged. Deliberately absent: a second try of an XADD that was not answered, for it
//! may have happened.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::outside::{Outside, Way};
use super::trace::{NodeId, Party, WorldEvent};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Time};
use crate::collections::ordered::Set;
use crate::keyspace::change::write_record;
use crate::resp::show::argument_text;
use crate::resp::value::ReplyValue;
use crate::types::stream::Id;

/// What a worker does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerSpec {
    pub stream: String,
    pub role: Role,
    /// It stops after so many entries: added, or acknowledged.
    pub count: Option<u64>,
    /// Whom it asks first; the first node where none is named.
    pub node: Option<String>,
    /// Remembers every entry, and holds the nodes to it.
    pub audit: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    Produce {
        /// Entries a second.
        rate: u32,
        maxlen: Option<u64>,
    },
    /// As the consumer of its own name.
    Take(Take),
}

/// How entries are taken and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    pub group: String,
    pub source: Source,
    /// Entries asked for at once.
    pub batch: u32,
    /// What an entry takes to be worked on.
    pub work: Duration,
    /// Attempts in a thousand that fail by chance.
    pub fail: u16,
    /// An entry with this word as a field or a value fails always.
    pub poison: Option<String>,
    pub dead: Option<DeadLetter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What nobody was given yet, after what it was given itself and did not acknowledge.
    New,
    /// What was pending for so long, looked for so often.
    Idle { idle: Duration, every: Duration },
}

/// Where an entry goes that is delivered too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub deliveries: u64,
    pub stream: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Running,
    /// Finishes what it holds, and asks for no more.
    Stopping,
    Stopped,
    Crashed,
}

/// What a worker has done and seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerStats {
    pub sent: u64,
    pub errors: u64,
    pub redirections: u64,
    /// Commands that will never be answered.
    pub unanswered: u64,
    pub added: u64,
    pub processed: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Entries that went to the dead letters.
    pub dead: u64,
    /// Entries it held when it crashed.
    pub lost: u64,
}

/// What an audited worker remembers.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub added: Vec<(Id, Receipt)>,
    /// Entries that were worked on, or made dead letters.
    pub finished: Set<Id>,
    /// Entries and their dead letters.
    pub dead: Vec<(Id, Id, Receipt)>,
}

/// When an entry was asked to be added, and who acknowledged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub asked: Time,
    pub by: NodeId,
}

/// A worker and what it remembers.
#[derive(Clone, Debug)]
pub struct Worker {
    pub name: String,
    pub spec: WorkerSpec,
    pub life: Life,
    pub stats: WorkerStats,
    pub last_error: String,
    /// What it saw that must not be.
    pub complaints: Vec<String>,
    pub ledger: Ledger,
    client: u16,
    rng: Rng,
    /// Whom it asks now.
    node: NodeId,
    line: Line,
    received: Vec<u8>,
    doing: Doing,
    /// What it asks once it holds nothing.
    next: Ask,
    held: VecDeque<Held>,
    /// Entries since it was started.
    finished: u64,
}

/// Its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Down { retry_at: Time },
    Opening { connection: u64, until: Time },
    Open { connection: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    Resting {
        until: Time,
    },
    /// On the first of what it holds.
    Working {
        until: Time,
    },
    /// To be sent once the connection is there, or sent and not answered.
    Asking {
        what: Ask,
        sent: Option<Time>,
    },
}

/// What can be asked; the last three are about the first of what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Add,
    MakeGroup,
    History { after: Id },
    New,
    Claim { from: Id },
    Deliveries,
    Bury,
    Acknowledge,
}

/// An entry in a worker's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub id: Id,
    /// Fields and values by turns; none of an entry that was deleted.
    fields: Vec<Box<[u8]>>,
    /// How often it was delivered, if that is known.
    count: Option<u64>,
}

/// How long a client waits for an answer, and before it connects again or repeats what was refused.
const PATIENCE: Duration = Duration::from_seconds(1);
const RECONNECT: Duration = Duration::from_millis(100);
const AGAIN: Duration = Duration::from_seconds(1);
/// How long XREADGROUP waits for an entry.
const BLOCK: Duration = Duration::from_seconds(2);
const COMPLAINTS: usize = 16;

impl Worker {
    pub fn new(name: &str, client: u16, spec: WorkerSpec, rng: Rng) -> Self {
        Worker {
            name: name.to_string(),
            spec,
            life: Life::Stopped,
            stats: WorkerStats::default(),
            last_error: String::new(),
            complaints: Vec::new(),
            ledger: Ledger::default(),
            client,
            rng,
            node: NodeId(0),
            line: Line::Down { retry_at: Time::ZERO },
            received: Vec::new(),
            doing: Doing::Nothing,
            next: Ask::Add,
            held: VecDeque::new(),
            finished: 0,
        }
    }

    /// Begins, with another specification if it was there before; `node` is whom it asks first.
    pub fn start(&mut self, outside: &mut Outside, spec: WorkerSpec, node: NodeId) {
        self.drop_all(outside);
        self.spec = spec;
        self.node = node;
        self.begin(outside);
    }

    /// Its process starts again, with nothing in its hands.
    pub fn restart(&mut self, outside: &mut Outside) {
        self.crash(outside);
        self.begin(outside);
    }

    /// Its process is gone with all that it held; whether there was one.
    pub fn crash(&mut self, outside: &mut Outside) -> bool {
        if !self.is_alive() {
            return false;
        }
        let held = self.held.len() as u64;
        self.stats.lost += held;
        self.life = Life::Crashed;
        outside.emit(None, WorldEvent::Crashed { client: self.client, worker: self.name.as_str().into(), held });
        self.drop_all(outside);
        true
    }

    /// Finishes what it holds and asks for no more.
    pub fn stop(&mut self, outside: &mut Outside) {
        if self.life != Life::Running {
            return;
        }
        self.life = Life::Stopping;
        let is_idle = match self.doing {
            Doing::Nothing | Doing::Resting { .. } => true,
            Doing::Working { .. } => false,
            Doing::Asking { what, sent } => sent.is_none() && what.is_for_more(),
        };
        if is_idle {
            self.end(outside);
        }
    }

    pub fn is_alive(&self) -> bool {
        matches!(self.life, Life::Running | Life::Stopping)
    }

    /// What it holds, what it works on first.
    pub fn held(&self) -> impl ExactSizeIterator<Item = &Held> {
        self.held.iter()
    }

    /// The command it waits to be answered, as one would type it.
    pub fn asked(&self) -> Option<String> {
        let Doing::Asking { what, sent: Some(_) } = self.doing else { return None };
        let words: Vec<String> = self.words(what).iter().map(|word| argument_text(word)).collect();
        Some(words.join(" "))
    }

    pub fn group(&self) -> Option<&str> {
        if let Role::Take(take) = &self.spec.role { Some(&take.group) } else { None }
    }

    pub fn takes_from(&self, stream: &str, group: &str) -> bool {
        self.spec.stream == stream && self.group() == Some(group)
    }

    /// Where its dead letters go.
    pub fn dead_letters(&self) -> Option<&str> {
        let Role::Take(Take { dead: Some(rule), .. }) = &self.spec.role else { return None };
        Some(&rule.stream)
    }

    /// It has worked on an entry, or made it a dead letter: known of one that is audited.
    pub fn has_finished(&self, id: Id) -> bool {
        self.ledger.finished.contains(&id)
    }

    /// It adds entries, and asks for none to be trimmed.
    pub fn keeps_all(&self) -> bool {
        matches!(self.spec.role, Role::Produce { maxlen: None, .. })
    }

    /// When it wants to be asked again.
    pub fn next_wakeup(&self) -> Option<Time> {
        match (self.doing, self.line) {
            (Doing::Nothing, _) => None,
            (Doing::Resting { until } | Doing::Working { until }, _) => Some(until),
            (Doing::Asking { what, sent: Some(sent) }, _) => Some(sent + what.patience()),
            (Doing::Asking { .. }, Line::Down { retry_at }) => Some(retry_at),
            (Doing::Asking { .. }, Line::Opening { until, .. }) => Some(until),
            (Doing::Asking { .. }, Line::Open { .. }) => None,
        }
    }

    /// Its time has come: to ask, to be done with an entry, to connect, to give up waiting.
    pub fn on_wakeup(&mut self, outside: &mut Outside) {
        if self.next_wakeup().is_none_or(|at| at > outside.now) {
            return;
        }
        match (self.doing, self.line) {
            (Doing::Nothing, _) => {}
            (Doing::Resting { .. }, _) => self.ask(outside, self.next),
            (Doing::Working { .. }, _) => self.finish_work(outside),
            (Doing::Asking { sent: None, .. }, Line::Down { .. }) => self.connect(outside),
            (Doing::Asking { .. }, _) => self.give_up(outside),
        }
    }

    pub fn on_connected(&mut self, outside: &mut Outside, connection: u64) {
        if self.connection() == Some(connection) {
            self.line = Line::Open { connection };
            self.send(outside);
        }
    }

    pub fn on_closed(&mut self, outside: &mut Outside, connection: u64) {
        if self.connection() != Some(connection) {
            return;
        }
        self.line = Line::Down { retry_at: outside.now + RECONNECT };
        self.received.clear();
        let Doing::Asking { what, sent: Some(_) } = self.doing else { return };
        self.stats.unanswered += 1;
        match what {
            Ask::Add => self.more(outside),
            // It may have been given entries that it never saw.
            Ask::New | Ask::History { .. } => self.ask(outside, Ask::History { after: Id::MIN }),
            Ask::Claim { .. } => self.ask(outside, Ask::Claim { from: Id::MIN }),
            _ => self.ask(outside, what),
        }
    }

    pub fn on_bytes(&mut self, outside: &mut Outside, connection: u64, bytes: &[u8]) {
        if self.connection() != Some(connection) {
            return;
        }
        self.received.extend_from_slice(bytes);
        match ReplyValue::decode(&self.received) {
            Ok(None) => {}
            Ok(Some((value, length))) => {
                if length < self.received.len() {
                    self.complain("a reply nobody asked for".to_string());
                }
                self.received.clear();
                self.on_reply(outside, &value);
            }
            Err(why) => {
                self.complain(format!("unreadable reply: {why}"));
                self.give_up(outside);
            }
        }
    }

    fn begin(&mut self, outside: &mut Outside) {
        self.life = Life::Running;
        self.finished = 0;
        self.next = match self.spec.role {
            Role::Produce { .. } => Ask::Add,
            Role::Take(_) => Ask::MakeGroup,
        };
        self.doing = Doing::Resting { until: outside.now };
        outside.emit(None, WorldEvent::LoadStarted { client: self.client, line: self.name.as_str().into() });
    }

    fn end(&mut self, outside: &mut Outside) {
        self.life = Life::Stopped;
        outside.emit(None, WorldEvent::LoadStopped { client: self.client, sent: self.stats.sent });
        self.drop_all(outside);
    }

    fn drop_all(&mut self, outside: &mut Outside) {
        self.doing = Doing::Nothing;
        self.held.clear();
        self.hang_up(outside);
    }

    fn hang_up(&mut self, outside: &mut Outside) {
        if let Some(connection) = self.connection() {
            outside.close(connection, Way::Up);
        }
        self.received.clear();
        self.line = Line::Down { retry_at: outside.now };
    }

    fn connection(&self) -> Option<u64> {
        match self.line {
            Line::Down { .. } => None,
            Line::Opening { connection, .. } | Line::Open { connection } => Some(connection),
        }
    }

    fn connect(&mut self, outside: &mut Outside) {
        let connection = outside.connect(Party::Client(self.client), self.node);
        self.line = Line::Opening { connection, until: outside.now + PATIENCE };
    }

    /// Waits no more for what is under way, and leaves the connection.
    fn give_up(&mut self, outside: &mut Outside) {
        let Some(connection) = self.connection() else { return };
        let unanswered = u32::from(matches!(self.doing, Doing::Asking { sent: Some(_), .. }));
        outside.emit(None, WorldEvent::GaveUp { client: self.client, unanswered });
        self.on_closed(outside, connection);
        outside.close(connection, Way::Up);
    }

    fn ask(&mut self, outside: &mut Outside, what: Ask) {
        if self.life == Life::Stopping && what.is_for_more() {
            return self.end(outside);
        }
        self.doing = Doing::Asking { what, sent: None };
        match self.line {
            Line::Open { .. } => self.send(outside),
            Line::Down { retry_at } if retry_at <= outside.now => self.connect(outside),
            Line::Down { .. } | Line::Opening { .. } => {}
        }
    }

    fn send(&mut self, outside: &mut Outside) {
        let (Line::Open { connection }, Doing::Asking { what, sent: sent @ None }) = (self.line, &mut self.doing)
        else {
            return;
        };
        *sent = Some(outside.now);
        let (what, mut bytes) = (*what, Vec::new());
        write_record(&mut bytes, self.words(what).iter().map(|word| &word[..]));
        self.stats.sent += 1;
        outside.send(connection, Way::Up, &bytes);
    }

    fn on_reply(&mut self, outside: &mut Outside, value: &ReplyValue) {
        let Doing::Asking { what, sent: Some(sent) } = self.doing else {
            return self.complain(format!("a reply nobody asked for: {value:?}"));
        };
        if let ReplyValue::Error(text) = value {
            return self.on_error(outside, what, text);
        }
        let receipt = Receipt { asked: sent, by: self.node };
        match what {
            Ask::Add => return self.on_added(outside, value, receipt),
            Ask::MakeGroup => self.on_group(),
            Ask::History { .. } | Ask::New => self.on_read(what, value),
            Ask::Claim { .. } => self.on_claimed(value),
            Ask::Deliveries => self.on_deliveries(value),
            Ask::Bury => return self.on_buried(outside, value, receipt),
            Ask::Acknowledge => {
                self.held.pop_front();
                return self.count_one(outside);
            }
        }
        self.more(outside);
    }

    fn on_error(&mut self, outside: &mut Outside, what: Ask, text: &str) {
        if let Some((_, address)) = text.strip_prefix("MOVED ").and_then(|rest| rest.split_once(' '))
            && let Some(owner) = outside.node_at(address)
        {
            self.stats.redirections += 1;
            self.hang_up(outside);
            self.node = owner;
            return self.ask(outside, what);
        }
        match what {
            Ask::MakeGroup if text.starts_with("BUSYGROUP") => {
                self.on_group();
                return self.more(outside);
            }
            _ if text.starts_with("NOGROUP") => {
                self.held.clear();
                return self.ask(outside, Ask::MakeGroup);
            }
            _ => {}
        }
        self.stats.errors += 1;
        self.last_error = text.to_string();
        // What it holds is asked about again from the beginning: that does no harm twice.
        if what.is_for_more() {
            self.next = what;
        } else {
            self.held.clear();
            self.on_group();
        }
        self.rest(outside, AGAIN);
    }

    fn on_added(&mut self, outside: &mut Outside, value: &ReplyValue, receipt: Receipt) {
        let Some(id) = read_id(value) else { return self.odd(outside, value) };
        self.stats.added += 1;
        if self.spec.audit {
            self.ledger.added.push((id, receipt));
        }
        self.count_one(outside);
    }

    /// The group is there: what it is to ask now.
    fn on_group(&mut self) {
        self.next = match &self.spec.role {
            Role::Produce { .. } => Ask::Add,
            Role::Take(Take { source: Source::New, .. }) => Ask::History { after: Id::MIN },
            Role::Take(Take { source: Source::Idle { .. }, .. }) => Ask::Claim { from: Id::MIN },
        };
    }

    /// `[[stream, [entry, …]]]`, or nil. The end of its own history is an empty list.
    fn on_read(&mut self, what: Ask, value: &ReplyValue) {
        let is_new = what == Ask::New;
        self.held = read_streams(value, is_new.then_some(1));
        self.next = match self.held.back() {
            Some(last) if !is_new => Ask::History { after: last.id },
            _ => Ask::New,
        };
    }

    /// `[cursor, [entry, …], [deleted, …]]`.
    fn on_claimed(&mut self, value: &ReplyValue) {
        if let ReplyValue::Array(parts) = value
            && let [cursor, ReplyValue::Array(entries), ..] = &parts[..]
        {
            self.held = entries.iter().filter_map(|entry| Held::read(entry, None)).collect();
            self.next = Ask::Claim { from: read_id(cursor).unwrap_or_default() };
        }
    }

    /// `[[id, consumer, idle, deliveries]]`. What is not its own any more is another's to care for.
    fn on_deliveries(&mut self, value: &ReplyValue) {
        match own_deliveries(value, self.name.as_bytes()) {
            Some(count) => self.held[0].count = Some(count),
            None => drop(self.held.pop_front()),
        }
    }

    fn on_buried(&mut self, outside: &mut Outside, value: &ReplyValue, receipt: Receipt) {
        let Some(dead) = read_id(value) else { return self.odd(outside, value) };
        let id = self.held[0].id;
        self.stats.dead += 1;
        if self.spec.audit {
            self.ledger.finished.insert(id);
            self.ledger.dead.push((id, dead, receipt));
        }
        let worker = self.name.as_str().into();
        outside.emit(None, WorldEvent::DeadLettered { client: self.client, worker, id: (id.ms, id.seq) });
        self.ask(outside, Ask::Acknowledge);
    }

    fn finish_work(&mut self, outside: &mut Outside) {
        let Role::Take(take) = &self.spec.role else { return };
        let (id, worker) = (self.held[0].id, self.name.as_str().into());
        let is_poison = take.poison.as_ref().is_some_and(|word| self.held[0].has(word.as_bytes()));
        let id_text = (id.ms, id.seq);
        if self.rng.below(1000) < u64::from(take.fail) || is_poison {
            self.stats.failed += 1;
            outside.emit(None, WorldEvent::WorkFailed { client: self.client, worker, id: id_text });
            self.held.pop_front();
            return self.more(outside);
        }
        self.stats.processed += 1;
        if self.spec.audit {
            self.ledger.finished.insert(id);
        }
        outside.emit(None, WorldEvent::Processed { client: self.client, worker, id: id_text });
        self.ask(outside, Ask::Acknowledge);
    }

    fn count_one(&mut self, outside: &mut Outside) {
        self.finished += 1;
        if self.spec.count.is_some_and(|count| self.finished >= count) {
            self.life = Life::Stopping;
        }
        self.more(outside);
    }

    /// To the next entry in its hands; where there is none, to asking for more.
    fn more(&mut self, outside: &mut Outside) {
        if let Some(first) = self.held.front() {
            let Role::Take(take) = &self.spec.role else { return };
            return match (&take.dead, first.count) {
                _ if first.fields.is_empty() => self.ask(outside, Ask::Acknowledge),
                (Some(_), None) => self.ask(outside, Ask::Deliveries),
                (Some(rule), Some(count)) if count >= rule.deliveries => self.ask(outside, Ask::Bury),
                _ => self.doing = Doing::Working { until: outside.now + take.work },
            };
        }
        match &self.spec.role {
            _ if self.life == Life::Stopping => self.end(outside),
            Role::Produce { rate, .. } => {
                // Around the mean, so that producers of one rate don't march in step.
                let mean = 1_000_000 / u64::from((*rate).max(1));
                let pause = Duration::from_micros(mean / 2 + self.rng.below(mean + 1));
                self.rest(outside, pause);
            }
            Role::Take(Take { source: Source::Idle { every, .. }, .. })
                if self.next == (Ask::Claim { from: Id::MIN }) =>
            {
                self.rest(outside, *every);
            }
            Role::Take(_) => self.ask(outside, self.next),
        }
    }

    fn rest(&mut self, outside: &mut Outside, pause: Duration) {
        if self.life == Life::Stopping {
            return self.end(outside);
        }
        self.doing = Doing::Resting { until: outside.now + pause };
    }

    fn odd(&mut self, outside: &mut Outside, value: &ReplyValue) {
        self.complain(format!("an odd reply: {value:?}"));
        self.give_up(outside);
    }

    fn complain(&mut self, complaint: String) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push(complaint);
        }
    }

    /// The command that asks for something. No name in it has a blank.
    fn words(&self, what: Ask) -> Vec<Vec<u8>> {
        let (stream, name, first) = (&self.spec.stream, &self.name, self.held.front());
        let id = first.map_or(Id::MIN, |held| held.id);
        let text = match &self.spec.role {
            Role::Produce { maxlen, .. } => {
                let trim = maxlen.map_or(String::new(), |maxlen| format!("MAXLEN ~ {maxlen} "));
                format!("XADD {stream} {trim}* job {name}-{}", self.stats.added + 1)
            }
            Role::Take(take) => take.command(what, stream, name, id),
        };
        let mut words: Vec<Vec<u8>> = text.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        if let (Ask::Bury, Some(first)) = (what, first) {
            words.extend(first.fields.iter().map(|word| word.to_vec()));
        }
        words
    }
}

impl Take {
    fn command(&self, what: Ask, stream: &str, name: &str, id: Id) -> String {
        let Take { group, batch, .. } = self;
        match what {
            Ask::Add | Ask::MakeGroup => format!("XGROUP CREATE {stream} {group} 0 MKSTREAM"),
            Ask::History { after } => {
                let after = if after.is_zero() { "0".to_string() } else { after.to_string() };
                format!("XREADGROUP GROUP {group} {name} COUNT {batch} STREAMS {stream} {after}")
            }
            Ask::New => {
                let block = BLOCK.millis();
                format!("XREADGROUP GROUP {group} {name} COUNT {batch} BLOCK {block} STREAMS {stream} >")
            }
            Ask::Claim { from } => {
                let idle = if let Source::Idle { idle, .. } = self.source { idle.millis() } else { 0 };
                format!("XAUTOCLAIM {stream} {group} {name} {idle} {from} COUNT {batch}")
            }
            Ask::Deliveries => format!("XPENDING {stream} {group} {id} {id} 1"),
            Ask::Bury => format!("XADD {} * entry {id}", self.dead.as_ref().map_or("", |rule| &rule.stream)),
            Ask::Acknowledge => format!("XACK {stream} {group} {id}"),
        }
    }
}

impl Ask {
    /// It is not about what the worker holds already.
    fn is_for_more(self) -> bool {
        !matches!(self, Ask::Deliveries | Ask::Bury | Ask::Acknowledge)
    }

    fn patience(self) -> Duration {
        if self == Ask::New { PATIENCE + BLOCK } else { PATIENCE }
    }
}

impl Held {
    /// `[id, [field, value, …]]`, or `[id, nil]` of what was deleted.
    fn read(entry: &ReplyValue, count: Option<u64>) -> Option<Held> {
        let ReplyValue::Array(parts) = entry else { return None };
        let [id, fields] = &parts[..] else { return None };
        let fields = if let ReplyValue::Array(fields) = fields { &fields[..] } else { &[] };
        let bytes = |field: &ReplyValue| if let ReplyValue::Bulk(bytes) = field { Some(bytes.clone()) } else { None };
        Some(Held { id: read_id(id)?, fields: fields.iter().filter_map(bytes).collect(), count })
    }

    fn has(&self, word: &[u8]) -> bool {
        self.fields.iter().any(|field| **field == *word)
    }
}

/// The entries of the one stream that XREADGROUP was asked for.
fn read_streams(value: &ReplyValue, count: Option<u64>) -> VecDeque<Held> {
    let ReplyValue::Array(streams) = value else { return VecDeque::new() };
    let Some(ReplyValue::Array(pair)) = streams.first() else { return VecDeque::new() };
    let Some(ReplyValue::Array(entries)) = pair.get(1) else { return VecDeque::new() };
    entries.iter().filter_map(|entry| Held::read(entry, count)).collect()
}

/// How often an entry was delivered, if it is this consumer's.
fn own_deliveries(value: &ReplyValue, name: &[u8]) -> Option<u64> {
    let ReplyValue::Array(rows) = value else { return None };
    let Some(ReplyValue::Array(row)) = rows.first() else { return None };
    match &row[..] {
        [_, ReplyValue::Bulk(owner), _, ReplyValue::Integer(count)] if **owner == *name => Some(*count as u64),
        _ => None,
    }
}

fn read_id(value: &ReplyValue) -> Option<Id> {
    if let ReplyValue::Bulk(text) = value { Id::parse(text, 0) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::stream::PendingView;
    use crate::inspect::value::ValueView;
    use crate::world::World;
    use crate::world::scenario::Scenario;
    use crate::world::script::Action;
    use crate::world::testing::{act, world};
    use alloc::vec;

    fn worker<'a>(world: &'a World, name: &str) -> &'a Worker {
        world.workers().find(|worker| worker.name == name).unwrap()
    }

    fn length(world: &World, key: &str) -> usize {
        let mut nodes = world.nodes().filter_map(|node| node.inspect);
        nodes.find_map(|node| Some(node.open(0, key.as_bytes())?.value.len())).unwrap_or(0)
    }

    fn pending(world: &World) -> Vec<(String, u64)> {
        let node = world.nodes().next().unwrap().inspect.unwrap();
        let Some(ValueView::Stream(stream)) = node.open(0, b"s").map(|opened| opened.value) else { return Vec::new() };
        let own = |it: PendingView| (String::from_utf8(it.consumer).unwrap(), it.count);
        stream.pending(b"g", None, Id::MIN, 100).into_iter().map(own).collect()
    }

    fn commands(world: &mut World, name: &str) -> Vec<String> {
        let events = world.take_events().into_iter().filter(|happened| happened.event.kind() == "Ran");
        events.map(|happened| happened.event.to_string()).filter(|text| text.contains(name)).collect()
    }

    #[test]
    fn what_is_added_is_taken_worked_on_and_acknowledged() {
        let lines = [
            "!consume c1 stream=s group=g work=20ms",
            "!consume c2 stream=s group=g work=20ms batch=3",
            "!produce p stream=s rate=50 count=40",
            "!advance 3s",
        ];
        let world = world(&Scenario::single(), &lines);
        let [one, two] = ["c1", "c2"].map(|name| worker(&world, name).stats.processed);
        assert_eq!((worker(&world, "p").life, worker(&world, "p").stats.added), (Life::Stopped, 40));
        assert!(one + two == 40 && one > 5 && two > 5, "{one} and {two}");
        assert_eq!((length(&world, "s"), pending(&world).len()), (40, 0));
    }

    #[test]
    fn a_crash_loses_what_was_held_and_its_own_history_has_it_still() {
        let mut world = world(&Scenario::single(), &["!produce p stream=s rate=100 count=3", "!advance 1s"]);
        for line in ["!consume c stream=s group=g batch=2 work=5s", "!advance 1s"] {
            act(&mut world, line);
        }
        assert_eq!(worker(&world, "c").held().len(), 2);
        act(&mut world, "!crash c");
        act(&mut world, "!advance 30s");
        assert_eq!((worker(&world, "c").life, worker(&world, "c").stats.lost), (Life::Crashed, 2));
        assert_eq!(pending(&world), [("c".into(), 1), ("c".into(), 1)]);
        assert!(world.apply(&Action::parse("!crash c").unwrap()).is_err(), "it is gone already");
        world.take_events();
        act(&mut world, "!restart c");
        act(&mut world, "!advance 1s");
        assert_eq!(pending(&world), [("c".into(), 2), ("c".into(), 2)]);
        let asked = commands(&mut world, " c ");
        assert_eq!(asked, ["XREADGROUP GROUP g c COUNT 2 STREAMS s 0"]);
        act(&mut world, "!advance 20s");
        assert_eq!((worker(&world, "c").stats.processed, pending(&world).len()), (3, 0));
    }

    #[test]
    fn who_is_stopped_finishes_what_it_holds() {
        let lines = [
            "!produce p stream=s rate=100 count=4",
            "!advance 1s",
            "!consume c stream=s group=g batch=3 work=1s",
            "!advance 1s",
            "!stop c",
        ];
        let mut world = world(&Scenario::single(), &lines);
        assert_eq!((worker(&world, "c").life, worker(&world, "c").held().len()), (Life::Stopping, 3));
        act(&mut world, "!advance 10s");
        assert_eq!((worker(&world, "c").life, worker(&world, "c").stats.processed), (Life::Stopped, 3));
        assert_eq!(pending(&world).len(), 0);
    }

    #[test]
    fn a_reaper_claims_what_lay_idle_and_poison_goes_to_the_dead_letters() {
        let lines = [
            "@M> XADD s * job good",
            "@M> XADD s * job bad",
            "!consume c stream=s group=g batch=2 work=60s",
            "!advance 1s",
            "!crash c",
            "!reap r stream=s group=g idle=2s every=500ms work=10ms poison=bad dead=3:lost",
            "!advance 20s",
        ];
        let mut world = world(&Scenario::single(), &lines);
        let stats = worker(&world, "r").stats;
        assert_eq!((stats.processed, stats.failed, stats.dead), (1, 1, 1));
        assert_eq!((length(&world, "s"), length(&world, "lost"), pending(&world).len()), (2, 1, 0));
        let commands = commands(&mut world, "lost");
        assert!(commands.len() == 1 && commands[0].ends_with(" job bad"), "{commands:?}");
    }

    #[test]
    fn workers_find_the_owner_of_a_slot_and_letters_may_be_elsewhere() {
        let lines = [
            "!produce p stream=s rate=20 count=10",
            "!consume c stream=s group=g work=10ms fail=0.5",
            "!reap r stream=s group=g idle=1s every=500ms work=10ms fail=0.9 dead=3:d",
            "!advance 60s",
        ];
        let world = world(&Scenario::three_masters(), &lines);
        let (consumer, reaper) = (worker(&world, "c").stats, worker(&world, "r").stats);
        assert!(reaper.redirections > 2, "{reaper:?}");
        assert_eq!(consumer.processed + reaper.processed + reaper.dead, 10);
        assert_eq!(length(&world, "d") as u64, reaper.dead);
        assert!(consumer.processed > 1 && reaper.dead > 1, "{consumer:?} {reaper:?}");
    }

    #[test]
    fn a_node_that_is_gone_and_comes_back_is_used_again() {
        let lines = [
            "!produce p stream=s rate=20",
            "!consume c stream=s group=g work=10ms",
            "!advance 2s",
            "!kill M",
            "!advance 2s",
            "!restart M",
            "!advance 2s",
            "!pause M",
            "!advance 5s",
            "!resume M",
            "!advance 5s",
            "!stop p",
            "!advance 3s",
        ];
        let world = world(&Scenario::single(), &lines);
        let (producer, consumer) = (worker(&world, "p"), worker(&world, "c"));
        assert!(producer.stats.unanswered > 0 && consumer.stats.unanswered > 0);
        assert!(consumer.stats.processed > 100, "{:?}", consumer.stats);
        assert_eq!((pending(&world).len(), &producer.complaints, &consumer.complaints), (0, &vec![], &vec![]));
    }

    #[test]
    fn a_name_belongs_to_one_and_a_key_of_another_type_is_an_error_that_can_be_read() {
        let mut world = world(&Scenario::single(), &["@M> SET s x", "!consume c stream=s group=g", "!load w"]);
        act(&mut world, "!advance 3s");
        assert!(worker(&world, "c").last_error.starts_with("WRONGTYPE"));
        for (line, why) in [
            ("!produce w stream=s", "this is the name of a workload"),
            ("!load c", "this is the name of a producer, consumer or reaper"),
            ("!produce M stream=s", "this is the name of a node"),
            ("!produce tab9 stream=s", "names that begin with tab are those of terminals"),
            ("!crash w", "there is no such producer, consumer or reaper"),
        ] {
            assert_eq!(world.apply(&Action::parse(line).unwrap()).unwrap_err().why, why, "{line}");
        }
    }
}
