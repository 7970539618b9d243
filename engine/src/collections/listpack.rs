//! The listpack: small strings and integers in one run of bytes, byte for byte as in an RDB file.
//!
//! ```text
//!   [total bytes, 4][elements, 2] [encoding, data][back length] [encoding, data][back length] … [FF]
//!
//!   0xxxxxxx                      0..=127              11110001 + 2 bytes   16-bit integer
//!   10xxxxxx + data               string below 64      11110010 + 3 bytes   24-bit integer
//!   110xxxxx xxxxxxxx             13-bit integer       11110011 + 4 bytes   32-bit integer
//!   1110xxxx xxxxxxxx + data      string below 4096    11110100 + 8 bytes   64-bit integer
//!   11110000 + 4 bytes + data     any string           11111111             the end
//! ```
//!
//! The back length is the size of what stands before it, in groups of seven bits that read backwards: a listpack
//! can be walked from both ends. An element count of 65535 means "count them".
//!
//! A string that reads as a canonical integer is stored as one, and read back as the same text. Positions are
//! byte offsets ([`Position`]), valid until the next change.

use super::block::Block;
use crate::base::bytes::{read_signed, read_unsigned, write_signed};
use crate::base::heap::Moves;
use crate::base::number::{Text, format_i64, parse_i64};
use core::ops::Range;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Listpack {
    bytes: Block,
}

/// The byte offset of an element; [`Listpack::end`] is the one behind the last.
pub type Position = usize;

/// An element, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

const HEADER: usize = 6;
const END: u8 = 0xff;
/// The element count from which on it is no longer kept.
const UNCOUNTED: usize = u16::MAX as usize;
/// Redis refuses to let a listpack grow beyond this.
const MAX_BYTES: usize = 1 << 30;

impl<'a> Element<'a> {
    /// How a text is stored.
    pub fn of(text: &'a [u8]) -> Self {
        parse_i64(text).map_or(Element::Bytes(text), Element::Int)
    }

    /// Calls `f` with the text.
    pub fn with<R>(self, f: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Element::Int(value) => f(&format_i64(value)),
            Element::Bytes(bytes) => f(bytes),
        }
    }

    /// The text, an integer's written into `buffer`.
    pub fn text<'b>(self, buffer: &'b mut Option<Text>) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Element::Int(value) => buffer.insert(format_i64(value)),
            Element::Bytes(bytes) => bytes,
        }
    }

    /// Whether both have the same text. Foreign listpacks may hold integers as strings.
    #[inline]
    pub fn is(self, other: Element<'_>) -> bool {
        match (self, other) {
            (Element::Int(a), Element::Int(b)) => a == b,
            // Texts of one kind differ at their ends more often than at their beginnings.
            (Element::Bytes(a), Element::Bytes(b)) => a.len() == b.len() && a.last() == b.last() && a == b,
            (Element::Int(value), Element::Bytes(bytes)) | (Element::Bytes(bytes), Element::Int(value)) => {
                bytes == &*format_i64(value)
            }
        }
    }

    /// The bytes it takes, back length included.
    pub fn stored_len(self) -> usize {
        let size = match self {
            Element::Int(value) => int_len(value),
            Element::Bytes(bytes) => string_head_len(bytes.len()) + bytes.len(),
        };
        size + back_len(size)
    }
}

impl Listpack {
    pub fn new() -> Self {
        Listpack { bytes: Block::of(&[HEADER as u8 + 1, 0, 0, 0, 0, 0, END]) }
    }

    /// Takes bytes from outside, if they are a listpack through and through.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        is_listpack(bytes).then(|| Listpack { bytes: Block::of(bytes) })
    }

    /// Likewise so many bytes that `fill` writes over zeros, if it says that it could.
    pub fn filled(length: usize, fill: impl FnOnce(&mut [u8]) -> bool) -> Option<Self> {
        let is_allowed = length <= MAX_BYTES + HEADER + 1;
        let mut bytes = is_allowed.then(|| Block::zeros(length))?;
        (fill(&mut bytes) && is_listpack(&bytes)).then_some(Listpack { bytes })
    }

    pub(super) fn into_block(self) -> Block {
        self.bytes
    }

    /// Offers it for moving.
    pub fn offer(&mut self, moves: &mut Moves) {
        self.bytes.offer(moves);
    }

    /// What an RDB file holds.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes allocated.
    pub fn memory(&self) -> usize {
        self.bytes.memory()
    }

    pub fn len(&self) -> usize {
        match read_unsigned(&self.bytes[4..HEADER]) as usize {
            UNCOUNTED => self.iter().count(),
            count => count,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER + 1
    }

    /// Whether so many more bytes of elements are allowed at all.
    pub fn has_room_for(&self, bytes: usize) -> bool {
        self.bytes.len().saturating_add(bytes) <= MAX_BYTES
    }

    pub fn start(&self) -> Position {
        HEADER
    }

    pub fn end(&self) -> Position {
        self.bytes.len() - 1
    }

    /// The element at a position that is not the end.
    pub fn get(&self, at: Position) -> Element<'_> {
        decode(&self.bytes[at..]).0
    }

    /// The position after the element at `at`.
    pub fn next(&self, at: Position) -> Position {
        at + entry_len(&self.bytes[at..])
    }

    /// The position before `at`, which is not the first.
    pub fn previous(&self, at: Position) -> Position {
        previous(&self.bytes, at)
    }

    /// The position of the element with this index; negative ones count from the end, -1 being the last.
    pub fn seek(&self, index: i64) -> Option<Position> {
        let len = self.len() as i64;
        let index = if index < 0 { index.checked_add(len)? } else { index };
        if !(0..len).contains(&index) {
            return None;
        }
        Some(if index <= len / 2 {
            (0..index).fold(self.start(), |at, _| self.next(at))
        } else {
            (index..len).fold(self.end(), |at, _| self.previous(at))
        })
    }

    pub fn first(&self) -> Option<Element<'_>> {
        (!self.is_empty()).then(|| self.get(self.start()))
    }

    pub fn last(&self) -> Option<Element<'_>> {
        (!self.is_empty()).then(|| self.get(self.previous(self.end())))
    }

    /// The elements from the first on; from the last on with `rev()`.
    pub fn iter(&self) -> Iter<'_> {
        self.iter_from(self.start())
    }

    /// The elements from a position on.
    pub fn iter_from(&self, at: Position) -> Iter<'_> {
        Iter { bytes: &self.bytes, range: at..self.end() }
    }

    /// The position of the first element with this text, looking at every `stride`th from `from` on.
    pub fn find(&self, from: Position, stride: usize, text: &[u8]) -> Option<Position> {
        let wanted = Element::of(text);
        let (bytes, end) = (&self.bytes[..], self.end());
        let mut at = from;
        while at < end {
            let (element, size) = decode(&bytes[at..]);
            if element.is(wanted) {
                return Some(at);
            }
            at += size + back_len(size);
            for _ in 1..stride {
                if at < end {
                    at += entry_len(&bytes[at..]);
                }
            }
        }
        None
    }

    /// The indices of the elements with this text.
    pub fn indices_of<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let (mut at, mut index) = (self.start(), 0);
        core::iter::from_fn(move || {
            let found = self.find(at, 1, text)?;
            while at < found {
                at = self.next(at);
                index += 1;
            }
            at = self.next(at);
            index += 1;
            Some(index - 1)
        })
    }

    pub fn push_back(&mut self, element: Element<'_>) {
        self.insert(self.end(), element);
    }

    /// Adds elements at the end, all in one step.
    pub fn extend<'e>(&mut self, elements: impl Iterator<Item = Element<'e>> + Clone) {
        let (count, bytes) =
            elements.clone().fold((0, 0), |(count, bytes), element| (count + 1, bytes + element.stored_len()));
        let total = self.len() + count;
        let mut at = self.end();
        self.bytes.resize(self.bytes.len() + bytes);
        for element in elements {
            at += encode(element, &mut self.bytes[at..]);
        }
        self.bytes[at] = END;
        self.set_total();
        self.set_count(total);
    }

    pub fn push_front(&mut self, element: Element<'_>) {
        self.insert(self.start(), element);
    }

    /// Puts an element before the one at `at`, or at the end.
    pub fn insert(&mut self, at: Position, element: Element<'_>) {
        let count = self.count_field() + 1;
        self.splice(at..at, Some(element));
        self.set_count(count);
    }

    pub fn replace(&mut self, at: Position, element: Element<'_>) {
        self.splice(at..self.next(at), Some(element));
    }

    /// Removes the element at `at`; the one after it is then at `at`.
    pub fn remove(&mut self, at: Position) {
        self.remove_many(at, 1);
    }

    /// Takes the first or the last element out and calls `f` with it.
    pub fn pop<R>(&mut self, last: bool, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if self.is_empty() {
            return None;
        }
        let at = if last { self.previous(self.end()) } else { self.start() };
        let popped = self.get(at).with(f);
        self.remove(at);
        Some(popped)
    }

    /// Removes up to `count` elements from `at` on and says how many there were.
    pub fn remove_many(&mut self, at: Position, count: usize) -> usize {
        let (mut until, mut removed) = (at, 0);
        while removed < count && until < self.end() {
            until = self.next(until);
            removed += 1;
        }
        let left = self.len() - removed;
        self.splice(at..until, None);
        self.set_count(left);
        removed
    }

    /// Removes the elements of these ascending indices, all in one pass.
    pub fn remove_sorted(&mut self, indices: &[usize]) {
        let mut kept = Listpack::new();
        let mut indices = indices.iter().copied().peekable();
        for (index, element) in self.iter().enumerate() {
            if indices.next_if_eq(&index).is_none() {
                kept.push_back(element);
            }
        }
        *self = kept;
    }

    /// Removes the elements from `at` on and gives them as a listpack of their own.
    pub fn split_off(&mut self, at: Position) -> Listpack {
        let tail: usize = self.iter_from(at).count();
        let mut back = Listpack::new();
        back.extend_raw(&self.bytes[at..self.end()], tail);
        self.remove_many(at, tail);
        back
    }

    /// Appends all elements of another listpack.
    pub fn append(&mut self, other: &Listpack) {
        self.extend_raw(&other.bytes[HEADER..other.end()], other.len());
    }

    /// Gives back what it has allocated beyond its contents.
    pub fn shrink(&mut self) {
        self.bytes.shrink();
    }

    fn extend_raw(&mut self, entries: &[u8], count: usize) {
        let total = self.len() + count;
        self.bytes.reserve(entries.len());
        let end = self.end();
        self.bytes.resize(end);
        self.bytes.append(entries);
        self.bytes.append(&[END]);
        self.set_total();
        self.set_count(total);
    }

    /// The one place that changes entries: replaces a range of them with at most one new.
    fn splice(&mut self, range: Range<usize>, element: Option<Element<'_>>) {
        let new = element.map_or(0, Element::stored_len);
        let old = range.len();
        if let Some(element) = element
            && new == old
        {
            encode(element, &mut self.bytes[range]);
            return;
        }
        let (len, tail) = (self.bytes.len(), range.end);
        if new > old {
            self.bytes.resize(len + new - old);
        }
        self.bytes.shift(tail..len, range.start + new);
        self.bytes.resize(len + new - old);
        if let Some(element) = element {
            encode(element, &mut self.bytes[range.start..range.start + new]);
        }
        if new < old {
            self.bytes.release();
        }
        self.set_total();
    }

    fn set_total(&mut self) {
        let total = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
    }

    fn count_field(&self) -> usize {
        read_unsigned(&self.bytes[4..HEADER]) as usize
    }

    fn set_count(&mut self, count: usize) {
        self.bytes[4..HEADER].copy_from_slice(&(count.min(UNCOUNTED) as u16).to_le_bytes());
    }
}

/// Whether foreign bytes are a listpack through and through.
fn is_listpack(bytes: &[u8]) -> bool {
    let Some((&end, body)) = bytes.get(HEADER..).and_then(<[u8]>::split_last) else { return false };
    if end != END || read_unsigned(&bytes[..4]) != bytes.len() as u64 {
        return false;
    }
    let (mut rest, mut count) = (body, 0);
    while !rest.is_empty() {
        let Some(behind) = checked_entry_len(rest).and_then(|length| rest.get(length..)) else { return false };
        rest = behind;
        count += 1;
    }
    let counted = read_unsigned(&bytes[4..HEADER]) as usize;
    counted == count || counted == UNCOUNTED
}

impl Default for Listpack {
    fn default() -> Self {
        Listpack::new()
    }
}

#[derive(Clone)]
pub struct Iter<'a> {
    /// The whole listpack.
    bytes: &'a [u8],
    range: Range<Position>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;
    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        if self.range.is_empty() {
            return None;
        }
        let (element, size) = decode(&self.bytes[self.range.start..]);
        self.range.start += size + back_len(size);
        Some(element)
    }
}

impl<'a> DoubleEndedIterator for Iter<'a> {
    fn next_back(&mut self) -> Option<Element<'a>> {
        if self.range.is_empty() {
            return None;
        }
        self.range.end = previous(self.bytes, self.range.end);
        Some(decode(&self.bytes[self.range.end..]).0)
    }
}

/// The position before one that is not the first.
fn previous(bytes: &[u8], at: Position) -> Position {
    let size = read_back_len(&bytes[..at]);
    at - size - back_len(size)
}

fn int_len(value: i64) -> usize {
    match value {
        0..=0x7f => 1,
        -0x1000..=0xfff => 2,
        -0x8000..=0x7fff => 3,
        -0x80_0000..=0x7f_ffff => 4,
        -0x8000_0000..=0x7fff_ffff => 5,
        _ => 9,
    }
}

fn string_head_len(len: usize) -> usize {
    match len {
        0..64 => 1,
        64..4096 => 2,
        _ => 5,
    }
}

/// The size of the back length of an entry of `size` bytes. (The borders are Redis's, one below what would fit.)
fn back_len(size: usize) -> usize {
    match size {
        0..=0x7f => 1,
        0x80..0x3fff => 2,
        0x3fff..0x1f_ffff => 3,
        0x1f_ffff..0xfff_ffff => 4,
        _ => 5,
    }
}

/// Reads the back length that `bytes` ends with.
fn read_back_len(bytes: &[u8]) -> usize {
    let mut size = 0;
    for (group, byte) in bytes.iter().rev().take(5).enumerate() {
        size |= usize::from(byte & 0x7f) << (7 * group);
        if byte & 0x80 == 0 {
            break;
        }
    }
    size
}

/// Encoding and data of the entry that `bytes` begins with.
fn size_of_entry(bytes: &[u8]) -> usize {
    match bytes[0] {
        0x00..=0x7f => 1,
        head @ 0x80..=0xbf => 1 + usize::from(head & 0x3f),
        0xc0..=0xdf => 2,
        head @ 0xe0..=0xef => 2 + (usize::from(head & 0x0f) << 8 | usize::from(bytes[1])),
        0xf0 => 5 + read_unsigned(&bytes[1..5]) as usize,
        0xf1 => 3,
        0xf2 => 4,
        0xf3 => 5,
        _ => 9,
    }
}

fn entry_len(bytes: &[u8]) -> usize {
    let size = size_of_entry(bytes);
    size + back_len(size)
}

/// The length of the entry that foreign bytes begin with, if it is one.
#[inline]
fn checked_entry_len(bytes: &[u8]) -> Option<usize> {
    let size = match *bytes.first()? {
        0x00..=0x7f => 1,
        head @ 0x80..=0xbf => 1 + usize::from(head & 0x3f),
        _ => return checked_long_entry_len(bytes),
    };
    (usize::from(*bytes.get(size)?) == size).then_some(size + 1)
}

/// Likewise of one that is no integer of seven bits and no string below 64 bytes.
fn checked_long_entry_len(bytes: &[u8]) -> Option<usize> {
    let head = match *bytes.first()? {
        0xf5.. => return None,
        0xf0 => 5,
        0xe0..=0xef => 2,
        _ => 1,
    };
    bytes.get(..head)?;
    if bytes[0] == 0xf0 && read_unsigned(&bytes[1..5]) > MAX_BYTES as u64 {
        return None;
    }
    let size = size_of_entry(bytes);
    let entry = bytes.get(..size + back_len(size))?;
    let mut expected = [0; 5];
    write_back_len(size, &mut expected[..back_len(size)]);
    (entry[size..] == expected[..back_len(size)]).then_some(entry.len())
}

/// The element that `bytes` begins with, and the size of its encoding and data.
#[inline]
fn decode(bytes: &[u8]) -> (Element<'_>, usize) {
    let string = |head: usize, len: usize| (Element::Bytes(&bytes[head..head + len]), head + len);
    match bytes[0] {
        value @ 0x00..=0x7f => (Element::Int(value.into()), 1),
        head @ 0x80..=0xbf => string(1, usize::from(head & 0x3f)),
        head @ 0xc0..=0xdf => {
            let unsigned = i64::from(head & 0x1f) << 8 | i64::from(bytes[1]);
            (Element::Int(if unsigned < 0x1000 { unsigned } else { unsigned - 0x2000 }), 2)
        }
        head @ 0xe0..=0xef => string(2, usize::from(head & 0x0f) << 8 | usize::from(bytes[1])),
        0xf0 => string(5, read_unsigned(&bytes[1..5]) as usize),
        0xf1 => (Element::Int(read_signed(&bytes[1..3])), 3),
        0xf2 => (Element::Int(read_signed(&bytes[1..4])), 4),
        0xf3 => (Element::Int(read_signed(&bytes[1..5])), 5),
        _ => (Element::Int(read_signed(&bytes[1..9])), 9),
    }
}

/// Writes an entry, and says how many bytes it took.
fn encode(element: Element<'_>, out: &mut [u8]) -> usize {
    let size = match element {
        Element::Int(value) => encode_int(value, out),
        Element::Bytes(bytes) => encode_string(bytes, out),
    };
    let whole = size + back_len(size);
    write_back_len(size, &mut out[size..whole]);
    whole
}

fn encode_int(value: i64, out: &mut [u8]) -> usize {
    let size = int_len(value);
    match size {
        1 => out[0] = value as u8,
        2 => {
            out[0] = 0xc0 | (value >> 8) as u8 & 0x1f;
            out[1] = value as u8;
        }
        _ => {
            out[0] = if size == 9 { 0xf4 } else { 0xf1 + (size - 3) as u8 };
            write_signed(&mut out[1..size], value);
        }
    }
    size
}

fn encode_string(bytes: &[u8], out: &mut [u8]) -> usize {
    let head = string_head_len(bytes.len());
    match head {
        1 => out[0] = 0x80 | bytes.len() as u8,
        2 => {
            out[0] = 0xe0 | (bytes.len() >> 8) as u8;
            out[1] = bytes.len() as u8;
        }
        _ => {
            out[0] = 0xf0;
            out[1..5].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        }
    }
    out[head..head + bytes.len()].copy_from_slice(bytes);
    head + bytes.len()
}

/// The lowest seven bits come last; every byte but the first says that another stands before it.
fn write_back_len(mut size: usize, out: &mut [u8]) {
    for byte in out.iter_mut().rev() {
        *byte = 0x80 | (size & 0x7f) as u8;
        size >>= 7;
    }
    out[0] &= 0x7f;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::string::String;
    use alloc::vec::Vec;
    use alloc::{format, vec};

    fn texts(pack: &Listpack) -> Vec<Vec<u8>> {
        pack.iter().map(|element| element.with(<[u8]>::to_vec)).collect()
    }

    fn pack_of(texts: &[&[u8]]) -> Listpack {
        let mut pack = Listpack::new();
        texts.iter().for_each(|text| pack.push_back(Element::of(text)));
        pack
    }

    /// Lengths and integers around every border of the format.
    fn sample(rng: &mut Rng) -> Vec<u8> {
        const LENGTHS: [usize; 12] = [0, 1, 5, 30, 62, 63, 64, 125, 127, 4095, 4096, 16_380];
        const BITS: [u32; 8] = [7, 12, 13, 15, 16, 23, 31, 63];
        if rng.below(2) == 0 {
            let length = LENGTHS[rng.below(LENGTHS.len() as u64) as usize] + rng.below(3) as usize;
            return (0..length).map(|_| rng.bits() as u8).collect();
        }
        let border = 1i128 << BITS[rng.below(8) as usize];
        let value = border * (1 - 2 * rng.below(2) as i128) + rng.below(3) as i128 - 1;
        format_i64(value.clamp(i64::MIN.into(), i64::MAX.into()) as i64).to_vec()
    }

    /// Recorded from `DUMP` of a hash in Redis 7.0: fields at the borders of each encoding, values 0, 1, 2 …
    #[test]
    fn bytes_are_those_of_redis() {
        let fields = [
            "a",
            "",
            "0",
            "127",
            "128",
            "-1",
            "-4096",
            "4095",
            "4096",
            "-4097",
            "-32768",
            "32767",
            "32768",
            "-32769",
            "8388607",
            "-8388608",
            "8388608",
            "2147483647",
            "-2147483648",
            "2147483648",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "007",
        ];
        let recorded = "816102000180010101000102017f010301c080020401dfff020501d000020601cfff020701f10010030801f1ffef0309\
            01f10080030a01f1ff7f030b01f2008000040c01f2ff7fff040d01f2ffff7f040e01f2000080040f01f3000080000510\
            01f3ffffff7f051101f300000080051201f40000008000000000091301f4ffffffffffffff7f091401f4000000000000\
            0080091501933932323333373230333638353437373538303814160183303037041701";
        let mut pack = Listpack::new();
        for (value, field) in fields.iter().enumerate() {
            pack.push_back(Element::of(field.as_bytes()));
            pack.push_back(Element::Int(value as i64));
        }
        let shown: String = pack.as_bytes()[HEADER..pack.end()].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown, recorded);
    }

    /// Recorded likewise: what stands before and after long strings.
    #[test]
    fn lengths_are_those_of_redis() {
        let recorded: [(usize, &[u8], &[u8]); 9] = [
            (63, &[0xbf], &[0x40]),
            (64, &[0xe0, 0x40], &[0x42]),
            (126, &[0xe0, 0x7e], &[0x01, 0x80]),
            (127, &[0xe0, 0x7f], &[0x01, 0x81]),
            (4095, &[0xef, 0xff], &[0x20, 0x81]),
            (4096, &[0xf0, 0, 0x10, 0, 0], &[0x20, 0x85]),
            (16377, &[0xf0, 0xf9, 0x3f, 0, 0], &[0x7f, 0xfe]),
            (16378, &[0xf0, 0xfa, 0x3f, 0, 0], &[0x00, 0xff, 0xff]),
            (16379, &[0xf0, 0xfb, 0x3f, 0, 0], &[0x01, 0x80, 0x80]),
        ];
        for (length, head, tail) in recorded {
            let text = vec![b'x'; length];
            let pack = pack_of(&[&text]);
            assert_eq!(pack.as_bytes()[HEADER..pack.end()], [head, &text, tail].concat());
        }
    }

    #[test]
    fn behaves_like_a_vector_of_strings() {
        let mut rng = Rng::new(11);
        let (mut pack, mut model) = (Listpack::new(), Vec::<Vec<u8>>::new());
        for step in 0..if cfg!(miri) { 100 } else { 6000 } {
            let index = rng.below(model.len() as u64 + 1) as usize;
            let at = pack.seek(index as i64).unwrap_or(pack.end());
            let text = sample(&mut rng);
            match rng.below(if model.len() > 40 { 9 } else { 5 }) {
                0 | 1 => {
                    pack.insert(at, Element::of(&text));
                    model.insert(index, text);
                }
                2 if model.len() < 40 => {
                    let texts: Vec<_> = (0..rng.below(4)).map(|_| sample(&mut rng)).collect();
                    pack.extend(texts.iter().map(|text| Element::of(text)));
                    model.extend(texts);
                }
                3 if index < model.len() => {
                    pack.replace(at, Element::of(&text));
                    model[index] = text;
                }
                4 if index < model.len() => {
                    pack.remove(at);
                    model.remove(index);
                }
                5 => {
                    let removed = pack.remove_many(at, 5);
                    assert_eq!(removed, model.drain(index..(index + 5).min(model.len())).count());
                }
                6 => {
                    let back = pack.split_off(at);
                    let model_back = model.split_off(index);
                    assert_eq!(texts(&back), model_back);
                    assert_eq!(back.len(), model_back.len());
                    pack.append(&back);
                    model.extend(model_back);
                }
                _ => {}
            }
            assert_eq!(pack.len(), model.len());
            if step % 16 == 0 {
                check(&pack, &model);
            }
        }
    }

    fn check(pack: &Listpack, model: &[Vec<u8>]) {
        assert_eq!(texts(pack), model);
        let backwards: Vec<_> = pack.iter().rev().map(|element| element.with(<[u8]>::to_vec)).collect();
        assert!(backwards.iter().eq(model.iter().rev()));
        assert_eq!(Listpack::from_bytes(pack.as_bytes()).as_ref(), Some(pack));
        let stored: usize = pack.iter().map(Element::stored_len).sum();
        assert_eq!(pack.as_bytes().len(), HEADER + stored + 1);
        for (index, text) in model.iter().enumerate() {
            let at = pack.seek(index as i64).unwrap();
            assert_eq!(pack.seek(index as i64 - model.len() as i64), Some(at));
            assert!(pack.get(at).is(Element::of(text)));
            let first = model.iter().position(|other| other == text).unwrap();
            assert_eq!(pack.find(pack.start(), 1, text), pack.seek(first as i64));
        }
        assert_eq!((pack.seek(model.len() as i64), pack.seek(-1 - model.len() as i64)), (None, None));
    }

    #[test]
    fn find_looks_at_every_second_element_where_asked() {
        let pack = pack_of(&[b"v", b"k", b"k", b"12"]);
        assert_eq!(pack.find(pack.start(), 2, b"k"), pack.seek(2));
        assert_eq!(pack.find(pack.start(), 2, b"12"), None);
        assert_eq!(pack.find(pack.seek(1).unwrap(), 2, b"12"), pack.seek(3));
    }

    #[test]
    fn counting_stops_at_65535_and_len_goes_on() {
        let mut pack = Listpack::new();
        (0..65_600).for_each(|n| pack.push_back(Element::Int(n % 100)));
        assert_eq!((pack.len(), pack.count_field()), (65_600, UNCOUNTED));
        pack.remove_many(pack.start(), 100);
        assert_eq!((pack.len(), pack.count_field()), (65_500, 65_500));
    }

    #[test]
    fn an_integer_held_as_a_string_is_found_all_the_same() {
        let foreign = [11, 0, 0, 0, 1, 0, 0x82, b'4', b'2', 3, END];
        let pack = Listpack::from_bytes(&foreign).unwrap();
        assert_eq!(pack.get(pack.start()), Element::Bytes(b"42"));
        assert_eq!(pack.find(pack.start(), 1, b"42"), Some(pack.start()));
    }

    /// Whatever the bytes, validation ends without a panic, and what it lets through can be walked.
    #[test]
    fn damaged_bytes_are_refused_or_harmless() {
        let mut rng = Rng::new(5);
        let long = vec![b'x'; 300];
        let good = pack_of(&[b"hello", b"-5000", b"1", b"8000000", &long, b"9223372036854775807", b""]);
        assert_eq!(Listpack::filled(7, |_| false), None);
        let (mut refused, rounds) = (0, if cfg!(miri) { 100 } else { 20_000 });
        for _ in 0..rounds {
            let mut bytes = good.as_bytes().to_vec();
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len() as u64) as usize;
                bytes[at] = rng.bits() as u8;
            }
            if rng.below(4) == 0 {
                bytes.truncate(rng.below(bytes.len() as u64) as usize);
            }
            let filled = Listpack::filled(bytes.len(), |place| {
                place.copy_from_slice(&bytes);
                true
            });
            assert_eq!(filled, Listpack::from_bytes(&bytes));
            match filled {
                Some(pack) => assert_eq!(pack.iter().count(), pack.iter().rev().count()),
                None => refused += 1,
            }
        }
        assert!(refused > rounds / 4, "{refused}");
        for head in 0..=255 {
            for tail in [&[][..], &[0], &[0xff; 4], &[0xff; 9]] {
                let mut bytes = vec![0, 0, 0, 0, 1, 0, head];
                bytes.extend_from_slice(tail);
                bytes.push(END);
                bytes[0] = bytes.len() as u8;
                let _ = Listpack::from_bytes(&bytes).map(|pack| texts(&pack));
            }
        }
    }
}
