//! BF.RESERVE, BF.INSERT: filters made as one wants them.

use super::add::add;
use super::{create, defaults, number, write};
use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Argument, Command, Outcome};
use crate::commands::words::{Words, is, one_of};
use crate::config::Fraction;
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::types::Bloom;
use crate::types::bloom::{Full, Properties};

pub static RESERVE: Command = Command {
    summary: "Makes a Bloom filter for so many items, at a rate of false positives.",
    arity: -4,
    arguments: &[
        Argument::key("key"),
        Argument::double("error_rate"),
        Argument::integer("capacity"),
        Argument::integer("expansion").token("EXPANSION").optional(),
        Argument::word("nonscaling", "NONSCALING").optional(),
    ],
    run: reserve,
    ..write("bf.reserve", "O(1)")
};

pub static INSERT: Command = Command {
    summary: "Adds items to a Bloom filter, which is made as the options say where there is none.",
    arity: -2,
    arguments: &[
        Argument::key("key"),
        Argument::integer("capacity").token("CAPACITY").optional(),
        Argument::double("error").token("ERROR").optional(),
        Argument::integer("expansion").token("EXPANSION").optional(),
        Argument::string("seed").token("SEED").optional(),
        Argument::double("tightening").token("TIGHTENING").optional(),
        Argument::integer("validatescaleto").token("VALIDATESCALETO").optional(),
        Argument::word("nonscaling", "NONSCALING").optional(),
        Argument::word("nocreate", "NOCREATE").optional(),
        Argument::string("value").token("ITEMS").optional().multiple(),
    ],
    run: insert,
    ..write("bf.insert", "O(N*K): K items, N hashes of the filter")
};

const NO_RATE: Error = Error::fixed("ERR bad error rate");
const RATE_RANGE: Error = Error::fixed("ERR (0 < error rate range < 1)");
const NO_RATIO: Error = Error::fixed("ERR bad tightening ratio");
const RATIO_RANGE: Error = Error::fixed("ERR (0 < tightening ratio range < 1)");
const NO_CAPACITY: Error = Error::fixed("ERR bad capacity");
const CAPACITY_RANGE: Error = Error::fixed("ERR (capacity should be larger than 0)");
const NO_EXPANSION: Error = Error::fixed("ERR bad expansion");
const NO_SEED: Error = Error::fixed("ERR invalid seed");
const EXISTS: Error = Error::fixed("ERR item exists");
const UNKNOWN: Error = Error::fixed("ERR unknown argument received");
const NONSCALING_SCALE: Error = Error::fixed("ERR cannot use NONSCALING and VALIDATESCALETO options together");
const SCALE_TOO_LARGE: Error = Error::fixed("ERR provided VALIDATESCALETO causes bloom object to exceed memory limit");
const SCALE_NO_ERROR: Error = Error::fixed("ERR provided VALIDATESCALETO causes false positive to degrade to 0");
/// What the module says of words of BF.RESERVE that it does not know.
const NO_OPTION: Error = Error::fixed("ERROR");

fn rate(text: &[u8]) -> Result<f64, Error> {
    Fraction::parse(text, NO_RATE, RATE_RANGE)
}

fn capacity(text: &[u8]) -> Result<u64, Error> {
    match number::<i64>(text) {
        Some(0) => Err(CAPACITY_RANGE),
        Some(capacity @ 1..) => Ok(capacity as u64),
        _ => Err(NO_CAPACITY),
    }
}

fn expansion(text: &[u8]) -> Result<u32, Error> {
    number(text).filter(|&expansion| expansion > 0).ok_or(NO_EXPANSION)
}

fn reserve(call: &mut Call<'_>) -> Outcome {
    let mut properties = defaults(call);
    properties.error = rate(call.arg(2))?;
    properties.capacity = capacity(call.arg(3))?;
    match (call.args.get(4), call.args.get(5)) {
        _ if call.args.len() > 6 => return Err(error::wrong_arity(call.command.full_name)),
        (None, _) => {}
        (Some(word), None) if is(word, "NONSCALING") => properties.expansion = 0,
        (Some(word), Some(times)) if is(word, "EXPANSION") => properties.expansion = expansion(times)?,
        _ => return Err(NO_OPTION),
    }
    let key = call.key(1);
    if expect::<Bloom>(call.state.look_to_write(&key))?.is_some() {
        return Err(EXISTS);
    }
    let bloom = Bloom::new(properties, call.state.config.bloom_memory_usage_limit.0)?;
    create(call, &key, bloom, Args::default(), 0);
    call.reply.ok();
    Ok(())
}

fn insert(call: &mut Call<'_>) -> Outcome {
    let mut properties = defaults(call);
    let (mut may_create, mut scale_to, mut items) = (true, None, Args::default());
    let mut words = Words::new(call.args, 2);
    let wrong_arity = || error::wrong_arity(call.command.full_name);
    while let Some(word) = words.next() {
        const OPTIONS: &[&str] = &[
            "ERROR",
            "TIGHTENING",
            "CAPACITY",
            "SEED",
            "NOCREATE",
            "NONSCALING",
            "EXPANSION",
            "VALIDATESCALETO",
            "ITEMS",
        ];
        match one_of(word, OPTIONS).map_err(|_| UNKNOWN)? {
            "NOCREATE" => may_create = false,
            "NONSCALING" => properties.expansion = 0,
            "ITEMS" => {
                items = call.args.from(call.args.len() - Iterator::count(words));
                if items.is_empty() {
                    return Err(wrong_arity());
                }
                break;
            }
            option => {
                let value = words.next().ok_or_else(wrong_arity)?;
                match option {
                    "ERROR" => properties.error = rate(value)?,
                    "TIGHTENING" => properties.tightening = Fraction::parse(value, NO_RATIO, RATIO_RANGE)?,
                    "CAPACITY" => properties.capacity = capacity(value)?,
                    "SEED" => properties.seed = value.try_into().map_err(|_| NO_SEED)?,
                    "EXPANSION" => properties.expansion = expansion(value)?,
                    _ => scale_to = Some(capacity(value)?),
                }
            }
        }
    }
    if let Some(scale_to) = scale_to {
        check_scale(&properties, scale_to, call.state.config.bloom_memory_usage_limit.0)?;
    }
    add(call, items, may_create.then_some(properties))?.reply(call.reply);
    Ok(())
}

/// Whether a filter with these properties could ever hold so many items.
fn check_scale(properties: &Properties, scale_to: u64, limit: u64) -> Result<(), Error> {
    if properties.expansion == 0 {
        return Err(NONSCALING_SCALE);
    }
    match properties.scaled_capacity(scale_to, limit) {
        Ok(_) => Ok(()),
        Err((_, Full::TooLarge)) => Err(SCALE_TOO_LARGE),
        Err((_, Full::NoError)) => Err(SCALE_NO_ERROR),
        Err((_, other)) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn options_make_the_filter() {
        let mut server = Server::new();
        for (line, reply) in [
            ("BF.RESERVE b 0.001 1000", "OK"),
            ("BF.RESERVE b 0.001 1000", "(error) ERR item exists"),
            ("BF.RESERVE c 2 1000", "(error) ERR (0 < error rate range < 1)"),
            ("BF.RESERVE c x 1000", "(error) ERR bad error rate"),
            ("BF.RESERVE c 0.1 0", "(error) ERR (capacity should be larger than 0)"),
            ("BF.RESERVE c 0.1 -1", "(error) ERR bad capacity"),
            ("BF.RESERVE c 0.1 9223372036854775807", "(error) ERR operation exceeds bloom object memory limit"),
            ("BF.RESERVE c 0.1 1 EXPANSION 0", "(error) ERR bad expansion"),
            ("BF.RESERVE c 0.1 1 FOO", "(error) ERROR"),
            (
                "BF.RESERVE c 0.1 1 EXPANSION 2 NONSCALING",
                "(error) ERR wrong number of arguments for 'bf.reserve' command",
            ),
            ("BF.INSERT c NOCREATE ITEMS a", "(error) ERR not found"),
            (
                "BF.INSERT c CAPACITY 5 ERROR 0.1 EXPANSION 4 ITEMS a b a",
                "1) (integer) 1\n2) (integer) 1\n3) (integer) 0",
            ),
            ("BF.INFO c EXPANSION", "(integer) 4"),
            ("BF.INFO c CAPACITY", "(integer) 5"),
            ("BF.INSERT d NONSCALING", "(empty array)"),
            ("BF.CARD d", "(integer) 0"),
            ("BF.INSERT c ITEMS", "(error) ERR wrong number of arguments for 'bf.insert' command"),
            ("BF.INSERT c FOO", "(error) ERR unknown argument received"),
            ("BF.INSERT c SEED short ITEMS x", "(error) ERR invalid seed"),
            ("BF.INSERT c TIGHTENING 1 ITEMS x", "(error) ERR (0 < tightening ratio range < 1)"),
            (
                "BF.INSERT e NONSCALING VALIDATESCALETO 10",
                "(error) ERR cannot use NONSCALING and VALIDATESCALETO options together",
            ),
            (
                "BF.INSERT e VALIDATESCALETO 1000000000000",
                "(error) ERR provided VALIDATESCALETO causes bloom object to exceed memory limit",
            ),
            (
                "BF.INSERT e CAPACITY 1 EXPANSION 1 VALIDATESCALETO 100000",
                "(error) ERR provided VALIDATESCALETO causes false positive to degrade to 0",
            ),
            ("EXISTS e", "(integer) 0"),
            ("BF.INSERT e VALIDATESCALETO 1000", "(empty array)"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
