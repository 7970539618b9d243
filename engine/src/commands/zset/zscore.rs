//! ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCARD: what is known of a member, or of all.

use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::commands::words::is;
use crate::resp::encode::Reply;
use crate::resp::error;
use crate::types::ZSet;

const READ: &[KeySpec] = &[KeySpec::one(1, Access::READ)];

pub static ZSCORE: Command = Command {
    summary: "The score of a member.",
    arity: 3,
    arguments: &[Argument::key("key"), Argument::string("member")],
    run: zscore,
    elements: Elements::at(2),
    ..question("zscore", "1.2.0", "O(1)")
};

pub static ZMSCORE: Command = Command {
    summary: "The scores of several members, null for each that is not there.",
    arity: -3,
    arguments: &[Argument::key("key"), Argument::string("member").multiple()],
    run: zmscore,
    elements: Elements::from(2),
    ..question("zmscore", "6.2.0", "O(N) in the members asked about")
};

pub static ZRANK: Command = Command {
    summary: "How many members come before one, in the order of scores.",
    arguments: RANK,
    arity: -3,
    run: |call| rank(call, |rank, _| rank),
    elements: Elements::at(2),
    ..question("zrank", "2.0.0", "O(log(N))")
};

pub static ZREVRANK: Command = Command {
    summary: "How many members come before one, in the reverse order of scores.",
    arguments: RANK,
    arity: -3,
    run: |call| rank(call, |rank, length| length - 1 - rank),
    elements: Elements::at(2),
    ..question("zrevrank", "2.0.0", "O(log(N))")
};

pub static ZCARD: Command = Command {
    summary: "How many members there are.",
    arity: 2,
    keys: &[KeySpec::one(1, Access::LOOK)],
    arguments: &[Argument::key("key")],
    run: zcard,
    ..question("zcard", "1.2.0", "O(1)")
};

const RANK: &[Argument] =
    &[Argument::key("key"), Argument::string("member"), Argument::word("withscore", "WITHSCORE").optional()];

const fn question(name: &'static str, since: &'static str, complexity: &'static str) -> Command {
    Command {
        flags: Flags::READONLY.and(Flags::FAST),
        keys: READ,
        ..Command::new(name, Group::SortedSet, since, complexity)
    }
}

fn zscore(call: &mut Call<'_>) -> Outcome {
    let (key, member) = (call.key(1), call.arg(2));
    let score = expect::<ZSet>(call.state.read(&key))?.and_then(|set| set.score(member));
    reply_score(call.reply, score);
    Ok(())
}

fn zmscore(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let set = expect::<ZSet>(call.state.read(&key))?;
    let members = call.args.from(2);
    call.reply.array(members.len());
    for member in members.iter() {
        reply_score(call.reply, set.and_then(|set| set.score(member)));
    }
    Ok(())
}

fn reply_score(reply: &mut dyn Reply, score: Option<f64>) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

fn rank(call: &mut Call<'_>, count: fn(usize, usize) -> usize) -> Outcome {
    if call.args.len() > 4 {
        return Err(error::wrong_arity(call.command.name));
    }
    let with_score = match call.args.get(3) {
        None => false,
        Some(word) if is(word, "WITHSCORE") => true,
        Some(_) => return call.syntax(),
    };
    let (key, member) = (call.key(1), call.arg(2));
    let found = expect::<ZSet>(call.state.read(&key))?.and_then(|set| Some((set.rank(member)?, set.len())));
    match found {
        None if with_score => call.reply.null_array(),
        None => call.reply.null(),
        Some(((rank, score), length)) => {
            if with_score {
                call.reply.array(2);
            }
            call.reply.integer(count(rank, length) as i64);
            if with_score {
                call.reply.double(score);
            }
        }
    }
    Ok(())
}

fn zcard(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let count = expect(call.state.read(&key))?.map_or(0, ZSet::len);
    call.reply.integer(count as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn ranks_count_from_either_end() {
        let mut server = Server::new();
        server.run("ZADD z 1 a 2 b 3 c");
        for (line, reply) in [
            ("ZRANK z b", "(integer) 1"),
            ("ZREVRANK z a", "(integer) 2"),
            ("ZRANK z c WITHSCORE", "1) (integer) 2\n2) \"3\""),
            ("ZRANK z none", "(nil)"),
            ("ZRANK z none WITHSCORE", "(nil)"),
            ("ZRANK z a FOO", "(error) ERR syntax error"),
            ("ZRANK z a WITHSCORE x", "(error) ERR wrong number of arguments for 'zrank' command"),
            ("ZMSCORE z a none", "1) \"1\"\n2) (nil)"),
            ("ZSCORE none a", "(nil)"),
            ("ZCARD z", "(integer) 3"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
