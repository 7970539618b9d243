//! Publish and subscribe: messages to whoever listens now.

use super::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::base::glob;
use crate::clients::client::Client;
use crate::clients::pubsub::Topic;
use crate::collections::ordered::Set;
use crate::commands::call::Call;
use crate::resp::encode::{Aggregate, Protocol};
use crate::resp::error;

pub static COMMANDS: &[&Command] =
    &[&PSUBSCRIBE, &PUBLISH, &PUBSUB, &PUNSUBSCRIBE, &SPUBLISH, &SSUBSCRIBE, &SUBSCRIBE, &SUNSUBSCRIBE, &UNSUBSCRIBE];

const LISTEN: Flags = Flags::PUBSUB.and(Flags::NO_SCRIPT).and(Flags::LOADING).and(Flags::STALE);
const SPEAK: Flags = Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::MAY_REPLICATE);
const SHARD_KEYS: &[KeySpec] = &[KeySpec::from(1, 1, Access::NOT_KEY)];

pub static SUBSCRIBE: Command = Command {
    summary: "Listens to channels.",
    arity: -2,
    flags: LISTEN,
    arguments: &[Argument::string("channel").multiple()],
    run: |call| subscribe(call, Topic::Channel),
    ..Command::new("subscribe", Group::PubSub, "2.0.0", "O(N) in the channels")
};

pub static PSUBSCRIBE: Command = Command {
    summary: "Listens to all channels whose names match patterns.",
    arity: -2,
    flags: LISTEN,
    arguments: &[Argument::pattern("pattern").multiple()],
    run: |call| subscribe(call, Topic::Pattern),
    ..Command::new("psubscribe", Group::PubSub, "2.0.0", "O(N) in the patterns")
};

pub static SSUBSCRIBE: Command = Command {
    summary: "Listens to shard channels.",
    arity: -2,
    flags: LISTEN,
    keys: SHARD_KEYS,
    arguments: &[Argument::string("shardchannel").multiple()],
    run: |call| subscribe(call, Topic::ShardChannel),
    ..Command::new("ssubscribe", Group::PubSub, "7.0.0", "O(N) in the shard channels")
};

pub static UNSUBSCRIBE: Command = Command {
    summary: "Listens no more to channels: to those named, or to none.",
    arity: -1,
    flags: LISTEN,
    arguments: &[Argument::string("channel").optional().multiple()],
    run: |call| unsubscribe(call, Topic::Channel),
    ..Command::new("unsubscribe", Group::PubSub, "2.0.0", "O(N) in the channels")
};

pub static PUNSUBSCRIBE: Command = Command {
    summary: "Listens no more to patterns: to those named, or to none.",
    arity: -1,
    flags: LISTEN,
    arguments: &[Argument::pattern("pattern").optional().multiple()],
    run: |call| unsubscribe(call, Topic::Pattern),
    ..Command::new("punsubscribe", Group::PubSub, "2.0.0", "O(N) in the patterns")
};

pub static SUNSUBSCRIBE: Command = Command {
    summary: "Listens no more to shard channels: to those named, or to none.",
    arity: -1,
    flags: LISTEN,
    keys: SHARD_KEYS,
    arguments: &[Argument::string("shardchannel").optional().multiple()],
    run: |call| unsubscribe(call, Topic::ShardChannel),
    ..Command::new("sunsubscribe", Group::PubSub, "7.0.0", "O(N) in the shard channels")
};

pub static PUBLISH: Command = Command {
    summary: "Sends a message to a channel; answers how many received it.",
    arity: 3,
    flags: SPEAK,
    arguments: &[Argument::string("channel"), Argument::string("message")],
    run: |call| {
        let receivers = call.state.publish(call.arg(1), call.arg(2));
        call.reply.integer(receivers as i64);
        Ok(())
    },
    ..Command::new("publish", Group::PubSub, "2.0.0", "O(N+M) in the channel's subscribers and all patterns")
};

pub static SPUBLISH: Command = Command {
    summary: "Sends a message to a shard channel; answers how many received it.",
    arity: 3,
    flags: SPEAK,
    keys: &[KeySpec::one(1, Access::NOT_KEY)],
    arguments: &[Argument::string("shardchannel"), Argument::string("message")],
    run: |call| {
        let receivers = call.state.publish_to_shard(call.arg(1), call.arg(2));
        call.reply.integer(receivers as i64);
        Ok(())
    },
    ..Command::new("spublish", Group::PubSub, "7.0.0", "O(N) in the shard channel's subscribers")
};

const ASK: Flags = Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE);

pub static PUBSUB: Command = Command {
    summary: "Asks who listens to what.",
    arity: -2,
    subcommands: &[&CHANNELS, &HELP, &NUMPAT, &NUMSUB, &SHARD_CHANNELS, &SHARD_NUMSUB],
    ..Command::new("pubsub", Group::PubSub, "2.8.0", "that of its subcommand")
};

static CHANNELS: Command = Command {
    summary: "The channels that somebody listens to.",
    arity: -2,
    flags: ASK,
    arguments: &[Argument::pattern("pattern").optional()],
    full_name: "pubsub|channels",
    run: |call| channels(call, Topic::Channel),
    ..Command::new("channels", Group::PubSub, "2.8.0", "O(N) in all channels")
};

static SHARD_CHANNELS: Command = Command {
    summary: "The shard channels that somebody listens to.",
    arity: -2,
    flags: ASK,
    arguments: &[Argument::pattern("pattern").optional()],
    full_name: "pubsub|shardchannels",
    run: |call| channels(call, Topic::ShardChannel),
    ..Command::new("shardchannels", Group::PubSub, "7.0.0", "O(N) in all shard channels")
};

static NUMSUB: Command = Command {
    summary: "How many listen to each of these channels.",
    arity: -2,
    flags: ASK,
    arguments: &[Argument::string("channel").optional().multiple()],
    full_name: "pubsub|numsub",
    run: |call| subscribers(call, Topic::Channel),
    ..Command::new("numsub", Group::PubSub, "2.8.0", "O(N) in the channels")
};

static SHARD_NUMSUB: Command = Command {
    summary: "How many listen to each of these shard channels.",
    arity: -2,
    flags: ASK,
    arguments: &[Argument::string("shardchannel").optional().multiple()],
    full_name: "pubsub|shardnumsub",
    run: |call| subscribers(call, Topic::ShardChannel),
    ..Command::new("shardnumsub", Group::PubSub, "7.0.0", "O(N) in the shard channels")
};

static NUMPAT: Command = Command {
    summary: "How many patterns somebody listens to.",
    arity: 2,
    flags: ASK,
    full_name: "pubsub|numpat",
    run: |call| {
        call.reply.integer(call.state.pubsub.patterns.len() as i64);
        Ok(())
    },
    ..Command::new("numpat", Group::PubSub, "2.8.0", "O(1)")
};

static HELP: Command = Command::help("pubsub|help", Group::PubSub, "6.2.0");

fn set_of(client: &mut Client, topic: Topic) -> &mut Set<alloc::boxed::Box<[u8]>> {
    match topic {
        Topic::Channel => &mut client.channels,
        Topic::Pattern => &mut client.patterns,
        Topic::ShardChannel => &mut client.shard_channels,
    }
}

/// Shard subscriptions are counted apart from the others.
fn count(client: &Client, topic: Topic) -> i64 {
    (match topic {
        Topic::ShardChannel => client.shard_channels.len(),
        _ => client.channels.len() + client.patterns.len(),
    }) as i64
}

fn subscribe(call: &mut Call<'_>, topic: Topic) -> Outcome {
    if call.state.in_transaction && call.client().protocol == Protocol::Resp2 {
        return Err(error::not_in_multi(call.command.full_name));
    }
    for index in 1..call.args.len() {
        let (name, conn) = (call.arg(index), call.conn);
        set_of(call.client_mut(), topic).insert(name.into());
        call.state.pubsub.subscribe(topic, name, conn);
        let subscriptions = count(call.client(), topic);
        call.reply.push(3);
        call.reply.bulk(topic.subscribed().as_bytes());
        call.reply.bulk(name);
        call.reply.integer(subscriptions);
    }
    Ok(())
}

fn unsubscribe(call: &mut Call<'_>, topic: Topic) -> Outcome {
    let all: alloc::vec::Vec<alloc::boxed::Box<[u8]>>;
    let named: alloc::vec::Vec<&[u8]> = if call.args.len() > 1 {
        call.args.from(1).iter().collect()
    } else {
        all = set_of(call.client_mut(), topic).iter().cloned().collect();
        all.iter().map(|name| &**name).collect()
    };
    if named.is_empty() {
        let subscriptions = count(call.client(), topic);
        call.reply.push(3);
        call.reply.bulk(topic.unsubscribed().as_bytes());
        call.reply.null();
        call.reply.integer(subscriptions);
    }
    for name in named {
        let conn = call.conn;
        set_of(call.client_mut(), topic).remove(name);
        call.state.pubsub.unsubscribe(topic, name, conn);
        let subscriptions = count(call.client(), topic);
        call.reply.push(3);
        call.reply.bulk(topic.unsubscribed().as_bytes());
        call.reply.bulk(name);
        call.reply.integer(subscriptions);
    }
    Ok(())
}

fn channels(call: &mut Call<'_>, topic: Topic) -> Outcome {
    if call.args.len() > 3 {
        return Err(error::wrong_arity(call.command.full_name));
    }
    let pattern = call.args.get(2).unwrap_or(b"*");
    let pubsub = &call.state.pubsub;
    let all = if topic == Topic::Channel { &pubsub.channels } else { &pubsub.shard_channels };
    let mark = call.reply.open();
    let mut found = 0;
    for name in all.keys().filter(|name| glob::matches(pattern, name)) {
        call.reply.bulk(name);
        found += 1;
    }
    call.reply.close(mark, Aggregate::Array, found);
    Ok(())
}

fn subscribers(call: &mut Call<'_>, topic: Topic) -> Outcome {
    let names = call.args.from(2);
    // In RESP3 too this is a flat array.
    call.reply.array(names.len() * 2);
    for name in names.iter() {
        let pubsub = &call.state.pubsub;
        let count = match topic {
            Topic::Channel => pubsub.subscribers(name).count(),
            _ => pubsub.shard_subscribers(name).count(),
        };
        call.reply.bulk(name);
        call.reply.integer(count as i64);
    }
    Ok(())
}
