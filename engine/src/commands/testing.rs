//! A node with one client, for the tests of commands.

use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::base::time::{Duration, Time};
use crate::config::Config;
use crate::event::{Event, Watch};
use crate::inspect::Inspect;
use crate::io::{Conn, Input, Output};
use crate::node::Node;
use crate::resp::value::ReplyValue;

pub struct Server {
    node: Node,
    now: Time,
    /// What was sent to each client and has not been read.
    sent: BTreeMap<Conn, Vec<u8>>,
    events: Vec<Event>,
}

const CLIENT: Conn = Conn(0);

impl Server {
    pub fn new() -> Server {
        Server::with("")
    }

    /// A server with these lines of configuration.
    pub fn with(config: &str) -> Server {
        let node = Node::new(Config::parse(config).unwrap(), 1).unwrap();
        let mut server =
            Server { node, now: Time::from_millis(1_700_000_000_000), sent: BTreeMap::new(), events: Vec::new() };
        server.node.keep_records();
        server.feed(Input::Started);
        server.feed(Input::Accepted { conn: CLIENT, peer: "127.0.0.1:1", local: "127.0.0.1:2", unix: false });
        server
    }

    pub fn millis(&self) -> u64 {
        self.now.millis()
    }

    pub fn advance(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    /// Runs a command, written as one would in a terminal; its reply as a terminal shows it.
    pub fn run(&mut self, line: &str) -> String {
        self.feed(Input::Received { conn: CLIENT, bytes: format!("{line}\r\n").as_bytes() });
        let bytes = self.sent.remove(&CLIENT).unwrap_or_default();
        let (reply, length) = ReplyValue::decode(&bytes).unwrap().unwrap();
        assert_eq!(length, bytes.len(), "{line} has one reply");
        reply.to_string()
    }

    /// What has been recorded since the last time, as `SET a 1 | DEL b`.
    pub fn records(&mut self) -> String {
        let bytes = self.node.take_records();
        let (mut at, mut lines) = (0, Vec::new());
        while let Some((ReplyValue::Array(words), length)) = ReplyValue::decode(&bytes[at..]).unwrap() {
            let words = words.iter().map(|word| match word {
                ReplyValue::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                other => panic!("{other} in a record"),
            });
            lines.push(words.collect::<Vec<_>>().join(" "));
            at += length;
        }
        lines.join(" | ")
    }

    /// Runs a command as another client, which connects at its first; its replies, if there are any yet.
    pub fn run_as(&mut self, client: u32, line: &str) -> String {
        let conn = Conn(client);
        if self.sent.insert(conn, Vec::new()).is_none() {
            self.feed(Input::Accepted { conn, peer: "127.0.0.1:3", local: "127.0.0.1:2", unix: false });
        }
        self.feed(Input::Received { conn, bytes: format!("{line}\r\n").as_bytes() });
        self.told(client)
    }

    /// What another client has been sent since the last look, one reply a line.
    pub fn told(&mut self, client: u32) -> String {
        let bytes = self.sent.insert(Conn(client), Vec::new()).unwrap_or_default();
        let (mut at, mut replies) = (0, Vec::new());
        while let Some((reply, length)) = ReplyValue::decode(&bytes[at..]).unwrap() {
            replies.push(reply.to_string());
            at += length;
        }
        replies.join("\n")
    }

    /// Sends bytes that are no whole command as another client, which is connected.
    pub fn send(&mut self, client: u32, bytes: &[u8]) {
        self.feed(Input::Received { conn: Conn(client), bytes });
    }

    /// From now on events are built.
    pub fn inspect(&self) -> Inspect<'_> {
        self.node.inspect()
    }

    pub fn watch(&mut self) {
        self.node.watch(Watch::Everything);
    }

    /// What has happened since the last look.
    pub fn events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.events)
    }

    /// Waits until the node wants to be woken, and wakes it; how many milliseconds that took.
    pub fn wait(&mut self) -> u64 {
        let due = self.node.next_wakeup().expect("it was started").max(self.now);
        let waited = due.since(self.now).millis();
        self.now = due;
        self.feed(Input::Timeout);
        waited
    }

    /// Lets the node do what its time has come for.
    pub fn timeout(&mut self) {
        self.feed(Input::Timeout);
    }

    fn feed(&mut self, input: Input<'_>) {
        let mut gone = Vec::new();
        for output in self.node.handle(self.now, input) {
            match output {
                Output::Send { conn, bytes } => {
                    self.sent.entry(conn).or_default().extend_from_slice(bytes);
                    gone.push((conn, bytes.len()));
                }
                Output::Event(event) => self.events.push(event),
                _ => {}
            }
        }
        for (conn, count) in gone {
            self.feed(Input::Sent { conn, count });
        }
    }
}
