//! Bitmaps: the bits of strings.

pub mod bit;
pub mod bitfield;
pub mod bitop;
pub mod count;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &count::BITCOUNT,
    &bitfield::BITFIELD,
    &bitfield::BITFIELD_RO,
    &bitop::BITOP,
    &count::BITPOS,
    &bit::GETBIT,
    &bit::SETBIT,
];
