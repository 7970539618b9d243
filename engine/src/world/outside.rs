//! The network and the order of things: what is due when, and connections whose bytes take time to arrive.
//!
//! ```text
//!              Way::Up   [segment]→ [segment]→ [close]→
//!   client  ═══════════════════════════════════════════  node        a connection: two ways, each in order
//!              Way::Down        ←[accept]  ←[segment]
//! ```
//! A way keeps what it carries until it has been taken at the other end, so a full one pushes back. What meets a cut is
//! lost, and everything behind it waits; the sender tries again after a pause that doubles each time, as TCP does, and
//! gives up in the end. Deliberately absent: acknowledgements (a cut of the other direction does not make a sender
//! repeat itself), bandwidth, and packets smaller than what was sent at once.

use alloc::boxed::Box;
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::clock;
use super::database::{Database, Fate};
use super::link::Links;
use super::trace::{Message, MessageKind, NodeId, Party, Trace, WorldEvent};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Time};
use crate::collections::ordered::Map;
use crate::io::Conn;

/// What one way of a connection holds at most before its sender has to wait, in bytes.
pub const WINDOW: usize = 256 * 1024;
/// Linux's first pause before a packet is sent again, and the longest.
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_seconds(120);
/// When Linux gives an established connection up (`tcp_retries2`), and one that is being opened (`tcp_syn_retries`).
const GIVE_UP: Duration = Duration::from_millis(924_600);
const GIVE_UP_OPENING: Duration = Duration::from_seconds(127);

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the node.
    Up,
    Down,
}

/// What comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Deliver {
        connection: u64,
        way: Way,
    },
    Retry {
        connection: u64,
        way: Way,
    },
    /// A node's timers.
    Node {
        node: NodeId,
    },
    Client {
        client: u16,
    },
    /// A database's answer to a client, or the end of waiting for one.
    Answer {
        client: u16,
        ticket: u64,
        is_served: bool,
    },
    /// A look whether an overload is over.
    Database {
        database: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scheduled {
    at: Time,
    sequence: u64,
    due: Due,
}

/// Earliest first in a heap that gives the greatest first.
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a way carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    Open,
    Accept,
    Refuse,
    Bytes(Vec<u8>),
    Close,
}

#[derive(Clone, Debug)]
struct Segment {
    /// The event of its sending.
    message: u64,
    parcel: Parcel,
    kind: MessageKind,
    sent: Time,
    /// Not known of what was lost, and of all behind it.
    arrives: Option<Time>,
}

/// One way of a connection.
#[derive(Clone, Debug)]
struct Half {
    segments: VecDeque<Segment>,
    bytes: usize,
    last_arrival: Time,
    stalled: Option<Stall>,
    /// The sender has said that it has no more to say.
    ended: bool,
}

#[derive(Clone, Copy, Debug)]
struct Stall {
    since: Time,
    pause: Duration,
}

#[derive(Clone, Debug)]
pub struct Connection {
    pub client: Party,
    pub node: NodeId,
    /// As the node sees the client.
    pub peer: String,
    /// The node's number for it, once it has been told.
    pub conn: Option<Conn>,
    /// The node could not write all it wanted.
    pub wants_to_write: bool,
    /// The network has accepted; the process has not looked yet, because it is paused.
    pub answered: bool,
    halves: [Half; 2],
}

impl Connection {
    fn half(&self, way: Way) -> &Half {
        &self.halves[way as usize]
    }
    fn half_mut(&mut self, way: Way) -> &mut Half {
        &mut self.halves[way as usize]
    }
    fn ends(&self, way: Way) -> (Party, Party) {
        match way {
            Way::Up => (self.client, Party::Node(self.node)),
            Way::Down => (Party::Node(self.node), self.client),
        }
    }
}

/// A message that has been sent and has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The id of its `Sent` event.
    pub message: u64,
    pub connection: u64,
    pub from: Party,
    pub to: Party,
    pub kind: MessageKind,
    pub bytes: u32,
    /// Since the world began.
    pub sent: Duration,
    /// Not known where a cut holds it.
    pub arrives: Option<Duration>,
}

/// What lies between the machines, and the queue of all that is due.
#[derive(Clone, Debug)]
pub struct Outside {
    pub now: Time,
    pub links: Links,
    pub trace: Trace,
    /// Each node's `host:port`.
    pub addresses: Vec<String>,
    pub databases: Vec<Database>,
    queue: BinaryHeap<Scheduled>,
    sequence: u64,
    connections: Map<u64, Connection>,
    next_connection: u64,
    rng: Rng,
}

impl Outside {
    pub fn new(links: Links, addresses: Vec<String>, rng: Rng) -> Self {
        Outside {
            now: clock::EPOCH,
            links,
            trace: Trace::default(),
            addresses,
            databases: Vec::new(),
            queue: BinaryHeap::new(),
            sequence: 0,
            connections: Map::new(),
            next_connection: 1,
            rng,
        }
    }

    pub fn emit(&mut self, node: Option<NodeId>, event: WorldEvent) -> u64 {
        self.trace.emit(clock::since_start(self.now), node, event)
    }

    /// The node at `host:port`.
    pub fn node_at(&self, address: &str) -> Option<NodeId> {
        self.addresses.iter().position(|known| known == address).map(|index| NodeId(index as u16))
    }

    pub fn schedule(&mut self, at: Time, due: Due) {
        let at = at.max(self.now);
        self.queue.push(Scheduled { at, sequence: self.sequence, due });
        self.sequence += 1;
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Time> {
        self.queue.peek().map(|scheduled| scheduled.at)
    }

    /// Takes what is due next, and moves the time there.
    pub fn take_next(&mut self) -> Option<Due> {
        let scheduled = self.queue.pop()?;
        self.now = scheduled.at;
        Some(scheduled.due)
    }

    pub fn connection(&self, id: u64) -> Option<&Connection> {
        self.connections.get(&id)
    }

    pub fn connection_mut(&mut self, id: u64) -> Option<&mut Connection> {
        self.connections.get_mut(&id)
    }

    /// A client asks a database. The answer comes with its ticket.
    pub fn query(&mut self, database: usize, client: u16, ticket: u64) {
        let Some(asked) = self.databases.get_mut(database) else { return };
        let was_overloaded = asked.is_overloaded;
        let Fate { at, is_served } = asked.ask(self.now);
        self.schedule(at, Due::Answer { client, ticket, is_served });
        let asked = &self.databases[database];
        if asked.is_overloaded && !was_overloaded {
            let overload = WorldEvent::DbOverload {
                database: asked.name.as_str().into(),
                waiting: asked.waiting(self.now) as u32,
            };
            self.emit(None, overload);
            self.schedule(at, Due::Database { database });
        }
    }

    /// Looks whether an overload is over, and looks again later where it is not.
    pub fn recover(&mut self, database: usize) {
        let Some(asked) = self.databases.get_mut(database).filter(|asked| asked.is_overloaded) else { return };
        match asked.recover(self.now) {
            Some(at) => self.schedule(at, Due::Database { database }),
            None => {
                let recovered =
                    WorldEvent::DbRecovered { database: asked.name.as_str().into(), timeouts: asked.timeouts };
                self.emit(None, recovered);
            }
        }
    }

    /// The connections of a node, in the order in which they were opened.
    pub fn connections_of(&self, node: NodeId) -> Vec<u64> {
        self.connections.iter().filter(|(_, connection)| connection.node == node).map(|(&id, _)| id).collect()
    }

    /// A client asks a node for a connection.
    pub fn connect(&mut self, client: Party, node: NodeId) -> u64 {
        let id = self.next_connection;
        self.next_connection += 1;
        let half = Half { segments: VecDeque::new(), bytes: 0, last_arrival: self.now, stalled: None, ended: false };
        let host = match client {
            Party::Client(index) => alloc::format!("172.50.1.{}", index % 250 + 1),
            Party::Node(node) => self.addresses[node.0 as usize].rsplit_once(':').map_or("", |(host, _)| host).into(),
        };
        let connection = Connection {
            client,
            node,
            peer: alloc::format!("{host}:{}", 32768 + id % 28232),
            conn: None,
            wants_to_write: false,
            answered: false,
            halves: [half.clone(), half],
        };
        self.connections.insert(id, connection);
        self.put(id, Way::Up, Parcel::Open, MessageKind::Open, "".into());
        id
    }

    /// Sends as many of the bytes as the way has room for; how many.
    pub fn send(&mut self, id: u64, way: Way, bytes: &[u8]) -> usize {
        let Some(connection) = self.connections.get(&id) else { return bytes.len() };
        let half = connection.half(way);
        if half.ended {
            return bytes.len();
        }
        let room = match way {
            // What a client has to say is small, or its own decision.
            Way::Up => bytes.len(),
            Way::Down => bytes.len().min(WINDOW.saturating_sub(half.bytes)),
        };
        if room > 0 {
            let (kind, label) = match way {
                Way::Up => (MessageKind::Request, describe_request(bytes)),
                Way::Down => describe_reply(bytes),
            };
            self.put(id, way, Parcel::Bytes(bytes[..room].to_vec()), kind, label);
        }
        room
    }

    /// One side has no more to say.
    pub fn close(&mut self, id: u64, way: Way) {
        self.end(id, way, Parcel::Close, MessageKind::Close);
    }

    /// The network answers for a node: the connection is there, or there is nobody.
    pub fn answer(&mut self, id: u64, accepted: bool) {
        if self.trace.cause.is_none() {
            let asked = self.connections.get(&id).and_then(|connection| connection.half(Way::Up).segments.front());
            self.trace.cause = asked.map(|segment| segment.message);
        }
        if accepted {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.answered = true;
            }
            self.put(id, Way::Down, Parcel::Accept, MessageKind::Accept, "".into());
        } else {
            self.end(id, Way::Down, Parcel::Refuse, MessageKind::Refuse);
        }
    }

    fn end(&mut self, id: u64, way: Way, parcel: Parcel, kind: MessageKind) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if core::mem::replace(&mut connection.half_mut(way).ended, true) {
            return;
        }
        self.put(id, way, parcel, kind, "".into());
        self.forget_if_over(id);
    }

    fn put(&mut self, id: u64, way: Way, parcel: Parcel, kind: MessageKind, label: Box<str>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let (from, to) = connection.ends(way);
        let bytes = if let Parcel::Bytes(bytes) = &parcel { bytes.len() } else { 0 };
        let message = Message { connection: id, from, to, kind, bytes: bytes as u32, label };
        let message = self.emit(None, WorldEvent::Sent(message));
        let now = self.now;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let half = connection.half_mut(way);
        half.bytes += bytes;
        half.segments.push_back(Segment { message, parcel, kind, sent: now, arrives: None });
        if half.stalled.is_none() {
            if self.links.path(from, to).cut {
                self.stall(id, way);
            } else {
                self.dispatch(id, way);
            }
        }
    }

    /// Puts everything of a way that has no time of arrival on the road.
    fn dispatch(&mut self, id: u64, way: Way) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (from, to) = connection.ends(way);
        let path = self.links.path(from, to);
        let half = connection.half_mut(way);
        let mut arrivals = Vec::new();
        for segment in half.segments.iter_mut().filter(|segment| segment.arrives.is_none()) {
            half.last_arrival = half.last_arrival.max(self.now + path.delay(&mut self.rng));
            segment.arrives = Some(half.last_arrival);
            arrivals.push(half.last_arrival);
        }
        for at in arrivals {
            self.schedule(at, Due::Deliver { connection: id, way });
        }
    }

    /// The first segment met a cut: it and all behind it wait for the next try.
    fn stall(&mut self, id: u64, way: Way) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let (from, to) = connection.ends(way);
        let half = connection.half_mut(way);
        let Some(first) = half.segments.front() else { return };
        let (message, since) = (first.message, first.sent);
        half.segments.iter_mut().for_each(|segment| segment.arrives = None);
        half.stalled = Some(Stall { since, pause: FIRST_RETRY });
        self.emit(None, WorldEvent::Lost { message, from, to });
        self.schedule(now.max(since + FIRST_RETRY), Due::Retry { connection: id, way });
    }

    /// Time to send again what was lost. Where the sender gives up, the connection is gone for both ends: the other
    /// one's keepalive would have found out by then.
    pub fn retry(&mut self, id: u64, way: Way) -> Option<Connection> {
        let now = self.now;
        let connection = self.connections.get_mut(&id)?;
        let (from, to) = connection.ends(way);
        let half = connection.half_mut(way);
        let (stall, first) = (half.stalled.as_mut()?, half.segments.front()?);
        if self.links.path(from, to).cut {
            let limit = if first.parcel == Parcel::Open { GIVE_UP_OPENING } else { GIVE_UP };
            if now.since(stall.since) >= limit {
                let broken = self.emit(None, WorldEvent::Broken { connection: id, from, to });
                self.trace.cause = Some(broken);
                return self.connections.remove(&id);
            }
            stall.pause = Duration::from_micros(stall.pause.micros() * 2).min(LONGEST_RETRY);
            let next = now + stall.pause;
            self.schedule(next, Due::Retry { connection: id, way });
            return None;
        }
        half.stalled = None;
        let waiting: Vec<u64> = half.segments.iter().map(|segment| segment.message).collect();
        for message in waiting {
            self.emit(None, WorldEvent::Resent { message, from, to });
        }
        self.dispatch(id, way);
        None
    }

    /// Whether the first segment of a way has arrived, and is whole; one that meets a cut is lost here.
    pub fn has_arrived(&mut self, id: u64, way: Way) -> Option<&Parcel> {
        let connection = self.connections.get(&id)?;
        let first = connection.half(way).segments.front()?;
        if first.arrives.is_none_or(|arrives| arrives > self.now) {
            return None;
        }
        let (from, to) = connection.ends(way);
        let answered = way == Way::Up && connection.answered && first.parcel == Parcel::Open;
        if self.links.path(from, to).cut && !answered && first.arrives == Some(self.now) {
            self.stall(id, way);
            return None;
        }
        self.connections.get(&id)?.half(way).segments.front().map(|segment| &segment.parcel)
    }

    /// Takes what has arrived.
    pub fn take(&mut self, id: u64, way: Way) -> Option<Parcel> {
        let connection = self.connections.get_mut(&id)?;
        let (from, to) = connection.ends(way);
        let half = connection.half_mut(way);
        let segment = half.segments.pop_front()?;
        if let Parcel::Bytes(bytes) = &segment.parcel {
            half.bytes -= bytes.len();
        }
        self.trace.cause = Some(segment.message);
        let arrived = self.emit(None, WorldEvent::Arrived { message: segment.message, from, to });
        self.trace.cause = Some(arrived);
        Some(segment.parcel)
    }

    /// Room for a node that could not write all it wanted.
    pub fn has_room(&self, id: u64) -> bool {
        self.connections.get(&id).is_some_and(|connection| connection.half(Way::Down).bytes < WINDOW / 2)
    }

    /// Looks again at everything that arrived at a node while it did not look.
    pub fn look_again(&mut self, node: NodeId) {
        for id in self.connections_of(node) {
            let Some(connection) = self.connections.get(&id) else { continue };
            let half = connection.half(Way::Up);
            let arrived = half.segments.iter().filter(|s| s.arrives.is_some_and(|at| at <= self.now)).count();
            for _ in 0..arrived {
                self.schedule(self.now, Due::Deliver { connection: id, way: Way::Up });
            }
        }
    }

    /// Forgets a connection of which neither side has more to say, and all has been said.
    pub fn forget_if_over(&mut self, id: u64) {
        if self.connections.get(&id).is_some_and(|c| c.halves.iter().all(|half| half.ended && half.segments.is_empty()))
        {
            self.connections.remove(&id);
        }
    }

    /// What is on its way now, in the order of connections.
    pub fn in_flight(&self) -> impl Iterator<Item = InFlight> + '_ {
        self.connections.iter().flat_map(|(&connection, c)| {
            [Way::Up, Way::Down].into_iter().flat_map(move |way| {
                let (from, to) = c.ends(way);
                c.half(way).segments.iter().map(move |segment| InFlight {
                    message: segment.message,
                    connection,
                    from,
                    to,
                    kind: segment.kind,
                    bytes: if let Parcel::Bytes(bytes) = &segment.parcel { bytes.len() as u32 } else { 0 },
                    sent: clock::since_start(segment.sent),
                    arrives: segment.arrives.map(clock::since_start),
                })
            })
        })
    }
}

/// The longest label, in characters.
const LABEL: usize = 40;

fn label(words: &[&[u8]]) -> Box<str> {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        let room = LABEL.saturating_sub(text.len());
        text.extend(word.iter().take(room).flat_map(|byte| byte.escape_ascii()).map(char::from));
    }
    text.truncate(LABEL);
    text.into()
}

/// The command and its first argument.
fn describe_request(bytes: &[u8]) -> Box<str> {
    let mut lines = bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if bytes.first() != Some(&b'*') {
        return label(&[lines.next().unwrap_or_default()]);
    }
    let count = lines.next().unwrap_or_default();
    let name = lines.nth(1).unwrap_or_default();
    match lines.nth(1) {
        Some(first) if count != b"*1" => label(&[name, first]),
        _ => label(&[name]),
    }
}

fn describe_reply(bytes: &[u8]) -> (MessageKind, Box<str>) {
    let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
    match line {
        [b'-', rest @ ..] if rest.starts_with(b"MOVED ") => (MessageKind::Moved, label(&[&rest[6..]])),
        [b'-', rest @ ..] => {
            (MessageKind::Error, label(&[rest.split(|&byte| byte == b' ').next().unwrap_or_default()]))
        }
        [b'>', ..] => (MessageKind::Push, label(&[])),
        [b'+' | b':', rest @ ..] => (MessageKind::Reply, label(&[rest])),
        [b'$', b'-', ..] | [b'_', ..] => (MessageKind::Reply, label(&[b"(nil)"])),
        [b'$', ..] => {
            (MessageKind::Reply, label(&[bytes.split(|&byte| byte == b'\n').nth(1).unwrap_or_default().trim_ascii()]))
        }
        _ => (MessageKind::Reply, label(&[line])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(jitter: u64) -> (Outside, Party, NodeId) {
        let links = Links::new(Duration::from_millis(1), Duration::from_micros(jitter));
        (Outside::new(links, alloc::vec!["10.0.0.1:1".into()], Rng::new(1)), Party::Client(0), NodeId(0))
    }

    /// Plays until `limit`, and gives all that arrives going up.
    fn play(outside: &mut Outside, limit: Duration) -> Vec<Parcel> {
        let mut arrived = Vec::new();
        while outside.next().is_some_and(|at| clock::since_start(at) <= limit) {
            match outside.take_next().unwrap() {
                Due::Deliver { connection, way: Way::Up } if outside.has_arrived(connection, Way::Up).is_some() => {
                    arrived.push(outside.take(connection, Way::Up).unwrap());
                }
                Due::Retry { connection, way } => {
                    outside.retry(connection, way);
                }
                _ => {}
            }
        }
        arrived
    }

    #[test]
    fn bytes_arrive_in_the_order_in_which_they_were_sent_whatever_the_jitter() {
        let (mut outside, client, node) = outside(5000);
        let id = outside.connect(client, node);
        for number in 0..100u8 {
            outside.send(id, Way::Up, &[number]);
        }
        let mut expected = alloc::vec![Parcel::Open];
        expected.extend((0..100).map(|number| Parcel::Bytes(alloc::vec![number])));
        assert_eq!(play(&mut outside, Duration::from_millis(10)), expected);
    }

    #[test]
    fn a_cut_holds_what_is_sent_until_a_retry_after_it_was_healed() {
        let (mut outside, client, node) = outside(0);
        let id = outside.connect(client, node);
        assert_eq!(play(&mut outside, Duration::from_millis(5)), [Parcel::Open]);
        outside.send(id, Way::Up, b"in the air");
        outside.links.change(client, Party::Node(node), |path| path.cut = true);
        outside.send(id, Way::Up, b"behind it");
        assert_eq!(play(&mut outside, Duration::from_millis(250)), []);
        assert!(outside.in_flight().all(|flight| flight.arrives.is_none()));
        outside.links.change_all(|path| path.cut = false);
        // Tries come 200, 600 and 1400 ms after the first loss.
        assert_eq!(play(&mut outside, Duration::from_millis(600)), []);
        let both = [Parcel::Bytes(b"in the air".into()), Parcel::Bytes(b"behind it".into())];
        assert_eq!(play(&mut outside, Duration::from_millis(607)), both);
    }

    #[test]
    fn a_cut_that_lasts_breaks_the_connection_in_the_end() {
        let (mut outside, client, node) = outside(0);
        let id = outside.connect(client, node);
        play(&mut outside, Duration::from_millis(5));
        outside.links.change(client, Party::Node(node), |path| path.cut = true);
        outside.send(id, Way::Up, b"lost");
        play(&mut outside, Duration::from_seconds(900));
        assert!(outside.connection(id).is_some());
        play(&mut outside, Duration::from_seconds(1200));
        assert!(outside.connection(id).is_none());
        assert!(outside.trace.fresh.iter().any(|happened| happened.event.kind() == "Broken"));
    }

    #[test]
    fn a_full_way_takes_no_more() {
        let (mut outside, client, node) = outside(0);
        let id = outside.connect(client, node);
        let much = alloc::vec![b'x'; WINDOW - 10];
        assert_eq!(outside.send(id, Way::Down, &much), WINDOW - 10);
        assert_eq!(outside.send(id, Way::Down, &much), 10);
        assert_eq!(outside.send(id, Way::Down, &much), 0);
        assert!(!outside.has_room(id));
    }

    #[test]
    fn messages_are_labelled_with_what_one_wants_to_read() {
        assert_eq!(&*describe_request(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"), "SET k");
        assert_eq!(&*describe_request(b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"), "PING");
        assert_eq!(&*describe_request(b"ping\r\n"), "ping");
        let moved = describe_reply(b"-MOVED 12 10.0.0.1:1\r\n");
        assert_eq!((moved.0, &*moved.1), (MessageKind::Moved, "12 10.0.0.1:1"));
        let error = describe_reply(b"-ERR no such key\r\n");
        assert_eq!((error.0, &*error.1), (MessageKind::Error, "ERR"));
        assert_eq!(&*describe_reply(b"$5\r\nhello\r\n").1, "hello");
        assert_eq!(&*describe_reply(b"$-1\r\n").1, "(nil)");
        for bytes in [&b""[..], b"*", b"*1", b"*9\r\n", b"$", b"\xff\xfe"] {
            describe_request(bytes);
            describe_reply(bytes);
        }
    }
}
