//! The server: what it knows of itself, its parameters, its databases as a whole.

pub mod command;
pub mod config;
pub mod databases;
pub mod debug;
pub mod info;
pub mod memory;
pub mod monitor;
pub mod process;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &command::COMMAND,
    &config::CONFIG,
    &databases::DBSIZE,
    &debug::DEBUG,
    &databases::FLUSHALL,
    &databases::FLUSHDB,
    &databases::SWAPDB,
    &info::INFO,
    &memory::MEMORY,
    &process::LOLWUT,
    &monitor::MONITOR,
    &process::ROLE,
    &process::SHUTDOWN,
    &process::TIME,
];
