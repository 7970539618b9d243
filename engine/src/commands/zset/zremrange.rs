//! ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX: a range of members goes.

use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::zset::query::{By, Order};
use crate::types::ZSet;

pub static ZREMRANGEBYRANK: Command = Command {
    summary: "Removes the members in a range of ranks, and says how many there were.",
    arguments: &[Argument::key("key"), Argument::integer("start"), Argument::integer("stop")],
    run: |call| remove(call, Order::Rank),
    ..removal("zremrangebyrank", "2.0.0")
};

pub static ZREMRANGEBYSCORE: Command = Command {
    summary: "Removes the members in a range of scores, and says how many there were.",
    arguments: &[Argument::key("key"), Argument::double("min"), Argument::double("max")],
    run: |call| remove(call, Order::Score),
    ..removal("zremrangebyscore", "1.2.0")
};

pub static ZREMRANGEBYLEX: Command = Command {
    summary: "Removes the members in a range of names, where all have the same score, and says how many there were.",
    arguments: &[Argument::key("key"), Argument::string("min"), Argument::string("max")],
    run: |call| remove(call, Order::Lex),
    ..removal("zremrangebylex", "2.8.9")
};

const fn removal(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: 4,
        flags: Flags::WRITE,
        keys: const { &[KeySpec::one(1, Access::DELETE)] },
        ..Command::new(name, Group::SortedSet, since, "O(log(N)+M): N members, M of them removed")
    }
}

fn remove(call: &mut Call<'_>, order: Order) -> Outcome {
    let by = By::parse(order, call.arg(2), call.arg(3))?;
    let (key, what) = (call.key(1), call.command.name);
    let removed = edit(call, &key, what, |set: &mut ZSet, _| {
        let removed = set.remove_range(by.ranks(set), |_| ());
        Edit { changes: removed as u64, result: removed }
    })?;
    call.reply.integer(removed.unwrap_or(0) as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn ranges_go_and_the_set_with_the_last() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c 4 d");
        for (line, reply) in [
            ("ZREMRANGEBYRANK z -1 -1", "(integer) 1"),
            ("ZREMRANGEBYSCORE z (1 2", "(integer) 1"),
            ("ZRANGE z 0 -1", "1) \"a\"\n2) \"c\""),
            ("ZREMRANGEBYRANK z 5 9", "(integer) 0"),
            ("ZREMRANGEBYSCORE none x 1", "(error) ERR min or max is not a float"),
            ("ZREMRANGEBYLEX z [a [c", "(integer) 2"),
            ("EXISTS z", "(integer) 0"),
            ("ZREMRANGEBYLEX z - +", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
