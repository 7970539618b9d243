//! The bits of a string: read, set, counted, found and combined, with integers of any width among them.
//!
//! ```text
//!   byte 0              byte 1
//!   0 1 2 3 4 5 6 7     8 9 10 …      bit 0 is the highest of the first byte
//!   └── u5 at 0 ─┘└──── i6 at 5       a field of bits may lie across bytes
//! ```
//! Offsets have 64 bits: the bits of the longest string are more than a `usize` of a page can count. Behind its end a
//! string reads as zeros.

use crate::base::bytes::reserve;
use crate::base::number::parse_i64;
use crate::base::wide::wide;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// Where a bit lies: past every string where that is more than a `usize` can say.
fn byte_of(offset: u64) -> usize {
    usize::try_from(offset / 8).unwrap_or(usize::MAX)
}

fn mask_of(offset: u64) -> u8 {
    0x80 >> (offset % 8)
}

pub fn get(bytes: &[u8], offset: u64) -> bool {
    bytes.get(byte_of(offset)).is_some_and(|byte| byte & mask_of(offset) != 0)
}

/// Sets a bit that the string reaches to; what it was.
pub fn set(bytes: &mut [u8], offset: u64, on: bool) -> bool {
    let was = get(bytes, offset);
    let byte = &mut bytes[byte_of(offset)];
    *byte = if on { *byte | mask_of(offset) } else { *byte & !mask_of(offset) };
    was
}

/// Makes a string reach a bit, by zeros; whether it had to grow.
pub fn reach(bytes: &mut Vec<u8>, last: u64) -> bool {
    let length = byte_of(last) + 1;
    if length <= bytes.len() {
        return false;
    }
    if bytes.is_empty() && length > bytes.capacity() {
        // Zeros from the allocator: pages that nobody writes to cost nothing.
        *bytes = vec![0; length];
    } else {
        reserve(bytes, length - bytes.len());
        bytes.resize(length, 0);
    }
    true
}

wide! {
    /// How many bits are set.
    pub fn count(bytes: &[u8]) -> u64 {
        count_by_words(bytes)
    } else {
        // Others than these processors all count the bits of a word.
        if cfg!(target_arch = "x86_64") { count_by_places(bytes) } else { count_by_words(bytes) }
    }
}

#[inline(always)]
fn count_by_words(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum::<u64>()
        + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// Bits of the same place in many words are added at once: eight blocks become one with a bit for every eight, which is all
/// that is counted of them, and what is left over for the next eight.
fn count_by_places(bytes: &[u8]) -> u64 {
    let (eights, rest) = bytes.as_chunks::<{ 8 * size_of::<Lanes>() }>();
    let (mut ones, mut twos, mut fours) = (Lanes::default(), Lanes::default(), Lanes::default());
    let mut total = 0;
    for eight in eights {
        let (lanes, _) = eight.as_chunks::<{ size_of::<Lanes>() }>();
        let mut four = |from: usize| {
            let first = add(&mut ones, lanes_of(&lanes[from]), lanes_of(&lanes[from + 1]));
            let second = add(&mut ones, lanes_of(&lanes[from + 2]), lanes_of(&lanes[from + 3]));
            add(&mut twos, first, second)
        };
        let (first, second) = (four(0), four(4));
        total += 8 * count_words(&add(&mut fours, first, second));
    }
    total + 4 * count_words(&fours) + 2 * count_words(&twos) + count_words(&ones) + count_by_words(rest)
}

type Lanes = [u64; 4];

fn lanes_of(bytes: &[u8; size_of::<Lanes>()]) -> Lanes {
    let (words, _) = bytes.as_chunks::<8>();
    core::array::from_fn(|lane| u64::from_ne_bytes(words[lane]))
}

/// Adds two bits to one in every place; what is carried.
fn add(sum: &mut Lanes, a: Lanes, b: Lanes) -> Lanes {
    core::array::from_fn(|lane| {
        let half = sum[lane] ^ a[lane];
        let carried = sum[lane] & a[lane] | half & b[lane];
        sum[lane] = half ^ b[lane];
        carried
    })
}

fn count_words(words: &Lanes) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// How many bits of a range within the string are set.
pub fn count_in(bytes: &[u8], bits: Range<u64>) -> u64 {
    if bits.is_empty() {
        return 0;
    }
    let (head, tail) = (from(bits.start), !from_next(bits.end - 1));
    match &bytes[byte_of(bits.start)..=byte_of(bits.end - 1)] {
        [] => 0,
        [only] => u64::from((only & head & tail).count_ones()),
        [first, middle @ .., last] => {
            u64::from((first & head).count_ones()) + count(middle) + u64::from((last & tail).count_ones())
        }
    }
}

/// The bits of its byte from an offset on.
fn from(offset: u64) -> u8 {
    0xff >> (offset % 8)
}

/// The bits of its byte behind an offset.
fn from_next(offset: u64) -> u8 {
    0x7f >> (offset % 8)
}

/// The first bit of a range within the string that is this.
pub fn position(bytes: &[u8], bit: bool, bits: Range<u64>) -> Option<u64> {
    if bits.is_empty() {
        return None;
    }
    let other = if bit { 0x00 } else { 0xff };
    let (first, last) = (byte_of(bits.start), byte_of(bits.end - 1));
    let wanted = (bytes[first] ^ other) & from(bits.start);
    let (byte, wanted) = if wanted != 0 {
        (first, wanted)
    } else {
        let byte = first + 1 + first_unlike(&bytes[first + 1..=last], other)?;
        (byte, bytes[byte] ^ other)
    };
    let found = byte as u64 * 8 + u64::from(wanted.leading_zeros());
    (found < bits.end).then_some(found)
}

/// The first byte that is not this one.
fn first_unlike(bytes: &[u8], common: u8) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<64>();
    let is_common = |block: &&[u8; 64]| block.iter().fold(0, |unlike, byte| unlike | (byte ^ common)) == 0;
    let skipped = blocks.iter().take_while(is_common).count() * 64;
    bytes[skipped..].iter().position(|&byte| byte != common).map(|at| skipped + at)
}

/// How BITOP combines strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The bits that all have.
    And,
    /// The bits that any has.
    Or,
    /// The bits that an odd number of them has.
    Xor,
    /// The bits that the first has not.
    Not,
    /// The bits that the first has and none of the others.
    Diff,
    /// The bits that any has but the first.
    Diff1,
    /// The bits that the first has and any of the others.
    AndOr,
    /// The bits that exactly one has.
    One,
}

/// Strings are combined in blocks that stay in the nearest cache while one after another is read.
const BLOCK: usize = 4096;

impl Operator {
    /// Combines strings, at least one, into one as long as the longest.
    pub fn combine(self, sources: &[&[u8]]) -> Vec<u8> {
        let length = sources.iter().map(|source| source.len()).max().unwrap_or(0);
        let mut result = Vec::with_capacity(length);
        while result.len() < length {
            let block = result.len()..length.min(result.len() + BLOCK);
            result.resize(block.end, 0);
            let piece = |source: &&'_ [u8]| block.start.min(source.len())..block.end.min(source.len());
            let pieces = sources.iter().map(|source| &source[piece(source)]);
            self.fill(&mut result[block.clone()], pieces);
        }
        result
    }

    /// Fills a block of zeros with what becomes of a piece of each source.
    fn fill<'a>(self, block: &mut [u8], mut pieces: impl Iterator<Item = &'a [u8]>) {
        let first = pieces.next().unwrap_or_default();
        match self {
            Operator::And => {
                or(block, first);
                pieces.for_each(|piece| and(block, piece));
            }
            Operator::Or => core::iter::once(first).chain(pieces).for_each(|piece| or(block, piece)),
            Operator::Xor => core::iter::once(first).chain(pieces).for_each(|piece| xor(block, piece)),
            Operator::Not => {
                or(block, first);
                block.iter_mut().for_each(|byte| *byte = !*byte);
            }
            Operator::Diff => {
                or(block, first);
                pieces.for_each(|piece| and_not(block, piece));
            }
            Operator::Diff1 => {
                pieces.for_each(|piece| or(block, piece));
                and_not(block, first);
            }
            Operator::AndOr => {
                pieces.for_each(|piece| or(block, piece));
                and(block, first);
            }
            Operator::One => {
                let mut several = [0; BLOCK];
                or(block, first);
                for piece in pieces {
                    for ((any, several), with) in block.iter_mut().zip(&mut several).zip(piece) {
                        *several |= *any & with;
                        *any |= with;
                    }
                }
                and_not(block, &several[..block.len()]);
            }
        }
    }
}

/// The piece may be shorter than the block, here and below: zeros follow it.
fn or(block: &mut [u8], piece: &[u8]) {
    block.iter_mut().zip(piece).for_each(|(byte, with)| *byte |= with);
}

fn xor(block: &mut [u8], piece: &[u8]) {
    block.iter_mut().zip(piece).for_each(|(byte, with)| *byte ^= with);
}

fn and_not(block: &mut [u8], piece: &[u8]) {
    block.iter_mut().zip(piece).for_each(|(byte, with)| *byte &= !with);
}

fn and(block: &mut [u8], piece: &[u8]) {
    block.iter_mut().zip(piece).for_each(|(byte, with)| *byte &= with);
    block[piece.len()..].fill(0);
}

/// An integer of some bits: `i1` to `i64`, `u1` to `u63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    signed: bool,
    width: u32,
}

/// What becomes of a value that its field has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Its low bits are stored.
    Wrap,
    /// The nearest value is stored.
    Saturate,
    /// Nothing is.
    Fail,
}

impl Field {
    /// Reads `i16`, `u8` …
    pub fn parse(text: &[u8]) -> Option<Field> {
        let signed = match text.first()? {
            b'i' => true,
            b'u' => false,
            _ => return None,
        };
        // Redis reads the width as a C string.
        let width = text[1..].split(|&byte| byte == 0).next().unwrap_or_default();
        let width = u32::try_from(parse_i64(width)?).ok()?;
        let most = if signed { 64 } else { 63 };
        (1..=most).contains(&width).then_some(Field { signed, width })
    }

    pub fn width(self) -> u64 {
        u64::from(self.width)
    }

    /// The last bit of this field at an offset.
    pub fn last(self, offset: u64) -> u64 {
        offset + self.width() - 1
    }

    pub fn read(self, bytes: &[u8], offset: u64) -> i64 {
        let value = Window::of(bytes, offset).0 << (offset % 8) >> (128 - self.width);
        let unused = 64 - self.width;
        if self.signed { (value as i64) << unused >> unused } else { value as i64 }
    }

    /// Writes the low bits of a value into a string that reaches to the end of the field.
    pub fn write(self, bytes: &mut [u8], offset: u64, value: i64) {
        let low = u128::MAX >> (128 - self.width);
        let shift = 128 - self.width - (offset % 8) as u32;
        let window = Window::of(bytes, offset).0;
        Window(window & !(low << shift) | (value as u64 as u128 & low) << shift).store(bytes, offset);
    }

    /// The number that an argument of SET means to this field. To one without a sign, a negative number is a large one;
    /// so it is to a signed one if it lies more than 64 bits can say below the largest that fits.
    pub fn argument(self, value: i64) -> i128 {
        let is_large = !self.signed || self.width < 64 && (self.max() as i64).checked_sub(value).is_none();
        if is_large { i128::from(value as u64) } else { i128::from(value) }
    }

    /// What is stored where a field is to have this value; nothing if it has no room and must fail.
    pub fn stored(self, value: i128, overflow: Overflow) -> Option<i64> {
        if (self.min()..=self.max()).contains(&value) {
            return Some(value as i64);
        }
        match overflow {
            Overflow::Fail => None,
            Overflow::Saturate => Some(value.clamp(self.min(), self.max()) as i64),
            Overflow::Wrap => {
                let (low, unused) = (value as u64, 64 - self.width);
                Some(if self.signed { (low as i64) << unused >> unused } else { (low << unused >> unused) as i64 })
            }
        }
    }

    fn max(self) -> i128 {
        (1 << (self.width - u32::from(self.signed))) - 1
    }

    fn min(self) -> i128 {
        if self.signed { -1 << (self.width - 1) } else { 0 }
    }
}

/// Sixteen bytes from that of an offset on, of which a field of 64 bits touches nine at most.
struct Window(u128);

impl Window {
    const USED: usize = 9;

    fn of(bytes: &[u8], offset: u64) -> Window {
        let mut window = [0; 16];
        let there = bytes.get(byte_of(offset)..).unwrap_or_default();
        let there = &there[..there.len().min(Self::USED)];
        window[..there.len()].copy_from_slice(there);
        Window(u128::from_be_bytes(window))
    }

    fn store(self, bytes: &mut [u8], offset: u64) {
        let there = &mut bytes[byte_of(offset)..];
        let length = there.len().min(Self::USED);
        there[..length].copy_from_slice(&self.0.to_be_bytes()[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn random(rng: &mut Rng, length: u64) -> Vec<u8> {
        // Often all zeros or all ones for a while, so that there is something to skip.
        let mut bytes = Vec::new();
        while bytes.len() < length as usize {
            let run = 1 + rng.below(100) as usize;
            match rng.below(3) {
                0 => bytes.resize(bytes.len() + run, 0),
                1 => bytes.resize(bytes.len() + run, 0xff),
                _ => bytes.extend((0..run).map(|_| rng.bits() as u8)),
            }
        }
        bytes.truncate(length as usize);
        bytes
    }

    #[test]
    fn ranges_are_counted_and_searched_as_bit_by_bit() {
        let mut rng = Rng::new(1);
        for _ in 0..if cfg!(miri) { 20 } else { 2000 } {
            let length = 1 + rng.below(300);
            let bytes = random(&mut rng, length);
            let (a, b) = (rng.below(length * 8 + 1), rng.below(length * 8 + 1));
            let range = a.min(b)..a.max(b);
            let ones = range.clone().filter(|&at| get(&bytes, at)).count() as u64;
            assert_eq!(count_in(&bytes, range.clone()), ones);
            for bit in [false, true] {
                let first = range.clone().find(|&at| get(&bytes, at) == bit);
                assert_eq!(position(&bytes, bit, range.clone()), first, "{bit} in {range:?} of {bytes:?}");
            }
        }
    }

    #[test]
    fn the_bits_of_many_blocks_are_all_counted() {
        let mut rng = Rng::new(2);
        for length in [255, 256, 257, 511, 2560, 5000] {
            let bytes = random(&mut rng, length);
            let expected: u64 = bytes.iter().map(|byte| u64::from(byte.count_ones())).sum();
            assert_eq!([count(&bytes), count_by_places(&bytes)], [expected; 2]);
        }
    }

    #[test]
    fn strings_grow_to_reach_a_bit() {
        let mut bytes = Vec::new();
        assert!(reach(&mut bytes, 8) && !reach(&mut bytes, 15));
        assert!(!set(&mut bytes, 15, true) && set(&mut bytes, 15, true) && get(&bytes, 15));
        assert!(reach(&mut bytes, 16) && !get(&bytes, u64::MAX));
        assert_eq!(bytes, [0, 1, 0]);
        assert!(set(&mut bytes, 15, false));
        assert_eq!(count(&bytes), 0);
    }

    #[test]
    fn operators_take_what_is_missing_as_zeros() {
        let mut rng = Rng::new(9);
        let most = if cfg!(miri) { 40 } else { 3 * BLOCK as u64 };
        for _ in 0..30 {
            let lengths: Vec<u64> = (0..=rng.below(4)).map(|_| rng.below(most)).collect();
            let sources: Vec<Vec<u8>> = lengths.into_iter().map(|length| random(&mut rng, length)).collect();
            let sources: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
            let length = sources.iter().map(|source| source.len()).max().unwrap() as u64 * 8;
            for (operator, holds) in RULES {
                let result = operator.combine(&sources);
                assert_eq!(result.len() as u64 * 8, length);
                for at in (0..length).filter(|at| cfg!(miri) || at % 7 == 0) {
                    let others = sources[1..].iter().filter(|source| get(source, at)).count();
                    assert_eq!(get(&result, at), holds(get(sources[0], at), others, sources.len() - 1), "{operator:?}");
                }
            }
        }
    }

    /// Whether a bit is set, if the first source has it or not, and so many of so many others.
    type Rule = fn(bool, usize, usize) -> bool;

    const RULES: [(Operator, Rule); 8] = [
        (Operator::And, |first, others, all| first && others == all),
        (Operator::Or, |first, others, _| first || others > 0),
        (Operator::Xor, |first, others, _| first != (others % 2 == 1)),
        (Operator::Not, |first, _, _| !first),
        (Operator::Diff, |first, others, _| first && others == 0),
        (Operator::Diff1, |first, others, _| !first && others > 0),
        (Operator::AndOr, |first, others, _| first && others > 0),
        (Operator::One, |first, others, _| usize::from(first) + others == 1),
    ];

    #[test]
    fn fields_hold_what_fits_and_leave_their_neighbours_alone() {
        let mut rng = Rng::new(2);
        for width in 1..=64 {
            for signed in [true, false] {
                if width == 64 && !signed {
                    continue;
                }
                let field = Field { signed, width };
                let mut bytes = random(&mut rng, 24);
                for offset in 0..70 {
                    let before = bytes.clone();
                    let value = (rng.bits() as i64).clamp(field.min() as i64, field.max() as i64);
                    field.write(&mut bytes, offset, value);
                    assert_eq!(field.read(&bytes, offset), value, "{field:?} at {offset}");
                    for bit in (0..offset).chain(field.last(offset) + 1..192) {
                        assert_eq!(get(&bytes, bit), get(&before, bit));
                    }
                }
            }
        }
    }

    #[test]
    fn overflow_is_dealt_with_as_asked() {
        let (i8, u8) = (Field::parse(b"i8").unwrap(), Field::parse(b"u8").unwrap());
        for (field, value, wrapped, nearest) in [
            (i8, 128, -128, 127),
            (i8, -129, 127, -128),
            (i8, 1000, -24, 127),
            (u8, 256, 0, 255),
            (u8, -1, 255, 0),
            (u8, u8.argument(-1), 255, 255),
            (i8, i8.argument(-1000), 24, -128),
            (i8, i8.argument(i64::MIN), 0, 127),
            (Field::parse(b"i64").unwrap(), i128::from(i64::MAX) + 1, i64::MIN, i64::MAX),
        ] {
            assert_eq!(field.stored(value, Overflow::Wrap), Some(wrapped), "{value}");
            assert_eq!(field.stored(value, Overflow::Saturate), Some(nearest), "{value}");
            assert_eq!(field.stored(value, Overflow::Fail), None, "{value}");
        }
        assert_eq!(i8.stored(-128, Overflow::Fail), Some(-128));
        for text in ["", "i", "i0", "i65", "u64", "U8", "i08", "i 8", "8", "u-1"] {
            assert_eq!(Field::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Field::parse(b"u63\0x"), Some(Field { signed: false, width: 63 }));
    }
}
