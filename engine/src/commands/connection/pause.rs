//! CLIENT PAUSE, UNPAUSE, UNBLOCK: clients that are made to wait, and that need wait no longer.

use crate::clients::blocked::{Pause, Paused};
use crate::commands::blocking::until_millis;
use crate::commands::call::Call;
use crate::commands::connection::client::ADMIN;
use crate::commands::declaration::{Argument, Command, Group, Outcome};
use crate::commands::words::one_of;
use crate::event::{ClientId, Event};
use crate::execute;
use crate::resp::error::{self, Error};

pub static PAUSE: Command = Command {
    summary: "Holds back all commands, or those that change something, for a while.",
    arity: -3,
    flags: ADMIN,
    arguments: &[
        Argument::integer("timeout"),
        Argument::one_of("mode", &[Argument::word("write", "WRITE"), Argument::word("all", "ALL")])
            .optional()
            .since("6.2.0"),
    ],
    full_name: "client|pause",
    run: pause,
    ..Command::new("pause", Group::Connection, "3.0.0", "O(1)")
};

pub static UNPAUSE: Command = Command {
    summary: "Lets the commands run that CLIENT PAUSE held back.",
    arity: 2,
    flags: ADMIN,
    full_name: "client|unpause",
    run: |call| {
        if call.state.pause.is_some() {
            call.state.end_pause();
        }
        call.reply.ok();
        Ok(())
    },
    ..Command::new("unpause", Group::Connection, "6.2.0", "O(N) in the clients that wait")
};

pub static UNBLOCK: Command = Command {
    summary: "Ends a client's wait for a key, as if its time were over, or with an error.",
    arity: -3,
    flags: ADMIN,
    arguments: &[
        Argument::integer("client-id"),
        Argument::one_of("unblock-type", &[Argument::word("timeout", "TIMEOUT"), Argument::word("error", "ERROR")])
            .optional(),
    ],
    full_name: "client|unblock",
    run: unblock,
    ..Command::new("unblock", Group::Connection, "5.0.0", "O(log(N)) in the clients")
};

const NO_MODE: Error = Error::fixed("ERR CLIENT PAUSE mode must be WRITE or ALL");
const NO_REASON: Error = Error::fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");

fn pause(call: &mut Call<'_>) -> Outcome {
    // Redis looks at the mode only where nothing follows it.
    let what = match call.args.get(3).filter(|_| call.args.len() == 4) {
        Some(word) if one_of(word, &["WRITE", "ALL"]).map_err(|_| NO_MODE)? == "WRITE" => Paused::Writes,
        _ => Paused::All,
    };
    let until = until_millis(call.state.now, call.arg(2))?;
    // A pause that is on only becomes longer and stricter.
    let now = Pause { until, what };
    let pause = call.state.pause.map_or(now, |on| Pause { until: on.until.max(until), what: on.what.max(what) });
    call.state.pause = Some(pause);
    call.state.events.emit(|| Event::ClientsPaused { paused: true });
    call.reply.ok();
    Ok(())
}

fn unblock(call: &mut Call<'_>) -> Outcome {
    let with_error = match call.args.get(3).filter(|_| call.args.len() == 4) {
        None => false,
        Some(word) => one_of(word, &["TIMEOUT", "ERROR"]).map_err(|_| NO_REASON)? == "ERROR",
    };
    let conn = u64::try_from(call.integer(2)?).ok().and_then(|id| call.state.clients.conn_of(ClientId(id)));
    let ended = conn.is_some_and(|conn| {
        if with_error {
            execute::stop_waiting(call.state, conn, |reply| reply.error(&error::UNBLOCKED))
        } else {
            execute::give_up(call.state, conn)
        }
    });
    call.reply.integer(ended as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn a_pause_holds_commands_back_and_loses_none() {
        let mut server = Server::new();
        server.run_as(2, "PING");
        assert_eq!(server.run("CLIENT PAUSE 1000 WRITE"), "OK");
        assert_eq!(server.run_as(1, "SET a 1"), "");
        assert_eq!(server.run_as(1, "GET a"), "");
        assert_eq!(server.run_as(2, "GET a"), "(nil)");
        assert_eq!(server.run("CLIENT PAUSE 500 WRITE"), "OK");
        server.advance(999);
        server.timeout();
        assert_eq!(server.told(1), "");
        server.advance(1);
        server.timeout();
        assert_eq!(server.told(1), "OK\n\"1\"");
    }

    #[test]
    fn a_transaction_that_changes_something_waits_as_a_whole() {
        let mut server = Server::new();
        for line in ["MULTI", "SET a 1"] {
            server.run_as(1, line);
        }
        server.run("CLIENT PAUSE 1000 WRITE");
        assert_eq!(server.run_as(1, "EXEC"), "");
        assert_eq!(server.run("CLIENT UNPAUSE"), "OK");
        assert_eq!(server.told(1), "1) OK");
        server.run("CLIENT PAUSE 1000");
        assert_eq!(server.run_as(1, "PING"), "");
        server.advance(1000);
        server.timeout();
        assert_eq!(server.told(1), "PONG");
    }

    #[test]
    fn a_wait_is_ended_by_another_client() {
        let mut server = Server::new();
        let id = server.run_as(1, "CLIENT ID").replace("(integer) ", "");
        assert_eq!(server.run(&format!("CLIENT UNBLOCK {id}")), "(integer) 0");
        server.run_as(1, "BLPOP a 0");
        assert_eq!(server.run(&format!("CLIENT UNBLOCK {id}")), "(integer) 1");
        assert_eq!(server.told(1), "(nil)");
        server.run_as(1, "BLPOP a 0");
        assert_eq!(server.run(&format!("CLIENT UNBLOCK {id} ERROR")), "(integer) 1");
        assert_eq!(server.told(1), "(error) UNBLOCKED client unblocked via CLIENT UNBLOCK");
        assert_eq!(server.run("RPUSH a 1"), "(integer) 1");
        assert_eq!(server.told(1), "");
    }

    use std::format;
}
