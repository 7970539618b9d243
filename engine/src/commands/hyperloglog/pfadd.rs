//! PFADD: elements to be counted.

use super::{edit, expect};
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;
use crate::types::hyperloglog::{self as hll, Corrupted};

pub static PFADD: Command = Command {
    summary: "Adds elements to a HyperLogLog, and says whether that changed its estimate.",
    arity: -2,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::INSERT)],
    arguments: &[Argument::key("key"), Argument::string("element").optional().multiple()],
    run: pfadd,
    ..Command::new("pfadd", Group::HyperLogLog, "2.8.9", "O(1) for each element")
};

fn pfadd(call: &mut Call<'_>) -> Outcome {
    let (key, elements) = (call.key(1), call.args.from(2));
    expect(call.state.look_to_write(&key))?;
    let limit = call.state.config.hll_sparse_max_bytes.0;
    let changed = edit(call, &key, Notify::STRING, "pfadd", |bytes, is_new| {
        let mut changes = u64::from(is_new);
        let all_added = elements.iter().try_for_each(|element| -> Result<(), Corrupted> {
            changes += u64::from(hll::add(bytes, element, limit)?);
            Ok(())
        });
        if changes > 0 {
            hll::forget_cached(bytes);
        }
        (changes, all_added.map(|()| changes > 0))
    })?;
    call.reply.integer(i64::from(changed));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn what_changes_nothing_is_not_recorded() {
        let mut server = Server::new();
        for (line, reply) in [
            ("PFADD h", "(integer) 1"),
            ("GET h", "\"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff\""),
            ("PFADD h", "(integer) 0"),
            ("PFADD h a b c", "(integer) 1"),
            ("PFADD h a", "(integer) 0"),
            ("PFDEBUG DECODE h", "\"Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603\""),
            ("SET s abc", "OK"),
            ("PFADD s a", "(error) WRONGTYPE Key is not a valid HyperLogLog string value."),
            ("SET n 12", "OK"),
            ("PFADD n a", "(error) WRONGTYPE Key is not a valid HyperLogLog string value."),
            ("RPUSH l a", "(integer) 1"),
            ("PFADD l a", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(server.records(), "SELECT 0 | PFADD h | PFADD h a b c | SET s abc | SET n 12 | RPUSH l a");
    }

    #[test]
    fn what_is_not_covered_by_runs_is_corrupted() {
        let mut server = Server::new();
        server.run("SET c \"HYLL\\x01\\x00\\x00\\x00\\x05\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"");
        for (line, reply) in [
            ("PFCOUNT c", "(integer) 5"),
            ("PFADD c", "(integer) 0"),
            ("PFADD c a", "(error) INVALIDOBJ Corrupted HLL object detected"),
            ("PFCOUNT c c", "(error) INVALIDOBJ Corrupted HLL object detected"),
            ("PFMERGE d c", "(error) INVALIDOBJ Corrupted HLL object detected"),
            ("EXISTS d", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
