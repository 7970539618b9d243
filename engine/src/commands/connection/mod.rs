//! The connection itself: who one is, which protocol is spoken, which database is meant.

pub mod auth;
pub mod client;
pub mod hello;
pub mod pause;
pub mod ping;
pub mod select;

use super::declaration::{Command, Flags};

pub static COMMANDS: &[&Command] = &[
    &auth::AUTH,
    &client::CLIENT,
    &ping::ECHO,
    &hello::HELLO,
    &ping::PING,
    &ping::QUIT,
    &ping::RESET,
    &select::SELECT,
];

/// What a client may do before it has said who it is, and whatever the server is busy with.
const ALWAYS_ALLOWED: Flags =
    Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::NO_AUTH).and(Flags::ALLOW_BUSY);
