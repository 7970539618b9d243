//! Bloom filters: commands that Valkey and Redis have from a module.
//!
//! Replies, errors and parameters are those that the documentation of valkey-bloom gives (valkey.io/commands, group
//! bloom), `TYPE` as well. The bits are of our own, and so is what DUMP makes of them: filters can't be
//! exchanged with that module.

pub mod add;
pub mod exists;
pub mod info;
pub mod insert;

use core::str::FromStr;

use super::call::Call;
use super::collection::Collection;
use super::declaration::{Access, Command, Flags, Group, KeySpec};
use crate::base::number::{format_f64, format_u64, read_f64};
use crate::config::Fraction;
use crate::keyspace::Key;
use crate::keyspace::Value;
use crate::keyspace::change::Notify;
use crate::resp::decode::Args;
use crate::resp::encode::Reply;
use crate::resp::error::Error;
use crate::types::Bloom;
use crate::types::bloom::{Full, Properties, Seed};

pub static COMMANDS: &[&Command] = &[
    &add::ADD,
    &exists::CARD,
    &exists::EXISTS,
    &info::INFO,
    &insert::INSERT,
    &add::MADD,
    &exists::MEXISTS,
    &insert::RESERVE,
];

const NOT_FOUND: Error = Error::fixed("ERR not found");

impl From<Full> for Error {
    fn from(full: Full) -> Error {
        Error::fixed(match full {
            Full::NonScaling => "ERR non scaling filter is full",
            Full::NoError => "ERR false positive degrades to 0 on scale out",
            Full::NoCapacity => "ERR bad capacity",
            Full::TooLarge => "ERR operation exceeds bloom object memory limit",
        })
    }
}

const fn write(name: &'static str, complexity: &'static str) -> Command {
    Command {
        flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::INSERT)] },
        ..Command::new(name, Group::Bloom, "8.0.0", complexity)
    }
}

const fn read(name: &'static str, complexity: &'static str) -> Command {
    Command {
        flags: Flags::READONLY.and(Flags::FAST),
        keys: const { &[KeySpec::one(1, Access::READ)] },
        ..Command::new(name, Group::Bloom, "8.0.0", complexity)
    }
}

/// A number as the module reads it: a sign is fine, spaces are not.
fn number<T: FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// What the parameters say of filters, with a seed of their own.
fn defaults(call: &mut Call<'_>) -> Properties {
    let config = &call.state.config;
    let properties = Properties {
        error: config.bloom_fp_rate.0,
        tightening: config.bloom_tightening_ratio.0,
        capacity: config.bloom_capacity as u64,
        expansion: config.bloom_expansion as u32,
        seed: Seed::default(),
    };
    let mut seed = Seed::default();
    for part in seed.as_chunks_mut::<8>().0 {
        *part = call.state.rng.bits().to_le_bytes();
    }
    Properties { seed, ..properties }
}

/// Adds items to a filter, one after the other up to the first that there is no room for.
fn add_all(bloom: &mut Bloom, items: Args<'_>, limit: u64) -> Added {
    let mut added = Added::default();
    for item in items.iter() {
        match bloom.add(item, limit) {
            Ok(is_new) => added.new.push(is_new),
            Err(full) => {
                added.full = Some(full);
                break;
            }
        }
    }
    added
}

#[derive(Default)]
struct Added {
    /// Whether each item was new.
    new: alloc::vec::Vec<bool>,
    full: Option<Full>,
}

impl Added {
    fn count(&self) -> u64 {
        self.new.iter().filter(|is_new| **is_new).count() as u64
    }

    fn reply(&self, reply: &mut dyn Reply) {
        reply.array(self.new.len() + usize::from(self.full.is_some()));
        self.new.iter().for_each(|&is_new| reply.integer(i64::from(is_new)));
        if let Some(full) = self.full {
            reply.error(&full.into());
        }
    }
}

/// Stores a new filter and records what makes the same one: its seed was chosen by chance.
fn create(call: &mut Call<'_>, key: &Key<'_>, bloom: Bloom, items: Args<'_>, added: u64) {
    let Properties { error, tightening, capacity, expansion, seed } = *bloom.properties();
    call.announce_new(key);
    let mark = call.state.mark();
    call.db().insert(key, Value::Object(bloom.into_object()), None).written(mark);
    call.changed(key.bytes, Notify::GENERIC, "bloom.reserve");
    if added > 0 {
        call.notice(key.bytes, Notify::GENERIC, "bloom.add");
    }
    let numbers = [format_u64(capacity), format_f64(error), format_f64(tightening), format_u64(u64::from(expansion))];
    let mut words: alloc::vec::Vec<&[u8]> = alloc::vec![b"BF.INSERT", key.bytes, b"CAPACITY", &numbers[0]];
    words.extend_from_slice(&[b"ERROR", &numbers[1], b"TIGHTENING", &numbers[2], b"SEED", &seed]);
    match expansion {
        0 => words.push(b"NONSCALING"),
        _ => words.extend_from_slice(&[b"EXPANSION", &numbers[3]]),
    }
    if !items.is_empty() {
        words.push(b"ITEMS");
        words.extend(items.iter());
    }
    call.record(&words);
}

impl Fraction {
    /// Between 0 and 1, both excluded.
    fn parse(text: &[u8], no_number: Error, out_of_range: Error) -> Result<f64, Error> {
        let value = read_f64(text).ok_or(no_number)?;
        if value > 0.0 && value < 1.0 { Ok(value) } else { Err(out_of_range) }
    }
}
