//! DBSIZE, FLUSHDB, FLUSHALL, SWAPDB: databases as a whole.

use alloc::vec::Vec;

use crate::commands::call::Call;
use crate::commands::connection::select::database;
use crate::commands::declaration::{Argument, Command, Flags, Group, Outcome};
use crate::commands::words::one_of;
use crate::event::Event;
use crate::resp::error;

pub static DBSIZE: Command = Command {
    summary: "How many keys the database holds.",
    arity: 1,
    flags: Flags::READONLY.and(Flags::FAST),
    categories: crate::commands::declaration::Categories::KEYSPACE,
    tips: &["request_policy:all_shards", "response_policy:agg_sum"],
    run: |call| {
        let keys = call.db().len();
        call.reply.integer(keys as i64);
        Ok(())
    },
    ..Command::new("dbsize", Group::Server, "1.0.0", "O(1)")
};

const HOW: &[Argument] = &[Argument::one_of(
    "flush-type",
    &[Argument::word("async", "ASYNC").since("4.0.0"), Argument::word("sync", "SYNC").since("6.2.0")],
)
.optional()];

pub static FLUSHDB: Command = Command {
    summary: "Removes all keys of the database.",
    arity: -1,
    flags: Flags::WRITE,
    categories: DESTRUCTIVE,
    arguments: HOW,
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    run: |call| {
        let db = call.state.db;
        flush(call, Some(db))
    },
    ..Command::new("flushdb", Group::Server, "1.0.0", "O(1); the memory is freed little by little")
};

pub static FLUSHALL: Command = Command {
    summary: "Removes all keys of all databases.",
    arity: -1,
    flags: Flags::WRITE,
    categories: DESTRUCTIVE,
    arguments: HOW,
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    run: |call| flush(call, None),
    ..Command::new("flushall", Group::Server, "1.0.0", "O(1); the memory is freed little by little")
};

const DESTRUCTIVE: crate::commands::declaration::Categories =
    crate::commands::declaration::Categories::KEYSPACE.and(crate::commands::declaration::Categories::DANGEROUS);

pub static SWAPDB: Command = Command {
    summary: "Exchanges two databases, for all clients at once.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::FAST),
    categories: DESTRUCTIVE,
    arguments: &[Argument::integer("index1"), Argument::integer("index2")],
    run: swap,
    ..Command::new("swapdb", Group::Server, "4.0.0", "O(1)")
};

fn flush(call: &mut Call<'_>, only: Option<usize>) -> Outcome {
    let lazily = match call.args.get(1) {
        None => call.state.config.lazyfree_lazy_user_flush,
        Some(word) if call.args.len() == 2 => one_of(word, &["ASYNC", "SYNC"])? == "ASYNC",
        Some(_) => return call.syntax(),
    };
    let databases = only.map_or(0..call.state.keyspace.databases(), |db| db..db + 1);
    break_watches(call, only, |call, db, key| call.state.keyspace.db(db).get(&call.state.keyspace.key(key)).is_some());
    let mut keys = 0;
    for db in databases {
        let database = call.state.keyspace.db_mut(db);
        if !database.is_empty() {
            keys += database.len() as u64;
            let remains = database.clear();
            if lazily {
                call.state.remains.push(remains);
            }
            call.state.blocked.signal_all(db);
        }
    }
    call.state.effects.changed_whole(keys);
    call.state.events.emit(|| Event::Flushed { db: only.map(|db| db as u32), keys });
    call.reply.ok();
    Ok(())
}

fn swap(call: &mut Call<'_>) -> Outcome {
    if call.state.config.cluster_enabled {
        return Err(error::SWAPDB_IN_CLUSTER);
    }
    let first = database(call, call.arg(1), Some(error::DB_FIRST_INVALID))?;
    let second = database(call, call.arg(2), Some(error::DB_SECOND_INVALID))?;
    if first != second {
        for (db, other) in [(first, second), (second, first)] {
            break_watches(call, Some(db), |call, _, key| {
                let key = call.state.keyspace.key(key);
                [db, other].iter().any(|&db| call.state.keyspace.db(db).get(&key).is_some())
            });
        }
        call.state.keyspace.swap(first, second);
        [first, second].into_iter().for_each(|db| call.state.blocked.signal_all(db));
    }
    call.state.effects.changed_whole(1);
    call.reply.ok();
    Ok(())
}

/// Breaks the watches on those keys of a database (or of all) that are about to change.
fn break_watches(call: &mut Call<'_>, db: Option<usize>, changes: impl Fn(&Call<'_>, usize, &[u8]) -> bool) {
    let watched: Vec<(usize, Vec<u8>)> = call.state.watches.keys(db).map(|(db, key)| (db, key.to_vec())).collect();
    for (db, key) in watched {
        if changes(call, db, &key) {
            let conns: Vec<_> = call.state.watches.broken_by(db, &key, false).collect();
            for conn in conns {
                if let Some(client) = call.state.clients.get_mut(conn) {
                    client.watch_broken = true;
                }
            }
        }
    }
}
