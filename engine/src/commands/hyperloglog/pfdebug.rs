//! PFDEBUG, PFSELFTEST: a look into HyperLogLogs, and a proof that they count.

use alloc::format;

use super::{edit, expect};
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::is;
use crate::keyspace::change::Notify;
use crate::resp::error::{Error, printable};
use crate::types::hyperloglog::{self as hll, Registers};

pub static PFDEBUG: Command = Command {
    summary: "Shows how a HyperLogLog is stored, or makes it dense.",
    arity: 3,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::ADMIN),
    keys: &[KeySpec::one(2, Access::READ_AND_REWRITE)],
    arguments: &[Argument::string("subcommand"), Argument::key("key")],
    run: pfdebug,
    ..Command::new("pfdebug", Group::HyperLogLog, "2.8.9", "O(1), with a large constant")
};

pub static PFSELFTEST: Command = Command {
    summary: "Tests that HyperLogLogs store and count what they should.",
    arity: 1,
    flags: Flags::ADMIN,
    run: pfselftest,
    ..Command::new("pfselftest", Group::HyperLogLog, "2.8.9", "O(1), with a large constant")
};

const NO_KEY: Error = Error::fixed("ERR The specified key does not exist");
const NOT_SPARSE: Error = Error::fixed("ERR HLL encoding is not sparse");

fn pfdebug(call: &mut Call<'_>) -> Outcome {
    let (what, key) = (call.arg(1), call.key(2));
    let bytes = expect(call.state.look_to_write(&key))?.ok_or(NO_KEY)?;
    let is_sparse = hll::is_sparse(&bytes);
    match what {
        _ if is(what, "ENCODING") => call.reply.simple(if is_sparse { "sparse" } else { "dense" }),
        _ if is(what, "DECODE") => {
            let shown = is_sparse.then(|| hll::decode(&bytes)).ok_or(NOT_SPARSE)?;
            call.reply.bulk(shown.as_bytes());
        }
        _ if is(what, "TODENSE") => {
            make_dense(call)?;
            call.reply.integer(i64::from(is_sparse));
        }
        _ if is(what, "GETREG") => {
            let mut registers = Registers::default();
            registers.merge(&bytes)?;
            make_dense(call)?;
            call.reply.array(registers.values().len());
            registers.values().iter().for_each(|&value| call.reply.integer(i64::from(value)));
        }
        _ => return Err(format!("ERR Unknown PFDEBUG subcommand '{}'", printable(what)).into()),
    }
    Ok(())
}

/// # Errors
/// It is corrupted.
fn make_dense(call: &mut Call<'_>) -> Outcome {
    let key = call.key(2);
    let made = edit(call, &key, Notify::default(), "pfdebug", |bytes, _| {
        let made = hll::make_dense(bytes);
        (u64::from(made == Ok(true)), made)
    });
    made?;
    Ok(())
}

/// Elements that are counted in both encodings, and after each power of two of them the two estimates, which must be the
/// same and near enough.
fn pfselftest(call: &mut Call<'_>) -> Outcome {
    const ELEMENTS: u64 = 1 << 16;
    let (mut value, mut dense) = (hll::new(), hll::new());
    hll::make_dense(&mut dense)?;
    let salt = call.state.rng.bits();
    for index in 1..=ELEMENTS {
        let element = (salt ^ index).to_le_bytes();
        hll::add(&mut value, &element, call.state.config.hll_sparse_max_bytes.0)?;
        hll::add(&mut dense, &element, 0)?;
        if !index.is_power_of_two() {
            continue;
        }
        let (estimate, other) = (hll::count(&value)?, hll::count(&dense)?);
        // Six standard errors of 0.81 percent each, and a few that small numbers may be off by.
        let allowed = index / 20 + 4;
        if estimate != other || estimate.abs_diff(index) > allowed {
            return Err(format!("ERR TESTFAILED {index} elements are counted as {estimate} and {other}").into());
        }
    }
    call.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn values_are_shown_and_made_dense() {
        let mut server = Server::new();
        for (line, reply) in [
            ("PFADD h a b c", "(integer) 1"),
            ("PFDEBUG encoding h", "sparse"),
            ("PFDEBUG FOO h", "(error) ERR Unknown PFDEBUG subcommand 'FOO'"),
            ("PFDEBUG ENCODING none", "(error) ERR The specified key does not exist"),
            ("PFDEBUG TODENSE h", "(integer) 1"),
            ("PFDEBUG TODENSE h", "(integer) 0"),
            ("PFDEBUG DECODE h", "(error) ERR HLL encoding is not sparse"),
            ("PFCOUNT h", "(integer) 3"),
            ("PFSELFTEST", "OK"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert!(server.run("PFDEBUG GETREG h").starts_with("    1) (integer) 0\n"));
        assert_eq!(server.records(), "SELECT 0 | PFADD h a b c | PFDEBUG TODENSE h | PFCOUNT h");
    }
}
