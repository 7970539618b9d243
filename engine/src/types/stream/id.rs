//! The ID of an entry: milliseconds since 1970 and a number within the millisecond, 128 bits in all.

use crate::base::number::{format_u64, parse_i64, parse_u64};
use core::fmt;
use core::ops::Deref;

/// See the module. IDs sort as they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    pub ms: u64,
    pub seq: u64,
}

/// An ID as a command gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    Whole(Id),
    /// `5-*`: the next number within this millisecond.
    Millisecond(u64),
}

/// Texts that are longer are no IDs.
const LONGEST_GIVEN: usize = 127;
/// Two numbers of 64 bits and what is between them.
const LONGEST: usize = 41;

impl Id {
    pub const MIN: Id = Id { ms: 0, seq: 0 };
    pub const MAX: Id = Id { ms: u64::MAX, seq: u64::MAX };

    pub const fn new(ms: u64, seq: u64) -> Id {
        Id { ms, seq }
    }

    pub fn is_zero(self) -> bool {
        self == Id::MIN
    }

    /// The one after it, if there is one.
    pub fn next(self) -> Option<Id> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Id { seq, ..self }),
            None => Some(Id { ms: self.ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The one before it, if there is one.
    pub fn previous(self) -> Option<Id> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Id { seq, ..self }),
            None => Some(Id { ms: self.ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    /// The ID of an entry that is added at a time of `now` milliseconds, behind `last`: a clock that was set back does not
    /// lead to a lower one.
    pub fn generate(now: u64, last: Id) -> Option<Id> {
        if now > last.ms { Some(Id::new(now, 0)) } else { last.next() }
    }

    /// Reads `5-1`, or `5` with another second number for it.
    pub fn parse(text: &[u8], missing: u64) -> Option<Id> {
        match Given::parse(text, missing)? {
            Given::Whole(id) => Some(id),
            Given::Millisecond(_) => None,
        }
    }

    /// Reads what [`Id::parse`] does, and `-` and `+` as the first and the last that there can be.
    pub fn parse_bound(text: &[u8], missing: u64) -> Option<Id> {
        match text {
            b"-" => Some(Id::MIN),
            b"+" => Some(Id::MAX),
            _ => Id::parse(text, missing),
        }
    }

    pub fn text(self) -> IdText {
        let (ms, seq) = (format_u64(self.ms), format_u64(self.seq));
        let mut text = IdText { bytes: [0; LONGEST], len: (ms.len() + 1 + seq.len()) as u8 };
        text.bytes[..ms.len()].copy_from_slice(&ms);
        text.bytes[ms.len()] = b'-';
        text.bytes[ms.len() + 1..][..seq.len()].copy_from_slice(&seq);
        text
    }

    /// Sixteen bytes that sort as IDs do: the key of a node in Redis's radix tree, and in its files.
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.ms) << 64 | u128::from(self.seq)).to_be_bytes()
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Id {
        let number = u128::from_be_bytes(bytes);
        Id { ms: (number >> 64) as u64, seq: number as u64 }
    }
}

impl Given {
    /// Reads `5-1`, `5-*`, or `5` with another second number for it.
    pub fn parse(text: &[u8], missing: u64) -> Option<Given> {
        if text.len() > LONGEST_GIVEN {
            return None;
        }
        // As in C, a text ends with its first zero.
        let text = text.split(|&byte| byte == 0).next().unwrap_or(&[]);
        Some(match text.iter().position(|&byte| byte == b'-') {
            None => Given::Whole(Id::new(number(text)?, missing)),
            Some(dash) => match (number(&text[..dash])?, &text[dash + 1..]) {
                (ms, b"*") => Given::Millisecond(ms),
                (ms, seq) => Given::Whole(Id::new(ms, number(seq)?)),
            },
        })
    }
}

/// A number as Redis reads it here: first strictly, and otherwise as C's `strtoull`, which takes a sign and zeros in front.
fn number(text: &[u8]) -> Option<u64> {
    if let Some(value) = parse_u64(text) {
        return Some(value);
    }
    if parse_i64(text).is_some() {
        return None;
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
    let value = match &digits[zeros..] {
        [] if zeros == 0 => return None,
        [] => 0,
        rest => parse_u64(rest)?,
    };
    Some(if negative { value.wrapping_neg() } else { value })
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// An ID's text.
pub struct IdText {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Deref for IdText {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn ids_are_read_and_written() {
        for (text, id) in [
            ("5-1", Some(Id::new(5, 1))),
            ("5", Some(Id::new(5, 7))),
            ("0-0", Some(Id::MIN)),
            ("18446744073709551615-18446744073709551615", Some(Id::MAX)),
            ("18446744073709551616-0", None),
            ("007-+3", Some(Id::new(7, 3))),
            ("5--05", Some(Id::new(5, 5u64.wrapping_neg()))),
            ("5--5", None),
            ("-5", None),
            ("", None),
            ("5-", None),
            ("5-*", None),
            ("a-1", None),
            (" 5-1", None),
            ("5-1\0x", Some(Id::new(5, 1))),
            ("-", None),
        ] {
            assert_eq!(Id::parse(text.as_bytes(), 7), id, "{text}");
        }
        assert_eq!(Given::parse(b"5-*", 0), Some(Given::Millisecond(5)));
        assert_eq!([&b"-"[..], b"+"].map(|text| Id::parse_bound(text, 0)), [Some(Id::MIN), Some(Id::MAX)]);
        for id in [Id::MIN, Id::MAX, Id::new(1_700_000_000_000, 3)] {
            assert_eq!(*id.text(), *id.to_string().as_bytes());
            assert_eq!(Id::from_bytes(id.to_bytes()), id);
        }
    }

    #[test]
    fn ids_go_on_whatever_the_clock_does() {
        let last = Id::new(100, u64::MAX - 1);
        assert_eq!(Id::generate(101, last), Some(Id::new(101, 0)));
        assert_eq!(Id::generate(50, last), Some(Id::new(100, u64::MAX)));
        assert_eq!(Id::generate(50, Id::new(100, u64::MAX)), Some(Id::new(101, 0)));
        assert_eq!(Id::generate(50, Id::MAX), None);
        assert_eq!((Id::MIN.previous(), Id::new(1, 0).previous()), (None, Some(Id::new(0, u64::MAX))));
    }
}
