//! How many elements by chance SRANDMEMBER, HRANDFIELD and ZRANDMEMBER are asked for.

use alloc::format;

use crate::commands::call::{count, integer};
use crate::resp::error::{self, Error};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many that all differ, or all there are.
    Different(usize),
    /// So many, each drawn from all there are: asked for by a negative count.
    Draws(usize),
}

/// A reply of draws may be longer than all data. This many bytes are the most; Redis goes on until memory ends.
const LONGEST_REPLY: usize = 512 << 20;

impl Wanted {
    /// # Errors
    /// The text is no integer, or the one that has no opposite.
    pub fn parse(text: &[u8]) -> Result<Wanted, Error> {
        let asked = integer(text)?;
        match (count(asked), asked.checked_neg()) {
            (Some(count), _) => Ok(Wanted::Different(count)),
            (None, Some(draws)) => Ok(Wanted::Draws(count(draws).unwrap_or(usize::MAX))),
            (None, None) => {
                let most = i64::MAX;
                Err(format!("ERR value is out of range, value must between -{most} and {most}").into())
            }
        }
    }

    /// To be asked where every element comes with something: half as many are the most then.
    ///
    /// # Errors
    /// There are more.
    pub fn in_pairs(text: &[u8]) -> Result<Wanted, Error> {
        let wanted = Wanted::parse(text)?;
        if integer(text)?.unsigned_abs() > i64::MAX as u64 / 2 { Err(error::NOT_IN_RANGE) } else { Ok(wanted) }
    }

    /// To be asked before draws are answered from so many elements that take so many bytes.
    ///
    /// # Errors
    /// The reply would be too long.
    pub fn check_reply(self, memory: usize, elements: usize) -> Result<(), Error> {
        // What a bulk string takes beside its text.
        const AROUND: usize = 8;
        let each = AROUND + memory / elements.max(1);
        match self {
            Wanted::Draws(count) if count.saturating_mul(each) > LONGEST_REPLY => Err(error::NOT_IN_RANGE),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_count_asks_for_draws() {
        assert_eq!(Wanted::parse(b"3"), Ok(Wanted::Different(3)));
        assert_eq!(Wanted::parse(b"-3"), Ok(Wanted::Draws(3)));
        assert_eq!(Wanted::in_pairs(b"4611686018427387903"), Wanted::parse(b"4611686018427387903"));
        for text in ["4611686018427387904", "-4611686018427387904"] {
            assert_eq!(Wanted::in_pairs(text.as_bytes()), Err(error::NOT_IN_RANGE));
        }
        for parse in [Wanted::parse, Wanted::in_pairs] {
            assert!(parse(b"-9223372036854775808").unwrap_err().0.contains("must between"));
            assert_eq!(parse(b"x"), Err(error::NOT_INTEGER));
        }
    }

    #[test]
    fn a_reply_has_an_end() {
        assert_eq!(Wanted::Draws(1_000_000).check_reply(4000, 100), Ok(()));
        assert_eq!(Wanted::Draws(1_000_000_000).check_reply(4000, 100), Err(error::NOT_IN_RANGE));
        assert_eq!(Wanted::Draws(10_000).check_reply(1_000_000, 10), Err(error::NOT_IN_RANGE));
        assert_eq!(Wanted::Different(usize::MAX).check_reply(4000, 100), Ok(()));
    }
}
