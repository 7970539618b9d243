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

/// How many bytes are the same from two positions on, the first three being so.
fn match_length(text: &[u8], before: usize, at: usize) -> usize {
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

/// The text of this length that was packed; `None` if it is not what the bytes say.
pub fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    // No three bytes say more than this.
    if length > packed.len().saturating_mul(MAX_MATCH) {
        return None;
    }
    let mut out = Vec::new();
    out.try_reserve_exact(length).ok()?;
    let mut rest = packed;
    while let Some((&control, behind)) = rest.split_first() {
        rest = behind;
        let control = usize::from(control);
        if control < MAX_LITERAL {
            out.extend_from_slice(rest.get(..=control)?);
            rest = &rest[control + 1..];
        } else {
            let mut count = 2 + (control >> 5);
            if count == 9 {
                count += take(&mut rest)?;
            }
            let offset = (control & 0x1f) << 8 | take(&mut rest)?;
            let from = out.len().checked_sub(offset + 1)?;
            if count > length - out.len() {
                return None;
            }
            for index in from..from + count {
                out.push(out[index]);
            }
        }
        if out.len() > length {
            return None;
        }
    }
    (out.len() == length).then_some(out)
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

    #[test]
    fn an_announced_length_claims_no_memory() {
        assert_eq!(unpack(&[0xe0, 0xff, 0], usize::MAX), None);
        assert_eq!(unpack(&[], 1), None);
        assert_eq!(unpack(&[], 0), Some(Vec::new()));
    }
}
