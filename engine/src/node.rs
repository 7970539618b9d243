//! One server process as a state machine without I/O: inputs in, outputs in order out.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::iter::FusedIterator;

use crate::ahead::Ahead;
use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::clients::client::Clients;
use crate::cluster::slots::SlotTable;
use crate::commands::Names;
use crate::commands::declaration::Command;
use crate::config::Config;
use crate::event::{Event, Level, Watch};
use crate::execute::{self, Executed};
use crate::inspect::Inspect;
use crate::io::{Conn, Input, Output};
use crate::keyspace::Keyspace;
use crate::resp::decode::{Batch, Limits, Progress};
use crate::resp::encode::{Encoder, Reply};
use crate::resp::error::{self, Error};
use crate::state::{Records, State};
use crate::timers::Due;

#[derive(Clone)]
pub struct Node {
    state: State,
    due: Due,
    batch: Batch,
    ahead: Ahead,
    /// Events, sends and closes that have not come out yet.
    outputs: Vec<Queued>,
    /// What the configuration file is to hold, once that has come out.
    rewrite: Option<String>,
    /// Empty buffers, kept for their memory: a client that waits for nothing owns none.
    spares: Vec<Vec<u8>>,
}

impl core::fmt::Debug for Command {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.full_name)
    }
}

#[derive(Clone, Debug)]
enum Queued {
    Event(Event),
    Send(Conn),
    Close(Conn),
    RewriteConfig,
    Exit,
}

/// Commands decoded before the first of them runs, so that their keys can be fetched from memory meanwhile.
const AHEAD: usize = 64;
/// Buffers that are kept once they are empty, no larger than this, in bytes, and no more of them than are answered at once.
const KEPT: usize = 64 * 1024;
const SPARES: usize = 32;

impl Node {
    /// A node that has not started. `seed` decides all its chance.
    ///
    /// # Errors
    /// What in the configuration can't be taken.
    pub fn new(config: Config, seed: u64) -> Result<Node, String> {
        let mut rng = Rng::new(seed);
        let names = Names::new(&config.renamed)?;
        let port = config.port as u16;
        let binds: Vec<&str> = config.bind.split_whitespace().collect();
        let slots = if config.cluster_enabled {
            SlotTable::parse(&config.cluster_static_slots, |host, p| {
                p == port && (binds.contains(&host) || binds.contains(&"*") || host == "127.0.0.1")
            })?
        } else {
            SlotTable::default()
        };
        let databases = if config.cluster_enabled { 1 } else { config.databases as usize };
        let keyspace = Keyspace::new(databases, config.cluster_enabled, (rng.bits(), rng.bits()));
        let run_id = (0..5).map(|_| format!("{:08x}", rng.bits() as u32)).collect();
        let state = State {
            now: Time::ZERO,
            started: Time::ZERO,
            config,
            names,
            keyspace,
            db: 0,
            clients: Clients::default(),
            watches: Default::default(),
            pubsub: Default::default(),
            blocked: Default::default(),
            pause: None,
            monitors: Vec::new(),
            resumed: Default::default(),
            waited: None,
            slots,
            effects: Default::default(),
            events: Default::default(),
            stats: Default::default(),
            rng,
            run_id,
            resident: 0,
            sparse_outside: 0,
            touching: true,
            in_transaction: false,
            remains: Vec::new(),
            active_expire: true,
            expiry: Default::default(),
            defrag: Default::default(),
            overdue: Vec::new(),
            removals: 0,
            records: None,
            exiting: false,
            rewrite: None,
            hints: Vec::new(),
            next_hint: Default::default(),
            peak_memory: 0,
            pool: Default::default(),
            evict_next: 0,
            making_room: false,
        };
        Ok(Node {
            state,
            due: Due::default(),
            batch: Batch::default(),
            ahead: Ahead::default(),
            outputs: Vec::new(),
            rewrite: None,
            spares: Vec::new(),
        })
    }

    /// Deals with one thing that happened at `now`. The host performs what comes out, in order.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Outputs<'_> {
        self.take_in(now, input);
        self.outputs()
    }

    /// Likewise, though what comes out of it stays inside until somebody asks for it: where much happens at once, it costs less
    /// to answer everybody together.
    pub fn take_in(&mut self, now: Time, input: Input<'_>) {
        self.state.now = now;
        let conn = input.conn();
        match input {
            Input::Started => self.on_started(),
            Input::Accepted { conn, peer, local, unix } => self.on_accepted(conn, peer, local, unix),
            Input::Received { conn, bytes } => self.on_received(conn, bytes),
            Input::Sent { conn, count } => self.on_sent(conn, count),
            Input::Writable { conn } => self.on_writable(conn),
            Input::Closed { conn } => self.forget(conn, "closed by the other side"),
            Input::Resident { bytes, sparse } => (self.state.resident, self.state.sparse_outside) = (bytes, sparse),
            Input::Timeout => self.on_timeout(),
            Input::Terminate => self.on_terminate(),
        }
        self.resume();
        conn.into_iter().for_each(|conn| self.state.clients.settle(conn));
    }

    /// What has come out since it was asked for last. The host performs it, in order.
    pub fn outputs(&mut self) -> Outputs<'_> {
        self.settle();
        self.flush();
        self.outputs.reverse();
        Outputs { queued: &mut self.outputs, clients: &self.state.clients, rewrite: self.rewrite.as_deref() }
    }

    /// When the node wants an [`Input::Timeout`].
    pub fn next_wakeup(&self) -> Option<Time> {
        let waits = [self.state.blocked.next_deadline(), self.state.pause.map(|pause| pause.until)];
        let first = || waits.into_iter().flatten().fold(self.due.next(&self.state), Time::min);
        (self.state.started > Time::ZERO && !self.state.exiting).then(first)
    }

    /// How many more bytes may come into use before `maxmemory` is reached.
    pub fn room(&self) -> u64 {
        match self.state.config.maxmemory.0 {
            0 => u64::MAX,
            limit => limit.saturating_sub(self.state.memory() as u64),
        }
    }

    /// Plain views of all state.
    pub fn inspect(&self) -> Inspect<'_> {
        Inspect::new(&self.state)
    }

    /// Chooses which events are built.
    pub fn watch(&mut self, watch: Watch) {
        self.state.events.watch(watch);
    }

    /// From now on keeps every change as a record.
    pub fn keep_records(&mut self) {
        self.state.records.get_or_insert_default();
    }

    /// The records since the last call: RESP commands that make the same changes on another node.
    pub fn take_records(&mut self) -> Vec<u8> {
        self.state.records.as_mut().map_or_else(Vec::new, |records: &mut Records| core::mem::take(&mut records.bytes))
    }

    fn on_started(&mut self) {
        let state = &mut self.state;
        state.started = state.now;
        state.log(Level::Notice, || format!("Kvarium {} started", env!("CARGO_PKG_VERSION")));
        state.log(Level::Notice, || "Ready to accept connections".into());
        self.due.run(&mut self.state);
    }

    fn on_timeout(&mut self) {
        execute::end_waits(&mut self.state);
        self.due.run(&mut self.state);
        execute::serve_waiting(&mut self.state);
    }

    fn on_terminate(&mut self) {
        self.state.log(Level::Warning, || "Asked to stop: closing all connections".into());
        self.state.exiting = true;
    }

    fn on_accepted(&mut self, conn: Conn, peer: &str, local: &str, unix: bool) {
        let state = &mut self.state;
        state.stats.connections += 1;
        let now = state.now;
        let full = state.clients.len() as i64 >= state.config.maxclients;
        let open = state.config.requirepass.is_empty();
        let stranger = state.config.protected_mode && open && !unix && !is_loopback(peer);
        let client = state.clients.add(conn, peer, local, unix, now);
        client.authenticated = open;
        let id = client.id;
        state.events.emit(|| Event::Connected { client: id, conn, peer: peer.into() });
        let refusal = match (full, stranger) {
            (true, _) => error::MAX_CLIENTS,
            (_, true) => error::PROTECTED_MODE,
            _ => return,
        };
        state.stats.rejected_connections += 1;
        self.end_with(conn, &refusal, "refused");
    }

    fn on_received(&mut self, conn: Conn, bytes: &[u8]) {
        let state = &mut self.state;
        state.stats.bytes_in += bytes.len() as u64;
        let Some(client) = state.clients.get_mut(conn) else { return };
        if client.closing.is_some() || state.exiting {
            return;
        }
        client.last_interaction = state.now;
        client.received += bytes.len() as u64;
        let limit = state.config.client_query_buffer_limit.0.min(u32::MAX as u64 / 2);
        if (client.query.len() + bytes.len()) as u64 > limit {
            state.stats.query_limit_disconnections += 1;
            self.close(conn, "query buffer limit");
            return;
        }
        if client.is_waiting() {
            client.query.extend_from_slice(bytes);
        } else if client.query.is_empty() {
            let rest = self.run_all(conn, bytes);
            if let Some(client) = self.state.clients.get_mut(conn) {
                client.query.extend_from_slice(&bytes[rest..]);
            }
        } else {
            client.query.extend_from_slice(bytes);
            self.run_query(conn);
        }
    }

    /// Reads on in what clients have sent while they had to wait.
    fn resume(&mut self) {
        while let Some(conn) = self.state.resumed.pop_front() {
            if self.state.clients.get(conn).is_some_and(|client| !client.is_waiting() && client.closing.is_none()) {
                self.run_query(conn);
            }
        }
    }

    /// Runs every whole command that a client has sent and that has not been read.
    fn run_query(&mut self, conn: Conn) {
        let Some(client) = self.state.clients.get_mut(conn) else { return };
        let mut query = core::mem::take(&mut client.query);
        let rest = self.run_all(conn, &query);
        if let Some(client) = self.state.clients.get_mut(conn)
            && rest < query.len()
        {
            query.drain(..rest);
            client.query = query;
        }
    }

    /// Runs every whole command in `bytes`; how many bytes they took.
    fn run_all(&mut self, conn: Conn, bytes: &[u8]) -> usize {
        let mut at = 0;
        let mut batch = core::mem::take(&mut self.batch);
        while let Some(client) = self.state.clients.get_mut(conn) {
            if client.closing.is_some() {
                at = bytes.len();
                break;
            }
            let limits = if client.authenticated {
                Limits { bulk: self.state.config.proto_max_bulk_len.0, args: i32::MAX as i64 }
            } else {
                Limits::UNAUTHENTICATED
            };
            // Who has not said the password yet may be somebody else after the next command.
            let ahead = if client.authenticated { AHEAD } else { 1 };
            let decoded = batch.decode(bytes, at, &mut client.progress, limits, ahead);
            if let Some(stopped) = self.run_batch(conn, &batch, bytes, at) {
                if let Some(client) = self.state.clients.get_mut(conn) {
                    client.progress = Progress::default();
                }
                at = stopped;
                break;
            }
            at = batch.last_end(at);
            if let Err(refusal) = decoded {
                self.state.log(Level::Verbose, || format!("Protocol error from a client: {}", refusal.0));
                self.end_with(conn, &refusal, "protocol error");
                at = bytes.len();
                break;
            }
            if batch.is_empty() {
                break;
            }
        }
        self.batch = batch;
        at
    }

    /// Runs the commands of a batch that begins at an offset; where to go on later, if the client has to wait now.
    fn run_batch(&mut self, conn: Conn, batch: &Batch, bytes: &[u8], from: usize) -> Option<usize> {
        let db = self.state.clients.get(conn)?.db;
        self.ahead.look(&self.state, db, batch, bytes);
        let client = self.state.clients.get_mut(conn)?;
        // Replies go to a buffer out of reach of messages to the same client, which follow the reply they came with.
        let mut out = core::mem::take(&mut client.output.out);
        if out.bytes.capacity() == 0 {
            out.bytes = self.spares.pop().unwrap_or_default();
        }
        let (mut at, mut stopped) = (from, None);
        for index in 0..batch.len() {
            let args = batch.args(index, bytes);
            if args.is_empty() {
                continue;
            }
            let (command, keys) = self.ahead.hints(index);
            self.state.hint(keys);
            let executed = execute::execute(&mut self.state, conn, args, command, &mut out);
            let Some(client) = self.state.clients.get_mut(conn) else { break };
            if !client.output.out.bytes.is_empty() {
                out.append(&mut client.output.out);
            }
            if executed == Executed::Done {
                at = batch.end(index);
            }
            if client.is_waiting() {
                stopped = Some(at);
                break;
            }
            if client.closing.is_some() || self.state.exiting {
                break;
            }
        }
        self.state.hint(&[]);
        if let Some(client) = self.state.clients.get_mut(conn) {
            client.output.out = out;
            self.state.clients.written.push(conn);
        }
        stopped
    }

    fn on_sent(&mut self, conn: Conn, count: usize) {
        let Some(client) = self.state.clients.get_mut(conn) else { return };
        self.state.stats.bytes_out += count as u64;
        client.sent += count as u64;
        client.output.sent(count);
        if client.output.is_empty() {
            keep(&mut self.spares, &mut client.output.out.bytes);
        }
        if client.closing.is_some() || !client.output.is_empty() {
            self.state.clients.written.push(conn);
        }
    }

    fn on_writable(&mut self, conn: Conn) {
        if let Some(client) = self.state.clients.get_mut(conn) {
            client.output.unstick();
            self.state.clients.written.push(conn);
        }
    }

    /// Says why, and closes once that has gone.
    fn end_with(&mut self, conn: Conn, refusal: &Error, why: &'static str) {
        if let Some((out, protocol)) = self.state.clients.output(conn) {
            Encoder::new(out, protocol).error(refusal);
        }
        if let Some(client) = self.state.clients.get_mut(conn) {
            client.closing = Some(why);
        }
    }

    /// Closes at once, whatever is still unsent.
    fn close(&mut self, conn: Conn, why: &'static str) {
        self.forget(conn, why);
        self.outputs.push(Queued::Close(conn));
    }

    fn forget(&mut self, conn: Conn, why: &'static str) {
        let state = &mut self.state;
        state.watches.unwatch(conn);
        state.unsubscribe_all(conn);
        state.monitors.retain(|monitor| *monitor != conn);
        state.end_wait(conn, None);
        let Some(client) = state.clients.remove(conn) else { return };
        state.events.emit(|| Event::Disconnected { client: client.id, conn, why });
    }

    /// Counts the memory of the clients that are sent something, and ends the largest while all of them hold more than
    /// `maxmemory-clients` allows.
    fn settle(&mut self) {
        let State { clients, config, .. } = &mut self.state;
        for index in 0..clients.written.len() {
            clients.settle(clients.written[index]);
        }
        let limit = config.maxmemory_clients.bytes(config.maxmemory.0);
        while limit > 0
            && self.state.clients.memory() as u64 > limit
            && let Some((conn, client, bytes)) = self.state.clients.largest()
        {
            self.state.stats.evicted_clients += 1;
            self.state.log(Level::Notice, || format!("Evicting client {}: it holds {bytes} bytes", client.0));
            self.state.events.emit(|| Event::ClientEvicted { client, bytes: bytes as u64 });
            self.close(conn, "client evicted");
        }
    }

    /// Queues what this input led to: events, one send for each client that was written to, closes.
    fn flush(&mut self) {
        let mut written = core::mem::take(&mut self.state.clients.written);
        if self.state.exiting {
            written = self.state.clients.conns();
        }
        let limits = self.state.config.client_output_buffer_limit;
        for &conn in &written {
            let exiting = self.state.exiting;
            let Some(client) = self.state.clients.get_mut(conn) else { continue };
            let limit = if client.is_subscriber() { limits.pubsub.hard } else { limits.normal.hard };
            if limit > 0 && client.output.unsent() as u64 > limit {
                self.state.stats.output_limit_disconnections += 1;
                self.close(conn, "output buffer limit");
            } else if client.output.offer() {
                self.outputs.push(Queued::Send(conn));
                if exiting {
                    self.outputs.push(Queued::Close(conn));
                }
            } else if let Some(why) = client.closing.filter(|_| client.output.is_empty() || client.output.is_stuck()) {
                self.close(conn, why);
            } else if client.output.is_empty() && client.output.out.bytes.capacity() > 0 {
                // Nothing was said: the buffer goes back.
                keep(&mut self.spares, &mut client.output.out.bytes);
            }
        }
        written.clear();
        self.state.clients.written = written;
        if !self.state.events.waiting.is_empty() {
            let events = core::mem::take(&mut self.state.events.waiting);
            self.outputs.splice(0..0, events.into_iter().map(Queued::Event));
        }
        self.rewrite = self.state.rewrite.take();
        if self.rewrite.is_some() {
            self.outputs.push(Queued::RewriteConfig);
        }
        if self.state.exiting {
            self.outputs.push(Queued::Exit);
        }
    }
}

/// Takes an empty buffer away from a client that has no use for it.
fn keep(spares: &mut Vec<Vec<u8>>, buffer: &mut Vec<u8>) {
    let buffer = core::mem::take(buffer);
    if (1..=KEPT).contains(&buffer.capacity()) && spares.len() < SPARES {
        spares.push(buffer);
    }
}

fn is_loopback(peer: &str) -> bool {
    peer.starts_with("127.") || peer.starts_with("[::1]") || peer.starts_with("::1")
}

/// What is to be done, in order. Whoever drops it early has left the rest undone.
pub struct Outputs<'a> {
    /// Last first.
    queued: &'a mut Vec<Queued>,
    clients: &'a Clients,
    rewrite: Option<&'a str>,
}

impl<'a> Iterator for Outputs<'a> {
    type Item = Output<'a>;

    fn next(&mut self) -> Option<Output<'a>> {
        Some(match self.queued.pop()? {
            Queued::Event(event) => Output::Event(event),
            Queued::Send(conn) => {
                let bytes = self.clients.get(conn).map_or(&[][..], |client| client.output.offered());
                Output::Send { conn, bytes }
            }
            Queued::Close(conn) => Output::Close { conn },
            Queued::RewriteConfig => Output::RewriteConfig { text: self.rewrite.unwrap_or_default() },
            Queued::Exit => Output::Exit,
        })
    }
}

impl FusedIterator for Outputs<'_> {}

impl Drop for Outputs<'_> {
    fn drop(&mut self) {
        debug_assert!(self.queued.is_empty(), "outputs left undone: {:?}", self.queued);
        self.queued.clear();
    }
}
