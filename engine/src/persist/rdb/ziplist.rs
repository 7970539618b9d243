//! What earlier versions of Redis had in the place of listpacks: ziplists and zipmaps, read only.
//!
//! ```text
//!   ziplist:  [bytes 4][offset of the last entry 4][entries 2] entry … [FF]
//!   entry:    [length of the entry before: 1, or FE + 4][encoding][data]
//!
//!   00xxxxxx                     string below 64          11000000 + 2   16-bit integer   11110000 + 3   24-bit integer
//!   01xxxxxx xxxxxxxx            string below 16384       11010000 + 4   32-bit integer   11111110 + 1   8-bit integer
//!   10000000 + 4, big end first  any string               11100000 + 8   64-bit integer   1111xxxx       x - 1, from 0 to 12
//!
//!   zipmap:   [pairs 1] {[length][key][length][free 1][value][free bytes]} … [FF];  length: 1, or FE + 4
//! ```

use crate::base::bytes::{read_signed, read_unsigned};
use crate::collections::listpack::{Element, Listpack};

const HEADER: usize = 10;
const END: u8 = 0xff;
const LONG: u8 = 0xfe;

/// The same elements in a listpack; `None` if these bytes are no ziplist through and through.
pub fn to_listpack(bytes: &[u8]) -> Option<Listpack> {
    let (&end, body) = bytes.get(HEADER..)?.split_last()?;
    if end != END || read_unsigned(&bytes[..4]) != bytes.len() as u64 {
        return None;
    }
    let (mut pack, mut rest, mut before, mut last, mut count) = (Listpack::new(), body, 0, HEADER, 0);
    while !rest.is_empty() {
        let entry = rest;
        if length(&mut rest)? != before as u64 {
            return None;
        }
        let element = element(&mut rest)?;
        pack.push_back(element);
        before = entry.len() - rest.len();
        last = HEADER + body.len() - entry.len();
        count += 1;
    }
    let (tail, counted) = (read_unsigned(&bytes[4..8]), read_unsigned(&bytes[8..HEADER]));
    let is_counted = counted == count || counted == u64::from(u16::MAX);
    (is_counted && tail == last as u64).then_some(pack)
}

/// A length of one byte, or of four behind a mark.
fn length(rest: &mut &[u8]) -> Option<u64> {
    match take(rest, 1)?[0] {
        END => None,
        LONG => Some(read_unsigned(take(rest, 4)?)),
        short => Some(short.into()),
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    Some(taken)
}

fn element<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let first = take(rest, 1)?[0];
    let length = match first >> 6 {
        0 => usize::from(first),
        1 => usize::from(first & 0x3f) << 8 | usize::from(take(rest, 1)?[0]),
        2 => {
            let (&length, behind) = rest.split_first_chunk()?;
            *rest = behind;
            usize::try_from(u32::from_be_bytes(length)).ok()?
        }
        _ => return integer(first, rest).map(Element::Int),
    };
    take(rest, length).map(Element::of)
}

fn integer(first: u8, rest: &mut &[u8]) -> Option<i64> {
    let width = match first {
        0xc0 => 2,
        0xd0 => 4,
        0xe0 => 8,
        0xf0 => 3,
        0xfe => 1,
        0xf1..=0xfd => return Some(i64::from(first & 0x0f) - 1),
        _ => return None,
    };
    take(rest, width).map(read_signed)
}

/// Keys and values in turn; `None` if these bytes are no zipmap.
pub fn zipmap_to_listpack(bytes: &[u8]) -> Option<Listpack> {
    let (&end, mut rest) = bytes.get(1..)?.split_last()?;
    let mut pack = Listpack::new();
    while !rest.is_empty() {
        let key = length(&mut rest)?;
        pack.push_back(Element::of(take(&mut rest, usize::try_from(key).ok()?)?));
        let value = length(&mut rest)?;
        let free = take(&mut rest, 1)?[0];
        pack.push_back(Element::of(take(&mut rest, usize::try_from(value).ok()?)?));
        take(&mut rest, free.into())?;
    }
    let (counted, pairs) = (bytes[0], pack.len() / 2);
    (end == END && (counted >= LONG || usize::from(counted) == pairs)).then_some(pack)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn texts(pack: &Listpack) -> Vec<Vec<u8>> {
        pack.iter().map(|element| element.with(<[u8]>::to_vec)).collect()
    }

    /// `[2, "5", "Hello World"]`, as Redis's own source draws it.
    const HELLO: &[u8] = b"\x1c\0\0\0\x0e\0\0\0\x03\0\x00\xf3\x02\xf6\x02\x0bHello World\xff";

    #[test]
    fn a_ziplist_has_its_elements() {
        assert_eq!(texts(&to_listpack(HELLO).unwrap()), [&b"2"[..], b"5", b"Hello World"]);
        for at in 0..HELLO.len() {
            assert!(to_listpack(&HELLO[..at]).is_none());
        }
        assert!(to_listpack(&[HELLO, b"x"].concat()).is_none());
    }

    #[test]
    fn integers_of_every_width() {
        let entries: [(&[u8], i64); 6] = [
            (b"\x00\xc0\x00\x80", -32768),
            (b"\x04\xd0\x00\x00\x00\x80", -2147483648),
            (b"\x06\xe0\xff\xff\xff\xff\xff\xff\xff\x7f", i64::MAX),
            (b"\x0a\xf0\x00\x00\x80", -8388608),
            (b"\x05\xfe\x80", -128),
            (b"\x03\xfd", 12),
        ];
        let body: Vec<u8> = entries.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        let total = (HEADER + body.len() + 1) as u32;
        let tail = total - 3;
        let bytes = [&total.to_le_bytes()[..], &tail.to_le_bytes(), &[6, 0], &body, &[END]].concat();
        let pack = to_listpack(&bytes).unwrap();
        assert!(pack.iter().eq(entries.iter().map(|&(_, value)| Element::Int(value))));
    }

    #[test]
    fn a_zipmap_has_its_pairs() {
        let bytes = b"\x02\x03foo\x03\x00bar\x05hello\x05\x02world..\xff";
        assert_eq!(texts(&zipmap_to_listpack(bytes).unwrap()), [&b"foo"[..], b"bar", b"hello", b"world"]);
        for at in 0..bytes.len() {
            assert!(zipmap_to_listpack(&bytes[..at]).is_none());
        }
    }
}
