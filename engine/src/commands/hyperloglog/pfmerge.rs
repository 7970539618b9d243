//! PFMERGE: the union of HyperLogLogs.

use alloc::vec::Vec;

use super::{edit, expect};
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;
use crate::types::hyperloglog::{self as hll, Corrupted, Registers};

pub static PFMERGE: Command = Command {
    summary: "Makes a HyperLogLog count what it or any of the others counts.",
    arity: -2,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::READ_AND_INSERT), KeySpec::from(2, 1, Access::READ)],
    arguments: &[Argument::key("destkey"), Argument::key("sourcekey").key_spec(1).optional().multiple()],
    run: pfmerge,
    ..Command::new("pfmerge", Group::HyperLogLog, "2.8.9", "O(N) in the keys, with a large constant")
};

fn pfmerge(call: &mut Call<'_>) -> Outcome {
    let (mut union, mut is_dense) = (Registers::default(), false);
    for index in 1..call.args.len() {
        let key = call.key(index);
        if let Some(bytes) = expect(call.state.look_to_write(&key))? {
            is_dense |= !hll::is_sparse(&bytes);
            union.merge(&bytes)?;
        }
    }
    let key = call.key(1);
    let limit = call.state.config.hll_sparse_max_bytes.0;
    let stored = edit(call, &key, Notify::STRING, "pfadd", |bytes, _| {
        let stored = store(&mut union, bytes, is_dense, limit);
        hll::forget_cached(bytes);
        (1, stored)
    });
    stored?;
    call.reply.ok();
    Ok(())
}

/// One that was dense among the sources makes the result dense.
fn store(union: &mut Registers, bytes: &mut Vec<u8>, is_dense: bool, limit: u64) -> Result<(), Corrupted> {
    if is_dense {
        hll::make_dense(bytes)?;
    }
    union.store(bytes, limit)
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn the_result_is_dense_if_a_source_is() {
        let mut server = Server::new();
        for (line, reply) in [
            ("PFADD a 1 2 3", "(integer) 1"),
            ("PFADD b 3 4 5", "(integer) 1"),
            ("PFMERGE d a b none", "OK"),
            ("PFCOUNT d", "(integer) 5"),
            ("PFDEBUG ENCODING d", "sparse"),
            ("PFDEBUG TODENSE b", "(integer) 1"),
            ("PFMERGE d b", "OK"),
            ("PFDEBUG ENCODING d", "dense"),
            ("PFCOUNT d", "(integer) 5"),
            ("PFMERGE new", "OK"),
            ("PFCOUNT new", "(integer) 0"),
            ("SET s x", "OK"),
            ("PFMERGE d s", "(error) WRONGTYPE Key is not a valid HyperLogLog string value."),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
