//! BF.ADD, BF.MADD: items into a filter, which is made with the parameters' values where there is none.

use super::{Added, add_all, create, defaults, write};
use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit, expect};
use crate::commands::declaration::{Argument, Command, Outcome};
use crate::resp::decode::Args;
use crate::resp::error::Error;
use crate::types::Bloom;
use crate::types::bloom::Properties;

pub static ADD: Command = Command {
    summary: "Adds an item to a Bloom filter, and says whether it was not there.",
    arity: 3,
    arguments: &[Argument::key("key"), Argument::string("value")],
    run: bf_add,
    ..write("bf.add", "O(N) in the filter's hashes")
};

pub static MADD: Command = Command {
    summary: "Adds items to a Bloom filter, and says of each whether it was not there.",
    arity: -3,
    arguments: &[Argument::key("key"), Argument::string("value").multiple()],
    run: |call| {
        let items = call.args.from(2);
        let properties = defaults(call);
        add(call, items, Some(properties))?.reply(call.reply);
        Ok(())
    },
    ..write("bf.madd", "O(N*K): K items, N hashes of the filter")
};

fn bf_add(call: &mut Call<'_>) -> Outcome {
    let items = call.args.from(2);
    let properties = defaults(call);
    let added = add(call, items, Some(properties))?;
    if let Some(full) = added.full {
        return Err(full.into());
    }
    call.reply.integer(i64::from(added.count() > 0));
    Ok(())
}

/// Adds items to the filter that the key holds, or to one with these properties.
///
/// # Errors
/// The key holds another type, there is no filter and none is to be made, or it would be too large.
pub(super) fn add(call: &mut Call<'_>, items: Args<'_>, create_as: Option<Properties>) -> Result<Added, Error> {
    let key = call.key(1);
    let limit = call.state.config.bloom_memory_usage_limit.0;
    if expect::<Bloom>(call.state.look_to_write(&key))?.is_some() {
        let added = edit(call, &key, "bloom.add", |bloom: &mut Bloom, _| {
            let added = add_all(bloom, items, limit);
            Edit { changes: added.count(), result: added }
        })?;
        return Ok(added.expect("the key is there"));
    }
    let mut bloom = Bloom::new(create_as.ok_or(super::NOT_FOUND)?, limit)?;
    let added = add_all(&mut bloom, items, limit);
    create(call, &key, bloom, items, added.count());
    Ok(added)
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn items_are_new_once() {
        let mut server = Server::new();
        for (line, reply) in [
            ("BF.ADD b one", "(integer) 1"),
            ("BF.ADD b one", "(integer) 0"),
            ("BF.MADD b one two three two", "1) (integer) 0\n2) (integer) 1\n3) (integer) 1\n4) (integer) 0"),
            ("BF.CARD b", "(integer) 3"),
            ("TYPE b", "bloomfltr"),
            ("OBJECT ENCODING b", "\"raw\""),
            ("BF.RESERVE fixed 0.01 2 NONSCALING", "OK"),
            ("BF.MADD fixed a b c d", "1) (integer) 1\n2) (integer) 1\n3) (error) ERR non scaling filter is full"),
            ("BF.ADD fixed c", "(error) ERR non scaling filter is full"),
            ("BF.ADD fixed a", "(integer) 0"),
            ("COPY b c", "(integer) 1"),
            ("BF.ADD c four", "(integer) 1"),
            ("BF.MEXISTS b one four", "1) (integer) 1\n2) (integer) 0"),
            ("BF.MEXISTS c one four", "1) (integer) 1\n2) (integer) 1"),
            ("SET s x", "OK"),
            ("BF.ADD s x", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
            ("BF.ADD b", "(error) ERR wrong number of arguments for 'bf.add' command"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_new_filter_is_recorded_with_its_seed() {
        let mut server = Server::new();
        server.run("BF.ADD b one");
        server.run("BF.ADD b one");
        server.run("BF.ADD b two");
        let records = server.records();
        let (made, added) = records.split_once(" | BF.ADD").unwrap();
        assert!(made.starts_with("SELECT 0 | BF.INSERT b CAPACITY 100 ERROR 0.01 TIGHTENING 0.5 SEED "), "{made}");
        assert!(made.ends_with(" EXPANSION 2 ITEMS one"));
        assert_eq!(added, " b two");
    }
}
