//! LPOP, RPOP: elements taken from an end.

use crate::base::number::parse_i64;
use crate::commands::call::{Call, count};
use crate::commands::collection::{Edit, edit, expect};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::resp::decode::OwnedArgs;
use crate::resp::error;
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
    let what = if end == End::Head { "lpop" } else { "rpop" };
    let taken = edit(call, &key, what, |list: &mut List, limits| {
        let mut taken = OwnedArgs::default();
        while taken.as_args().len() < count.unwrap_or(1) && list.pop(end, limits, |text| taken.push(text)).is_some() {}
        Edit { changes: taken.as_args().len() as u64, result: taken }
    })?;
    match (taken, count) {
        (None, None) => call.reply.null(),
        (None, Some(_)) => call.reply.null_array(),
        (Some(taken), None) => call.reply.bulk_or_null(taken.as_args().get(0)),
        (Some(taken), Some(_)) => {
            call.reply.array(taken.as_args().len());
            taken.as_args().iter().for_each(|text| call.reply.bulk(text));
        }
    }
    Ok(())
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
