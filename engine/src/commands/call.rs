//! What a command's function is given: its arguments, the state it works on, and where its reply goes.

use crate::clients::client::Client;
use crate::commands::declaration::Command;
use crate::io::Conn;
use crate::keyspace::change::Notify;
use crate::keyspace::{Db, Key};
use crate::resp::decode::Args;
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};
use crate::state::State;

pub struct Call<'a> {
    pub command: &'static Command,
    /// The command's name first.
    pub args: Args<'a>,
    pub conn: Conn,
    pub state: &'a mut State,
    pub reply: &'a mut dyn Reply,
}

impl<'a> Call<'a> {
    /// The argument at `index`; the arity has been checked for those that must be there.
    pub fn arg(&self, index: usize) -> &'a [u8] {
        self.args.get(index).unwrap_or(&[])
    }

    pub fn key(&self, index: usize) -> Key<'a> {
        self.state.key(self.arg(index))
    }

    /// # Errors
    /// The argument is no 64-bit integer.
    pub fn integer(&self, index: usize) -> Result<i64, Error> {
        integer(self.arg(index))
    }

    /// The database that this client has selected.
    pub fn db(&mut self) -> &mut Db {
        self.state.db_mut()
    }

    pub fn client(&self) -> &Client {
        self.state.clients.get(self.conn).expect("the caller is connected while its command runs")
    }

    pub fn client_mut(&mut self) -> &mut Client {
        self.state.clients.get_mut(self.conn).expect("the caller is connected while its command runs")
    }

    /// Says that this command changed a key of the selected database, and what Redis calls that change.
    pub fn changed(&mut self, key: &[u8], class: Notify, what: &'static str) {
        let db = self.state.db;
        self.state.effects.changed(db, key, class, what);
    }

    /// Says the same of a change that may have left everything as it was: an expiry set to what it had been counts for
    /// whoever watches the key, but there is nothing to record.
    pub fn changed_if(&mut self, changed: bool, key: &[u8], class: Notify, what: &'static str) {
        if changed { self.changed(key, class, what) } else { self.notice(key, class, what) }
    }

    /// Says that this command made several changes to one key.
    pub fn changed_times(&mut self, times: u64, key: &[u8], class: Notify, what: &'static str) {
        let db = self.state.db;
        self.state.effects.changed_times(times, db, key, class, what);
    }

    /// Announces something beside the change itself.
    pub fn notice(&mut self, key: &[u8], class: Notify, what: &'static str) {
        let db = self.state.db;
        self.state.effects.notice(db, key, class, what);
    }

    /// Announces a key of the selected database that is about to be created.
    pub fn announce_new(&mut self, key: &Key<'_>) {
        let db = self.state.db;
        self.state.announce_new(db, key);
    }

    /// Removes a key that has just been given an expiry in the past; whether it was there.
    pub fn expire_at_once(&mut self, key: &Key<'_>) -> bool {
        let was_there = self.db().discard(key);
        if was_there {
            self.state.stats.expired_keys += 1;
            self.changed(key.bytes, Notify::EXPIRED, "expired");
        }
        was_there
    }

    /// Says how this command is to be recorded in place of its own words: called once for each command to record.
    pub fn record(&mut self, words: &[&[u8]]) {
        self.state.effects.record_as(words);
    }

    /// The same for words that are arguments already.
    pub fn record_args(&mut self, words: Args<'_>) {
        self.state.effects.record_args_as(words);
    }

    /// # Errors
    /// Always: this option is unknown.
    pub fn syntax<T>(&self) -> Result<T, Error> {
        Err(error::SYNTAX)
    }
}

/// How many of what is in memory: never more than a `usize` can say, whatever is asked for, so that a count beyond it
/// means all there are on 32 bits as well. `None` where it is negative.
pub fn count(asked: i64) -> Option<usize> {
    let asked = u64::try_from(asked).ok()?;
    Some(usize::try_from(asked).unwrap_or(usize::MAX))
}

/// # Errors
/// The text is no 64-bit integer.
pub fn integer(text: &[u8]) -> Result<i64, Error> {
    crate::base::number::parse_i64(text).ok_or(error::NOT_INTEGER)
}

/// An integer that can be negated.
///
/// # Errors
/// The text is no such integer.
pub fn symmetric(text: &[u8]) -> Result<i64, Error> {
    const RANGE: Error =
        Error::fixed("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
    integer(text).and_then(|value| if value == i64::MIN { Err(RANGE) } else { Ok(value) })
}
