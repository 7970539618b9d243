//! One number for all the data of a node, whatever its order: keys, types, values, expiries.

use super::{Entry, Keyspace, ValueRef};
use crate::base::hash::siphash;
use crate::base::number::format_i64;
use crate::base::time::Time;
use crate::collections::listpack::Element;
use crate::types::Stream;
use crate::types::bloom::Properties;
use crate::types::stream::Id;
use alloc::vec::Vec;

/// Not secret: the digest compares nodes of one's own.
const SEED: (u64, u64) = (0x6b76_6172_6975_6d00, 0x6469_6765_7374_0000);

impl Keyspace {
    /// Equal for two keyspaces that hold the same, whatever the encodings, the seeds and the way they came to it.
    pub fn digest(&self) -> u64 {
        let mut sum = 0u64;
        for index in 0..self.databases() {
            for entry in self.db(index).iter() {
                let mut text = (index as u64).to_le_bytes().to_vec();
                describe(entry, &mut text);
                sum = sum.wrapping_add(siphash(SEED, &text));
            }
        }
        sum
    }
}

fn describe(entry: &Entry, text: &mut Vec<u8>) {
    add(text, entry.key());
    add(text, entry.kind().name().as_bytes());
    add_expiry(text, entry.expiry());
    match entry.value() {
        ValueRef::Int(value) => add(text, &format_i64(value)),
        ValueRef::Bytes(value) => add(text, value),
        ValueRef::List(list) => list.iter().for_each(|element| add_element(text, element)),
        ValueRef::Set(set) => add_unordered(text, set.iter(), |text, member| add_element(text, member)),
        ValueRef::Hash(hash) => add_unordered(text, hash.iter(), |text, field| {
            add_element(text, field.name);
            add_element(text, field.value);
            add_expiry(text, field.expiry);
        }),
        ValueRef::ZSet(zset) => zset.iter().for_each(|scored| {
            text.extend_from_slice(&scored.score.to_bits().to_le_bytes());
            add_element(text, scored.member);
        }),
        ValueRef::Stream(stream) => add_stream(text, stream),
        ValueRef::Bloom(bloom) => {
            let Properties { error, tightening, capacity, expansion, seed } = *bloom.properties();
            for number in [error.to_bits(), tightening.to_bits(), capacity, u64::from(expansion), bloom.items()] {
                text.extend_from_slice(&number.to_le_bytes());
            }
            text.extend_from_slice(&seed);
            bloom.words().for_each(|word| text.extend_from_slice(&word.to_le_bytes()));
        }
    }
}

/// All but moments: when consumers were seen or active no record tells, and when an entry was delivered a node believes only
/// as far as its own clock has come.
fn add_stream(text: &mut Vec<u8>, stream: &Stream) {
    let entries = &stream.entries;
    let add_number = |text: &mut Vec<u8>, number: u64| text.extend_from_slice(&number.to_le_bytes());
    for id in [entries.last, entries.max_deleted] {
        text.extend_from_slice(&id.to_bytes());
    }
    [entries.added, entries.len() as u64].into_iter().for_each(|number| add_number(text, number));
    for entry in entries.range(Id::MIN, Id::MAX) {
        text.extend_from_slice(&entry.id.to_bytes());
        add_number(text, entry.fields as u64);
        entry.pairs().for_each(|(name, value)| {
            add_element(text, name);
            add_element(text, value);
        });
    }
    for (_, name, group) in stream.groups().iter() {
        add(text, name);
        text.extend_from_slice(&group.last.to_bytes());
        add_number(text, group.read.unwrap_or(u64::MAX));
        group.consumers().iter().for_each(|(_, name, _)| add(text, name));
        for pending in group.pending_from(Id::MIN) {
            text.extend_from_slice(&pending.id.to_bytes());
            add_number(text, pending.count);
            add(text, group.consumers().name(pending.consumer));
        }
    }
}

/// A text with its length in front, so that no two lists of texts look alike.
fn add(text: &mut Vec<u8>, bytes: &[u8]) {
    text.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    text.extend_from_slice(bytes);
}

fn add_element(text: &mut Vec<u8>, element: Element<'_>) {
    element.with(|bytes| add(text, bytes));
}

fn add_expiry(text: &mut Vec<u8>, expiry: Option<Time>) {
    text.extend_from_slice(&expiry.map_or(u64::MAX, Time::millis).to_le_bytes());
}

/// The sum of the elements' own digests, and how many there are.
fn add_unordered<T>(text: &mut Vec<u8>, elements: impl Iterator<Item = T>, describe: impl Fn(&mut Vec<u8>, T)) {
    let (mut sum, mut count, mut one) = (0u64, 0u64, Vec::new());
    for element in elements {
        one.clear();
        describe(&mut one, element);
        sum = sum.wrapping_add(siphash(SEED, &one));
        count += 1;
    }
    text.extend_from_slice(&sum.to_le_bytes());
    text.extend_from_slice(&count.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::{Object, Value};
    use super::*;
    use crate::types::{Limits, Set};

    fn keyspace(seed: u64, keys: &[(&str, &str, Option<u64>)]) -> Keyspace {
        let mut keyspace = Keyspace::new(2, false, (seed, seed));
        for (key, value, expiry) in keys {
            let key = keyspace.key(key.as_bytes());
            keyspace.db_mut(0).set_bytes(&key, value.as_bytes(), expiry.map(Time::from_millis));
        }
        keyspace
    }

    #[test]
    fn order_and_seed_do_not_matter_and_everything_else_does() {
        let a = keyspace(1, &[("a", "1", None), ("b", "x", Some(9))]).digest();
        assert_eq!(a, keyspace(2, &[("b", "x", Some(9)), ("a", "1", None)]).digest());
        assert_ne!(a, keyspace(1, &[("a", "1", None), ("b", "x", Some(8))]).digest());
        assert_ne!(a, keyspace(1, &[("a", "1", None), ("b", "x", None)]).digest());
        assert_ne!(a, keyspace(1, &[("a", "2", None), ("b", "x", Some(9))]).digest());
        assert_ne!(a, keyspace(1, &[("a", "1", None)]).digest());
        let mut swapped = keyspace(1, &[("a", "1", None), ("b", "x", Some(9))]);
        swapped.swap(0, 1);
        assert_ne!(a, swapped.digest());
    }

    #[test]
    fn a_set_is_the_same_in_any_encoding() {
        let small = Limits::default();
        let large = Limits { set_max_intset_entries: 0, set_max_listpack_entries: 0, ..Limits::default() };
        let digest = |limits: &Limits, members: &[&str]| {
            let mut keyspace = Keyspace::new(1, false, (3, 4));
            let mut set = Set::new();
            for member in members {
                set.insert(member.as_bytes(), limits);
            }
            let key = keyspace.key(b"s");
            keyspace.db_mut(0).insert(&key, Value::Object(Object::Set(set)), None);
            keyspace.digest()
        };
        assert_eq!(digest(&small, &["1", "2", "3"]), digest(&large, &["3", "2", "1"]));
        assert_ne!(digest(&small, &["1", "2", "3"]), digest(&small, &["1", "2"]));
    }
}
