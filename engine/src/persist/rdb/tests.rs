use super::*;
use crate::base::number::format_i64;
use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::collections::listpack::Element;
use crate::keyspace::Object;
use crate::types::bloom::Properties;
use crate::types::list::End;
use crate::types::stream::Id;
use crate::types::{Bloom, Hash, List, Set, ZSet};
use alloc::vec;
use std::format;
use std::string::String;

fn as_ref(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Int(value) => ValueRef::Int(*value),
        Value::Bytes(bytes) => ValueRef::Bytes(bytes),
        Value::Object(object) => object.borrow(),
    }
}

fn list(texts: &[&str], limits: &Limits) -> Value {
    let mut list = List::new();
    texts.iter().for_each(|text| list.push(End::Tail, text.as_bytes(), limits));
    Value::Object(Object::List(list))
}

fn set(members: &[&str], limits: &Limits) -> Value {
    let mut set = Set::new();
    members.iter().for_each(|member| _ = set.insert(member.as_bytes(), limits));
    Value::Object(Object::Set(set))
}

fn zset(members: &[(&str, f64)], limits: &Limits) -> Value {
    let mut zset = ZSet::new();
    members.iter().for_each(|(member, score)| _ = zset.insert(*score, member.as_bytes(), limits));
    Value::Object(Object::ZSet(zset))
}

fn hash(fields: &[(&str, &str, Option<u64>)], limits: &Limits) -> Value {
    let mut hash = Hash::new();
    for (name, value, expiry) in fields {
        hash.set(name.as_bytes(), value.as_bytes(), limits);
        if let Some(millis) = expiry {
            hash.set_expiry(name.as_bytes(), Some(Time::from_millis(*millis)), limits);
        }
    }
    Value::Object(Object::Hash(hash))
}

fn bloom(items: u64, properties: Properties) -> Value {
    let mut bloom = Bloom::new(properties, 1 << 20).unwrap();
    (0..items).for_each(|item| _ = bloom.add(&item.to_le_bytes(), 1 << 20));
    Value::Object(Object::Bloom(bloom.into()))
}

/// All that a value holds, as text, whatever its encoding; unordered things in order.
fn contents(value: ValueRef<'_>) -> String {
    fn text(element: Element<'_>) -> String {
        element.with(|text| String::from_utf8_lossy(text).into_owned())
    }
    let mut parts: Vec<String> = match value {
        ValueRef::Int(value) => vec![String::from_utf8_lossy(&format_i64(value)).into_owned()],
        ValueRef::Bytes(bytes) => vec![String::from_utf8_lossy(bytes).into_owned()],
        ValueRef::List(list) => {
            let elements: Vec<String> = list.iter().map(text).collect();
            vec![elements.join(" ")]
        }
        ValueRef::Set(set) => set.iter().map(text).collect(),
        ValueRef::ZSet(zset) => {
            zset.iter().map(|scored| format!("{} {:?}", text(scored.member), scored.score)).collect()
        }
        ValueRef::Hash(hash) => hash
            .iter()
            .map(|field| format!("{} {} {:?}", text(field.name), text(field.value), field.expiry.map(Time::millis)))
            .collect(),
        ValueRef::Bloom(bloom) => {
            let words: Vec<u64> = bloom.words().collect();
            vec![format!("{:?} {} of {} {words:?}", bloom.properties(), bloom.items(), bloom.capacity())]
        }
        ValueRef::Stream(stream) => {
            let entries = stream.entries.range(Id::MIN, Id::MAX);
            entries.map(|entry| format!("{} {:?}", entry.id, entry.pairs().collect::<Vec<_>>())).collect()
        }
    };
    parts.sort();
    format!("{} {}", value.kind().name(), parts.join(","))
}

fn encoding(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Int(_) | ValueRef::Bytes(_) => "a string",
        ValueRef::List(list) => list.encoding(),
        ValueRef::Set(set) => set.encoding(),
        ValueRef::ZSet(zset) => zset.encoding(),
        ValueRef::Hash(hash) => hash.encoding(),
        ValueRef::Bloom(bloom) => bloom.encoding(),
        ValueRef::Stream(stream) => stream.encoding(),
    }
}

/// As Redis 7.0 dumps them.
const RECORDED: [(&[u8], &str); 10] = [
    (
        b"\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01<<\x00\x00\x00\x18\x00\
        \x02\x01\x01\x01\x01\x01\x81a\x02\x00\x01\x02\x01\x00\x01\x00\x01\x01\x01\x04\x01\x01\x01\x01\x01\
        \xdf\xff\x02\x02\x01\x81b\x02\x02\x01\x81c\x02\x03\x01\x08\x01\x02\x01\x02\x01\xdf\xff\x02\x04\x01\
        \x04\x01\xff\x02\x03\x00\x01\x01\x02\x00\x03\x01\x01g\x02\x00\x02\x02\x00\x00\x00\x00\x00\x00\x00\
        \x01\x00\x00\x00\x00\x00\x00\x00\x01\xe8\x03\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\
        \x02\x00\x00\x00\x00\x00\x00\x00\x00;\x1a\x0d\x13\xa2\x01\x00\x00\x01\x02\x01c;\x1a\x0d\x13\xa2\x01\
        \x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01d;\x1a\x0d\x13\xa2\
        \x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x0a\x00\xdc\xb9\xc0\
        Mv\x1d\xc5\xf4",
        "stream 1-1 [(Bytes([97]), Int(1))],3-0 [(Bytes([97]), Int(4))]",
    ),
    (b"\x00\xc0{\n\x00H\xe2S\xe1\x00zg\xb9", "string 123"),
    (b"\x00\x05hello\n\x00cr\xdfve4 \n", "string hello"),
    (
        b"\x00\xc3\t@d\x01aa\xe0W\x00\x01aa\n\x00\xe8\xa3\xb5\x07\xb0m\xf2q",
        "string aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    (b"\x12\x01\x02\x10\x10\0\0\0\x03\0\x01\x01\x02\x01\x83abc\x04\xff\n\x00\xc54\xae\r\xdc#\xb9\xee", "list 1 2 abc"),
    (b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x01\0\x02\0\n\x00oy8\xb14\xeb .", "set 1,2"),
    (b"\x02\x02\x01a\xc0\x01\n\x00\xce8~\x02\x9c\xe1>r", "set 1,a"),
    (b"\x11\x0f\x0f\0\0\0\x02\0\x81a\x02\x831.5\x04\xff\n\x00\x08\x0cn\x19\x80\x8e}\x98", "zset a 1.5"),
    (
        b"\x10\x13\x13\0\0\0\x04\0\x81f\x02\x81v\x02\x81g\x02\x81w\x02\xff\n\x00\xd9\xde\xc5\xc9\x16\x0f\xb25",
        "hash f v None,g w None",
    ),
    (b"\x00\x0b12345678901\n\x000NR\xd7'\x17e\x10", "string 12345678901"),
];

#[test]
fn payloads_of_redis_are_read_and_written_again() {
    for (payload, expected) in RECORDED {
        let value = restore(payload, &Limits::default()).unwrap();
        assert_eq!(contents(as_ref(&value)), expected);
        assert_eq!(dump(as_ref(&value)), payload, "{expected}");
    }
    // As Valkey 9.1 dumps it.
    let payload =
        b"\x16\x02\x01f\x01v\xe0iL\xa6,\x1e\0\0\x01g\x01w\xff\xff\xff\xff\xff\xff\xff\xffP\x00*\x1e\xb3\xc0\xe4\xc9|6";
    let value = restore(payload, &Limits::default()).unwrap();
    assert_eq!(contents(as_ref(&value)), "hash f v Some(33177117420000),g w None");
}

/// Values of every type and encoding, some of them large.
fn values(limits: &Limits) -> Vec<Value> {
    let mut rng = Rng::new(9);
    let long = "ab".repeat(300);
    let texts: Vec<String> = (0..400).map(|n| format!("{n}:{}", rng.bits() >> rng.below(60))).collect();
    let names: Vec<&str> = texts.iter().map(String::as_str).collect();
    let numbers: Vec<String> = (0..200).map(|_| format!("{}", rng.bits() as i64 >> rng.below(63))).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let scored: Vec<(&str, f64)> = names.iter().map(|name| (*name, rng.unit() * 1e9)).collect();
    let fields: Vec<_> = names.iter().map(|name| (*name, long.as_str(), None)).collect();
    let filter = Properties { error: 0.01, tightening: 0.5, capacity: 70, expansion: 2, seed: [7; 32] };
    let expiring: Vec<_> = names.iter().map(|name| (*name, "v", Some(1 + rng.below(1 << 45)))).collect();
    vec![
        Value::Int(-70_000),
        Value::Int(i64::MIN),
        Value::Bytes(vec![]),
        Value::Bytes(b"\x00\xff12".to_vec()),
        Value::Bytes(long.clone().into_bytes()),
        list(&["a", "1", &long], limits),
        list(&names, limits),
        set(&numbers, limits),
        set(&["a", "1", "b"], limits),
        set(&names, limits),
        zset(&[("a", 1.5), ("b", -0.0), ("c", f64::INFINITY)], limits),
        zset(&scored, limits),
        hash(&[("a", "1", None), ("b", &long, None)], limits),
        hash(&fields, limits),
        hash(&[("a", "1", Some(5)), ("b", "2", None)], limits),
        hash(&expiring, limits),
        bloom(0, filter),
        bloom(1000, filter),
        bloom(50, Properties { expansion: 0, ..filter }),
    ]
}

#[test]
fn every_type_and_encoding_is_read_as_it_was_written() {
    let tight = Limits {
        list_max_listpack_size: 4,
        hash_max_listpack_entries: 2,
        zset_max_listpack_entries: 2,
        set_max_listpack_entries: 2,
        set_max_intset_entries: 2,
        ..Limits::default()
    };
    for limits in [Limits::default(), tight] {
        for value in values(&limits) {
            let payload = dump(as_ref(&value));
            let again = restore(&payload, &limits).unwrap();
            assert_eq!(contents(as_ref(&again)), contents(as_ref(&value)));
            assert_eq!(encoding(as_ref(&again)), encoding(as_ref(&value)));
            for limits in [Limits::default(), Limits { hash_max_listpack_entries: 0, ..Limits::default() }] {
                assert_eq!(contents(as_ref(&restore(&payload, &limits).unwrap())), contents(as_ref(&value)));
            }
        }
    }
}

#[test]
fn a_value_is_whole_or_nothing() {
    let limits = Limits::default();
    for value in values(&limits) {
        let payload = dump(as_ref(&value));
        let mut other = payload.clone();
        other[payload.len() / 2] ^= 1;
        assert_eq!(restore(&other, &limits).err(), Some(Refusal::Footer));
        assert_eq!(restore(&payload[..FOOTER - 1], &limits).err(), Some(Refusal::Footer));
        let body = &payload[..payload.len() - FOOTER];
        for at in (0..body.len()).step_by(1 + body.len() / 200) {
            assert!(load::first(&body[..at], &limits).is_none());
        }
        let followed = load::first(&[body, b"x"].concat(), &limits).unwrap();
        assert_eq!(contents(as_ref(&followed)), contents(as_ref(&value)));
    }
    for (bytes, why) in [
        (&b"\x02\x00"[..], "an empty set"),
        (b"\x07\x00", "a module"),
        (b"\x02\x02\x01a\x01a", "the same member twice"),
        (b"\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a", "a count without end"),
        (b"\x00\xc3\x03\x81\xff\xff\xff\xff\xff\xff\xff\xff\xe0\xff\x00", "a text without end"),
        (b"\x05\x01\x01a\0\0\0\0\0\0\xf8\x7f", "a score that is no number"),
    ] {
        assert!(load::first(bytes, &limits).is_none(), "{why}");
    }
}

/// Bits that are not as many as the rest of the payload asks for are no filter.
#[test]
fn a_bloom_filter_fits_its_properties() {
    let words = |count: usize| [alloc::boxed::Box::from(vec![0; count])].into();
    let properties = Properties { error: 0.01, tightening: 0.5, capacity: 100, expansion: 0, seed: [0; 32] };
    assert!(Bloom::from_words(properties, 100, words(15)).is_some());
    assert!(Bloom::from_words(properties, 101, words(15)).is_none());
    assert!(Bloom::from_words(properties, 0, words(14)).is_none());
    assert!(Bloom::from_words(properties, 0, Vec::new()).is_none());
    for error in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(Bloom::from_words(Properties { error, ..properties }, 0, words(15)).is_none());
        assert!(Bloom::from_words(Properties { tightening: error, ..properties }, 0, words(15)).is_none());
    }
    let huge = Properties { capacity: u64::MAX, expansion: u32::MAX, ..properties };
    assert!(Bloom::from_words(huge, 0, words(15)).is_none());
}

/// The forms of earlier versions.
#[test]
fn old_encodings_are_read() {
    let ziplist = b"\x11\0\0\0\x0c\0\0\0\x02\0\x00\xf2\x02\x02hi\xff".to_vec();
    let sized = |kind: &[u8], bytes: &[u8]| [kind, &[bytes.len() as u8], bytes].concat();
    let cases = [
        (b"\x01\x02\x01a\xc0\x05".to_vec(), "list a 5"),
        (sized(&[10], &ziplist), "list 1 hi"),
        (sized(&[14, 1], &ziplist), "list 1 hi"),
        (sized(&[13], &ziplist), "hash 1 hi None"),
        (sized(&[12], b"\x11\0\0\0\x0e\0\0\0\x02\0\x00\x02hi\x04\xf3\xff"), "zset hi 2.0"),
        (b"\x03\x02\x01a\x031.5\x01b\xff".to_vec(), "zset a 1.5,b -inf"),
        (b"\x04\x01\x01a\xc0\x05".to_vec(), "hash a 5 None"),
        (sized(&[9], b"\x01\x01a\x01\x00b\xff"), "hash a b None"),
        (sized(&[20], b"\x0c\0\0\0\x02\0\x81a\x02\x01\x01\xff"), "set 1,a"),
        (b"\x12\x02\x01\x03abc\x01\xc0\x07".to_vec(), "list abc 7"),
    ];
    for (bytes, expected) in cases {
        let value = load::first(&bytes, &Limits::default()).unwrap_or_else(|| panic!("{expected}"));
        assert_eq!(contents(as_ref(&value)), expected);
    }
}
