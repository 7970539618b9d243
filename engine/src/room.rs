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
        let (used, limit) = (state.memory() as u64, state.config.maxmemory.0);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Server;
    use crate::keyspace::evict::POOL;
    use std::format;
    use std::string::String;
    use std::vec;

    fn server(limit: &str, policy: &str) -> Server {
        Server::with(&format!("maxmemory {limit}\nmaxmemory-policy {policy}"))
    }

    fn field(server: &mut Server, name: &str) -> u64 {
        let info = server.run("INFO");
        let (_, rest) = info.split_once(&format!("\\n{name}:")).expect(name);
        rest.split('\\').next().unwrap().parse().expect(name)
    }

    fn fill(server: &mut Server, keys: core::ops::Range<u32>) {
        keys.for_each(|n| assert_eq!(server.run(&format!("SET key:{n} {}", "x".repeat(100))), "OK"));
    }

    const OOM: &str = "(error) OOM command not allowed when used memory > 'maxmemory'.";

    #[test]
    fn without_a_policy_only_what_takes_memory_is_refused() {
        let mut server = server("1", "noeviction");
        assert_eq!(server.run("SET a 1"), OOM);
        assert_eq!(server.run("GET a"), "(nil)");
        assert_eq!(server.run("DEL a"), "(integer) 0");
        server.run("MULTI");
        assert_eq!(server.run("GET a"), "QUEUED");
        assert_eq!(server.run("SET a 1"), OOM);
        assert!(server.run("EXEC").starts_with("(error) EXECABORT Transaction discarded because of previous"));
        server.run("CONFIG SET maxmemory 0");
        server.run("MULTI");
        server.run("SET a 1");
        server.run_as(7, "CONFIG SET maxmemory 1");
        let aborted = "(error) EXECABORT Transaction discarded because of: OOM command not allowed when used memory > \
                       'maxmemory'.";
        assert_eq!(server.run("EXEC"), aborted);
        assert_eq!(server.run("EXEC"), "(error) ERR EXEC without MULTI");
    }

    #[test]
    fn volatile_policies_leave_keys_without_an_expiry_alone() {
        for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
            let mut server = server("0", policy);
            fill(&mut server, 0..200);
            (0..200).for_each(|n| drop(server.run(&format!("SET going:{n} {} EX 100", "y".repeat(100)))));
            let limit = field(&mut server, "used_memory") - 20_000;
            server.run(&format!("CONFIG SET maxmemory {limit}"));
            server.timeout();
            let kept = server.run("KEYS key:*").lines().count();
            assert_eq!(kept, 200, "{policy}");
            assert!(server.run("KEYS going:*").lines().count() < 200, "{policy}");
            server.run("CONFIG SET maxmemory 1");
            server.timeout();
            assert_eq!(server.run("SET b 1"), OOM);
            assert_eq!(server.run("KEYS going:*"), "(empty array)");
        }
    }

    #[test]
    fn what_was_not_used_for_longest_goes_and_is_recorded() {
        let mut server = server("0", "allkeys-lru");
        for n in 0..10 {
            fill(&mut server, n..n + 1);
            server.advance(1000);
        }
        server.run("GET key:0");
        server.records();
        let limit = field(&mut server, "used_memory") - 1;
        server.run("CONFIG SET maxmemory-samples 64");
        server.run(&format!("CONFIG SET maxmemory {limit}"));
        server.timeout();
        assert_eq!(server.records(), "UNLINK key:1");
        assert_eq!(field(&mut server, "evicted_keys"), 1);
    }

    #[test]
    fn what_is_used_least_goes_under_lfu_whatever_its_age() {
        let mut server = server("0", "allkeys-lfu");
        fill(&mut server, 0..10);
        for _ in 0..200 {
            (1..10).for_each(|n| drop(server.run(&format!("GET key:{n}"))));
        }
        server.advance(30_000);
        server.run("GET key:0");
        assert!(server.run("OBJECT FREQ key:5").trim_start_matches("(integer) ").parse::<u32>().unwrap() > 7);
        assert!(server.run("OBJECT IDLETIME key:5").starts_with("(error) ERR An LFU maxmemory policy is selected"));
        server.run("CONFIG SET maxmemory-samples 64");
        server.records();
        let limit = field(&mut server, "used_memory") - 1;
        server.run(&format!("CONFIG SET maxmemory {limit}"));
        server.timeout();
        assert_eq!(server.records(), "UNLINK key:0");
    }

    #[test]
    fn memory_stays_within_its_limit_and_a_value_too_large_for_one_step_waits() {
        let mut server = server("0", "allkeys-random");
        server.run("CONFIG SET lazyfree-lazy-eviction no");
        let empty = field(&mut server, "used_memory");
        server.run(&format!("CONFIG SET maxmemory {}", empty + 400_000));
        let value = "x".repeat(100);
        for n in 0..10_000 {
            assert_eq!(server.run(&format!("SET key:{n} {value}")), "OK");
            assert!(field(&mut server, "used_memory") <= empty + 400_000 + 1000);
        }
        // Half of what there is has to go for it, which is more than one step removes.
        server.run(&format!("CONFIG SET maxmemory {}", empty + 200_000));
        assert_eq!(server.run_as(2, "SET other 1"), "");
        assert!(server.run("CLIENT LIST").contains("id=2 "));
        while server.told(2) != "OK" {
            server.advance(1);
            server.timeout();
        }
        assert!(field(&mut server, "used_memory") <= empty + 200_000 + 1000);
    }

    /// What is shown of a decision is the decision that was taken.
    #[test]
    fn each_victim_follows_from_what_was_shown_before() {
        for policy in ["allkeys-lru", "allkeys-lfu", "volatile-ttl", "allkeys-random"] {
            let mut server = server("100kb", policy);
            server.watch();
            let (mut pool, mut chosen): (Vec<Candidate>, _) = (vec![], 0);
            for n in 0..2000 {
                server.advance(n * 7 % 900);
                server.run(&format!("SET key:{n} {} EX {}", "x".repeat(100), 1000 + n * 37 % 500));
                server.run(&format!("GET key:{}", n * n % (n + 1)));
                let events = server.events();
                let mut events = events.iter();
                while let Some(event) = events.next() {
                    let Event::Evicting(decision) = event else { continue };
                    chosen += 1;
                    assert_eq!(decision.policy, policy);
                    for seen in &decision.sampled {
                        pool.retain(|old| (old.db, &old.key) != (seen.db, &seen.key));
                        let at = pool.partition_point(|old| old.score < seen.score);
                        pool.insert(at, seen.clone());
                        if pool.len() > POOL {
                            pool.remove(0);
                        }
                    }
                    assert_eq!(pool, decision.pool);
                    assert!(decision.used > decision.limit);
                    match pool.pop() {
                        // Nothing removed a candidate meanwhile: the last of the pool it is.
                        Some(best) => assert_eq!(best, decision.victim),
                        None => assert_eq!(policy, "allkeys-random"),
                    }
                    let gone = Event::Removed { db: 0, key: decision.victim.key.clone(), why: Gone::Evicted };
                    assert_eq!(events.next(), Some(&gone));
                }
            }
            assert!(chosen > 1000, "{policy}: {chosen}");
        }
    }

    #[test]
    fn a_large_set_goes_at_once_and_is_freed_little_by_little() {
        let mut server = server("0", "allkeys-random");
        let members: String = (0..30_000).map(|n| format!(" member:{n}")).collect();
        server.run(&format!("SADD s{members}"));
        let limit = field(&mut server, "used_memory") / 2;
        server.run(&format!("CONFIG SET maxmemory {limit}"));
        assert_eq!(server.run_as(2, "SET other 1"), "");
        assert_eq!(server.run("EXISTS s"), "(integer) 0");
        assert!(field(&mut server, "used_memory") > limit);
        let mut steps = 0;
        while server.told(2) != "OK" {
            server.advance(1);
            server.timeout();
            steps += 1;
        }
        assert!(steps > 1);
        assert_eq!(field(&mut server, "evicted_keys"), 1);
        assert_eq!(server.run("GET other"), "\"1\"");
    }

    #[test]
    fn the_client_that_holds_most_is_disconnected() {
        let mut server = Server::with("maxmemory-clients 300kb");
        server.run_as(2, &format!("SET k {}", "x".repeat(1000)));
        server.run_as(3, "CLIENT NO-EVICT on");
        assert_eq!(server.run("CLIENT LIST").matches("id=").count(), 3);
        // A request that does not end.
        server.send(3, &[&b"*1\r\n$900000\r\n"[..], &[b'x'; 200_000]].concat());
        server.send(2, &[&b"*1\r\n$900000\r\n"[..], &[b'x'; 150_000]].concat());
        let left = server.run("CLIENT LIST");
        assert!(left.matches("id=").count() == 2 && left.contains("id=3 "), "{left}");
        assert_eq!(field(&mut server, "evicted_clients"), 1);
    }
}
