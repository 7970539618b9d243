//! LZF: the compression of strings in RDB, with the same output as liblzf gives with Redis's settings.
//!
//! ```text
//!   000xxxxx + x+1 bytes                      bytes as they are
//!   xxxyyyyy yyyyyyyy                         x+2 bytes from y+1 back; x is 1..=6
//!   111yyyyy xxxxxxxx yyyyyyyy                x+9 bytes from y+1 back
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

const TABLE: usize = 1 << 16;
const MAX_LITERAL: usize = 1 << 5;
const MAX_OFFSET: usize = 1 << 13;
const MAX_MATCH: usize = (1 << 8) + (1 << 3);

/// Packs strings, and keeps its table and its room between them.
#[derive(Default)]
pub struct Packer {
    /// Where three bytes with this hash were seen last, counted from `base`.
    seen: Option<Box<[u32; TABLE]>>,
    base: u32,
    room: Vec<u8>,
}

impl Packer {
    /// The packed text; `None` unless it takes less than `most` bytes, which are not more than it has.
    pub fn pack(&mut self, text: &[u8], most: usize) -> Option<&[u8]> {
        let length = u32::try_from(text.len()).ok()?;
        let after = self.base.checked_add(length);
        let seen = match &mut self.seen {
            Some(seen) if after.is_some() => seen,
            none => {
                self.base = 0;
                none.insert(Box::new([0; TABLE]))
            }
        };
        // What is written comes before it is known to be too much.
        let room = most + 2 * MAX_LITERAL;
        if self.room.len() < room {
            self.room.resize(room, 0);
        }
        debug_assert!(most <= text.len());
        let packed = pack(text, most, seen, self.base, &mut self.room);
        self.base += length;
        packed.map(|length| &self.room[..length])
    }
}

/// What is written: a run of literal bytes always being open, of which the room has none yet.
struct Output<'a> {
    text: &'a [u8],
    room: &'a mut [u8],
    length: usize,
    literals: Range<usize>,
}

impl Output<'_> {
    /// The bytes written, with those of the open run and its control byte.
    fn length(&self) -> usize {
        self.length + 1 + self.literals.len()
    }

    fn literal(&mut self) {
        self.literals.end += 1;
        if self.literals.len() == MAX_LITERAL {
            self.end_run();
        }
    }

    /// Writes the run, unless it is empty.
    fn end_run(&mut self) {
        let Range { start, end } = self.literals;
        if start < end {
            let (control, room) = self.room[self.length..].split_first_mut().expect("the room is large enough");
            *control = (end - start) as u8 - 1;
            copy_literals(&self.text[start..end], &self.text[start..], room).expect("the room is large enough");
            self.length += 1 + end - start;
        }
        self.literals.start = end;
    }

    fn reference(&mut self, offset: usize, length: usize) {
        self.end_run();
        let (high, low) = ((offset >> 8) as u8, offset as u8);
        let (bytes, count) = match length - 2 {
            short @ ..7 => ([high + ((short as u8) << 5), low, 0], 2),
            long => ([high + (7 << 5), (long - 7) as u8, low], 3),
        };
        self.room[self.length..][..3].copy_from_slice(&bytes);
        self.length += count;
        self.literals = self.literals.end + length..self.literals.end + length;
    }
}

/// Three bytes, the first of them highest.
fn three(text: &[u8], at: usize) -> u32 {
    match text[at..] {
        [a, b, c, d, ..] => u32::from_be_bytes([a, b, c, d]) >> 8,
        [a, b, c] => u32::from_be_bytes([0, a, b, c]),
        _ => unreachable!("a match has three bytes"),
    }
}

fn slot(three: u32) -> usize {
    ((three >> 8).wrapping_sub(three.wrapping_mul(5)) as usize) & (TABLE - 1)
}

/// How many bytes of the room the packed text takes, if less than `most`.
fn pack(text: &[u8], most: usize, seen: &mut [u32; TABLE], base: u32, room: &mut [u8]) -> Option<usize> {
    let end = text.len();
    if end == 0 || most == 0 {
        return None;
    }
    let mut out = Output { text, room, length: 0, literals: 0..0 };
    let mut at = 0;
    while at + 2 < end {
        let here = three(text, at);
        let place = &mut seen[slot(here)];
        // The very first position counts as none.
        let before = place.saturating_sub(base) as usize;
        *place = base + at as u32;
        if before == 0 || at - before > MAX_OFFSET || three(text, before) != here {
            if out.length() >= most {
                return None;
            }
            out.literal();
            at += 1;
            continue;
        }
        let begun = usize::from(out.literals.is_empty());
        if out.length() - begun + 4 >= most {
            return None;
        }
        let length = match_length(text, before, at);
        out.reference(at - before - 1, length);
        at += length;
        if at + 2 >= end {
            break;
        }
        // The last two positions of a match are remembered, the others not.
        for inside in at - 2..at {
            seen[slot(three(text, inside))] = base + inside as u32;
        }
    }
    if out.length() + 3 > most {
        return None;
    }
    (at..end).for_each(|_| out.literal());
    out.end_run();
    Some(out.length)
}

/// How many bytes are the same from two positions on, the first three being so. Where many are left, liblzf looks at sixteen
/// more before it asks whether that is too many.
fn match_length(text: &[u8], before: usize, at: usize) -> usize {
    let most = (text.len() - at - 2).min(MAX_MATCH);
    let least = if most > 16 { 19 } else { 3 };
    let same = same_bytes(&text[before..], &text[at..][..text.len().min(at + least.max(most)) - at]);
    if same < least { same } else { same.min(most).max(least) }
}

/// How many bytes two texts begin with alike, compared in words. The second is not the longer one.
fn same_bytes(a: &[u8], b: &[u8]) -> usize {
    let (words, rest) = b.as_chunks::<8>();
    for (index, (a, b)) in a.as_chunks::<8>().0.iter().zip(words).enumerate() {
        let different = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if different != 0 {
            return index * 8 + different.trailing_zeros() as usize / 8;
        }
    }
    let done = words.len() * 8;
    done + a[done..].iter().zip(rest).take_while(|(a, b)| a == b).count()
}

/// Whether so many packed bytes can say so many.
pub fn is_possible(packed: usize, length: usize) -> bool {
    // No three bytes say more than this.
    length <= packed.saturating_mul(MAX_MATCH)
}

/// The text of this length that was packed; `None` if it is not what the bytes say.
pub fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    if !is_possible(packed.len(), length) {
        return None;
    }
    let mut out = Vec::new();
    out.try_reserve_exact(length).ok()?;
    out.resize(length, 0);
    unpack_into(packed, &mut out).then_some(out)
}

/// Whether the text that was packed fills its place, which from now on holds it.
pub fn unpack_into(packed: &[u8], out: &mut [u8]) -> bool {
    try_unpack(packed, out) == Some(out.len())
}

/// How many bytes that makes; `None` if it is not what was packed.
fn try_unpack(packed: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut at, mut rest) = (0, packed);
    while let Some((&control, behind)) = rest.split_first() {
        rest = behind;
        let control = usize::from(control);
        let count;
        if control < MAX_LITERAL {
            count = control + 1;
            copy_literals(rest.get(..count)?, rest, out.get_mut(at..)?)?;
            rest = &rest[count..];
        } else {
            let short = (control >> 5) + 2;
            count = if short == 9 { 9 + take(&mut rest)? } else { short };
            let offset = (control & 0x1f) << 8 | take(&mut rest)?;
            let from = at.checked_sub(offset + 1)?;
            if count > out.len() - at {
                return None;
            }
            copy_back(out, from, at, count);
        }
        at += count;
    }
    Some(at)
}

/// Copies bytes to the beginning of `out`, if there is room for them; with them, because that is quicker, a few more of
/// those they are the first of, to where others will come.
fn copy_literals(literals: &[u8], all: &[u8], out: &mut [u8]) -> Option<()> {
    match (all.first_chunk::<MAX_LITERAL>(), out.first_chunk_mut::<MAX_LITERAL>()) {
        (Some(from), Some(to)) => *to = *from,
        _ => copy_last_literals(literals, out)?,
    }
    Some(())
}

/// Apart, so that the copy of a known length is one.
#[cold]
#[inline(never)]
fn copy_last_literals(literals: &[u8], out: &mut [u8]) -> Option<()> {
    out.get_mut(..literals.len())?.copy_from_slice(literals);
    Some(())
}

/// Repeats bytes from further ahead, which may be those that this writes; in words, and a few too many, where that does no
/// harm.
fn copy_back(out: &mut [u8], from: usize, at: usize, count: usize) {
    let most = (at - from).min(out.len() - at - count);
    match most {
        16.. => copy_words::<16>(out, from, at, count),
        8.. => copy_words::<8>(out, from, at, count),
        _ => (0..count).for_each(|index| out[at + index] = out[from + index]),
    }
}

fn copy_words<const WORD: usize>(out: &mut [u8], from: usize, at: usize, count: usize) {
    for done in (0..count).step_by(WORD) {
        let word: [u8; WORD] = out[from + done..][..WORD].try_into().expect("a word");
        out[at + done..][..WORD].copy_from_slice(&word);
    }
}

fn take(rest: &mut &[u8]) -> Option<usize> {
    let (&byte, behind) = rest.split_first()?;
    *rest = behind;
    Some(usize::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::vec;

    #[test]
    fn what_is_packed_is_unpacked() {
        let mut rng = Rng::new(5);
        let mut packer = Packer::default();
        let mut shrunk = 0;
        for round in 0..3000 {
            let letters = 1 + rng.below(6);
            let text: Vec<u8> =
                (0..rng.below(40 * (1 + round / 50))).map(|_| b'a' + rng.below(letters) as u8).collect();
            let Some(packed) = packer.pack(&text, text.len()) else { continue };
            shrunk += 1;
            assert!(packed.len() < text.len());
            assert_eq!(unpack(packed, text.len()).as_ref(), Some(&text));
            assert_eq!(unpack(packed, text.len() + 1), None);
            assert_eq!(unpack(&packed[..packed.len() - 1], text.len()), None);
        }
        assert!(shrunk > 2000, "{shrunk}");
    }

    /// One byte after another, as liblzf does it.
    fn match_length_by_bytes(text: &[u8], before: usize, at: usize) -> usize {
        let most = (text.len() - at - 2).min(MAX_MATCH);
        let same = |length: usize| text.get(before + length) == text.get(at + length);
        let mut length = 2;
        if most > 16 {
            for _ in 0..16 {
                length += 1;
                if !same(length) {
                    return length;
                }
            }
        }
        loop {
            length += 1;
            if length >= most || !same(length) {
                return length;
            }
        }
    }

    #[test]
    fn a_match_is_as_long_as_liblzf_finds_it() {
        let mut rng = Rng::new(6);
        for length in 4..400 {
            let at = 1 + rng.below(length as u64 - 3) as usize;
            let before = rng.below(at as u64) as usize;
            let mut text = vec![b'a'; length];
            assert_eq!(match_length(&text, before, at), match_length_by_bytes(&text, before, at));
            let other = (at + 3 + rng.below(30) as usize).min(length - 1).max(before + 3);
            text[other] = b'b';
            if text[before..before + 3] == text[at..at + 3] {
                assert_eq!(match_length(&text, before, at), match_length_by_bytes(&text, before, at));
            }
        }
    }

    #[test]
    fn an_announced_length_claims_no_memory() {
        assert_eq!(unpack(&[0xe0, 0xff, 0], usize::MAX), None);
        assert_eq!(unpack(&[], 1), None);
        assert_eq!(unpack(&[], 0), Some(Vec::new()));
    }
}
