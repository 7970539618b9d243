//! A client's connections to the nodes: requests go out many at once, replies come back in the order of their requests.
//!
//! A request for a node without connection opens one and waits for it. What has been sent and not answered is lost with
//! its connection: it may have been done, and may yet be. What had not been sent has not happened.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::outside::{Outside, Way};
use super::trace::{NodeId, Party, WorldEvent};
use crate::base::time::{Duration, Time};
use crate::resp::value::ReplyValue;

/// How long a client waits for an answer, and before it connects again.
pub const PATIENCE: Duration = Duration::from_seconds(1);
pub const RECONNECT: Duration = Duration::from_millis(100);
/// Requests kept for one connection that is being opened.
const QUEUED: usize = 10_000;

/// One for each node.
#[derive(Clone, Debug)]
pub struct Lanes<R> {
    client: u16,
    lanes: Vec<Lane<R>>,
}

#[derive(Clone, Debug)]
struct Lane<R> {
    connection: Option<u64>,
    is_open: bool,
    /// With when they were sent.
    waiting: VecDeque<(Time, R)>,
    /// To be sent once the connection is there.
    queued: Vec<R>,
    /// Commands put together before they are sent.
    batch: Vec<u8>,
    received: Vec<u8>,
    /// How much of it has been read.
    read: usize,
    /// When to connect again; of a connection that is being opened, when to give it up.
    retry_at: Time,
}

/// A reply, and what it answers.
#[derive(Clone, Debug)]
pub struct Answer<R> {
    pub by: NodeId,
    pub sent: Time,
    pub request: R,
    pub value: ReplyValue,
}

/// What comes from a node.
#[derive(Clone, Debug)]
pub enum Reply<R> {
    Answer(Answer<R>),
    /// What is wrong with it, and what is lost by it.
    Nonsense(String, Lost<R>),
}

/// What will not be answered.
#[derive(Clone, Debug)]
pub struct Lost<R> {
    pub unanswered: Vec<R>,
    pub unsent: Vec<R>,
}

impl<R> Lane<R> {
    fn new(retry_at: Time) -> Self {
        let (waiting, queued) = (VecDeque::new(), Vec::new());
        let (batch, received) = (Vec::new(), Vec::new());
        Lane { connection: None, is_open: false, waiting, queued, batch, received, read: 0, retry_at }
    }

    /// When waiting for the oldest answer, or for the connection itself, is given up.
    fn patience_ends(&self) -> Option<Time> {
        match self.waiting.front() {
            Some((sent, _)) => Some(*sent + PATIENCE),
            None => (self.connection.is_some() && !self.is_open).then_some(self.retry_at),
        }
    }
}

impl<R> Lanes<R> {
    /// Of a client of the world.
    pub fn new(client: u16) -> Self {
        Lanes { client, lanes: Vec::new() }
    }

    /// Has one for every node.
    pub fn reach(&mut self, outside: &Outside) {
        self.lanes.resize_with(outside.addresses.len(), || Lane::new(Time::ZERO));
    }

    /// Requests sent or to be sent, and not answered.
    pub fn outstanding(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting.len() + lane.queued.len()).sum()
    }

    /// How many nodes there are.
    pub fn count(&self) -> usize {
        self.lanes.len()
    }

    pub fn is_open(&self) -> bool {
        self.lanes.iter().any(|lane| lane.is_open)
    }

    /// The nodes it has a connection to.
    pub fn open(&self) -> impl Iterator<Item = NodeId> {
        self.lanes.iter().enumerate().filter(|(_, lane)| lane.is_open).map(|(index, _)| NodeId(index as u16))
    }

    /// When to connect to a node, if there is no connection to any.
    pub fn wants(&self, node: NodeId) -> Option<Time> {
        let nobody = self.lanes.iter().all(|lane| lane.connection.is_none());
        self.lanes.get(node.0 as usize).filter(|_| nobody).map(|lane| lane.retry_at)
    }

    /// When waiting for something is given up next.
    pub fn patience_ends(&self) -> Option<Time> {
        self.lanes.iter().filter_map(Lane::patience_ends).min()
    }

    /// Gives up a lane that has been waited for too long.
    pub fn lose_patience(&mut self, outside: &mut Outside) -> Option<Lost<R>> {
        let is_over = |lane: &Lane<R>| lane.patience_ends().is_some_and(|end| end <= outside.now);
        let lane = self.lanes.iter().position(is_over)?;
        self.give_up(outside, NodeId(lane as u16))
    }

    /// Waits no more for what is under way, and leaves the connection.
    pub fn give_up(&mut self, outside: &mut Outside, node: NodeId) -> Option<Lost<R>> {
        let lane = &self.lanes[node.0 as usize];
        let (connection, unanswered) = (lane.connection?, lane.waiting.len() as u32);
        outside.emit(None, WorldEvent::GaveUp { client: self.client, unanswered });
        let lost = self.on_closed(outside, connection);
        outside.close(connection, Way::Up);
        lost
    }

    pub fn connect(&mut self, outside: &mut Outside, node: NodeId) {
        let lane = &mut self.lanes[node.0 as usize];
        if lane.connection.is_none() && outside.now >= lane.retry_at {
            lane.connection = Some(outside.connect(Party::Client(self.client), node));
            lane.retry_at = outside.now + PATIENCE;
        }
    }

    /// Adds a request to what goes to a node; begins to connect where there is no connection. [`Lanes::flush`] sends it.
    ///
    /// # Errors
    /// There is none, and none can be had now: the request comes back.
    pub fn ask(
        &mut self,
        outside: &mut Outside,
        node: NodeId,
        request: R,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), R> {
        self.connect(outside, node);
        let lane = &mut self.lanes[node.0 as usize];
        if lane.is_open {
            lane.waiting.push_back((outside.now, request));
        } else if lane.connection.is_some() && lane.queued.len() < QUEUED {
            lane.queued.push(request);
        } else {
            return Err(request);
        }
        write(&mut lane.batch);
        Ok(())
    }

    /// Sends what has been put together.
    pub fn flush(&mut self, outside: &mut Outside) {
        for lane in self.lanes.iter_mut().filter(|lane| lane.is_open && !lane.batch.is_empty()) {
            if let Some(connection) = lane.connection {
                outside.send(connection, Way::Up, &lane.batch);
            }
            lane.batch.clear();
        }
    }

    /// A connection is there, and what waited for it goes out with the next [`Lanes::flush`]; whose it is.
    pub fn on_connected(&mut self, outside: &Outside, connection: u64) -> Option<NodeId> {
        let node = self.node_of(connection)?;
        let lane = &mut self.lanes[node.0 as usize];
        lane.is_open = true;
        lane.waiting.extend(lane.queued.drain(..).map(|request| (outside.now, request)));
        Some(node)
    }

    /// A connection is gone; what is lost with it.
    pub fn on_closed(&mut self, outside: &Outside, connection: u64) -> Option<Lost<R>> {
        let by = self.node_of(connection)?;
        let again = Lane::new(outside.now + RECONNECT);
        let lost = core::mem::replace(&mut self.lanes[by.0 as usize], again);
        let unanswered = lost.waiting.into_iter().map(|(_, request)| request).collect();
        Some(Lost { unanswered, unsent: lost.queued })
    }

    /// Takes in what has arrived; whose it is.
    pub fn on_bytes(&mut self, connection: u64, bytes: &[u8]) -> Option<NodeId> {
        let node = self.node_of(connection)?;
        let lane = &mut self.lanes[node.0 as usize];
        lane.received.drain(..lane.read);
        lane.read = 0;
        lane.received.extend_from_slice(bytes);
        Some(node)
    }

    /// The next whole reply of a node. One that can't be read, or that answers nothing, is the last: the lane is given up.
    pub fn next_reply(&mut self, outside: &mut Outside, by: NodeId) -> Option<Reply<R>> {
        match self.take_reply(by) {
            Ok(answer) => answer.map(Reply::Answer),
            Err(why) => self.give_up(outside, by).map(|lost| Reply::Nonsense(why, lost)),
        }
    }

    fn take_reply(&mut self, by: NodeId) -> Result<Option<Answer<R>>, String> {
        let lane = &mut self.lanes[by.0 as usize];
        let unread = &lane.received[lane.read..];
        let (value, length) = match unread {
            [] => return Ok(None),
            // The usual answer to a write needs no text.
            [b'+', b'O', b'K', b'\r', b'\n', ..] => (ReplyValue::Simple(String::new()), 5),
            _ => match ReplyValue::decode(unread) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(None),
                Err(why) => return Err(format!("unreadable reply: {why}")),
            },
        };
        lane.read += length;
        match lane.waiting.pop_front() {
            Some((sent, request)) => Ok(Some(Answer { by, sent, request, value })),
            None => Err(format!("a reply nobody asked for: {value:?}")),
        }
    }

    fn node_of(&self, connection: u64) -> Option<NodeId> {
        let lane = self.lanes.iter().position(|lane| lane.connection == Some(connection))?;
        Some(NodeId(lane as u16))
    }
}
