//! PING, ECHO, QUIT, RESET: signs of life and ends.

use crate::clients::client::ReplyMode;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Command, Flags, Group, Outcome};
use crate::resp::encode::Protocol;
use crate::resp::error;

const ALWAYS: Flags = Flags::LOADING.and(Flags::STALE).and(Flags::FAST);

pub static PING: Command = Command {
    summary: "Answers PONG, or the message it is given.",
    arity: -1,
    flags: Flags::FAST,
    arguments: &[Argument::string("message").optional()],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    run: ping,
    ..Command::new("ping", Group::Connection, "1.0.0", "O(1)")
};

pub static ECHO: Command = Command {
    summary: "Answers the message it is given.",
    arity: 2,
    flags: ALWAYS,
    arguments: &[Argument::string("message")],
    run: |call| {
        call.reply.bulk(call.arg(1));
        Ok(())
    },
    ..Command::new("echo", Group::Connection, "1.0.0", "O(1)")
};

pub static QUIT: Command = Command {
    summary: "Ends the connection, once everything asked for has been answered.",
    arity: -1,
    flags: super::ALWAYS_ALLOWED,
    run: |call| {
        call.reply.ok();
        call.client_mut().closing = Some("QUIT");
        Ok(())
    },
    ..Command::new("quit", Group::Connection, "1.0.0", "O(1)")
};

pub static RESET: Command = Command {
    summary: "Puts the connection back into the state of a new one.",
    arity: 1,
    flags: super::ALWAYS_ALLOWED,
    run: reset,
    ..Command::new("reset", Group::Connection, "6.2.0", "O(1)")
};

fn ping(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 2 {
        return Err(error::wrong_arity("ping"));
    }
    let client = call.client();
    if client.is_subscriber() && client.protocol == Protocol::Resp2 {
        call.reply.array(2);
        call.reply.bulk(b"pong");
        call.reply.bulk(call.arg(1));
    } else {
        match call.args.get(1) {
            Some(message) => call.reply.bulk(message),
            None => call.reply.simple("PONG"),
        }
    }
    Ok(())
}

fn reset(call: &mut Call<'_>) -> Outcome {
    let conn = call.conn;
    call.state.watches.unwatch(conn);
    let open = call.state.config.requirepass.is_empty();
    call.state.unsubscribe_all(conn);
    call.state.monitors.retain(|monitor| *monitor != conn);
    let client = call.client_mut();
    client.transaction = None;
    client.watch_broken = false;
    client.monitor = false;
    client.db = 0;
    client.protocol = Protocol::Resp2;
    client.authenticated = open;
    client.reply_mode = ReplyMode::On;
    client.no_evict = false;
    client.no_touch = false;
    client.name.clear();
    call.reply.simple("RESET");
    Ok(())
}
