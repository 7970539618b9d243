//! Bytes to reply values: what a client of ours reads.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::number::{parse_f64, parse_i64};

/// One reply, as a client sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyValue {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Box<[u8]>),
    Null,
    Double(f64),
    Boolean(bool),
    BigNumber(String),
    Verbatim { format: String, text: Box<[u8]> },
    Array(Vec<ReplyValue>),
    Set(Vec<ReplyValue>),
    Push(Vec<ReplyValue>),
    Map(Vec<(ReplyValue, ReplyValue)>),
}

/// Replies nested deeper than this are refused.
const DEPTH: usize = 64;

impl ReplyValue {
    /// Takes one reply off the front of `bytes`: the value and its length in bytes; `None` while it is not whole.
    ///
    /// # Errors
    /// The bytes are no RESP reply.
    pub fn decode(bytes: &[u8]) -> Result<Option<(ReplyValue, usize)>, &'static str> {
        let mut cursor = Cursor { bytes, at: 0 };
        Ok(cursor.value(0)?.map(|value| (value, cursor.at)))
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        self.at += end + 2;
        Some(&rest[..end])
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let text = rest.get(..length)?;
        rest.get(length..length.checked_add(2)?)?;
        self.at += length + 2;
        Some(text)
    }

    fn value(&mut self, depth: usize) -> Result<Option<ReplyValue>, &'static str> {
        if depth > DEPTH {
            return Err("reply nested too deeply");
        }
        let Some(&kind) = self.bytes.get(self.at) else { return Ok(None) };
        self.at += 1;
        let Some(line) = self.line() else { return Ok(None) };
        let text = || String::from_utf8_lossy(line).into_owned();
        let number = || parse_i64(line).ok_or("bad number in reply");
        Ok(Some(match kind {
            b'+' => ReplyValue::Simple(text()),
            b'-' => ReplyValue::Error(text()),
            b':' => ReplyValue::Integer(number()?),
            b'_' => ReplyValue::Null,
            b'#' => ReplyValue::Boolean(line == b"t"),
            b',' => ReplyValue::Double(parse_f64(line).ok_or("bad double in reply")?),
            b'(' => ReplyValue::BigNumber(text()),
            b'$' | b'=' if number()? < 0 => ReplyValue::Null,
            b'$' | b'=' => {
                let Some(body) = self.take(number()? as usize) else { return Ok(None) };
                if kind == b'$' {
                    ReplyValue::Bulk(body.into())
                } else {
                    let (format, text) = body.split_at_checked(4).ok_or("bad verbatim string in reply")?;
                    ReplyValue::Verbatim { format: String::from_utf8_lossy(&format[..3]).into(), text: text.into() }
                }
            }
            b'*' | b'~' | b'>' if number()? < 0 => ReplyValue::Null,
            b'*' | b'~' | b'>' => {
                let Some(items) = self.items(number()?, depth)? else { return Ok(None) };
                match kind {
                    b'*' => ReplyValue::Array(items),
                    b'~' => ReplyValue::Set(items),
                    _ => ReplyValue::Push(items),
                }
            }
            b'%' | b'|' => {
                let count = number()?.checked_mul(2).ok_or("bad length in reply")?;
                let Some(items) = self.items(count, depth)? else { return Ok(None) };
                let mut items = items.into_iter();
                let mut pairs = Vec::new();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                if kind == b'|' {
                    return self.value(depth);
                }
                ReplyValue::Map(pairs)
            }
            _ => return Err("unknown kind of reply"),
        }))
    }

    fn items(&mut self, count: i64, depth: usize) -> Result<Option<Vec<ReplyValue>>, &'static str> {
        let mut items = Vec::new();
        for _ in 0..count {
            match self.value(depth + 1)? {
                Some(item) => items.push(item),
                None => return Ok(None),
            }
        }
        Ok(Some(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn nested_replies_are_read_once_they_are_whole() {
        let bytes = b"*3\r\n:1\r\n%1\r\n$1\r\na\r\n_\r\n=6\r\ntxt:hi\r\n";
        for end in 0..bytes.len() {
            assert_eq!(ReplyValue::decode(&bytes[..end]), Ok(None));
        }
        let (value, length) = ReplyValue::decode(bytes).unwrap().unwrap();
        assert_eq!(length, bytes.len());
        assert_eq!(
            value,
            ReplyValue::Array(vec![
                ReplyValue::Integer(1),
                ReplyValue::Map(vec![(ReplyValue::Bulk((*b"a").into()), ReplyValue::Null)]),
                ReplyValue::Verbatim { format: "txt".into(), text: (*b"hi").into() },
            ])
        );
    }
}
