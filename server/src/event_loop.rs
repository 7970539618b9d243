//! The one thread that serves: what sockets, signals and the clock say goes into the node, and what comes out is performed.
//!
//! A readable connection is read once, its bytes are handed to the node, and the replies are written straight from the
//! node's memory, those of many connections one after the other: two system calls for a pipeline of any length. Who sends or
//! takes more than a turn allows waits until everybody else had theirs. The poll tells of changes only (edges), so whatever
//! is left undone has to be remembered here.

use std::io::{self, ErrorKind};
use std::{mem, time};

use kvarium_engine::base::time::{Duration, Time};
use kvarium_engine::event::{Event, Level};
use kvarium_engine::io::{Conn, Input, Output};
use kvarium_engine::node::Node;
use mio::{Events, Poll, Registry, Token};

use crate::clock;
use crate::config_file::ConfigFile;
use crate::connections::{Connections, Received, Sending};
#[cfg(target_os = "linux")]
use crate::large_blocks;
use crate::listeners::Listeners;
use crate::log::Log;
use crate::resident;
use crate::signals::Signals;
use crate::vigil::{self, Vigil};

/// What one connection may send in one turn, in bytes.
const READ_AT_ONCE: usize = 64 << 10;
/// What one connection is offered in one turn, in bytes.
const WRITE_AT_ONCE: usize = 256 << 10;
/// So many connections are answered together: that costs less than one after the other.
const ANSWER_AT_ONCE: usize = 32;
/// How many connections one listener accepts in one turn.
const ACCEPT_AT_ONCE: usize = 1000;
/// When to try again after the system had no file left for a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How often the node learns how much memory the process holds, and the allocator how much it may keep.
const RESIDENT_EVERY: Duration = Duration::from_millis(100);

/// A connection's token is its number; the others are counted down from the end.
const SIGNALS: Token = Token(usize::MAX - 1);
const FIRST_LISTENER: usize = SIGNALS.0 - 1;

pub struct EventLoop {
    now: Time,
    node: Node,
    host: Host,
    poll: Poll,
    listeners: Listeners,
    /// Listeners with somebody waiting of whom the poll will not tell again, and when to go on accepting.
    crowded: Vec<(usize, Time)>,
    signals: Signals,
    buffer: Box<[u8]>,
    /// How many connections have not been answered.
    unanswered: usize,
    resident_due: Time,
    vigil: Vigil,
}

/// What a node's outputs are performed on.
struct Host {
    registry: Registry,
    connections: Connections,
    /// Connections whose turn ended before their work did.
    waiting: Vec<Conn>,
    keepalive: time::Duration,
    log: Log,
    config_file: ConfigFile,
    /// What sockets have taken, still to be reported.
    sent: Vec<(Conn, usize)>,
    /// Connections that broke while they were written to, still to be reported.
    broken: Vec<Conn>,
    has_ended: bool,
}

impl EventLoop {
    pub fn new(
        node: Node,
        mut listeners: Listeners,
        keepalive: time::Duration,
        log: Log,
        config_file: ConfigFile,
    ) -> io::Result<EventLoop> {
        let poll = Poll::new()?;
        listeners.register(poll.registry(), |index| Token(FIRST_LISTENER - index))?;
        let signals = Signals::catch(poll.registry(), SIGNALS)?;
        let host = Host {
            registry: poll.registry().try_clone()?,
            connections: Connections::default(),
            waiting: Vec::new(),
            keepalive,
            log,
            config_file,
            sent: Vec::new(),
            broken: Vec::new(),
            has_ended: false,
        };
        Ok(EventLoop {
            now: clock::now(),
            node,
            host,
            poll,
            listeners,
            crowded: Vec::new(),
            signals,
            buffer: vec![0; READ_AT_ONCE].into_boxed_slice(),
            unanswered: 0,
            resident_due: Time::ZERO,
            vigil: Vigil::default(),
        })
    }

    /// Serves until the node ends the process.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.feed(Input::Started);
        self.on_time();
        while !self.host.has_ended {
            match self.wait(&mut events) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => self.now = clock::now(),
            }
            for event in &events {
                if self.host.has_ended {
                    break;
                }
                match event.token() {
                    SIGNALS => self.on_signal(),
                    Token(token) if token > FIRST_LISTENER - self.listeners.len() => {
                        self.accept(FIRST_LISTENER - token)
                    }
                    Token(token) => {
                        let conn = Conn(token as u32);
                        if event.is_readable() || event.is_read_closed() || event.is_error() {
                            self.receive(conn, event.is_read_closed());
                        }
                        if event.is_writable() {
                            self.on_writable(conn);
                        }
                    }
                }
            }
            self.go_on();
            self.answer();
            self.on_time();
        }
        Ok(())
    }

    /// Waits until something happens or is due.
    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let patience = self.patience();
        if !patience.is_zero() && self.vigil.is_due() {
            let begun = time::Instant::now();
            for polls in 0.. {
                self.poll.poll(events, Some(time::Duration::ZERO))?;
                if !events.is_empty() {
                    self.vigil.end(polls > 0);
                    return Ok(());
                }
                if begun.elapsed() >= vigil::LENGTH.min(patience) {
                    break;
                }
            }
            self.vigil.fail();
        }
        self.poll.poll(events, Some(patience))
    }

    /// How long the poll may wait.
    fn patience(&self) -> time::Duration {
        if !self.host.waiting.is_empty() {
            return time::Duration::ZERO;
        }
        let listeners = self.crowded.iter().map(|&(_, due)| due);
        let due = listeners.chain(self.node.next_wakeup()).fold(self.resident_due, Time::min);
        time::Duration::from_micros(due.since(clock::now()).micros())
    }

    /// Hands over one thing that happened, and performs what follows from it.
    fn feed(&mut self, input: Input<'_>) {
        self.node.take_in(self.now, input);
        self.answer();
    }

    /// Performs what has come out of the node, and tells it how that went.
    fn answer(&mut self) {
        let EventLoop { now, node, host, .. } = self;
        self.unanswered = 0;
        loop {
            node.outputs().for_each(|output| host.perform(*now, output));
            if host.sent.is_empty() && host.broken.is_empty() {
                return;
            }
            host.sent.drain(..).for_each(|(conn, count)| node.take_in(*now, Input::Sent { conn, count }));
            host.broken.drain(..).for_each(|conn| node.take_in(*now, Input::Closed { conn }));
        }
    }

    fn on_signal(&mut self) {
        if let Some(name) = self.signals.arrived() {
            self.host.log.write(self.now, Level::Warning, &format!("Received {name}: ending"));
            self.feed(Input::Terminate);
        }
    }

    fn receive(&mut self, conn: Conn, is_ending: bool) {
        let Some(connection) = self.host.connections.get(conn) else { return };
        match connection.receive(&mut self.buffer, is_ending) {
            Received::Bytes(count) => {
                self.node.take_in(self.now, Input::Received { conn, bytes: &self.buffer[..count] });
                self.unanswered += 1;
                if self.unanswered == ANSWER_AT_ONCE {
                    self.answer();
                }
            }
            Received::Nothing => {}
            Received::End => {
                self.host.connections.remove(conn);
                self.feed(Input::Closed { conn });
            }
        }
        self.host.let_wait(conn);
    }

    fn on_writable(&mut self, conn: Conn) {
        if let Some(connection) = self.host.connections.get(conn)
            && connection.sending != Sending::Done
        {
            connection.sending = Sending::Done;
            self.feed(Input::Writable { conn });
        }
    }

    /// Gives another turn to every connection that had not finished.
    fn go_on(&mut self) {
        for conn in mem::take(&mut self.host.waiting) {
            let Some(connection) = self.host.connections.get(conn) else { continue };
            connection.is_waiting = false;
            let (has_unread, is_cut) = (connection.has_unread, connection.sending == Sending::Cut);
            if has_unread {
                self.receive(conn, true);
            }
            if is_cut {
                self.on_writable(conn);
            }
        }
    }

    fn accept(&mut self, index: usize) {
        self.crowded.retain(|&(crowded, _)| crowded != index);
        for _ in 0..ACCEPT_AT_ONCE {
            match self.accept_one(index) {
                Ok(()) => {}
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    // Whoever gave up before we came to him.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::NotConnected => {}
                    _ => {
                        self.host.log.write(self.now, Level::Warning, &format!("Can't accept a connection: {error}"));
                        self.crowded.push((index, self.now + ACCEPT_AGAIN));
                        return;
                    }
                },
            }
        }
        self.crowded.push((index, self.now));
    }

    fn accept_one(&mut self, index: usize) -> io::Result<()> {
        let arrival = self.listeners.accept(index)?;
        arrival.stream.tune(self.host.keepalive);
        let unix = arrival.stream.is_unix();
        let conn = self.host.connections.add(&self.host.registry, arrival.stream)?;
        self.feed(Input::Accepted { conn, peer: &arrival.peer, local: &arrival.local, unix });
        Ok(())
    }

    /// Does what is due.
    fn on_time(&mut self) {
        for (index, due) in self.crowded.clone() {
            if due <= self.now {
                self.accept(index);
            }
        }
        if self.resident_due <= self.now {
            self.resident_due = self.now + RESIDENT_EVERY;
            #[cfg(target_os = "linux")]
            large_blocks::look(self.node.room());
            if let Some(bytes) = resident::bytes() {
                self.feed(Input::Resident { bytes, sparse: sparse() });
            }
        }
        if self.node.next_wakeup().is_some_and(|due| due <= self.now) {
            self.feed(Input::Timeout);
        }
    }
}

/// What the allocator holds because of other pieces in the same pages.
fn sparse() -> u64 {
    #[cfg(target_os = "linux")]
    return crate::pieces::spare() as u64;
    #[cfg(not(target_os = "linux"))]
    return 0;
}

impl Host {
    fn perform(&mut self, now: Time, output: Output<'_>) {
        match output {
            Output::Send { conn, bytes } => self.send(conn, bytes),
            Output::Close { conn } => self.close(conn),
            Output::Event(Event::Log { level, text }) => self.log.write(now, level, &text),
            Output::Event(_) => {}
            Output::RewriteConfig { text } => {
                if let Err(error) = self.config_file.replace(text) {
                    self.log.write(now, Level::Warning, &format!("Can't rewrite the configuration file: {error}"));
                }
            }
            Output::Exit => self.has_ended = true,
        }
    }

    fn send(&mut self, conn: Conn, bytes: &[u8]) {
        let Some(connection) = self.connections.get(conn) else { return };
        match connection.send(bytes, WRITE_AT_ONCE) {
            Ok(count) => {
                self.sent.push((conn, count));
                self.let_wait(conn);
            }
            Err(_) => {
                self.connections.remove(conn);
                self.broken.push(conn);
            }
        }
    }

    fn close(&mut self, conn: Conn) {
        self.connections.remove(conn);
        self.sent.retain(|&(other, _)| other != conn);
        self.broken.retain(|&other| other != conn);
    }

    /// Puts the connection among the waiting, if it has work left that nothing else would call it for.
    fn let_wait(&mut self, conn: Conn) {
        if let Some(connection) = self.connections.get(conn)
            && !connection.is_waiting
            && (connection.has_unread || connection.sending == Sending::Cut)
        {
            connection.is_waiting = true;
            self.waiting.push(conn);
        }
    }
}
