//! XADD: an entry at the end of a stream.

use alloc::vec::Vec;

use crate::commands::call::Call;
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::xdel::WHICH;
use crate::commands::stream::xtrim::{Exactly, Options, TRIM};
use crate::commands::stream::{Site, create, edit, entry_id, reply_id};
use crate::event::Step;
use crate::keyspace::change::Notify;
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::types::Stream;
use crate::types::stream::Id;
use crate::types::stream::entries::Refusal;
use crate::types::stream::id::Given;

pub static XADD: Command = Command {
    summary: "Adds an entry to a stream, which comes to be with its first one, and says which ID it got.",
    arity: -5,
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
    keys: &[KeySpec::one(1, Access::UPDATE)],
    arguments: &[
        Argument::key("key"),
        Argument::word("nomkstream", "NOMKSTREAM").optional().since("6.2.0"),
        WHICH.since("8.2.0"),
        Argument::block("trim", TRIM).optional(),
        Argument::one_of("id-selector", &[Argument::word("auto-id", "*"), Argument::string("id")]),
        Argument::block("data", &[Argument::string("field"), Argument::string("value")]).multiple(),
    ],
    tips: &["nondeterministic_output"],
    run: xadd,
    ..Command::new("xadd", Group::Stream, "5.0.0", "O(1), and O(N) in the entries that are trimmed")
};

const ZERO_ID: Error = Error::fixed("ERR The ID specified in XADD must be greater than 0-0");
const NOT_ABOVE: Error =
    Error::fixed("ERR The ID specified in XADD is equal or smaller than the target stream top item");
const EXHAUSTED: Error = Error::fixed("ERR The stream has exhausted the last possible ID, unable to add more items");
const TOO_LARGE: Error = Error::fixed("ERR Elements are too large to be stored");

fn xadd(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(call.args, true, &call.state.limits())?;
    let fields = options.at + 1;
    let words = call.args.len().saturating_sub(fields);
    if words < 2 || words % 2 == 1 {
        return Err(error::wrong_arity(call.command.full_name));
    }
    if options.id == Some(Given::Whole(Id::MIN)) {
        return Err(ZERO_ID);
    }
    let (key, data) = (call.key(1), call.args.from(fields));
    let is_new = match expect::<Stream>(call.state.look_to_write(&key))? {
        None if options.no_create => {
            call.reply.null();
            return Ok(());
        }
        None => true,
        Some(stream) if stream.entries.last == Id::MAX => return Err(EXHAUSTED),
        Some(_) => false,
    };
    if data.iter().map(<[u8]>::len).sum::<usize>() > LARGEST {
        return Err(TOO_LARGE);
    }
    if is_new {
        create(call.state, &key);
    }
    let id = edit(call.state, &key, |site| site.add(call.args, &options, data))?;
    reply_id(call.reply, id);
    Ok(())
}

/// All fields and values of an entry.
const LARGEST: usize = 1 << 30;

/// Fields and values in turn, as pairs.
fn pairs<'a>(words: Args<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone {
    (0..words.len() / 2).filter_map(move |at| Some((words.get(2 * at)?, words.get(2 * at + 1)?)))
}

impl Site<'_> {
    fn add(&mut self, args: Args<'_>, options: &Options, data: Args<'_>) -> Result<Id, Error> {
        let last = self.stream.entries.last;
        let id = match options.id {
            None => Id::generate(self.now, last),
            Some(Given::Whole(id)) => Some(id),
            Some(Given::Millisecond(ms)) if ms == last.ms => last.seq.checked_add(1).map(|seq| Id::new(ms, seq)),
            Some(Given::Millisecond(ms)) => Some(Id::new(ms, 0)),
        };
        let id = id.ok_or(NOT_ABOVE)?;
        self.stream.entries.append(id, pairs(data), &self.limits).map_err(|refusal| match refusal {
            Refusal::NotAbove => NOT_ABOVE,
            Refusal::TooLarge => TOO_LARGE,
        })?;
        self.tell.changed(1, "xadd");
        self.tell.step(|| Step::Added { id: entry_id(id) });
        if let Some(trim) = options.trim {
            let gone = self.trim(trim, options.references);
            if gone > 0 {
                let tell = &mut self.tell;
                tell.effects.notice(tell.db, tell.key, Notify::STREAM, "xtrim");
            }
        }
        self.record(args, options, id);
        Ok(id)
    }

    /// Recorded with the ID that it got, and trimming as what it came to.
    fn record(&mut self, args: Args<'_>, options: &Options, id: Id) {
        let approximate = options.trim.filter(|trim| trim.approximate);
        let told = matches!(options.id, Some(Given::Whole(_))) && approximate.is_none();
        if told || !self.tell.effects.records_wanted {
            return;
        }
        let text = id.text();
        let exactly = approximate.map(|trim| Exactly::of(trim, options.references, self.stream));
        let mut words: Vec<&[u8]> = Vec::with_capacity(args.len());
        match &exactly {
            Some(exactly) => {
                words.extend([b"XADD", self.key]);
                words.extend(exactly.words());
            }
            None => words.extend(args.until(options.at).iter()),
        }
        words.push(&text);
        words.extend(args.from(options.at + 1).iter());
        self.tell.effects.record_as(&words);
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    #[test]
    fn ids_go_up_even_if_the_clock_goes_back() {
        let mut server = Server::new();
        let now = server.millis();
        for (line, reply) in [
            ("XADD s * f v", format!("\"{now}-0\"")),
            ("XADD s * f v", format!("\"{now}-1\"")),
            (&format!("XADD s {} f v", now + 1000), format!("\"{}-0\"", now + 1000)),
            ("XADD s * f v", format!("\"{}-1\"", now + 1000)),
            (&format!("XADD s {}-* f v", now + 1000), format!("\"{}-2\"", now + 1000)),
            (
                "XADD s 18446744073709551615-18446744073709551614 f v",
                "\"18446744073709551615-18446744073709551614\"".into(),
            ),
            ("XADD s * f v", "\"18446744073709551615-18446744073709551615\"".into()),
            (
                "XADD s * f v",
                "(error) ERR The stream has exhausted the last possible ID, unable to add more items".into(),
            ),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
    }

    #[test]
    fn what_is_recorded_has_an_id_and_trims_exactly() {
        let mut server = Server::with("stream-node-max-entries 2");
        let now = server.millis();
        for line in [
            "XADD s 1 f v",
            "XADD s 2-* f v",
            "XADD s 3 f v",
            "XADD s MAXLEN ~ 1 LIMIT 5 * f v",
            "XTRIM s MAXLEN ~ 1",
            "XTRIM s MINID 3",
        ] {
            server.run(line);
        }
        assert_eq!(
            server.records(),
            format!("SELECT 0 | XADD s 1 f v | XADD s 2-0 f v | XADD s 3 f v | XADD s MAXLEN = 2 {now}-0 f v")
        );
        assert_eq!(server.run("XADD s MINID ~ 3 LIMIT 0 5000000000000 a 1 b 2"), "\"5000000000000-0\"");
        assert_eq!(server.records(), "XADD s MINID = 3-0 5000000000000-0 a 1 b 2");
        assert_eq!(server.run("XADD s MAXLEN 1 * a 1"), "\"5000000000000-1\"");
        assert_eq!(server.records(), "XADD s MAXLEN 1 5000000000000-1 a 1");
    }
}
