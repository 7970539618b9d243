//! What was counted second by second, and the last minute of it: the curves that a page draws and a question averages.

use alloc::collections::VecDeque;

use super::clock;
use crate::base::time::Time;

/// Seconds that are kept.
pub const KEPT: usize = 60;

/// `N` counts of each second since the world began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve<const N: usize> {
    /// The second of the newest.
    second: u64,
    counts: VecDeque<[u32; N]>,
}

impl<const N: usize> Default for Curve<N> {
    fn default() -> Self {
        Curve { second: 0, counts: VecDeque::new() }
    }
}

impl<const N: usize> Curve<N> {
    /// One more of a kind, now.
    pub fn count(&mut self, now: Time, kind: usize) {
        self.move_to(clock::since_start(now).seconds());
        if let Some(counts) = self.counts.back_mut() {
            counts[kind] += 1;
        }
    }

    fn move_to(&mut self, second: u64) {
        if self.counts.is_empty() {
            self.second = second;
            self.counts.push_back([0; N]);
        }
        let behind = second.saturating_sub(self.second).min(KEPT as u64);
        (0..behind).for_each(|_| self.counts.push_back([0; N]));
        self.counts.drain(..self.counts.len().saturating_sub(KEPT));
        self.second = self.second.max(second);
    }

    /// The counts of so many whole seconds before this moment, oldest first; of the time before anything was counted, none.
    pub fn seconds(&self, now: Time, count: usize) -> impl ExactSizeIterator<Item = [u32; N]> + '_ {
        let end = clock::since_start(now).seconds();
        let first = end.saturating_sub(count as u64);
        (0..(end - first) as usize).map(move |at| self.of(first + at as u64))
    }

    fn of(&self, second: u64) -> [u32; N] {
        let back = self.second.checked_sub(second).map(|back| back as usize);
        let at = back.and_then(|back| self.counts.len().checked_sub(back + 1));
        at.map_or([0; N], |at| self.counts[at])
    }

    /// The sums over so many whole seconds before this moment.
    pub fn sums(&self, now: Time, count: usize) -> [u64; N] {
        self.seconds(now, count).fold([0; N], |mut sums, counts| {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += u64::from(count));
            sums
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;
    use alloc::vec::Vec;

    fn at(seconds: u64) -> Time {
        clock::EPOCH + Duration::from_millis(seconds * 1000 + 500)
    }

    #[test]
    fn seconds_in_which_nothing_was_counted_are_there_as_well() {
        let mut curve = Curve::<2>::default();
        assert_eq!(curve.sums(at(9), 10), [0, 0]);
        for second in [3, 3, 5] {
            curve.count(at(second), 1);
        }
        curve.count(at(7), 0);
        let seen: Vec<[u32; 2]> = curve.seconds(at(7), 5).collect();
        assert_eq!(seen, [[0, 0], [0, 2], [0, 0], [0, 1], [0, 0]]);
        assert_eq!(curve.sums(at(8), 3), [1, 1]);
        assert_eq!(curve.seconds(at(2), 60).len(), 2, "the world is no older");
    }

    #[test]
    fn a_minute_is_kept() {
        let mut curve = Curve::<1>::default();
        (0..1000).for_each(|second| curve.count(at(second), 0));
        assert_eq!(curve.counts.len(), KEPT);
        assert_eq!(curve.sums(at(1000), 100), [KEPT as u64]);
        curve.count(at(1_000_000), 0);
        assert_eq!((curve.counts.len(), curve.sums(at(1_000_001), 100)), (KEPT, [1]));
    }
}
