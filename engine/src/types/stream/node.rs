//! A packed node: up to a hundred entries or so in one listpack, their fields and IDs told by how they differ from the first.
//!
//! ```text
//!   master   [live][deleted][n][field 1] … [field n][0]
//!   entry    [flags][ms - master's][seq - master's] [value 1] … [value n] [how many elements stand before this]
//!            … of other fields:                     [m][field 1][value 1] … [field m][value m]
//! ```
//!
//! The node's own ID, which is that of its first entry ever, is kept outside. An entry that is deleted is only marked; a
//! node goes with its last living entry. Byte for byte as Redis has it.

use super::id::Id;
use crate::collections::listpack::{Element, Iter, Listpack, Position};
use alloc::vec::Vec;
use core::iter::once;

const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;

/// What stands before the fields in a master entry.
const COUNTS: usize = 3;

/// A node to be read.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub pack: &'a Listpack,
    pub master: Id,
    /// Fields of the master entry, and where the first of them is.
    fields: usize,
    fields_at: Position,
    /// Where the first entry is.
    start: Position,
}

/// An entry in its node, deleted or not.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub id: Id,
    pub at: Position,
    pub is_deleted: bool,
    has_same_fields: bool,
    fields: usize,
    /// Where its values are, or its fields and values.
    data: Position,
}

/// An entry of a stream.
#[derive(Clone)]
pub struct Entry<'a> {
    pub id: Id,
    /// How many fields it has.
    pub fields: usize,
    /// The fields, where they are those of the node's first entry.
    names: Option<Iter<'a>>,
    data: Iter<'a>,
}

impl<'a> Entry<'a> {
    /// Its fields with their values, in the order in which they were given.
    pub fn pairs(&self) -> impl Iterator<Item = (Element<'a>, Element<'a>)> + use<'a> {
        let Entry { mut names, mut data, fields, .. } = self.clone();
        (0..fields).map_while(move |_| {
            let name = names.as_mut().unwrap_or(&mut data).next()?;
            Some((name, data.next()?))
        })
    }
}

pub(super) fn int(pack: &Listpack, at: Position) -> i64 {
    match pack.get(at) {
        Element::Int(value) => value,
        Element::Bytes(_) => 0,
    }
}

fn skip(pack: &Listpack, at: Position, elements: usize) -> Position {
    (0..elements).fold(at, |at, _| pack.next(at))
}

/// A node without entries, whose entries are likely to have these fields.
pub(super) fn create<'f>(names: impl Iterator<Item = &'f [u8]> + Clone) -> Listpack {
    let count = names.clone().count() as i64;
    let mut pack = Listpack::new();
    let counts = [0, 0, count].map(Element::Int).into_iter();
    pack.extend(counts.chain(names.map(Element::of)).chain(once(Element::Int(0))));
    pack
}

/// Adds an entry at the end.
pub(super) fn append<'f>(
    pack: &mut Listpack,
    master: Id,
    id: Id,
    pairs: impl Iterator<Item = (&'f [u8], &'f [u8])> + Clone,
) {
    let node = Node::of(pack, master);
    let live = node.live() + 1;
    let count = pairs.clone().count();
    let mut names = pack.iter_from(node.fields_at);
    let is_same =
        count == node.fields && pairs.clone().all(|(name, _)| names.next().is_some_and(|it| it.is(Element::of(name))));
    let flags = if is_same { SAME_FIELDS } else { 0 };
    let head = [flags, id.ms.wrapping_sub(master.ms) as i64, id.seq.wrapping_sub(master.seq) as i64].map(Element::Int);
    let head = head.into_iter();
    if is_same {
        let values = pairs.map(|(_, value)| Element::of(value));
        pack.extend(head.chain(values).chain(once(Element::Int(COUNTS as i64 + count as i64))));
    } else {
        let head = head.chain(once(Element::Int(count as i64)));
        let data = pairs.flat_map(|(name, value)| [Element::of(name), Element::of(value)]);
        pack.extend(head.chain(data).chain(once(Element::Int(COUNTS as i64 + 1 + 2 * count as i64))));
    }
    pack.replace(pack.start(), Element::Int(live as i64));
}

/// Marks an entry as deleted.
pub(super) fn delete(pack: &mut Listpack, place: Place) {
    mark(pack, place);
    let node = Node::of(pack, Id::MIN);
    let (live, deleted) = (node.live() - 1, node.deleted() + 1);
    set_counts(pack, live, deleted);
}

/// Marks it and leaves the counts to the caller.
fn mark(pack: &mut Listpack, place: Place) {
    pack.replace(place.at, Element::Int(int(pack, place.at) | DELETED));
}

/// Marks the first living entries as deleted, for as long as `goes` says so of an ID and whether that is deleted already;
/// how many these were.
pub(super) fn delete_first(pack: &mut Listpack, master: Id, mut goes: impl FnMut(Id, bool) -> bool) -> usize {
    let (mut at, mut deleted) = (Node::of(pack, master).start, 0);
    while at < pack.end() {
        let node = Node::of(pack, master);
        let place = node.place(at);
        at = node.after(place);
        if !goes(place.id, place.is_deleted) {
            break;
        }
        if !place.is_deleted {
            // Flags take one byte, whatever they are.
            mark(pack, place);
            deleted += 1;
        }
    }
    let node = Node::of(pack, master);
    let (live, dead) = (node.live() - deleted, node.deleted() + deleted);
    set_counts(pack, live, dead);
    deleted
}

fn set_counts(pack: &mut Listpack, live: usize, deleted: usize) {
    pack.replace(pack.start(), Element::Int(live as i64));
    pack.replace(pack.next(pack.start()), Element::Int(deleted as i64));
}

impl<'a> Node<'a> {
    pub fn of(pack: &'a Listpack, master: Id) -> Self {
        let count_at = skip(pack, pack.start(), COUNTS - 1);
        let fields = int(pack, count_at) as usize;
        let fields_at = pack.next(count_at);
        Node { pack, master, fields, fields_at, start: skip(pack, fields_at, fields + 1) }
    }

    pub fn live(self) -> usize {
        int(self.pack, self.pack.start()) as usize
    }

    pub fn deleted(self) -> usize {
        int(self.pack, self.pack.next(self.pack.start())) as usize
    }

    pub fn start(self) -> Position {
        self.start
    }

    /// The entry at a position.
    pub fn place(self, at: Position) -> Place {
        let pack = self.pack;
        let ms_at = pack.next(at);
        let seq_at = pack.next(ms_at);
        let flags = int(pack, at);
        let difference = (int(pack, ms_at) as u64, int(pack, seq_at) as u64);
        let id = Id::new(self.master.ms.wrapping_add(difference.0), self.master.seq.wrapping_add(difference.1));
        let (is_deleted, has_same_fields) = (flags & DELETED != 0, flags & SAME_FIELDS != 0);
        let data = pack.next(seq_at);
        if has_same_fields {
            return Place { id, at, is_deleted, has_same_fields, fields: self.fields, data };
        }
        Place { id, at, is_deleted, has_same_fields, fields: int(pack, data) as usize, data: pack.next(data) }
    }

    /// Where the entry after this one is, or the end.
    pub fn after(self, place: Place) -> Position {
        let elements = if place.has_same_fields { place.fields } else { 2 * place.fields };
        skip(self.pack, place.data, elements + 1)
    }

    /// Where the entry that ends at `end` is.
    pub fn before(self, end: Position) -> Position {
        let count_at = self.pack.previous(end);
        (0..int(self.pack, count_at)).fold(count_at, |at, _| self.pack.previous(at))
    }

    pub fn entry(self, place: Place) -> Entry<'a> {
        let names = place.has_same_fields.then(|| self.pack.iter_from(self.fields_at));
        Entry { id: place.id, fields: place.fields, names, data: self.pack.iter_from(place.data) }
    }

    /// The last entry's ID, even if it is deleted.
    pub fn last_id(self) -> Id {
        self.place(self.before(self.pack.end())).id
    }

    /// The place of a living entry.
    pub fn find(self, id: Id) -> Option<Place> {
        let mut at = self.start;
        while at < self.pack.end() {
            let place = self.place(at);
            if place.id >= id {
                return (place.id == id && !place.is_deleted).then_some(place);
            }
            at = self.after(place);
        }
        None
    }
}

/// Whether a listpack from outside is a node through and through: every number where one belongs, IDs that rise, counts that
/// are true, something alive. Gives the last ID and how many entries are alive.
pub(super) fn check(pack: &Listpack, master: Id) -> Option<(Id, usize)> {
    let elements: Vec<Element<'_>> = pack.iter().collect();
    let number = |at: usize| match elements.get(at)? {
        Element::Int(value) => Some(*value),
        Element::Bytes(_) => None,
    };
    let size = |at: usize| usize::try_from(number(at)?).ok().filter(|&size| size <= elements.len());
    let (live, deleted, fields) = (size(0)?, size(1)?, size(2)?);
    let mut at = COUNTS + fields;
    if number(at)? != 0 {
        return None;
    }
    at += 1;
    let (mut last, mut counted) = (None, [0, 0]);
    while at < elements.len() {
        let flags = number(at)?;
        if !(0..=3).contains(&flags) {
            return None;
        }
        let (ms, seq) = (number(at + 1)? as u64, number(at + 2)? as u64);
        let id = Id::new(master.ms.wrapping_add(ms), master.seq.wrapping_add(seq));
        if id < master || last.is_some_and(|last| id <= last) {
            return None;
        }
        last = Some(id);
        let length = if flags & SAME_FIELDS != 0 { COUNTS + fields } else { COUNTS + 1 + 2 * size(at + COUNTS)? };
        if number(at + length)? != length as i64 {
            return None;
        }
        counted[usize::from(flags & DELETED != 0)] += 1;
        at += length + 1;
    }
    (live > 0 && counted == [live, deleted]).then_some((last?, live))
}
