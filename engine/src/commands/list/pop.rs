//! LPOP, RPOP: elements taken from an end.

use crate::base::number::parse_i64;
use crate::commands::call::{Call, count};
use crate::commands::collection::{Edit, edit, expect};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::keyspace::Key;
use crate::resp::decode::OwnedArgs;
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};
use crate::types::List;
use crate::types::list::End;

pub static LPOP: Command =
    Command { summary: "Takes elements from the head of a list.", run: |call| pop(call, End::Head), ..removal("lpop") };

pub static RPOP: Command =
    Command { summary: "Takes elements from the tail of a list.", run: |call| pop(call, End::Tail), ..removal("rpop") };

const fn removal(name: &'static str) -> Command {
    Command {
        arity: -2,
        flags: Flags::WRITE.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::READ_AND_DELETE)] },
        arguments: const { &[Argument::key("key"), Argument::integer("count").optional().since("6.2.0")] },
        ..Command::new(name, Group::List, "1.0.0", "O(N) in the elements taken")
    }
}

fn pop(call: &mut Call<'_>, end: End) -> Outcome {
    if call.args.len() > 3 {
        return Err(error::wrong_arity(call.command.name));
    }
    let count = match call.args.get(2) {
        None => None,
        Some(asked) => Some(parse_i64(asked).and_then(count).ok_or(error::NOT_POSITIVE)?),
    };
    let key = call.key(1);
    if count == Some(0) {
        match expect::<List>(call.state.look_to_write(&key))? {
            Some(_) => call.reply.array(0),
            None => call.reply.null_array(),
        }
        return Ok(());
    }
    let taken = take(call, &key, end, count.unwrap_or(1))?;
    match count {
        None => call.reply.bulk_or_null(taken.as_args().get(0)),
        // A list that is there has an element.
        Some(_) if taken.as_args().is_empty() => call.reply.null_array(),
        Some(_) => reply_taken(call.reply, &taken),
    }
    Ok(())
}

/// Takes up to so many elements from an end of a list, one after another.
///
/// # Errors
/// The key holds a value of another type.
pub fn take(call: &mut Call<'_>, key: &Key<'_>, end: End, count: usize) -> Result<OwnedArgs, Error> {
    let taken = edit(call, key, popped(end), |list: &mut List, limits| {
        let mut taken = OwnedArgs::default();
        while taken.as_args().len() < count && list.pop(end, limits, |text| taken.push(text)).is_some() {}
        Edit { changes: taken.as_args().len() as u64, result: taken }
    })?;
    Ok(taken.unwrap_or_default())
}

/// What Redis calls it when an element was taken from this end.
pub fn popped(end: End) -> &'static str {
    if end == End::Head { "lpop" } else { "rpop" }
}

pub fn reply_taken(reply: &mut dyn Reply, taken: &OwnedArgs) {
    reply.array(taken.as_args().len());
    taken.as_args().iter().for_each(|text| reply.bulk(text));
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn one_is_a_value_and_a_count_is_a_list() {
        let mut server = Server::new();
        server.run("RPUSH l a b c d");
        for (line, reply) in [
            ("LPOP l", "\"a\""),
            ("RPOP l 1", "1) \"d\""),
            ("LPOP l 0", "(empty array)"),
            ("LPOP none 0", "(nil)"),
            ("LPOP l -1", "(error) ERR value is out of range, must be positive"),
            ("LPOP l 1 2", "(error) ERR wrong number of arguments for 'lpop' command"),
            ("RPOP l 9", "1) \"c\"\n2) \"b\""),
            ("RPOP l", "(nil)"),
            ("EXISTS l", "(integer) 0"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
