//! DEL, UNLINK: keys go.

use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;

pub static DEL: Command =
    Command { summary: "Removes keys, and says how many there were.", ..removal("del", "1.0.0", Flags::WRITE) };

pub static UNLINK: Command = Command {
    summary: "Removes keys as DEL does; what they held is freed as DEL frees it.",
    ..removal("unlink", "4.0.0", Flags::WRITE.and(Flags::FAST))
};

const fn removal(name: &'static str, since: &'static str, flags: Flags) -> Command {
    Command {
        arity: -2,
        flags,
        keys: const { &[KeySpec::from(1, 1, Access::REMOVE)] },
        arguments: const { &[Argument::key("key").multiple()] },
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        run: remove,
        ..Command::new(name, Group::Generic, since, "O(N) in the keys and the elements of collections")
    }
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let mut removed = 0;
    for index in 1..call.args.len() {
        let key = call.key(index);
        call.state.drop_if_expired(&key);
        if call.db().discard(&key) {
            call.changed(key.bytes, Notify::GENERIC, "del");
            removed += 1;
        }
    }
    call.reply.integer(removed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn only_what_is_there_counts() {
        let mut server = Server::new();
        server.run("MSET a 1 b 2 c 3");
        server.run("PEXPIRE c 50");
        server.advance(50);
        assert_eq!(server.run("DEL a a none c"), "(integer) 1");
        assert_eq!(server.run("UNLINK b a"), "(integer) 1");
        assert_eq!(server.run("DBSIZE"), "(integer) 0");
    }
}
