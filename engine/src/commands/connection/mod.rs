//! The connection itself: who one is, which protocol is spoken, which database is meant.

pub mod auth;
pub mod client;
pub mod hello;
pub mod pause;
pub mod ping;
pub mod select;

use super::declaration::Command;

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
