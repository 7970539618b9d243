//! LCS: what two strings have in common, in order.

use alloc::vec::Vec;

use super::text::Text;
use crate::commands::call::{Call, count};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::{Words, one_of};
use crate::resp::encode::{Aggregate, Reply};
use crate::resp::error::{self, Error};

pub static LCS: Command = Command {
    summary: "The longest common subsequence of two strings, its length, or where it is.",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec::until(1, 1, 1, Access::READ)],
    arguments: &[
        Argument::key("key1"),
        Argument::key("key2"),
        Argument::word("len", "LEN").optional(),
        Argument::word("idx", "IDX").optional(),
        Argument::integer("min-match-len").token("MINMATCHLEN").optional(),
        Argument::word("withmatchlen", "WITHMATCHLEN").optional(),
    ],
    run: lcs,
    ..Command::new("lcs", Group::String, "7.0.0", "O(N*M) in the lengths of the strings")
};

const TABLE_TOO_LONG: Error =
    Error::fixed("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
const NO_MEMORY: Error = Error::fixed("ERR Insufficient memory, failed allocating transient memory for LCS");

fn lcs(call: &mut Call<'_>) -> Outcome {
    let (mut length_only, mut index, mut minimum, mut with_length) = (false, false, 0, false);
    let first = string(call, 1)?;
    let second = string(call, 2)?;
    let mut words = Words::new(call.args, 3);
    while let Some(word) = words.next() {
        match one_of(word, &["LEN", "IDX", "MINMATCHLEN", "WITHMATCHLEN"])? {
            "LEN" => length_only = true,
            "IDX" => index = true,
            "MINMATCHLEN" => minimum = count(words.integer()?).unwrap_or(0),
            _ => with_length = true,
        }
    }
    if length_only && index {
        return Err(error::LCS_BOTH);
    }
    // Redis always makes the table; here the same limit bounds the time that the length alone takes.
    let table = (first.len() as u64 + 1).saturating_mul(second.len() as u64 + 1).saturating_mul(4);
    if table > call.state.config.proto_max_bulk_len.0 {
        return Err(TABLE_TOO_LONG);
    }
    if length_only {
        call.reply.integer(length(&first, &second) as i64);
        return Ok(());
    }
    let table = Table::new(&first, &second).ok_or(NO_MEMORY)?;
    if index {
        reply_matches(call.reply, &table, minimum, with_length);
    } else {
        let mut common = Vec::with_capacity(table.length());
        table.matches(|at| common.extend(first[at.first..at.first + at.length].iter().rev()));
        common.reverse();
        call.reply.bulk(&common);
    }
    Ok(())
}

/// # Errors
/// The key holds something else.
fn string(call: &mut Call<'_>, argument: usize) -> Result<Vec<u8>, Error> {
    let key = call.key(argument);
    Ok(Text::of_any(call.state.read(&key)).map_err(|_| error::LCS_TYPE)?.to_vec())
}

fn reply_matches(reply: &mut dyn Reply, table: &Table<'_>, minimum: usize, with_length: bool) {
    reply.map(2);
    reply.field("matches");
    let mark = reply.open();
    let mut count = 0;
    table.matches(|at| {
        if at.length < minimum {
            return;
        }
        count += 1;
        reply.array(2 + with_length as usize);
        for start in [at.first, at.second] {
            reply.array(2);
            reply.integer(start as i64);
            reply.integer((start + at.length - 1) as i64);
        }
        if with_length {
            reply.integer(at.length as i64);
        }
    });
    reply.close(mark, Aggregate::Array, count);
    reply.field("len");
    reply.integer(table.length() as i64);
}

/// The length alone, with one row of the table at a time.
fn length(first: &[u8], second: &[u8]) -> usize {
    let mut row = alloc::vec![0; second.len() + 1];
    for &a in first {
        let mut diagonal = 0;
        for (j, &b) in second.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if a == b { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[second.len()]
}

/// For every pair of prefixes, the length of what they have in common.
struct Table<'a> {
    first: &'a [u8],
    second: &'a [u8],
    lengths: Vec<u32>,
}

/// A run that the strings share: where it begins in each, and its length.
struct Match {
    first: usize,
    second: usize,
    length: usize,
}

impl<'a> Table<'a> {
    /// `None` where there is no memory for it.
    fn new(first: &'a [u8], second: &'a [u8]) -> Option<Table<'a>> {
        let width = second.len() + 1;
        let size = (first.len() + 1).checked_mul(width)?;
        let mut lengths = Vec::new();
        lengths.try_reserve_exact(size).ok()?;
        lengths.resize(size, 0);
        for (i, &a) in first.iter().enumerate() {
            for (j, &b) in second.iter().enumerate() {
                let at = (i + 1) * width + j + 1;
                lengths[at] =
                    if a == b { lengths[at - width - 1] + 1 } else { lengths[at - width].max(lengths[at - 1]) };
            }
        }
        Some(Table { first, second, lengths })
    }

    fn length(&self) -> usize {
        self.at(self.first.len(), self.second.len()) as usize
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.lengths[i * (self.second.len() + 1) + j]
    }

    /// Calls `f` with every run, the last one first. Of several longest subsequences it is the one that Redis finds:
    /// where both ways are as good, the second string is shortened.
    fn matches(&self, mut f: impl FnMut(Match)) {
        let (mut i, mut j) = (self.first.len(), self.second.len());
        let mut run = 0;
        while i > 0 && j > 0 {
            if self.first[i - 1] == self.second[j - 1] {
                (i, j, run) = (i - 1, j - 1, run + 1);
                continue;
            }
            if run > 0 {
                f(Match { first: i, second: j, length: run });
                run = 0;
            }
            if self.at(i - 1, j) > self.at(i, j - 1) { i -= 1 } else { j -= 1 }
        }
        if run > 0 {
            f(Match { first: i, second: j, length: run });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::commands::testing::Server;

    #[test]
    fn all_forms_agree() {
        let mut rng = Rng::new(4);
        for _ in 0..200 {
            let mut text = || (0..rng.below(20)).map(|_| b'a' + rng.below(3) as u8).collect::<Vec<u8>>();
            let (first, second) = (text(), text());
            let table = Table::new(&first, &second).unwrap();
            let mut total = 0;
            table.matches(|at| {
                assert_eq!(first[at.first..at.first + at.length], second[at.second..at.second + at.length]);
                total += at.length;
            });
            assert_eq!(total, table.length());
            assert_eq!(total, length(&first, &second));
        }
    }

    #[test]
    fn runs_come_last_first() {
        let mut server = Server::new();
        server.run("MSET a ohmytext b mynewtext");
        assert_eq!(server.run("LCS a b"), "\"mytext\"");
        assert_eq!(server.run("LCS a b LEN"), "(integer) 6");
        assert_eq!(
            server.run("LCS a b LEN IDX"),
            "(error) ERR If you want both the length and indexes, please just use IDX."
        );
        assert_eq!(
            server.run("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"),
            "1) \"matches\"\n2) 1) 1) 1) (integer) 4\n         2) (integer) 7\n      2) 1) (integer) 5\n         2) (integer) 8\n      3) (integer) 4\n3) \"len\"\n4) (integer) 6"
        );
    }
}
