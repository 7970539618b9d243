//! `… FIELDS n field …`: how the newer commands name the fields they work on.

use crate::base::number::parse_i64;
use crate::base::time::Time;
use crate::commands::declaration::Argument;
use crate::commands::generic::expire::{self, From, Unit};
use crate::commands::words::{Words, is, one_of};
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};

pub const FIELDS: Argument =
    Argument::block("fields", &[Argument::integer("numfields"), Argument::string("field").multiple()]).token("FIELDS");

pub const WRONG_NUMBER: Error =
    Error::fixed("ERR numfields should be greater than 0 and match the provided number of fields");

/// Where the word FIELDS stands, from `from` on, with something behind it.
///
/// # Errors
/// Nowhere.
pub fn position(args: Args<'_>, from: usize) -> Result<usize, Error> {
    let last = args.len() - 1;
    (from..last).find(|&at| is(&args[at], "FIELDS")).ok_or(WRONG_NUMBER)
}

/// The fields, with `width` words each, behind their number at `number`.
///
/// # Errors
/// It is no number, or not theirs.
pub fn counted(args: Args<'_>, number: usize, width: i64, mismatch: Error) -> Result<Args<'_>, Error> {
    let said = args.get(number).and_then(parse_i64).ok_or(error::NOT_INTEGER)?;
    let fields = args.from(number + 1);
    let matches = said > 0 && said.checked_mul(width) == Some(fields.len() as i64);
    if matches { Ok(fields) } else { Err(mismatch) }
}

/// The fields of a command that has FIELDS behind its key.
///
/// # Errors
/// Another word stands there, or what [`counted`] finds.
pub fn behind_key(args: Args<'_>, mismatch: Error) -> Result<Args<'_>, Error> {
    one_of(&args[2], &["FIELDS"])?;
    counted(args, 3, 1, mismatch)
}

/// What is to become of the fields' expiry, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry<'a> {
    option: &'static str,
    amount: &'a [u8],
}

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Kept,
    Forever,
    Until(Time),
}

impl<'a> Expiry<'a> {
    /// Reads an option, which may come again but not beside another.
    ///
    /// # Errors
    /// Its value is missing, or there was another.
    pub fn read(option: &'static str, before: Option<Self>, words: &mut Words<'a>) -> Result<Option<Self>, Error> {
        let amount = if matches!(option, "KEEPTTL" | "PERSIST") { &[][..] } else { words.value()? };
        match before {
            Some(before) if before.option != option => Err(error::SYNTAX),
            _ => Ok(Some(Expiry { option, amount })),
        }
    }

    /// # Errors
    /// See [`moment`].
    pub fn lifetime(self, now: Time, command: &str) -> Result<Lifetime, Error> {
        let (unit, from) = match self.option {
            "KEEPTTL" => return Ok(Lifetime::Kept),
            "PERSIST" => return Ok(Lifetime::Forever),
            "EX" => (Unit::Seconds, From::Now),
            "PX" => (Unit::Millis, From::Now),
            "EXAT" => (Unit::Seconds, From::Epoch),
            _ => (Unit::Millis, From::Epoch),
        };
        moment(self.amount, unit, from, now, command).map(Lifetime::Until)
    }
}

/// The moment that is meant; it may have passed.
///
/// # Errors
/// No integer, a negative one, or beyond 64 bits of milliseconds.
pub fn moment(amount: &[u8], unit: Unit, from: From, now: Time, command: &str) -> Result<Time, Error> {
    let amount = parse_i64(amount).ok_or(error::NOT_INTEGER)?;
    let moment = if amount < 0 { None } else { expire::moment(amount, unit, from, now) };
    moment.ok_or_else(|| error::invalid_expiry(command))
}
