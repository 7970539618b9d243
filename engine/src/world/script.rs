//! The script language: what a user, a lesson, a test or a shared link does to a world, one action a line.
//!
//! ```text
//! @A-M> SET k v                 a command, in the first tab's session with A-M        @A-M#2> …   in the second tab's
//! !kill A-M                     the process is gone, with all that it had in memory   !restart A-M
//! !pause A-M   !resume A-M      it is there and does not look
//! !cut A-M B-M   !cut A-M -> B-M   !heal A-M B-M   !heal
//! !latency A-M B-M 5ms   !latency 5ms   !jitter A-M -> B-M 1ms
//! !clock A-M +5s                its clock jumps
//! !load NAME rate=100 keys=1000 dist=zipf read=0.8 pipeline=1   !stop NAME
//! !database NAME capacity=200 latency=20ms rows=1000     simulated; and an application with the server as its cache:
//! !app NAME db=NAME rate=500 keys=1000 dist=zipf:1.1 ttl=10s jitter=2s lock null=2s bloom attack=0.5:20
//! !produce NAME stream=s rate=5             entries are added, taken by consumers of a group, claimed by a reaper:
//! !consume NAME stream=s group=g work=200ms fail=0.1   !reap NAME stream=s group=g idle=5s every=1s dead=3:dead
//! !crash NAME   !restart NAME               what it held it has no more
//! !tab 2 A-M resp3   !close 2
//! !advance 5s   !until event(Moved, node=A-M, has="k") >= 2 limit 60s
//! !begin   !answer votes 2      a lesson begins to look, and hears what one says to its questions
//! ```
//! Reading never panics, whatever the text, and an error names the word that is wrong.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

mod traffic;
mod work;

use super::actor::LoadSpec;
use super::app::AppSpec;
use super::database::DatabaseSpec;
use super::predicate::{Events, Reader};
use super::worker::WorkerSpec;
use crate::base::time::Duration;

/// What can be done to a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Command {
        node: String,
        tab: u32,
        line: String,
    },
    Kill(String),
    /// A node's process, or a worker.
    Restart(String),
    Pause(String),
    Resume(String),
    Cut(Between),
    /// `None`: everything that is cut.
    Heal(Option<Between>),
    /// `None`: between all.
    Latency(Option<Between>, Duration),
    Jitter(Option<Between>, Duration),
    /// Microseconds forward, or back.
    Clock {
        node: String,
        by: i64,
    },
    Load {
        name: String,
        spec: LoadSpec,
    },
    /// A workload, an application or a worker.
    Stop {
        name: String,
    },
    Worker {
        name: String,
        spec: WorkerSpec,
    },
    App {
        name: String,
        spec: AppSpec,
    },
    Database {
        name: String,
        spec: DatabaseSpec,
    },
    Crash {
        name: String,
    },
    Tab {
        tab: u32,
        node: String,
        resp3: bool,
    },
    Close {
        tab: u32,
    },
    Advance(Duration),
    Until {
        event: Events,
        times: u32,
        limit: Duration,
    },
    /// What a witness is to see begins here.
    Begin,
    /// What the one who plays says to a question of a lesson.
    Answer {
        id: String,
        value: String,
    },
}

/// Two parties, by name, and whether only the way from the first to the second is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Between {
    pub from: String,
    pub to: String,
    pub one_way: bool,
}

/// Why a script can't be read or run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// Counted from 1; zero where there is only one.
    pub line: usize,
    /// The word that is wrong; empty where one is missing.
    pub word: String,
    pub why: String,
}

impl ScriptError {
    pub fn new(word: &str, why: impl Into<String>) -> Self {
        // What is wrong may be of any length.
        let mut word = word.to_owned();
        if let Some((end, _)) = word.char_indices().nth(60) {
            word.truncate(end);
            word.push('…');
        }
        ScriptError { line: 0, word, why: why.into() }
    }

    fn missing(what: &str) -> Self {
        ScriptError::new("", format!("{what} is missing"))
    }

    pub fn in_line(self, line: usize) -> Self {
        ScriptError { line, ..self }
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        match self.word.as_str() {
            "" => f.write_str(&self.why),
            word => write!(f, "{word}: {}", self.why),
        }
    }
}

/// The longest name, line and span.
const NAME: usize = 32;
const LINE: usize = 1 << 20;
pub const LONGEST: Duration = Duration::from_seconds(24 * 3600);
/// How long `!until` waits where no limit is given.
const LIMIT: Duration = Duration::from_seconds(60);
/// The longest answer.
const ANSWER: usize = 256;

type Parsed<T> = Result<T, ScriptError>;

impl Action {
    /// Reads one action.
    ///
    /// # Errors
    /// The word that is wrong, and why.
    pub fn parse(text: &str) -> Parsed<Action> {
        let text = text.trim();
        if text.len() > LINE {
            return Err(ScriptError::new("", format!("a line has at most {LINE} bytes")));
        }
        if let Some(control) = text.chars().find(|c| matches!(c, '\n' | '\r' | '\0')) {
            return Err(ScriptError::new("", format!("an action is one line: it has a {control:?} in it")));
        }
        if let Some(rest) = text.strip_prefix('@') {
            return command(rest);
        }
        let Some(rest) = text.strip_prefix('!') else {
            return Err(ScriptError::new(first_word(text), "an action begins with ! or with @NODE>"));
        };
        let mut words = Words { rest };
        let verb = words.next("a verb")?;
        let action = match verb {
            "kill" => Action::Kill(words.name("a node")?),
            "restart" => Action::Restart(words.name("a node or a worker")?),
            "pause" => Action::Pause(words.name("a node")?),
            "resume" => Action::Resume(words.name("a node")?),
            "cut" => Action::Cut(words.between()?),
            "heal" => Action::Heal(if words.is_empty() { None } else { Some(words.between()?) }),
            "latency" => words.delay(Action::Latency)?,
            "jitter" => words.delay(Action::Jitter)?,
            "clock" => Action::Clock { node: words.name("a node")?, by: signed_span(words.next("a span")?)? },
            "load" => traffic::load(&mut words)?,
            "app" => traffic::app(&mut words)?,
            "database" => traffic::database(&mut words)?,
            "produce" | "consume" | "reap" => work::read(verb, &mut words)?,
            "crash" => Action::Crash { name: words.name("a worker")? },
            "stop" => Action::Stop { name: words.name("a workload or a worker")? },
            "tab" => tab(&mut words)?,
            "close" => Action::Close { tab: tab_number(words.next("a tab's number")?)? },
            "advance" => Action::Advance(span(words.next("a span")?)?),
            "until" => return until(words.rest),
            "begin" => Action::Begin,
            "answer" => return answer(&mut words),
            _ => {
                let verbs = "kill, restart, pause, resume, cut, heal, latency, jitter, clock, load, app, database, \
                             produce, consume, reap, crash, stop, tab, close, advance, until, begin, answer";
                return Err(ScriptError::new(verb, format!("no such verb; there are {verbs}")));
            }
        };
        match words.take() {
            None => Ok(action),
            Some(extra) => Err(ScriptError::new(extra, format!("!{verb} is complete without it"))),
        }
    }
}

/// The words of a line, front to back.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn take(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn next(&mut self, what: &str) -> Parsed<&'a str> {
        self.take().ok_or_else(|| ScriptError::missing(what))
    }

    fn name(&mut self, what: &str) -> Parsed<String> {
        name(self.next(what)?)
    }

    fn is_empty(&self) -> bool {
        self.rest.trim().is_empty()
    }

    /// `A B`, `A -> B` or `A->B`.
    fn between(&mut self) -> Parsed<Between> {
        let first = self.next("a node or a client")?;
        if let Some((from, to)) = first.split_once("->")
            && !to.is_empty()
        {
            return Ok(Between { from: name(from)?, to: name(to)?, one_way: true });
        }
        let (first, mut one_way) = match first.strip_suffix("->") {
            Some(first) => (first, true),
            None => (first, false),
        };
        let mut second = self.next("the other node or client")?;
        if !one_way && let Some(rest) = second.strip_prefix("->") {
            one_way = true;
            second = if rest.is_empty() { self.next("the other node or client")? } else { rest };
        }
        Ok(Between { from: name(first)?, to: name(second)?, one_way })
    }

    fn delay(&mut self, make: fn(Option<Between>, Duration) -> Action) -> Parsed<Action> {
        let mut look = Words { rest: self.rest };
        let first = look.next("a span")?;
        if look.is_empty() && first.starts_with(|c: char| c.is_ascii_digit()) {
            self.rest = look.rest;
            return Ok(make(None, span(first)?));
        }
        let between = self.between()?;
        Ok(make(Some(between), span(self.next("a span")?)?))
    }
}

pub(super) fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// A name of a node or client.
pub(super) fn name(word: &str) -> Parsed<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
    if word.is_empty() || word.len() > NAME || !word.chars().all(good) || word.contains("->") {
        let why = format!("a name has 1 to {NAME} letters, digits and _ . : -");
        return Err(ScriptError::new(word, why));
    }
    Ok(word.to_owned())
}

fn tab_number(word: &str) -> Parsed<u32> {
    match word.parse() {
        Ok(tab @ 1..=99) => Ok(tab),
        _ => Err(ScriptError::new(word, "a tab's number is 1 to 99")),
    }
}

/// `NODE> COMMAND` or `NODE#TAB> COMMAND`.
fn command(rest: &str) -> Parsed<Action> {
    let Some((place, line)) = rest.split_once('>') else {
        return Err(ScriptError::new(first_word(rest), "expected @NODE> COMMAND"));
    };
    let (node, tab) = match place.split_once('#') {
        Some((node, tab)) => (node, tab_number(tab)?),
        None => (place, 1),
    };
    let line = line.trim();
    if line.is_empty() {
        return Err(ScriptError::missing("a command"));
    }
    Ok(Action::Command { node: name(node.trim())?, tab, line: line.to_owned() })
}

fn tab(words: &mut Words<'_>) -> Parsed<Action> {
    let tab = tab_number(words.next("a tab's number")?)?;
    let node = words.name("a node")?;
    let resp3 = match words.take() {
        None | Some("resp2") => false,
        Some("resp3") => true,
        Some(other) => return Err(ScriptError::new(other, "a protocol is resp2 or resp3")),
    };
    Ok(Action::Tab { tab, node, resp3 })
}

/// `0`, `1` or `0.nnn`, in thousandths.
fn share(word: &str) -> Option<u16> {
    let (whole, rest) = word.split_once('.').unwrap_or((word, ""));
    let thousandths = decimals(rest, 3)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths as u16),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// Digits behind a point, as a whole number of so many places.
fn decimals(digits: &str, places: usize) -> Option<u64> {
    if digits.len() > places || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    (0..places).try_fold(0u64, |number, at| {
        Some(number * 10 + u64::from(digits.as_bytes().get(at).copied().unwrap_or(b'0') - b'0'))
    })
}

/// `5ms`, `2.5s`, `1m`, …
///
/// # Errors
/// It is none, or longer than a day.
pub fn span(word: &str) -> Parsed<Duration> {
    let wrong = || ScriptError::new(word, "expected a span like 5ms, 2.5s, 1m or 1h");
    let digits = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(digits);
    let (scale, places) = match unit {
        "us" => (1, 0),
        "ms" => (1000, 3),
        "s" => (1_000_000, 6),
        "m" => (60_000_000, 6),
        "h" => (3_600_000_000, 6),
        _ => return Err(wrong()),
    };
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let part = decimals(rest, places).ok_or_else(wrong)?;
    let part = part * scale / 10u64.pow(places as u32);
    match whole.checked_mul(scale).and_then(|whole| whole.checked_add(part)) {
        Some(micros) if micros <= LONGEST.micros() => Ok(Duration::from_micros(micros)),
        _ => Err(ScriptError::new(word, "longer than a day")),
    }
}

fn signed_span(word: &str) -> Parsed<i64> {
    match word.split_at_checked(1) {
        Some(("+", rest)) => Ok(span(rest)?.micros() as i64),
        Some(("-", rest)) => Ok(-(span(rest)?.micros() as i64)),
        _ => Err(ScriptError::new(word, "expected +SPAN or -SPAN")),
    }
}

/// `event(KIND, node=NODE, has="TEXT") >= N limit SPAN`.
fn until(rest: &str) -> Parsed<Action> {
    let mut reader = Reader { rest: rest.trim() };
    if !reader.take_word("event") {
        return Err(ScriptError::new(first_word(rest), "expected event(KIND)"));
    }
    reader.expect("(")?;
    let event = reader.events()?;
    reader.expect(")")?;
    let mut words = Words { rest: reader.rest };
    let (mut times, mut limit) = (1, LIMIT);
    while let Some(word) = words.take() {
        match word {
            ">=" => {
                let count = words.next("a number")?;
                let good = count.parse().ok().filter(|times| (1..=1_000_000).contains(times));
                times = good.ok_or_else(|| ScriptError::new(count, "expected a whole number from 1 to 1000000"))?;
            }
            "limit" => limit = span(words.next("a span")?)?,
            other => return Err(ScriptError::new(other, "expected >= NUMBER or limit SPAN")),
        }
    }
    Ok(Action::Until { event, times, limit })
}

/// `ID VALUE`, the value being all the rest.
fn answer(words: &mut Words<'_>) -> Parsed<Action> {
    let id = words.name("a question")?;
    match words.rest.trim() {
        "" => Err(ScriptError::missing("an answer")),
        value if value.len() > ANSWER => Err(ScriptError::new(value, format!("an answer has at most {ANSWER} bytes"))),
        value => Ok(Action::Answer { id, value: value.to_owned() }),
    }
}

/// A text in double quotes, where \ takes what follows as it is; and what comes behind it.
pub(super) fn quoted(text: &str) -> Parsed<(String, &str)> {
    let Some(inside) = text.strip_prefix('"') else {
        return Err(ScriptError::new(first_word(text), "expected a text in double quotes"));
    };
    let (mut found, mut escaped) = (String::new(), false);
    for (index, c) in inside.char_indices() {
        match c {
            _ if escaped => {
                found.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Ok((found, &inside[index + 1..])),
            _ => found.push(c),
        }
    }
    Err(ScriptError::missing("the closing quote"))
}

/// Thousandths as scripts write them: a share from 0 to 1.
struct Share(u16);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1000 => f.write_str("1"),
            0 => f.write_str("0"),
            part => write!(f, "0.{}", format!("{part:03}").trim_end_matches('0')),
        }
    }
}

/// A span as scripts write it: exact, and short.
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.micros();
        let (unit, scale, places) = match micros {
            0 => return f.write_str("0s"),
            1..1000 => ("us", 1, 0),
            1000..1_000_000 => ("ms", 1000, 3),
            _ => ("s", 1_000_000, 6),
        };
        write!(f, "{}", micros / scale)?;
        let part = micros % scale;
        if part > 0 {
            let digits = format!("{part:0places$}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str(unit)
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.from, if self.one_way { " -> " } else { " " }, self.to)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Command { node, tab: 1, line } => write!(f, "@{node}> {line}"),
            Action::Command { node, tab, line } => write!(f, "@{node}#{tab}> {line}"),
            Action::Kill(node) => write!(f, "!kill {node}"),
            Action::Restart(node) => write!(f, "!restart {node}"),
            Action::Pause(node) => write!(f, "!pause {node}"),
            Action::Resume(node) => write!(f, "!resume {node}"),
            Action::Cut(between) => write!(f, "!cut {between}"),
            Action::Heal(None) => f.write_str("!heal"),
            Action::Heal(Some(between)) => write!(f, "!heal {between}"),
            Action::Latency(None, span) => write!(f, "!latency {}", Span(*span)),
            Action::Latency(Some(between), span) => write!(f, "!latency {between} {}", Span(*span)),
            Action::Jitter(None, span) => write!(f, "!jitter {}", Span(*span)),
            Action::Jitter(Some(between), span) => write!(f, "!jitter {between} {}", Span(*span)),
            Action::Clock { node, by } => {
                let sign = if *by < 0 { '-' } else { '+' };
                write!(f, "!clock {node} {sign}{}", Span(Duration::from_micros(by.unsigned_abs())))
            }
            Action::Load { name, spec } => write!(f, "!load {name}{spec}"),
            Action::Stop { name } => write!(f, "!stop {name}"),
            Action::Worker { name, spec } => work::write(f, name, spec),
            Action::App { name, spec } => write!(f, "!app {name}{spec}"),
            Action::Database { name, spec } => write!(f, "!database {name}{spec}"),
            Action::Crash { name } => write!(f, "!crash {name}"),
            Action::Tab { tab, node, resp3 } => {
                write!(f, "!tab {tab} {node}{}", if *resp3 { " resp3" } else { "" })
            }
            Action::Close { tab } => write!(f, "!close {tab}"),
            Action::Advance(span) => write!(f, "!advance {}", Span(*span)),
            Action::Until { event, times, limit } => {
                write!(f, "!until {event}")?;
                if *times > 1 {
                    write!(f, " >= {times}")?;
                }
                if *limit != LIMIT {
                    write!(f, " limit {}", Span(*limit))?;
                }
                Ok(())
            }
            Action::Begin => f.write_str("!begin"),
            Action::Answer { id, value } => write!(f, "!answer {id} {value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::string::ToString;

    const FORMS: &[&str] = &[
        "@A-M> SET k \"a > b\"",
        "@A-M#2> GET k",
        "!kill A-M",
        "!restart A-M",
        "!pause A-M",
        "!resume A-M",
        "!cut A-M B-M",
        "!cut A-M -> tab1",
        "!heal",
        "!heal A-M B-M",
        "!latency 5ms",
        "!latency A-M B-M 1.5s",
        "!jitter A-M -> B-M 250us",
        "!clock A-M +5s",
        "!clock A-M -1.5ms",
        "!load w",
        "!load w rate=100 keys=10 dist=zipf count=7 read=0.25 pipeline=8 client=follow ttl=5s size=100 node=B-M audit",
        "!load w dist=zipf:0.99 scan=0.3 seed=18446744073709551615 ttl=4s jitter=2s",
        "!load w keys=5 dist=hot:100:0.9:5000",
        "!app shop db=orders",
        "!app shop db=orders rate=500 keys=99 dist=zipf:1.1 scan=0.05 count=7 seed=0 ttl=10s jitter=2.5s attack=0.5:20 null=2s size=99 node=M lock bloom audit",
        "!app shop db=orders ttl=0s lock audit",
        "!database orders",
        "!database orders capacity=50 latency=5ms patience=250ms rows=0",
        "!load w rate=max dist=seq read=0 client=plain",
        "!stop w",
        "!produce p stream=jobs",
        "!produce p stream=jobs rate=50 maxlen=100 count=7 node=B-M audit",
        "!consume c1 stream=jobs group=crew",
        "!consume c1 stream=jobs group=crew batch=3 work=1.5s fail=0.25 poison=bad dead=3:jobs:dead count=9",
        "!reap r stream=jobs group=crew idle=2s every=500ms work=0s node=A-M audit",
        "!crash c1",
        "!restart c1",
        "!tab 2 A-M",
        "!tab 3 A-M resp3",
        "!close 2",
        "!advance 300s",
        "!begin",
        "!answer votes two of three",
        "!until event(Moved)",
        "!until event(Ran, node=A-M, has=\"SET \\\"k\\\"\") >= 3 limit 5s",
    ];

    #[test]
    fn every_form_is_read_and_printed_again() {
        for text in FORMS {
            let action = Action::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(action.to_string(), *text);
        }
        for (text, meant) in [
            ("!cut A-M->B-M", "!cut A-M -> B-M"),
            ("!cut A-M-> B-M", "!cut A-M -> B-M"),
            (" !heal ", "!heal"),
            ("!advance 1.5m", "!advance 90s"),
            ("!load w stop", "!stop w"),
            ("!load w dist=zipf:1.000 dist=zipf:2.50", "!load w dist=zipf:2.5"),
            ("!app a bloom attack=0.25 db=d ttl=60s", "!app a db=d attack=0.25:1000000 bloom"),
            ("!consume c group=g work=200ms stream=s fail=0", "!consume c stream=s group=g"),
        ] {
            assert_eq!(Action::parse(text).unwrap().to_string(), meant);
        }
    }

    #[test]
    fn an_error_names_the_word_that_is_wrong() {
        for (text, word) in [
            ("kill A-M", "kill"),
            ("!kil A-M", "kil"),
            ("!kill", ""),
            ("!kill A-M now", "now"),
            ("!kill A/M", "A/M"),
            ("@A-M SET", "A-M"),
            ("@A-M#0> GET", "0"),
            ("@A-M>", ""),
            ("!latency A-M B-M 5", "5"),
            ("!advance 25h", "25h"),
            ("!advance 18446744073709551615h", "18446744073709551615h"),
            ("!clock A-M 5s", "5s"),
            ("!load w rate=0", "rate=0"),
            ("!load w read=1.5", "read=1.5"),
            ("!load w speed=3", "speed"),
            ("!load w dist=odd", "dist=odd"),
            ("!load w dist=zipf:5.001", "dist=zipf:5.001"),
            ("!load w dist=zipf:1:2", "dist=zipf:1:2"),
            ("!load w dist=hot:1:0.5", "dist=hot:1:0.5"),
            ("!load w dist=hot:1:0.5:9:9", "dist=hot:1:0.5:9:9"),
            ("!load w scan=2", "scan=2"),
            ("!load w lock", "lock"),
            ("!app a", "db=DATABASE"),
            ("!app a db=d rate=max", "rate=max"),
            ("!app a db=d null=0s", "null=0s"),
            ("!app a db=d attack=0.5:0", "attack=0.5:0"),
            ("!app a db=d read=0.5", "read"),
            ("!database d capacity=0", "capacity=0"),
            ("!database d rows=1000001", "rows=1000001"),
            ("!database d lock", "lock"),
            ("!produce p rate=5", "stream=STREAM"),
            ("!produce p stream=s rate=0", "rate=0"),
            ("!produce p stream=s group=g", "group"),
            ("!consume c stream=s", "group=GROUP"),
            ("!consume c stream=s group=g fail=10%", "fail=10%"),
            ("!consume c stream=s group=g dead=1:d", "dead=1:d"),
            ("!consume c stream=s group=g dead=3", "dead=3"),
            ("!consume c stream=s group=g dead=3:s", "s"),
            ("!consume c stream=s group=g idle=5s", "idle"),
            ("!reap r stream=s group=g every=0s", "every=0s"),
            ("!reap r stream= group=g", "stream="),
            ("!crash", ""),
            ("!until event(Fail)", "Fail"),
            ("!until event(Ran", ""),
            ("!until event(Ran) >= 0", "0"),
            ("!until event(Ran, has=x)", "x)"),
            ("!begin now", "now"),
            ("!answer votes", ""),
        ] {
            assert_eq!(Action::parse(text).unwrap_err().word, word, "{text}");
        }
    }

    /// Text made of the language's own pieces and of anything else.
    fn noise(rng: &mut Rng) -> String {
        const PIECES: &[&str] = &[
            "!",
            "@",
            ">",
            "#",
            "kill ",
            "cut ",
            "->",
            "A-M",
            " ",
            "heal",
            "latency ",
            "clock ",
            "load ",
            "rate=",
            "9",
            "99999999999999999999",
            "0.5",
            ".",
            "s",
            "ms",
            "until ",
            "event(",
            "Ran",
            ",",
            "node=",
            "has=",
            "\"",
            "\\",
            ")",
            ">=",
            "limit ",
            "+",
            "-",
            "tab ",
            "é",
            "\u{0}",
            "\n",
            "日本",
            "stop",
            "=",
            "produce ",
            "consume ",
            "reap ",
            "stream=",
            "group=",
            "dead=",
            "advance ",
            "1",
            "read=",
            "ttl=",
            "app ",
            "database ",
            "dist=",
            "zipf:",
            "hot:",
            "attack=",
            "db=",
            "lock ",
        ];
        let mut some = |most| -> String {
            (0..rng.below(most)).map(|_| PIECES[rng.below(PIECES.len() as u64) as usize]).collect()
        };
        let (begin, end) = (some(12), some(3));
        if rng.below(2) == 0 {
            return begin;
        }
        // A form of the language, broken somewhere.
        let form = FORMS[rng.below(FORMS.len() as u64) as usize];
        let cut = rng.below(form.len() as u64 + 1) as usize;
        let skip = (cut + rng.below(3) as usize).min(form.len());
        format!("{}{end}{}", &form[..cut], &form[skip..])
    }

    #[test]
    fn bad_text_is_refused_and_good_text_comes_back_the_same() {
        let mut rng = Rng::new(11);
        let mut good = 0;
        for _ in 0..200_000 {
            let text = noise(&mut rng);
            if let Ok(action) = Action::parse(&text) {
                good += 1;
                assert_eq!(Action::parse(&action.to_string()).as_ref(), Ok(&action), "{text:?} printed as {action}");
            }
        }
        assert!(good > 1000, "only {good} of the texts made sense");
    }

    #[test]
    fn every_span_is_printed_exactly() {
        let mut rng = Rng::new(5);
        for _ in 0..10_000 {
            let micros = rng.bits() >> (20 + rng.below(44));
            let duration = Duration::from_micros(micros % (LONGEST.micros() + 1));
            assert_eq!(span(&Span(duration).to_string()), Ok(duration));
        }
    }
}
