//! DEL, UNLINK: keys go.

use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;

pub static DEL: Command =
    Command { summary: "Removes keys, and says how many there were.", ..removal("del", "1.0.0", Flags::WRITE) };

pub static UNLINK: Command = Command {
    summary: "Removes keys as DEL does; what they held is freed little by little, whatever the configuration says of DEL.",
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
        ..Command::new(name, Group::Generic, since, "O(N) in the keys; large values are freed little by little")
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
    use std::format;
    use std::string::String;
    use std::vec::Vec;

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

    fn pending(server: &mut Server) -> String {
        let info = server.run("INFO memory");
        let line = info.split("lazyfree_pending_objects:").nth(1).unwrap();
        line.split("\\r").next().unwrap().split('\r').next().unwrap().into()
    }

    fn fill(server: &mut Server, keys: &[&str]) {
        for key in keys {
            for from in (0..20_000).step_by(1000) {
                let members: Vec<String> = (from..from + 1000).map(|n| format!("m{n}")).collect();
                server.run(&format!("SADD {key} {}", members.join(" ")));
            }
        }
    }

    #[test]
    fn a_large_value_is_freed_in_steps_however_it_went() {
        let mut server = Server::new();
        fill(&mut server, &["a", "b", "c", "d", "e"]);
        server.run("SADD small 1 2 3");
        server.run("DEL a small");
        server.run("UNLINK b");
        server.run("SET c text");
        server.run("PEXPIRE d 5");
        server.run("PEXPIRE e 1000");
        server.advance(6);
        server.run("GET d");
        assert_eq!(pending(&mut server), "4");
        server.run("FLUSHALL");
        let mut steps = 0;
        while pending(&mut server) != "0" {
            server.advance(100);
            server.timeout();
            steps += 1;
        }
        assert!((10..40).contains(&steps), "{steps}");
        assert!(server.run("INFO memory").contains("lazyfreed_objects:6"));
        assert!(server.run("INFO memory").contains("used_memory_dataset:0"));
    }

    #[test]
    fn a_large_value_that_is_overwritten_is_freed_in_steps_too() {
        let mut server = Server::new();
        server.run("SADD s a b");
        server.run("ZADD z 1 a 2 b");
        server.run("GEOADD g 1 1 here");
        server.run("RPUSH l 2 1");
        let payload = server.run("DUMP l");
        for line in [
            "SET big text",
            "MSET big text",
            "SUNIONSTORE big s",
            "SINTERSTORE big s",
            "SDIFFSTORE big s",
            "SDIFFSTORE big s s",
            "ZUNIONSTORE big 1 z",
            "ZINTERSTORE big 1 z",
            "ZDIFFSTORE big 1 z",
            "ZRANGESTORE big z 0 -1",
            "GEOSEARCHSTORE big g FROMLONLAT 1 1 BYRADIUS 9 km",
            "SORT l STORE big",
            "COPY l big REPLACE",
            "RENAME copy big",
            &format!("RESTORE big 0 {payload} REPLACE"),
            "BITOP OR big text",
            "PEXPIRE big -1",
        ] {
            server.run("COPY s copy REPLACE");
            server.run("SET text v");
            server.run("DEL big");
            fill(&mut server, &["big"]);
            let reply = server.run(line);
            assert!(!reply.starts_with("(error)"), "{line}: {reply}");
            assert_eq!(pending(&mut server), "1", "{line}");
            let mut steps = 0;
            while pending(&mut server) != "0" {
                server.advance(100);
                server.timeout();
                steps += 1;
            }
            assert!(steps >= 2, "{line}: {steps}");
        }
    }

    #[test]
    fn where_asked_it_is_freed_at_once() {
        let config = "lazyfree-lazy-user-del no\nlazyfree-lazy-server-del no\nlazyfree-lazy-expire no";
        let mut server = Server::with(config);
        fill(&mut server, &["a", "b", "c", "d", "e"]);
        server.run("DEL a");
        server.run("SET b text");
        server.run("PEXPIRE c 5");
        server.advance(6);
        server.run("GET c");
        assert_eq!(pending(&mut server), "0");
        server.run("UNLINK d");
        assert_eq!(pending(&mut server), "1");
        server.run("FLUSHALL SYNC");
        assert_eq!(pending(&mut server), "0");
    }
}
