//! The words behind a command's fixed arguments, read one after another.

use crate::commands::call::integer;
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};

#[derive(Clone, Copy)]
pub struct Words<'a> {
    args: Args<'a>,
    at: usize,
}

impl<'a> Words<'a> {
    pub fn new(args: Args<'a>, from: usize) -> Self {
        Words { args, at: from }
    }

    /// Which argument comes next.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The value that the option just read can't do without.
    ///
    /// # Errors
    /// The words end here.
    pub fn value(&mut self) -> Result<&'a [u8], Error> {
        self.next().ok_or(error::SYNTAX)
    }

    /// # Errors
    /// The words end here, or the next is no integer.
    pub fn integer(&mut self) -> Result<i64, Error> {
        integer(self.value()?)
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let word = self.args.get(self.at)?;
        self.at += 1;
        Some(word)
    }
}

/// Whether a word is this name, in any case.
pub fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

/// The name among `names` that a word is, in any case.
///
/// # Errors
/// It is none of them.
pub fn one_of(word: &[u8], names: &[&'static str]) -> Result<&'static str, Error> {
    names.iter().copied().find(|name| is(word, name)).ok_or(error::SYNTAX)
}
