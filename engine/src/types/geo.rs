//! Positions on the earth as scores of a sorted set: 52 bits that interleave longitude and latitude.
//!
//! ```text
//!   longitude  1   0   1 …  26 bits   halves of -180 … 180
//!   latitude     0   1   1 …  26 bits   halves of -85.05112878 … 85.05112878
//!   score      1 0 0 1 1 1 …            a prefix of 2n bits is a cell of n steps
//! ```
//! Cells that are near have prefixes that are near, mostly: what lies around a point is looked for in the cell of a size
//! that fits, and in the eight around it, each a range of scores. Which cells these are, and their order, decide in which
//! order a search without ASC or DESC answers; both are Redis's. Distances are great circles on a sphere (haversine),
//! with functions from libm, so that a page and a server agree to the last bit. (With a server that uses a C library they
//! agree to a nanometre: of a hundred distances two differ in their seventeenth digit.)

use alloc::vec::Vec;
use core::f64::consts::PI;
use core::ops::Range;

/// Degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    pub longitude: f64,
    pub latitude: f64,
}

const LONGITUDES: (f64, f64) = (-180.0, 180.0);
/// Where the map that the web knows ends (EPSG:900913).
const LATITUDES: (f64, f64) = (-85.051_128_78, 85.051_128_78);
/// Metres.
const EARTH_RADIUS: f64 = 6_372_797.560_856;
/// Half of the equator on a Mercator map, in metres.
const MERCATOR_MAX: f64 = 20_037_726.37;
const STEPS: u32 = 26;

fn radians(degrees: f64) -> f64 {
    degrees * (PI / 180.0)
}

fn degrees(radians: f64) -> f64 {
    radians / (PI / 180.0)
}

impl Position {
    /// `None` outside of the map.
    pub fn new(longitude: f64, latitude: f64) -> Option<Position> {
        let is_within = |value, (min, max)| (min..=max).contains(&value);
        let is_on_map = is_within(longitude, LONGITUDES) && is_within(latitude, LATITUDES);
        is_on_map.then_some(Position { longitude, latitude })
    }

    /// The middle of the smallest cell that a score means; any number means one.
    pub fn of_score(score: f64) -> Position {
        let (longitude, latitude) = Cell::of_bits(bits_of(score), STEPS).bounds();
        let middle = |bounds: Range<f64>, (min, max): (f64, f64)| ((bounds.start + bounds.end) / 2.0).clamp(min, max);
        Position { longitude: middle(longitude, LONGITUDES), latitude: middle(latitude, LATITUDES) }
    }

    pub fn score(self) -> u64 {
        Cell::around(self, STEPS).bits()
    }

    /// Metres.
    pub fn distance(self, other: Position) -> f64 {
        let v = libm::sin((radians(other.longitude) - radians(self.longitude)) / 2.0);
        if v == 0.0 {
            return latitude_distance(self.latitude, other.latitude);
        }
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        let u = libm::sin((to - from) / 2.0);
        let a = u * u + libm::cos(from) * libm::cos(to) * v * v;
        // Rounding must not take opposite ends of the earth farther apart than they can be.
        2.0 * EARTH_RADIUS * libm::asin(libm::sqrt(a).min(1.0))
    }

    /// The geohash that the rest of the world uses: latitudes to the poles, eleven letters of which the last says nothing.
    pub fn geohash(self) -> [u8; 11] {
        const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        let cell = Cell::in_bounds(self, STEPS, (-90.0, 90.0));
        let mut text = [LETTERS[0]; 11];
        for (index, letter) in text[..10].iter_mut().enumerate() {
            *letter = LETTERS[(cell.bits() >> (47 - 5 * index)) as usize & 31];
        }
        text
    }
}

fn latitude_distance(from: f64, to: f64) -> f64 {
    EARTH_RADIUS * libm::fabs(radians(to) - radians(from))
}

/// The bits that a score means. One that is negative, too large or infinite means what a conversion on x86-64 makes of
/// it, because a sorted set can hold anything.
fn bits_of(score: f64) -> u64 {
    const HALF: f64 = (1u64 << 63) as f64;
    let truncated = |value: f64| if (-HALF..HALF).contains(&value) { value as i64 as u64 } else { 1 << 63 };
    if score < HALF { truncated(score) } else { truncated(score - HALF) ^ 1 << 63 }
}

/// One of the rectangles that the map is cut into: 2^steps in each direction, counted from the south-west.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    x: u32,
    y: u32,
    steps: u32,
}

impl Cell {
    /// The cell that holds a position, or the nearest one: the middle of a polygon at a pole may lie off the map. (Redis
    /// searches anywhere then.)
    fn around(position: Position, steps: u32) -> Cell {
        let latitude = position.latitude.clamp(LATITUDES.0, LATITUDES.1);
        Cell::in_bounds(Position { latitude, ..position }, steps, LATITUDES)
    }

    fn in_bounds(position: Position, steps: u32, latitudes: (f64, f64)) -> Cell {
        let part = |value: f64, (min, max): (f64, f64)| ((value - min) / (max - min) * (1u64 << steps) as f64) as u32;
        Cell { x: part(position.longitude, LONGITUDES), y: part(position.latitude, latitudes), steps }
    }

    fn of_bits(bits: u64, steps: u32) -> Cell {
        Cell { x: gather(bits >> 1), y: gather(bits), steps }
    }

    fn bits(self) -> u64 {
        spread(self.x) << 1 | spread(self.y)
    }

    /// Longitudes and latitudes.
    fn bounds(self) -> (Range<f64>, Range<f64>) {
        let edge = |at: f64, (min, max): (f64, f64)| min + at / (1u64 << self.steps) as f64 * (max - min);
        let side = |at: u32, all| edge(f64::from(at), all)..edge(f64::from(at) + 1.0, all);
        (side(self.x, LONGITUDES), side(self.y, LATITUDES))
    }

    /// The cell so many to the east and to the north, around the edges of the map.
    fn neighbour(self, east: i32, north: i32) -> Cell {
        let last = ((1u64 << self.steps) - 1) as u32;
        let moved = |at: u32, by: i32| if by == 0 { at } else { at.wrapping_add_signed(by) & last };
        Cell { x: moved(self.x, east), y: moved(self.y, north), ..self }
    }

    /// The scores of all positions in it.
    fn scores(self) -> Range<u64> {
        let rest = 2 * (STEPS - self.steps);
        self.bits() << rest..(self.bits() + 1) << rest
    }
}

/// Puts a zero above each bit.
fn spread(value: u32) -> u64 {
    [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ]
    .into_iter()
    .fold(u64::from(value), |bits, (shift, mask)| (bits | bits << shift) & mask)
}

/// Takes every second bit, the lowest one first.
fn gather(bits: u64) -> u32 {
    [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffffu64),
    ]
    .into_iter()
    .fold(bits & 0x5555_5555_5555_5555, |bits, (shift, mask)| (bits | bits >> shift) & mask) as u32
}

/// What a search covers.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    pub shape: Shape,
    pub center: Position,
    /// Metres in the unit of the shape's lengths.
    pub unit: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Circle { radius: f64 },
    Box { width: f64, height: f64 },
    Polygon(Vec<Position>),
}

/// The rectangle on the map that an area lies in.
struct Bounds {
    longitude: Range<f64>,
    latitude: Range<f64>,
}

impl Area {
    /// Distances are measured from the mean of the corners.
    pub fn polygon(corners: Vec<Position>) -> Area {
        let center = mean(&corners);
        Area { shape: Shape::Polygon(corners), center, unit: 1.0 }
    }

    /// How far from the centre a position is, in metres, if the area holds it.
    pub fn distance(&self, position: Position) -> Option<f64> {
        let Area { center, unit, .. } = *self;
        match &self.shape {
            Shape::Circle { radius } => {
                let distance = center.distance(position);
                (distance <= radius * unit).then_some(distance)
            }
            Shape::Box { width, height } => {
                let is_within = latitude_distance(position.latitude, center.latitude) <= height * unit / 2.0
                    && position.distance(Position { latitude: position.latitude, ..center }) <= width * unit / 2.0;
                is_within.then(|| center.distance(position))
            }
            Shape::Polygon(corners) => is_inside(corners, position).then(|| center.distance(position)),
        }
    }

    /// Ranges of scores that together hold all of the area, in the order to search them.
    pub fn scores(&self) -> Vec<Range<u64>> {
        let bounds = self.bounds();
        let mut steps = self.steps(&bounds);
        let mut cell = Cell::around(self.center, steps);
        if steps > 1 && !is_surrounded(cell, &bounds) {
            steps -= 1;
            cell = Cell::around(self.center, steps);
        }
        let (x, y) = cell.bounds();
        // Where the middle cell reaches beyond the area, nothing more is to be found on that side.
        let is_needed = |(east, north): (i32, i32)| {
            steps < 2
                || !(north < 0 && y.start < bounds.latitude.start
                    || north > 0 && y.end > bounds.latitude.end
                    || east < 0 && x.start < bounds.longitude.start
                    || east > 0 && x.end > bounds.longitude.end)
        };
        let mut cells: Vec<Cell> = Vec::with_capacity(9);
        cells.push(cell);
        const AROUND: [(i32, i32); 8] = [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        for (east, north) in AROUND.into_iter().filter(|&side| is_needed(side)) {
            let next = cell.neighbour(east, north);
            // On a map of few cells, both ways around lead to the same one. (The middle one is not looked at here, which
            // is why a search of half the earth finds some twice: so it does in Redis.)
            if cells.len() == 1 || cells.last() != Some(&next) {
                cells.push(next);
            }
        }
        cells.into_iter().map(Cell::scores).collect()
    }

    fn bounds(&self) -> Bounds {
        let Area { center: Position { longitude, latitude }, unit, .. } = *self;
        let (width, height) = match &self.shape {
            Shape::Circle { radius } => (unit * radius, unit * radius),
            Shape::Box { width, height } => (unit * width / 2.0, unit * height / 2.0),
            Shape::Polygon(corners) => return bounds_of(corners),
        };
        let up = degrees(height / EARTH_RADIUS);
        // A degree of longitude is shorter near the pole: the side that lies there decides.
        let nearer = if latitude < 0.0 { latitude - up } else { latitude + up };
        let aside = degrees(width / EARTH_RADIUS / libm::cos(radians(nearer)));
        Bounds { longitude: longitude - aside..longitude + aside, latitude: latitude - up..latitude + up }
    }

    /// How small the cells may be for nine of them to hold the area.
    fn steps(&self, bounds: &Bounds) -> u32 {
        let mut reach = match &self.shape {
            Shape::Circle { radius } => *radius,
            Shape::Box { width, height } => libm::sqrt((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)),
            Shape::Polygon(_) => {
                bounds.corners().map(|corner| self.center.distance(corner)).into_iter().fold(0.0, f64::max)
            }
        } * self.unit;
        if reach == 0.0 {
            return STEPS;
        }
        let mut steps: i32 = 1;
        while reach < MERCATOR_MAX {
            reach *= 2.0;
            steps += 1;
        }
        steps -= 2;
        let latitude = libm::fabs(self.center.latitude);
        steps -= i32::from(latitude > 66.0) + i32::from(latitude > 80.0);
        steps.clamp(1, STEPS as i32) as u32
    }
}

impl Bounds {
    fn corners(&self) -> [Position; 4] {
        let Bounds { longitude: x, latitude: y } = self;
        [(x.start, y.end), (x.end, y.end), (x.start, y.start), (x.end, y.start)]
            .map(|(longitude, latitude)| Position { longitude, latitude })
    }
}

/// Whether a cell and those around it reach as far as these bounds.
fn is_surrounded(cell: Cell, bounds: &Bounds) -> bool {
    let latitude = |north| cell.neighbour(0, north).bounds().1;
    let longitude = |east| cell.neighbour(east, 0).bounds().0;
    latitude(1).end >= bounds.latitude.end
        && latitude(-1).start <= bounds.latitude.start
        && longitude(1).end >= bounds.longitude.end
        && longitude(-1).start <= bounds.longitude.start
}

fn bounds_of(corners: &[Position]) -> Bounds {
    let range = |of: fn(&Position) -> f64| {
        let values = corners.iter().map(of);
        values.clone().fold(f64::INFINITY, f64::min)..values.fold(f64::NEG_INFINITY, f64::max)
    };
    Bounds { longitude: range(|corner| corner.longitude), latitude: range(|corner| corner.latitude) }
}

/// The mean of some positions as points in space, back on the surface.
fn mean(positions: &[Position]) -> Position {
    let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
    for position in positions {
        let (longitude, latitude) = (radians(position.longitude), radians(position.latitude));
        x += EARTH_RADIUS * libm::cos(latitude) * libm::cos(longitude);
        y += EARTH_RADIUS * libm::cos(latitude) * libm::sin(longitude);
        z += EARTH_RADIUS * libm::sin(latitude);
    }
    let count = positions.len() as f64;
    let (x, y, z) = (x / count, y / count, z / count);
    Position { longitude: degrees(libm::atan2(y, x)), latitude: degrees(libm::atan2(z, libm::sqrt(x * x + y * y))) }
}

/// Whether a line from a position to the east crosses the sides of a polygon an odd number of times.
fn is_inside(corners: &[Position], position: Position) -> bool {
    let Position { longitude, latitude } = position;
    let crosses = |a: Position, b: Position| {
        (a.latitude > latitude) != (b.latitude > latitude)
            && longitude
                < (b.longitude - a.longitude) * (latitude - a.latitude) / (b.latitude - a.latitude) + a.longitude
    };
    let before = corners.iter().cycle().skip(corners.len() - 1);
    corners.iter().zip(before).filter(|&(&a, &b)| crosses(a, b)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn at(longitude: f64, latitude: f64) -> Position {
        Position::new(longitude, latitude).unwrap()
    }

    fn anywhere(rng: &mut Rng) -> Position {
        at(rng.unit() * 360.0 - 180.0, rng.unit() * 170.0 - 85.0)
    }

    /// Recorded from Valkey 9.1.
    #[test]
    fn scores_and_geohashes_are_those_of_a_real_server() {
        let (palermo, catania) = (at(13.361389, 38.115556), at(15.087269, 37.502669));
        assert_eq!((palermo.score(), catania.score()), (3_479_099_956_230_698, 3_479_447_370_796_909));
        let read = Position::of_score(palermo.score() as f64);
        assert_eq!(&read.geohash(), b"sqc8b49rny0");
        assert_eq!(read, Position { longitude: 13.361_389_338_970_184, latitude: 38.115_556_395_496_3 });
        let distance = read.distance(Position::of_score(catania.score() as f64));
        assert!((distance - 166_274.151_6).abs() < 0.0001);
        assert_eq!(Position::new(180.1, 0.0), None);
        assert_eq!(Position::new(0.0, -85.06), None);
    }

    #[test]
    fn any_score_is_a_position() {
        for (score, longitude, latitude) in [
            (-1.0, 180.0, 85.051_128_78),
            (1.5, -179.999_997_317_790_99, -85.051_124_977_918_25),
            (f64::INFINITY, -179.999_997_317_790_99, -85.051_127_512_639_43),
            (f64::NEG_INFINITY, 180.0, -85.051_127_512_639_43),
            (1e300, -179.999_997_317_790_99, -85.051_127_512_639_43),
        ] {
            assert_eq!(Position::of_score(score), Position { longitude, latitude }, "{score}");
        }
    }

    #[test]
    fn bits_are_spread_and_gathered() {
        let mut rng = Rng::new(1);
        for _ in 0..1000 {
            let value = rng.bits() as u32;
            assert_eq!(gather(spread(value)), value);
            assert_eq!(gather(spread(value) | spread(!value) << 1), value);
        }
    }

    #[test]
    fn distances_are_the_same_both_ways_and_bounded() {
        let mut rng = Rng::new(2);
        for _ in 0..2000 {
            let (a, b) = (anywhere(&mut rng), anywhere(&mut rng));
            let distance = a.distance(b);
            assert!((distance - b.distance(a)).abs() < 1e-6);
            assert!((0.0..=PI * EARTH_RADIUS + 1.0).contains(&distance));
            let opposite = Position { longitude: a.longitude - 180.0, latitude: -a.latitude };
            assert!(!a.distance(opposite).is_nan());
        }
    }

    /// Whatever is within a small area is within one of the cells that are searched for it.
    #[test]
    fn no_position_within_an_area_is_missed() {
        let mut rng = Rng::new(3);
        let mut found = 0;
        for _ in 0..if cfg!(miri) { 10 } else { 3000 } {
            let center = at(rng.unit() * 300.0 - 150.0, rng.unit() * 120.0 - 60.0);
            let length = 10f64.powf(1.0 + rng.unit() * 4.5);
            let near = |rng: &mut Rng| at(center.longitude + rng.unit() - 0.5, center.latitude + rng.unit() - 0.5);
            let area = match rng.below(3) {
                0 => Area { shape: Shape::Circle { radius: length }, center, unit: 1.0 },
                1 => Area { shape: Shape::Box { width: length, height: length * rng.unit() }, center, unit: 1.0 },
                _ => Area::polygon((0..3 + rng.below(4)).map(|_| near(&mut rng)).collect()),
            };
            let scores = area.scores();
            for _ in 0..20 {
                let position = near(&mut rng);
                if area.distance(position).is_some() {
                    let score = position.score();
                    assert!(scores.iter().any(|range| range.contains(&score)), "{position:?} in {area:?}");
                    found += 1;
                }
            }
        }
        assert!(found > if cfg!(miri) { 0 } else { 1000 });
    }

    #[test]
    fn a_polygon_holds_what_is_inside_its_sides() {
        // A U: open to the north.
        let corners = [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)];
        let area = Area::polygon(corners.iter().map(|&(x, y)| at(f64::from(x), f64::from(y))).collect());
        for (x, y, inside) in
            [(0.5, 2.0, true), (1.5, 2.0, false), (1.5, 0.5, true), (2.5, 2.9, true), (4.0, 1.0, false)]
        {
            assert_eq!(area.distance(at(x, y)).is_some(), inside, "{x} {y}");
        }
    }
}
