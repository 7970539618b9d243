//! One client: what it is called, what it may do, what waits to be read from and sent to it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::time::Time;
use crate::clients::blocked::Waiting;
use crate::clients::transaction::Transaction;
use crate::collections::ordered::{Map, Set};
use crate::event::ClientId;
use crate::io::Conn;
use crate::resp::decode::Progress;
use crate::resp::encode::Protocol;
use crate::resp::outgoing::{Gone, Outgoing};

/// `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyMode {
    #[default]
    On,
    Off,
    /// The next command is not answered.
    SkipNext,
    /// This command is not answered.
    Skip,
}

#[derive(Clone, Debug)]
pub struct Client {
    pub id: ClientId,
    pub conn: Conn,
    pub peer: String,
    pub local: String,
    pub unix: bool,
    pub name: String,
    pub library: String,
    pub library_version: String,
    pub created: Time,
    pub last_interaction: Time,
    pub last_command: &'static str,
    pub commands: u64,
    pub received: u64,
    pub sent: u64,
    pub db: usize,
    pub protocol: Protocol,
    pub authenticated: bool,
    pub reply_mode: ReplyMode,
    pub no_evict: bool,
    pub no_touch: bool,
    pub transaction: Option<Transaction>,
    /// Waits for a key: what it sends meanwhile is not read.
    pub waiting: Option<Box<Waiting>>,
    /// Waits for a pause to end, its next command still unread.
    pub postponed: bool,
    /// Sees every command that runs.
    pub monitor: bool,
    /// A watched key changed: EXEC will refuse.
    pub watch_broken: bool,
    pub channels: Set<Box<[u8]>>,
    pub patterns: Set<Box<[u8]>>,
    pub shard_channels: Set<Box<[u8]>>,
    /// Closes once its output has gone; nothing more is read.
    pub closing: Option<&'static str>,
    /// Bytes received and not yet run.
    pub query: Vec<u8>,
    pub progress: Progress,
    pub output: OutputBuffer,
    /// Since when more than the soft limit has waited.
    pub over_soft_limit: Option<Time>,
    /// What it cost when that was last looked at.
    counted: usize,
}

/// What is to be sent, of which the first bytes have gone.
#[derive(Clone, Debug, Default)]
pub struct OutputBuffer {
    pub(crate) out: Outgoing,
    gone: Gone,
    /// Bytes that the host has been given to send, and has not said how many of them went.
    offered: usize,
    /// The transport took less than it was given and has not asked for more.
    stuck: bool,
}

impl OutputBuffer {
    /// How many bytes have not gone.
    pub fn unsent(&self) -> usize {
        self.out.bytes.len() + self.out.shared_len() - self.gone.bytes - self.gone.of_shared
    }

    pub fn is_empty(&self) -> bool {
        self.gone.bytes == self.out.bytes.len()
    }

    pub fn memory(&self) -> usize {
        self.out.memory()
    }

    /// Gives the next unsent bytes to the host: false where it has been given some already, or its transport is full.
    pub(crate) fn offer(&mut self) -> bool {
        let may = self.offered == 0 && !self.stuck && !self.is_empty();
        if may {
            self.offered = self.out.next(self.gone).len();
        }
        may
    }

    /// What the host has been given to send.
    pub(crate) fn offered(&self) -> &[u8] {
        &self.out.next(self.gone)[..self.offered]
    }

    /// The other side reads less than it is sent.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// The transport takes bytes again.
    pub(crate) fn unstick(&mut self) {
        self.stuck = false;
    }

    /// The first `count` of the bytes that were offered have gone.
    pub(crate) fn sent(&mut self, count: usize) {
        assert!(count <= self.offered, "more sent than was to be sent");
        self.stuck = count < self.offered;
        self.offered = 0;
        self.out.advance(&mut self.gone, count);
        if self.is_empty() {
            self.out.bytes.clear();
            self.gone.bytes = 0;
        } else if self.gone.bytes > self.out.bytes.len() / 8 * 7 {
            // Rarely enough that what is left of a long reply does not keep others waiting while it is moved.
            self.out.drain(self.gone.bytes);
            self.gone.bytes = 0;
        }
    }
}

/// What a client costs by itself, in bytes: the same on every target, so that a page and a server say the same.
const OWN_BYTES: usize = 640;
const _: () = assert!(size_of::<Client>() <= OWN_BYTES);

impl Client {
    pub fn new(id: ClientId, conn: Conn, peer: &str, local: &str, unix: bool, now: Time) -> Self {
        Client {
            id,
            conn,
            peer: peer.into(),
            local: local.into(),
            unix,
            name: String::new(),
            library: String::new(),
            library_version: String::new(),
            created: now,
            last_interaction: now,
            last_command: "NULL",
            commands: 0,
            received: 0,
            sent: 0,
            db: 0,
            protocol: Protocol::Resp2,
            authenticated: false,
            reply_mode: ReplyMode::On,
            no_evict: false,
            no_touch: false,
            transaction: None,
            waiting: None,
            postponed: false,
            monitor: false,
            watch_broken: false,
            channels: Set::new(),
            patterns: Set::new(),
            shard_channels: Set::new(),
            closing: None,
            query: Vec::new(),
            progress: Progress::default(),
            output: OutputBuffer::default(),
            over_soft_limit: None,
            counted: 0,
        }
    }

    pub fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len() + self.shard_channels.len()
    }

    /// In RESP2 a subscriber may send few commands, because replies and messages look alike.
    pub fn is_subscriber(&self) -> bool {
        self.subscriptions() > 0
    }

    /// What it sends is kept for later.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some() || self.postponed
    }

    pub fn memory(&self) -> usize {
        OWN_BYTES
            + self.peer.len()
            + self.local.len()
            + self.name.len()
            + self.query.capacity()
            + self.output.memory()
            + self.transaction.as_ref().map_or(0, Transaction::memory)
            + self.waiting.as_ref().map_or(0, |waiting| waiting.memory())
    }
}

/// The clients of a node, by connection and by id.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    by_conn: Vec<Option<Box<Client>>>,
    by_id: Map<ClientId, Conn>,
    last_id: u64,
    /// What they cost, each as of when it was last settled.
    memory: usize,
    /// Connections to which something has been written since the last look.
    pub(crate) written: Vec<Conn>,
}

impl Clients {
    pub fn add(&mut self, conn: Conn, peer: &str, local: &str, unix: bool, now: Time) -> &mut Client {
        self.last_id += 1;
        let id = ClientId(self.last_id);
        let index = conn.0 as usize;
        if index >= self.by_conn.len() {
            self.by_conn.resize_with(index + 1, || None);
        }
        assert!(self.by_conn[index].is_none(), "connection {index} is in use");
        self.by_id.insert(id, conn);
        self.by_conn[index] = Some(Box::new(Client::new(id, conn, peer, local, unix, now)));
        self.settle(conn);
        self.get_mut(conn).expect("it was just added")
    }

    /// Counts what a client costs now.
    pub fn settle(&mut self, conn: Conn) {
        let Some(client) = self.by_conn.get_mut(conn.0 as usize).and_then(Option::as_deref_mut) else { return };
        let memory = client.memory();
        self.memory = self.memory - client.counted + memory;
        client.counted = memory;
    }

    pub fn remove(&mut self, conn: Conn) -> Option<Box<Client>> {
        let client = self.by_conn.get_mut(conn.0 as usize)?.take()?;
        self.by_id.remove(&client.id);
        self.memory -= client.counted;
        Some(client)
    }

    pub fn get(&self, conn: Conn) -> Option<&Client> {
        self.by_conn.get(conn.0 as usize)?.as_deref()
    }

    pub fn get_mut(&mut self, conn: Conn) -> Option<&mut Client> {
        self.by_conn.get_mut(conn.0 as usize)?.as_deref_mut()
    }

    pub fn conn_of(&self, id: ClientId) -> Option<Conn> {
        self.by_id.get(&id).copied()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// In the order of their ids: the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.by_id.values().filter_map(|&conn| self.get(conn))
    }

    pub fn conns(&self) -> Vec<Conn> {
        self.by_id.values().copied().collect()
    }

    /// The buffer that bytes for a client are added to; it will be sent when this input has been dealt with.
    pub fn output(&mut self, conn: Conn) -> Option<(&mut Vec<u8>, Protocol)> {
        self.written.push(conn);
        let client = self.by_conn.get_mut(conn.0 as usize)?.as_deref_mut()?;
        Some((&mut client.output.out.bytes, client.protocol))
    }

    /// The client that holds most of those that may be disconnected for it, and how much that is.
    pub fn largest(&self) -> Option<(Conn, ClientId, usize)> {
        let evictable = self.iter().filter(|client| !client.no_evict);
        evictable.max_by_key(|client| client.counted).map(|client| (client.conn, client.id, client.counted))
    }

    /// What they cost, as of the end of the last input that had to do with each.
    pub fn memory(&self) -> usize {
        self.memory
    }
}
