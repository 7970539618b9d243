//! Hash functions: SipHash-1-2 for tables, CRC16 for key slots, CRC64 for files and dumps, MurmurHash64A for sketches.

use crc16::{State, XMODEM};

/// Slots of a cluster's key space.
pub const SLOTS: u16 = 16384;

/// SipHash with one compression and two finalisation rounds: enough to keep a client that does not know the
/// seed from choosing keys that fall into one bucket.
#[inline]
pub fn siphash(seed: (u64, u64), bytes: &[u8]) -> u64 {
    sip::<1, 2>(seed, bytes)
}

/// The slot of a key: of what stands between its first `{` and the next `}`, if that is something, so that
/// keys can be made to share a slot; of the whole key otherwise.
pub fn slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key).unwrap_or(key)) % SLOTS
}

/// The checksum that slots are taken from (CRC-16/XMODEM).
pub fn crc16(bytes: &[u8]) -> u16 {
    State::<XMODEM>::calculate(bytes)
}

/// CRC64 of `bytes` (Jones's polynomial, reflected, starting from `crc`), as in RDB files and DUMP payloads.
pub fn crc64(crc: u64, bytes: &[u8]) -> u64 {
    #[cfg(not(target_arch = "wasm32"))]
    return crc64_by_parts(crc, bytes);
    // The tables that take eight bytes at once are random numbers to a compressor, and would travel with every page.
    #[cfg(target_arch = "wasm32")]
    return crc64_by_nibbles(crc, bytes);
}

/// Three sums side by side, of as many parts of a long text: each step waits for the one before it, but not for those of
/// the other sums.
#[cfg(any(test, not(target_arch = "wasm32")))]
fn crc64_by_parts(crc: u64, bytes: &[u8]) -> u64 {
    const LONG: usize = 4096;
    if bytes.len() < LONG {
        return crc64_by_words(crc, bytes);
    }
    let (words, _) = bytes.as_chunks::<8>();
    let part = words.len() / 3;
    let mut sums = [crc, 0, 0];
    for at in 0..part {
        sums = [0, 1, 2].map(|index| crc64_word(sums[index] ^ u64::from_le_bytes(words[index * part + at])));
    }
    let behind = crc64_zeros(part * 8);
    let sum = crc64_product(crc64_product(sums[0], behind) ^ sums[1], behind) ^ sums[2];
    crc64_by_words(sum, &bytes[3 * part * 8..])
}

#[cfg(any(test, not(target_arch = "wasm32")))]
fn crc64_by_words(crc: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let crc = words.iter().fold(crc, |crc, word| crc64_word(crc ^ u64::from_le_bytes(*word)));
    rest.iter().fold(crc, |crc, byte| CRC64[0][(crc as u8 ^ byte) as usize] ^ (crc >> 8))
}

#[cfg(any(test, not(target_arch = "wasm32")))]
#[inline(always)]
fn crc64_word(word: u64) -> u64 {
    (0..8).fold(0, |sum, i| sum ^ CRC64[7 - i][(word >> (8 * i)) as usize & 0xff])
}

/// What a sum has to be multiplied with to become that of so many more zero bytes: a power of x, whose coefficient of
/// one is the highest bit.
#[cfg(any(test, not(target_arch = "wasm32")))]
fn crc64_zeros(mut bytes: usize) -> u64 {
    let (mut power, mut square) = (1 << 63, 1 << (63 - 8));
    while bytes > 0 {
        if bytes % 2 == 1 {
            power = crc64_product(power, square);
        }
        square = crc64_product(square, square);
        bytes /= 2;
    }
    power
}

/// The product of two polynomials, modulo the sum's.
#[cfg(any(test, not(target_arch = "wasm32")))]
fn crc64_product(a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    for bit in (0..64).rev() {
        if a >> bit & 1 == 1 {
            product ^= b;
        }
        b = crc64_shifted(b, 1);
    }
    product
}

#[cfg(any(test, target_arch = "wasm32"))]
fn crc64_by_nibbles(crc: u64, bytes: &[u8]) -> u64 {
    static NIBBLES: [u64; 16] = {
        let mut table = [0; 16];
        let mut nibble = 0;
        while nibble < 16 {
            table[nibble] = crc64_shifted(nibble as u64, 4);
            nibble += 1;
        }
        table
    };
    let next = |crc: u64| NIBBLES[(crc & 0xf) as usize] ^ (crc >> 4);
    bytes.iter().fold(crc, |crc, byte| next(next(crc ^ u64::from(*byte))))
}

/// MurmurHash64A (Appleby), as HyperLogLogs and Bloom filters have it: the same everywhere, so not for tables.
pub fn murmur(seed: u64, bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    let shifted = |word: u64| word ^ (word >> 47);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    for word in words {
        let word = shifted(u64::from_le_bytes(*word).wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
        hash = (hash ^ word).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        hash = (hash ^ tail(rest)).wrapping_mul(FACTOR);
    }
    shifted(shifted(hash).wrapping_mul(FACTOR))
}

#[inline(always)]
fn sip<const WORD_ROUNDS: usize, const LAST_ROUNDS: usize>(seed: (u64, u64), bytes: &[u8]) -> u64 {
    let mut state = Sip {
        a: seed.0 ^ 0x736f_6d65_7073_6575,
        b: seed.1 ^ 0x646f_7261_6e64_6f6d,
        c: seed.0 ^ 0x6c79_6765_6e65_7261,
        d: seed.1 ^ 0x7465_6462_7974_6573,
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state.word::<WORD_ROUNDS>(u64::from_le_bytes(*word));
    }
    state.word::<WORD_ROUNDS>(tail(rest) | (bytes.len() as u64) << 56);
    state.c ^= 0xff;
    (0..LAST_ROUNDS).for_each(|_| state.round());
    state.a ^ state.b ^ state.c ^ state.d
}

struct Sip {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
}

impl Sip {
    #[inline(always)]
    fn word<const ROUNDS: usize>(&mut self, word: u64) {
        self.d ^= word;
        (0..ROUNDS).for_each(|_| self.round());
        self.a ^= word;
    }

    #[inline(always)]
    fn round(&mut self) {
        self.a = self.a.wrapping_add(self.b);
        self.c = self.c.wrapping_add(self.d);
        self.b = self.b.rotate_left(13) ^ self.a;
        self.d = self.d.rotate_left(16) ^ self.c;
        self.a = self.a.rotate_left(32);
        self.a = self.a.wrapping_add(self.d);
        self.c = self.c.wrapping_add(self.b);
        self.d = self.d.rotate_left(21) ^ self.a;
        self.b = self.b.rotate_left(17) ^ self.c;
        self.c = self.c.rotate_left(32);
    }
}

/// Fewer than eight bytes as a little-endian number.
#[inline(always)]
fn tail(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

pub fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|byte| *byte == b'{')? + 1;
    let length = key[open..].iter().position(|byte| *byte == b'}')?;
    (length > 0).then(|| &key[open..open + length])
}

/// The sum after `bits` more bits, all zero.
const fn crc64_shifted(mut crc: u64, bits: u32) -> u64 {
    const POLYNOMIAL: u64 = 0xad93_d235_94c9_35a9;
    let mut bit = 0;
    while bit < bits {
        crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL.reverse_bits() } else { crc >> 1 };
        bit += 1;
    }
    crc
}

/// `CRC64[n][byte]`: what `byte` followed by `n` zero bytes adds to the sum.
#[cfg(any(test, not(target_arch = "wasm32")))]
static CRC64: [[u64; 256]; 8] = crc64_tables();

#[cfg(any(test, not(target_arch = "wasm32")))]
const fn crc64_tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut zeros = 0;
        while zeros < 8 {
            tables[zeros][byte] = crc64_shifted(byte as u64, 8 * (zeros as u32 + 1));
            zeros += 1;
        }
        byte += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn slots_are_those_of_a_real_cluster() {
        for (key, expected) in
            [("foo", 12182), ("hello", 866), ("a", 15495), ("b", 3300), ("c", 7365), ("user:1", 10778)]
        {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
        assert_eq!(State::<XMODEM>::calculate(b"123456789"), 0x31c3);
    }

    #[test]
    fn a_hash_tag_decides_the_slot_only_if_it_is_not_empty() {
        assert_eq!(slot(b"{user1000}.following"), slot(b"user1000"));
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
        assert_eq!(slot(b"foo{bar}{zap}"), slot(b"bar"));
        assert_ne!(slot(b"foo{}{bar}"), slot(b"bar"));
        assert_ne!(slot(b"foo{bar"), slot(b"bar"));
    }

    #[test]
    fn crc64_is_the_one_of_rdb_files() {
        assert_eq!(crc64(0, b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        let text: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for cut in [0, 1, 7, 8, 9, 500] {
            assert_eq!(crc64(crc64(0, &text[..cut]), &text[cut..]), crc64(0, &text));
            assert_eq!(crc64_by_nibbles(7, &text[..cut]), crc64_by_words(7, &text[..cut]));
        }
        let long: Vec<u8> = (0..20_000u32).map(|n| ((n * n) >> 5) as u8).collect();
        for length in [4095, 4096, 4097, 4103, 12_345, 20_000] {
            assert_eq!(crc64_by_parts(7, &long[..length]), crc64_by_words(7, &long[..length]));
        }
    }

    /// The vector of the paper, which is for two and four rounds.
    #[test]
    fn siphash_is_the_one_of_the_paper() {
        let seed = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let text: Vec<u8> = (0..15).collect();
        assert_eq!(sip::<2, 4>(seed, &text), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn siphash_depends_on_every_byte_and_on_the_seed() {
        let text: Vec<u8> = (0..64).collect();
        let mut seen = std::collections::HashSet::new();
        for length in 0..=text.len() {
            assert!(seen.insert(siphash((1, 2), &text[..length])));
            assert!(seen.insert(siphash((1, 3), &text[..length])));
            for at in 0..length {
                let mut other = text[..length].to_vec();
                other[at] ^= 0x80;
                assert!(seen.insert(siphash((1, 2), &other)));
            }
        }
    }
}
