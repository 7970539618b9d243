//! What LMPOP, ZMPOP and their waiting forms are told: some keys, an end of what they hold, and how many to take.

use crate::base::number::parse_i64;
use crate::commands::call::count;
use crate::commands::words::{Words, is, one_of};
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};

pub struct Pops<'a> {
    pub keys: Args<'a>,
    /// The first of the two ends that the command names: `LEFT`, `MIN`.
    pub first: bool,
    pub count: usize,
}

impl<'a> Pops<'a> {
    /// Reads the words from the number of keys on, which is at `at`.
    ///
    /// # Errors
    /// A number that is none, or not above zero; no end; an unknown word.
    pub fn parse(args: Args<'a>, at: usize, ends: [&'static str; 2]) -> Result<Pops<'a>, Error> {
        let above_zero = |text: &[u8]| parse_i64(text).filter(|number| *number > 0).and_then(count);
        let keys = above_zero(&args[at]).ok_or(error::NUMKEYS)?;
        let end = keys.saturating_add(at + 1);
        let mut words = Words::new(args, end);
        let first = one_of(words.value()?, &ends)? == ends[0];
        let mut count = None;
        while let Some(word) = words.next() {
            if count.is_some() || !is(word, "COUNT") {
                return Err(error::SYNTAX);
            }
            count = Some(above_zero(words.value()?).ok_or(error::COUNT)?);
        }
        Ok(Pops { keys: args.range(at + 1..end), first, count: count.unwrap_or(1) })
    }
}
