//! PFCOUNT: how many different elements there were.

use super::{edit, expect};
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;
use crate::types::hyperloglog::{self as hll, Registers};

pub static PFCOUNT: Command = Command {
    summary: "The approximate number of different elements in a HyperLogLog, or in several together.",
    arity: -2,
    flags: Flags::READONLY,
    keys: &[KeySpec::from(1, 1, Access::READ_AND_REWRITE)],
    arguments: &[Argument::key("key").multiple()],
    run: |call| if call.args.len() == 2 { count_one(call) } else { count_union(call) },
    ..Command::new("pfcount", Group::HyperLogLog, "2.8.9", "O(1) for one that has not changed since; O(N) in the keys")
};

/// The result is kept in the value, and so changes it: nothing is announced, but it is recorded.
fn count_one(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let cardinality = match expect(call.state.read(&key))? {
        None => 0,
        Some(bytes) => match hll::cached(&bytes) {
            Some(cardinality) => cardinality,
            None => {
                let cardinality = hll::count(&bytes)?;
                edit(call, &key, Notify::default(), "pfcount", |bytes, _| (1, hll::set_cached(bytes, cardinality)));
                cardinality
            }
        },
    };
    call.reply.integer(cardinality as i64);
    Ok(())
}

fn count_union(call: &mut Call<'_>) -> Outcome {
    let mut union = Registers::default();
    for index in 1..call.args.len() {
        let key = call.key(index);
        if let Some(bytes) = expect(call.state.read(&key))? {
            union.merge(&bytes)?;
        }
    }
    call.reply.integer(union.count() as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn a_count_is_kept_in_the_value() {
        let mut server = Server::new();
        for (line, reply) in [
            ("PFADD h a b c", "(integer) 1"),
            ("PFADD i c d", "(integer) 1"),
            ("PFCOUNT h i none", "(integer) 4"),
            ("PFCOUNT h", "(integer) 3"),
            ("GETRANGE h 8 15", "\"\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00\""),
            ("PFCOUNT h", "(integer) 3"),
            ("PFCOUNT none", "(integer) 0"),
            ("PFCOUNT none none", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(server.records(), "SELECT 0 | PFADD h a b c | PFADD i c d | PFCOUNT h");
    }
}
