//! What DEBUG DIGEST answers: SHA-1 over all that keys hold, the same as Valkey makes of the same data (and Redis, which
//! writes scores with more digits).

use super::{Entry, Keyspace, Kind, ValueRef};
use crate::base::number::{format_f64_shortest, format_i64};
use crate::collections::listpack::Element;
use crate::types::stream::Id;
use alloc::format;
use sha1::{Digest, Sha1};

/// 160 bits, into which things are mixed in an order, or added without one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature(pub [u8; 20]);

impl Signature {
    /// Adds something to a whole that has no order.
    fn add(&mut self, bytes: &[u8]) {
        let hash: [u8; 20] = Sha1::digest(bytes).into();
        self.0.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
    }

    /// Adds what comes next.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    fn mix_element(&mut self, element: Element<'_>) {
        element.with(|text| self.mix(text));
    }

    /// That of a key's value, with whether it expires.
    pub fn of(entry: &Entry) -> Signature {
        let mut whole = Signature::default();
        whole.add_value(entry);
        whole
    }

    fn add_value(&mut self, entry: &Entry) {
        self.mix(&number(entry.kind()).to_be_bytes());
        match entry.value() {
            ValueRef::Int(value) => self.mix(&format_i64(value)),
            ValueRef::Bytes(bytes) => self.mix(bytes),
            ValueRef::List(list) => list.iter().for_each(|element| self.mix_element(element)),
            ValueRef::Set(set) => set.iter().for_each(|member| member.with(|text| self.add(text))),
            ValueRef::ZSet(zset) => zset.iter().for_each(|scored| {
                let mut one = Signature::default();
                one.mix_element(scored.member);
                one.mix(&format_f64_shortest(scored.score));
                self.add(&one.0);
            }),
            ValueRef::Hash(hash) => hash.iter().for_each(|field| {
                let mut one = Signature::default();
                one.mix_element(field.name);
                one.mix_element(field.value);
                self.add(&one.0);
            }),
            ValueRef::Stream(stream) => stream.entries.range(Id::MIN, Id::MAX).for_each(|entry| {
                self.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
                entry.pairs().for_each(|(name, value)| {
                    self.mix_element(name);
                    self.mix_element(value);
                });
            }),
            ValueRef::Bloom(bloom) => bloom.words().for_each(|word| self.mix(&word.to_le_bytes())),
        }
        if entry.has_expiry() {
            self.add(b"!!expire!!");
        }
    }
}

/// A type's number in Redis.
fn number(kind: Kind) -> u32 {
    match kind {
        Kind::String => 0,
        Kind::List => 1,
        Kind::Set => 2,
        Kind::ZSet => 3,
        Kind::Hash => 4,
        Kind::Stream => 6,
        // That of all modules' types.
        Kind::Bloom => 5,
    }
}

impl Keyspace {
    /// That of all databases.
    pub fn signature(&self) -> Signature {
        let mut whole = Signature::default();
        for index in (0..self.databases()).filter(|&index| !self.db(index).is_empty()) {
            whole.mix(&(index as u32).to_be_bytes());
            for entry in self.db(index).iter() {
                let mut one = Signature::default();
                one.mix(entry.key());
                one.add_value(entry);
                whole.add(&one.0);
            }
        }
        whole
    }
}
