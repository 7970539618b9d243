//! MONITOR: every command as it runs.

use crate::commands::declaration::{Command, Flags, Group};

pub static MONITOR: Command = Command {
    summary: "Shows every command that this server runs from now on.",
    arity: 1,
    flags: Flags::ADMIN.and(Flags::NO_SCRIPT).and(Flags::LOADING).and(Flags::STALE),
    run: |call| {
        if call.state.in_transaction {
            return Err(crate::resp::error::Error::fixed("ERR MONITOR isn't allowed for DENY BLOCKING client"));
        }
        let client = call.client_mut();
        // Who monitors already is not answered, as by Redis.
        if !client.monitor {
            client.monitor = true;
            call.state.monitors.push(call.conn);
            call.reply.ok();
        }
        Ok(())
    },
    ..Command::new("monitor", Group::Server, "1.0.0", "O(1) for each command that runs")
};

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn commands_are_shown_as_they_run() {
        let mut server = Server::new();
        assert_eq!(server.run_as(1, "MONITOR"), "OK");
        assert_eq!(server.run_as(1, "GET a"), "(error) ERR Replica can't interact with the keyspace");
        server.run("SELECT 3");
        server.run("SET \"a b\" \"\\x00\\\"\"");
        assert_eq!(
            server.told(1),
            "1700000000.000000 [3 127.0.0.1:1] \"SELECT\" \"3\"\n\
             1700000000.000000 [3 127.0.0.1:1] \"SET\" \"a b\" \"\\x00\\\"\""
        );
        assert_eq!(server.run_as(1, "PING"), "PONG\n1700000000.000000 [0 127.0.0.1:3] \"PING\"");
        server.run("AUTH user secret");
        server.run("HELLO 2 AUTH default secret");
        assert!(!server.told(1).contains("secret"));
        server.run_as(2, "BLPOP l 0");
        server.told(1);
        server.run("RPUSH l 1");
        assert_eq!(server.told(1), "1700000000.000000 [3 127.0.0.1:1] \"RPUSH\" \"l\" \"1\"");
        assert_eq!(server.run_as(1, "RESET"), "RESET");
        server.run("GET a");
        assert_eq!(server.told(1), "");
    }
}
