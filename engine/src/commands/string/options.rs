//! The options that SET and its kin share: a condition, an expiry, and whether the old value is asked for.

use crate::base::time::Time;
use crate::commands::call::integer;
use crate::commands::declaration::Argument;
use crate::commands::words::{Words, one_of};
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};

pub const EXPIRATION: &[Argument] = &[
    Argument::integer("seconds").token("EX").since("2.6.12"),
    Argument::integer("milliseconds").token("PX").since("2.6.12"),
    Argument::unix_time("unix-time-seconds").token("EXAT").since("6.2.0"),
    Argument::unix_time("unix-time-milliseconds").token("PXAT").since("6.2.0"),
    Argument::word("keepttl", "KEEPTTL").since("6.0.0"),
];

pub const EXPIRATION_OR_PERSIST: &[Argument] = &[
    Argument::integer("seconds").token("EX"),
    Argument::integer("milliseconds").token("PX"),
    Argument::unix_time("unix-time-seconds").token("EXAT"),
    Argument::unix_time("unix-time-milliseconds").token("PXAT"),
    Argument::word("persist", "PERSIST"),
];

#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    pub condition: Condition<'a>,
    pub get: bool,
    pub expiry: Option<Expiry<'a>>,
}

/// What must hold of the key for anything to happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition<'a> {
    #[default]
    None,
    Absent,
    Present,
    Equal(&'a [u8]),
}

/// An expiry as it was written: the option's name and, where it takes one, the number behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry<'a> {
    pub option: &'static str,
    amount: &'a [u8],
}

/// How long a string that is written lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Forever,
    /// As long as what it replaces would have.
    Kept,
    Until(Time),
}

impl<'a> Options<'a> {
    /// Reads the words from `from` on. `allowed` are those that the command knows, in capitals.
    ///
    /// # Errors
    /// An unknown word, a missing value, or two words that contradict each other. (The same word may come twice: the
    /// last one counts.)
    pub fn parse(args: Args<'a>, from: usize, allowed: &[&'static str]) -> Result<Options<'a>, Error> {
        let mut options = Options::default();
        let mut words = Words::new(args, from);
        while let Some(word) = words.next() {
            match one_of(word, allowed)? {
                "NX" => options.only_if(Condition::Absent)?,
                "XX" => options.only_if(Condition::Present)?,
                "IFEQ" => options.only_if(Condition::Equal(words.value()?))?,
                "GET" => options.get = true,
                option @ ("KEEPTTL" | "PERSIST") => options.expires(Expiry { option, amount: &[] })?,
                option => options.expires(Expiry { option, amount: words.value()? })?,
            }
        }
        Ok(options)
    }

    fn only_if(&mut self, condition: Condition<'a>) -> Result<(), Error> {
        if self.condition != Condition::None
            && (self.condition != condition || matches!(condition, Condition::Equal(_)))
        {
            return Err(error::SYNTAX);
        }
        self.condition = condition;
        Ok(())
    }

    fn expires(&mut self, expiry: Expiry<'a>) -> Result<(), Error> {
        if self.expiry.is_some_and(|before| before.option != expiry.option) {
            return Err(error::SYNTAX);
        }
        self.expiry = Some(expiry);
        Ok(())
    }

    /// # Errors
    /// See [`Expiry::lifetime`].
    pub fn lifetime(&self, now: Time, command: &str) -> Result<Lifetime, Error> {
        self.expiry.map_or(Ok(Lifetime::Forever), |expiry| expiry.lifetime(now, command))
    }
}

impl<'a> Expiry<'a> {
    /// `option` is `EX`, `PX`, `EXAT` or `PXAT`.
    pub fn new(option: &'static str, amount: &'a [u8]) -> Expiry<'a> {
        Expiry { option, amount }
    }

    /// How long what is written lives.
    ///
    /// # Errors
    /// No integer, not positive, or beyond what milliseconds in 64 bits can say.
    pub fn lifetime(self, now: Time, command: &str) -> Result<Lifetime, Error> {
        let (unit, base) = match self.option {
            "KEEPTTL" => return Ok(Lifetime::Kept),
            "PERSIST" => return Ok(Lifetime::Forever),
            "EX" => (1000, now.millis() as i64),
            "PX" => (1, now.millis() as i64),
            "EXAT" => (1000, 0),
            _ => (1, 0),
        };
        let millis = Some(integer(self.amount)?)
            .filter(|&amount| amount > 0)
            .and_then(|amount| amount.checked_mul(unit))
            .and_then(|millis| millis.checked_add(base))
            .ok_or_else(|| error::invalid_expiry(command))?;
        Ok(Lifetime::Until(Time::from_millis(millis as u64)))
    }
}
