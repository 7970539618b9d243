//! A stream to be looked at: entries, the packed nodes they are in, groups, consumers, and what is pending, each in windows.

use alloc::vec::Vec;
use core::ops::Range;

use super::value::Excerpt;
use crate::base::time::Time;
use crate::types::Stream;
use crate::types::stream::{Entry, Id, Pending};

use crate::types::stream::entries::NodeInfo;

#[derive(Clone, Copy)]
pub struct StreamView<'a>(pub(super) &'a Stream);

/// What a stream remembers beside its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamMemory {
    /// The last ID it gave out.
    pub last: Id,
    /// The highest ID that was deleted, or zero.
    pub max_deleted: Id,
    /// Entries ever added.
    pub added: u64,
}

/// A node of entries packed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedNodeView {
    /// Counted from the one with the oldest entries, number 0.
    pub number: usize,
    /// The rank of its first living entry.
    pub start: usize,
    pub live: usize,
    pub deleted: usize,
    pub bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView {
    pub id: Id,
    /// Its first fields with their values.
    pub fields: Vec<(Excerpt, Excerpt)>,
    /// How many fields it has.
    pub field_count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    pub name: Vec<u8>,
    /// The last entry that was delivered to any of its consumers.
    pub last_delivered: Id,
    /// Entries that had been added up to that one, if it is known.
    pub entries_read: Option<u64>,
    /// Entries that are not delivered yet, if it is known.
    pub lag: Option<i64>,
    pub pending: usize,
    pub consumers: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerView {
    pub name: Vec<u8>,
    /// When it last asked for something.
    pub seen: Time,
    /// When it was last given something.
    pub active: Option<Time>,
    pub pending: usize,
}

/// An entry that was delivered and is not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingView {
    pub id: Id,
    pub consumer: Vec<u8>,
    pub delivered: Time,
    /// How often it was delivered.
    pub count: u64,
    /// The entry has not been deleted from the stream.
    pub is_there: bool,
}

/// Fields of an entry that are shown.
const FIELDS: usize = 32;

impl<'a> StreamView<'a> {
    pub fn len(self) -> usize {
        self.0.entries.len()
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub fn memory(self) -> StreamMemory {
        let entries = &self.0.entries;
        StreamMemory { last: entries.last, max_deleted: entries.max_deleted, added: entries.added }
    }

    /// The packed nodes that hold the entries of these ranks.
    pub fn nodes_at(self, ranks: Range<usize>) -> Vec<PackedNodeView> {
        let entries = &self.0.entries;
        let Some((number, mut start)) = entries.node_of(ranks.start) else { return Vec::new() };
        let nodes =
            entries.node_infos(number..usize::MAX).enumerate().map(|(nth, NodeInfo { live, deleted, bytes, .. })| {
                let node = PackedNodeView { number: number + nth, start, live, deleted, bytes };
                start += live;
                node
            });
        nodes.take_while(|node| node.start < ranks.end).collect()
    }

    /// Up to `most` entries from an ID on, the oldest first.
    pub fn entries(self, from: Id, most: usize) -> Vec<EntryView> {
        self.0.entries.range(from, Id::MAX).take(most).map(EntryView::of).collect()
    }

    /// Up to `most` entries from an ID back, the newest first.
    pub fn entries_back(self, from: Id, most: usize) -> Vec<EntryView> {
        self.0.entries.range_back(Id::MIN, from).take(most).map(EntryView::of).collect()
    }

    /// The entries of these ranks, the oldest being number 0.
    pub fn entries_at(self, ranks: Range<usize>) -> Vec<EntryView> {
        self.0.entries.of_ranks(ranks).map(EntryView::of).collect()
    }

    /// How many entries there are up to this ID.
    pub fn count_until(self, id: Id) -> usize {
        self.0.entries.count_until(id)
    }

    pub fn entry(self, id: Id) -> Option<EntryView> {
        self.0.entries.get(id).map(EntryView::of)
    }

    pub fn group_count(self) -> usize {
        self.0.groups().len()
    }

    /// The groups of these ranks by name.
    pub fn groups(self, ranks: Range<usize>) -> Vec<GroupView> {
        let groups = self.0.groups().iter().skip(ranks.start).take(ranks.len());
        groups
            .map(|(_, name, group)| GroupView {
                name: name.into(),
                last_delivered: group.last,
                entries_read: group.read,
                lag: group.lag(&self.0.entries),
                pending: group.pending(),
                consumers: group.consumers().len(),
            })
            .collect()
    }

    /// The consumers of a group of these ranks by name; none where there is no such group.
    pub fn consumers(self, group: &[u8], ranks: Range<usize>) -> Vec<ConsumerView> {
        let group = self.0.group(group).map(|(_, group)| group);
        let consumers = group.into_iter().flat_map(|group| group.consumers().iter());
        consumers
            .skip(ranks.start)
            .take(ranks.len())
            .map(|(_, name, consumer)| ConsumerView {
                name: name.into(),
                seen: Time::from_millis(consumer.seen),
                active: consumer.active.map(Time::from_millis),
                pending: consumer.pending(),
            })
            .collect()
    }

    /// Up to `most` entries that a group has pending from an ID on: those of one consumer, or all.
    pub fn pending(self, group: &[u8], consumer: Option<&[u8]>, from: Id, most: usize) -> Vec<PendingView> {
        self.pending_from(group, consumer, from, 0, most)
    }

    /// The same by their ranks in the order of their IDs.
    pub fn pending_at(self, group: &[u8], consumer: Option<&[u8]>, ranks: Range<usize>) -> Vec<PendingView> {
        self.pending_from(group, consumer, Id::MIN, ranks.start, ranks.len())
    }

    fn pending_from(
        self,
        group: &[u8],
        consumer: Option<&[u8]>,
        from: Id,
        skipped: usize,
        most: usize,
    ) -> Vec<PendingView> {
        let Some((_, group)) = self.0.group(group) else { return Vec::new() };
        let view = |pending: Pending| PendingView {
            id: pending.id,
            consumer: group.consumers().name(pending.consumer).into(),
            delivered: Time::from_millis(pending.time),
            count: pending.count,
            is_there: self.0.entries.contains(pending.id),
        };
        let Some(name) = consumer else {
            return group.pending_from(from).skip(skipped).take(most).map(view).collect();
        };
        let Some(number) = group.consumers().find(name) else { return Vec::new() };
        let own = group.consumers().get(number).ids_from(from).skip(skipped).take(most);
        own.filter_map(|id| group.find(id)).map(view).collect()
    }
}

impl EntryView {
    fn of(entry: Entry<'_>) -> EntryView {
        let fields = entry.pairs().take(FIELDS).map(|(name, value)| (Excerpt::of(name), Excerpt::of(value)));
        EntryView { id: entry.id, fields: fields.collect(), field_count: entry.fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Limits;
    use crate::types::stream::{Consumer, Group};

    #[test]
    fn a_stream_is_seen_in_windows() {
        let mut stream = Stream::new();
        let limits = Limits { stream_node_max_entries: 2, ..Limits::default() };
        for n in 1..=5 {
            let pairs = [(&b"f"[..], &b"v"[..]), (b"g", b"w")];
            stream.entries.append(Id::new(n, 0), pairs.into_iter(), &limits).unwrap();
        }
        let mut group = Group::new(Id::new(3, 0), Some(3));
        let consumers = [&b"a"[..], b"b"].map(|name| group.add_consumer(name, Consumer::new(7)));
        for (n, consumer) in [(1, 0), (2, 1), (3, 0)] {
            group.set_pending(Pending { id: Id::new(n, 0), time: 9, count: n, consumer: consumers[consumer] });
        }
        stream.add_group(b"g", group);
        stream.entries.remove(Id::new(2, 0));
        let view = StreamView(&stream);
        let nodes = view.nodes_at(0..3);
        let counts = nodes.iter().map(|node| (node.number, node.start, node.live, node.deleted));
        assert!(counts.eq([(0, 0, 1, 1), (1, 1, 2, 0)]));
        assert_eq!((view.len(), view.nodes_at(0..4).len(), view.nodes_at(4..9).len()), (4, 3, 0));
        assert_eq!(view.memory().added, 5);
        let ids = |entries: Vec<EntryView>| entries.iter().map(|entry| entry.id.ms).collect::<Vec<_>>();
        assert_eq!(ids(view.entries(Id::new(2, 0), 2)), [3, 4]);
        assert_eq!(ids(view.entries_back(Id::MAX, 2)), [5, 4]);
        assert_eq!(view.entry(Id::new(1, 0)).unwrap().field_count, 2);
        let groups = view.groups(0..9);
        assert_eq!((groups[0].pending, groups[0].consumers, groups[0].lag), (3, 2, Some(2)));
        let owned = view.consumers(b"g", 0..9).iter().map(|it| it.pending).collect::<Vec<_>>();
        assert_eq!(owned, [2, 1]);
        let pending = view.pending(b"g", None, Id::new(2, 0), 9);
        let seen = pending.iter().map(|it| (it.id.ms, it.consumer.as_slice(), it.count, it.is_there));
        assert!(seen.eq([(2, &b"b"[..], 2, false), (3, b"a", 3, true)]));
        assert_eq!(view.pending(b"g", Some(b"a"), Id::MIN, 1).len(), 1);
        assert!(view.pending(b"none", None, Id::MIN, 9).is_empty());
    }

    /// A hundred entries in small nodes without every third one; what is left of the even ones is pending for `a`, the
    /// others for `b`.
    fn sample() -> Stream {
        let mut stream = Stream::new();
        let limits = Limits { stream_node_max_entries: 7, ..Limits::default() };
        for ms in 1..=100 {
            stream.entries.append(Id::new(ms, 0), [(&b"f"[..], &b"v"[..])].into_iter(), &limits).unwrap();
        }
        (3..=100).step_by(3).for_each(|ms| assert!(stream.entries.remove(Id::new(ms, 0))));
        let mut group = Group::new(Id::MIN, None);
        let [a, b] = [b"a", b"b"].map(|name| group.add_consumer(name, Consumer::new(0)));
        for entry in stream.entries.range(Id::MIN, Id::MAX) {
            let consumer = if entry.id.ms % 2 == 0 { a } else { b };
            group.set_pending(Pending { id: entry.id, consumer, time: 0, count: 1 });
        }
        stream.add_group(b"g", group);
        stream
    }

    #[test]
    fn ranks_are_those_of_all_that_is_left() {
        let stream = sample();
        let view = StreamView(&stream);
        let all: Vec<_> = view.entries(Id::MIN, usize::MAX).iter().map(|entry| entry.id).collect();
        assert_eq!(all.len(), 67);
        for start in 0..70 {
            let end = (start + 20).min(67);
            let ids: Vec<_> = view.entries_at(start..start + 20).iter().map(|entry| entry.id).collect();
            assert_eq!(ids, all[start.min(end)..end]);
        }
        for ms in 0..=101 {
            let id = Id::new(ms, 0);
            assert_eq!(view.count_until(id), all.iter().filter(|it| **it <= id).count(), "{ms}");
        }
    }

    #[test]
    fn windows_of_what_is_pending_are_of_one_consumer_or_of_all() {
        let stream = sample();
        let view = StreamView(&stream);
        for consumer in [None, Some(&b"a"[..]), Some(&b"b"[..])] {
            let all = view.pending(b"g", consumer, Id::MIN, usize::MAX);
            assert!(all.iter().all(|pending| consumer.is_none_or(|name| *name == *pending.consumer)));
            assert_eq!(view.pending_at(b"g", consumer, 5..25), all[5..25]);
            assert_eq!(view.pending_at(b"g", consumer, all.len()..all.len() + 5), []);
        }
        assert_eq!(view.pending_at(b"g", Some(b"nobody"), 0..5), []);
    }
}
