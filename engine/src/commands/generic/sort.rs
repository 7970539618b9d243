//! SORT, SORT_RO: the elements of a collection in an order, their own or that of other keys, and what other keys hold of
//! them.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::base::hash;
use crate::base::number::parse_f64;
use crate::collections::listpack::Element;
use crate::commands::call::{Call, integer};
use crate::commands::declaration::{
    Access, Argument, Begin, Categories, Command, Find, Flags, Group, KeySpec, Outcome,
};
use crate::commands::words::{Words, one_of};
use crate::keyspace::change::Notify;
use crate::keyspace::{Object, Value, ValueRef};
use crate::persist::rdb;
use crate::resp::error::{self, Error};
use crate::types::List;
use crate::types::list::End;

pub static SORT: Command = Command {
    summary: "The elements of a list, a set or a sorted set in order, or what other keys hold of them; or stores these.",
    flags: Flags::WRITE.and(Flags::DENY_OOM).and(Flags::MOVABLE_KEYS),
    keys: &[
        KeySpec::one(1, Access::READ),
        KeySpec {
            access: Access::OVERWRITE,
            begin: Begin::Keyword("STORE", 2),
            find: Find::Range { last: 0, step: 1, limit: 0 },
        },
    ],
    arguments: &[
        Argument::key("key"),
        BY,
        LIMIT,
        GET,
        ORDER,
        SORTING,
        Argument { key_spec: Some(1), ..Argument::key("destination") }.token("STORE").optional(),
    ],
    run: |call| sort(call, &["ASC", "DESC", "ALPHA", "LIMIT", "BY", "GET", "STORE"]),
    ..sorting("sort", "1.0.0")
};

pub static SORT_RO: Command = Command {
    summary: "The elements of a list, a set or a sorted set in order, or what other keys hold of them.",
    flags: Flags::READONLY.and(Flags::MOVABLE_KEYS),
    keys: &[KeySpec::one(1, Access::READ)],
    arguments: &[Argument::key("key"), BY, LIMIT, GET, ORDER, SORTING],
    run: |call| sort(call, &["ASC", "DESC", "ALPHA", "LIMIT", "BY", "GET"]),
    ..sorting("sort_ro", "7.0.0")
};

const BY: Argument = Argument::pattern("by-pattern").token("BY").optional();
const LIMIT: Argument =
    Argument::block("limit", &[Argument::integer("offset"), Argument::integer("count")]).token("LIMIT").optional();
const GET: Argument = Argument::pattern("get-pattern").token("GET").optional().multiple_token();
const ORDER: Argument =
    Argument::one_of("order", &[Argument::word("asc", "ASC"), Argument::word("desc", "DESC")]).optional();
const SORTING: Argument = Argument::word("sorting", "ALPHA").optional();

const fn sorting(name: &'static str, since: &'static str) -> Command {
    Command {
        arity: -2,
        categories: Categories::SET.and(Categories::SORTED_SET).and(Categories::LIST).and(Categories::DANGEROUS),
        ..Command::new(name, Group::Generic, since, "O(N+M*log(M)) in the N elements and the M that are sorted")
    }
}

const NOT_NUMBERS: Error = Error::fixed("ERR One or more scores can't be converted into double");
const BY_OTHER_SLOTS: Error = Error::fixed(
    "ERR BY option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.",
);
const GET_OTHER_SLOTS: Error = Error::fixed(
    "ERR GET option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.",
);

struct Options<'a> {
    descending: bool,
    as_text: bool,
    offset: i64,
    /// Negative for all.
    count: i64,
    by: Option<&'a [u8]>,
    gets: Vec<&'a [u8]>,
    /// The argument that names the key to store the result in.
    destination: Option<usize>,
}

impl<'a> Options<'a> {
    fn parse(call: &Call<'a>, known: &[&'static str]) -> Result<Options<'a>, Error> {
        let mut options = Options {
            descending: false,
            as_text: false,
            offset: 0,
            count: -1,
            by: None,
            gets: Vec::new(),
            destination: None,
        };
        let mut words = Words::new(call.args, 2);
        while let Some(word) = words.next() {
            match one_of(word, known)? {
                "ASC" => options.descending = false,
                "DESC" => options.descending = true,
                "ALPHA" => options.as_text = true,
                "LIMIT" => {
                    let (offset, count) = (words.value()?, words.value()?);
                    options.offset = integer(offset)?;
                    options.count = integer(count)?;
                }
                "BY" => {
                    let pattern = words.value()?;
                    if pattern.contains(&b'*') && may_leave_slot(call, pattern) {
                        return Err(BY_OTHER_SLOTS);
                    }
                    options.by = Some(pattern);
                }
                "GET" => {
                    let pattern = words.value()?;
                    if pattern != b"#" && may_leave_slot(call, pattern) {
                        return Err(GET_OTHER_SLOTS);
                    }
                    options.gets.push(pattern);
                }
                _ => {
                    words.value()?;
                    options.destination = Some(words.position() - 1);
                }
            }
        }
        Ok(options)
    }

    /// A pattern that names no keys asks for the order that there is.
    fn keeps_order(&self) -> bool {
        self.by.is_some_and(|pattern| !pattern.contains(&b'*'))
    }
}

/// Whether the keys that a pattern stands for may be in other slots than the key that is sorted.
fn may_leave_slot(call: &Call<'_>, pattern: &[u8]) -> bool {
    if !call.state.config.cluster_enabled {
        return false;
    }
    let tag = hash::hash_tag(pattern).filter(|tag| !tag.contains(&b'*'));
    tag.is_none_or(|tag| hash::slot(tag) != hash::slot(call.arg(1)))
}

type Text = Vec<u8>;

fn sort(call: &mut Call<'_>, known: &[&'static str]) -> Outcome {
    let mut options = Options::parse(call, known)?;
    let (mut elements, kind_is_set) = elements(call, options.keeps_order() && options.descending)?;
    // A set has no order that a stored result could depend on.
    let sorts = !options.keeps_order() || kind_is_set && options.destination.is_some();
    if sorts && options.keeps_order() {
        options.by = None;
        options.as_text = true;
    }
    if sorts {
        elements = in_order(call, elements, &options)?;
    }
    let from = usize::try_from(options.offset.max(0)).unwrap_or(usize::MAX).min(elements.len());
    let count = usize::try_from(options.count).unwrap_or(usize::MAX);
    let chosen = &elements[from..from.saturating_add(count).min(elements.len())];
    let result = gathered(call, chosen, &options.gets);
    match options.destination {
        Some(position) => store(call, position, &result),
        None => {
            call.reply.array(result.len());
            result.iter().for_each(|text| call.reply.bulk_or_null(text.as_deref()));
            Ok(())
        }
    }
}

/// The elements as they lie there, from the last on where that is asked for; and whether it is a set, which has no last.
fn elements(call: &mut Call<'_>, from_the_last: bool) -> Result<(Vec<Text>, bool), Error> {
    fn text(element: Element<'_>) -> Text {
        element.with(<[u8]>::to_vec)
    }
    let key = call.key(1);
    Ok(match call.state.read(&key).map(|entry| entry.value()) {
        None => (Vec::new(), false),
        Some(ValueRef::List(list)) => {
            let mut elements: Vec<Text> = list.iter().map(text).collect();
            if from_the_last {
                elements.reverse();
            }
            (elements, false)
        }
        Some(ValueRef::Set(set)) => (set.iter().map(text).collect(), true),
        Some(ValueRef::ZSet(zset)) if from_the_last => (zset.iter().rev().map(|s| text(s.member)).collect(), false),
        Some(ValueRef::ZSet(zset)) => (zset.iter().map(|scored| text(scored.member)).collect(), false),
        Some(_) => return Err(error::WRONG_TYPE),
    })
}

/// What an element is sorted by.
enum Weight {
    Number(f64),
    Text(Option<Text>),
    /// The element itself.
    Itself,
}

fn in_order(call: &mut Call<'_>, elements: Vec<Text>, options: &Options<'_>) -> Result<Vec<Text>, Error> {
    let mut weighed: Vec<(Weight, Text)> = Vec::with_capacity(elements.len());
    for element in elements {
        let weight = match options.by {
            None if options.as_text => Weight::Itself,
            None => Weight::Number(parse_f64(&element).ok_or(NOT_NUMBERS)?),
            Some(pattern) => {
                let found = look_up(call, pattern, &element).map(Cow::into_owned);
                match found {
                    found if options.as_text => Weight::Text(found),
                    None => Weight::Number(0.0),
                    Some(text) => Weight::Number(parse_f64(&text).ok_or(NOT_NUMBERS)?),
                }
            }
        };
        weighed.push((weight, element));
    }
    weighed.sort_by(|a, b| {
        let order = compare(a, b);
        if options.descending { order.reverse() } else { order }
    });
    Ok(weighed.into_iter().map(|(_, element)| element).collect())
}

fn compare((a, element): &(Weight, Text), (b, other): &(Weight, Text)) -> Ordering {
    match (a, b) {
        (Weight::Number(a), Weight::Number(b)) => {
            a.partial_cmp(b).unwrap_or(Ordering::Equal).then_with(|| element.cmp(other))
        }
        (Weight::Text(a), Weight::Text(b)) => a.cmp(b),
        _ => element.cmp(other),
    }
}

/// What the key holds that the pattern names with the element in the place of its `*`: a string, or behind `->` a field of
/// a hash; `#` is the element itself.
fn look_up<'e>(call: &mut Call<'_>, pattern: &[u8], element: &'e [u8]) -> Option<Cow<'e, [u8]>> {
    if pattern == b"#" {
        return Some(Cow::Borrowed(element));
    }
    let star = pattern.iter().position(|&byte| byte == b'*')?;
    let (before, behind) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = behind.windows(2).position(|two| two == b"->").filter(|at| at + 2 < behind.len());
    let (behind, field) = match arrow {
        Some(at) => (&behind[..at], Some(&behind[at + 2..])),
        None => (behind, None),
    };
    let name = [before, element, behind].concat();
    let (key, now) = (call.state.keyspace.key(&name), call.state.now);
    let value = call.state.read(&key)?.value();
    Some(Cow::Owned(match (value, field) {
        (ValueRef::Hash(hash), Some(field)) => hash.at(now).get(field)?.with(<[u8]>::to_vec),
        (ValueRef::Int(value), None) => Element::Int(value).with(<[u8]>::to_vec),
        (ValueRef::Bytes(text), None) => text.to_vec(),
        _ => return None,
    }))
}

/// For each element what the GETs say, or else the element.
fn gathered(call: &mut Call<'_>, elements: &[Text], gets: &[&[u8]]) -> Vec<Option<Text>> {
    let mut result = Vec::new();
    for element in elements {
        if gets.is_empty() {
            result.push(Some(element.clone()));
        }
        for pattern in gets {
            result.push(look_up(call, pattern, element).map(Cow::into_owned));
        }
    }
    result
}

fn store(call: &mut Call<'_>, position: usize, result: &[Option<Text>]) -> Outcome {
    let key = call.key(position);
    call.reply.integer(result.len() as i64);
    call.state.drop_if_expired(&key);
    if result.is_empty() {
        if call.db().discard(&key) {
            call.changed(key.bytes, Notify::GENERIC, "del");
            call.record(&[b"DEL", key.bytes]);
        }
        return Ok(());
    }
    let (limits, clock, mut list) = (call.state.limits(), call.state.clock(), List::new());
    result.iter().for_each(|text| list.push(End::Tail, text.as_deref().unwrap_or_default(), &limits));
    let payload = rdb::dump(ValueRef::List(&list));
    call.announce_new(&key);
    call.db().insert(&key, Value::Object(Object::List(list)), None).touch(clock);
    call.changed_times(result.len() as u64, key.bytes, Notify::LIST, "sortstore");
    // The result itself: what it came from may have expired elsewhere, or lie in another order.
    call.record(&[b"RESTORE", key.bytes, b"0", &payload, b"REPLACE"]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::string::String;

    /// The texts of a reply, without what stands before a bracket, and a blank between them.
    fn texts(server: &mut Server, line: &str) -> String {
        let reply = server.run(line);
        let words = reply.lines().map(|line| line.split_once(") ").map_or(line, |(_, text)| text));
        words.collect::<std::vec::Vec<_>>().join(" ").replace('"', "")
    }

    #[test]
    fn by_other_keys_and_their_fields() {
        let mut server = Server::new();
        server.run("RPUSH l 3 1 2");
        server.run("MSET w3 30 w1 10 w2 20 o1 x1 o2 x2");
        for (name, weight) in [("1", "1"), ("2", "3"), ("3", "2")] {
            server.run(&std::format!("HSET h{name} f v{name} w {weight}"));
        }
        for (line, reply) in [
            ("SORT l", "1 2 3"),
            ("SORT l DESC LIMIT 0 2", "3 2"),
            ("SORT l BY w* DESC GET o* GET #", "(nil) 3 x2 2 x1 1"),
            ("SORT l BY h*->w GET h*->f", "v1 v3 v2"),
            ("SORT l BY nosort", "3 1 2"),
            ("SORT l BY nosort DESC LIMIT 0 2", "2 1"),
            ("SORT l BY w*-> GET w*", "10 20 30"),
            ("SORT_RO l LIMIT 1 -1", "2 3"),
            ("SORT l STORE d", "3"),
            ("LRANGE d 0 -1", "1 2 3"),
            ("SORT none STORE d", "0"),
            ("EXISTS d", "0"),
        ] {
            assert_eq!(texts(&mut server, line), reply, "{line}");
        }
        for (line, reply) in [
            ("SORT_RO l STORE d", "(error) ERR syntax error"),
            ("SORT l BY o*", "(error) ERR One or more scores can't be converted into double"),
            ("SORT w1", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let records = server.records();
        assert!(records.contains("RESTORE d 0 ") && records.ends_with("| DEL d"), "{records}");
    }

    #[test]
    fn the_result_that_is_stored_does_not_depend_on_the_order_of_a_set() {
        let mut server = Server::new();
        server.run("SADD s c b a");
        server.run("SORT s BY nosort STORE d");
        assert_eq!(texts(&mut server, "LRANGE d 0 -1"), "a b c");
    }
}
