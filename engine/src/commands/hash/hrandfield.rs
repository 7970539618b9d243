//! HRANDFIELD: fields by chance.

use crate::base::number::parse_i64;
use crate::commands::call::{Call, count};
use crate::commands::collection::{expect, reply_element};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::is;
use crate::resp::encode::{Protocol, Reply};
use crate::resp::error::{self, Error};
use crate::types::Hash;
use crate::types::hash::Field;

pub static HRANDFIELD: Command = Command {
    summary: "A field of a hash by chance, or several: different ones, or for a negative number any.",
    arity: -2,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::block(
            "options",
            &[Argument::integer("count"), Argument::word("withvalues", "WITHVALUES").optional()],
        )
        .optional(),
    ],
    tips: &["nondeterministic_output"],
    run: hrandfield,
    ..Command::new("hrandfield", Group::Hash, "6.2.0", "O(N) in the fields answered")
};

const OUT_OF_RANGE: Error =
    Error::fixed("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
const TOO_MANY: Error = Error::fixed("ERR value is out of range");
/// The most that are answered with repetitions: a reply has to fit into memory.
const MOST_REPEATED: usize = 1 << 24;

fn hrandfield(call: &mut Call<'_>) -> Outcome {
    let Some(text) = call.args.get(2) else { return one(call) };
    let asked = parse_i64(text).ok_or(error::NOT_INTEGER)?;
    if asked == i64::MIN {
        return Err(OUT_OF_RANGE);
    }
    let with_values = match call.args.get(3) {
        None => false,
        Some(word) if call.args.len() == 4 && is(word, "WITHVALUES") => true,
        Some(_) => return call.syntax(),
    };
    if with_values && asked.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(TOO_MANY);
    }
    several(call, asked, with_values)
}

fn one(call: &mut Call<'_>) -> Outcome {
    let (key, now, mut rng) = (call.key(1), call.state.now, call.state.rng.fork());
    let hash = expect::<Hash>(call.state.read(&key))?;
    match hash.and_then(|hash| hash.at(now).random(&mut rng)) {
        Some(field) => reply_element(call.reply, field.name),
        None => call.reply.null(),
    }
    Ok(())
}

fn several(call: &mut Call<'_>, asked: i64, with_values: bool) -> Outcome {
    let (key, now, mut rng) = (call.key(1), call.state.now, call.state.rng.fork());
    let Some(hash) = expect::<Hash>(call.state.read(&key))?.map(|hash| hash.at(now)) else {
        call.reply.array(0);
        return Ok(());
    };
    if let Some(count) = count(asked) {
        let fields = hash.distinct(count, &mut rng);
        begin(call.reply, fields.len(), with_values);
        fields.iter().for_each(|field| reply_field(call.reply, field, with_values));
        return Ok(());
    }
    let count = count(-asked).filter(|&count| count <= MOST_REPEATED).ok_or(TOO_MANY)?;
    let count = if hash.is_empty() { 0 } else { count };
    begin(call.reply, count, with_values);
    for _ in 0..count {
        let field = hash.random(&mut rng).expect("a hash that is not empty has a field");
        reply_field(call.reply, &field, with_values);
    }
    Ok(())
}

/// RESP3 answers pairs, RESP2 one after the other.
fn begin(reply: &mut dyn Reply, fields: usize, with_values: bool) {
    let flat = with_values && reply.protocol() == Protocol::Resp2;
    reply.array(if flat { fields * 2 } else { fields });
}

fn reply_field(reply: &mut dyn Reply, field: &Field<'_>, with_values: bool) {
    if with_values && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    reply_element(reply, field.name);
    if with_values {
        reply_element(reply, field.value);
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::collections::BTreeMap;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    /// How often each field was answered.
    fn tally(server: &mut Server, line: &str) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for _ in 0..3000 {
            let reply = server.run(line);
            reply.split('"').skip(1).step_by(2).for_each(|name| *counts.entry(name.into()).or_default() += 1);
        }
        counts
    }

    #[test]
    fn every_living_field_is_as_likely_as_any_other() {
        for encoding in ["listpack", "hashtable"] {
            let mut server = Server::new();
            server.run("HSET h a 1 b 2 c 3 d 4 x 5 y 6");
            if encoding == "hashtable" {
                server.run("HPEXPIRE h 5 FIELDS 2 x y");
                server.advance(5);
            } else {
                server.run("HDEL h x y");
            }
            assert_eq!(server.run("OBJECT ENCODING h"), format!("\"{encoding}\""));
            for (line, expected) in [("HRANDFIELD h", 750), ("HRANDFIELD h 2", 1500), ("HRANDFIELD h -2", 1500)] {
                let counts = tally(&mut server, line);
                assert_eq!(counts.keys().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "c", "d"], "{line}");
                assert!(
                    counts.values().all(|&count| u32::abs_diff(count, expected) < expected / 5),
                    "{line} {counts:?}"
                );
            }
            assert_eq!(tally(&mut server, "HRANDFIELD h 9").len(), 4);
        }
    }

    #[test]
    fn counts_have_bounds() {
        let mut server = Server::new();
        server.run("HSET h a 1");
        for (line, reply) in [
            ("HRANDFIELD none", "(nil)"),
            ("HRANDFIELD none 3", "(empty array)"),
            ("HRANDFIELD h 0", "(empty array)"),
            ("HRANDFIELD h -2 WITHVALUES", "1) \"a\"\n2) \"1\"\n3) \"a\"\n4) \"1\""),
            ("HRANDFIELD h 9223372036854775807", "1) \"a\""),
            ("HRANDFIELD h 9223372036854775807 WITHVALUES", "(error) ERR value is out of range"),
            ("HRANDFIELD h -9223372036854775807", "(error) ERR value is out of range"),
            ("HRANDFIELD h 1 FOO", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
