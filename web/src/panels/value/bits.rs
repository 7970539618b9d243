//! Rows of bits, as cells and as digits.

use std::ops::Range;

use yew::prelude::*;

use crate::catalogue::grouped;

/// Height of a row of cells, as the style sheet has it.
pub const HEIGHT: f64 = 18.0;
/// Bits that a row's label names.
const NAMED: usize = 16;

/// The bits of some bytes, the first bit of a byte being its highest.
pub fn of_bytes(bytes: &[u8]) -> Vec<bool> {
    bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit) != 0)).collect()
}

/// Some of the bits of some words, the first bit of a word being its lowest.
pub fn of_words(words: &[u64], bits: Range<usize>) -> Vec<bool> {
    let bit = |at: usize| words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0);
    bits.map(bit).collect()
}

/// A row of cells: one path for those that are set, one for those that are not.
pub fn cells(row: usize, first: u64, bits: &[bool]) -> Html {
    let (mut set, mut clear) = (String::new(), String::new());
    for (at, bit) in bits.iter().enumerate() {
        let x = at * 12 + at / 8 * 6;
        let path = if *bit { &mut set } else { &mut clear };
        path.push_str(&format!("M{x} 0h10v14h-10z"));
    }
    let ones = || (first..).zip(bits).filter(|(_, bit)| **bit).map(|(at, _)| at.to_string());
    let named: Vec<_> = ones().take(NAMED).collect();
    let more = if ones().nth(NAMED).is_some() { " …" } else { "" };
    let label = format!("{first}: {}{more}", named.join(", "));
    let width = bits.len().div_ceil(8) * 102;
    html! {
        <div key={row} class="byte-row" role="listitem" aria-label={label.clone()} title={label}>
            <span class="offset">{ grouped(first) }</span>
            <svg class="bit-cells" viewBox={format!("0 0 {width} 14")} width={width.to_string()} height="14" aria-hidden="true"><path class="clear" d={clear} /><path class="set" d={set} /></svg>
        </div>
    }
}

/// A row of digits, and how many of them are ones.
pub fn digits(row: usize, first: u64, bits: &[bool]) -> Html {
    let digit = |bit: &bool| if *bit { '1' } else { '0' };
    let groups: Vec<String> = bits.chunks(8).map(|byte| byte.iter().map(digit).collect()).collect();
    html! {
        <div key={row} class="byte-row" role="listitem">
            <span class="offset">{ grouped(first) }</span>
            <span class="mono">{ groups.join(" ") }</span>
            <span class="mono quiet">{ bits.iter().filter(|bit| **bit).count() }</span>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_begins_with_its_highest_bit() {
        assert_eq!(of_bytes(&[0x81]), [true, false, false, false, false, false, false, true]);
    }

    #[test]
    fn a_word_begins_with_its_lowest_bit() {
        assert_eq!(of_words(&[1 << 63, 0b10], 62..67), [false, true, false, true, false]);
    }
}
