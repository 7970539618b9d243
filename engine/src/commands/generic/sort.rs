//! SORT, SORT_RO: the elements of a collection in an order, their own or that of other keys, and what other keys hold of
//! them.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use crate::base::hash;
use crate::base::number::parse_f64;
use crate::base::sort;
use crate::collections::listpack::Element;
use crate::commands::call::{Call, integer};
use crate::commands::collection::reply_element_or_null;
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

/// Elements and other texts, in one piece: a million of them are no million allocations.
#[derive(Default)]
struct Texts {
    items: Vec<Item>,
    bytes: Vec<u8>,
}

/// What one of them is, or that there is none.
#[derive(Clone, Copy)]
enum Item {
    Missing,
    Int(i64),
    Text { start: usize, len: usize },
}

impl Texts {
    fn push(&mut self, text: Option<Element<'_>>) {
        self.items.push(match text {
            None => Item::Missing,
            Some(Element::Int(value)) => Item::Int(value),
            Some(Element::Bytes(bytes)) => {
                self.bytes.extend_from_slice(bytes);
                Item::Text { start: self.bytes.len() - bytes.len(), len: bytes.len() }
            }
        });
    }

    fn get(&self, index: usize) -> Option<Element<'_>> {
        match self.items[index] {
            Item::Missing => None,
            Item::Int(value) => Some(Element::Int(value)),
            Item::Text { start, len } => Some(Element::Bytes(&self.bytes[start..start + len])),
        }
    }

    fn iter(&self) -> impl Iterator<Item = Option<Element<'_>>> {
        (0..self.items.len()).map(|index| self.get(index))
    }
}

fn sort(call: &mut Call<'_>, known: &[&'static str]) -> Outcome {
    let mut options = Options::parse(call, known)?;
    let (mut elements, kind_is_set) = elements(call, options.keeps_order() && options.descending)?;
    // A set has no order that a stored result could depend on.
    let sorts = !options.keeps_order() || kind_is_set && options.destination.is_some();
    if sorts && options.keeps_order() {
        options.by = None;
        options.as_text = true;
    }
    let len = elements.items.len();
    let from = usize::try_from(options.offset.max(0)).unwrap_or(usize::MAX).min(len);
    let count = usize::try_from(options.count).unwrap_or(usize::MAX);
    let wanted = from..from.saturating_add(count).min(len);
    if sorts {
        elements.items = in_order(call, &elements, wanted.clone(), &options)?;
    }
    elements.items.truncate(wanted.end);
    elements.items.drain(..wanted.start);
    let result = if options.gets.is_empty() { elements } else { gathered(call, &elements, &options.gets) };
    match options.destination {
        Some(position) => store(call, position, &result),
        None => {
            call.reply.array(result.items.len());
            result.iter().for_each(|text| reply_element_or_null(call.reply, text));
            Ok(())
        }
    }
}

/// The elements as they lie there, from the last on where that is asked for; and whether it is a set, which has no last.
fn elements(call: &mut Call<'_>, from_the_last: bool) -> Result<(Texts, bool), Error> {
    let (key, mut texts) = (call.key(1), Texts::default());
    let mut push = |element: Element<'_>| texts.push(Some(element));
    let is_set = match call.state.read(&key).map(|entry| entry.value()) {
        None => false,
        Some(ValueRef::List(list)) => {
            list.iter().for_each(push);
            if from_the_last {
                texts.items.reverse();
            }
            false
        }
        Some(ValueRef::Set(set)) => {
            set.iter().for_each(push);
            true
        }
        Some(ValueRef::ZSet(zset)) => {
            if from_the_last {
                zset.iter().rev().for_each(|scored| push(scored.member));
            } else {
                zset.iter().for_each(|scored| push(scored.member));
            }
            false
        }
        Some(_) => return Err(error::WRONG_TYPE),
    };
    Ok((texts, is_set))
}

/// The elements, of which those at the wanted places are what stands there in order.
fn in_order(
    call: &mut Call<'_>,
    elements: &Texts,
    wanted: Range<usize>,
    options: &Options<'_>,
) -> Result<Vec<Item>, Error> {
    let weights = options.by.map(|pattern| gathered(call, elements, &[pattern]));
    let weights = weights.as_ref().unwrap_or(elements);
    let by_text = |texts: &Texts, a: u32, b: u32| compare(texts.get(a as usize), texts.get(b as usize));
    // What is equal stays in the order that it came in.
    if options.as_text {
        let order = |a: &u32, b: &u32| by_text(weights, *a, *b);
        let indices = (0..elements.items.len() as u32).collect();
        return Ok(arranged(elements, indices, wanted, options, order, |index| *index));
    }
    let mut numbers = Vec::with_capacity(elements.items.len());
    for (weight, index) in weights.iter().zip(0..) {
        let number = match weight {
            None => 0.0,
            Some(Element::Int(value)) => value as f64,
            Some(Element::Bytes(text)) => parse_f64(text).ok_or(NOT_NUMBERS)?,
        };
        numbers.push((number, index));
    }
    let order = |(a, at): &(f64, u32), (b, other): &(f64, u32)| {
        a.partial_cmp(b).unwrap_or(Ordering::Equal).then_with(|| by_text(elements, *at, *other))
    };
    Ok(arranged(elements, numbers, wanted, options, order, |(_, index)| *index))
}

/// Sorts what stands for elements as far as is wanted.
fn arranged<T>(
    elements: &Texts,
    mut all: Vec<T>,
    wanted: Range<usize>,
    options: &Options<'_>,
    order: impl Fn(&T, &T) -> Ordering,
    index: impl Fn(&T) -> u32,
) -> Vec<Item> {
    let order = |a: &T, b: &T| {
        let order = if options.descending { order(b, a) } else { order(a, b) };
        order.then_with(|| index(a).cmp(&index(b)))
    };
    sort::keep_first(&mut all, wanted.end, order);
    all.iter().map(|item| elements.items[index(item) as usize]).collect()
}

/// As texts, of which one that is missing comes first.
fn compare(a: Option<Element<'_>>, b: Option<Element<'_>>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.with(|a| b.with(|b| a.cmp(b))),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// What the key holds that the pattern names with the element in the place of its `*`: a string, or behind `->` a field of
/// a hash; `#` is the element itself.
fn look_up<'e>(call: &'e mut Call<'_>, pattern: &[u8], element: Element<'e>) -> Option<Element<'e>> {
    if pattern == b"#" {
        return Some(element);
    }
    let star = pattern.iter().position(|&byte| byte == b'*')?;
    let (before, behind) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = behind.windows(2).position(|two| two == b"->").filter(|at| at + 2 < behind.len());
    let (behind, field) = match arrow {
        Some(at) => (&behind[..at], Some(&behind[at + 2..])),
        None => (behind, None),
    };
    let name = element.with(|element| [before, element, behind].concat());
    let (key, now) = (call.state.keyspace.key(&name), call.state.now);
    let value = call.state.read(&key)?.value();
    match (value, field) {
        (ValueRef::Hash(hash), Some(field)) => hash.at(now).get(field),
        (ValueRef::Int(value), None) => Some(Element::Int(value)),
        (ValueRef::Bytes(text), None) => Some(Element::Bytes(text)),
        _ => None,
    }
}

/// For each element what the patterns say.
fn gathered(call: &mut Call<'_>, elements: &Texts, patterns: &[&[u8]]) -> Texts {
    let mut result = Texts::default();
    for element in elements.iter().flatten() {
        patterns.iter().for_each(|pattern| result.push(look_up(call, pattern, element)));
    }
    result
}

fn store(call: &mut Call<'_>, position: usize, result: &Texts) -> Outcome {
    let key = call.key(position);
    let len = result.items.len();
    call.reply.integer(len as i64);
    call.state.drop_if_expired(&key);
    if len == 0 {
        if call.db().discard(&key) {
            call.changed(key.bytes, Notify::GENERIC, "del");
            call.record(&[b"DEL", key.bytes]);
        }
        return Ok(());
    }
    let (limits, mark, mut list) = (call.state.limits(), call.state.mark(), List::new());
    for text in result.iter() {
        text.unwrap_or(Element::Bytes(b"")).with(|text| list.push(End::Tail, text, &limits));
    }
    // The result itself: what it came from may have expired elsewhere, or lie in another order.
    if call.state.effects.records_wanted {
        let payload = rdb::dump(ValueRef::List(&list));
        call.record(&[b"RESTORE", key.bytes, b"0", &payload, b"REPLACE"]);
    }
    call.announce_new(&key);
    call.db().insert(&key, Value::Object(Object::List(list)), None).written(mark);
    call.changed_times(len as u64, key.bytes, Notify::LIST, "sortstore");
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
