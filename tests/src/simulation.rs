//! Simulation: worlds in which workloads run, faults happen, and everything that must hold is looked at all the time.

use kvarium_digest::faults::Plan;
use kvarium_engine::base::time::Duration;
use kvarium_engine::world::World;
use kvarium_engine::world::check::{Checker, Violation};
use kvarium_engine::world::journal::{self, Entry};
use kvarium_engine::world::scenario::Scenario;
use std::fmt;

/// How one seed went.
pub struct Report {
    pub seed: u64,
    /// What was done, as a script that plays it again.
    pub script: String,
    pub trace_hash: u64,
    pub violations: Vec<Violation>,
    pub done: Done,
}

/// How much was put to the test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub actions: u64,
    pub replies: u64,
    pub unanswered: u64,
    /// Entries of a stream: added, worked on, made dead letters, and held in a crash.
    pub added: u64,
    pub processed: u64,
    pub dead: u64,
    pub lost: u64,
    /// Users of an application, those served from the cache, and queries of the database.
    pub users: u64,
    pub cached: u64,
    pub queries: u64,
    pub events: u64,
    pub checks: u64,
}

/// Between two looks at what must hold.
const LOOK: Duration = Duration::from_millis(500);

/// Plays a seed's plan, up to the first violation.
pub fn run(seed: u64) -> Report {
    let plan = Plan::new(seed);
    let scenario = Scenario::preset(plan.scenario).expect("the plan names one that is there");
    let mut world = World::new(&scenario, seed).expect("what comes with us starts");
    world.forget_events();
    let mut checker = Checker::new(&mut world);
    let mut journal: Vec<Entry> = Vec::new();
    let mut violations = Vec::new();
    let mut done = Done::default();
    let mut entries = plan.entries.iter().peekable();
    let mut now = Duration::ZERO;
    while now < plan.end && violations.is_empty() {
        now = (now + LOOK).min(plan.end);
        while let Some(entry) = entries.next_if(|entry| entry.at <= now) {
            world.play(entry.at);
            if world.apply(&entry.action).is_ok() {
                journal.push(entry.clone());
                done.actions += 1;
            }
        }
        world.play(now);
        violations = checker.check(&mut world);
        done.checks += 1;
    }
    done.events = world.trace_count();
    for load in world.loads() {
        done.replies += load.stats.replies;
        done.unanswered += load.stats.unanswered;
    }
    for worker in world.workers() {
        done.added += worker.stats.added;
        done.processed += worker.stats.processed;
        done.dead += worker.stats.dead;
        done.lost += worker.stats.lost;
    }
    for app in world.apps() {
        done.users += app.stats.users;
        done.cached += app.stats.hits + app.stats.nulls + app.stats.filtered;
        done.queries += app.stats.queries;
    }
    let script = journal::script(plan.scenario, seed, &journal, now);
    Report { seed, script, trace_hash: world.trace_hash(), violations, done }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {:?}", self.seed, self.done)?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        if !self.violations.is_empty() {
            writeln!(f, "KVARIUM_SEED={} plays it again; as a script:\n{}", self.seed, self.script)?;
        }
        Ok(())
    }
}
