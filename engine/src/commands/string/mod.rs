//! Strings: text, numbers and bytes under one key.

pub mod get;
pub mod set;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[&get::GET, &set::SET];
