//! Workers on a stream in the script language: `!produce`, `!consume` and `!reap`, read and printed.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

use super::{Action, Parsed, ScriptError, Share, Span, Words, name, share, span};
use crate::base::time::Duration;
use crate::world::worker::{DeadLetter, Role, Source, Take, WorkerSpec};

const RATE: u32 = 2;
const BATCH: u32 = 1;
const WORK: Duration = Duration::from_millis(200);
const IDLE: Duration = Duration::from_seconds(5);
const EVERY: Duration = Duration::from_seconds(1);
/// The longest name of a key, a group or a poison.
const KEY: usize = 128;

/// What can be said of a worker; what is not said is none.
#[derive(Default)]
struct Said {
    stream: Option<String>,
    group: Option<String>,
    rate: Option<u32>,
    maxlen: Option<u64>,
    batch: Option<u32>,
    work: Option<Duration>,
    fail: u16,
    poison: Option<String>,
    dead: Option<DeadLetter>,
    idle: Option<Duration>,
    every: Option<Duration>,
    count: Option<u64>,
    node: Option<String>,
    audit: bool,
}

/// Which parameters a verb takes.
fn known(verb: &str) -> &'static [&'static str] {
    match verb {
        "produce" => &["stream", "rate", "maxlen", "count", "node"],
        "consume" => &["stream", "group", "batch", "work", "fail", "poison", "dead", "count", "node"],
        _ => &["stream", "group", "idle", "every", "batch", "work", "fail", "poison", "dead", "count", "node"],
    }
}

pub(super) fn read(verb: &str, words: &mut Words<'_>) -> Parsed<Action> {
    let worker = words.name("a name for it")?;
    let mut said = Said::default();
    while let Some(word) = words.take() {
        if word == "audit" {
            said.audit = true;
            continue;
        }
        let Some((parameter, value)) = word.split_once('=') else {
            return Err(ScriptError::new(word, "expected audit or PARAMETER=VALUE"));
        };
        if !known(verb).contains(&parameter) {
            let why = format!("!{verb} has no such parameter; there are {}", known(verb).join(", "));
            return Err(ScriptError::new(parameter, why));
        }
        said.hear(word, parameter, value)?;
    }
    let missing = |what| ScriptError::new(what, "is missing");
    let stream = said.stream.ok_or_else(|| missing("stream=STREAM"))?;
    if said.dead.as_ref().is_some_and(|rule| rule.stream == stream) {
        return Err(ScriptError::new(&stream, "dead letters go to another stream"));
    }
    let role = if verb == "produce" {
        Role::Produce { rate: said.rate.unwrap_or(RATE), maxlen: said.maxlen }
    } else {
        let source = match verb {
            "consume" => Source::New,
            _ => Source::Idle { idle: said.idle.unwrap_or(IDLE), every: said.every.unwrap_or(EVERY) },
        };
        Role::Take(Take {
            group: said.group.ok_or_else(|| missing("group=GROUP"))?,
            source,
            batch: said.batch.unwrap_or(BATCH),
            work: said.work.unwrap_or(WORK),
            fail: said.fail,
            poison: said.poison,
            dead: said.dead,
        })
    };
    let spec = WorkerSpec { stream, role, count: said.count, node: said.node, audit: said.audit };
    Ok(Action::Worker { name: worker, spec })
}

impl Said {
    fn hear(&mut self, word: &str, parameter: &str, value: &str) -> Parsed<()> {
        let number = |least: u64, most: u64| match value.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(ScriptError::new(word, format!("expected a whole number from {least} to {most}"))),
        };
        let key = |text: &str| match text.len() {
            1..=KEY => Ok(text.to_owned()),
            _ => Err(ScriptError::new(word, format!("a name here has 1 to {KEY} bytes"))),
        };
        match parameter {
            "stream" => self.stream = Some(key(value)?),
            "group" => self.group = Some(key(value)?),
            "poison" => self.poison = Some(key(value)?),
            "rate" => self.rate = Some(number(1, 10_000)? as u32),
            "maxlen" => self.maxlen = Some(number(1, 1 << 53)?),
            "batch" => self.batch = Some(number(1, 1000)? as u32),
            "count" => self.count = Some(number(1, 1 << 53)?),
            "work" => self.work = Some(span(value)?),
            "idle" => self.idle = Some(span(value)?),
            "every" => {
                let every = span(value)?;
                if every < Duration::from_millis(1) {
                    return Err(ScriptError::new(word, "expected 1ms at least"));
                }
                self.every = Some(every);
            }
            "fail" => {
                let why = "expected a share from 0 to 1, like 0.1";
                self.fail = share(value).ok_or_else(|| ScriptError::new(word, why))?;
            }
            "dead" => {
                let parts = value.split_once(':').and_then(|(count, stream)| Some((count.parse().ok()?, stream)));
                let Some((deliveries @ 2..=1000, stream)) = parts else {
                    return Err(ScriptError::new(word, "expected DELIVERIES:STREAM, with 2 to 1000 deliveries"));
                };
                self.dead = Some(DeadLetter { deliveries, stream: key(stream)? });
            }
            _ => self.node = Some(name(value)?),
        }
        Ok(())
    }
}

/// What differs from the usual, behind the verb and what is always said.
pub(super) fn write(f: &mut fmt::Formatter<'_>, name: &str, spec: &WorkerSpec) -> fmt::Result {
    let stream = &spec.stream;
    match &spec.role {
        Role::Produce { rate, maxlen } => {
            write!(f, "!produce {name} stream={stream}")?;
            if *rate != RATE {
                write!(f, " rate={rate}")?;
            }
            if let Some(maxlen) = maxlen {
                write!(f, " maxlen={maxlen}")?;
            }
        }
        Role::Take(take) => {
            let verb = if take.source == Source::New { "consume" } else { "reap" };
            write!(f, "!{verb} {name} stream={stream} group={}{take}", take.group)?;
        }
    }
    if let Some(count) = spec.count {
        write!(f, " count={count}")?;
    }
    if let Some(node) = &spec.node {
        write!(f, " node={node}")?;
    }
    f.write_str(if spec.audit { " audit" } else { "" })
}

/// What differs from the usual, each with a space in front.
impl fmt::Display for Take {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Source::Idle { idle, every } = self.source {
            if idle != IDLE {
                write!(f, " idle={}", Span(idle))?;
            }
            if every != EVERY {
                write!(f, " every={}", Span(every))?;
            }
        }
        if self.batch != BATCH {
            write!(f, " batch={}", self.batch)?;
        }
        if self.work != WORK {
            write!(f, " work={}", Span(self.work))?;
        }
        if self.fail > 0 {
            write!(f, " fail={}", Share(self.fail))?;
        }
        if let Some(poison) = &self.poison {
            write!(f, " poison={poison}")?;
        }
        if let Some(rule) = &self.dead {
            write!(f, " dead={}:{}", rule.deliveries, rule.stream)?;
        }
        Ok(())
    }
}
