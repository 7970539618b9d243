//! What lies between two parties: how long a packet takes, and whether it gets there at all.

use alloc::vec::Vec;

use super::trace::Party;
use crate::base::rng::Rng;
use crate::base::time::Duration;

/// One direction between two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    pub latency: Duration,
    /// Up to so much more, by chance.
    pub jitter: Duration,
    pub cut: bool,
}

/// What every packet takes at least: nothing arrives at the moment it is sent.
const SHORTEST: Duration = Duration::from_micros(1);

impl Path {
    /// How long the next packet takes.
    pub fn delay(&self, rng: &mut Rng) -> Duration {
        let jitter = if self.jitter == Duration::ZERO { 0 } else { rng.below(self.jitter.micros() + 1) };
        (self.latency + Duration::from_micros(jitter)).max(SHORTEST)
    }
}

/// All paths: one for whoever has none of their own.
#[derive(Clone, Debug)]
pub struct Links {
    usual: Path,
    /// Sorted.
    own: Vec<((Party, Party), Path)>,
}

impl Links {
    pub fn new(latency: Duration, jitter: Duration) -> Self {
        Links { usual: Path { latency, jitter, cut: false }, own: Vec::new() }
    }

    pub fn path(&self, from: Party, to: Party) -> Path {
        self.place(from, to).map_or(self.usual, |at| self.own[at].1)
    }

    /// Changes one direction between two parties.
    pub fn change(&mut self, from: Party, to: Party, f: impl FnOnce(&mut Path)) {
        let at = self.place(from, to).unwrap_or_else(|at| {
            self.own.insert(at, ((from, to), self.usual));
            at
        });
        f(&mut self.own[at].1);
    }

    /// Changes every direction there is.
    pub fn change_all(&mut self, mut f: impl FnMut(&mut Path)) {
        f(&mut self.usual);
        self.own.iter_mut().for_each(|(_, path)| f(path));
    }

    /// The directions that differ from the usual.
    pub fn unusual(&self) -> impl Iterator<Item = (Party, Party, Path)> {
        let usual = self.usual;
        self.own.iter().filter(move |(_, path)| *path != usual).map(|&((from, to), path)| (from, to, path))
    }

    /// The directions that are cut.
    pub fn cuts(&self) -> impl Iterator<Item = (Party, Party)> {
        self.own.iter().filter(|(_, path)| path.cut).map(|&(ends, _)| ends)
    }

    /// Where a direction's own path is, or would be.
    fn place(&self, from: Party, to: Party) -> Result<usize, usize> {
        self.own.binary_search_by_key(&(from, to), |&(ends, _)| ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::trace::NodeId;

    #[test]
    fn one_direction_is_changed_without_the_other() {
        let (a, b) = (Party::Node(NodeId(0)), Party::Node(NodeId(1)));
        let mut links = Links::new(Duration::from_millis(1), Duration::ZERO);
        links.change(a, b, |path| path.cut = true);
        assert!(links.path(a, b).cut && !links.path(b, a).cut);
        assert_eq!(links.cuts().collect::<alloc::vec::Vec<_>>(), [(a, b)]);
        links.change_all(|path| path.cut = false);
        assert_eq!(links.unusual().count(), 0);
    }

    #[test]
    fn jitter_adds_up_to_its_span_and_no_packet_is_at_once() {
        let mut rng = Rng::new(1);
        let path = Path { latency: Duration::from_micros(10), jitter: Duration::from_micros(4), cut: false };
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[(path.delay(&mut rng).micros() - 10) as usize] = true;
        }
        assert_eq!(seen, [true; 5]);
        let none = Path { latency: Duration::ZERO, jitter: Duration::ZERO, cut: false };
        assert_eq!(none.delay(&mut rng), SHORTEST);
    }
}
