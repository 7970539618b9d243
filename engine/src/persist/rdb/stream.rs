//! Streams: nodes as they are, and groups with what is pending in them.
//!
//! ```text
//!   nodes, each: [ID 16][listpack]      entries      last ID
//!   from type 19 on: first ID, highest deleted ID, entries ever added
//!   groups, each: [name] last ID, entries read (from 19 on)
//!     pending, each: [ID 16][time 8] how often
//!     consumers, each: [name][seen 8][active 8, from type 21 on], pending, each: [ID 16]
//! ```
//!
//! Type 19 is written, which Redis 7.0 reads: when a consumer was active is lost.

use super::format::*;
use super::load::Reader;
use super::save::Writer;
use crate::collections::ordered::Map;
use crate::types::Stream;
use crate::types::stream::named::Number;
use crate::types::stream::{Consumer, Group, Id, Pending};

/// Entries read where that is not known.
const UNKNOWN: u64 = u64::MAX;

impl Writer<'_> {
    pub fn stream(&mut self, stream: &Stream) -> u8 {
        let entries = &stream.entries;
        self.count(entries.nodes());
        for (id, pack) in entries.packs() {
            self.string(&id.to_bytes());
            self.string(pack.as_bytes());
        }
        self.count(entries.len());
        [entries.last, entries.first(), entries.max_deleted].into_iter().for_each(|id| self.id(id));
        self.length(entries.added);
        self.count(stream.groups().len());
        for (_, name, group) in stream.groups().iter() {
            self.string(name);
            self.id(group.last);
            self.length(group.read.unwrap_or(UNKNOWN));
            self.group(group);
        }
        STREAM_2
    }

    fn group(&mut self, group: &Group) {
        self.count(group.pending());
        for Pending { id, time, count, .. } in group.pending_from(Id::MIN) {
            self.out.extend_from_slice(&id.to_bytes());
            self.out.extend_from_slice(&time.to_le_bytes());
            self.length(count);
        }
        self.count(group.consumers().len());
        for (_, name, consumer) in group.consumers().iter() {
            self.string(name);
            self.out.extend_from_slice(&consumer.seen.to_le_bytes());
            self.count(consumer.pending());
            consumer.ids_from(Id::MIN).for_each(|id| self.out.extend_from_slice(&id.to_bytes()));
        }
    }

    fn id(&mut self, id: Id) {
        self.length(id.ms);
        self.length(id.seq);
    }
}

impl Reader<'_> {
    /// A stream in which everything belongs together: entries in order, as many as are told, and each pending one somebody's.
    pub fn stream(&mut self, kind: u8) -> Option<Stream> {
        let mut stream = Stream::new();
        for _ in 0..self.count()? {
            let key: [u8; 16] = (*self.string()?).try_into().ok()?;
            let pack = self.listpack()?;
            if !stream.entries.push_node(Id::from_bytes(key), pack) {
                return None;
            }
        }
        let (len, last) = (self.number()?, self.id()?);
        let entries = &mut stream.entries;
        if len != entries.len() as u64 || last < entries.last {
            return None;
        }
        entries.last = last;
        entries.added = len;
        if kind != STREAM {
            // The first ID is known from the entries.
            self.id()?;
            (entries.max_deleted, entries.added) = (self.id()?, self.number()?);
        }
        for _ in 0..self.count()? {
            let name = self.string()?;
            let last = self.id()?;
            let read = match kind {
                STREAM => stream.entries.read_until(last),
                _ => Some(self.number()?).filter(|&read| read != UNKNOWN),
            };
            let group = self.group(kind, Group::new(last, read))?;
            if stream.group(&name).is_some() {
                return None;
            }
            stream.add_group(&name, group);
        }
        Some(stream)
    }

    fn group(&mut self, kind: u8, mut group: Group) -> Option<Group> {
        // Whose an entry is comes later.
        let mut unowned = Map::new();
        for _ in 0..self.count()? {
            let id = Id::from_bytes(self.array()?);
            let time = u64::from_le_bytes(self.array()?);
            if unowned.insert(id, (time, self.number()?)).is_some() {
                return None;
            }
        }
        for _ in 0..self.count()? {
            let name = self.string()?;
            if group.consumers().find(&name).is_some() {
                return None;
            }
            let seen = u64::from_le_bytes(self.array()?);
            let active = match kind {
                STREAM_3 => i64::from_le_bytes(self.array()?),
                // The best guess there is.
                _ => seen as i64,
            };
            let number = group.add_consumer(&name, Consumer::new(seen));
            group.consumer_mut(number).active = u64::try_from(active).ok();
            self.owned(&mut group, number, &mut unowned)?;
        }
        unowned.is_empty().then_some(group)
    }

    /// The entries pending for one consumer.
    fn owned(&mut self, group: &mut Group, consumer: Number, unowned: &mut Map<Id, (u64, u64)>) -> Option<()> {
        for _ in 0..self.count()? {
            let id = Id::from_bytes(self.array()?);
            let (time, count) = unowned.remove(&id)?;
            group.set_pending(Pending { id, time, count, consumer });
        }
        Some(())
    }

    fn id(&mut self) -> Option<Id> {
        Some(Id::new(self.number()?, self.number()?))
    }
}
