//! CLIENT: the clients of this server, and this connection's own settings.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::clients::client::{Client, ReplyMode};
use crate::commands::call::Call;
use crate::commands::connection::pause::{PAUSE, UNBLOCK, UNPAUSE};
use crate::commands::declaration::{Argument, Command, Flags, Group, Outcome};
use crate::event::ClientId;
use crate::io::Conn;
use crate::resp::encode::Protocol;
use crate::resp::error::{self, Error};
use crate::state::State;

const OWN: Flags = SETTING.and(Flags::ALLOW_BUSY);
const SETTING: Flags = Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE);
pub(super) const ADMIN: Flags = SETTING.and(Flags::ADMIN);

pub static CLIENT: Command = Command {
    summary: "Looks at clients and changes what a connection is like.",
    arity: -2,
    subcommands: &[
        &GETNAME, &HELP, &ID, &INFO, &KILL, &LIST, &NO_EVICT, &NO_TOUCH, &PAUSE, &REPLY, &SETINFO, &SETNAME, &UNBLOCK,
        &UNPAUSE,
    ],
    ..Command::new("client", Group::Connection, "2.4.0", "that of its subcommand")
};

static ID: Command = Command {
    summary: "This connection's number; it is never used again.",
    arity: 2,
    flags: OWN,
    full_name: "client|id",
    run: |call| {
        let id = call.client().id.0;
        call.reply.integer(id as i64);
        Ok(())
    },
    ..Command::new("id", Group::Connection, "5.0.0", "O(1)")
};

static GETNAME: Command = Command {
    summary: "This connection's name.",
    arity: 2,
    flags: OWN,
    full_name: "client|getname",
    run: |call| {
        let name = call.client().name.clone();
        call.reply.bulk_or_null((!name.is_empty()).then_some(name.as_bytes()));
        Ok(())
    },
    ..Command::new("getname", Group::Connection, "2.6.9", "O(1)")
};

static SETNAME: Command = Command {
    summary: "Names this connection, for CLIENT LIST.",
    arity: 3,
    flags: OWN,
    arguments: &[Argument::string("connection-name")],
    full_name: "client|setname",
    run: |call| {
        set_name(call, call.arg(2))?;
        call.reply.ok();
        Ok(())
    },
    ..Command::new("setname", Group::Connection, "2.6.9", "O(1)")
};

static SETINFO: Command = Command {
    summary: "Says which library the client is, and its version.",
    arity: 4,
    flags: OWN,
    arguments: &[Argument::one_of(
        "attr",
        &[Argument::string("libname").token("LIB-NAME"), Argument::string("libver").token("LIB-VER")],
    )],
    full_name: "client|setinfo",
    run: set_info,
    ..Command::new("setinfo", Group::Connection, "7.2.0", "O(1)")
};

static INFO: Command = Command {
    summary: "This connection's line of CLIENT LIST.",
    arity: 2,
    flags: SETTING,
    tips: &["nondeterministic_output"],
    full_name: "client|info",
    run: |call| {
        let line = describe(call.state, call.client()) + "\n";
        call.reply.verbatim("txt", line.as_bytes());
        Ok(())
    },
    ..Command::new("info", Group::Connection, "6.2.0", "O(1)")
};

static LIST: Command = Command {
    summary: "A line for each client.",
    arity: -2,
    flags: ADMIN,
    arguments: &[
        Argument::one_of(
            "client-type",
            &[
                Argument::word("normal", "NORMAL"),
                Argument::word("master", "MASTER"),
                Argument::word("replica", "REPLICA"),
                Argument::word("pubsub", "PUBSUB"),
            ],
        )
        .token("TYPE")
        .optional()
        .since("5.0.0"),
        Argument::integer("client-id").token("ID").optional().multiple().since("6.2.0"),
    ],
    tips: &["nondeterministic_output"],
    full_name: "client|list",
    run: list,
    ..Command::new("list", Group::Connection, "2.4.0", "O(N) in the clients")
};

static KILL: Command = Command {
    summary: "Ends connections: one by its address, or all that pass filters.",
    arity: -3,
    flags: ADMIN,
    arguments: &[Argument::one_of(
        "filter",
        &[
            Argument::string("old-format"),
            Argument::one_of(
                "new-format",
                &[
                    Argument::integer("client-id").token("ID").optional(),
                    Argument::string("username").token("USER").optional(),
                    Argument::string("ip:port").token("ADDR").optional(),
                    Argument::string("ip:port").token("LADDR").optional(),
                    Argument::string("yes/no").token("SKIPME").optional(),
                ],
            )
            .multiple(),
        ],
    )],
    full_name: "client|kill",
    run: kill,
    ..Command::new("kill", Group::Connection, "2.4.0", "O(N) in the clients")
};

static REPLY: Command = Command {
    summary: "Whether this connection's commands are answered.",
    arity: 3,
    flags: OWN.and(Flags::NO_MULTI),
    arguments: &[Argument::one_of(
        "action",
        &[Argument::word("on", "ON"), Argument::word("off", "OFF"), Argument::word("skip", "SKIP")],
    )],
    full_name: "client|reply",
    run: reply_mode,
    ..Command::new("reply", Group::Connection, "3.2.0", "O(1)")
};

static NO_EVICT: Command = Command {
    summary: "Spares this connection when clients are ended for want of memory.",
    arity: 3,
    flags: ADMIN.and(Flags::ALLOW_BUSY),
    arguments: ON_OFF,
    full_name: "client|no-evict",
    run: |call| {
        let on = on_off(call)?;
        call.client_mut().no_evict = on;
        call.reply.ok();
        Ok(())
    },
    ..Command::new("no-evict", Group::Connection, "7.0.0", "O(1)")
};

static NO_TOUCH: Command = Command {
    summary: "Whether this connection's reads count as use of the keys.",
    arity: 3,
    flags: OWN,
    arguments: ON_OFF,
    full_name: "client|no-touch",
    run: |call| {
        let on = on_off(call)?;
        call.client_mut().no_touch = on;
        call.reply.ok();
        Ok(())
    },
    ..Command::new("no-touch", Group::Connection, "7.2.0", "O(1)")
};

const ON_OFF: &[Argument] = &[Argument::one_of("enabled", &[Argument::word("on", "ON"), Argument::word("off", "OFF")])];

static HELP: Command = Command::help("client|help", Group::Connection, "5.0.0");

/// # Errors
/// The name has a blank or an unprintable character.
pub fn set_name(call: &mut Call<'_>, name: &[u8]) -> Result<(), Error> {
    call.client_mut().name = word(name).ok_or(error::CLIENT_NAME_INVALID)?;
    Ok(())
}

/// Text that stands in a line of CLIENT LIST without breaking it.
fn word(text: &[u8]) -> Option<String> {
    text.iter().all(|byte| (b'!'..=b'~').contains(byte)).then(|| String::from_utf8_lossy(text).into_owned())
}

fn set_info(call: &mut Call<'_>) -> Outcome {
    let attribute = call.arg(2).to_ascii_lowercase();
    let value = word(call.arg(3)).ok_or_else(|| {
        let attribute = error::printable(&attribute);
        Error::from(format!("ERR {attribute} cannot contain spaces, newlines or special characters."))
    });
    match attribute.as_slice() {
        b"lib-name" => call.client_mut().library = value?,
        b"lib-ver" => call.client_mut().library_version = value?,
        _ => {
            let option = error::printable(call.arg(2));
            return Err(format!("ERR Unrecognized option '{option}'").into());
        }
    }
    call.reply.ok();
    Ok(())
}

/// A client's line (Redis documentation, CLIENT LIST).
fn describe(state: &State, client: &Client) -> String {
    let mut flags = String::new();
    for (set, letter) in [
        (client.monitor, 'O'),
        (client.is_subscriber(), 'P'),
        (client.transaction.is_some(), 'x'),
        (client.is_waiting(), 'b'),
        (client.watch_broken, 'd'),
        (client.closing.is_some(), 'c'),
        (client.unix, 'U'),
        (client.no_evict, 'e'),
        (client.no_touch, 'T'),
    ] {
        if set {
            flags.push(letter);
        }
    }
    if flags.is_empty() {
        flags.push('N');
    }
    let age = state.now.since(client.created).seconds();
    let idle = state.now.since(client.last_interaction).seconds();
    let multi = client.transaction.as_ref().map_or(-1, |transaction| transaction.queue.len() as i64);
    format!(
        "id={} addr={} laddr={} fd={} name={} age={age} idle={idle} flags={flags} db={} sub={} psub={} ssub={} \
         multi={multi} watch={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} obl={} oll=0 omem={} tot-mem={} \
         events=r cmd={} user=default redir=-1 resp={} lib-name={} lib-ver={}",
        client.id.0,
        client.peer,
        client.local,
        client.conn.0,
        client.name,
        client.db,
        client.channels.len(),
        client.patterns.len(),
        client.shard_channels.len(),
        state.watches.of(client.conn).count(),
        client.query.len(),
        client.query.capacity() - client.query.len(),
        client.transaction.as_ref().map_or(0, |transaction| transaction.memory()),
        client.output.unsent(),
        client.output.memory(),
        client.memory(),
        client.last_command,
        if client.protocol == Protocol::Resp3 { 3 } else { 2 },
        client.library,
        client.library_version,
    )
}

fn list(call: &mut Call<'_>) -> Outcome {
    let mut chosen: Vec<&Client> = call.state.clients.iter().collect();
    match (call.args.len(), call.args.get(2)) {
        (2, _) => {}
        (4, Some(word)) if word.eq_ignore_ascii_case(b"TYPE") => {
            let subscribers = match call.arg(3).to_ascii_lowercase().as_slice() {
                b"normal" => Some(false),
                b"pubsub" => Some(true),
                b"master" | b"replica" | b"slave" => None,
                other => {
                    let other = error::printable(other).into_owned();
                    return Err(format!("ERR Unknown client type '{other}'").into());
                }
            };
            chosen.retain(|client| Some(client.is_subscriber()) == subscribers);
        }
        (4.., Some(word)) if word.eq_ignore_ascii_case(b"ID") => {
            let mut ids = Vec::new();
            for index in 3..call.args.len() {
                let id = crate::base::number::parse_i64(call.arg(index)).filter(|&id| id > 0);
                ids.push(ClientId(id.ok_or(Error::fixed("ERR Invalid client ID"))? as u64));
            }
            chosen.retain(|client| ids.contains(&client.id));
        }
        _ => return call.syntax(),
    }
    let mut text = String::new();
    for client in chosen {
        text.push_str(&describe(call.state, client));
        text.push('\n');
    }
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// Which clients CLIENT KILL means.
#[derive(Default)]
struct Filter {
    id: Option<ClientId>,
    peer: Option<String>,
    local: Option<String>,
    user: Option<String>,
    subscribers: Option<bool>,
    older_than: Option<u64>,
    with_self: bool,
}

fn kill(call: &mut Call<'_>) -> Outcome {
    let old_form = call.args.len() == 3;
    let filter = if old_form {
        let peer = Some(String::from_utf8_lossy(call.arg(2)).into_owned());
        Filter { peer, with_self: true, ..Filter::default() }
    } else {
        filters(call)?
    };
    let now = call.state.now;
    let chosen: Vec<Conn> = call
        .state
        .clients
        .iter()
        .filter(|client| filter.id.is_none_or(|id| client.id == id))
        .filter(|client| filter.peer.as_ref().is_none_or(|peer| client.peer == *peer))
        .filter(|client| filter.local.as_ref().is_none_or(|local| client.local == *local))
        .filter(|client| filter.user.as_ref().is_none_or(|user| user == "default" && client.authenticated))
        .filter(|client| filter.subscribers.is_none_or(|wanted| client.is_subscriber() == wanted))
        .filter(|client| filter.older_than.is_none_or(|age| now.since(client.created).seconds() >= age))
        .filter(|client| filter.with_self || client.conn != call.conn)
        .map(|client| client.conn)
        .collect();
    for &conn in &chosen {
        if let Some(client) = call.state.clients.get_mut(conn) {
            client.closing = Some("CLIENT KILL");
            call.state.clients.written.push(conn);
        }
    }
    match (old_form, chosen.len()) {
        (true, 0) => return Err(error::NO_SUCH_CLIENT),
        (true, _) => call.reply.ok(),
        (false, killed) => call.reply.integer(killed as i64),
    }
    Ok(())
}

fn filters(call: &Call<'_>) -> Result<Filter, Error> {
    let mut filter = Filter::default();
    let words = call.args.from(2);
    if !words.len().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    for at in (0..words.len()).step_by(2) {
        let value = &words[at + 1];
        let text = || String::from_utf8_lossy(value).into_owned();
        match words[at].to_ascii_uppercase().as_slice() {
            b"ID" => {
                let id = crate::base::number::parse_i64(value).filter(|&id| id > 0);
                filter.id = Some(ClientId(id.ok_or(Error::fixed("ERR client-id should be greater than 0"))? as u64));
            }
            b"ADDR" => filter.peer = Some(text()),
            b"LADDR" => filter.local = Some(text()),
            b"USER" if value == b"default" => filter.user = Some(text()),
            b"USER" => return Err(format!("ERR No such user '{}'", error::printable(value)).into()),
            b"TYPE" => {
                filter.subscribers = match value.to_ascii_lowercase().as_slice() {
                    b"normal" => Some(false),
                    b"pubsub" => Some(true),
                    b"master" | b"slave" | b"replica" => None,
                    _ => return Err(format!("ERR Unknown client type '{}'", error::printable(value)).into()),
                }
            }
            b"SKIPME" if value.eq_ignore_ascii_case(b"yes") => filter.with_self = false,
            b"SKIPME" if value.eq_ignore_ascii_case(b"no") => filter.with_self = true,
            b"MAXAGE" => {
                let age = crate::base::number::parse_i64(value).filter(|&age| age > 0).ok_or(error::NOT_INTEGER)?;
                filter.older_than = Some(age as u64);
            }
            _ => return Err(error::SYNTAX),
        }
    }
    Ok(filter)
}

fn reply_mode(call: &mut Call<'_>) -> Outcome {
    let mode = match call.arg(2).to_ascii_uppercase().as_slice() {
        b"ON" => ReplyMode::On,
        b"OFF" => ReplyMode::Off,
        b"SKIP" => ReplyMode::SkipNext,
        _ => return call.syntax(),
    };
    let client = call.client_mut();
    if !(mode == ReplyMode::SkipNext && client.reply_mode == ReplyMode::Off) {
        client.reply_mode = mode;
    }
    if mode == ReplyMode::On {
        call.reply.ok();
    }
    Ok(())
}

fn on_off(call: &Call<'_>) -> Result<bool, Error> {
    match call.arg(2).to_ascii_lowercase().as_slice() {
        b"on" => Ok(true),
        b"off" => Ok(false),
        _ => Err(error::SYNTAX),
    }
}
