//! XTRIM, and the options about trimming that XADD has as well.

use crate::base::number::{Text, format_u64};
use crate::commands::call::{Call, integer};
use crate::commands::collection::expect;
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::stream::{INVALID_ID, Site, edit, entry_id, id};
use crate::commands::words::is;
use crate::event::Step;
use crate::resp::decode::Args;
use crate::resp::error::{self, Error};
use crate::types::stream::id::{Given, IdText};
use crate::types::stream::{Keep, Trim};
use crate::types::{Limits, Stream};

pub static XTRIM: Command = Command {
    summary: "Deletes the oldest entries, until so many are left or up to an ID, and says how many.",
    arity: -4,
    flags: Flags::WRITE,
    keys: &[KeySpec::one(1, Access::DELETE)],
    arguments: &[Argument::key("key"), Argument::block("trim", TRIM)],
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
        let mut options = Options { trim: None, no_create: false, id: None, at: 2 };
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
    Last(Text),
    From(IdText),
}

impl Exactly {
    pub fn of(trim: Trim, stream: &Stream) -> Exactly {
        match trim.keep {
            Keep::Last(_) => Exactly::Last(format_u64(stream.entries.len() as u64)),
            Keep::From(_) => Exactly::From(stream.entries.first().text()),
        }
    }

    pub fn words(&self) -> [&[u8]; 3] {
        match self {
            Exactly::Last(length) => [b"MAXLEN", b"=", length],
            Exactly::From(id) => [b"MINID", b"=", id],
        }
    }
}

impl Site<'_> {
    /// How many entries went.
    pub(super) fn trim(&mut self, trim: Trim) -> usize {
        let gone = self.stream.entries.trim(trim);
        if gone > 0 {
            let entries = &self.stream.entries;
            let first = (!entries.is_empty()).then(|| entry_id(entries.first()));
            self.tell.step(|| Step::Trimmed { entries: gone as u64, first });
        }
        gone
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
        let gone = site.trim(trim);
        if gone > 0 {
            site.tell.changed(gone as u64, "xtrim");
            if trim.approximate {
                let exactly = Exactly::of(trim, site.stream);
                let [strategy, operator, threshold] = exactly.words();
                site.tell.effects.record_as(&[b"XTRIM", key.bytes, strategy, operator, threshold]);
            }
        }
        gone
    });
    call.reply.integer(gone as i64);
    Ok(())
}
