//! HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HEXISTS, HSTRLEN: fields as they are. Those that have expired are not there.

use crate::collections::listpack::Element;
use crate::commands::call::Call;
use crate::commands::collection::{expect, reply_element, reply_element_or_null};
use crate::commands::declaration::{Access, Argument, Command, Elements, Flags, Group, KeySpec, Outcome};
use crate::resp::encode::Reply;
use crate::types::Hash;
use crate::types::hash::Living;

const READ: &[KeySpec] = &[KeySpec::one(1, Access::READ)];
const LOOK: &[KeySpec] = &[KeySpec::one(1, Access::LOOK)];
const KEY_AND_FIELD: &[Argument] = &[Argument::key("key"), Argument::string("field")];

pub static HGET: Command = Command {
    summary: "The value of a field.",
    arguments: KEY_AND_FIELD,
    run: |call| with_field(call, reply_element_or_null),
    elements: Elements::at(2),
    ..quick("hget", 3, "2.0.0", READ)
};

pub static HMGET: Command = Command {
    summary: "The values of several fields, null for each that is not there.",
    arguments: &[Argument::key("key"), Argument::string("field").multiple()],
    run: hmget,
    complexity: "O(N) in the fields",
    elements: Elements::from(2),
    ..quick("hmget", -3, "2.0.0", READ)
};

pub static HEXISTS: Command = Command {
    summary: "Whether there is such a field.",
    arguments: KEY_AND_FIELD,
    run: |call| with_field(call, |reply, value| reply.integer(value.is_some() as i64)),
    elements: Elements::at(2),
    ..quick("hexists", 3, "2.0.0", LOOK)
};

pub static HSTRLEN: Command = Command {
    summary: "The length of a field's value in bytes; zero without such a field.",
    arguments: KEY_AND_FIELD,
    run: |call| with_field(call, |reply, value| reply.integer(value.map_or(0, |value| value.with(<[u8]>::len)) as i64)),
    elements: Elements::at(2),
    ..quick("hstrlen", 3, "3.2.0", LOOK)
};

pub static HLEN: Command = Command {
    summary: "How many fields there are; one that has expired counts until it is removed.",
    arguments: &[Argument::key("key")],
    run: hlen,
    ..quick("hlen", 2, "2.0.0", LOOK)
};

pub static HGETALL: Command = Command {
    summary: "All fields with their values.",
    run: |call| {
        let (key, now) = (call.key(1), call.state.now);
        let hash = expect::<Hash>(call.state.read(&key))?.map(|hash| hash.at(now));
        call.reply.map(hash.map_or(0, Living::len));
        for field in hash.into_iter().flat_map(Living::iter) {
            reply_element(call.reply, field.name);
            reply_element(call.reply, field.value);
        }
        Ok(())
    },
    ..whole("hgetall")
};

pub static HKEYS: Command =
    Command { summary: "All fields, without their values.", run: |call| each(call, |name, _| name), ..whole("hkeys") };

pub static HVALS: Command =
    Command { summary: "The values of all fields.", run: |call| each(call, |_, value| value), ..whole("hvals") };

const fn quick(name: &'static str, arity: i32, since: &'static str, keys: &'static [KeySpec]) -> Command {
    Command { arity, flags: Flags::READONLY.and(Flags::FAST), keys, ..Command::new(name, Group::Hash, since, "O(1)") }
}

const fn whole(name: &'static str) -> Command {
    Command {
        arity: 2,
        flags: Flags::READONLY,
        keys: READ,
        arguments: const { &[Argument::key("key")] },
        tips: &["nondeterministic_output_order"],
        ..Command::new(name, Group::Hash, "2.0.0", "O(N) in the fields of the hash")
    }
}

/// Answers what `answer` makes of one field's value.
fn with_field(call: &mut Call<'_>, answer: fn(&mut dyn Reply, Option<Element<'_>>)) -> Outcome {
    let (key, name, now) = (call.key(1), call.arg(2), call.state.now);
    let value = expect::<Hash>(call.state.read(&key))?.and_then(|hash| hash.at(now).get(name));
    answer(call.reply, value);
    Ok(())
}

fn hmget(call: &mut Call<'_>) -> Outcome {
    let (key, now) = (call.key(1), call.state.now);
    let hash = expect::<Hash>(call.state.read(&key))?.map(|hash| hash.at(now));
    call.reply.array(call.args.len() - 2);
    for name in call.args.from(2).iter() {
        reply_element_or_null(call.reply, hash.and_then(|hash| hash.get(name)));
    }
    Ok(())
}

fn hlen(call: &mut Call<'_>) -> Outcome {
    let key = call.key(1);
    let length = expect(call.state.read(&key))?.map_or(0, Hash::len);
    call.reply.integer(length as i64);
    Ok(())
}

/// Answers one element of every field.
fn each(call: &mut Call<'_>, which: for<'e> fn(Element<'e>, Element<'e>) -> Element<'e>) -> Outcome {
    let (key, now) = (call.key(1), call.state.now);
    let hash = expect::<Hash>(call.state.read(&key))?.map(|hash| hash.at(now));
    call.reply.array(hash.map_or(0, Living::len));
    for field in hash.into_iter().flat_map(Living::iter) {
        reply_element(call.reply, which(field.name, field.value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn fields_that_are_not_there() {
        let mut server = Server::new();
        server.run("HSET h a 1");
        for (line, reply) in [
            ("HGET h a", "\"1\""),
            ("HGET h b", "(nil)"),
            ("HGET none b", "(nil)"),
            ("HGETALL h", "1) \"a\"\n2) \"1\""),
            ("HGETALL none", "(empty array)"),
            ("HKEYS h", "1) \"a\""),
            ("HVALS h", "1) \"1\""),
            ("HLEN none", "(integer) 0"),
            ("HEXISTS h a", "(integer) 1"),
            ("HSTRLEN h a", "(integer) 1"),
            ("HSTRLEN h b", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
