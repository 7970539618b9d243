//! INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT: numbers.

use super::text::Text;
use crate::base::extended::Extended;
use crate::base::number::parse_i64;
use crate::commands::call::Call;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::change::Notify;
use crate::keyspace::{Entry, Value, ValueRef};
use crate::resp::error;

const fn counter(name: &'static str, since: &'static str) -> Command {
    Command {
        flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::UPDATE_AND_READ)] },
        ..Command::new(name, Group::String, since, "O(1)")
    }
}

pub static INCR: Command = Command {
    summary: "Adds one to a number; a key that is not there counts from zero.",
    arity: 2,
    arguments: &[Argument::key("key")],
    run: |call| increment(call, 1),
    ..counter("incr", "1.0.0")
};

pub static DECR: Command = Command {
    summary: "Takes one from a number; a key that is not there counts from zero.",
    arity: 2,
    arguments: &[Argument::key("key")],
    run: |call| increment(call, -1),
    ..counter("decr", "1.0.0")
};

pub static INCRBY: Command = Command {
    summary: "Adds an integer to a number; a key that is not there counts from zero.",
    arity: 3,
    arguments: &[Argument::key("key"), Argument::integer("increment")],
    run: |call| {
        let by = call.integer(2)?;
        increment(call, by)
    },
    ..counter("incrby", "1.0.0")
};

pub static DECRBY: Command = Command {
    summary: "Takes an integer from a number; a key that is not there counts from zero.",
    arity: 3,
    arguments: &[Argument::key("key"), Argument::integer("decrement")],
    run: |call| {
        let by = call.integer(2)?.checked_neg().ok_or(error::DECR_OVERFLOW)?;
        increment(call, by)
    },
    ..counter("decrby", "1.0.0")
};

pub static INCRBYFLOAT: Command = Command {
    summary: "Adds a fraction to a number; a key that is not there counts from zero.",
    arity: 3,
    arguments: &[Argument::key("key"), Argument::double("increment")],
    run: increment_by_float,
    ..counter("incrbyfloat", "2.6.0")
};

fn increment(call: &mut Call<'_>, by: i64) -> Outcome {
    let key = call.key(1);
    let value = match call.state.look_to_write(&key).map(Entry::value) {
        None => 0,
        Some(ValueRef::Int(value)) => value,
        Some(ValueRef::Bytes(text)) => parse_i64(text).ok_or(error::NOT_INTEGER)?,
        Some(_) => return Err(error::WRONG_TYPE),
    };
    let value = value.checked_add(by).ok_or(error::INCR_OVERFLOW)?;
    call.announce_new(&key);
    let mark = call.state.mark();
    call.db().update_int(&key, value).written(mark);
    call.changed(key.bytes, Notify::STRING, "incrby");
    call.reply.integer(value);
    Ok(())
}

fn increment_by_float(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let value = match call.state.look_to_write(&key) {
        None => Extended::ZERO,
        Some(entry) => Extended::parse(&Text::of(entry)?).ok_or(error::NOT_FLOAT)?,
    };
    let by = Extended::parse(call.arg(2)).ok_or(error::NOT_FLOAT)?;
    let sum = value.plus(by).filter(|sum| sum.is_finite()).ok_or(error::NAN_OR_INFINITY)?.format();
    call.announce_new(&key);
    let mark = call.state.mark();
    call.db().set_value(&key, Value::Bytes(sum.clone())).written(mark);
    call.changed(key.bytes, Notify::STRING, "incrbyfloat");
    // The sum itself: another machine's floats might round another way.
    call.record(&[b"SET", key.bytes, &sum, b"KEEPTTL"]);
    call.reply.bulk(&sum);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn counters_count_within_64_bits() {
        let mut server = Server::new();
        for (line, reply) in [
            ("INCR n", "(integer) 1"),
            ("INCRBY n 9223372036854775806", "(integer) 9223372036854775807"),
            ("INCR n", "(error) ERR increment or decrement would overflow"),
            ("DECRBY n -9223372036854775808", "(error) ERR decrement would overflow"),
            ("DECR n", "(integer) 9223372036854775806"),
            ("INCRBY n 1.5", "(error) ERR value is not an integer or out of range"),
            ("SET n \" 1\"", "OK"),
            ("INCR n", "(error) ERR value is not an integer or out of range"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn a_float_sum_is_recorded_and_an_expiry_stays() {
        let mut server = Server::new();
        server.run("SET n 10.5 PXAT 9999999999999");
        assert_eq!(server.run("INCRBYFLOAT n 0.1"), "\"10.6\"");
        assert_eq!(server.run("PEXPIRETIME n"), "(integer) 9999999999999");
        assert_eq!(server.run("INCRBYFLOAT n inf"), "(error) ERR increment would produce NaN or Infinity");
        assert_eq!(server.run("INCRBYFLOAT n x"), "(error) ERR value is not a valid float");
        assert!(server.records().ends_with("| SET n 10.6 KEEPTTL"));
    }
}
