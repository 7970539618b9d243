//! A string value as bytes, however it is stored.

use core::ops::Deref;

use crate::base::number::{self, format_i64};
use crate::keyspace::{Entry, ValueRef};
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};
use crate::resp::outgoing::LEAST_SHARED;

pub enum Text<'a> {
    Bytes(&'a [u8]),
    Number(number::Text),
}

impl<'a> Text<'a> {
    pub const EMPTY: Text<'static> = Text::Bytes(&[]);

    /// # Errors
    /// The entry holds no string.
    pub fn of(entry: &'a Entry) -> Result<Text<'a>, Error> {
        match entry.value() {
            ValueRef::Bytes(bytes) => Ok(Text::Bytes(bytes)),
            ValueRef::Int(value) => Ok(Text::Number(format_i64(value))),
            _ => Err(error::WRONG_TYPE),
        }
    }

    /// Empty where there is no such key.
    ///
    /// # Errors
    /// The entry holds no string.
    pub fn of_any(entry: Option<&'a Entry>) -> Result<Text<'a>, Error> {
        entry.map_or(Ok(Text::EMPTY), Text::of)
    }
}

impl Deref for Text<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Text::Bytes(bytes) => bytes,
            Text::Number(text) => text,
        }
    }
}

/// Answers a string value, or null for a key that is not there.
///
/// # Errors
/// The value is no string.
pub fn reply_value(reply: &mut dyn Reply, entry: Option<&Entry>) -> Result<(), Error> {
    match entry.map(Entry::value) {
        None => reply.null(),
        Some(ValueRef::Bytes(bytes)) => match entry.filter(|_| bytes.len() >= LEAST_SHARED).and_then(Entry::shared) {
            Some(shared) => reply.bulk_shared(shared),
            None => reply.bulk(bytes),
        },
        Some(ValueRef::Int(value)) => reply.bulk_integer(value),
        Some(_) => return Err(error::WRONG_TYPE),
    }
    Ok(())
}

/// # Errors
/// The value is there and is no string.
pub fn check_string(entry: Option<&Entry>) -> Result<(), Error> {
    match entry.map(Entry::value) {
        None | Some(ValueRef::Bytes(_) | ValueRef::Int(_)) => Ok(()),
        Some(_) => Err(error::WRONG_TYPE),
    }
}
