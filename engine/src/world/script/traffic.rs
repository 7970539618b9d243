//! Workloads, applications and databases in the script language: `!load`, `!app` and `!database`, read and printed.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::{Action, Parsed, ScriptError, Share, Span, Words, decimals, name, share, span};
use crate::base::time::Duration;
use crate::world::actor::{Knowledge, LoadSpec};
use crate::world::app::{AppSpec, Attack};
use crate::world::database::DatabaseSpec;
use crate::world::traffic::{Distribution, Lifetime, SKEW, TrafficSpec};

/// The most keys and rows, users and commands a second, and the greatest skew in thousandths.
const KEYS: u64 = 100_000_000;
const ROWS: u64 = 1_000_000;
const RATE: u64 = 1_000_000;
const SKEWEST: u64 = 5000;
const COUNT: u64 = 1 << 53;
const SIZE: u64 = 1 << 20;
/// What lives for ever has no place in a cache, unless one says so.
const LIFE: Lifetime = Lifetime { ttl: Some(Duration::from_seconds(60)), jitter: Duration::ZERO };
const APP_SIZE: u32 = 32;

const KNOWLEDGE: &[(&str, Knowledge)] =
    &[("plain", Knowledge::Plain), ("follow", Knowledge::Follow), ("smart", Knowledge::Smart)];

/// A word of the form `PARAMETER=VALUE`.
struct Said<'a> {
    word: &'a str,
    parameter: &'a str,
    value: &'a str,
}

impl Said<'_> {
    fn wrong(&self, why: &str) -> ScriptError {
        ScriptError::new(self.word, why)
    }

    fn number(&self, least: u64, most: u64) -> Parsed<u64> {
        whole(self.value, least, most)
            .ok_or_else(|| ScriptError::new(self.word, format!("expected a whole number from {least} to {most}")))
    }

    fn span(&self, least: Duration) -> Parsed<Duration> {
        let found = span(self.value)?;
        if found < least { Err(self.wrong("expected a longer span")) } else { Ok(found) }
    }

    fn share(&self, value: &str) -> Parsed<u16> {
        share(value).ok_or_else(|| self.wrong("expected a share from 0 to 1, like 0.8"))
    }
}

fn whole(text: &str, least: u64, most: u64) -> Option<u64> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

/// Reads words up to the end, bare ones and parameters; `hear` says whether it knows one.
fn each<'a>(
    words: &mut Words<'a>,
    bare: &[&str],
    parameters: &str,
    mut hear: impl FnMut(&Said<'a>) -> Parsed<bool>,
) -> Parsed<()> {
    while let Some(word) = words.take() {
        let (parameter, value) = match word.split_once('=') {
            Some(both) => both,
            None if bare.contains(&word) => (word, ""),
            None => {
                let bare: String = bare.iter().map(|word| format!("{word}, ")).collect();
                return Err(ScriptError::new(word, format!("expected {bare}PARAMETER=VALUE")));
            }
        };
        let is_known = word == parameter || !bare.contains(&parameter);
        if !is_known || !hear(&Said { word, parameter, value })? {
            return Err(ScriptError::new(parameter, format!("no such parameter; there are {parameters}")));
        }
    }
    Ok(())
}

pub(super) fn load(words: &mut Words<'_>) -> Parsed<Action> {
    let name = words.name("a name for the workload")?;
    let (mut spec, mut is_stop) = (LoadSpec::default(), false);
    let known = "rate, keys, dist, scan, seed, read, pipeline, client, ttl, jitter, size, count, node";
    each(words, &["stop", "audit"], known, |said| {
        match said.parameter {
            "stop" => is_stop = true,
            "audit" => spec.audit = true,
            "rate" if said.value == "max" => spec.traffic.rate = None,
            "pipeline" => spec.pipeline = said.number(1, 10_000)? as u32,
            "size" => spec.size = said.number(1, SIZE)? as u32,
            "node" => spec.node = Some(self::name(said.value)?),
            "read" => spec.read = said.share(said.value)?,
            "client" => spec.knowledge = knowledge(said)?,
            _ => return Ok(spec.traffic.hear(said)? || spec.life.hear(said)?),
        }
        Ok(true)
    })?;
    Ok(if is_stop { Action::Stop { name } } else { Action::Load { name, spec } })
}

fn knowledge(said: &Said<'_>) -> Parsed<Knowledge> {
    let found = KNOWLEDGE.iter().find(|(name, _)| *name == said.value).map(|(_, found)| *found);
    found.ok_or_else(|| said.wrong("expected one of plain, follow, smart"))
}

pub(super) fn app(words: &mut Words<'_>) -> Parsed<Action> {
    let name = words.name("a name for the application")?;
    let (mut database, mut spec) = (None, usual());
    let known = "db, rate, keys, dist, scan, seed, ttl, jitter, attack, null, size, count, node";
    each(words, &["lock", "bloom", "audit"], known, |said| {
        match said.parameter {
            "lock" => spec.lock = true,
            "bloom" => spec.bloom = true,
            "audit" => spec.audit = true,
            "db" => database = Some(self::name(said.value)?),
            "attack" => spec.attack = Some(attack(said)?),
            "null" => spec.null = Some(said.span(Duration::from_millis(1))?),
            "size" => spec.size = said.number(1, SIZE)? as u32,
            "node" => spec.node = Some(self::name(said.value)?),
            _ => return Ok(spec.traffic.hear(said)? || spec.life.hear(said)?),
        }
        Ok(true)
    })?;
    spec.database = database.ok_or_else(|| ScriptError::new("db=DATABASE", "is missing"))?;
    Ok(Action::App { name, spec })
}

fn usual() -> AppSpec {
    AppSpec {
        database: String::new(),
        traffic: TrafficSpec::default(),
        life: LIFE,
        attack: None,
        lock: false,
        null: None,
        bloom: false,
        size: APP_SIZE,
        node: None,
        audit: false,
    }
}

/// `SHARE` or `SHARE:ROWS`.
fn attack(said: &Said<'_>) -> Parsed<Attack> {
    let (part, rows) = said.value.split_once(':').unwrap_or((said.value, "1000000"));
    let rows = whole(rows, 1, KEYS).ok_or_else(|| said.wrong("expected SHARE:ROWS, like 0.5:20"))?;
    Ok(Attack { share: said.share(part)?, rows: rows as u32 })
}

pub(super) fn database(words: &mut Words<'_>) -> Parsed<Action> {
    let name = words.name("a name for the database")?;
    let mut spec = DatabaseSpec::default();
    each(words, &[], "capacity, latency, patience, rows", |said| {
        match said.parameter {
            "capacity" => spec.capacity = said.number(1, 1_000_000)? as u32,
            "latency" => spec.latency = said.span(Duration::ZERO)?,
            "patience" => spec.patience = said.span(Duration::ZERO)?,
            "rows" => spec.rows = said.number(0, ROWS)? as u32,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Action::Database { name, spec })
}

impl TrafficSpec {
    fn hear(&mut self, said: &Said<'_>) -> Parsed<bool> {
        match said.parameter {
            "rate" => self.rate = Some(said.number(1, RATE)? as u32),
            "keys" => self.keys = said.number(1, KEYS)? as u32,
            "count" => self.count = Some(said.number(1, COUNT)?),
            "seed" => self.seed = Some(said.number(0, u64::MAX)?),
            "scan" => self.scan = said.share(said.value)?,
            "dist" => self.distribution = distribution(said)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Lifetime {
    fn hear(&mut self, said: &Said<'_>) -> Parsed<bool> {
        match said.parameter {
            "ttl" => self.ttl = Some(said.span(Duration::ZERO)?).filter(|ttl| *ttl > Duration::ZERO),
            "jitter" => self.jitter = said.span(Duration::ZERO)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// `uniform`, `seq`, `zipf`, `zipf:SKEW` or `hot:KEYS:SHARE:EVERY`.
fn distribution(said: &Said<'_>) -> Parsed<Distribution> {
    let wrong = || {
        said.wrong(
            "expected one of uniform, seq, zipf, zipf:SKEW like zipf:1.1, hot:KEYS:SHARE:EVERY like hot:100:0.9:5000",
        )
    };
    let mut parts = said.value.split(':');
    let found = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("uniform"), None, ..) => Some(Distribution::Uniform),
        (Some("seq"), None, ..) => Some(Distribution::Sequence),
        (Some("zipf"), None, ..) => Some(Distribution::Zipf { skew: SKEW }),
        (Some("zipf"), Some(skew), None, _) => thousandths(skew).map(|skew| Distribution::Zipf { skew }),
        (Some("hot"), Some(keys), Some(part), Some(every)) => whole(keys, 1, KEYS)
            .zip(share(part))
            .zip(whole(every, 1, u32::MAX.into()))
            .map(|((keys, share), every)| Distribution::Hot { keys: keys as u32, share, every: every as u32 }),
        _ => None,
    };
    found.filter(|_| parts.next().is_none()).ok_or_else(wrong)
}

fn thousandths(text: &str) -> Option<u16> {
    let (before, behind) = text.split_once('.').unwrap_or((text, ""));
    let all = whole(before, 0, SKEWEST)? * 1000 + decimals(behind, 3)?;
    (all <= SKEWEST).then_some(all as u16)
}

/// What differs from the usual, each with a space in front.
impl fmt::Display for TrafficSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = TrafficSpec::default();
        match self.rate {
            None => f.write_str(" rate=max")?,
            Some(rate) if self.rate != usual.rate => write!(f, " rate={rate}")?,
            Some(_) => {}
        }
        if self.keys != usual.keys {
            write!(f, " keys={}", self.keys)?;
        }
        match self.distribution {
            Distribution::Uniform => {}
            Distribution::Sequence => f.write_str(" dist=seq")?,
            Distribution::Zipf { skew: SKEW } => f.write_str(" dist=zipf")?,
            Distribution::Zipf { skew } => {
                let digits = format!("{}.{:03}", skew / 1000, skew % 1000);
                write!(f, " dist=zipf:{}", digits.trim_end_matches('0').trim_end_matches('.'))?;
            }
            Distribution::Hot { keys, share, every } => write!(f, " dist=hot:{keys}:{}:{every}", Share(share))?,
        }
        if self.scan > 0 {
            write!(f, " scan={}", Share(self.scan))?;
        }
        if let Some(count) = self.count {
            write!(f, " count={count}")?;
        }
        if let Some(seed) = self.seed {
            write!(f, " seed={seed}")?;
        }
        Ok(())
    }
}

/// Beside the usual lifetime.
fn write_life(f: &mut fmt::Formatter<'_>, life: Lifetime, usual: Lifetime) -> fmt::Result {
    if life.ttl != usual.ttl {
        write!(f, " ttl={}", Span(life.ttl.unwrap_or_default()))?;
    }
    if life.jitter != usual.jitter {
        write!(f, " jitter={}", Span(life.jitter))?;
    }
    Ok(())
}

/// What differs from the usual, each with a space in front.
impl fmt::Display for LoadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = LoadSpec::default();
        write!(f, "{}", self.traffic)?;
        if self.read != usual.read {
            write!(f, " read={}", Share(self.read))?;
        }
        if self.pipeline != usual.pipeline {
            write!(f, " pipeline={}", self.pipeline)?;
        }
        if let Some((name, _)) = KNOWLEDGE.iter().find(|(_, it)| *it == self.knowledge && *it != usual.knowledge) {
            write!(f, " client={name}")?;
        }
        write_life(f, self.life, usual.life)?;
        if self.size != usual.size {
            write!(f, " size={}", self.size)?;
        }
        if let Some(node) = &self.node {
            write!(f, " node={node}")?;
        }
        f.write_str(if self.audit { " audit" } else { "" })
    }
}

/// The database, and what differs from the usual, each with a space in front.
impl fmt::Display for AppSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " db={}{}", self.database, self.traffic)?;
        write_life(f, self.life, LIFE)?;
        if let Some(Attack { share, rows }) = self.attack {
            write!(f, " attack={}:{rows}", Share(share))?;
        }
        if let Some(null) = self.null {
            write!(f, " null={}", Span(null))?;
        }
        if self.size != APP_SIZE {
            write!(f, " size={}", self.size)?;
        }
        if let Some(node) = &self.node {
            write!(f, " node={node}")?;
        }
        for (is_so, word) in [(self.lock, "lock"), (self.bloom, "bloom"), (self.audit, "audit")] {
            if is_so {
                write!(f, " {word}")?;
            }
        }
        Ok(())
    }
}

/// What differs from the usual, each with a space in front.
impl fmt::Display for DatabaseSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = DatabaseSpec::default();
        if self.capacity != usual.capacity {
            write!(f, " capacity={}", self.capacity)?;
        }
        if self.latency != usual.latency {
            write!(f, " latency={}", Span(self.latency))?;
        }
        if self.patience != usual.patience {
            write!(f, " patience={}", Span(self.patience))?;
        }
        if self.rows != usual.rows {
            write!(f, " rows={}", self.rows)?;
        }
        Ok(())
    }
}
