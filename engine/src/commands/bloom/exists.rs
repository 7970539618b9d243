//! BF.EXISTS, BF.MEXISTS, BF.CARD: what is in a filter.

use super::read;
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Argument, Command, Outcome};
use crate::types::Bloom;

pub static EXISTS: Command = Command {
    summary: "Whether an item is in a Bloom filter, as far as that can tell.",
    arity: 3,
    arguments: &[Argument::key("key"), Argument::string("value")],
    run: |call| {
        let (key, item) = (call.key(1), call.arg(2));
        let is_there = expect::<Bloom>(call.state.read(&key))?.is_some_and(|bloom| bloom.contains(item));
        call.reply.integer(i64::from(is_there));
        Ok(())
    },
    ..read("bf.exists", "O(N) in the hashes of all its filters")
};

pub static MEXISTS: Command = Command {
    summary: "Whether each of some items is in a Bloom filter, as far as that can tell.",
    arity: -3,
    arguments: &[Argument::key("key"), Argument::string("value").multiple()],
    run: mexists,
    ..read("bf.mexists", "O(N*K): K items, N hashes of all its filters")
};

pub static CARD: Command = Command {
    summary: "How many items have been added to a Bloom filter.",
    arity: 2,
    arguments: &[Argument::key("key")],
    run: |call| {
        let key = call.key(1);
        let items = expect::<Bloom>(call.state.read(&key))?.map_or(0, Bloom::items);
        call.reply.integer(items as i64);
        Ok(())
    },
    ..read("bf.card", "O(1)")
};

fn mexists(call: &mut Call<'_>) -> Outcome {
    let (key, items) = (call.key(1), call.args.from(2));
    let bloom = expect::<Bloom>(call.state.read(&key))?;
    call.reply.array(items.len());
    for item in items.iter() {
        call.reply.integer(i64::from(bloom.is_some_and(|bloom| bloom.contains(item))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn what_is_not_there_has_no_items() {
        let mut server = Server::new();
        for (line, reply) in [
            ("BF.EXISTS none a", "(integer) 0"),
            ("BF.MEXISTS none a b", "1) (integer) 0\n2) (integer) 0"),
            ("BF.CARD none", "(integer) 0"),
            ("BF.MADD b a c", "1) (integer) 1\n2) (integer) 1"),
            ("BF.MEXISTS b a b c", "1) (integer) 1\n2) (integer) 0\n3) (integer) 1"),
            ("BF.EXISTS b a", "(integer) 1"),
            ("SET s x", "OK"),
            ("BF.CARD s", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
