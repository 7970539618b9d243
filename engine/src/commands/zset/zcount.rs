//! ZCOUNT, ZLEXCOUNT: how many members a range has.

use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::zset::query::{By, Order};
use crate::types::ZSet;

pub static ZCOUNT: Command = Command {
    summary: "How many members there are in a range of scores.",
    arguments: &[Argument::key("key"), Argument::double("min"), Argument::double("max")],
    run: |call| answer(call, Order::Score),
    ..question("zcount", "2.0.0")
};

pub static ZLEXCOUNT: Command = Command {
    summary: "How many members there are in a range of names, where all have the same score.",
    arguments: &[Argument::key("key"), Argument::string("min"), Argument::string("max")],
    run: |call| answer(call, Order::Lex),
    ..question("zlexcount", "2.8.9")
};

const fn question(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: 4,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::READ)] },
        ..Command::new(name, Group::SortedSet, since, "O(log(N))")
    }
}

fn answer(call: &mut Call<'_>, order: Order) -> Outcome {
    let by = By::parse(order, call.arg(2), call.arg(3))?;
    let key = call.key(1);
    let count = expect::<ZSet>(call.state.read(&key))?.map_or(0, |set| by.ranks(set).len());
    call.reply.integer(count as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn ranges_are_counted() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c");
        for (line, reply) in [
            ("ZCOUNT z (1 +inf", "(integer) 2"),
            ("ZCOUNT z 3 1", "(integer) 0"),
            ("ZCOUNT none 1 2", "(integer) 0"),
            ("ZCOUNT none x 2", "(error) ERR min or max is not a float"),
            ("ZLEXCOUNT z [b +", "(integer) 2"),
            ("ZLEXCOUNT z b +", "(error) ERR min or max not valid string range item"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
