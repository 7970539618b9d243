//! LPOS: where elements are that are equal to one.

use crate::base::number::parse_i64;
use crate::commands::call::{Call, count, symmetric};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::{Words, is};
use crate::resp::error::{self, Error};
use crate::types::List;
use crate::types::list::Search;

pub static LPOS: Command = Command {
    summary: "The positions of elements that are equal to one.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[
        Argument::key("key"),
        Argument::string("element"),
        Argument::integer("rank").token("RANK").optional(),
        Argument::integer("num-matches").token("COUNT").optional(),
        Argument::integer("len").token("MAXLEN").optional(),
    ],
    run: lpos,
    ..Command::new("lpos", Group::List, "6.0.6", "O(N) in the elements looked at")
};

const RANK_ZERO: Error = Error::fixed(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
);
const COUNT_NEGATIVE: Error = Error::fixed("ERR COUNT can't be negative");
const MAXLEN_NEGATIVE: Error = Error::fixed("ERR MAXLEN can't be negative");

fn lpos(call: &mut Call<'_>) -> Outcome {
    let (mut rank, mut asked, mut max_len) = (1, None, 0);
    let mut words = Words::new(call.args, 3);
    let size = |text: &[u8], refusal| parse_i64(text).and_then(count).ok_or(refusal);
    while let Some(word) = words.next() {
        let value = words.value()?;
        match word {
            _ if is(word, "RANK") => {
                rank = match symmetric(value)? {
                    0 => return Err(RANK_ZERO),
                    rank => rank,
                }
            }
            _ if is(word, "COUNT") => asked = Some(size(value, COUNT_NEGATIVE)?),
            _ if is(word, "MAXLEN") => max_len = size(value, MAXLEN_NEGATIVE)?,
            _ => return Err(error::SYNTAX),
        }
    }
    let key = call.key(1);
    let search = Search { rank, count: asked.unwrap_or(1), max_len };
    let text = call.arg(2);
    let found = expect::<List>(call.state.read(&key))?.map(|list| list.positions(text, search)).unwrap_or_default();
    match (asked, found.first()) {
        (Some(_), _) => {
            call.reply.array(found.len());
            found.iter().for_each(|&position| call.reply.integer(position as i64));
        }
        (None, Some(&position)) => call.reply.integer(position as i64),
        (None, None) => call.reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    #[test]
    fn equal_elements_are_found_from_either_end() {
        let mut server = Server::new();
        server.run("RPUSH l a b c b b");
        for (line, reply) in [
            ("LPOS l b", "(integer) 1"),
            ("LPOS l b RANK -1", "(integer) 4"),
            ("LPOS l b RANK 2 COUNT 0", "1) (integer) 3\n2) (integer) 4"),
            ("LPOS l b RANK -2 COUNT 9", "1) (integer) 3\n2) (integer) 1"),
            ("LPOS l b COUNT 0 MAXLEN 2", "1) (integer) 1"),
            ("LPOS l none", "(nil)"),
            ("LPOS l none COUNT 1", "(empty array)"),
            ("LPOS none b", "(nil)"),
            ("LPOS l b COUNT x", "(error) ERR COUNT can't be negative"),
            ("LPOS l b RANK", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }
}
