//! Active defragmentation: moves what lies in sparse pages of memory to fuller ones, so that the sparse ones become empty and go.
//!
//! While the memory that is held beside what is used is more than the thresholds allow, a timer walks over all keys, some at
//! each step, and offers their pieces of memory for moving (`Db::offer`). Where a piece lies nobody can ask, so that nothing
//! else changes. Whether it is moved is its allocator's choice, which knows how full the pages are. A step is bounded by what
//! it offers and moves, not by a clock: one percent of `active-defrag-cycle-max` is as much as takes about ten microseconds of
//! the millisecond from one step to the next.
//!
//! The parameters are Redis's, and mean the same; the defaults are not. It is on from the start, for where nothing is sparse it
//! compares two numbers at each tick, and that is all. It begins at 4 MB and 5 %, and does its utmost from 12 % on, so that a
//! full server holds no more than a fifth beyond `maxmemory` even where all that it holds is replaced within seconds. And a
//! value of more than 64 pieces is dealt with in parts: a piece may have kilobytes.

use core::mem;

use crate::base::heap::Moves;
use crate::base::time::{Duration, Time};
use crate::keyspace::Offers;
use crate::state::State;

/// From one step to the next, as long as there is something to be gained.
const BREAK: Duration = Duration::from_millis(1);
/// Where commands took longer than that, a step does more: as much as for this time at most.
const LONGEST: Duration = Duration::from_millis(2);
/// What is done in ten microseconds: a piece that stays is one, one that moves is three, and more if it is large.
const PERCENT: u64 = 100;
const MOVED: u64 = 3;
const BYTES: u64 = 500;

/// Where the walk is, and what has come of it.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// The database, where in it unless it is done, and where in the large value that comes first.
    db: usize,
    cursor: Option<u64>,
    within: u64,
    /// Since when too much memory has been sparse.
    since: Option<Time>,
    /// How long that was so before.
    before: Duration,
    /// Of a hundred parts of the time so many are spent on it.
    pub effort: u64,
    /// When the last step was, and how often the walk went on.
    last: Time,
    steps: u64,
    /// What had been moved, and had stayed, when it last came round.
    last_round: Moves,
    /// So many bytes are sparse that moving does not help, as the last round showed.
    content: u64,
    pub offers: Offers,
}

impl Walk {
    /// How long more was sparse than the thresholds allow, since it last came to that.
    pub fn current_time(&self, now: Time) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.since(since))
    }

    /// Likewise, all in all.
    pub fn total_time(&self, now: Time) -> Duration {
        self.before + self.current_time(now)
    }
}

/// How long after a step the next one is due.
pub fn next_step(state: &State) -> Duration {
    if state.defrag.effort > 0 { BREAK } else { state.tick() }
}

/// Walks on, if there is something to be gained.
pub fn step(state: &mut State) {
    let (effort, now) = (effort(state), state.now);
    let walk = &mut state.defrag;
    walk.effort = effort;
    let micros = now.since(mem::replace(&mut walk.last, now)).micros().clamp(BREAK.micros(), LONGEST.micros());
    if effort == 0 {
        walk.before = walk.total_time(now);
        walk.since = None;
        return;
    }
    walk.since.get_or_insert(now);
    let end = done(state) + effort * PERCENT * micros / BREAK.micros();
    while done(state) < end {
        walk_on(state);
        state.defrag.steps += 1;
    }
}

/// What has been done so far.
fn done(state: &State) -> u64 {
    let Walk { steps, offers: Offers { moves, .. }, .. } = &state.defrag;
    steps + moves.stayed + moves.moved * MOVED + moves.bytes / BYTES
}

/// How much of the time it is worth, in percent: nothing while no more is sparse than the lower threshold allows, or little
/// at all.
fn effort(state: &State) -> u64 {
    let config = &state.config;
    let (used, sparse) = (state.keyspace.memory() as u64, state.sparse());
    let little = config.active_defrag_ignore_bytes.0.max(state.defrag.content + state.defrag.content / 8);
    if !config.activedefrag || sparse <= little {
        return 0;
    }
    let (lower, upper) = (config.active_defrag_threshold_lower, config.active_defrag_threshold_upper);
    let (least, most) = (config.active_defrag_cycle_min, config.active_defrag_cycle_max);
    let percent = i64::try_from(sparse.saturating_mul(100) / used.max(1)).unwrap_or(i64::MAX);
    if percent < lower {
        return 0;
    }
    let above = (percent.min(upper) - lower).max(0);
    let effort = least + above * (most - least) / (upper - lower).max(1);
    effort.clamp(least.min(most), most) as u64
}

/// Goes on by a bucket of keys, or a part of a large value.
fn walk_on(state: &mut State) {
    let State { defrag: Walk { db, cursor, within, offers, .. }, keyspace, config, .. } = state;
    if let Some(large) = offers.large.pop() {
        let key = keyspace.key(&large);
        *within = keyspace.db_mut(*db).offer_value(&key, *within, offers);
        if *within != 0 {
            offers.large.push(large);
        }
        return;
    }
    if let Some(at) = *cursor {
        let next = keyspace.db_mut(*db).offer(at, config.active_defrag_max_scan_fields as usize, offers);
        *cursor = Some(next).filter(|&next| next != 0);
        return;
    }
    (*db, *cursor) = (*db + 1, Some(0));
    if *db >= keyspace.databases_used() {
        *db = 0;
        end_round(state);
    }
}

/// Where hardly anything was moved, nothing more is to be gained before more is sparse.
fn end_round(state: &mut State) {
    const FEW: u64 = 64;
    let sparse = state.sparse();
    let Walk { offers: Offers { moves, .. }, last_round, content, .. } = &mut state.defrag;
    let (moved, stayed) = (moves.moved - last_round.moved, moves.stayed - last_round.stayed);
    *content = if moved < stayed / FEW { sparse } else { 0 };
    *last_round = *moves;
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;
    use std::format;

    fn field(server: &mut Server, name: &str) -> u64 {
        let info = server.run("INFO");
        let (_, rest) = info.split_once(&format!("\\n{name}:")).expect(name);
        rest.split('\\').next().unwrap().parse().expect(name)
    }

    /// Keys of which every fourth is left, with values of all types, so that every page is sparse.
    fn sparse(settings: &str) -> Server {
        let mut server = Server::with(settings);
        for n in 0..20_000 {
            server.run(&format!("SET key:{n} {}", "x".repeat(100 + n % 50)));
            server.run(&format!("EXPIRE key:{n} 1000"));
            server.run(&format!("HSET hash:{} field:{n} {}", n / 4 % 8, "y".repeat(40)));
            server.run(&format!("ZADD zset:{} {} member:{n}", n / 4 % 8, n % 10));
        }
        for n in (0..20_000).filter(|n| n % 4 != 0) {
            server.run(&format!("DEL key:{n}"));
            server.run(&format!("HDEL hash:{} field:{n}", n / 4 % 8));
            server.run(&format!("ZREM zset:{} member:{n}", n / 4 % 8));
        }
        server
    }

    const SOON: &str = "active-defrag-ignore-bytes 10000";

    #[test]
    fn sparse_pages_become_few_and_nothing_else_changes() {
        let mut server = sparse(&format!("activedefrag no\n{SOON}"));
        let (digest, sparse) = (server.run("DEBUG DIGEST"), field(&mut server, "allocator_frag_bytes"));
        assert!(sparse > 1_000_000, "{sparse}");
        let (used, ranks) = (field(&mut server, "used_memory"), server.run("ZRANGE zset:3 0 -1"));
        server.run("CONFIG SET activedefrag yes");
        let mut waited = 0;
        while field(&mut server, "active_defrag_running") > 0 || waited == 0 {
            waited += server.wait();
            assert!(waited < 10_000, "{}", field(&mut server, "allocator_frag_bytes"));
        }
        let left = field(&mut server, "allocator_frag_bytes");
        assert!(left < sparse / 4, "{left} of {sparse}");
        assert_eq!((server.run("DEBUG DIGEST"), server.run("ZRANGE zset:3 0 -1")), (digest, ranks));
        assert!(field(&mut server, "used_memory").abs_diff(used) < 1000);
        assert!(field(&mut server, "active_defrag_key_hits") > 3000);
        assert!(field(&mut server, "total_active_defrag_time") > 0);
        // Every index leads to where the entries are now.
        server.run("CONFIG SET hz 500");
        server.advance(1_000_000);
        while field(&mut server, "expired_keys") < 5000 {
            server.wait();
        }
        assert_eq!(server.run("DBSIZE"), "(integer) 16");
    }

    #[test]
    fn where_nothing_is_sparse_nothing_is_done() {
        let mut server = Server::with(SOON);
        (0..20_000).for_each(|n| drop(server.run(&format!("SET key:{n} {}", "x".repeat(100)))));
        (0..5).for_each(|_| _ = server.wait());
        assert_eq!(field(&mut server, "active_defrag_hits") + field(&mut server, "active_defrag_misses"), 0);
    }

    #[test]
    fn a_step_is_bounded() {
        let mut server = sparse(&format!("activedefrag no\n{SOON}\nactive-defrag-cycle-max 1"));
        server.run("CONFIG SET activedefrag yes");
        let (mut before, mut steps) = (0, 0);
        for _ in 0..20 {
            server.wait();
            let done = field(&mut server, "active_defrag_hits") + field(&mut server, "active_defrag_misses");
            assert!(done - before < 3 * super::PERCENT, "{}", done - before);
            steps += u32::from(done > before);
            before = done;
        }
        assert!(steps > 10);
    }
}
