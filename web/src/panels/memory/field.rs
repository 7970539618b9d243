//! The tiles of a keyspace: one for each key, or, of many keys, one for each stretch of the field.
//!
//! It is kept up to date by what has happened since the last look, and by a bounded look around for what changes by
//! itself: idle times.

use kvarium_engine::base::sort;
use kvarium_engine::base::time::Time;
use kvarium_engine::event::Event;
use kvarium_engine::inspect::Inspect;
use kvarium_engine::inspect::field::Glance;
use kvarium_engine::keyspace::Kind;
use kvarium_engine::world::trace::WorldEvent;

use crate::laboratory::Laboratory;

/// More keys than this have no tiles of their own; so few have them again.
const SINGLE: usize = 2000;
const SINGLE_AGAIN: usize = 1500;
/// Stretches of a field of many keys: two to this power.
const BITS: u32 = 11;
/// Keys that one look may read while the clock runs: where something changed, and around.
const CHANGED: usize = 5000;
const AROUND: usize = 1000;
/// Events that are looked through one by one; after more of them, all is read anew.
const EVENTS: u64 = 20_000;

/// A key, or what the keys of a stretch are together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tile {
    pub place: u64,
    /// None where it stands for several.
    pub key: Option<Box<[u8]>>,
    pub keys: usize,
    /// Of them, those whose time has passed.
    pub stale: usize,
    /// Of them, those that have an expiry.
    pub expiring: usize,
    pub memory: usize,
    /// What takes the most bytes of it.
    pub kind: usize,
    /// Seconds since they were used, and the counters of their uses, added up.
    pub idle_of_all: u64,
    pub frequency_of_all: Option<u64>,
    /// The first one.
    pub expiry: Option<Time>,
    /// It has gone a moment ago, and is shown for what is told of it.
    pub gone: bool,
}

impl Tile {
    fn of(glance: &Glance<'_>, now: Time) -> Tile {
        Tile {
            place: glance.place,
            key: Some(glance.key.into()),
            keys: 1,
            stale: usize::from(glance.expiry.is_some_and(|expiry| expiry <= now)),
            expiring: usize::from(glance.expiry.is_some()),
            memory: glance.memory,
            kind: glance.kind as usize,
            idle_of_all: glance.idle.into(),
            frequency_of_all: glance.frequency.map(u64::from),
            expiry: glance.expiry,
            gone: false,
        }
    }

    /// Seconds since it was used; of several keys the mean.
    pub fn idle(&self) -> u64 {
        self.idle_of_all / self.keys.max(1) as u64
    }

    /// The counter of its uses, where uses are counted.
    pub fn frequency(&self) -> Option<u64> {
        Some(self.frequency_of_all? / self.keys.max(1) as u64)
    }

    /// How much in use it is, from 0 to 1: what its tile fades with.
    pub fn warmth(&self) -> f32 {
        let cold = match self.frequency() {
            // Some thousands of uses are as warm as it gets.
            Some(counter) => 1.0 - counter as f32 / 24.0,
            // An hour is cold.
            None => (1.0 + self.idle() as f32).ln() / 3600f32.ln(),
        };
        1.0 - cold.clamp(0.0, 1.0)
    }
}

/// The tiles of one database, in the order of their places.
#[derive(Default)]
pub struct Field {
    asked: Option<(usize, usize)>,
    /// So much of the trace has been seen.
    seen: u64,
    tiles: Vec<Tile>,
    /// Those of the look before, of single keys.
    before: Vec<Tile>,
    /// Of a field of stretches, those that are to be read again.
    changed: Vec<bool>,
    next: usize,
}

impl Field {
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Does a tile stand for a stretch?
    pub fn is_aggregated(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Looks at what there is. While the clock runs, of many keys only some are read.
    pub fn look(&mut self, lab: &Laboratory, node: Inspect<'_>, asked: (usize, usize), runs: bool) {
        let keys = node.keyspace().db(asked.1).len();
        if keys <= if self.is_aggregated() && self.asked == Some(asked) { SINGLE_AGAIN } else { SINGLE } {
            self.changed.clear();
            self.look_at_each(node, asked.1);
        } else {
            if self.asked != Some(asked) || !self.is_aggregated() {
                self.tiles = (0..1 << BITS).map(|at| Tile { place: at << (64 - BITS), ..Tile::default() }).collect();
                self.changed = vec![true; 1 << BITS];
            }
            self.hear(lab, node, asked);
            self.look_around(node, asked.1, runs);
        }
        self.asked = Some(asked);
        self.seen = lab.count();
    }

    fn look_at_each(&mut self, node: Inspect<'_>, db: usize) {
        std::mem::swap(&mut self.tiles, &mut self.before);
        let (tiles, now) = (&mut self.tiles, node.now());
        tiles.clear();
        node.stretch(db, 0, 0, |glance| tiles.push(Tile::of(&glance, now)));
        sort::sort_by_key(tiles, |tile| tile.place);
    }

    /// Remembers which stretches have changed.
    fn hear(&mut self, lab: &Laboratory, node: Inspect<'_>, (at, db): (usize, usize)) {
        let count = lab.count();
        if count < self.seen || count - self.seen > EVENTS {
            self.changed.fill(true);
            return;
        }
        let happened = (self.seen..count).filter_map(|id| lab.happened(id));
        for happened in happened.filter(|it| it.node.is_some_and(|node| node.0 as usize == at)) {
            match &happened.event {
                WorldEvent::Node(Event::Changed { db: its, key, .. } | Event::Removed { db: its, key, .. })
                    if *its as usize == db =>
                {
                    self.changed[(node.place(key) >> (64 - BITS)) as usize] = true;
                }
                WorldEvent::Node(Event::Flushed { .. }) | WorldEvent::Started { .. } => self.changed.fill(true),
                _ => {}
            }
        }
    }

    fn look_around(&mut self, node: Inspect<'_>, db: usize, runs: bool) {
        let all = self.tiles.len();
        let mut read = 0;
        for _ in 0..all {
            let at = self.next % all;
            if read >= CHANGED && runs {
                return;
            }
            if self.changed[at] {
                read += self.read(node, db, at);
            }
            self.next = at + 1;
        }
        let mut read = 0;
        while runs && read < AROUND {
            let at = self.next % all;
            read += self.read(node, db, at).max(1);
            self.next = at + 1;
        }
    }

    /// Reads one stretch; how many keys there were.
    fn read(&mut self, node: Inspect<'_>, db: usize, at: usize) -> usize {
        let now = node.now();
        let mut tile = Tile { place: self.tiles[at].place, ..Tile::default() };
        let mut kinds = [0; Kind::ALL.len()];
        node.stretch(db, BITS, at as u64, |glance| {
            tile.keys += 1;
            tile.stale += usize::from(glance.expiry.is_some_and(|expiry| expiry <= now));
            tile.expiring += usize::from(glance.expiry.is_some());
            tile.memory += glance.memory;
            tile.idle_of_all += u64::from(glance.idle);
            tile.frequency_of_all =
                glance.frequency.map(|counter| tile.frequency_of_all.unwrap_or(0) + u64::from(counter));
            tile.expiry = tile.expiry.into_iter().chain(glance.expiry).min();
            kinds[glance.kind as usize] += glance.memory;
        });
        tile.kind = (0..kinds.len()).rev().max_by_key(|&kind| kinds[kind]).unwrap_or(0);
        self.changed[at] = false;
        let keys = tile.keys;
        self.tiles[at] = tile;
        keys
    }

    /// Where the tile of a key is, or of the stretch it belongs to.
    pub fn tile_at(&self, place: u64) -> Option<usize> {
        if self.is_aggregated() {
            return Some((place >> (64 - BITS)) as usize);
        }
        self.tiles.binary_search_by_key(&place, |tile| tile.place).ok()
    }

    /// Keeps a tile for a key that has gone.
    pub fn keep_gone(&mut self, place: u64, key: &[u8]) {
        let by_place = |tile: &Tile| tile.place;
        let Err(at) = self.tiles.binary_search_by_key(&place, by_place) else { return };
        if !self.is_aggregated() {
            let known = self.before.binary_search_by_key(&place, by_place).ok().map(|at| self.before[at].clone());
            let usual = || self.tiles.iter().map(|tile| tile.memory).sum::<usize>() / self.tiles.len().max(1);
            let known = known.unwrap_or_else(|| Tile { memory: usual().max(1), keys: 1, ..Tile::default() });
            self.tiles.insert(at, Tile { place, key: Some(key.into()), gone: true, ..known });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvarium_engine::base::time::Duration;

    fn pass(lab: &mut Laboratory, millis: u64) {
        lab.advance(lab.now() + Duration::from_millis(millis), &mut || true);
    }

    /// Looks once, and compares with what the keyspace counted itself.
    fn agrees(field: &mut Field, lab: &Laboratory) -> usize {
        let node = lab.inspect(0).unwrap();
        field.look(lab, node, (0, 0), false);
        let sum = |of: fn(&Tile) -> usize| field.tiles().iter().map(of).sum::<usize>();
        let account = node.account();
        assert_eq!(sum(|tile| tile.keys), account.keys());
        assert_eq!(sum(|tile| tile.memory), account.data() - account.pending);
        assert!(field.tiles().is_sorted_by_key(|tile| tile.place));
        field.tiles().len()
    }

    #[test]
    fn a_field_of_many_keys_follows_what_happens() {
        let mut lab = Laboratory::new("single", None);
        let mut field = Field::default();
        let load = "!load z rate=20000 keys=5000 dist=seq read=0 pipeline=50 count=5000 ttl=2s";
        lab.act(load).unwrap();
        pass(&mut lab, 50);
        assert!(agrees(&mut field, &lab) < SINGLE);
        pass(&mut lab, 450);
        assert_eq!(agrees(&mut field, &lab), 1 << BITS);
        for line in ["DEL z:1 z:2 z:3", "APPEND z:9 more", "SET other 1", "RENAME z:10 z:11"] {
            lab.command(1, "M", line).unwrap();
            pass(&mut lab, 10);
            agrees(&mut field, &lab);
        }
        // All expire, a tick after the other.
        for _ in 0..30 {
            pass(&mut lab, 100);
            agrees(&mut field, &lab);
        }
        assert_eq!(field.tiles().len(), 1);
        lab.seek(Duration::from_millis(500));
        assert_eq!(agrees(&mut field, &lab), 1 << BITS);
    }

    #[test]
    fn while_the_clock_runs_a_look_is_bounded_and_many_looks_see_all() {
        let mut lab = Laboratory::new("single", None);
        lab.act("!load z rate=100000 keys=20000 dist=seq read=0 pipeline=100 count=20000").unwrap();
        pass(&mut lab, 1000);
        let (mut field, node) = (Field::default(), lab.inspect(0).unwrap());
        let seen = |field: &Field| field.tiles().iter().map(|tile| tile.keys).sum::<usize>();
        field.look(&lab, node, (0, 0), true);
        let first = seen(&field);
        assert!((CHANGED..CHANGED + AROUND + 200).contains(&first), "{first}");
        (0..3).for_each(|_| field.look(&lab, node, (0, 0), true));
        assert_eq!(seen(&field), node.keyspace().db(0).len());
    }

    #[test]
    fn a_key_that_has_gone_keeps_its_tile_for_as_long_as_it_is_told_of() {
        let mut lab = Laboratory::new("single", None);
        let mut field = Field::default();
        for line in ["SET a 1", "SET b 12345678901234567890"] {
            lab.command(1, "M", line).unwrap();
        }
        pass(&mut lab, 10);
        agrees(&mut field, &lab);
        let place = lab.inspect(0).unwrap().place(b"b");
        let memory = field.tiles()[field.tile_at(place).unwrap()].memory;
        lab.command(1, "M", "DEL b").unwrap();
        pass(&mut lab, 10);
        for _ in 0..3 {
            agrees(&mut field, &lab);
            assert_eq!(field.tile_at(place), None);
            field.keep_gone(place, b"b");
            let tile = &field.tiles()[field.tile_at(place).unwrap()];
            assert!(tile.gone && tile.memory == memory, "{tile:?}");
        }
    }
}
