//! What SCAN and the scans of collections share: cursor, MATCH and COUNT, and how much one call does.

use alloc::vec::Vec;

use crate::base::glob;
use crate::base::number::{format_u64, parse_u64};
use crate::collections::listpack::Element;
use crate::commands::call::{Call, count};
use crate::commands::collection::{Collection, expect};
use crate::commands::declaration::Outcome;
use crate::commands::words::{Words, is};
use crate::resp::decode::Args;
use crate::resp::encode::{Aggregate, Encoder, Reply};
use crate::resp::error::{self, Error};

const NOVALUES: Error = Error::fixed("ERR NOVALUES option can only be used in HSCAN");
const NOSCORES: Error = Error::fixed("ERR NOSCORES option can only be used in ZSCAN");

/// # Errors
/// It is no number of 64 bits.
pub fn cursor(text: &[u8]) -> Result<u64, Error> {
    parse_u64(text).ok_or(error::INVALID_CURSOR)
}

/// What MATCH and COUNT say.
pub struct Filter<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
}

impl<'a> Filter<'a> {
    /// Reads the options from `from` on; `own` says whether it knows a word that is neither MATCH nor COUNT.
    ///
    /// # Errors
    /// An unknown word, or a value that is none.
    pub fn parse(
        args: Args<'a>,
        from: usize,
        mut own: impl FnMut(&'a [u8], &mut Words<'a>) -> Result<bool, Error>,
    ) -> Result<Filter<'a>, Error> {
        let mut filter = Filter { pattern: None, count: 10 };
        let mut words = Words::new(args, from);
        while let Some(word) = words.next() {
            match word {
                _ if is(word, "MATCH") => filter.pattern = Some(words.value()?),
                _ if is(word, "COUNT") => {
                    filter.count = count(words.integer()?).filter(|count| *count > 0).ok_or(error::SYNTAX)?;
                }
                _ if own(word, &mut words)? => {}
                _ if is(word, "NOVALUES") => return Err(NOVALUES),
                _ if is(word, "NOSCORES") => return Err(NOSCORES),
                _ => return Err(error::SYNTAX),
            }
        }
        filter.pattern = filter.pattern.filter(|pattern| !glob::is_everything(pattern));
        Ok(filter)
    }

    pub fn admits(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name))
    }

    /// Goes on until it has met as many elements as COUNT says: `step` goes on from a cursor, and gives the next one and how
    /// many it has met so far.
    pub fn walk(&self, mut cursor: u64, mut step: impl FnMut(u64) -> (u64, usize)) -> u64 {
        // As many steps as Redis would make: a table that is nearly empty must not hold up everybody else.
        let mut steps = self.count.saturating_mul(10);
        loop {
            let met;
            (cursor, met) = step(cursor);
            steps -= 1;
            if cursor == 0 || steps == 0 || met >= self.count {
                return cursor;
            }
        }
    }
}

/// What one call has found of a collection.
pub struct Found<'a> {
    filter: &'a Filter<'a>,
    reply: &'a mut dyn Reply,
    with_values: bool,
    met: usize,
    found: usize,
}

impl Found<'_> {
    /// To be told of every element that the scan comes by; `value` replies what belongs to it, where that is wanted.
    pub fn meet(&mut self, name: Element<'_>, value: impl FnOnce(&mut dyn Reply)) {
        self.met += 1;
        name.with(|name| {
            if self.filter.admits(name) {
                self.found += 1;
                self.reply.bulk(name);
                if self.with_values {
                    value(self.reply);
                }
            }
        });
    }
}

/// One call of SSCAN, HSCAN or ZSCAN. `bare` is the option that leaves out what belongs to the elements, where something
/// does; `step` goes on from a cursor, tells [`Found`] what it meets, and gives the next cursor.
///
/// # Errors
/// An option that is none, a cursor that is none, a key of another type.
pub fn scan<T: Collection>(
    call: &mut Call<'_>,
    bare: Option<&str>,
    step: impl Fn(&T, u64, &mut Found<'_>) -> u64,
) -> Outcome {
    let start = cursor(call.arg(2))?;
    let (key, args) = (call.key(1), call.args);
    let mut bytes = Vec::new();
    let mut reply = Encoder::new(&mut bytes, call.reply.protocol());
    let mark = reply.open();
    let mut next = 0;
    let mut length = 0;
    // A key that is not there is answered before its options are looked at.
    if let Some(collection) = expect::<T>(call.state.read(&key))? {
        let mut with_values = bare.is_some();
        let filter = Filter::parse(args, 3, |word, _| {
            let is_bare = bare.is_some_and(|bare| is(word, bare));
            with_values &= !is_bare;
            Ok(is_bare)
        })?;
        let mut found = Found { filter: &filter, reply: &mut reply, with_values, met: 0, found: 0 };
        next = filter.walk(start, |cursor| (step(collection, cursor, &mut found), found.met));
        length = if with_values { 2 * found.found } else { found.found };
    }
    reply.close(mark, Aggregate::Array, length);
    call.reply.array(2);
    call.reply.bulk(&format_u64(next));
    call.reply.encoded(&bytes);
    Ok(())
}
