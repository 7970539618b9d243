//! Which keys go when memory is short: the eight policies, and the pool of candidates (Redis documentation, key
//! eviction).
//!
//! No order of all keys is kept. A few keys of each database are looked at, and those that would go first are kept in a
//! small pool beside the best of earlier samples; the best of the pool goes. Deliberately absent: removing it, and the
//! limit.

use alloc::vec::Vec;

use super::access::{self, Counting};
use super::{Db, Entry, Keyspace};
use crate::base::rng::Rng;
use crate::base::time::Time;
use crate::event::Candidate;

/// `maxmemory-policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Nothing goes: writes are refused.
    NoEviction,
    Evict(Among, By),
}

/// The keys among which a victim is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    All,
    /// Those with an expiry.
    Expiring,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The one goes that was not used for longest.
    Recency,
    /// The one goes that is used least.
    Frequency,
    /// The one goes that would expire first.
    Expiry,
    Chance,
}

impl Policy {
    pub const ALL: [(&str, Policy); 8] = [
        ("volatile-lru", Policy::Evict(Among::Expiring, By::Recency)),
        ("volatile-lfu", Policy::Evict(Among::Expiring, By::Frequency)),
        ("volatile-random", Policy::Evict(Among::Expiring, By::Chance)),
        ("volatile-ttl", Policy::Evict(Among::Expiring, By::Expiry)),
        ("allkeys-lru", Policy::Evict(Among::All, By::Recency)),
        ("allkeys-lfu", Policy::Evict(Among::All, By::Frequency)),
        ("allkeys-random", Policy::Evict(Among::All, By::Chance)),
        ("noeviction", Policy::NoEviction),
    ];

    pub fn name(self) -> &'static str {
        Policy::ALL.iter().find(|(_, policy)| *policy == self).map_or("", |(name, _)| name)
    }

    /// Whether uses are counted, and not only their times kept.
    #[inline]
    pub fn counts(self) -> bool {
        matches!(self, Policy::Evict(_, By::Frequency))
    }
}

impl Among {
    fn len(self, db: &Db) -> usize {
        match self {
            Among::All => db.len(),
            Among::Expiring => db.expires_len(),
        }
    }

    fn sample(self, db: &Db, count: usize, rng: &mut Rng, f: impl FnMut(&Entry)) {
        match self {
            Among::All => db.sample(count, rng, f),
            Among::Expiring => db.sample_expires(count, rng, f),
        }
    }
}

/// How soon an entry is to go: of two, the one with the higher score goes first.
///
/// By recency: seconds since it was used. By frequency: 255 less its counter. By expiry: the longest time there is, less
/// the millisecond in which it expires.
pub fn score(by: By, entry: &Entry, counting: Counting, now: Time) -> u64 {
    match by {
        By::Recency => access::idle_seconds(entry.access(), now).into(),
        By::Frequency => (0xff - access::frequency(entry.access(), counting, now)).into(),
        By::Expiry => u64::MAX - entry.expiry().map_or(u64::MAX, Time::millis),
        By::Chance => 0,
    }
}

/// The best candidates seen so far, the best last.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    candidates: Vec<Candidate>,
}

/// How many candidates are kept.
pub const POOL: usize = 16;

impl Pool {
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    pub fn clear(&mut self) {
        self.candidates.clear();
    }

    /// Looks at `samples` keys of each database; `sampled` is told of every key that is looked at.
    pub fn fill(
        &mut self,
        keyspace: &Keyspace,
        among: Among,
        samples: usize,
        rng: &mut Rng,
        score: impl Fn(&Entry) -> u64,
        mut sampled: Option<&mut Vec<Candidate>>,
    ) {
        for index in 0..keyspace.databases_used() {
            among.sample(keyspace.db(index), samples, rng, |entry| {
                let score = score(entry);
                if let Some(sampled) = &mut sampled {
                    sampled.push(Candidate { db: index as u32, key: entry.key().into(), score });
                }
                self.offer(index as u32, entry.key(), score);
            });
        }
    }

    /// Takes a key into the pool, if it is better than one that is there or there is room. Among equals the one seen
    /// first goes first.
    fn offer(&mut self, db: u32, key: &[u8], score: u64) {
        // What is there already has its score of today.
        let known = self.candidates.iter().position(|candidate| *candidate.key == *key && candidate.db == db);
        let known = known.map(|at| self.candidates.remove(at));
        let mut at = self.candidates.partition_point(|candidate| candidate.score < score);
        if self.candidates.len() == POOL {
            if at == 0 {
                return;
            }
            self.candidates.remove(0);
            at -= 1;
        }
        let candidate =
            known.map_or_else(|| Candidate { db, key: key.into(), score }, |known| Candidate { score, ..known });
        self.candidates.insert(at, candidate);
    }

    /// Takes the best candidate out that is still there.
    pub fn take(&mut self, keyspace: &Keyspace, among: Among) -> Option<Candidate> {
        while let Some(best) = self.candidates.pop() {
            let entry = keyspace.db(best.db as usize).get(&keyspace.key(&best.key));
            if entry.is_some_and(|entry| among == Among::All || entry.has_expiry()) {
                return Some(best);
            }
        }
        None
    }
}

/// A key by chance, of the first database from `from` on that has any.
pub fn any(keyspace: &Keyspace, among: Among, from: usize, rng: &mut Rng) -> Option<Candidate> {
    let databases = keyspace.databases_used();
    let index = (0..databases).map(|n| (from + n) % databases).find(|&index| among.len(keyspace.db(index)) > 0)?;
    let db = keyspace.db(index);
    let entry = match among {
        Among::All => db.random(rng),
        Among::Expiring => db.expires_random(rng),
    }?;
    Some(Candidate { db: index as u32, key: entry.key().into(), score: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use std::format;

    fn key(n: u64) -> Box<[u8]> {
        format!("key:{n}").into_bytes().into()
    }

    #[test]
    fn the_pool_keeps_the_best_in_order() {
        let mut pool = Pool::default();
        let mut rng = Rng::new(3);
        let mut all: Vec<u64> = Vec::new();
        for n in 0..500 {
            let score = rng.below(10_000);
            all.push(score);
            pool.offer(0, &key(n), score);
            all.sort();
            all.drain(..all.len().saturating_sub(POOL));
            let scores: Vec<u64> = pool.candidates().iter().map(|candidate| candidate.score).collect();
            assert_eq!(scores, all);
        }
    }

    #[test]
    fn a_key_is_in_the_pool_once_with_its_last_score() {
        let mut pool = Pool::default();
        (0..20).for_each(|n| pool.offer(0, &key(n % 4), 100 + n));
        assert_eq!(pool.candidates().len(), 4);
        pool.offer(0, &key(3), 1);
        assert_eq!(&*pool.candidates()[0].key, &*key(3));
        pool.offer(1, &key(3), 2);
        assert_eq!(pool.candidates().len(), 5);
    }

    #[test]
    fn what_is_gone_is_no_candidate() {
        let mut keyspace = Keyspace::new(2, false, (1, 2));
        let mut pool = Pool::default();
        for n in 0..3 {
            let name = key(n);
            let (key, expiry) = (keyspace.key(&name), (n == 1).then(|| Time::from_millis(9)));
            keyspace.db_mut(1).set_bytes(&key, b"v", expiry);
            pool.offer(1, &name, n);
        }
        let (second, last) = (key(1), key(2));
        let last = keyspace.key(&last);
        keyspace.db_mut(1).discard(&last);
        assert_eq!(pool.clone().take(&keyspace, Among::All).map(|best| best.key), Some(second.clone()));
        assert_eq!(pool.take(&keyspace, Among::Expiring).map(|best| best.key), Some(second));
        assert_eq!(pool.take(&keyspace, Among::Expiring), None);
        let mut rng = Rng::new(1);
        assert_eq!(any(&keyspace, Among::Expiring, 0, &mut rng).map(|found| found.key), Some(key(1)));
    }
}
