//! GETDEL, GETEX: a string's value, with something done to its key in the same breath.

use super::options::{EXPIRATION_OR_PERSIST, Lifetime, Options};
use super::text::reply_value;
use crate::base::number::format_u64;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;

pub static GETDEL: Command = Command {
    summary: "Answers a string and removes its key.",
    arity: 2,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::READ_AND_DELETE)],
    arguments: &[Argument::key("key")],
    run: getdel,
    ..Command::new("getdel", Group::String, "6.2.0", "O(1)")
};

pub static GETEX: Command = Command {
    summary: "Answers a string, and changes or removes the expiry of its key.",
    arity: -2,
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE_AND_READ)],
    arguments: &[Argument::key("key"), Argument::one_of("expiration", EXPIRATION_OR_PERSIST).optional()],
    run: getex,
    ..Command::new("getex", Group::String, "6.2.0", "O(1)")
};

fn getdel(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    reply_value(call.reply, call.state.look_to_write(&key))?;
    if call.db().discard(&key) {
        call.changed(key.bytes, Notify::GENERIC, "del");
        call.record(&[b"DEL", key.bytes]);
    }
    Ok(())
}

fn getex(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(call.args, 2, &["PERSIST", "EX", "PX", "EXAT", "PXAT"])?;
    let lifetime = options.lifetime(call.state.now, "getex")?;
    let key = call.key(1);
    let entry = call.state.look_to_write(&key);
    let present = entry.is_some();
    reply_value(call.reply, entry)?;
    if !present || options.expiry.is_none() {
        return Ok(());
    }
    match lifetime {
        Lifetime::Until(time) if time <= call.state.now => {
            call.expire_at_once(&key);
            call.record(&[b"DEL", key.bytes]);
        }
        Lifetime::Until(time) => {
            let changed = call.db().set_expiry(&key, Some(time));
            call.changed_if(changed, key.bytes, Notify::GENERIC, "expire");
            let at = format_u64(time.millis());
            call.record(&[b"PEXPIREAT", key.bytes, &at]);
        }
        Lifetime::Forever | Lifetime::Kept => {
            if call.db().set_expiry(&key, None) {
                call.changed(key.bytes, Notify::GENERIC, "persist");
                call.record(&[b"PERSIST", key.bytes]);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn what_was_read_is_recorded_as_what_was_done() {
        let mut server = Server::new();
        let moment = server.millis() + 5000;
        for (line, reply) in [
            ("SET k v", "OK"),
            ("GETEX k", "\"v\""),
            ("GETEX k EX 5", "\"v\""),
            ("GETEX k PERSIST", "\"v\""),
            ("GETEX k PERSIST", "\"v\""),
            ("GETDEL k", "\"v\""),
            ("GETDEL k", "(nil)"),
            ("GETEX k EX 5", "(nil)"),
            ("GETEX k EX 0", "(error) ERR invalid expire time in 'getex' command"),
            ("GETEX k EX 5 PERSIST", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(server.records(), std::format!("SELECT 0 | SET k v | PEXPIREAT k {moment} | PERSIST k | DEL k"));
    }
}
