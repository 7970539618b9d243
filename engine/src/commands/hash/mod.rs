//! Hashes: fields and values under one key.

pub mod hdel;
pub mod hget;
pub mod hincrby;
pub mod hset;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &hdel::HDEL,
    &hget::HEXISTS,
    &hget::HGET,
    &hget::HGETALL,
    &hincrby::HINCRBY,
    &hincrby::HINCRBYFLOAT,
    &hget::HKEYS,
    &hget::HLEN,
    &hget::HMGET,
    &hset::HMSET,
    &hset::HSET,
    &hset::HSETNX,
    &hget::HSTRLEN,
    &hget::HVALS,
];
