//! Whom a test talks to: an engine in this process, whose time is an argument, or a server over TCP.

use std::collections::VecDeque;
use std::thread::sleep;

use kvarium_engine::base::time::{Duration, Time};
use kvarium_engine::config::Config;
use kvarium_engine::io::{Conn, Input, Output};
use kvarium_engine::node::Node;
use kvarium_engine::resp::value::ReplyValue;

use crate::client::Client;
use crate::server::Server;

/// How long a node may take to answer, in its own time.
const PATIENCE: Duration = Duration::from_seconds(30);

/// Something that answers commands on several connections, numbered from 0, which exist as soon as they are used.
pub trait Subject {
    /// Sends bytes that hold one command, and waits until they have been read, not for a reply.
    fn send(&mut self, connection: usize, bytes: &[u8]);

    /// Waits for the next reply, or the next message.
    fn reply(&mut self, connection: usize) -> ReplyValue;

    /// Sends bytes that hold one command, and waits for one reply.
    fn call(&mut self, connection: usize, bytes: &[u8]) -> ReplyValue;

    /// Lets time pass.
    fn pass(&mut self, millis: u64);
}

/// A node without a host.
pub struct InProcess {
    pub node: Node,
    pub now: Time,
    /// What has been sent to each connection and not been read.
    inboxes: Vec<VecDeque<u8>>,
}

impl InProcess {
    /// A node that has started, with the configuration that `text` says.
    pub fn new(text: &str) -> InProcess {
        let config = Config::parse(text).expect("a configuration");
        let node = Node::new(config, 1).expect("a node");
        let mut this = InProcess { node, now: Time::from_millis(1_750_000_000_000), inboxes: Vec::new() };
        this.feed(Input::Started);
        this
    }

    fn feed(&mut self, input: Input<'_>) {
        let mut sent = Vec::new();
        for output in self.node.handle(self.now, input) {
            if let Output::Send { conn, bytes } = output {
                self.inboxes[conn.0 as usize].extend(bytes);
                sent.push((conn, bytes.len()));
            }
        }
        for (conn, count) in sent {
            self.feed(Input::Sent { conn, count });
        }
    }

    /// Sends bytes that hold any number of commands on the first connection; their replies.
    pub fn feed_all(&mut self, bytes: &[u8]) -> Vec<ReplyValue> {
        self.connect_up_to(0);
        self.feed(Input::Received { conn: Conn(0), bytes });
        let mut replies = Vec::new();
        let inbox = self.inboxes[0].make_contiguous();
        let mut at = 0;
        while let Some((reply, length)) = ReplyValue::decode(&inbox[at..]).expect("valid replies") {
            replies.push(reply);
            at += length;
        }
        self.inboxes[0].drain(..at);
        replies
    }

    fn connect_up_to(&mut self, connection: usize) {
        while self.inboxes.len() <= connection {
            let conn = Conn(self.inboxes.len() as u32);
            self.inboxes.push(VecDeque::new());
            self.feed(Input::Accepted { conn, peer: "127.0.0.1:40000", local: "127.0.0.1:6379", unix: false });
        }
    }
}

impl Subject for InProcess {
    fn send(&mut self, connection: usize, bytes: &[u8]) {
        self.connect_up_to(connection);
        self.feed(Input::Received { conn: Conn(connection as u32), bytes });
    }

    fn call(&mut self, connection: usize, bytes: &[u8]) -> ReplyValue {
        self.send(connection, bytes);
        self.reply(connection)
    }

    fn reply(&mut self, connection: usize) -> ReplyValue {
        let deadline = self.now + PATIENCE;
        loop {
            let inbox = self.inboxes[connection].make_contiguous();
            if let Some((reply, length)) = ReplyValue::decode(inbox).expect("a valid reply") {
                self.inboxes[connection].drain(..length);
                return reply;
            }
            self.now = self.now.max(self.node.next_wakeup().expect("a node that runs"));
            assert!(self.now < deadline, "no reply");
            self.feed(Input::Timeout);
        }
    }

    fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(next) = self.node.next_wakeup().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.feed(Input::Timeout);
        }
        self.now = end;
    }
}

/// A server in a process of its own.
pub struct OverTcp<'a> {
    server: &'a Server,
    clients: Vec<Client>,
}

impl<'a> OverTcp<'a> {
    pub fn new(server: &'a Server) -> OverTcp<'a> {
        OverTcp { server, clients: Vec::new() }
    }
}

impl OverTcp<'_> {
    fn client(&mut self, connection: usize) -> &mut Client {
        while self.clients.len() <= connection {
            self.clients.push(self.server.connect());
        }
        &mut self.clients[connection]
    }
}

impl Subject for OverTcp<'_> {
    fn send(&mut self, connection: usize, bytes: &[u8]) {
        self.client(connection).send(bytes);
        // Nothing tells when a command that isn't answered has been read.
        sleep(std::time::Duration::from_millis(50));
    }

    fn reply(&mut self, connection: usize) -> ReplyValue {
        self.client(connection).reply()
    }

    fn call(&mut self, connection: usize, bytes: &[u8]) -> ReplyValue {
        let client = self.client(connection);
        client.send(bytes);
        client.reply()
    }

    fn pass(&mut self, millis: u64) {
        sleep(std::time::Duration::from_millis(millis));
    }
}
