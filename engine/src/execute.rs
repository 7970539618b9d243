//! The road that every command takes: gates, run, commit.
//!
//! ```text
//!  decoded command ─ resolve ─ GATES ─ pause ─ queue (in MULTI) ─ run ─ commit ─┬─ WATCH
//!                        │        │      │                         │            ├─ who waits for a key: run again
//!                        └────────┴──┐   └ stays unread        MONITOR          ├─ notifications
//!                  refused: the error,                                          ├─ events
//!                  and which gate closed                                        └─ record: log, replicas
//! ```
//! Absent on purpose: any other way to change data and tell of it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::base::hash;
use crate::clients::blocked::Paused;
use crate::cluster::redirect;
use crate::commands::call::Call;
use crate::commands::declaration::{Command, Flags};
use crate::conversion;
use crate::event::{ARGUMENT_SHOWN, ARGUMENTS_SHOWN, Event};
use crate::io::Conn;
use crate::keyspace::Entry;
use crate::keyspace::change::{Notify, Reported, write_transaction};
use crate::resp::decode::{Args, OwnedArgs};
use crate::resp::encode::{Encoder, Reply};
use crate::resp::error::{self, Error};
use crate::resp::outgoing::Outgoing;
use crate::resp::show::quote;
use crate::room::{self, Room};
use crate::state::State;

/// A command that has been asked for.
struct Attempt<'a> {
    command: &'static Command,
    args: Args<'a>,
    conn: Conn,
}

/// One reason for which a command may not run now.
struct Gate {
    name: &'static str,
    check: fn(&mut State, &Attempt<'_>) -> Result<(), Error>,
}

/// In Redis's order. Gates of features that are not there yet (disk error, replicas, loading, scripts) join here.
const GATES: &[Gate] = &[
    Gate { name: "authenticated", check: authenticated },
    Gate { name: "transaction", check: allowed_in_transaction },
    Gate { name: "cluster slot", check: cluster_slot },
    Gate { name: "memory", check: memory },
    Gate { name: "subscribed", check: subscribed },
    Gate { name: "monitor", check: monitor },
];

fn authenticated(state: &mut State, attempt: &Attempt<'_>) -> Result<(), Error> {
    if attempt.command.flags.has(Flags::NO_AUTH) {
        return Ok(());
    }
    match state.clients.get(attempt.conn) {
        Some(client) if client.authenticated => Ok(()),
        _ => Err(error::NO_AUTH),
    }
}

fn allowed_in_transaction(state: &mut State, attempt: &Attempt<'_>) -> Result<(), Error> {
    let queueing = state.clients.get(attempt.conn).is_some_and(|client| client.transaction.is_some());
    if queueing && attempt.command.flags.has(Flags::NO_MULTI) {
        Err(error::not_in_multi(attempt.command.full_name))
    } else {
        Ok(())
    }
}

fn cluster_slot(state: &mut State, attempt: &Attempt<'_>) -> Result<(), Error> {
    if !state.config.cluster_enabled {
        return Ok(());
    }
    let mut slot = None;
    let mut add = |command: &Command, args: Args<'_>| -> Result<(), Error> {
        match (slot, slot_of(command, args)?) {
            (Some(before), Some(this)) if before != this => return Err(error::CROSS_SLOT),
            (_, Some(this)) => slot = Some(this),
            _ => {}
        }
        Ok(())
    };
    if attempt.command.name == "exec" {
        let queue = state.clients.get(attempt.conn).and_then(|client| client.transaction.as_ref());
        for queued in queue.map_or(&[][..], |transaction| &transaction.queue) {
            if let Ok(command) = resolve(state, queued.as_args()) {
                add(command, queued.as_args())?;
            }
        }
    } else {
        add(attempt.command, attempt.args)?;
    }
    let Some(slot) = slot else { return Ok(()) };
    redirect::admit(&state.slots, slot).inspect_err(|_| {
        if let (Some(owner), Some(client)) = (state.slots.owner(slot), state.clients.get(attempt.conn)) {
            let (client, to) = (client.id, owner.address());
            state.events.emit(|| Event::Moved { client, slot, to });
        }
    })
}

/// The one slot of a command's keys.
fn slot_of(command: &Command, args: Args<'_>) -> Result<Option<u16>, Error> {
    let (mut slot, mut crossed) = (None, false);
    command.keys(args, |position, _| {
        let this = hash::slot(&args[position]);
        crossed |= slot.is_some_and(|slot| slot != this);
        slot = Some(this);
    });
    if crossed { Err(error::CROSS_SLOT) } else { Ok(slot) }
}

fn memory(state: &mut State, attempt: &Attempt<'_>) -> Result<(), Error> {
    if state.config.maxmemory.0 > 0 && takes_memory(state, attempt) && room::make(state) == Room::None {
        return Err(error::OUT_OF_MEMORY);
    }
    Ok(())
}

/// Whether a command may need memory that stays: a transaction does if one of its commands does.
fn takes_memory(state: &State, attempt: &Attempt<'_>) -> bool {
    attempt.command.flags.has(Flags::DENY_OOM)
        || any_queued(state, attempt, |command| command.flags.has(Flags::DENY_OOM))
}

/// Whether the command is EXEC, and one of those it would run is such.
fn any_queued(state: &State, attempt: &Attempt<'_>, is_such: impl Fn(&Command) -> bool) -> bool {
    let queue = state.clients.get(attempt.conn).and_then(|client| client.transaction.as_ref());
    attempt.command.name == "exec"
        && queue.is_some_and(|transaction| {
            transaction.queue.iter().any(|args| resolve(state, args.as_args()).is_ok_and(&is_such))
        })
}

fn subscribed(state: &mut State, attempt: &Attempt<'_>) -> Result<(), Error> {
    use crate::resp::encode::Protocol;
    let Some(client) = state.clients.get(attempt.conn) else { return Ok(()) };
    if client.protocol == Protocol::Resp3 || !client.is_subscriber() {
        return Ok(());
    }
    match attempt.command.name {
        "ping" | "subscribe" | "ssubscribe" | "sunsubscribe" | "psubscribe" | "unsubscribe" | "punsubscribe"
        | "quit" | "reset" => Ok(()),
        _ => {
            let name = attempt.command.full_name;
            Err(alloc::format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
            )
            .into())
        }
    }
}

/// Who watches everything touches nothing.
fn monitor(state: &mut State, attempt: &Attempt<'_>) -> Result<(), Error> {
    let watches = state.clients.get(attempt.conn).is_some_and(|client| client.monitor);
    let touches = Flags::READONLY | Flags::WRITE | Flags::MAY_REPLICATE;
    if watches && attempt.command.flags.has(touches) { Err(error::MONITOR_TOUCHES) } else { Ok(()) }
}

/// Finds the command that some words name, with its subcommand, and checks their number.
///
/// # Errors
/// There is no such command, or it takes another number of words.
pub fn resolve(state: &State, args: Args<'_>) -> Result<&'static Command, Error> {
    let command = state.names.get(&args[0]).ok_or_else(|| error::unknown_command(&args[0], args.from(1).iter()))?;
    resolve_subcommand(command, args)
}

fn resolve_subcommand(command: &'static Command, args: Args<'_>) -> Result<&'static Command, Error> {
    let command = match args.get(1) {
        Some(word) if command.is_container() => match command.subcommand(word) {
            Some(subcommand) => subcommand,
            // A command that also runs by itself takes any first argument.
            None if command.arity == -1 => command,
            None => return Err(error::unknown_subcommand(command.name, word)),
        },
        _ => command,
    };
    if command.takes(args.len()) { Ok(command) } else { Err(error::wrong_arity(command.full_name)) }
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executed {
    Done,
    /// It must be asked for again when the pause is over.
    Postponed,
}

/// Takes one command of a client down the road; its reply is added to `out`.
pub fn execute(
    state: &mut State,
    conn: Conn,
    args: Args<'_>,
    known: Option<&'static Command>,
    out: &mut Outgoing,
) -> Executed {
    let Some(client) = state.clients.get_mut(conn) else { return Executed::Done };
    state.db = client.db;
    state.touching = !client.no_touch;
    let protocol = client.protocol;
    let before = out.bytes.len();
    let resolved = match known {
        Some(command) => resolve_subcommand(command, args),
        None => resolve(state, args),
    };
    match resolved {
        Err(refusal) => refuse(state, conn, args, "exists", refusal, &mut Encoder::sharing(out, protocol)),
        Ok(command) => {
            let attempt = Attempt { command, args, conn };
            let closed = GATES.iter().find_map(|gate| Some((gate.name, (gate.check)(state, &attempt).err()?)));
            match closed {
                Some((gate, refusal)) => {
                    state.stats.calls_of(command).rejected += 1;
                    let refusal = if command.name == "exec" { abandon(state, conn, gate, refusal) } else { refusal };
                    refuse(state, conn, args, gate, refusal, &mut Encoder::sharing(out, protocol));
                }
                None if is_held_back(state, &attempt) => {
                    let client = state.clients.get_mut(conn).expect("it was there when the gates opened");
                    client.postponed = true;
                    return Executed::Postponed;
                }
                None if is_queued(state, &attempt) => {
                    queue(state, &attempt);
                    Encoder::sharing(out, protocol).simple("QUEUED");
                }
                None => {
                    let client = state.clients.get_mut(conn).expect("it was there when the gates opened");
                    client.last_command = command.full_name;
                    run(state, conn, command, args, &mut Encoder::sharing(out, protocol));
                }
            }
        }
    }
    silence(state, conn, out, before);
    if let Some(client) = state.clients.get_mut(conn) {
        client.commands += 1;
    }
    serve_waiting(state);
    Executed::Done
}

/// Whether this command has to wait: because of CLIENT PAUSE, or until there is memory for it.
fn is_held_back(state: &State, attempt: &Attempt<'_>) -> bool {
    let changes = |command: &Command| command.flags.has(Flags::WRITE | Flags::MAY_REPLICATE);
    state.pauses(Paused::All)
        || state.pauses(Paused::Writes) && (changes(attempt.command) || any_queued(state, attempt, changes))
        || state.making_room && takes_memory(state, attempt)
}

/// EXEC was refused: what it was to run is given up. What the client is told.
fn abandon(state: &mut State, conn: Conn, gate: &str, refusal: Error) -> Error {
    state.watches.unwatch(conn);
    if let Some(client) = state.clients.get_mut(conn) {
        client.transaction = None;
        client.watch_broken = false;
    }
    // Where to go with it is said as it is.
    if gate == "cluster slot" { refusal } else { error::exec_aborted(&refusal) }
}

/// Runs the commands of those who wait for keys that have changed, until nothing changes any more.
pub fn serve_waiting(state: &mut State) {
    if state.blocked.is_empty() {
        return;
    }
    loop {
        let ready = state.blocked.take_ready();
        if ready.is_empty() {
            return;
        }
        for (db, key) in ready {
            for conn in state.blocked.waiting_for(db, &key) {
                serve(state, conn, db, &key);
            }
        }
    }
}

/// Runs a waiting client's command again, if the key holds what it waits for, or the command fails as it does not.
fn serve(state: &mut State, conn: Conn, db: usize, key: &[u8]) {
    let holds = state.keyspace.db(db).get(&state.keyspace.key(key)).map(Entry::kind);
    let Some(waiting) = state.clients.get(conn).and_then(|client| client.waiting.as_ref()) else { return };
    if holds != Some(waiting.wants) && !waiting.fails_without {
        return;
    }
    let Some(waiting) = state.end_wait(conn, Some(key)) else { return };
    let Some(client) = state.clients.get_mut(conn) else { return };
    (state.db, state.touching) = (waiting.db, !client.no_touch);
    let protocol = client.protocol;
    // As for every command: out of reach of messages to the same client.
    let mut out = core::mem::take(&mut client.output.out);
    let before = out.bytes.len();
    state.waited = Some(waiting.until);
    let args = waiting.args.as_args();
    if let Ok(command) = resolve(state, args) {
        run(state, conn, command, args, &mut Encoder::sharing(&mut out, protocol));
    }
    state.waited = None;
    silence(state, conn, &mut out, before);
    give_back(state, conn, out);
}

/// Ends the waits whose time is over.
pub fn end_waits(state: &mut State) {
    if state.pause.is_some_and(|pause| pause.until <= state.now) {
        state.end_pause();
    }
    while let Some(conn) = state.blocked.overdue(state.now) {
        give_up(state, conn);
    }
}

/// Ends a client's wait as if its time were over.
pub(crate) fn give_up(state: &mut State, conn: Conn) -> bool {
    let at_end = state.clients.get(conn).and_then(|client| client.waiting.as_ref()).map(|waiting| waiting.at_end);
    at_end.is_some_and(|at_end| stop_waiting(state, conn, at_end))
}

/// Ends a client's wait for a key with another reply than that of its command.
pub(crate) fn stop_waiting(state: &mut State, conn: Conn, say: impl FnOnce(&mut dyn Reply)) -> bool {
    if state.end_wait(conn, None).is_none() {
        return false;
    }
    if let Some(client) = state.clients.get_mut(conn) {
        let protocol = client.protocol;
        let mut out = core::mem::take(&mut client.output.out);
        let before = out.bytes.len();
        say(&mut Encoder::sharing(&mut out, protocol));
        silence(state, conn, &mut out, before);
        give_back(state, conn, out);
    }
    true
}

/// Puts a client's output back, before what it has been sent meanwhile.
fn give_back(state: &mut State, conn: Conn, mut out: Outgoing) {
    if let Some(client) = state.clients.get_mut(conn) {
        out.append(&mut client.output.out);
        client.output.out = out;
        state.clients.written.push(conn);
    }
}

/// `CLIENT REPLY`: takes back what this client does not want to read.
fn silence(state: &mut State, conn: Conn, out: &mut Outgoing, before: usize) {
    use crate::clients::client::ReplyMode;
    let Some(client) = state.clients.get_mut(conn) else { return };
    if client.waiting.is_some() {
        // The reply is still to come.
        return;
    }
    match client.reply_mode {
        ReplyMode::On => {}
        ReplyMode::Off => out.truncate(before),
        ReplyMode::SkipNext => client.reply_mode = ReplyMode::Skip,
        ReplyMode::Skip => {
            out.truncate(before);
            client.reply_mode = ReplyMode::On;
        }
    }
}

fn refuse(state: &mut State, conn: Conn, args: Args<'_>, gate: &'static str, error: Error, reply: &mut dyn Reply) {
    count_error(state, &error);
    let Some(client) = state.clients.get_mut(conn) else { return };
    if let Some(transaction) = &mut client.transaction {
        transaction.failed = true;
    }
    let client = client.id;
    state.events.emit(|| Event::Refused { client, command: args[0].into(), gate, error: error.0.to_string() });
    reply.error(&error);
}

/// Error codes that are counted: a bound on what a hostile script could make us remember.
const ERROR_CODES: usize = 128;

fn count_error(state: &mut State, error: &Error) {
    state.stats.errors += 1;
    let codes = &mut state.stats.error_codes;
    if let Some(count) = codes.get_mut(error.code()) {
        *count += 1;
    } else if codes.len() < ERROR_CODES {
        codes.insert(error.code().to_owned(), 1);
    }
}

fn is_queued(state: &State, attempt: &Attempt<'_>) -> bool {
    let queueing = state.clients.get(attempt.conn).is_some_and(|client| client.transaction.is_some());
    queueing && !matches!(attempt.command.name, "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
}

fn queue(state: &mut State, attempt: &Attempt<'_>) {
    let client = state.clients.get_mut(attempt.conn);
    if let Some(transaction) = client.and_then(|client| client.transaction.as_mut()) {
        transaction.queue.push(OwnedArgs::from(attempt.args));
    }
}

/// Runs an admitted command and commits what it did.
pub fn run(state: &mut State, conn: Conn, command: &'static Command, args: Args<'_>, reply: &mut dyn Reply) {
    state.stats.commands += 1;
    state.effects.keys_wanted = state.config.notify_keyspace_events.0 != 0
        || !state.watches.is_empty()
        || !state.blocked.is_empty()
        || state.events.is_watched();
    state.effects.records_wanted = state.records.is_some();
    debug_assert!(state.effects.is_empty());
    let before = if cfg!(debug_assertions) { state.modifications() } else { 0 };

    let edited = conversion::before(state, command, args);
    let outcome = (command.run)(&mut Call { command, args, conn, state, reply });

    debug_assert!(
        command.name == "exec" || state.effects.agrees_with(state.modifications() != before),
        "{} must report a change if and only if it made one",
        command.full_name
    );
    free_removed(state, command);
    let calls = state.stats.calls_of(command);
    calls.calls += 1;
    calls.failed += outcome.is_err() as u64;
    if let Err(error) = &outcome {
        count_error(state, error);
        reply.error(error);
    }
    if state.events.is_watched()
        && !command.flags.has(Flags::SKIP_MONITOR)
        && let Some(client) = state.clients.get(conn)
    {
        let (client, db) = (client.id, state.db as u32);
        state.events.emit(|| Event::Ran { client, db, args: shown(args), failed: outcome.is_err() });
    }
    if !state.monitors.is_empty() && state.waited.is_none() {
        tell_monitors(state, conn, command, args);
    }
    commit(state, args);
    conversion::report(state, command, args, &edited);
}

/// Shows a command that has run to those who asked for it (MONITOR).
fn tell_monitors(state: &mut State, conn: Conn, command: &Command, args: Args<'_>) {
    if command.flags.has(Flags::SKIP_MONITOR | Flags::ADMIN) {
        return;
    }
    let Some(client) = state.clients.get(conn) else { return };
    let (seconds, micros) = (state.now.seconds(), state.now.micros() % 1_000_000);
    let peer = if client.unix { "unix:" } else { "" };
    let mut line = format!("{seconds}.{micros:06} [{} {peer}{}]", client.db, client.peer);
    for (index, arg) in args.iter().enumerate() {
        line.push(' ');
        let secret = matches!(command.name, "auth") || command.name == "hello" && is_secret(args, index);
        quote(if secret && index > 0 { b"(redacted)" } else { arg }, &mut line);
    }
    for monitor in state.monitors.clone() {
        if let Some((out, protocol)) = state.clients.output(monitor) {
            Encoder::new(out, protocol).simple(&line);
        }
    }
}

/// Whether an argument of HELLO is a name or a password.
fn is_secret(args: Args<'_>, index: usize) -> bool {
    (2..args.len())
        .find(|&at| args[at].eq_ignore_ascii_case(b"AUTH"))
        .is_some_and(|at| (at + 1..at + 3).contains(&index))
}

/// What a command has removed is freed little by little, unless the configuration says otherwise.
fn free_removed(state: &mut State, command: &Command) {
    if !command.is_write() {
        return;
    }
    let config = &state.config;
    let lazily = match command.name {
        "unlink" => true,
        "del" => config.lazyfree_lazy_user_del,
        _ => config.lazyfree_lazy_server_del,
    };
    state.free_unless(lazily);
}

/// Arguments as events show them.
fn shown(args: Args<'_>) -> Vec<alloc::boxed::Box<[u8]>> {
    let whole = if args.len() > ARGUMENTS_SHOWN { ARGUMENTS_SHOWN - 1 } else { args.len() };
    let mut shown: Vec<alloc::boxed::Box<[u8]>> =
        args.iter().take(whole).map(|arg| arg[..arg.len().min(ARGUMENT_SHOWN)].into()).collect();
    if args.len() > whole {
        shown.push(alloc::format!("... ({} more arguments)", args.len() - whole).into_bytes().into());
    }
    shown
}

/// Tells everybody what a command changed.
fn commit(state: &mut State, args: Args<'_>) {
    if !state.overdue.is_empty() {
        state.remove_overdue();
    }
    if state.effects.is_empty() {
        state.effects.clear();
        return;
    }
    let mut effects = core::mem::take(&mut state.effects);
    state.stats.dirty += effects.count();
    for Reported { db, key, class, what, breaks_watches, replaced } in effects.changes() {
        if class == Notify::KEY_MISS || class == Notify::NEW {
            state.notify(db, key, class, what);
            continue;
        }
        if breaks_watches {
            state.break_watches(db, key, false);
        }
        state.key_changed(db, key, class, what);
        state.events.emit(|| Event::Changed { db: db as u32, key: key.into(), what, replaced });
    }
    if effects.count() > 0 {
        let db = state.db;
        let in_transaction = state.in_transaction;
        state.write_record(db, |out| effects.write_records(args, in_transaction, out));
    }
    effects.clear();
    state.effects = effects;
}

/// Runs the queue of a transaction: one reply each, in an array; recorded as a transaction where it changed anything.
pub(crate) fn run_queue(state: &mut State, conn: Conn, queue: Vec<OwnedArgs>, reply: &mut dyn Reply) {
    // EXEC itself has changed nothing yet: its own effects must not be mixed with those of the queue.
    let dirty = state.stats.dirty;
    let start = state.records.as_ref().map(|records| records.bytes.len());
    state.in_transaction = true;
    reply.array(queue.len());
    for queued in &queue {
        let args = queued.as_args();
        match resolve(state, args) {
            Ok(command) => run(state, conn, command, args, reply),
            Err(error) => reply.error(&error),
        }
        state.db = state.clients.get(conn).map_or(0, |client| client.db);
    }
    state.in_transaction = false;
    if state.stats.dirty - dirty > 1
        && let (Some(start), Some(records)) = (start, &mut state.records)
    {
        let mut wrapped = Vec::new();
        write_transaction(&records.bytes[start..], &mut wrapped);
        records.bytes.truncate(start);
        records.bytes.append(&mut wrapped);
    }
}
