//! The marks of RDB: types of values, and how lengths and short integers are told apart.
//!
//! ```text
//!   00xxxxxx                      a length below 64
//!   01xxxxxx xxxxxxxx             a length below 16384
//!   10000000 + 4 bytes            a length of 32 bits, big end first
//!   10000001 + 8 bytes            a length of 64 bits, big end first
//!   110000xx + 1, 2 or 4 bytes    in the place of a string: an integer, little end first
//!   11000011 [packed][full] …     in the place of a string: one packed by LZF
//! ```

pub const STRING: u8 = 0;
pub const LIST: u8 = 1;
pub const SET: u8 = 2;
pub const ZSET_OF_TEXTS: u8 = 3;
pub const HASH: u8 = 4;
pub const ZSET: u8 = 5;
pub const MODULE: u8 = 7;
pub const HASH_ZIPMAP: u8 = 9;
pub const LIST_ZIPLIST: u8 = 10;
pub const SET_INTSET: u8 = 11;
pub const ZSET_ZIPLIST: u8 = 12;
pub const HASH_ZIPLIST: u8 = 13;
pub const LIST_OF_ZIPLISTS: u8 = 14;
pub const STREAM: u8 = 15;
pub const HASH_LISTPACK: u8 = 16;
pub const ZSET_LISTPACK: u8 = 17;
pub const LIST_OF_NODES: u8 = 18;
pub const STREAM_2: u8 = 19;
pub const SET_LISTPACK: u8 = 20;
pub const STREAM_3: u8 = 21;
/// Valkey's, from version 9 on: each field with its value and a moment, or -1.
pub const HASH_WITH_EXPIRIES: u8 = 22;

/// A node of a list that is one element, and one that is a listpack.
pub const NODE_PLAIN: u64 = 1;
pub const NODE_PACKED: u64 = 2;

pub const LENGTH_14: u8 = 0b0100_0000;
pub const LENGTH_32: u8 = 0x80;
pub const LENGTH_64: u8 = 0x81;
pub const ENCODED: u8 = 0b1100_0000;
pub const INT_8: u8 = 0;
pub const INT_16: u8 = 1;
pub const INT_32: u8 = 2;
pub const LZF: u8 = 3;

/// In the place of the length of a score's text.
pub const SCORE_NAN: u8 = 253;
pub const SCORE_INFINITE: u8 = 254;
pub const SCORE_MINUS_INFINITE: u8 = 255;

/// What a module writes is a number that names it and its version, then values, each behind a mark that says what it is.
pub const MODULE_END: u64 = 0;
pub const MODULE_UNSIGNED: u64 = 2;
pub const MODULE_DOUBLE: u64 = 4;
pub const MODULE_STRING: u64 = 5;

/// Bloom filters are marked as valkey-bloom's, whose name for them TYPE answers, in a version that no valkey-bloom takes for
/// its own: the bits are of our own making, and what follows differs.
///
/// ```text
///   unsigned capacity of the first filter, unsigned expansion (0: it must not scale),
///   double error rate, double tightening ratio, string of 32 bytes: the seed,
///   unsigned items in the last filter (all others are full), unsigned number of filters,
///   for each filter a string: its words of 64 bits, little end first
/// ```
pub const BLOOM: u64 = module(b"bloomfltr", 1023);

/// A module's name of nine letters, six bits each, and a version of ten.
const fn module(name: &[u8; 9], version: u64) -> u64 {
    let (mut id, mut at) = (0, 0);
    while at < name.len() {
        let letter = match name[at] {
            letter @ b'A'..=b'Z' => letter - b'A',
            letter @ b'a'..=b'z' => letter - b'a' + 26,
            _ => panic!("these are the letters that are used"),
        };
        id = id << 6 | letter as u64;
        at += 1;
    }
    id << 10 | version
}
