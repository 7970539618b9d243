//! The expiry cycle: removes keys and fields of hashes whose time has passed and that nobody asks for (Redis documentation,
//! EXPIRE, "How Redis expires keys").
//!
//! ```text
//!   a tick, `hz` times a second:  [slice]····[slice]····[slice]·····································
//!   a slice, of each database:    look at some keys, remove those whose time has passed, and again
//!                                 while more of them than a tenth had expired
//! ```
//! A slice looks at a bounded number of keys, so that no client waits for longer than it takes, however many have expired.
//! What it leaves over is taken up by the next, a little later. `active-expire-effort` raises how much a slice looks at
//! and how few stale keys it is content with, in Redis's steps.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::time::Duration;
use crate::event::{Event, Gone};
use crate::keyspace::{Entry, Key, ValueRef};
use crate::state::State;

/// Keys that a slice looks at with an effort of 1: less than half a millisecond's work.
const SLICE: u64 = 1000;
/// From one slice to the next of the same tick: so a third of the time is spent on expiry at most.
const BREAK: Duration = Duration::from_millis(1);
/// Fields of one hash that expire before others have their turn.
const FIELDS: usize = 100;

/// How hard the cycle tries, by `active-expire-effort`.
#[derive(Clone, Copy)]
struct Effort {
    /// Keys looked at before asking whether it is worth going on.
    sample: u64,
    /// Of a hundred keys so many may be stale.
    acceptable: u64,
    /// Keys looked at in a slice.
    slice: u64,
}

impl Effort {
    fn of(state: &State) -> Effort {
        let more = state.config.active_expire_effort as u64 - 1;
        Effort { sample: 20 + 5 * more, acceptable: 10 - more, slice: SLICE * (25 + 2 * more) / 25 }
    }
}

/// Where the cycle is.
#[derive(Clone, Debug, Default)]
pub struct Cycle {
    /// The database it goes on with.
    next: usize,
    /// Where it goes on in each: among the keys with an expiry, and among the hashes with fields that have one.
    cursors: Vec<(u64, u64)>,
    /// The last slice left more over than is acceptable.
    pub unfinished: bool,
    /// Slices that ended before they were done.
    pub cut_short: u64,
    /// How many in a hundred of the keys that have an expiry are stale: an average that forgets.
    pub stale_percent: f64,
}

/// How long after a slice the next one is due.
pub fn next_slice(state: &State) -> Duration {
    if state.expiry.unfinished { BREAK } else { state.tick() }
}

/// Removes some of what has expired.
pub fn slice(state: &mut State) {
    if state.pause.is_some() || !state.active_expire {
        state.expiry.unfinished = false;
        return;
    }
    let effort = Effort::of(state);
    let (mut budget, mut looked, mut stale) = (effort.slice, 0, 0);
    let databases = state.keyspace.databases_used();
    state.expiry.cursors.resize(state.keyspace.databases(), (0, 0));
    for _ in 0..databases {
        let db = state.expiry.next % databases;
        for seen in [expire_keys(state, db, effort, &mut budget), expire_fields(state, db, effort, &mut budget)] {
            looked += seen.looked;
            stale += seen.stale;
        }
        state.expiry.next = db + 1;
        if budget == 0 {
            break;
        }
    }
    let cycle = &mut state.expiry;
    cycle.unfinished = budget == 0;
    cycle.cut_short += u64::from(budget == 0);
    let percent = if looked > 0 { stale as f64 * 100.0 / looked as f64 } else { 0.0 };
    cycle.stale_percent = percent * 0.05 + cycle.stale_percent * 0.95;
}

/// What was seen: entries, and those of them that were stale.
#[derive(Clone, Copy, Default)]
struct Seen {
    looked: u64,
    stale: u64,
}

impl Seen {
    fn add(&mut self, sample: &Sample) {
        self.looked += sample.looked;
        self.stale += sample.stale.len() as u64;
    }
}

/// Looks at some of the keys that have an expiry, and goes on while more than is acceptable of them are stale.
fn expire_keys(state: &mut State, db: usize, effort: Effort, budget: &mut u64) -> Seen {
    let mut seen = Seen::default();
    while *budget > 0 && state.keyspace.db(db).expires_len() > 0 {
        let (database, now) = (state.keyspace.db(db), state.now);
        let is_stale = |entry: &Entry| entry.expiry().is_some_and(|expiry| expiry <= now);
        let scan = |cursor, f: &mut dyn FnMut(&Entry)| database.expires_scan(cursor, f);
        let watched = state.events.is_watched();
        let cursor = &mut state.expiry.cursors[db].0;
        let mut sample = Sample::take(cursor, effort.sample.min(*budget), watched, scan, is_stale);
        *budget = budget.saturating_sub(sample.steps);
        seen.add(&sample);
        let (keys, stale) = (core::mem::take(&mut sample.keys), sample.stale.len() as u32);
        state.events.emit(|| Event::Sampled { db: db as u32, keys, stale });
        let stale: Vec<Key<'_>> = sample.stale.iter().map(|key| state.keyspace.key(key)).collect();
        stale.iter().for_each(|key| state.keyspace.prefetch_bucket(db, key.hash, key.slot));
        stale.iter().for_each(|key| state.remove_expired(db, key, Gone::ExpiredActively));
        if sample.is_acceptable(effort) {
            break;
        }
    }
    seen
}

/// Does likewise with the hashes that have fields with an expiry.
fn expire_fields(state: &mut State, db: usize, effort: Effort, budget: &mut u64) -> Seen {
    let mut seen = Seen::default();
    while *budget > 0 && state.keyspace.db(db).partly_expiring_len() > 0 {
        let (database, now) = (state.keyspace.db(db), state.now);
        let is_stale = |entry: &Entry| match entry.value() {
            ValueRef::Hash(hash) => hash.next_expiry().is_some_and(|expiry| expiry <= now),
            _ => false,
        };
        let scan = |cursor, f: &mut dyn FnMut(&Entry)| database.partly_expiring_scan(cursor, f);
        let cursor = &mut state.expiry.cursors[db].1;
        let sample = Sample::take(cursor, effort.sample.min(*budget), false, scan, is_stale);
        *budget = budget.saturating_sub(sample.steps);
        seen.add(&sample);
        for key in &sample.stale {
            let mut expired = FIELDS;
            while expired == FIELDS && *budget > 0 {
                expired = state.expire_fields(db, key, FIELDS);
                *budget = budget.saturating_sub(expired as u64);
            }
        }
        if sample.is_acceptable(effort) {
            break;
        }
    }
    seen
}

/// Some entries that were looked at.
#[derive(Default)]
struct Sample {
    /// What it cost: a bucket that holds nothing costs as well.
    steps: u64,
    looked: u64,
    stale: Vec<Box<[u8]>>,
    /// The keys of all, where somebody wants to see them.
    keys: Vec<Box<[u8]>>,
    /// All there is was looked at, from the cursor on.
    at_end: bool,
}

impl Sample {
    /// Scans from `cursor` on until `size` entries were looked at, or very many buckets without any.
    fn take(
        cursor: &mut u64,
        size: u64,
        shown: bool,
        scan: impl Fn(u64, &mut dyn FnMut(&Entry)) -> u64,
        is_stale: impl Fn(&Entry) -> bool,
    ) -> Sample {
        const BUCKETS_FOR_AN_ENTRY: u64 = 20;
        let mut sample = Sample::default();
        while sample.looked < size && sample.steps < size * BUCKETS_FOR_AN_ENTRY && !sample.at_end {
            sample.steps += 1;
            *cursor = scan(*cursor, &mut |entry| {
                sample.steps += 1;
                sample.looked += 1;
                if is_stale(entry) {
                    sample.stale.push(entry.key().into());
                }
                if shown {
                    sample.keys.push(entry.key().into());
                }
            });
            sample.at_end = *cursor == 0;
        }
        sample
    }

    fn is_acceptable(&self, effort: Effort) -> bool {
        self.stale.len() as u64 * 100 <= self.looked * effort.acceptable
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use crate::event::{Event, Gone};
    use std::format;

    fn keys(server: &mut Server) -> u64 {
        server.run("DBSIZE").trim_start_matches("(integer) ").parse().unwrap()
    }

    fn fill(server: &mut Server, count: u32) {
        (0..count).for_each(|n| drop(server.run(&format!("SET key:{n} v PX 1000"))));
    }

    /// A clock that stands still while the node works: what a slice removes is counted, not timed.
    #[test]
    fn a_slice_removes_a_bounded_number_and_the_next_is_soon() {
        let mut server = Server::new();
        fill(&mut server, 20_000);
        server.advance(1000);
        let (mut left, mut slices) = (keys(&mut server), 0);
        while left > 0 {
            let wait = server.wait();
            assert!(wait <= if slices > 0 && left > 2000 { 1 } else { 100 }, "{left} left, {wait} ms");
            let now = keys(&mut server);
            // The bucket with which a slice ends may hold some more.
            assert!(left - now <= super::SLICE + 200, "{}", left - now);
            (left, slices) = (now, slices + u32::from(now < left));
        }
        assert!(slices >= 8, "{slices}");
    }

    #[test]
    fn more_effort_removes_more_at_once() {
        let after = |effort: u32| {
            let mut server = Server::with(&format!("active-expire-effort {effort}"));
            fill(&mut server, 20_000);
            server.advance(1000);
            (0..3).for_each(|_| _ = server.wait());
            keys(&mut server)
        };
        let (little, much) = (after(1), after(10));
        assert!(20_000 - much > (20_000 - little) * 3 / 2, "{little} left, and {much}");
    }

    #[test]
    fn with_few_stale_keys_a_slice_is_content() {
        let mut server = Server::new();
        (0..5000).for_each(|n| drop(server.run(&format!("SET stays:{n} v EX 1000"))));
        fill(&mut server, 50);
        server.advance(1000);
        server.watch();
        server.events();
        server.wait();
        let looked: usize = server
            .events()
            .iter()
            .map(|event| if let Event::Sampled { keys, .. } = event { keys.len() } else { 0 })
            .sum();
        assert!((1..200).contains(&looked), "{looked}");
    }

    #[test]
    fn what_was_sampled_and_is_stale_is_what_is_removed_next() {
        let mut server = Server::new();
        fill(&mut server, 100);
        server.advance(2000);
        server.watch();
        server.events();
        server.wait();
        let events = server.events();
        let mut removed = 0;
        for (at, event) in events.iter().enumerate() {
            let Event::Sampled { db: 0, keys, stale } = event else { continue };
            let next = &events[at + 1..at + 1 + *stale as usize];
            assert!(next.iter().all(|event| matches!(event,
                Event::Removed { db: 0, key, why: Gone::ExpiredActively } if keys.contains(key))));
            removed += stale;
        }
        assert_eq!(removed, 100);
    }

    #[test]
    fn the_slower_the_ticks_the_longer_what_expired_stays() {
        let mut server = Server::with("hz 1");
        fill(&mut server, 100);
        server.advance(1000);
        assert_eq!(server.run("DEBUG SET-ACTIVE-EXPIRE 0").split(' ').next(), Some("(error)"));
        let mut waited = 0;
        while keys(&mut server) > 0 {
            waited += server.wait();
        }
        assert!(waited <= 1000, "{waited}");
        assert!(server.run("INFO stats").contains("expired_keys:100"));
    }
}
