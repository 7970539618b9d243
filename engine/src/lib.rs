//! The database and its simulated world.
//!
//! `no_std`: a clock, a file, a socket or a thread can't even be named here. Whatever happens to a
//! [`node::Node`] comes in through its one method `handle`, and whatever is to be done about it goes out in order.
#![no_std]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod ahead;
pub mod base;
pub mod clients;
pub mod cluster;
pub mod collections;
pub mod commands;
pub mod config;
pub mod conversion;
pub mod defrag;
pub mod event;
pub mod execute;
pub mod expiry;
pub mod inspect;
pub mod io;
pub mod keyspace;
pub mod node;
pub mod persist;
pub mod resp;
pub mod room;
pub mod state;
pub mod timers;
pub mod types;
pub mod world;
