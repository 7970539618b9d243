use super::entries::Refusal;
use super::*;
use crate::base::rng::Rng;
use crate::types::Limits;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use std::format;
use std::string::String;

type Pairs = Vec<(String, String)>;

fn add(entries: &mut Entries, id: Id, pairs: &Pairs, limits: &Limits) -> Result<(), Refusal> {
    entries.append(id, pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())), limits)
}

fn shown(entry: Entry<'_>) -> (Id, Pairs) {
    let text = |element: crate::collections::listpack::Element<'_>| {
        element.with(|text| String::from_utf8_lossy(text).into_owned())
    };
    (entry.id, entry.pairs().map(|(name, value)| (text(name), text(value))).collect())
}

fn sample(rng: &mut Rng) -> Pairs {
    let fields = rng.below(3) + 1;
    (0..fields).map(|n| (format!("f{}", n + rng.below(10) / 9), format!("{}", rng.below(100_000)))).collect()
}

/// What there must be, and everything that is kept beside the entries, reckoned anew.
fn check(entries: &Entries, model: &BTreeMap<Id, Pairs>, added: u64) {
    assert_eq!((entries.len(), entries.added), (model.len(), added));
    assert_eq!(entries.first(), model.keys().next().copied().unwrap_or_default());
    assert_eq!(entries.last_entry(), model.keys().next_back().copied());
    let nodes: Vec<_> = entries.node_infos(0..usize::MAX).collect();
    let mut before = 0;
    for (number, node) in nodes.iter().enumerate() {
        assert_eq!(entries.node_of(before), Some((number, before)));
        before += node.live;
    }
    assert_eq!((before, entries.node_of(before)), (model.len(), None));
    assert!(nodes.iter().all(|node| node.live > 0));
    let keys: Vec<_> = nodes.iter().map(|node| node.first.to_bytes()).collect();
    assert_eq!(entries.radix_nodes(), if keys.is_empty() { 1 } else { radix_nodes(&keys, 0) });
    let mut read = Entries::default();
    for (id, pack) in entries.packs() {
        assert!(read.push_node(id, pack.clone()));
    }
    assert!(read.range(Id::MIN, Id::MAX).map(shown).eq(model.iter().map(|(id, pairs)| (*id, pairs.clone()))));
}

/// Radix nodes for some keys in order, which are alike up to a depth.
fn radix_nodes(keys: &[[u8; 16]], depth: usize) -> usize {
    let (first, last) = (keys[0], keys[keys.len() - 1]);
    let common = first.iter().zip(&last).take_while(|(a, b)| a == b).count();
    let chain_and_end = usize::from(common > depth) + 1;
    if keys.len() == 1 {
        return chain_and_end;
    }
    let branches = keys.chunk_by(|a, b| a[common] == b[common]);
    chain_and_end + branches.map(|keys| radix_nodes(keys, common + 1)).sum::<usize>()
}

#[test]
fn radix_nodes_are_counted_as_nodes_come_and_go() {
    let mut rng = Rng::new(5);
    let limits = Limits { stream_node_max_entries: 1, ..Limits::default() };
    let fields: Pairs = [("f".into(), "v".into())].into();
    for _ in 0..200 {
        let mut entries = Entries::default();
        for _ in 0..60 {
            // Steps of very different lengths, so that keys part anywhere.
            let step = |rng: &mut Rng| 1u64 << rng.below(40);
            let last = entries.last;
            let id = if rng.below(2) == 0 {
                Id::new(last.ms, last.seq + step(&mut rng))
            } else {
                Id::new(last.ms + step(&mut rng), rng.below(3))
            };
            add(&mut entries, id, &fields, &limits).unwrap();
            if rng.below(3) == 0 {
                let at = rng.below(entries.len() as u64) as usize;
                let id = entries.of_ranks(at..at + 1).next().unwrap().id;
                assert!(entries.remove(id));
            }
            let keys: Vec<_> = entries.packs().map(|(id, _)| id.to_bytes()).collect();
            assert_eq!(entries.radix_nodes(), if keys.is_empty() { 1 } else { radix_nodes(&keys, 0) });
        }
    }
}

#[test]
fn holds_what_a_map_holds() {
    let mut rng = Rng::new(3);
    let limits = Limits { stream_node_max_entries: 7, stream_node_max_bytes: 300, ..Limits::default() };
    let (mut entries, mut model, mut added) = (Entries::default(), BTreeMap::<Id, Pairs>::new(), 0);
    for step in 0..4000 {
        let some = Id::new(rng.below(entries.last.ms + 2), rng.below(3));
        match rng.below(10) {
            0..=4 => {
                let id = Id::new(entries.last.ms + rng.below(2), rng.below(4));
                let pairs = sample(&mut rng);
                let is_above = id > entries.last;
                let expected = if is_above { Ok(()) } else { Err(Refusal::NotAbove) };
                assert_eq!(add(&mut entries, id, &pairs, &limits), expected);
                if is_above {
                    model.insert(id, pairs);
                    added += 1;
                }
            }
            5 | 6 => assert_eq!(entries.remove(some), model.remove(&some).is_some()),
            7 if rng.below(8) == 0 => {
                let approximate = rng.below(2) == 0;
                let by_number = rng.below(2) == 0;
                let keep = if by_number { Keep::Last(model.len() as u64 / 2) } else { Keep::From(some) };
                let gone = entries.trim(Trim { keep, approximate, limit: if approximate { rng.below(40) } else { 0 } });
                let wanted = match keep {
                    Keep::Last(most) => model.len() - most as usize,
                    Keep::From(id) => model.range(..id).count(),
                };
                assert!(if approximate { gone <= wanted } else { gone == wanted });
                (0..gone).for_each(|_| _ = model.pop_first());
            }
            8 => {
                let to = Id::new(some.ms + rng.below(30), rng.below(3));
                let expected: Vec<_> = model.range(some..=to.max(some)).map(|(id, it)| (*id, it.clone())).collect();
                assert!(entries.range(some, to.max(some)).map(shown).eq(expected.iter().cloned()));
                assert!(entries.range_back(some, to.max(some)).map(shown).eq(expected.into_iter().rev()));
            }
            _ => assert_eq!(entries.get(some).map(|entry| shown(entry).1), model.get(&some).cloned()),
        }
        if step % 32 == 0 {
            check(&entries, &model, added);
        }
    }
    assert!(model.len() > 100);
    let copy = entries.clone();
    check(&copy, &model, added);
    assert!(!entries.max_deleted.is_zero());
}

#[test]
fn nodes_fill_up_to_either_limit() {
    let pairs: Pairs = [("field".into(), "0123456789".into())].into();
    let filled = |limits: &Limits| {
        let mut entries = Entries::default();
        (1..=50).for_each(|n| add(&mut entries, Id::new(n, 0), &pairs, limits).unwrap());
        let nodes: Vec<_> = entries.node_infos(0..9).map(|node| (node.first.ms, node.live)).collect();
        nodes
    };
    assert_eq!(filled(&Limits { stream_node_max_entries: 20, ..Limits::default() }), [(1, 20), (21, 20), (41, 10)]);
    assert_eq!(filled(&Limits { stream_node_max_entries: 0, ..Limits::default() }), [(1, 50)]);
    let by_bytes = filled(&Limits { stream_node_max_bytes: 400, ..Limits::default() });
    assert!(by_bytes.len() > 2 && by_bytes.iter().all(|(_, live)| *live < 30), "{by_bytes:?}");
}

#[test]
fn a_million_small_entries_cost_little() {
    let (limits, count) = (Limits::default(), 20_000);
    let mut stream = Stream::new();
    for n in 0..count {
        let pairs = [("sensor".into(), format!("{:04}", n % 1000)), ("value".into(), format!("{n:08}"))];
        add(&mut stream.entries, Id::new(1_700_000_000_000 + n, 0), &pairs.into(), &limits).unwrap();
    }
    let each = stream.memory() as f64 / count as f64;
    assert!(each < 26.3, "{each} bytes an entry");
}

#[test]
fn radix_nodes_are_those_of_redis() {
    // Recorded from XINFO STREAM in Redis 7.0, with one entry a node.
    let limits = Limits { stream_node_max_entries: 1, ..Limits::default() };
    let cases: [(&[(u64, u64)], usize); 5] = [
        (&[], 1),
        (&[(1, 0)], 2),
        (&[(1, 0), (1, 1)], 4),
        (&[(1, 0), (1, 1), (1, 256), (2, 0), (256, 0), (1 << 40, 7)], 18),
        (&[(1, 0), (2, 0), (3, 0), (3, 1)], 10),
    ];
    for (ids, nodes) in cases {
        let mut entries = Entries::default();
        for &(ms, seq) in ids {
            add(&mut entries, Id::new(ms, seq), &[("f".into(), "v".into())].into(), &limits).unwrap();
        }
        assert_eq!(entries.radix_nodes(), nodes, "{ids:?}");
    }
}

fn pending(ms: u64, consumer: named::Number) -> Pending {
    Pending { id: Id::new(ms, 0), time: 5, count: 1, consumer }
}

/// Lists that belong together: each pending entry is in its owner's list, and in no other.
fn check_group(group: &Group) {
    let mut owned = 0;
    for (number, _, consumer) in group.consumers().iter() {
        owned += consumer.pending();
        assert!(consumer.ids_from(Id::MIN).all(|id| group.find(id).is_some_and(|it| it.consumer == number)));
    }
    assert_eq!(owned, group.pending());
}

#[test]
fn an_entry_is_pending_for_one_consumer() {
    let mut rng = Rng::new(9);
    let mut stream = Stream::new();
    stream.add_group(b"g", Group::new(Id::MIN, None));
    let (number, _) = stream.group(b"g").unwrap();
    for _ in 0..3000 {
        stream.edit_group(number, |group, _| {
            let name = [b'a' + rng.below(6) as u8];
            let found = group.consumers().find(&name);
            let consumer = found.unwrap_or_else(|| group.add_consumer(&name, Consumer::new(1)));
            let ms = rng.below(300);
            match rng.below(20) {
                0 => {
                    let (before, owned) = (group.pending(), group.consumers().get(consumer).pending());
                    let mut told = 0;
                    group.remove_consumer(consumer, |_| told += 1);
                    assert_eq!((told, group.pending()), (owned, before - owned));
                }
                1..6 => {
                    let was = group.find(Id::new(ms, 0));
                    assert_eq!(group.acknowledge(Id::new(ms, 0)), was);
                    assert_eq!(group.find(Id::new(ms, 0)), None);
                }
                _ => {
                    let old = group.find(Id::new(ms, 0));
                    assert_eq!(group.set_pending(pending(ms, consumer)), old);
                    assert_eq!(group.find(Id::new(ms, 0)), Some(pending(ms, consumer)));
                }
            }
            check_group(group);
        });
    }
    let group = stream.groups().get(number).clone();
    assert!(group.pending() > 50);
    assert_eq!(stream.pending, group.pending());
    let memory = stream.memory();
    let mut one = Stream::new();
    one.add_group(b"g", group);
    assert_eq!(one.memory(), memory);
    stream.remove_group(number);
    assert!(stream.memory() < 100 && stream.pending == 0);
}

#[test]
fn a_large_stream_is_freed_in_steps() {
    let limits = Limits::default();
    let mut stream = Stream::new();
    for n in 1..=5000 {
        add(&mut stream.entries, Id::new(n, 0), &[("f".into(), "v".into())].into(), &limits).unwrap();
    }
    let mut group = Group::new(Id::MIN, Some(0));
    let consumer = group.add_consumer(b"c", Consumer::new(0));
    (1..=500).for_each(|ms| _ = group.set_pending(pending(ms, consumer)));
    stream.add_group(b"g", group);
    let (mut steps, mut last) = (1, usize::MAX);
    while !stream.shed(4) {
        assert!(stream.memory() < last);
        last = stream.memory();
        steps += 1;
    }
    assert!(steps > 20, "{steps}");
    assert_eq!(stream.pieces(), 1);
}

#[test]
fn how_far_a_group_has_come_is_known_until_something_in_the_middle_goes() {
    let limits = Limits::default();
    let mut stream = Stream::new();
    let group = |last: u64, read| Group::new(Id::new(last, 0), read);
    assert_eq!(group(0, None).lag(&stream.entries), Some(0));
    for n in 1..=10 {
        add(&mut stream.entries, Id::new(n, 0), &[("f".into(), "v".into())].into(), &limits).unwrap();
    }
    let entries = &mut stream.entries;
    assert_eq!(group(0, None).lag(entries), Some(10));
    assert_eq!(group(1, None).lag(entries), Some(9));
    assert_eq!(group(5, None).lag(entries), None);
    assert_eq!(group(5, Some(5)).lag(entries), Some(5));
    assert_eq!(group(10, None).lag(entries), Some(0));
    entries.trim(Trim { keep: Keep::Last(5), approximate: false, limit: 0 });
    assert_eq!(group(0, None).lag(entries), Some(5));
    entries.remove(Id::new(8, 0));
    assert_eq!(group(7, Some(7)).lag(entries), None);
    assert_eq!(group(9, Some(9)).lag(entries), Some(1));
    let mut reader = group(7, Some(7));
    reader.advance(Id::new(9, 0), entries);
    assert_eq!(reader.read, None);
    reader.advance(Id::new(10, 0), entries);
    assert_eq!((reader.read, reader.last), (Some(10), Id::new(10, 0)));
}
