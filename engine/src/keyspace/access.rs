//! What an entry remembers of its use, in 24 bits: when it was used, or how often (Redis documentation, key eviction).
//!
//! ```text
//!   by recency     [seconds 24]              of the moment of last use, which come round every 194 days
//!   by frequency   [minutes 16][counter 8]   when the counter was last set, and a logarithm of how often it was used
//! ```
//! A counter begins at 5, so that a new key is not the first to go. It goes up by chance, the less likely the higher it
//! is, and down by one for every so many minutes. What the bits mean follows from the eviction policy; after a change of
//! policy they say little until keys have been used again, as in Redis.

use super::Entry;
use crate::base::time::Time;

/// What is counted, with what decides how a counter moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    Recency,
    /// `lfu-log-factor`, and `lfu-decay-time` in minutes; zero: it never goes down.
    Frequency {
        log_factor: u32,
        decay: u32,
    },
}

/// How an entry is to be marked that is used at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub counting: Counting,
    pub now: Time,
    /// A random number, where a counter may go up.
    pub chance: u64,
}

/// Where a counter begins.
const FIRST: u32 = 5;
const CLOCK: u32 = 0xff_ffff;

impl Mark {
    /// What a new entry is marked with.
    pub fn first(self) -> u32 {
        match self.counting {
            Counting::Recency => clock(self.now),
            Counting::Frequency { .. } => self.counted(FIRST),
        }
    }

    /// What an entry is marked with that says it was used with this frequency.
    pub fn counted(self, counter: u32) -> u32 {
        minutes(self.now) << 8 | counter.min(0xff)
    }

    /// What an entry is marked with that says it was last used so many seconds ago.
    pub fn idle_for(self, seconds: u64) -> u32 {
        clock(self.now).wrapping_sub(seconds.min(CLOCK as u64) as u32) & CLOCK
    }
}

impl Entry {
    /// The key is looked up.
    #[inline]
    pub fn touch(&self, mark: Mark) {
        match mark.counting {
            Counting::Recency => self.set_access(clock(mark.now)),
            Counting::Frequency { log_factor, .. } => {
                let mut counter = frequency(self.access(), mark.counting, mark.now);
                let odds = u64::from(counter.saturating_sub(FIRST)) * u64::from(log_factor) + 1;
                if counter < 0xff && mark.chance.is_multiple_of(odds) {
                    counter += 1;
                }
                self.set_access(mark.counted(counter));
            }
        }
    }

    /// The key was given a value: that counts as use where time is counted, and is counted where it was looked up where
    /// frequency is.
    #[inline]
    pub fn written(&self, mark: Mark) {
        if mark.counting == Counting::Recency || self.access() == 0 {
            self.set_access(mark.first());
        }
    }
}

/// The clock of last use: seconds, in 24 bits.
#[inline]
pub fn clock(now: Time) -> u32 {
    (now.seconds() & u64::from(CLOCK)) as u32
}

/// The seconds since an entry was last used that is marked so.
pub fn idle_seconds(access: u32, now: Time) -> u32 {
    clock(now).wrapping_sub(access) & CLOCK
}

/// How often an entry was used that is marked so: its counter, less what it has lost since it was set.
pub fn frequency(access: u32, counting: Counting, now: Time) -> u32 {
    let (since, counter) = (access >> 8, access & 0xff);
    let Counting::Frequency { decay: decay @ 1.., .. } = counting else { return counter };
    let elapsed = minutes(now).wrapping_sub(since) & 0xffff;
    counter.saturating_sub(elapsed / decay)
}

fn minutes(now: Time) -> u32 {
    ((now.seconds() / 60) & 0xffff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    const COUNTING: Counting = Counting::Frequency { log_factor: 10, decay: 1 };

    fn at(minute: u64, chance: u64) -> Mark {
        Mark { counting: COUNTING, now: Time::from_millis(minute * 60_000), chance }
    }

    #[test]
    fn a_counter_falls_with_time_and_never_below_zero() {
        let access = at(70_000, 0).counted(9);
        for (later, left) in [(0, 9), (1, 8), (9, 0), (200, 0)] {
            assert_eq!(frequency(access, COUNTING, Time::from_millis((70_000 + later) * 60_000)), left);
        }
        let slow = Counting::Frequency { log_factor: 10, decay: 3 };
        assert_eq!(frequency(access, slow, Time::from_millis(70_008 * 60_000)), 7);
        let never = Counting::Frequency { log_factor: 10, decay: 0 };
        assert_eq!(frequency(access, never, Time::from_millis(79_000 * 60_000)), 9);
    }

    /// The table in Redis's documentation of `lfu-log-factor`: about these counters after so many uses.
    #[test]
    fn a_counter_grows_as_the_logarithm_of_the_uses() {
        use crate::keyspace::Keyspace;
        let mut rng = Rng::new(7);
        let mut after = |log_factor, uses| {
            let mut keyspace = Keyspace::new(1, false, (1, 2));
            let key = keyspace.key(b"k");
            let entry = keyspace.db_mut(0).set_bytes(&key, b"v", None);
            let counting = Counting::Frequency { log_factor, decay: 1 };
            (0..uses).for_each(|_| entry.touch(Mark { counting, now: Time::ZERO, chance: rng.bits() }));
            entry.access() & 0xff
        };
        assert!((8..=13).contains(&after(10, 100)));
        assert!((14..=22).contains(&after(10, 1000)));
        assert!((3..=9).contains(&after(100, 100)));
        assert_eq!(after(0, 1000), 255);
    }

    #[test]
    fn idle_times_come_round() {
        let now = Time::from_millis(((1 << 24) + 5) * 1000);
        assert_eq!(idle_seconds(clock(now), now), 0);
        assert_eq!(idle_seconds(0xff_fffe, now), 7);
        let mark = Mark { counting: Counting::Recency, now, chance: 0 };
        assert_eq!(idle_seconds(mark.idle_for(10), now), 10);
    }
}
