//! RENAME, RENAMENX: a key under another name.

use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec};
use crate::keyspace::change::Notify;
use crate::resp::error;

const NAMES: &[Argument] = &[Argument::key("key"), Argument::key("newkey").key_spec(1)];

pub static RENAME: Command = Command {
    summary: "Gives a key another name; what had that name is replaced.",
    arity: 3,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(1, Access::READ_AND_DELETE), KeySpec::one(2, Access::OVERWRITE)],
    arguments: NAMES,
    run: |call| {
        rename(call, true)?;
        call.reply.ok();
        Ok(())
    },
    ..Command::new("rename", Group::Generic, "1.0.0", "O(1)")
};

pub static RENAMENX: Command = Command {
    summary: "Gives a key another name, if nothing has that name.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ_AND_DELETE), KeySpec::one(2, Access::OVERWRITE_INSERT)],
    arguments: NAMES,
    run: |call| {
        let renamed = rename(call, false)?;
        call.reply.integer(renamed as i64);
        Ok(())
    },
    ..Command::new("renamenx", Group::Generic, "1.0.0", "O(1)")
};

/// # Errors
/// There is no such key.
fn rename(call: &mut Call<'_>, replace: bool) -> Result<bool, error::Error> {
    let (from, to) = (call.key(1), call.key(2));
    let access = call.state.look_to_write(&from).ok_or(error::NO_SUCH_KEY)?.access();
    if from.bytes == to.bytes || (call.state.look_to_write(&to).is_some() && !replace) {
        return Ok(false);
    }
    let Some((value, expiry)) = call.db().remove(&from) else { return Ok(false) };
    let replaced = call.db().discard(&to);
    call.announce_new(&to);
    call.state.effects.find_in_the_way(replaced);
    call.db().insert(&to, value, expiry).set_access(access);
    call.changed(from.bytes, Notify::GENERIC, "rename_from");
    call.notice(to.bytes, Notify::GENERIC, "rename_to");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use crate::event::Event;
    use alloc::string::String;
    use alloc::vec::Vec;

    #[test]
    fn the_expiry_goes_along() {
        let mut server = Server::new();
        for (line, reply) in [
            ("RENAME none a", "(error) ERR no such key"),
            ("SET a 1 PXAT 9999999999999", "OK"),
            ("SET b 2", "OK"),
            ("RENAMENX a b", "(integer) 0"),
            ("RENAME a a", "OK"),
            ("RENAMENX a a", "(integer) 0"),
            ("RENAME a b", "OK"),
            ("PEXPIRETIME b", "(integer) 9999999999999"),
            ("GET b", "\"1\""),
            ("EXISTS a", "(integer) 0"),
            ("RENAMENX b a", "(integer) 1"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn what_is_lost_in_the_way_is_told() {
        let mut server = Server::new();
        server.watch();
        let mut replaced = |line: &str| {
            assert!(!server.run(line).starts_with("(error)"), "{line}");
            let events = server.events().into_iter();
            let lost = events.filter_map(|event| match event {
                Event::Changed { key, replaced: true, .. } => Some(String::from_utf8(key.into()).expect("text")),
                _ => None,
            });
            lost.collect::<Vec<_>>().join(" ")
        };
        for (line, lost) in [
            ("SET a 1", ""),
            ("SET a 2", "a"),
            ("APPEND a 3", ""),
            ("INCR a", ""),
            ("MSET b 1 a 1 c 1", "a"),
            ("RENAME a b", "b"),
            ("RENAME b a", ""),
            ("COPY a c REPLACE", "c"),
            ("COPY a d", ""),
            ("SADD s 1", ""),
            ("SADD s 2", ""),
            ("SUNIONSTORE s s", "s"),
            ("SUNIONSTORE t s", ""),
            ("DEL t", ""),
        ] {
            assert_eq!(replaced(line), lost, "{line}");
        }
    }
}
