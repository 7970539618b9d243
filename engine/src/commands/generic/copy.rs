//! COPY, MOVE: a key in another place, another database too.

use crate::commands::call::Call;
use crate::commands::connection::select::database;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::{Words, one_of};
use crate::keyspace::Entry;
use crate::keyspace::change::Notify;
use crate::resp::error::{self, Error};

pub static COPY: Command = Command {
    summary: "Copies what a key holds, with its expiry, to another key.",
    arity: -3,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::READ), KeySpec::one(2, Access::OVERWRITE)],
    arguments: &[
        Argument::key("source"),
        Argument::key("destination").key_spec(1),
        Argument::integer("destination-db").token("DB").optional(),
        Argument::word("replace", "REPLACE").optional(),
    ],
    run: copy,
    ..Command::new("copy", Group::Generic, "6.2.0", "O(N) in the elements of collections")
};

pub static MOVE: Command = Command {
    summary: "Moves a key to another database.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE_AND_READ)],
    arguments: &[Argument::key("key"), Argument::integer("db")],
    run: move_key,
    ..Command::new("move", Group::Generic, "1.0.0", "O(1)")
};

const MOVE_IN_CLUSTER: Error = Error::fixed("ERR MOVE is not allowed in cluster mode");

fn copy(call: &mut Call<'_>) -> Outcome {
    let (mut db, mut replace) = (call.state.db, false);
    let mut words = Words::new(call.args, 3);
    while let Some(word) = words.next() {
        match one_of(word, &["DB", "REPLACE"])? {
            "DB" => db = database(call, words.value()?, None)?,
            _ => replace = true,
        }
    }
    if call.state.config.cluster_enabled && db != 0 {
        return Err(error::COPY_DB_IN_CLUSTER);
    }
    let (from, to) = (call.key(1), call.key(2));
    if db == call.state.db && from.bytes == to.bytes {
        return Err(error::SAME_OBJECT);
    }
    let source = call.state.look_to_write(&from).map(|entry| (entry.value().to_value(), entry.expiry()));
    let copied = match source {
        None => false,
        Some(_) if !replace && call.state.look_in_db_to_write(db, &to).is_some() => false,
        Some((value, expiry)) => {
            let replaced = call.state.keyspace.db_mut(db).discard(&to);
            call.state.announce_new(db, &to);
            call.state.effects.find_in_the_way(replaced);
            let mark = call.state.mark();
            call.state.keyspace.db_mut(db).insert(&to, value, expiry).written(mark);
            call.state.effects.changed(db, to.bytes, Notify::GENERIC, "copy_to");
            true
        }
    };
    call.reply.integer(copied as i64);
    Ok(())
}

fn move_key(call: &mut Call<'_>) -> Outcome {
    if call.state.config.cluster_enabled {
        return Err(MOVE_IN_CLUSTER);
    }
    let db = database(call, call.arg(2), None)?;
    if db == call.state.db {
        return Err(error::SAME_OBJECT);
    }
    let key = call.key(1);
    let access = call.state.look_to_write(&key).map(Entry::access);
    let access = access.filter(|_| call.state.look_in_db_to_write(db, &key).is_none());
    if let Some(access) = access
        && let Some((value, expiry)) = call.db().remove(&key)
    {
        call.state.announce_new(db, &key);
        call.state.keyspace.db_mut(db).insert(&key, value, expiry).set_access(access);
        call.changed(key.bytes, Notify::GENERIC, "move_from");
        call.state.effects.notice(db, key.bytes, Notify::GENERIC, "move_to");
    }
    call.reply.integer(access.is_some() as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn copies_stay_apart() {
        let mut server = Server::new();
        for (line, reply) in [
            ("SET a 1 PXAT 9999999999999", "OK"),
            ("COPY a a", "(error) ERR source and destination objects are the same"),
            ("COPY none b", "(integer) 0"),
            ("COPY a b", "(integer) 1"),
            ("INCR a", "(integer) 2"),
            ("GET b", "\"1\""),
            ("PEXPIRETIME b", "(integer) 9999999999999"),
            ("COPY a b", "(integer) 0"),
            ("COPY a b REPLACE", "(integer) 1"),
            ("GET b", "\"2\""),
            ("COPY a a DB 1", "(integer) 1"),
            ("COPY a a DB 99", "(error) ERR DB index is out of range"),
            ("COPY a a DB x", "(error) ERR value is not an integer or out of range"),
            ("MOVE a 1", "(integer) 0"),
            ("MOVE b 1", "(integer) 1"),
            ("MOVE b 0", "(error) ERR source and destination objects are the same"),
            ("SELECT 1", "OK"),
            ("MGET a b", "1) \"2\"\n2) \"2\""),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
