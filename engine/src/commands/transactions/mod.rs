//! Transactions: MULTI, EXEC, DISCARD, and WATCH's optimistic locks.

use super::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::base::time::Time;
use crate::clients::transaction::Transaction;
use crate::commands::call::Call;
use crate::event::Event;
use crate::execute;
use crate::keyspace::Entry;
use crate::resp::error;

pub static COMMANDS: &[&Command] = &[&DISCARD, &EXEC, &MULTI, &UNWATCH, &WATCH];

const ALWAYS: Flags = Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::ALLOW_BUSY);

pub static MULTI: Command = Command {
    summary: "Begins a transaction: commands are queued until EXEC.",
    arity: 1,
    flags: ALWAYS.and(Flags::NO_MULTI),
    run: multi,
    ..Command::new("multi", Group::Transactions, "1.2.0", "O(1)")
};

pub static EXEC: Command = Command {
    summary: "Runs the queued commands, one after another, unless a watched key has changed.",
    arity: 1,
    flags: Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::SKIP_COMMANDLOG),
    run: exec,
    ..Command::new("exec", Group::Transactions, "1.2.0", "that of the queued commands")
};

pub static DISCARD: Command = Command {
    summary: "Forgets the queued commands.",
    arity: 1,
    flags: ALWAYS,
    run: discard,
    ..Command::new("discard", Group::Transactions, "2.0.0", "O(N) in the queued commands")
};

pub static WATCH: Command = Command {
    summary: "Makes the next EXEC conditional: it runs only if these keys have not changed by then.",
    arity: -2,
    flags: ALWAYS.and(Flags::NO_MULTI),
    keys: &[KeySpec::from(1, 1, Access::LOOK)],
    arguments: &[Argument::key("key").multiple()],
    run: watch,
    ..Command::new("watch", Group::Transactions, "2.2.0", "O(1) for each key")
};

pub static UNWATCH: Command = Command {
    summary: "Forgets all watched keys.",
    arity: 1,
    flags: ALWAYS,
    run: |call| {
        forget_watches(call);
        call.reply.ok();
        Ok(())
    },
    ..Command::new("unwatch", Group::Transactions, "2.2.0", "O(1)")
};

fn multi(call: &mut Call<'_>) -> Outcome {
    call.client_mut().transaction = Some(Transaction::default());
    call.reply.ok();
    Ok(())
}

fn exec(call: &mut Call<'_>) -> Outcome {
    let transaction = call.client_mut().transaction.take().ok_or(error::EXEC_WITHOUT_MULTI)?;
    let broken = call.client().watch_broken || a_watched_key_expired(call);
    forget_watches(call);
    let client = call.client().id;
    let commands = transaction.queue.len() as u32;
    let aborted = transaction.failed || broken;
    call.state.events.emit(|| Event::Executed { client, commands, aborted });
    if transaction.failed {
        return Err(error::EXEC_ABORTED);
    }
    if broken {
        call.reply.null_array();
        return Ok(());
    }
    execute::run_queue(call.state, call.conn, transaction.queue, call.reply);
    Ok(())
}

fn discard(call: &mut Call<'_>) -> Outcome {
    call.client_mut().transaction.take().ok_or(error::DISCARD_WITHOUT_MULTI)?;
    forget_watches(call);
    call.reply.ok();
    Ok(())
}

fn watch(call: &mut Call<'_>) -> Outcome {
    if !call.client().watch_broken {
        for index in 1..call.args.len() {
            let key = call.key(index);
            let was_expired = is_past(call.state.keyspace.db(call.state.db).get(&key), call.state.now);
            let (conn, db) = (call.conn, call.state.db);
            call.state.watches.watch(conn, db, key.bytes, was_expired);
        }
    }
    call.reply.ok();
    Ok(())
}

fn forget_watches(call: &mut Call<'_>) {
    call.state.watches.unwatch(call.conn);
    call.client_mut().watch_broken = false;
}

/// A key whose time has passed since it was watched counts as changed, found or not.
fn a_watched_key_expired(call: &Call<'_>) -> bool {
    let state = &*call.state;
    state.watches.of(call.conn).any(|(db, key, was_expired)| {
        !was_expired && is_past(state.keyspace.db(db).get(&state.keyspace.key(key)), state.now)
    })
}

fn is_past(entry: Option<&Entry>, now: Time) -> bool {
    entry.and_then(Entry::expiry).is_some_and(|expiry| expiry <= now)
}
