//! A simulated database behind a cache: a table of rows, so many queries a second, and a queue of those who wait.
//!
//! ```text
//!   queries ──→ [ waiting, first come first served ] ──→ one begins every 1/capacity s ──→ latency ──→ answer
//!                └─ whoever would wait longer than the patience is given up then: a timeout
//! ```
//! Rows are numbered from zero, and their content is a matter of whoever asks. An overload begins with the first query
//! that can't be served in time, and ends when nobody waits. Deliberately absent: writes, and work that goes on for
//! somebody who has given up.

use alloc::collections::VecDeque;
use alloc::string::String;

use super::curve::Curve;
use crate::base::time::{Duration, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseSpec {
    /// Queries a second.
    pub capacity: u32,
    /// From a query's beginning to its answer.
    pub latency: Duration,
    /// The longest that a query waits to begin.
    pub patience: Duration,
    pub rows: u32,
}

impl Default for DatabaseSpec {
    fn default() -> Self {
        let (latency, patience) = (Duration::from_millis(20), Duration::from_seconds(1));
        DatabaseSpec { capacity: 200, latency, patience, rows: 1000 }
    }
}

/// A database and what it has seen.
#[derive(Clone, Debug)]
pub struct Database {
    pub name: String,
    pub spec: DatabaseSpec,
    pub queries: u64,
    pub timeouts: u64,
    pub overloads: u64,
    /// Queries asked, and of those the ones that will not be served.
    pub curve: Curve<2>,
    pub is_overloaded: bool,
    /// When it last was not what it should be; nothing where it always was.
    overloaded_at: Option<Time>,
    /// When the next query can begin.
    free_at: Time,
    /// When each that waits stops waiting: it begins, or gives up.
    begins: VecDeque<Time>,
    gives_up: VecDeque<Time>,
}

/// What becomes of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    pub at: Time,
    pub is_served: bool,
}

impl Database {
    pub fn new(name: &str, spec: DatabaseSpec) -> Self {
        Database {
            name: name.into(),
            spec,
            queries: 0,
            timeouts: 0,
            overloads: 0,
            curve: Curve::default(),
            is_overloaded: false,
            overloaded_at: None,
            free_at: Time::ZERO,
            begins: VecDeque::new(),
            gives_up: VecDeque::new(),
        }
    }

    /// A query comes; when it is answered or given up. An overload may begin with it: [`Database::is_overloaded`] says.
    pub fn ask(&mut self, now: Time) -> Fate {
        self.forget(now);
        self.queries += 1;
        self.curve.count(now, 0);
        let begin = now.max(self.free_at);
        if begin > now + self.spec.patience {
            self.timeouts += 1;
            self.curve.count(now, 1);
            let at = now + self.spec.patience;
            self.gives_up.push_back(at);
            self.overloads += u64::from(!self.is_overloaded);
            self.is_overloaded = true;
            return Fate { at, is_served: false };
        }
        self.free_at = begin + Duration::from_micros(1_000_000 / u64::from(self.spec.capacity.max(1)));
        if begin > now {
            self.begins.push_back(begin);
        }
        Fate { at: begin + self.spec.latency, is_served: true }
    }

    /// Looks whether an overload is over; when to look again where it is not.
    pub fn recover(&mut self, now: Time) -> Option<Time> {
        self.forget(now);
        if !self.is_overloaded {
            return None;
        }
        self.overloaded_at = Some(now);
        let last = self.begins.back().max(self.gives_up.back()).copied();
        self.is_overloaded = last.is_some();
        last
    }

    fn forget(&mut self, now: Time) {
        for queue in [&mut self.begins, &mut self.gives_up] {
            while queue.front().is_some_and(|&at| at <= now) {
                queue.pop_front();
            }
        }
    }

    /// How many wait now.
    pub fn waiting(&self, now: Time) -> usize {
        [&self.begins, &self.gives_up].iter().map(|queue| queue.iter().filter(|&&at| at > now).count()).sum()
    }

    /// Queries asked in the last whole second, in hundredths of the capacity.
    pub fn load(&self, now: Time) -> u64 {
        self.curve.sums(now, 1)[0] * 100 / u64::from(self.spec.capacity.max(1))
    }

    /// How long it has not been overloaded, as far as is known since `from`.
    pub fn calm(&self, now: Time, from: Time) -> Duration {
        if self.is_overloaded { Duration::ZERO } else { now.since(from.max(self.overloaded_at.unwrap_or(from))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::EPOCH;
    use alloc::vec::Vec;

    fn at(millis: u64) -> Time {
        EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn queries_are_served_at_the_capacity_in_the_order_in_which_they_came() {
        let mut database = Database::new("d", DatabaseSpec { capacity: 10, ..DatabaseSpec::default() });
        let fates: Vec<Fate> = (0..5).map(|_| database.ask(at(0))).collect();
        let wanted: Vec<Fate> = (0..5).map(|k| Fate { at: at(100 * k + 20), is_served: true }).collect();
        assert_eq!(fates, wanted);
        assert_eq!((database.waiting(at(0)), database.waiting(at(250)), database.waiting(at(400))), (4, 2, 0));
        assert_eq!(database.ask(at(1000)).at, at(1020));
        assert_eq!((database.queries, database.overloads, database.load(at(1500))), (6, 0, 50));
    }

    #[test]
    fn an_overload_begins_once_and_lasts_until_nobody_waits() {
        let mut database = Database::new("d", DatabaseSpec { capacity: 10, ..DatabaseSpec::default() });
        let fates: Vec<Fate> = (0..20).map(|_| database.ask(at(0))).collect();
        assert_eq!(
            fates.iter().filter(|fate| fate.is_served).count(),
            11,
            "ten a second, and one that waits for a second"
        );
        assert_eq!(fates[15], Fate { at: at(1000), is_served: false });
        assert_eq!((database.timeouts, database.overloads, database.waiting(at(0))), (9, 1, 19));
        assert_eq!(database.recover(at(500)), Some(at(1000)));
        assert_eq!((database.is_overloaded, database.calm(at(500), at(0))), (true, Duration::ZERO));
        assert_eq!(database.recover(at(1000)), None);
        assert!(!database.is_overloaded);
        assert_eq!(database.calm(at(4000), at(0)), Duration::from_seconds(3));
        assert_eq!(database.calm(at(4000), at(3000)), Duration::from_seconds(1));
        assert!(database.ask(at(2000)).is_served);
    }
}
