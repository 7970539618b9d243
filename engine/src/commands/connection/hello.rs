//! HELLO: chooses the protocol, and introduces both sides.

use super::auth::log_in;
use super::client::set_name;
use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::declaration::{Argument, Command, Group, Outcome};
use crate::resp::encode::{Encoder, Protocol, Reply};
use crate::resp::error;

pub static HELLO: Command = Command {
    summary: "Chooses the protocol's version, and answers what this server is.",
    arity: -1,
    flags: super::ALWAYS_ALLOWED,
    arguments: &[Argument::block(
        "arguments",
        &[
            Argument::integer("protover"),
            Argument::block("auth", &[Argument::string("username"), Argument::string("password")])
                .token("AUTH")
                .optional(),
            Argument::string("clientname").token("SETNAME").optional(),
        ],
    )
    .optional()],
    run: hello,
    ..Command::new("hello", Group::Connection, "6.0.0", "O(1)")
};

fn hello(call: &mut Call<'_>) -> Outcome {
    let mut protocol = call.client().protocol;
    if let Some(version) = call.args.get(1) {
        protocol = match parse_i64(version).ok_or(error::PROTO_NOT_INTEGER)? {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(error::NO_PROTO),
        };
    }
    let (mut login, mut name) = (None, None);
    let mut at = 2;
    while let Some(word) = call.args.get(at) {
        let left = call.args.len() - at - 1;
        if word.eq_ignore_ascii_case(b"AUTH") && left >= 2 {
            login = Some((call.arg(at + 1), call.arg(at + 2)));
            at += 3;
        } else if word.eq_ignore_ascii_case(b"SETNAME") && left >= 1 {
            name = Some(call.arg(at + 1));
            at += 2;
        } else {
            let option = error::printable(word);
            return Err(alloc::format!("ERR Syntax error in HELLO option '{option}'").into());
        }
    }
    if let Some((user, password)) = login {
        log_in(call, user, password)?;
    }
    if !call.client().authenticated {
        return Err(error::Error::fixed(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    if let Some(name) = name {
        set_name(call, name)?;
    }
    call.client_mut().protocol = protocol;
    introduce(call, protocol);
    Ok(())
}

fn introduce(call: &mut Call<'_>, protocol: Protocol) {
    let id = call.client().id.0 as i64;
    let mode = if call.state.config.cluster_enabled { "cluster" } else { "standalone" };
    // The answer is in the new protocol, which the reply at hand does not speak yet.
    let mut out = alloc::vec::Vec::new();
    let mut reply = Encoder::new(&mut out, protocol);
    reply.map(7);
    for (field, value) in [("server", "redis"), ("version", super::super::server::info::REDIS_VERSION)] {
        reply.field(field);
        reply.bulk(value.as_bytes());
    }
    reply.field("proto");
    reply.integer(if protocol == Protocol::Resp3 { 3 } else { 2 });
    reply.field("id");
    reply.integer(id);
    reply.field("mode");
    reply.bulk(mode.as_bytes());
    reply.field("role");
    reply.bulk(b"master");
    reply.field("modules");
    reply.array(0);
    call.reply.encoded(&out);
}
