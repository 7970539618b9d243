//! Bytes to values. Whatever they are, this ends, and claims no more memory than they can account for.

use super::format::*;
use super::{lzf, ziplist};
use crate::base::number::{format_i64, parse_f64, parse_i64};
use crate::base::time::Time;
use crate::collections::intset::Intset;
use crate::collections::listpack::{Element, Listpack};
use crate::keyspace::{Object, Value};
use crate::types::bloom::{Properties, Seed};
use crate::types::list::End;
use crate::types::zset::Outcome;
use crate::types::{Bloom, Hash, Limits, List, Set, ZSet};
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// The value that these bytes begin with, type and all; `None` if that is none, or an empty one. What follows it does not
/// matter, to real servers neither.
pub fn first(bytes: &[u8], limits: &Limits) -> Option<Value> {
    let mut reader = Reader { rest: bytes };
    let kind = reader.byte()?;
    reader.value(kind, limits).filter(|value| !is_empty(value))
}

/// A string or a stream may be empty, another collection is never kept empty.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Bytes(_) => false,
        Value::Object(Object::List(list)) => list.is_empty(),
        Value::Object(Object::Set(set)) => set.is_empty(),
        Value::Object(Object::ZSet(zset)) => zset.is_empty(),
        Value::Object(Object::Hash(hash)) => hash.is_empty(),
        Value::Object(Object::Bloom(bloom)) => bloom.is_empty(),
        Value::Object(Object::Stream(_)) => false,
    }
}

pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// What stands where a length is expected.
pub(super) enum Length {
    Of(u64),
    /// A string in this encoding follows.
    Encoded(u8),
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub fn length(&mut self) -> Option<Length> {
        let first = self.byte()?;
        Some(match first {
            LENGTH_32 => Length::Of(u32::from_be_bytes(self.array()?).into()),
            LENGTH_64 => Length::Of(u64::from_be_bytes(self.array()?)),
            _ if first & ENCODED == ENCODED => Length::Encoded(first & !ENCODED),
            _ if first & ENCODED == LENGTH_14 => {
                Length::Of(u64::from(first & !LENGTH_14) << 8 | u64::from(self.byte()?))
            }
            _ if first & ENCODED == 0 => Length::Of(first.into()),
            _ => return None,
        })
    }

    /// A number of things, of which each takes at least a byte.
    pub fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|&count| count <= self.rest.len())
    }

    /// Of an announced number of different things as many as the bytes that are there may well hold.
    fn likely(&self, count: usize) -> usize {
        const BYTES: usize = 8;
        count.min(self.rest.len() / BYTES)
    }

    pub fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        let integer = |value: i64| Some(Cow::Owned(format_i64(value).to_vec()));
        match self.length()? {
            Length::Of(length) => Some(Cow::Borrowed(self.take(usize::try_from(length).ok()?)?)),
            Length::Encoded(INT_8) => integer(i8::from_le_bytes(self.array()?).into()),
            Length::Encoded(INT_16) => integer(i16::from_le_bytes(self.array()?).into()),
            Length::Encoded(INT_32) => integer(i32::from_le_bytes(self.array()?).into()),
            Length::Encoded(LZF) => {
                let (packed, length) = self.packed()?;
                lzf::unpack(packed, length).map(Cow::Owned)
            }
            Length::Encoded(_) => None,
        }
    }

    /// A packed text, and the length that it has.
    fn packed(&mut self) -> Option<(&'a [u8], usize)> {
        let packed = self.count()?;
        let length = usize::try_from(self.number()?).ok()?;
        Some((self.take(packed)?, length))
    }

    fn value(&mut self, kind: u8, limits: &Limits) -> Option<Value> {
        Some(match kind {
            STRING => {
                let text = self.string()?;
                parse_i64(&text).map_or_else(|| Value::Bytes(text.into_owned()), Value::Int)
            }
            LIST => list(self.list(limits)?),
            LIST_ZIPLIST => list(List::from_packs([ziplist::to_listpack(&self.string()?)?], limits)),
            LIST_OF_ZIPLISTS => list(self.packs(limits, |reader| ziplist::to_listpack(&reader.string()?))?),
            LIST_OF_NODES => list(self.packs(limits, Reader::node)?),
            SET => set(self.set(limits)?),
            SET_INTSET => set(Set::from_intset(Intset::from_bytes(&self.string()?)?, limits)),
            SET_LISTPACK => set(Set::from_pack(self.listpack()?, limits)?),
            ZSET => zset(self.zset(limits, |reader| Some(f64::from_le_bytes(reader.array()?)))?),
            ZSET_OF_TEXTS => zset(self.zset(limits, Reader::score)?),
            ZSET_LISTPACK => zset(ZSet::from_pack(self.listpack()?, limits)?),
            ZSET_ZIPLIST => zset(ZSet::from_pack(ziplist::to_listpack(&self.string()?)?, limits)?),
            HASH => hash(self.hash(Hash::new(), limits, |_| Some(None))?),
            HASH_WITH_EXPIRIES => {
                // Such a hash has a table, whether a field expires or not.
                let mut table = Hash::new();
                table.expect(usize::MAX, limits);
                hash(self.hash(table, limits, Reader::expiry)?)
            }
            HASH_LISTPACK => hash(Hash::from_pack(self.listpack()?, limits)?),
            HASH_ZIPLIST => hash(Hash::from_pack(ziplist::to_listpack(&self.string()?)?, limits)?),
            HASH_ZIPMAP => hash(Hash::from_pack(ziplist::zipmap_to_listpack(&self.string()?)?, limits)?),
            STREAM | STREAM_2 | STREAM_3 => Value::Object(Object::Stream(self.stream(kind)?.into())),
            MODULE => Value::Object(Object::Bloom(self.bloom()?.into())),
            _ => return None,
        })
    }

    /// See [`BLOOM`].
    fn bloom(&mut self) -> Option<Bloom> {
        (self.number()? == BLOOM).then_some(())?;
        let (capacity, expansion) = (self.unsigned()?, u32::try_from(self.unsigned()?).ok()?);
        let (error, tightening) = (self.double()?, self.double()?);
        let seed = Seed::try_from(&*self.text()?).ok()?;
        let (items, filters) = (self.unsigned()?, self.unsigned()?);
        let mut words = Vec::new();
        for _ in 0..filters {
            let bytes = self.text()?;
            let (whole, []) = bytes.as_chunks::<8>() else { return None };
            words.push(whole.iter().map(|word| u64::from_le_bytes(*word)).collect());
        }
        (self.number()? == MODULE_END).then_some(())?;
        Bloom::from_words(Properties { error, tightening, capacity, expansion, seed }, items, words)
    }

    pub fn number(&mut self) -> Option<u64> {
        match self.length()? {
            Length::Of(number) => Some(number),
            Length::Encoded(_) => None,
        }
    }

    fn unsigned(&mut self) -> Option<u64> {
        (self.number()? == MODULE_UNSIGNED).then_some(())?;
        self.number()
    }

    fn double(&mut self) -> Option<f64> {
        (self.number()? == MODULE_DOUBLE).then_some(())?;
        self.array().map(f64::from_le_bytes)
    }

    fn text(&mut self) -> Option<Cow<'a, [u8]>> {
        (self.number()? == MODULE_STRING).then_some(())?;
        self.string()
    }

    /// A packed one is unpacked where it stays.
    pub fn listpack(&mut self) -> Option<Listpack> {
        let before = self.rest;
        if let Length::Encoded(LZF) = self.length()? {
            let (packed, length) = self.packed()?;
            let is_possible = lzf::is_possible(packed.len(), length);
            return is_possible.then(|| Listpack::filled(length, |bytes| lzf::unpack_into(packed, bytes)))?;
        }
        self.rest = before;
        Listpack::from_bytes(&self.string()?)
    }

    fn list(&mut self, limits: &Limits) -> Option<List> {
        let mut list = List::new();
        for _ in 0..self.count()? {
            list.push(End::Tail, &self.string()?, limits);
        }
        Some(list)
    }

    fn packs(&mut self, limits: &Limits, one: impl Fn(&mut Self) -> Option<Listpack>) -> Option<List> {
        let packs: Option<Vec<_>> = (0..self.count()?).map(|_| one(self)).collect();
        Some(List::from_packs(packs?, limits))
    }

    fn node(&mut self) -> Option<Listpack> {
        match self.number()? {
            NODE_PACKED => self.listpack(),
            NODE_PLAIN => {
                let mut pack = Listpack::new();
                pack.push_back(Element::Bytes(&self.string()?));
                Some(pack)
            }
            _ => None,
        }
    }

    fn set(&mut self, limits: &Limits) -> Option<Set> {
        let count = self.count()?;
        let mut set = Set::new();
        for index in 0..count {
            let member = self.string()?;
            if index == 0 {
                set = Set::expecting(&member, count, limits);
                set.reserve(self.likely(count));
            }
            if !set.insert(&member, limits) {
                return None;
            }
        }
        Some(set)
    }

    fn zset(&mut self, limits: &Limits, score: impl Fn(&mut Self) -> Option<f64>) -> Option<ZSet> {
        let count = self.count()?;
        let mut zset = ZSet::expecting(count, 0, limits);
        for _ in 0..count {
            let member = self.string()?;
            let score = score(self).filter(|score| !score.is_nan())?;
            if zset.insert(score, &member, limits) != Outcome::Added {
                return None;
            }
        }
        Some(zset)
    }

    /// A score as its text.
    fn score(&mut self) -> Option<f64> {
        match self.byte()? {
            SCORE_NAN => Some(f64::NAN),
            SCORE_INFINITE => Some(f64::INFINITY),
            SCORE_MINUS_INFINITE => Some(f64::NEG_INFINITY),
            length => parse_f64(self.take(length.into())?),
        }
    }

    fn hash(
        &mut self,
        mut hash: Hash,
        limits: &Limits,
        expiry: impl Fn(&mut Self) -> Option<Option<Time>>,
    ) -> Option<Hash> {
        let count = self.count()?;
        hash.expect(count, limits);
        for _ in 0..count {
            let (name, value) = (self.string()?, self.string()?);
            if !hash.set(&name, &value, limits) {
                return None;
            }
            if let Some(expiry) = expiry(self)? {
                hash.set_expiry(&name, Some(expiry), limits);
            }
        }
        Some(hash)
    }

    /// A moment in milliseconds, or -1.
    fn expiry(&mut self) -> Option<Option<Time>> {
        match i64::from_le_bytes(self.array()?) {
            -1 => Some(None),
            millis => u64::try_from(millis).ok().map(|millis| Some(Time::from_millis(millis))),
        }
    }
}

fn list(list: List) -> Value {
    Value::Object(Object::List(list))
}

fn set(set: Set) -> Value {
    Value::Object(Object::Set(set))
}

fn zset(zset: ZSet) -> Value {
    Value::Object(Object::ZSet(zset))
}

fn hash(hash: Hash) -> Value {
    Value::Object(Object::Hash(hash))
}
