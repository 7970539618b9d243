//! Whole-system tests, and what they share: real servers, and clients that talk to them.

pub mod calls;
pub mod client;
pub mod contents;
pub mod differential;
pub mod fuzz;
pub mod peers;
pub mod server;
pub mod simulation;
pub mod subject;
pub mod transcript;

use std::fs::OpenOptions;
use std::io::Write;

/// Notes that `test` can't run here, for want of `reason`, so that whoever counts doesn't count it as passed. The test returns after it.
pub fn skip(test: &str, reason: &str) {
    eprintln!("{test} skipped: {reason}");
    if let Some(notes) = std::env::var_os("KVARIUM_SKIPPED") {
        let mut notes =
            OpenOptions::new().append(true).create(true).open(notes).expect("the notes' file can be written");
        writeln!(notes, "{test}: {reason}").expect("the notes' file can be written");
    }
}
