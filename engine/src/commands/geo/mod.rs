//! Geo: sorted sets whose scores are positions on the earth.

pub mod geoadd;
pub mod geopos;
pub mod geosearch;

use alloc::format;

use super::declaration::{Argument, Command};
use crate::base::extended::Extended;
use crate::base::number::parse_f64;
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};
use crate::types::geo::Position;

pub static COMMANDS: &[&Command] = &[
    &geoadd::GEOADD,
    &geopos::GEODIST,
    &geopos::GEOHASH,
    &geopos::GEOPOS,
    &geosearch::GEORADIUS,
    &geosearch::GEORADIUSBYMEMBER,
    &geosearch::GEORADIUSBYMEMBER_RO,
    &geosearch::GEORADIUS_RO,
    &geosearch::GEOSEARCH,
    &geosearch::GEOSEARCHSTORE,
];

const UNIT: Argument = Argument::one_of(
    "unit",
    &[Argument::word("m", "M"), Argument::word("km", "KM"), Argument::word("ft", "FT"), Argument::word("mi", "MI")],
);

const NO_UNIT: Error = Error::fixed("ERR unsupported unit provided. please use M, KM, FT, MI");

/// Metres in a unit.
///
/// # Errors
/// There is no such unit.
fn unit(text: &[u8]) -> Result<f64, Error> {
    let units: [(&[u8], f64); 4] = [(b"m", 1.0), (b"km", 1000.0), (b"ft", 0.3048), (b"mi", 1609.34)];
    units.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|&(_, metres)| metres).ok_or(NO_UNIT)
}

/// # Errors
/// No numbers, or no place on the map.
fn position(longitude: &[u8], latitude: &[u8]) -> Result<Position, Error> {
    let longitude = parse_f64(longitude).ok_or(error::NOT_FLOAT)?;
    let latitude = parse_f64(latitude).ok_or(error::NOT_FLOAT)?;
    Position::new(longitude, latitude)
        .ok_or_else(|| format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}").into())
}

fn reply_position(reply: &mut dyn Reply, position: Position) {
    reply.array(2);
    for degrees in [position.longitude, position.latitude] {
        let wide = Extended::from_f64(degrees).expect("a position is made of numbers");
        reply.printed_double(&wide.format());
    }
}

/// A distance has four digits after the point.
fn reply_distance(reply: &mut dyn Reply, distance: f64) {
    let parts = libm::rint(distance * 10_000.0) as u64;
    reply.bulk(format!("{}.{:04}", parts / 10_000, parts % 10_000).as_bytes());
}
