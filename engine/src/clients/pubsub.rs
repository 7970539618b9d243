//! Who is subscribed to which channel, pattern and shard channel.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use crate::base::glob;
use crate::io::Conn;

type Subscribers = BTreeMap<Box<[u8]>, BTreeSet<Conn>>;

#[derive(Clone, Debug, Default)]
pub struct PubSub {
    pub channels: Subscribers,
    pub patterns: Subscribers,
    pub shard_channels: Subscribers,
}

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
        self.of(topic).entry(name.into()).or_default().insert(conn);
    }

    pub fn unsubscribe(&mut self, topic: Topic, name: &[u8], conn: Conn) {
        let subscribers = self.of(topic);
        if let Some(conns) = subscribers.get_mut(name) {
            conns.remove(&conn);
            if conns.is_empty() {
                subscribers.remove(name);
            }
        }
    }

    pub fn subscribers(&self, channel: &[u8]) -> impl Iterator<Item = Conn> {
        self.channels.get(channel).into_iter().flatten().copied()
    }

    pub fn shard_subscribers(&self, channel: &[u8]) -> impl Iterator<Item = Conn> {
        self.shard_channels.get(channel).into_iter().flatten().copied()
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
