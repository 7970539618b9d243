//! What happens by itself: one table of timers, each a bounded step.

use crate::base::time::{Duration, Time};
use crate::defrag;
use crate::expiry;
use crate::room;
use crate::state::State;

pub struct Timer {
    pub name: &'static str,
    /// How long after the last run.
    pub every: fn(&State) -> Duration,
    pub run: fn(&mut State),
}

pub const TIMERS: &[Timer] = &[
    Timer { name: "expire cycle", every: expiry::next_slice, run: expiry::slice },
    Timer { name: "clients", every: |_| Duration::from_seconds(1), run: check_clients },
    Timer { name: "free", every: free_soon, run: free_some },
    Timer { name: "room", every: room_soon, run: make_room },
    Timer { name: "defrag", every: defrag::next_step, run: defrag::step },
];

fn free_soon(state: &State) -> Duration {
    if state.lazyfree_pending() == 0 { state.tick() } else { Duration::from_millis(1) }
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

/// Ends clients that have been idle too long, or that have left too much unread for too long.
fn check_clients(state: &mut State) {
    let timeout = Duration::from_seconds(state.config.timeout as u64);
    let limits = state.config.client_output_buffer_limit;
    for conn in state.clients.conns() {
        let Some(client) = state.clients.get_mut(conn) else { continue };
        let limit = if client.is_subscriber() { limits.pubsub } else { limits.normal };
        let waiting = client.output.unsent() as u64;
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
    if state.making_room { Duration::from_millis(1) } else { state.tick() }
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
const FREE_STEP: usize = 5_000;
