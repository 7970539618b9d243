//! Strings: text, numbers and bytes under one key.

pub mod delifeq;
pub mod get;
pub mod getex;
pub mod incr;
pub mod lcs;
pub mod mset;
pub mod options;
pub mod range;
pub mod set;
pub mod text;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &range::APPEND,
    &incr::DECR,
    &incr::DECRBY,
    &delifeq::DELIFEQ,
    &get::GET,
    &getex::GETDEL,
    &getex::GETEX,
    &range::GETRANGE,
    &set::GETSET,
    &incr::INCR,
    &incr::INCRBY,
    &incr::INCRBYFLOAT,
    &lcs::LCS,
    &get::MGET,
    &mset::MSET,
    &mset::MSETEX,
    &mset::MSETNX,
    &set::PSETEX,
    &set::SET,
    &set::SETEX,
    &set::SETNX,
    &range::SETRANGE,
    &get::STRLEN,
    &range::SUBSTR,
];
