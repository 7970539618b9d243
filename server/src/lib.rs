//! Kvarium on an operating system: sockets, files, signals and the clock around a [`kvarium_engine::node::Node`].
//!
//! Absent on purpose: everything that Redis is. What a command does, who may connect, when a client is too slow and what
//! is logged about it is decided in the engine; here it is carried out.

pub mod arguments;
mod clock;
mod config_file;
mod connections;
mod event_loop;
#[cfg(target_os = "linux")]
pub mod large_blocks;
mod limits;
mod listeners;
mod log;
mod pid_file;
#[cfg(target_os = "linux")]
mod pieces;
pub mod replay;
mod resident;
mod settings;
mod signals;
#[cfg(feature = "site")]
mod site;
pub mod start;
mod vigil;
