//! Hashes: fields and values under one key.

pub mod fields;
pub mod hdel;
pub mod hexpire;
pub mod hget;
pub mod hgetex;
pub mod hincrby;
pub mod hrandfield;
pub mod hscan;
pub mod hset;
pub mod hsetex;
pub mod httl;

use super::declaration::Command;

pub static COMMANDS: &[&Command] = &[
    &hdel::HDEL,
    &hget::HEXISTS,
    &hexpire::HEXPIRE,
    &hexpire::HEXPIREAT,
    &httl::HEXPIRETIME,
    &hget::HGET,
    &hget::HGETALL,
    &hgetex::HGETDEL,
    &hgetex::HGETEX,
    &hincrby::HINCRBY,
    &hincrby::HINCRBYFLOAT,
    &hget::HKEYS,
    &hget::HLEN,
    &hget::HMGET,
    &hset::HMSET,
    &hexpire::HPERSIST,
    &hexpire::HPEXPIRE,
    &hexpire::HPEXPIREAT,
    &httl::HPEXPIRETIME,
    &httl::HPTTL,
    &hrandfield::HRANDFIELD,
    &hscan::HSCAN,
    &hset::HSET,
    &hsetex::HSETEX,
    &hset::HSETNX,
    &hget::HSTRLEN,
    &httl::HTTL,
    &hget::HVALS,
];
