//! Makes room: removes keys while more memory is in use than `maxmemory` allows (Redis documentation, key eviction).
//!
//! One step removes a bounded number of keys. Where that is not enough, a command that may take memory waits, and a
//! timer goes on; so neither a small limit nor a large value keeps the other clients waiting, and memory stays within its
//! limit. Deliberately absent: an eviction for a command that takes no memory, which runs however full it is.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::event::{Candidate, Decision, Event, Gone};
use crate::keyspace::change::Notify;
use crate::keyspace::evict::{self, By, Policy};
use crate::state::State;

/// Whether there is memory for a command that may take some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Enough,
    /// Some is being freed.
    Soon,
    /// There is too little, and nothing that may be removed.
    None,
}

/// Makes room by one step.
pub fn make(state: &mut State) -> Room {
    let room = if state.config.maxmemory.0 == 0 || state.pause.is_some() { Room::Enough } else { step(state) };
    state.making_room = room == Room::Soon;
    room
}

/// Other limits hold from now on.
pub fn reconsider(state: &mut State) {
    state.pool.clear();
    // Whether that is so the next step will tell, which is due at once.
    state.making_room = state.config.maxmemory.0 > 0;
}

fn step(state: &mut State) -> Room {
    let limit = state.config.maxmemory.0;
    let mut budget = keys_at_once(state.config.maxmemory_eviction_tenacity);
    // What was taken out already counts as free when it comes to choosing whether more has to go.
    while (state.memory() - state.pending_memory()) as u64 > limit {
        if budget == 0 {
            return Room::Soon;
        }
        budget -= 1;
        if !evict_one(state) {
            return Room::None;
        }
    }
    if state.memory() as u64 <= limit { Room::Enough } else { Room::Soon }
}

/// `maxmemory-eviction-tenacity`: how many keys one step removes. Half a millisecond's worth at 10, as many as it takes
/// at 100.
fn keys_at_once(tenacity: i64) -> u64 {
    const AT_TEN: u64 = 500;
    match tenacity {
        100.. => u64::MAX,
        11.. => (10..tenacity).fold(AT_TEN, |keys, _| keys * 115 / 100),
        _ => (AT_TEN / 10 * tenacity as u64).max(1),
    }
}

/// Removes the key that is to go first; whether there was one.
fn evict_one(state: &mut State) -> bool {
    let Policy::Evict(among, by) = state.config.maxmemory_policy else { return false };
    let (used, limit) = (state.memory() as u64, state.config.maxmemory.0);
    let watched = state.events.is_watched();
    let (mut sampled, mut pool) = (Vec::new(), Vec::new());
    let victim = if by == By::Chance {
        let victim = evict::any(&state.keyspace, among, state.evict_next, &mut state.rng);
        state.evict_next = victim.as_ref().map_or(0, |victim| victim.db as usize + 1);
        victim
    } else {
        let (counting, now) = (state.counting(), state.now);
        let score = |entry: &_| evict::score(by, entry, counting, now);
        let State { pool: candidates, keyspace, rng, .. } = state;
        let samples = state.config.maxmemory_samples as usize;
        candidates.fill(keyspace, among, samples, rng, score, watched.then_some(&mut sampled));
        if watched {
            pool = candidates.candidates().to_vec();
        }
        candidates.take(keyspace, among)
    };
    let Some(victim) = victim else { return false };
    if watched {
        let policy = state.config.maxmemory_policy.name();
        let decision = Decision { policy, used, limit, sampled, pool, victim: victim.clone() };
        state.events.emit(|| Event::Evicting(Box::new(decision)));
    }
    remove_evicted(state, &victim);
    true
}

/// Removes a key that has to go, and tells everybody.
fn remove_evicted(state: &mut State, victim: &Candidate) {
    let (db, bytes) = (victim.db as usize, &*victim.key);
    let key = state.keyspace.key(bytes);
    let there = state.keyspace.db_mut(db).discard(&key);
    debug_assert!(there, "what is chosen is there");
    let lazily = state.config.lazyfree_lazy_eviction;
    state.free_unless(lazily);
    state.stats.evicted_keys += 1;
    state.gone(db, bytes, Gone::Evicted, Notify::EVICTED, "evicted", lazily);
}
