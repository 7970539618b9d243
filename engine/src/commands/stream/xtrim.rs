//! XTRIM, and the options about trimming that XADD has as well.

use alloc::vec::Vec;

use crate::base::number::{Text, format_u64};
use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::xdel::{References, WHICH};
use crate::commands::stream::{INVALID_ID, Site, edit, entry_id, id};
use crate::commands::words::is;
use crate::event::Step;
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::types::stream::id::{Given, IdText};
use crate::types::stream::{Id, Keep, Trim};
use crate::types::{Limits, Stream};

pub static XTRIM: Command = Command {
    summary: "Deletes the oldest entries, until so many are left or up to an ID, and says how many.",
    arity: -4,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::block("trim", TRIM), WHICH.since("8.2.0")],
    tips: &["nondeterministic_output"],
    run: xtrim,
    ..Command::new("xtrim", Group::Stream, "5.0.0", "O(N) in the entries deleted, quick for whole nodes")
};

pub(super) const TRIM: &[Argument] = &[
    Argument::one_of(
        "strategy",
        &[Argument::word("maxlen", "MAXLEN"), Argument::word("minid", "MINID").since("6.2.0")],
    ),
    Argument::one_of("operator", &[Argument::word("equal", "="), Argument::word("approximately", "~")]).optional(),
    Argument::string("threshold"),
    Argument::integer("count").token("LIMIT").optional().since("6.2.0"),
];

const BOTH: Error = Error::fixed("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
const NEGATIVE_LENGTH: Error = Error::fixed("ERR The MAXLEN argument must be >= 0.");
const NEGATIVE_LIMIT: Error = Error::fixed("ERR The LIMIT argument must be >= 0.");
const NOTHING_TO_LIMIT: Error =
    Error::fixed("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
const NO_STRATEGY: Error = Error::fixed("ERR syntax error, XTRIM must be called with a trimming strategy");
const EXACT_LIMIT: Error = Error::fixed("ERR syntax error, LIMIT cannot be used without the special ~ option");

/// What the words before an entry's fields say, or those of XTRIM.
pub(super) struct Options {
    pub trim: Option<Trim>,
    /// What becomes of what groups have pending of entries that are trimmed.
    pub references: References,
    pub no_create: bool,
    /// None for an ID that follows from the clock.
    pub id: Option<Given>,
    /// Where the ID stands, or the end.
    pub at: usize,
}

impl Options {
    /// Reads the words from the third on.
    ///
    /// # Errors
    /// Whatever is wrong with them.
    pub fn parse(args: Args<'_>, adding: bool, limits: &Limits) -> Result<Options, Error> {
        let mut options = Options { trim: None, references: References::Keep, no_create: false, id: None, at: 2 };
        let mut limit = None;
        while let Some(word) = args.get(options.at) {
            let more = args.len() - 1 - options.at;
            match word {
                b"*" if adding => break,
                _ if is(word, "MAXLEN") && more > 0 => options.read_trim(args, more, maximum)?,
                _ if is(word, "MINID") && more > 0 => {
                    options.read_trim(args, more, |text| Ok(Keep::From(id(text)?)))?
                }
                _ if is(word, "LIMIT") && more > 0 => {
                    options.at += 1;
                    let asked = integer(&args[options.at])?;
                    limit = Some(u64::try_from(asked).map_err(|_| NEGATIVE_LIMIT)?);
                }
                _ if adding && is(word, "NOMKSTREAM") => options.no_create = true,
                _ if let Some(references) = References::named(word) => options.references = references,
                _ if adding => {
                    options.id = Some(Given::parse(word, 0).ok_or(INVALID_ID)?);
                    break;
                }
                _ => return Err(error::SYNTAX),
            }
            options.at += 1;
        }
        if options.trim.is_none() {
            return match limit {
                Some(1..) => Err(NOTHING_TO_LIMIT),
                Some(0) if adding => Err(EXACT_LIMIT),
                _ if !adding => Err(NO_STRATEGY),
                _ => Ok(options),
            };
        }
        options.set_limit(limit, limits)?;
        Ok(options)
    }

    /// Reads what stands behind MAXLEN or MINID.
    fn read_trim(
        &mut self,
        args: Args<'_>,
        more: usize,
        keep: impl Fn(&[u8]) -> Result<Keep, Error>,
    ) -> Result<(), Error> {
        if self.trim.is_some() {
            return Err(BOTH);
        }
        let operator = if more >= 2 { &args[self.at + 1] } else { b"" };
        self.at += if matches!(operator, b"~" | b"=") { 2 } else { 1 };
        self.trim = Some(Trim { keep: keep(&args[self.at])?, approximate: operator == b"~", limit: 0 });
        Ok(())
    }

    fn set_limit(&mut self, limit: Option<u64>, limits: &Limits) -> Result<(), Error> {
        /// How much work one command may be made to do.
        const MOST: usize = 1_000_000;
        const DEFAULT: usize = 10_000;
        let Some(trim) = &mut self.trim else { return Ok(()) };
        trim.limit = match limit {
            Some(_) if !trim.approximate => return Err(EXACT_LIMIT),
            Some(limit) => limit,
            None if trim.approximate => match limits.stream_node_max_entries.saturating_mul(100) {
                0 => DEFAULT as u64,
                entries => entries.min(MOST) as u64,
            },
            None => 0,
        };
        Ok(())
    }
}

fn maximum(text: &[u8]) -> Result<Keep, Error> {
    Ok(Keep::Last(u64::try_from(integer(text)?).map_err(|_| NEGATIVE_LENGTH)?))
}

/// What a trimming that was not exact is recorded as, once it is done.
pub(super) enum Exactly {
    Last(Text, References),
    From(IdText),
}

impl Exactly {
    /// Where references count, entries between those that stay may be gone: then the length alone tells which.
    pub fn of(trim: Trim, references: References, stream: &Stream) -> Exactly {
        match trim.keep {
            Keep::From(_) if references == References::Keep => Exactly::From(stream.entries.first().text()),
            _ => Exactly::Last(format_u64(stream.entries.len() as u64), references),
        }
    }

    pub fn words(&self) -> impl Iterator<Item = &[u8]> {
        let (trim, references): ([&[u8]; 3], _) = match self {
            Exactly::Last(length, references) => ([b"MAXLEN", b"=", length], *references),
            Exactly::From(id) => ([b"MINID", b"=", id], References::Keep),
        };
        let counts = (references != References::Keep).then(|| references.name().as_bytes());
        counts.into_iter().chain(trim)
    }
}

impl Site<'_> {
    /// How many entries went.
    pub(super) fn trim(&mut self, trim: Trim, references: References) -> usize {
        let gone = match references {
            References::Keep => self.stream.entries.trim(trim),
            References::Delete => self.trim_with_references(trim),
            References::Acknowledged => return self.trim_acknowledged(trim),
        };
        if gone > 0 {
            let entries = &self.stream.entries;
            let first = (!entries.is_empty()).then(|| entry_id(entries.first()));
            self.tell.step(|| Step::Trimmed { entries: gone as u64, first });
        }
        gone
    }

    fn trim_with_references(&mut self, trim: Trim) -> usize {
        let len = self.stream.entries.len();
        let old = self.oldest(trim).enumerate().take_while(|(before, id)| trim.wants(*id, len - before));
        let old: Vec<Id> = old.map(|(_, id)| id).collect();
        old.iter().for_each(|id| self.delete_references(*id));
        let Some(last) = old.last() else { return 0 };
        let keep = Keep::From(last.next().unwrap_or(Id::MAX));
        self.stream.entries.trim(Trim { keep, approximate: false, limit: 0 })
    }

    /// Entries go from the oldest on, but for those that a group still needs: these are passed over.
    fn trim_acknowledged(&mut self, trim: Trim) -> usize {
        let (len, mut old) = (self.stream.entries.len(), Vec::new());
        for id in self.oldest(trim) {
            if !trim.wants(id, len - old.len()) {
                break;
            }
            if !self.is_referenced(id) {
                old.push(id);
            }
        }
        old.iter().for_each(|id| _ = self.delete(*id));
        old.len()
    }

    /// The entries that a trimming may look at.
    fn oldest(&self, trim: Trim) -> impl Iterator<Item = Id> {
        let most = if trim.limit == 0 { usize::MAX } else { usize::try_from(trim.limit).unwrap_or(usize::MAX) };
        self.stream.entries.range(Id::MIN, Id::MAX).map(|entry| entry.id).take(most)
    }
}

fn xtrim(call: &mut Call<'_>) -> Outcome {
    let options = Options::parse(call.args, false, &call.state.limits())?;
    let (key, Some(trim)) = (call.key(1), options.trim) else { return call.syntax() };
    if expect::<Stream>(call.state.look_to_write(&key))?.is_none() {
        call.reply.integer(0);
        return Ok(());
    }
    let gone = edit(call.state, &key, |site| {
        let gone = site.trim(trim, options.references);
        if gone > 0 {
            site.tell.changed(gone as u64, "xtrim");
            if trim.approximate {
                let exactly = Exactly::of(trim, options.references, site.stream);
                let words: Vec<&[u8]> = [&b"XTRIM"[..], key.bytes].into_iter().chain(exactly.words()).collect();
                site.tell.effects.record_as(&words);
            }
        }
        gone
    });
    call.reply.integer(gone as i64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    /// Four entries: the first is acknowledged by the one group, the second is pending, the others were not read.
    fn server() -> Server {
        let mut server = Server::new();
        (1..=4).for_each(|n| _ = server.run(&std::format!("XADD s {n}-0 f v")));
        for line in ["XGROUP CREATE s g 0", "XREADGROUP GROUP g c COUNT 2 STREAMS s >", "XACK s g 1-0"] {
            server.run(line);
        }
        server.records();
        server
    }

    const PENDING: &str = "1) (integer) 1\n2) \"2-0\"\n3) \"2-0\"\n4) 1) 1) \"c\"\n      2) \"1\"";
    const NOTHING: &str = "1) (integer) 0\n2) (nil)\n3) (nil)\n4) (nil)";

    #[test]
    fn what_is_pending_stays_goes_or_holds_back() {
        for (line, reply, left, pending, record) in [
            ("XTRIM s MAXLEN 1 KEEPREF", "3", "1", PENDING, "XTRIM s MAXLEN 1 KEEPREF"),
            ("XTRIM s MAXLEN 1 DELREF", "3", "1", NOTHING, "XTRIM s MAXLEN 1 DELREF"),
            ("XTRIM s MINID ~ 3 LIMIT 9 DELREF", "2", "2", NOTHING, "XTRIM s DELREF MAXLEN = 2"),
            ("XTRIM s MAXLEN 1 ACKED", "1", "3", PENDING, "XTRIM s MAXLEN 1 ACKED"),
            ("XTRIM s ACKED MINID ~ 4", "1", "3", PENDING, "XTRIM s ACKED MAXLEN = 3"),
            ("XTRIM s MAXLEN ~ 0 LIMIT 1 DELREF", "1", "3", PENDING, "XTRIM s DELREF MAXLEN = 3"),
        ] {
            let mut server = server();
            assert_eq!(server.run(line), std::format!("(integer) {reply}"), "{line}");
            assert_eq!(server.run("XLEN s"), std::format!("(integer) {left}"), "{line}");
            assert_eq!(server.run("XPENDING s g"), pending, "{line}");
            assert_eq!(server.records(), record, "{line}");
        }
    }

    #[test]
    fn an_entry_that_is_added_trims_likewise() {
        let mut server = server();
        assert_eq!(server.run("XADD s DELREF MAXLEN ~ 2 5-0 f v"), "\"5-0\"");
        assert_eq!(server.records(), "XADD s DELREF MAXLEN = 2 5-0 f v");
        assert_eq!((server.run("XLEN s").as_str(), server.run("XPENDING s g").as_str()), ("(integer) 2", NOTHING));
        assert_eq!(server.run("XADD s ACKED MAXLEN 1 6-0 f v"), "\"6-0\"");
        assert_eq!(server.run("XLEN s"), "(integer) 3");
        assert_eq!(server.run("XADD s ACKED 7-0 f v"), "\"7-0\"");
    }
}
