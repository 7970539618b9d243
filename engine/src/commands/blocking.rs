//! Commands that wait: how long, for which keys, and what they do where waiting is not possible.

use alloc::boxed::Box;

use crate::base::number::{parse_f64_saturating, parse_i64};
use crate::base::time::{Duration, Time};
use crate::clients::blocked::Waiting;
use crate::commands::call::Call;
use crate::event::Event;
use crate::keyspace::Kind;
use crate::resp::decode::{Args, OwnedArgs};
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};

/// The longest wait, in milliseconds: what is longer can't be added to a time of today.
const LONGEST: f64 = 9.0e18;

/// When a wait of so many seconds, which may have a fraction, is over; never, for 0.
///
/// # Errors
/// It is no number, negative, or too large.
pub fn until(now: Time, seconds: &[u8]) -> Result<Option<Time>, Error> {
    // Redis reads no text at all as 0 here.
    let seconds =
        if seconds.is_empty() { 0.0 } else { parse_f64_saturating(seconds).ok_or(error::TIMEOUT_NOT_FLOAT)? };
    let millis = libm::ceil(seconds * 1000.0);
    if millis < 0.0 {
        return Err(error::TIMEOUT_NEGATIVE);
    }
    if millis + now.millis() as f64 > LONGEST {
        return Err(error::TIMEOUT_RANGE);
    }
    Ok((millis > 0.0).then(|| now + Duration::from_millis(millis as u64)))
}

/// The end of a span given in whole milliseconds.
///
/// # Errors
/// It is no integer, negative, or too large.
pub fn until_millis(now: Time, millis: &[u8]) -> Result<Time, Error> {
    let millis = parse_i64(millis).ok_or(error::TIMEOUT_NOT_INTEGER)?;
    let millis = u64::try_from(millis).map_err(|_| error::TIMEOUT_NEGATIVE)?;
    if millis.saturating_add(now.millis()) > i64::MAX as u64 {
        return Err(error::TIMEOUT_RANGE);
    }
    Ok(now + Duration::from_millis(millis))
}

impl Call<'_> {
    /// Runs this command again when one of these keys holds a value of this kind: it has not been answered. In a
    /// transaction, whose commands run at once, the answer is that nothing came.
    pub fn wait(&mut self, keys: Args<'_>, wants: Kind, until: Option<Time>) {
        self.wait_to_run(OwnedArgs::from(self.args), keys, wants, until, false);
    }

    /// [`Call::wait`], to run other words than these then.
    pub fn wait_to_run(
        &mut self,
        args: OwnedArgs,
        keys: Args<'_>,
        wants: Kind,
        until: Option<Time>,
        fails_without: bool,
    ) {
        if self.state.in_transaction {
            return self.reply.null_array();
        }
        let until = self.state.waited.unwrap_or(until);
        let mut names: alloc::vec::Vec<Box<[u8]>> = alloc::vec::Vec::new();
        for key in keys.iter() {
            if !names.iter().any(|name| **name == *key) {
                names.push(key.into());
            }
        }
        let mut waiting = Waiting::new(args, self.state.db, names, wants, until);
        waiting.fails_without = fails_without;
        self.begin_to_wait(waiting);
    }

    /// Answers this only once that time has come, or never; at once in a transaction.
    pub fn answer_at(&mut self, until: Option<Time>, answer: fn(&mut dyn Reply)) {
        if self.state.in_transaction {
            return answer(self.reply);
        }
        let args = OwnedArgs::from(self.args);
        let mut waiting = Waiting::new(args, self.state.db, Default::default(), Kind::String, until);
        waiting.at_end = answer;
        self.begin_to_wait(waiting);
    }

    fn begin_to_wait(&mut self, mut waiting: Waiting) {
        let state = &mut *self.state;
        let Some(client) = state.clients.get_mut(self.conn) else { return };
        state.blocked.begin(self.conn, &mut waiting);
        let id = client.id;
        state.events.emit(|| Event::Blocked { client: id, keys: waiting.keys.clone() });
        client.waiting = Some(Box::new(waiting));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_given_in_seconds() {
        let now = Time::from_millis(1000);
        assert_eq!(until(now, b"0"), Ok(None));
        assert_eq!(until(now, b"0.0001"), Ok(Some(Time::from_millis(1001))));
        assert_eq!(until(now, b"1.5"), Ok(Some(Time::from_millis(2500))));
        for (text, refusal) in [
            (&b"x"[..], error::TIMEOUT_NOT_FLOAT),
            (b"nan", error::TIMEOUT_NOT_FLOAT),
            (b"-1", error::TIMEOUT_NEGATIVE),
            (b"inf", error::TIMEOUT_RANGE),
            (b"1e300", error::TIMEOUT_RANGE),
        ] {
            assert_eq!(until(now, text), Err(refusal));
        }
    }
}
