//! What works on a key whatever it holds.

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[];
