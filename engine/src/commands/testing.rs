//! A node with one client, for the tests of commands.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::base::time::{Duration, Time};
use crate::config::Config;
use crate::io::{Conn, Input, Output};
use crate::node::Node;
use crate::resp::value::ReplyValue;

pub struct Server {
    node: Node,
    now: Time,
}

const CLIENT: Conn = Conn(0);

impl Server {
    pub fn new() -> Server {
        Server::with("")
    }

    /// A server with these lines of configuration.
    pub fn with(config: &str) -> Server {
        let node = Node::new(Config::parse(config).unwrap(), 1).unwrap();
        let mut server = Server { node, now: Time::from_millis(1_700_000_000_000) };
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
        let bytes = self.feed(Input::Received { conn: CLIENT, bytes: format!("{line}\r\n").as_bytes() });
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

    /// What is sent to the client.
    fn feed(&mut self, input: Input<'_>) -> Vec<u8> {
        let mut sent = Vec::new();
        for output in self.node.handle(self.now, input) {
            if let Output::Send { bytes, .. } = output {
                sent.extend_from_slice(bytes);
            }
        }
        if !sent.is_empty() {
            self.node.handle(self.now, Input::Sent { conn: CLIENT, count: sent.len() }).for_each(drop);
        }
        sent
    }
}
