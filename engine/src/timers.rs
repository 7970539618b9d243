//! What happens by itself: one table of timers, each a bounded step.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::base::time::{Duration, Time};
use crate::event::Gone;
use crate::keyspace::{Entry, ValueRef};
use crate::room;
use crate::state::State;

pub struct Timer {
    pub name: &'static str,
    /// How long after the last run.
    pub every: fn(&State) -> Duration,
    pub run: fn(&mut State),
}

pub const TIMERS: &[Timer] = &[
    Timer { name: "expire cycle", every: tick, run: expire_cycle },
    Timer { name: "clients", every: |_| Duration::from_seconds(1), run: check_clients },
    Timer { name: "free", every: free_soon, run: free_some },
    Timer { name: "room", every: room_soon, run: make_room },
];

fn tick(state: &State) -> Duration {
    Duration::from_micros(1_000_000 / state.config.hz.max(1) as u64)
}

fn free_soon(state: &State) -> Duration {
    if state.lazyfree_pending() == 0 { tick(state) } else { Duration::from_millis(1) }
}

/// When each timer is due.
#[derive(Clone, Debug, Default)]
pub struct Due([Time; TIMERS.len()]);

impl Due {
    /// When the first is due, as things are now.
    pub fn next(&self, state: &State) -> Time {
        let due = TIMERS.iter().zip(&self.0).map(|(timer, &due)| due.min(state.now + (timer.every)(state)));
        due.min().unwrap_or(Time::MAX)
    }

    /// Runs the timers whose time has come.
    pub fn run(&mut self, state: &mut State) {
        for (timer, due) in TIMERS.iter().zip(&mut self.0) {
            let every = (timer.every)(state);
            // A clock that was set back must not leave a timer waiting for the old time.
            if *due <= state.now || *due > state.now + every {
                (timer.run)(state);
                *due = state.now + (timer.every)(state);
            }
        }
    }
}

/// Keys looked at per second and step of `active-expire-effort`: the most that expiry may cost.
const EXPIRE_BUDGET: u64 = 400_000;
/// Keys looked at before asking whether it is worth going on.
const EXPIRE_SAMPLE: u64 = 20;
/// Fields of one hash that expire before others have their turn.
const EXPIRE_FIELDS: usize = 100;

/// Removes keys and fields of hashes whose time has passed.
fn expire_cycle(state: &mut State) {
    if state.pause.is_some() || !state.active_expire {
        return;
    }
    let effort = state.config.active_expire_effort as u64;
    let mut budget = EXPIRE_BUDGET * (1 + effort) / 2 / state.config.hz as u64;
    state.stats.expire_cycles += 1;
    for db in 0..state.keyspace.databases() {
        expire_keys(state, db, &mut budget);
        expire_fields(state, db, &mut budget);
    }
}

/// Looks at some of the keys that have an expiry, and goes on while more than a tenth of what it looks at is stale.
fn expire_keys(state: &mut State, db: usize, budget: &mut u64) {
    while *budget > 0 && state.keyspace.db(db).expires_len() > 0 {
        let (database, now) = (state.keyspace.db(db), state.now);
        let is_stale = |entry: &Entry| entry.expiry().is_some_and(|expiry| expiry <= now);
        let scan = |cursor, f: &mut dyn FnMut(&Entry)| database.expires_scan(cursor, f);
        let (looked, stale) = look_for_stale(&mut state.expire_cursors[db], *budget, scan, is_stale);
        *budget = budget.saturating_sub(looked);
        for key in &stale {
            state.remove_expired(db, key, Gone::ExpiredActively);
        }
        if stale.len() as u64 * 10 <= looked {
            break;
        }
    }
}

/// Does likewise with the hashes that have fields with an expiry.
fn expire_fields(state: &mut State, db: usize, budget: &mut u64) {
    while *budget > 0 && state.keyspace.db(db).partly_expiring_len() > 0 {
        let (database, now) = (state.keyspace.db(db), state.now);
        let is_stale = |entry: &Entry| match entry.value() {
            ValueRef::Hash(hash) => hash.next_expiry().is_some_and(|expiry| expiry <= now),
            _ => false,
        };
        let scan = |cursor, f: &mut dyn FnMut(&Entry)| database.partly_expiring_scan(cursor, f);
        let (looked, stale) = look_for_stale(&mut state.field_cursors[db], *budget, scan, is_stale);
        *budget = budget.saturating_sub(looked);
        for key in &stale {
            let mut expired = EXPIRE_FIELDS;
            while expired == EXPIRE_FIELDS && *budget > 0 {
                expired = state.expire_fields(db, key, EXPIRE_FIELDS);
                *budget = budget.saturating_sub(expired as u64);
            }
        }
        if stale.len() as u64 * 10 <= looked {
            break;
        }
    }
}

type Keys = Vec<Box<[u8]>>;

/// Scans from `cursor` on for entries that are stale: how many steps that took, and their keys.
fn look_for_stale(
    cursor: &mut u64,
    budget: u64,
    scan: impl Fn(u64, &mut dyn FnMut(&Entry)) -> u64,
    is_stale: impl Fn(&Entry) -> bool,
) -> (u64, Keys) {
    let (mut looked, mut stale) = (0, Keys::new());
    while looked < EXPIRE_SAMPLE.min(budget) {
        // A bucket that holds nothing costs as well.
        looked += 1;
        *cursor = scan(*cursor, &mut |entry| {
            looked += 1;
            if is_stale(entry) {
                stale.push(entry.key().into());
            }
        });
        if *cursor == 0 {
            break;
        }
    }
    (looked, stale)
}

/// Ends clients that have been idle too long, or that have left too much unread for too long.
fn check_clients(state: &mut State) {
    let timeout = Duration::from_seconds(state.config.timeout as u64);
    let limits = state.config.client_output_buffer_limit;
    for conn in state.clients.conns() {
        let Some(client) = state.clients.get_mut(conn) else { continue };
        let limit = if client.is_subscriber() { limits.pubsub } else { limits.normal };
        let waiting = client.output.unsent().len() as u64;
        if limit.soft == 0 || waiting <= limit.soft {
            client.over_soft_limit = None;
        } else if state.now.since(*client.over_soft_limit.get_or_insert(state.now))
            >= Duration::from_seconds(limit.seconds)
        {
            state.stats.output_limit_disconnections += 1;
            client.closing = Some("output buffer limit");
            state.clients.written.push(conn);
            continue;
        }
        let exempt = client.is_subscriber() || client.is_waiting() || client.monitor;
        if timeout > Duration::ZERO && !exempt && state.now.since(client.last_interaction) > timeout {
            client.closing = Some("timeout");
            state.clients.written.push(conn);
        }
    }
}

fn room_soon(state: &State) -> Duration {
    if state.making_room { Duration::from_millis(1) } else { tick(state) }
}

/// Goes on making room, and lets those go on who waited for it.
fn make_room(state: &mut State) {
    let waited = state.making_room;
    state.peak_memory = state.peak_memory.max(state.memory());
    room::make(state);
    if waited && !state.making_room && state.pause.is_none() {
        state.resume_postponed();
    }
}

/// Frees a bounded part of what was flushed, removed or overwritten.
fn free_some(state: &mut State) {
    let before = state.lazyfree_pending();
    match state.remains.last_mut() {
        Some(remains) => {
            if remains.free(FREE_STEP) {
                state.remains.pop();
            }
        }
        None => state.keyspace.free_doomed(FREE_STEP),
    }
    state.stats.lazyfreed_objects += (before - state.lazyfree_pending()) as u64;
}

/// Entries, or pieces of values, freed in one step.
const FREE_STEP: usize = 10_000;
