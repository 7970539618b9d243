//! Terminals: tabs in which lines are entered, one connection for each node a tab talks to.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::clock;
use super::outside::{Outside, Way};
use super::trace::{NodeId, Party, TraceHash, WorldEvent};
use crate::base::time::Duration;
use crate::keyspace::change::write_record;
use crate::resp::decode::split_line;
use crate::resp::value::ReplyValue;

/// A line that was entered and what came back; or something that came by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Counted from zero within its tab.
    pub number: u32,
    /// Since the world began.
    pub at: Duration,
    pub node: NodeId,
    /// Empty of a message that came by itself (pub/sub, invalidation).
    pub command: String,
    pub reply: Option<ReplyValue>,
    pub answered: Option<Duration>,
    /// Why there will be no reply.
    pub failed: Option<&'static str>,
    /// The first [`KEPT_BYTES`] bytes of the reply as they came, and how many there were.
    pub bytes: Box<[u8]>,
    pub length: usize,
}

/// What a connection has been turned into: something that gets messages by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    #[default]
    Nothing,
    /// So many channels and patterns.
    Subscribed(u64),
    Monitoring,
}

/// One terminal tab.
#[derive(Clone, Debug)]
pub struct Console {
    pub tab: u32,
    party: Party,
    exchanges: VecDeque<Exchange>,
    next: u32,
    sessions: Vec<Session>,
}

/// A tab's connection to one node.
#[derive(Clone, Debug)]
struct Session {
    node: NodeId,
    connection: u64,
    /// Speaks RESP3 from the first command on.
    resp3: bool,
    is_open: bool,
    /// What was entered before the connection was there.
    unsent: Vec<u8>,
    waiting: VecDeque<Waiting>,
    received: Vec<u8>,
    stream: Stream,
    /// `CLIENT REPLY OFF`.
    silent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Hello,
    For { exchange: u32, kind: Asked },
}

/// What kind of answer a command gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Once,
    /// Once for each of its channels.
    Confirmed,
    /// Once, and from then on every command that the node runs.
    Monitor,
}

/// Exchanges kept for each tab.
const KEPT: usize = 1000;
/// Bytes of a reply that are kept as they came.
pub const KEPT_BYTES: usize = 1024;

impl Console {
    pub fn new(tab: u32, party: Party) -> Self {
        Console { tab, party, exchanges: VecDeque::new(), next: 0, sessions: Vec::new() }
    }

    /// What was said, oldest first; the oldest are forgotten.
    pub fn exchanges(&self) -> impl ExactSizeIterator<Item = &Exchange> + DoubleEndedIterator {
        self.exchanges.iter()
    }

    /// The nodes this tab is connected to.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.sessions.iter().filter(|session| session.is_open).map(|session| session.node)
    }

    /// What the connection to a node has been turned into.
    pub fn stream(&self, node: NodeId) -> Stream {
        self.session_of(node).map_or(Stream::Nothing, |index| self.sessions[index].stream)
    }

    /// Opens a session, as RESP3 if so wanted; one that is there already is ended first.
    pub fn open(&mut self, outside: &mut Outside, node: NodeId, resp3: bool) {
        if let Some(index) = self.session_of(node) {
            let connection = self.sessions[index].connection;
            self.on_closed(outside, connection, "closed by the user");
            outside.close(connection, Way::Up);
        }
        let connection = outside.connect(self.party, node);
        let mut session = Session {
            node,
            connection,
            resp3,
            is_open: false,
            unsent: Vec::new(),
            waiting: VecDeque::new(),
            received: Vec::new(),
            stream: Stream::Nothing,
            silent: false,
        };
        if session.resp3 {
            write_record(&mut session.unsent, [&b"HELLO"[..], b"3"].into_iter());
            session.waiting.push_back(Waiting::Hello);
        }
        self.sessions.push(session);
    }

    /// Ends all sessions.
    pub fn close(&mut self, outside: &mut Outside) {
        while let Some(session) = self.sessions.first() {
            let connection = session.connection;
            self.on_closed(outside, connection, "closed by the user");
            outside.close(connection, Way::Up);
        }
    }

    /// Enters a line.
    pub fn ask(&mut self, outside: &mut Outside, node: NodeId, line: &str) {
        let number = self.record(outside, node, line.to_owned());
        let asked = WorldEvent::Asked { tab: self.tab, exchange: number, line: line.to_owned() };
        outside.trace.cause = Some(outside.emit(Some(node), asked));
        let (mut text, mut ranges) = (Vec::new(), Vec::new());
        if !split_line(line.as_bytes(), &mut text, &mut ranges) || ranges.is_empty() {
            return self.fail(outside, number, "Invalid argument(s)");
        }
        let words: Vec<&[u8]> = ranges.iter().map(|&(from, to)| &text[from as usize..to as usize]).collect();
        if self.session_of(node).is_none() {
            self.open(outside, node, false);
        }
        let Some(index) = self.session_of(node) else { return };
        let session = &mut self.sessions[index];
        let mut bytes = Vec::new();
        write_record(&mut bytes, words.iter().copied());
        if session.is_open {
            outside.send(session.connection, Way::Up, &bytes);
        } else {
            session.unsent.extend_from_slice(&bytes);
        }
        match reply_mode(&words) {
            Some(b"on") => session.silent = false,
            Some(b"off") => session.silent = true,
            Some(_) => return self.fail(outside, number, "no reply wanted"),
            None => {}
        }
        if session.silent {
            return self.fail(outside, number, "no reply wanted");
        }
        session.waiting.push_back(Waiting::For { exchange: number, kind: kind_of(words[0]) });
    }

    pub fn on_connected(&mut self, outside: &mut Outside, connection: u64) {
        if let Some(session) = self.sessions.iter_mut().find(|session| session.connection == connection) {
            session.is_open = true;
            let unsent = core::mem::take(&mut session.unsent);
            if !unsent.is_empty() {
                outside.send(connection, Way::Up, &unsent);
            }
        }
    }

    pub fn on_closed(&mut self, outside: &mut Outside, connection: u64, why: &'static str) {
        let Some(index) = self.sessions.iter().position(|session| session.connection == connection) else { return };
        let session = self.sessions.remove(index);
        for waiting in session.waiting {
            if let Waiting::For { exchange, .. } = waiting {
                self.fail(outside, exchange, why);
            }
        }
    }

    pub fn on_bytes(&mut self, outside: &mut Outside, connection: u64, bytes: &[u8]) {
        let Some(index) = self.sessions.iter().position(|session| session.connection == connection) else { return };
        self.sessions[index].received.extend_from_slice(bytes);
        loop {
            let session = &mut self.sessions[index];
            match ReplyValue::decode(&session.received) {
                Ok(None) => return,
                Ok(Some((value, length))) => {
                    let came: Vec<u8> = session.received.drain(..length).collect();
                    self.on_reply(outside, index, value, &came);
                }
                Err(_) => {
                    outside.close(connection, Way::Up);
                    return self.on_closed(outside, connection, "Protocol error");
                }
            }
        }
    }

    fn on_reply(&mut self, outside: &mut Outside, index: usize, value: ReplyValue, came: &[u8]) {
        let session = &mut self.sessions[index];
        let node = session.node;
        let failed = matches!(value, ReplyValue::Error(_));
        let about_channels = channel_message(&value);
        let is_subscribed = matches!(session.stream, Stream::Subscribed(_));
        let is_seen = session.stream == Stream::Monitoring && is_monitored(&value);
        let asked_for = match session.waiting.front() {
            None => false,
            Some(Waiting::Hello) => true,
            Some(Waiting::For { kind: Asked::Confirmed, .. }) => about_channels.is_none_or(|confirms| confirms),
            Some(Waiting::For { .. }) => {
                !(is_seen || matches!(value, ReplyValue::Push(_)) || is_subscribed && about_channels.is_some())
            }
        };
        if about_channels == Some(true) {
            session.stream = match subscriptions(&value) {
                0 => Stream::Nothing,
                left => Stream::Subscribed(left),
            };
        }
        if matches!(session.waiting.front(), Some(Waiting::For { kind: Asked::Monitor, .. })) && asked_for && !failed {
            session.stream = Stream::Monitoring;
        }
        if asked_for && value == ReplyValue::Simple("RESET".into()) {
            session.stream = Stream::Nothing;
        }
        let digest = TraceHash::of(came);
        let exchange = match session.waiting.front().copied() {
            Some(waiting) if asked_for => {
                session.waiting.pop_front();
                match waiting {
                    Waiting::Hello => return,
                    Waiting::For { exchange, .. } => exchange,
                }
            }
            _ => self.record(outside, node, String::new()),
        };
        outside.emit(Some(node), WorldEvent::Answered { tab: self.tab, exchange, failed, digest });
        let now = clock::since_start(outside.now);
        if let Some(exchange) = self.exchange_mut(exchange) {
            exchange.reply = Some(value);
            exchange.answered = Some(now);
            (exchange.bytes, exchange.length) = (came[..came.len().min(KEPT_BYTES)].into(), came.len());
        }
    }

    fn record(&mut self, outside: &Outside, node: NodeId, command: String) -> u32 {
        let (number, at) = (self.next, clock::since_start(outside.now));
        self.next += 1;
        if self.exchanges.len() == KEPT {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back(Exchange {
            number,
            at,
            node,
            command,
            reply: None,
            answered: None,
            failed: None,
            bytes: Box::default(),
            length: 0,
        });
        number
    }

    fn fail(&mut self, outside: &mut Outside, exchange: u32, why: &'static str) {
        outside.emit(None, WorldEvent::Unanswered { tab: self.tab, exchange, why });
        if let Some(exchange) = self.exchange_mut(exchange) {
            exchange.failed = Some(why);
        }
    }

    fn exchange_mut(&mut self, number: u32) -> Option<&mut Exchange> {
        let first = self.exchanges.front()?.number;
        self.exchanges.get_mut(number.checked_sub(first)? as usize)
    }

    fn session_of(&self, node: NodeId) -> Option<usize> {
        self.sessions.iter().position(|session| session.node == node)
    }
}

/// The argument of `CLIENT REPLY`, in lower case.
fn reply_mode(words: &[&[u8]]) -> Option<&'static [u8]> {
    match words {
        [client, reply, mode] if client.eq_ignore_ascii_case(b"client") && reply.eq_ignore_ascii_case(b"reply") => {
            [&b"on"[..], b"off", b"skip"].into_iter().find(|name| name.eq_ignore_ascii_case(mode))
        }
        _ => None,
    }
}

fn kind_of(command: &[u8]) -> Asked {
    const NAMES: [&[u8]; 6] =
        [b"subscribe", b"psubscribe", b"ssubscribe", b"unsubscribe", b"punsubscribe", b"sunsubscribe"];
    match () {
        () if NAMES.iter().any(|name| name.eq_ignore_ascii_case(command)) => Asked::Confirmed,
        () if command.eq_ignore_ascii_case(b"monitor") => Asked::Monitor,
        () => Asked::Once,
    }
}

/// Is it a line that MONITOR shows, `1700000000.000000 [0 127.0.0.1:1] "get" "k"`?
fn is_monitored(value: &ReplyValue) -> bool {
    matches!(value, ReplyValue::Simple(line) if line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(" ["))
}

/// Of something about channels: whether it confirms a subscription (or brings a message).
fn channel_message(value: &ReplyValue) -> Option<bool> {
    let (ReplyValue::Array(items) | ReplyValue::Push(items)) = value else { return None };
    let Some(ReplyValue::Bulk(kind)) = items.first() else { return None };
    match &**kind {
        b"message" | b"pmessage" | b"smessage" => Some(false),
        b"subscribe" | b"psubscribe" | b"ssubscribe" | b"unsubscribe" | b"punsubscribe" | b"sunsubscribe" => Some(true),
        _ => None,
    }
}

/// A confirmation says last how many subscriptions there are now.
fn subscriptions(value: &ReplyValue) -> u64 {
    match value {
        ReplyValue::Array(items) | ReplyValue::Push(items) => match items.last() {
            Some(ReplyValue::Integer(left)) => left.unsigned_abs(),
            _ => 0,
        },
        _ => 0,
    }
}

impl core::fmt::Display for Exchange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let reply = match (&self.reply, self.failed) {
            (Some(reply), _) => alloc::format!("{reply:?}"),
            (None, Some(why)) => why.to_string(),
            (None, None) => "…".to_string(),
        };
        write!(f, "{} → {reply}", self.command)
    }
}
