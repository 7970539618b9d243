//! Values to bytes, each in the encoding that it has.

use super::format::*;
use super::lzf::Packer;
use crate::base::number::{format_i64, parse_i64};
use crate::collections::listpack::{Element, Listpack};
use crate::keyspace::ValueRef;
use crate::types::bloom::{Filter, Properties};
use crate::types::{Bloom, Hash, List, Set, ZSet};
use alloc::vec::Vec;

/// Strings that are not longer than this are not packed.
const SHORTEST_PACKED: usize = 20;
/// No integer of 32 bits is written longer.
const LONGEST_INT: usize = 11;

/// Writes a value with its type in front, and says which that is.
pub fn value(value: ValueRef<'_>, out: &mut Vec<u8>) -> u8 {
    let at = out.len();
    out.push(STRING);
    let mut writer = Writer { out, packer: Packer::default() };
    let kind = match value {
        ValueRef::Int(value) => {
            writer.integer(value);
            STRING
        }
        ValueRef::Bytes(bytes) => {
            writer.string(bytes);
            STRING
        }
        ValueRef::List(list) => writer.list(list),
        ValueRef::Set(set) => writer.set(set),
        ValueRef::ZSet(zset) => writer.zset(zset),
        ValueRef::Hash(hash) => writer.hash(hash),
        ValueRef::Stream(stream) => writer.stream(stream),
        ValueRef::Bloom(bloom) => writer.bloom(bloom),
    };
    out[at] = kind;
    kind
}

pub(super) struct Writer<'a> {
    pub out: &'a mut Vec<u8>,
    packer: Packer,
}

impl Writer<'_> {
    pub fn length(&mut self, number: u64) {
        length(self.out, number);
    }

    pub fn count(&mut self, count: usize) {
        self.length(count as u64);
    }

    fn integer(&mut self, value: i64) {
        if let Ok(value) = i8::try_from(value) {
            self.out.extend_from_slice(&[ENCODED | INT_8, value as u8]);
        } else if let Ok(value) = i16::try_from(value) {
            self.out.push(ENCODED | INT_16);
            self.out.extend_from_slice(&value.to_le_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.out.push(ENCODED | INT_32);
            self.out.extend_from_slice(&value.to_le_bytes());
        } else {
            let text = format_i64(value);
            self.count(text.len());
            self.out.extend_from_slice(&text);
        }
    }

    pub fn string(&mut self, text: &[u8]) {
        if text.len() <= LONGEST_INT
            && let Some(value) = parse_i64(text)
            && i32::try_from(value).is_ok()
        {
            return self.integer(value);
        }
        if text.len() > SHORTEST_PACKED
            && let Some(packed) = self.packer.pack(text, text.len() - 4)
        {
            self.out.push(ENCODED | LZF);
            length(self.out, packed.len() as u64);
            length(self.out, text.len() as u64);
            self.out.extend_from_slice(packed);
            return;
        }
        self.count(text.len());
        self.out.extend_from_slice(text);
    }

    fn element(&mut self, element: Element<'_>) {
        element.with(|text| self.string(text));
    }

    fn list(&mut self, list: &List) -> u8 {
        self.count(list.packs().count());
        for pack in list.packs() {
            match plain(pack) {
                Some(text) => {
                    self.length(NODE_PLAIN);
                    self.string(text);
                }
                None => {
                    self.length(NODE_PACKED);
                    self.string(pack.as_bytes());
                }
            }
        }
        LIST_OF_NODES
    }

    fn set(&mut self, set: &Set) -> u8 {
        if let Some(ints) = set.intset() {
            self.string(ints.as_bytes());
            return SET_INTSET;
        }
        // A listpack would not be read by Redis 7.0.
        self.count(set.len());
        set.iter().for_each(|member| self.element(member));
        SET
    }

    fn zset(&mut self, zset: &ZSet) -> u8 {
        if let Some(pack) = zset.pack() {
            self.string(pack.as_bytes());
            return ZSET_LISTPACK;
        }
        self.count(zset.len());
        // From the last to the first, which who loads them into a skiplist likes best.
        for scored in zset.iter().rev() {
            self.element(scored.member);
            self.out.extend_from_slice(&scored.score.to_bits().to_le_bytes());
        }
        ZSET
    }

    fn hash(&mut self, hash: &Hash) -> u8 {
        if let Some(pack) = hash.pack() {
            self.string(pack.as_bytes());
            return HASH_LISTPACK;
        }
        let with_expiries = hash.expiring() > 0;
        self.count(hash.len());
        for field in hash.iter() {
            self.element(field.name);
            self.element(field.value);
            if with_expiries {
                let millis = field.expiry.map_or(-1, |expiry| expiry.millis() as i64);
                self.out.extend_from_slice(&millis.to_le_bytes());
            }
        }
        if with_expiries { HASH_WITH_EXPIRIES } else { HASH }
    }

    /// See [`BLOOM`].
    fn bloom(&mut self, bloom: &Bloom) -> u8 {
        let Properties { error, tightening, capacity, expansion, seed } = *bloom.properties();
        let filters = || (0..bloom.filters()).filter_map(|index| bloom.filter(index));
        self.length(BLOOM);
        self.unsigned(capacity);
        self.unsigned(expansion.into());
        self.double(error);
        self.double(tightening);
        self.text(&seed);
        self.unsigned(filters().next_back().map_or(0, Filter::items));
        self.unsigned(bloom.filters() as u64);
        for filter in filters() {
            let bytes: Vec<u8> = filter.words().iter().flat_map(|word| word.to_le_bytes()).collect();
            self.text(&bytes);
        }
        self.length(MODULE_END);
        MODULE
    }

    fn unsigned(&mut self, value: u64) {
        self.length(MODULE_UNSIGNED);
        self.length(value);
    }

    fn double(&mut self, value: f64) {
        self.length(MODULE_DOUBLE);
        self.out.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.length(MODULE_STRING);
        self.string(text);
    }
}

fn length(out: &mut Vec<u8>, length: u64) {
    match length {
        0..64 => out.push(length as u8),
        64..16384 => out.extend_from_slice(&(length as u16 | u16::from(LENGTH_14) << 8).to_be_bytes()),
        _ => match u32::try_from(length) {
            Ok(length) => {
                out.push(LENGTH_32);
                out.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                out.push(LENGTH_64);
                out.extend_from_slice(&length.to_be_bytes());
            }
        },
    }
}

/// The element of a node that is too large for a listpack elsewhere.
fn plain(pack: &Listpack) -> Option<&[u8]> {
    const LARGEST_PACKED: usize = 1 << 30;
    match pack.first() {
        Some(Element::Bytes(text)) if pack.len() == 1 && text.len() >= LARGEST_PACKED => Some(text),
        _ => None,
    }
}
