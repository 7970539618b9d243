//! Who is subscribed to which channel, pattern and shard channel.

use alloc::boxed::Box;

use crate::base::{glob, heap};
use crate::collections::ordered::{Map, Set};
use crate::io::Conn;

type Subscribers = Map<Box<[u8]>, Set<Conn>>;

#[derive(Clone, Debug, Default)]
pub struct PubSub {
    pub channels: Subscribers,
    pub patterns: Subscribers,
    pub shard_channels: Subscribers,
    memory: usize,
}

/// What a name that has subscribers costs, and each subscriber of it, beside the name's own bytes: modelled, with the share
/// that either has in its run.
const NAME: usize = 192;
const SUBSCRIBER: usize = 112;

/// The three kinds of subscription, with the words of their messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Channel,
    Pattern,
    ShardChannel,
}

impl Topic {
    pub fn subscribed(self) -> &'static str {
        match self {
            Topic::Channel => "subscribe",
            Topic::Pattern => "psubscribe",
            Topic::ShardChannel => "ssubscribe",
        }
    }

    pub fn unsubscribed(self) -> &'static str {
        match self {
            Topic::Channel => "unsubscribe",
            Topic::Pattern => "punsubscribe",
            Topic::ShardChannel => "sunsubscribe",
        }
    }
}

impl PubSub {
    fn of(&mut self, topic: Topic) -> &mut Subscribers {
        match topic {
            Topic::Channel => &mut self.channels,
            Topic::Pattern => &mut self.patterns,
            Topic::ShardChannel => &mut self.shard_channels,
        }
    }

    pub fn subscribe(&mut self, topic: Topic, name: &[u8], conn: Conn) {
        let conns = self.of(topic).get_or_default(name.into());
        let (is_first, is_new) = (conns.is_empty(), conns.insert(conn));
        // The client remembers the name as well.
        let length = heap::cost(name.len());
        self.memory += usize::from(is_new) * (SUBSCRIBER + length) + usize::from(is_first) * (NAME + length);
    }

    pub fn unsubscribe(&mut self, topic: Topic, name: &[u8], conn: Conn) {
        let subscribers = self.of(topic);
        if let Some(conns) = subscribers.get_mut(name) {
            let was_there = conns.remove(&conn);
            let was_last = conns.is_empty();
            if was_last {
                subscribers.remove(name);
            }
            let length = heap::cost(name.len());
            self.memory -= usize::from(was_there) * (SUBSCRIBER + length) + usize::from(was_last) * (NAME + length);
        }
    }

    /// What all subscriptions cost, in bytes.
    pub fn memory(&self) -> usize {
        self.memory
    }

    pub fn subscribers(&self, channel: &[u8]) -> impl Iterator<Item = Conn> {
        self.channels.get(channel).into_iter().flat_map(Set::iter).copied()
    }

    pub fn shard_subscribers(&self, channel: &[u8]) -> impl Iterator<Item = Conn> {
        self.shard_channels.get(channel).into_iter().flat_map(Set::iter).copied()
    }

    /// The patterns that match a channel, each with one subscriber of it.
    pub fn matching(&self, channel: &[u8]) -> impl Iterator<Item = (&[u8], Conn)> {
        self.patterns
            .iter()
            .filter(move |(pattern, _)| glob::matches(pattern, channel))
            .flat_map(|(pattern, conns)| conns.iter().map(move |&conn| (&**pattern, conn)))
    }

    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty()
    }
}
