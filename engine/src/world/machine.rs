//! A machine: one server process with its clock, and what killing, pausing and restarting it does.

use alloc::string::String;
use alloc::vec::Vec;

use super::clock::WallClock;
use super::outside::{Due, Outside, Parcel, Way};
use super::trace::{NodeId, WorldEvent};
use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::config::Config;
use crate::event::{Event, Watch};
use crate::io::{Conn, Input, Output};
use crate::node::{Node, Outputs};

/// What a machine's process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Up,
    /// It is there, and does not look (SIGSTOP, a long pause of its host).
    Paused,
    Down,
}

#[derive(Clone)]
pub struct Machine {
    pub name: String,
    pub id: NodeId,
    pub clock: WallClock,
    pub condition: Condition,
    /// Absent while the process is down.
    pub node: Option<Node>,
    /// How often the process has been started.
    pub starts: u32,
    /// When it was started last, and flushed last, in the world's time.
    pub started: Time,
    pub flushed: Option<Time>,
    /// Keeps what its node records.
    pub records: bool,
    /// What the configuration file says.
    pub(super) config: Config,
    rng: Rng,
    /// The connection behind each number that the node knows.
    conns: Vec<Option<u64>>,
    /// When its timers are due, by what is in the queue.
    wakeup: Option<Time>,
    sent: Vec<(Conn, usize)>,
}

/// What the outputs of a node say about the process itself.
#[derive(Default)]
struct Aftermath {
    exit: bool,
    config: Option<String>,
    flushed: bool,
}

impl Machine {
    pub fn new(name: &str, id: NodeId, config: Config, rng: Rng) -> Self {
        Machine {
            name: name.into(),
            id,
            clock: WallClock::default(),
            condition: Condition::Down,
            node: None,
            starts: 0,
            started: Time::ZERO,
            flushed: None,
            records: false,
            config,
            rng,
            conns: Vec::new(),
            wakeup: None,
            sent: Vec::new(),
        }
    }

    /// Starts the process.
    ///
    /// # Errors
    /// Its configuration can't be taken.
    pub fn start(&mut self, outside: &mut Outside) -> Result<(), String> {
        let mut node = Node::new(self.config.clone(), self.rng.bits())?;
        node.watch(Watch::Everything);
        if self.records {
            node.keep_records();
        }
        self.node = Some(node);
        self.condition = Condition::Up;
        self.starts += 1;
        self.started = outside.now;
        self.flushed = None;
        self.wakeup = None;
        let started = outside.emit(Some(self.id), WorldEvent::Started { start: self.starts });
        outside.trace.cause = Some(started);
        self.feed(outside, Input::Started);
        Ok(())
    }

    /// The process is gone, with all that it had in memory; the network closes its connections.
    pub fn stop(&mut self, outside: &mut Outside, event: WorldEvent) {
        self.node = None;
        self.condition = Condition::Down;
        self.wakeup = None;
        self.conns.clear();
        let stopped = outside.emit(Some(self.id), event);
        outside.trace.cause = Some(stopped);
        for id in outside.connections_of(self.id) {
            if let Some(connection) = outside.connection_mut(id) {
                connection.conn = None;
            }
            outside.close(id, Way::Down);
        }
    }

    /// What was asked of it at a time may be gone: its process was started, or its data flushed, since.
    pub fn has_lost_since(&self, asked: Time) -> bool {
        self.started >= asked || self.flushed.is_some_and(|flushed| flushed >= asked)
    }

    pub fn pause(&mut self, outside: &mut Outside) {
        self.condition = Condition::Paused;
        outside.emit(Some(self.id), WorldEvent::Paused);
    }

    /// It looks again: at its clock first, then at what has arrived.
    pub fn resume(&mut self, outside: &mut Outside) {
        self.condition = Condition::Up;
        let resumed = outside.emit(Some(self.id), WorldEvent::Resumed);
        outside.trace.cause = Some(resumed);
        self.feed(outside, Input::Timeout);
        for id in outside.connections_of(self.id) {
            self.let_write(outside, id);
        }
        outside.look_again(self.id);
    }

    /// Its clock jumps.
    pub fn set_clock(&mut self, outside: &mut Outside, by: i64) {
        self.clock.ahead = self.clock.ahead.saturating_add(by);
        let set = outside.emit(Some(self.id), WorldEvent::ClockSet { ahead_micros: self.clock.ahead });
        outside.trace.cause = Some(set);
        if self.condition == Condition::Up {
            // Timers run on a clock that does not jump: they must not wait for a time that is far away now.
            self.feed(outside, Input::Timeout);
        }
    }

    /// The time it knows.
    pub fn now(&self, outside: &Outside) -> Time {
        self.clock.shows(outside.now)
    }

    /// Its timers may be due.
    pub fn on_wakeup(&mut self, outside: &mut Outside) {
        if self.wakeup == Some(outside.now) {
            self.wakeup = None;
            if self.condition == Condition::Up {
                self.feed(outside, Input::Timeout);
            }
        }
    }

    /// Something may have arrived for it.
    pub fn on_delivery(&mut self, outside: &mut Outside, id: u64) {
        let opens = match outside.has_arrived(id, Way::Up) {
            None => return,
            Some(parcel) => *parcel == Parcel::Open,
        };
        let answered = outside.connection(id).is_some_and(|connection| connection.answered);
        if self.condition == Condition::Paused {
            // The network answers, whether the process looks or not.
            if opens && !answered {
                outside.answer(id, true);
            }
            return;
        }
        let Some(parcel) = outside.take(id, Way::Up) else { return };
        match (self.condition, parcel) {
            (Condition::Down, Parcel::Open) => outside.answer(id, false),
            (Condition::Down, _) => {}
            (_, Parcel::Open) => {
                if !answered {
                    outside.answer(id, true);
                }
                self.accept(outside, id);
            }
            (_, Parcel::Bytes(bytes)) => {
                if let Some(conn) = outside.connection(id).and_then(|connection| connection.conn) {
                    self.feed(outside, Input::Received { conn, bytes: &bytes });
                }
            }
            (_, Parcel::Close) => self.on_closed(outside, id),
            (_, Parcel::Accept | Parcel::Refuse) => debug_assert!(false, "an answer came to a node"),
        }
        outside.forget_if_over(id);
    }

    /// The other end of a connection is gone.
    pub fn on_closed(&mut self, outside: &mut Outside, id: u64) {
        if let Some(conn) = outside.connection_mut(id).and_then(|connection| connection.conn.take()) {
            self.lose(outside, conn);
            outside.close(id, Way::Down);
        }
    }

    /// A connection ended that the network has forgotten already.
    pub fn lose(&mut self, outside: &mut Outside, conn: Conn) {
        if let Some(connection) = self.conns.get_mut(conn.0 as usize) {
            *connection = None;
        }
        self.feed(outside, Input::Closed { conn });
    }

    /// There may be room again for what could not be written.
    pub fn let_write(&mut self, outside: &mut Outside, id: u64) {
        if self.condition != Condition::Up || !outside.has_room(id) {
            return;
        }
        if let Some(connection) = outside.connection_mut(id)
            && core::mem::take(&mut connection.wants_to_write)
            && let Some(conn) = connection.conn
        {
            self.feed(outside, Input::Writable { conn });
        }
    }

    fn accept(&mut self, outside: &mut Outside, id: u64) {
        let free = self.conns.iter().position(Option::is_none).unwrap_or_else(|| {
            self.conns.push(None);
            self.conns.len() - 1
        });
        let conn = Conn(free as u32);
        self.conns[free] = Some(id);
        let local = outside.addresses[self.id.0 as usize].clone();
        let Some(connection) = outside.connection_mut(id) else { return };
        connection.conn = Some(conn);
        let peer = connection.peer.clone();
        self.feed(outside, Input::Accepted { conn, peer: &peer, local: &local, unix: false });
    }

    /// Gives the node an input and does what comes out.
    fn feed(&mut self, outside: &mut Outside, input: Input<'_>) {
        let now = self.now(outside);
        let Some(node) = &mut self.node else { return };
        let mut after = Aftermath::default();
        let sent = &mut self.sent;
        perform(outside, self.id, &mut self.conns, sent, &mut after, node.handle(now, input));
        let mut next = 0;
        while let Some(&(conn, count)) = sent.get(next) {
            next += 1;
            perform(outside, self.id, &mut self.conns, sent, &mut after, node.handle(now, Input::Sent { conn, count }));
        }
        sent.clear();
        let wakeup = node.next_wakeup().map(|local| self.clock.reaches(local).max(outside.now));
        if wakeup != self.wakeup {
            self.wakeup = wakeup;
            if let Some(at) = wakeup {
                outside.schedule(at, Due::Node { node: self.id });
            }
        }
        if after.flushed {
            self.flushed = Some(outside.now);
        }
        if let Some(config) = after.config.and_then(|text| Config::parse(&text).ok()) {
            self.config = config;
        }
        if after.exit {
            self.stop(outside, WorldEvent::Exited);
        }
    }
}

fn perform(
    outside: &mut Outside,
    id: NodeId,
    conns: &mut [Option<u64>],
    sent: &mut Vec<(Conn, usize)>,
    after: &mut Aftermath,
    outputs: Outputs<'_>,
) {
    let connection_of = |conns: &[Option<u64>], conn: Conn| conns.get(conn.0 as usize).copied().flatten();
    for output in outputs {
        match output {
            Output::Send { conn, bytes } => {
                let Some(connection) = connection_of(conns, conn) else { continue };
                let count = outside.send(connection, Way::Down, bytes);
                if count < bytes.len()
                    && let Some(connection) = outside.connection_mut(connection)
                {
                    connection.wants_to_write = true;
                }
                sent.push((conn, count));
            }
            Output::Close { conn } => {
                if let Some(connection) = connection_of(conns, conn) {
                    conns[conn.0 as usize] = None;
                    if let Some(connection) = outside.connection_mut(connection) {
                        connection.conn = None;
                    }
                    outside.close(connection, Way::Down);
                }
            }
            Output::Event(event) => {
                after.flushed |= matches!(event, Event::Flushed { .. });
                outside.emit(Some(id), WorldEvent::Node(event));
            }
            Output::RewriteConfig { text } => after.config = Some(text.into()),
            Output::Exit => after.exit = true,
        }
    }
}
