//! HINCRBY, HINCRBYFLOAT: numbers in fields.

use crate::base::extended::Extended;
use crate::base::number::{format_i64, parse_i64};
use crate::collections::listpack::Element;
use crate::commands::call::Call;
use crate::commands::collection::{Edit, edit_or_create};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::resp::error::{self, Error};
use crate::types::Hash;

const FLAGS: Flags = Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST);
const KEYS: &[KeySpec] = &[KeySpec::one(1, Access::UPDATE_AND_READ)];

pub static HINCRBY: Command = Command {
    summary: "Adds an integer to the number in a field; a field that is not there counts from zero.",
    arity: 4,
    flags: FLAGS,
    keys: KEYS,
    arguments: &[Argument::key("key"), Argument::string("field"), Argument::integer("increment")],
    run: hincrby,
    elements: Elements::at(2),
    ..Command::new("hincrby", Group::Hash, "2.0.0", "O(1)")
};

pub static HINCRBYFLOAT: Command = Command {
    summary: "Adds a fraction to the number in a field; a field that is not there counts from zero.",
    arity: 4,
    flags: FLAGS,
    keys: KEYS,
    arguments: &[Argument::key("key"), Argument::string("field"), Argument::double("increment")],
    run: hincrbyfloat,
    elements: Elements::at(2),
    ..Command::new("hincrbyfloat", Group::Hash, "2.6.0", "O(1)")
};

const NOT_INTEGER: Error = Error::fixed("ERR hash value is not an integer");
const NOT_FLOAT: Error = Error::fixed("ERR hash value is not a float");
const NO_NUMBER: Error = Error::fixed("ERR value is NaN or Infinity");

fn hincrby(call: &mut Call<'_>) -> Outcome {
    let (key, field, by) = (call.key(1), call.arg(2), call.integer(3)?);
    call.state.expire_fields_named(&key, [field].into_iter());
    let sum = edit_or_create(
        call,
        &key,
        "hincrby",
        |_| Hash::new(),
        |hash: &mut Hash, limits| {
            let old = match hash.get(field) {
                None => Ok(0),
                Some(Element::Int(value)) => Ok(value),
                Some(Element::Bytes(text)) => parse_i64(text).ok_or(NOT_INTEGER),
            };
            let sum = old.and_then(|old| old.checked_add(by).ok_or(error::INCR_OVERFLOW));
            if let Ok(sum) = sum {
                hash.update(field, &format_i64(sum), limits);
            }
            Edit { changes: sum.is_ok() as u64, result: sum }
        },
    )??;
    call.reply.integer(sum);
    Ok(())
}

fn hincrbyfloat(call: &mut Call<'_>) -> Outcome {
    let (key, field) = (call.key(1), call.arg(2));
    let by = Extended::parse(call.arg(3)).ok_or(error::NOT_FLOAT)?;
    if !by.is_finite() {
        return Err(NO_NUMBER);
    }
    call.state.expire_fields_named(&key, [field].into_iter());
    let (sum, expires) = edit_or_create(
        call,
        &key,
        "hincrbyfloat",
        |_| Hash::new(),
        |hash: &mut Hash, limits| {
            let old = match hash.get(field) {
                None => Ok(Extended::ZERO),
                Some(value) => value.with(Extended::parse).ok_or(NOT_FLOAT),
            };
            let sum = old.and_then(|old| old.plus(by).filter(|sum| sum.is_finite()).ok_or(error::NAN_OR_INFINITY));
            let sum = sum.map(Extended::format);
            if let Ok(sum) = &sum {
                hash.update(field, sum, limits);
            }
            let expires = hash.expiry(field).is_some();
            Edit { changes: sum.is_ok() as u64, result: sum.map(|sum| (sum, expires)) }
        },
    )??;
    // The sum itself: another machine's floats might round another way.
    if expires {
        call.record(&[b"HSETEX", key.bytes, b"KEEPTTL", b"FIELDS", b"1", field, &sum]);
    } else {
        call.record(&[b"HSET", key.bytes, field, &sum]);
    }
    call.reply.bulk(&sum);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn sums_within_bounds() {
        let mut server = Server::new();
        for (line, reply) in [
            ("HINCRBY h n 5", "(integer) 5"),
            ("HINCRBY h n 9223372036854775807", "(error) ERR increment or decrement would overflow"),
            ("HINCRBY h n x", "(error) ERR value is not an integer or out of range"),
            ("HINCRBYFLOAT h n 0.5", "\"5.5\""),
            ("HINCRBY h n 1", "(error) ERR hash value is not an integer"),
            ("HSET h t abc", "(integer) 1"),
            ("HINCRBYFLOAT h t 1", "(error) ERR hash value is not a float"),
            ("HINCRBYFLOAT h n inf", "(error) ERR value is NaN or Infinity"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(server.records(), "SELECT 0 | HINCRBY h n 5 | HSET h n 5.5 | HSET h t abc");
    }
}
