//! BLPOP, BRPOP: the first element of the first of some lists that has one, as soon as one has.

use crate::commands::blocking::until;
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::list::pop::take;
use crate::keyspace::Kind;
use crate::types::List;
use crate::types::list::End;

pub static BLPOP: Command = Command {
    summary: "Takes the first element of one of some lists, and waits for one if all are empty.",
    run: |call| blocking_pop(call, End::Head),
    ..removal("blpop")
};

pub static BRPOP: Command = Command {
    summary: "Takes the last element of one of some lists, and waits for one if all are empty.",
    run: |call| blocking_pop(call, End::Tail),
    ..removal("brpop")
};

const fn removal(name: &'static str) -> Command {
    Command {
        arity: -3,
        flags: Flags::WRITE.and(Flags::BLOCKING),
        keys: const { &[KeySpec::until(1, -2, 1, Access::READ_AND_DELETE)] },
        arguments: const { &[Argument::key("key").multiple(), Argument::double("timeout")] },
        ..Command::new(name, Group::List, "2.0.0", "O(N) in the keys")
    }
}

fn blocking_pop(call: &mut Call<'_>, end: End) -> Outcome {
    let last = call.args.len() - 1;
    let until = until(call.state.now, call.arg(last))?;
    for index in 1..last {
        let key = call.key(index);
        if expect::<List>(call.state.look_to_write(&key))?.is_none() {
            continue;
        }
        let taken = take(call, &key, end, 1)?;
        call.record(&[if end == End::Head { b"LPOP" } else { b"RPOP" }, key.bytes]);
        call.reply.array(2);
        call.reply.bulk(key.bytes);
        call.reply.bulk_or_null(taken.as_args().get(0));
        return Ok(());
    }
    call.wait(call.args.range(1..last), Kind::List, until);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn what_is_there_is_taken_at_once() {
        let mut server = Server::new();
        server.run("RPUSH b 1 2 3");
        assert_eq!(server.run("BLPOP a b 0"), "1) \"b\"\n2) \"1\"");
        assert_eq!(server.run("BRPOP a b 0"), "1) \"b\"\n2) \"3\"");
        assert_eq!(server.records(), "SELECT 0 | RPUSH b 1 2 3 | LPOP b | RPOP b");
        server.run("SET s v");
        assert_eq!(
            server.run("BLPOP s b 0"),
            "(error) WRONGTYPE Operation against a key holding the wrong kind of value"
        );
    }

    #[test]
    fn who_came_first_is_served_first() {
        let mut server = Server::new();
        for (client, line) in [(1, "BLPOP a b 0"), (2, "BRPOP b 0"), (3, "BLPOP b 0")] {
            assert_eq!(server.run_as(client, line), "");
        }
        assert_eq!(server.run("RPUSH b x y"), "(integer) 2");
        assert_eq!(server.told(1), "1) \"b\"\n2) \"x\"");
        assert_eq!(server.told(2), "1) \"b\"\n2) \"y\"");
        assert_eq!(server.told(3), "");
        assert_eq!(server.run("EXISTS b"), "(integer) 0");
        assert_eq!(server.records(), "SELECT 0 | RPUSH b x y | LPOP b | RPOP b");
    }

    #[test]
    fn a_transaction_is_over_before_anybody_is_served() {
        let mut server = Server::new();
        server.run_as(1, "BLPOP a 0");
        for line in ["MULTI", "RPUSH a 1", "DEL a", "RPUSH a 2", "BLPOP none 0"] {
            server.run(line);
        }
        assert_eq!(server.run("EXEC"), "1) (integer) 1\n2) (integer) 1\n3) (integer) 1\n4) (nil)");
        assert_eq!(server.told(1), "1) \"a\"\n2) \"2\"");
    }

    #[test]
    fn a_wait_ends_with_its_time_and_what_was_sent_meanwhile_is_read_then() {
        let mut server = Server::new();
        assert_eq!(server.run_as(1, "BLPOP a 0.5"), "");
        assert_eq!(server.run_as(1, "PING"), "");
        server.advance(499);
        server.timeout();
        assert_eq!(server.told(1), "");
        server.advance(1);
        server.timeout();
        assert_eq!(server.told(1), "(nil)\nPONG");
        server.run_as(1, "BLPOP a 0");
        server.run("SET a text");
        server.run("RENAME a b");
        assert_eq!(server.told(1), "");
        server.run("RPUSH c 1");
        server.run("RENAME c a");
        assert_eq!(server.told(1), "1) \"a\"\n2) \"1\"");
    }
}
