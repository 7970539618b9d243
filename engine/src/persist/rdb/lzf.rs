//! LZF: the compression of strings in RDB, with the same output as liblzf gives with Redis's settings.
//!
//! ```text
//!   000xxxxx + x+1 bytes                      bytes as they are
//!   xxxyyyyy yyyyyyyy                         x+2 bytes from y+1 back; x is 1..=6
//!   111yyyyy xxxxxxxx yyyyyyyy                x+9 bytes from y+1 back
//! ```

use alloc::vec;
use alloc::vec::Vec;

const TABLE: usize = 1 << 16;
const MAX_LITERAL: usize = 1 << 5;
const MAX_OFFSET: usize = 1 << 13;
const MAX_MATCH: usize = (1 << 8) + (1 << 3);

/// Packs strings, and keeps its table between them.
#[derive(Default)]
pub struct Packer {
    /// Where three bytes with this hash were seen last, counted from `base`.
    seen: Vec<u32>,
    base: u32,
}

impl Packer {
    /// The packed text; `None` unless it takes less than `most` bytes.
    pub fn pack(&mut self, text: &[u8], most: usize) -> Option<Vec<u8>> {
        let length = u32::try_from(text.len()).ok()?;
        if self.seen.is_empty() || self.base.checked_add(length).is_none() {
            self.seen = vec![0; TABLE];
            self.base = 0;
        }
        let packed = pack(text, most, &mut self.seen, self.base);
        self.base += length;
        packed
    }
}

/// What may be written: bytes, never beyond `most`.
struct Output {
    bytes: Vec<u8>,
    most: usize,
    /// Literal bytes since the last control byte, whose place is before them.
    literals: usize,
}

impl Output {
    fn literal(&mut self, byte: u8) {
        self.literals += 1;
        self.bytes.push(byte);
        if self.literals == MAX_LITERAL {
            self.end_run();
            self.begin_run();
        }
    }

    fn begin_run(&mut self) {
        self.literals = 0;
        self.bytes.push(0);
    }

    /// Writes the run's control byte, or takes it back where nothing followed.
    fn end_run(&mut self) {
        let control = self.bytes.len() - self.literals - 1;
        if self.literals == 0 {
            self.bytes.pop();
        } else {
            self.bytes[control] = self.literals as u8 - 1;
        }
    }

    fn reference(&mut self, offset: usize, length: usize) {
        self.end_run();
        let high = (offset >> 8) as u8;
        if length < 7 {
            self.bytes.push(high + ((length as u8) << 5));
        } else {
            self.bytes.extend_from_slice(&[high + (7 << 5), (length - 7) as u8]);
        }
        self.bytes.push(offset as u8);
        self.begin_run();
    }
}

fn slot(text: &[u8], at: usize) -> usize {
    let three = u32::from_be_bytes([0, text[at], text[at + 1], text[at + 2]]);
    ((three >> 8).wrapping_sub(three.wrapping_mul(5)) as usize) & (TABLE - 1)
}

fn pack(text: &[u8], most: usize, seen: &mut [u32], base: u32) -> Option<Vec<u8>> {
    let end = text.len();
    if end == 0 || most == 0 {
        return None;
    }
    let mut out = Output { bytes: Vec::with_capacity(most.min(end) + 1), most, literals: 0 };
    out.begin_run();
    let mut at = 0;
    while at + 2 < end {
        let place = &mut seen[slot(text, at)];
        // The very first position counts as none.
        let before = place.checked_sub(base).map_or(0, |before| before as usize);
        *place = base + at as u32;
        let near = before > 0 && before < at && at - before - 1 < MAX_OFFSET;
        if !near || text[before..before + 3] != text[at..at + 3] {
            if out.bytes.len() >= out.most {
                return None;
            }
            out.literal(text[at]);
            at += 1;
            continue;
        }
        let begun = usize::from(out.literals == 0);
        if out.bytes.len() - begun + 4 >= out.most {
            return None;
        }
        let length = match_length(text, before, at);
        out.reference(at - before - 1, length - 2);
        at += length;
        if at + 2 >= end {
            break;
        }
        // The last two positions of a match are remembered, the others not.
        for inside in at - 2..at {
            seen[slot(text, inside)] = base + inside as u32;
        }
    }
    if out.bytes.len() + 3 > out.most {
        return None;
    }
    text[at..].iter().for_each(|&byte| out.literal(byte));
    out.end_run();
    Some(out.bytes)
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

/// The text of this length that was packed; `None` if it is not what the bytes say.
pub fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    // No three bytes say more than this.
    if length > packed.len().saturating_mul(MAX_MATCH) {
        return None;
    }
    let mut out = Vec::new();
    out.try_reserve_exact(length).ok()?;
    out.resize(length, 0);
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
            let long = control >> 5 == 7;
            count = 2 + (control >> 5) + if long { take(&mut rest)? } else { 0 };
            let offset = (control & 0x1f) << 8 | take(&mut rest)?;
            let from = at.checked_sub(offset + 1)?;
            if count > length - at {
                return None;
            }
            copy_back(&mut out, from, at, count);
        }
        at += count;
    }
    (at == length).then_some(out)
}

/// Copies bytes to the beginning of `out`, if there is room for them; with them, because that is quicker, a few more of
/// those they are the first of, to where others will come.
fn copy_literals(literals: &[u8], all: &[u8], out: &mut [u8]) -> Option<()> {
    match (all.first_chunk::<MAX_LITERAL>(), out.first_chunk_mut::<MAX_LITERAL>()) {
        (Some(from), Some(to)) => *to = *from,
        _ => out.get_mut(..literals.len())?.copy_from_slice(literals),
    }
    Some(())
}

/// Repeats bytes from further ahead, which may be those that this writes; in words, and a few too many, where that does no
/// harm.
fn copy_back(out: &mut [u8], from: usize, at: usize, count: usize) {
    const WORD: usize = 8;
    let in_words = at - from >= WORD && out.len() - at >= count + WORD;
    if !in_words {
        return (0..count).for_each(|index| out[at + index] = out[from + index]);
    }
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
            assert_eq!(unpack(&packed, text.len()).as_ref(), Some(&text));
            assert_eq!(unpack(&packed, text.len() + 1), None);
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
