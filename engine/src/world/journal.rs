//! The recording of a world: what was done to it and when, so that every moment can be visited again and left
//! another way.
//!
//! ```text
//!   main    ──●────c────●──────c──────●────c──┐ end          ● action   c checkpoint, a clone of the world
//!   main·2            └──●─────c─────┐ end                   acting in the past forks a branch
//! ```
//! Between checkpoints the journal is replayed: the world is deterministic, so nothing else needs to be kept. There
//! are only so many checkpoints, and only so many bytes in them; where one too many is made, the one whose absence
//! costs least is dropped.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::World;
use super::predicate::Events;
use super::scenario::{PRESETS, Scenario};
use super::script::{Action, LONGEST, ScriptError, Span, span};
use super::trace::Happened;
use super::witness::Goal;
use crate::base::time::Duration;

/// An action and the moment at which it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Duration,
    pub action: Action,
}

/// One course of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    pub name: String,
    /// Where it left which other branch.
    pub parent: Option<Fork>,
    pub journal: Vec<Entry>,
    /// How far it has been played, or is to be.
    pub end: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    pub branch: usize,
    pub at: Duration,
    /// Entries that both have.
    pub entries: usize,
}

#[derive(Clone)]
struct Checkpoint {
    branch: usize,
    /// Entries of the journal that had been done.
    done: usize,
    world: World,
}

/// A world with its past and its branches.
#[derive(Clone)]
pub struct History {
    scenario: Scenario,
    seed: u64,
    world: World,
    branches: Vec<Branch>,
    branch: usize,
    /// Entries of this branch's journal that have been done.
    done: usize,
    checkpoints: Vec<Checkpoint>,
    /// Events of this branch without a gap, whether the world is already there or still has them before it.
    events: Vec<Happened>,
    /// The number of the first of them.
    first: u64,
    refused: Vec<ScriptError>,
}

/// Between two checkpoints, in [`World::work`]: a few milliseconds of replaying.
const SPACING: u64 = 4000;
/// What is costly to keep is kept less often: more work between two checkpoints for so many bytes in each.
const BYTES_PER_WORK: u64 = 256;
const CHECKPOINTS: usize = 48;
/// What all checkpoints may hold, and one that is worth making, in bytes: cloning this much takes a page about ten
/// milliseconds, beside what else there is to do in a frame.
const CHECKPOINT_BYTES: usize = 96 << 20;
const LARGEST_CHECKPOINT: usize = 3 << 20;
/// What a checkpoint takes beside the nodes' data.
const CHECKPOINT_BASE: usize = 1 << 20;
/// Events kept at least, once there are so many, and how many are forgotten at once: freeing them takes its time, too.
const EVENTS: usize = 30_000;
const FORGOTTEN: usize = 8192;
const BRANCHES: usize = 64;
/// Longest script, in lines.
const LINES: usize = 10_000;

impl History {
    /// A world at its first moment.
    ///
    /// # Panics
    /// A configuration of the scenario can't be taken; those that come with us can.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let world = World::new(scenario, seed).unwrap_or_else(|why| panic!("{}: {why}", scenario.name));
        History::of(scenario, seed, world)
    }

    /// The same, with a witness of goals: see [`World::watch`].
    ///
    /// # Errors
    /// The scenario does not start, or a goal names a node that is not there.
    pub fn watched(scenario: &Scenario, seed: u64, goals: &[Goal]) -> Result<Self, ScriptError> {
        let mut world = World::new(scenario, seed).map_err(|why| ScriptError::new(&scenario.name, why))?;
        world.watch(goals)?;
        Ok(History::of(scenario, seed, world))
    }

    fn of(scenario: &Scenario, seed: u64, world: World) -> Self {
        let main = Branch { name: "main".to_owned(), parent: None, journal: Vec::new(), end: Duration::ZERO };
        let mut history = History {
            scenario: scenario.clone(),
            seed,
            world,
            branches: vec![main],
            branch: 0,
            done: 0,
            checkpoints: Vec::new(),
            events: Vec::new(),
            first: 0,
            refused: Vec::new(),
        };
        history.collect();
        history.add_checkpoint();
        history
    }

    pub fn world(&self) -> &World {
        &self.world
    }
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// Where we are, since the world began.
    pub fn now(&self) -> Duration {
        self.world.now()
    }
    /// How far this branch has been played.
    pub fn end(&self) -> Duration {
        self.branches[self.branch].end
    }
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }
    /// Which of them we are on.
    pub fn branch(&self) -> usize {
        self.branch
    }
    /// What was done, and will be, on this branch.
    pub fn journal(&self) -> &[Entry] {
        &self.branches[self.branch].journal
    }
    /// Entries of the journal that have been done: those before this moment, and some at it.
    pub fn done(&self) -> usize {
        self.done
    }
    /// Whether the journal goes on after this moment.
    pub fn is_in_the_past(&self) -> bool {
        self.done < self.journal().len() || self.now() < self.end()
    }

    /// What happened until now: the latest events, oldest first. Of earlier ones only the hash is kept.
    pub fn trace(&self) -> &[Happened] {
        &self.events[..self.here()]
    }
    /// What is known to happen after this moment, if nobody interferes.
    pub fn future(&self) -> &[Happened] {
        &self.events[self.here()..]
    }
    /// Of all that happened until now.
    pub fn trace_hash(&self) -> u64 {
        self.world.trace_hash()
    }

    /// Plays on to a moment, in at most `budget` steps; whether it was reached. A budget keeps a frame short: the next
    /// call goes on.
    pub fn advance(&mut self, to: Duration, budget: usize) -> bool {
        let mut budget = budget;
        loop {
            let entry = self.journal().get(self.done).filter(|entry| entry.at <= to).cloned();
            let target = entry.as_ref().map_or(to, |entry| entry.at);
            // In slices, so that checkpoints are made on the way.
            let mut slice = budget.min(SLICE);
            let slice_before = slice;
            let reached = self.world.run_to(target, &mut slice);
            budget -= slice_before - slice;
            self.collect();
            match (reached, entry) {
                (true, Some(entry)) => self.redo(&entry),
                (true, None) => {
                    let now = self.now();
                    let branch = &mut self.branches[self.branch];
                    branch.end = branch.end.max(now);
                    return true;
                }
                (false, _) => {
                    self.consider_checkpoint();
                    if budget == 0 {
                        let now = self.now();
                        let branch = &mut self.branches[self.branch];
                        branch.end = branch.end.max(now);
                        return false;
                    }
                }
            }
        }
    }

    /// To the next moment at which something happens; whether there was one.
    pub fn step(&mut self) -> bool {
        let before = self.world.trace_count();
        for _ in 0..MOMENTS {
            let Some(next) = self.next_moment() else { return false };
            self.advance(next, usize::MAX);
            if self.world.trace_count() > before {
                return true;
            }
        }
        false
    }

    /// To the last moment before this one at which something happened; whether there was one.
    pub fn back(&mut self) -> bool {
        let now = self.now();
        let last_before = |history: &History| history.trace().iter().rev().map(|event| event.at).find(|at| *at < now);
        let mut target = last_before(self);
        if target.is_none() && self.first > 0 {
            // The events before this one have been forgotten: play them again.
            self.rewind(Duration::from_micros(now.micros().saturating_sub(1)));
            self.first = self.world.trace_count();
            self.events.clear();
            self.advance(Duration::from_micros(now.micros().saturating_sub(1)), usize::MAX);
            target = last_before(self);
        }
        if let Some(at) = target {
            self.seek(at);
        }
        target.is_some()
    }

    /// To any moment of this branch, or beyond its end.
    pub fn seek(&mut self, to: Duration) {
        self.rewind(to);
        self.advance(to, usize::MAX);
    }

    /// To the nearest checkpoint at or before a moment, from which [`History::advance`] gets there; or nowhere, where
    /// we are nearer.
    pub fn rewind(&mut self, to: Duration) {
        let Some(nearest) = self.nearest_checkpoint(to) else { return };
        if self.now() <= to && self.checkpoints[nearest].world.work() <= self.world.work() {
            return;
        }
        self.return_to(nearest);
    }

    /// Takes over another course of events, up to `to`: what was done here that is not in it is undone, and the rest of it
    /// is still to come. This is no fork, and for a history without any: the course it had is forgotten.
    pub fn follow(&mut self, journal: Vec<Entry>, to: Duration) {
        debug_assert_eq!(self.branches.len(), 1);
        let same = self.journal().iter().zip(&journal).take_while(|(own, other)| own == other).count();
        let first_others = self.journal().get(same).into_iter().chain(journal.get(same)).map(|entry| entry.at).min();
        self.branches[0].journal = journal;
        self.branches[0].end = to;
        let Some(differs) = first_others else { return };
        let is_common = |done: usize, now: Duration| done <= same && now <= differs;
        self.checkpoints.retain(|it| is_common(it.done, it.world.now()));
        if !is_common(self.done, self.now())
            && let Some(nearest) = self.nearest_checkpoint(differs)
        {
            self.return_to(nearest);
        }
        let here = self.here();
        self.events.truncate(here);
    }

    /// To a checkpoint of this branch.
    fn return_to(&mut self, checkpoint: usize) {
        self.restore(checkpoint);
        let count = self.world.trace_count();
        if count < self.first || count > self.first + self.events.len() as u64 {
            self.first = count;
            self.events.clear();
        }
    }

    /// Does something now. In the past a new branch begins; the old future can still be chosen.
    ///
    /// # Errors
    /// It names what is not there or makes no sense now: then nothing has happened. An event that is waited for and
    /// does not come is an error as well, after the wait.
    pub fn act(&mut self, action: Action) -> Result<(), ScriptError> {
        let now = self.now();
        // All that happens at this moment by itself comes before what is done at it.
        self.advance(now, usize::MAX);
        match &action {
            Action::Advance(span) => {
                self.advance(now + *span, usize::MAX);
                return Ok(());
            }
            Action::Until { event, times, limit } => return self.run_until(event, *times, now + *limit),
            _ => {}
        }
        let is_past = self.is_in_the_past();
        let here = self.here();
        self.world.apply(&action)?;
        self.events.truncate(here);
        if is_past {
            self.fork();
        }
        let branch = &mut self.branches[self.branch];
        branch.journal.push(Entry { at: now, action });
        branch.end = now;
        self.done = branch.journal.len();
        self.collect();
        Ok(())
    }

    /// To another branch, at the moment at which we are or at its end.
    pub fn switch(&mut self, branch: usize) {
        if branch == self.branch || branch >= self.branches.len() {
            return;
        }
        let to = self.now().min(self.branches[branch].end);
        self.branch = branch;
        let Some(nearest) = self.nearest_checkpoint(to) else { return };
        self.restore(nearest);
        self.first = self.world.trace_count();
        self.events.clear();
        self.advance(to, usize::MAX);
    }

    /// This branch as text: scenario, seed, and an action a line, each with the time since the one before.
    pub fn to_script(&self) -> String {
        let mut text = script(&self.scenario.name, self.seed, self.journal(), self.end());
        if self.now() < self.end() {
            text.push_str(&format!("!at {}\n", Span(self.now())));
        }
        text
    }

    /// Plays a script, to its end or to where it says `!at`.
    ///
    /// # Errors
    /// The line and the word that are wrong.
    pub fn from_script(text: &str) -> Result<History, ScriptError> {
        History::played(History::open(text)?)
    }

    /// The same, with a witness of goals.
    ///
    /// # Errors
    /// The line and the word that are wrong, in the script or in a goal.
    pub fn from_script_watched(text: &str, goals: &[Goal]) -> Result<History, ScriptError> {
        let script = Script::parse(text)?;
        let history = History::watched(&script.scenario, script.seed, goals)?;
        History::played(history.with(script)?)
    }

    fn played((mut history, at): (History, Duration)) -> Result<History, ScriptError> {
        history.seek(history.end());
        history.seek(at);
        match history.refused.pop() {
            Some(refused) => Err(refused),
            None => Ok(history),
        }
    }

    /// Reads a script, without playing it: the history stands at its beginning with everything still to come, so that
    /// it can be advanced within a frame's budget. Also gives the moment at which its author stood. (A script that waits
    /// for events has to be played as far as its last wait.)
    ///
    /// # Errors
    /// The line and the word that are wrong.
    pub fn open(text: &str) -> Result<(History, Duration), ScriptError> {
        let script = Script::parse(text)?;
        History::new(&script.scenario, script.seed).with(script)
    }

    /// With all of a script still to come.
    fn with(mut self, script: Script) -> Result<(History, Duration), ScriptError> {
        let mut at = Duration::ZERO;
        for (line, wait, action) in script.lines {
            at = at + wait;
            if at > LONGEST {
                return Err(ScriptError::new("", "the script lasts longer than a day").in_line(line));
            }
            match action {
                None => {}
                Some(Action::Advance(span)) => at = at + span,
                Some(action @ Action::Until { .. }) => {
                    self.seek(at);
                    self.act(action).map_err(|error| error.in_line(line))?;
                    at = self.now();
                }
                Some(action) => self.branches[0].journal.push(Entry { at, action }),
            }
            self.branches[0].end = self.branches[0].end.max(at);
        }
        Ok((self, script.at.unwrap_or(at).min(at)))
    }

    /// Actions of an opened script that could not be done when their time came.
    pub fn refused(&self) -> &[ScriptError] {
        &self.refused
    }

    fn run_until(&mut self, event: &Events, times: u32, deadline: Duration) -> Result<(), ScriptError> {
        let node = match &event.node {
            None => None,
            Some(name) => match self.world.party_named(name)? {
                super::trace::Party::Node(node) => Some(node),
                super::trace::Party::Client(_) => return Err(ScriptError::new(name, "this is a client, not a node")),
            },
        };
        let mut missing = times;
        while let Some(next) = self.next_moment().filter(|next| *next <= deadline) {
            let before = self.here();
            let first = self.first;
            self.advance(next, usize::MAX);
            let before = before.saturating_sub((self.first - first) as usize);
            let found = self.trace()[before..].iter().filter(|happened| event.matches(happened, node)).count();
            missing = missing.saturating_sub(found as u32);
            if missing == 0 {
                return Ok(());
            }
        }
        self.advance(deadline, usize::MAX);
        Err(ScriptError::new(&event.to_string(), format!("did not happen until {}", Span(deadline))))
    }

    /// When something is due or done next.
    fn next_moment(&self) -> Option<Duration> {
        let entry = self.journal().get(self.done).map(|entry| entry.at);
        self.world.next().into_iter().chain(entry).min()
    }

    fn redo(&mut self, entry: &Entry) {
        if let Err(error) = self.world.apply(&entry.action) {
            // Only a script that was opened, not played, can say what makes no sense.
            self.refused.push(error);
            self.branches[self.branch].journal.remove(self.done);
        } else {
            self.done += 1;
        }
        self.collect();
    }

    /// Where in the events the world is.
    fn here(&self) -> usize {
        (self.world.trace_count() - self.first) as usize
    }

    /// Takes what just happened from the world.
    fn collect(&mut self) {
        for happened in self.world.take_events() {
            let known = self.first + self.events.len() as u64;
            if happened.id < known {
                debug_assert_eq!(
                    self.events[(happened.id - self.first) as usize],
                    happened,
                    "a replay went another way"
                );
            } else {
                debug_assert_eq!(happened.id, known);
                self.events.push(happened);
            }
        }
        if self.events.len() > EVENTS + FORGOTTEN && self.here() > EVENTS {
            let forget = self.here() - EVENTS;
            self.events.drain(..forget);
            self.first += forget as u64;
        }
    }

    fn fork(&mut self) {
        let fork = Fork { branch: self.branch, at: self.now(), entries: self.done };
        let journal = self.journal()[..self.done].to_vec();
        if self.branches.len() == BRANCHES {
            // The oldest branch that no other one comes from makes room; its number is used again.
            let is_parent =
                |index: usize| self.branches.iter().any(|b| b.parent.is_some_and(|fork| fork.branch == index));
            let free = (0..BRANCHES).find(|&index| index != self.branch && !is_parent(index));
            if let Some(free) = free {
                self.checkpoints.retain(|checkpoint| checkpoint.branch != free);
                self.branches[free] =
                    Branch { name: format!("main·{}", free + 1), parent: Some(fork), journal, end: fork.at };
                self.branch = free;
            }
            return;
        }
        let name = format!("main·{}", self.branches.len() + 1);
        self.branches.push(Branch { name, parent: Some(fork), journal, end: fork.at });
        self.branch = self.branches.len() - 1;
    }

    /// The last checkpoint of this branch at or before a moment.
    fn nearest_checkpoint(&self, to: Duration) -> Option<usize> {
        let fit = |checkpoint: &Checkpoint| self.goes_through(checkpoint) && checkpoint.world.now() <= to;
        (0..self.checkpoints.len())
            .filter(|&index| fit(&self.checkpoints[index]))
            .max_by_key(|&index| self.checkpoints[index].world.work())
    }

    fn restore(&mut self, checkpoint: usize) {
        let Checkpoint { done, world, .. } = &self.checkpoints[checkpoint];
        self.world = world.clone();
        self.done = *done;
    }

    /// The checkpoints that this branch goes through.
    fn checkpoints_here(&self) -> impl Iterator<Item = &Checkpoint> {
        self.checkpoints.iter().filter(|checkpoint| self.goes_through(checkpoint))
    }

    fn goes_through(&self, checkpoint: &Checkpoint) -> bool {
        let (mut branch, mut at, mut entries) = (self.branch, Duration::from_micros(u64::MAX), usize::MAX);
        while branch != checkpoint.branch {
            let Some(fork) = self.branches[branch].parent else { return false };
            branch = fork.branch;
            at = at.min(fork.at);
            entries = entries.min(fork.entries);
        }
        checkpoint.world.now() <= at && checkpoint.done <= entries
    }

    fn consider_checkpoint(&mut self) {
        let work = self.world.work();
        let spacing = SPACING.max(self.world.memory() as u64 / BYTES_PER_WORK);
        let nearest = self.checkpoints_here().map(|checkpoint| checkpoint.world.work().abs_diff(work)).min();
        if nearest.is_none_or(|distance| distance >= spacing) && self.world.memory() <= LARGEST_CHECKPOINT {
            self.add_checkpoint();
        }
    }

    fn add_checkpoint(&mut self) {
        self.checkpoints.push(Checkpoint { branch: self.branch, done: self.done, world: self.world.clone() });
        let bytes = |checkpoints: &[Checkpoint]| -> usize {
            checkpoints.iter().map(|checkpoint| CHECKPOINT_BASE + checkpoint.world.memory()).sum()
        };
        while self.checkpoints.len() > CHECKPOINTS || bytes(&self.checkpoints) > CHECKPOINT_BYTES {
            let Some(victim) = self.least_useful() else { break };
            self.checkpoints.remove(victim);
        }
    }

    /// The checkpoint without which the longest replay grows least; never the first, from which all begins.
    fn least_useful(&self) -> Option<usize> {
        (1..self.checkpoints.len()).min_by_key(|&index| {
            let this = &self.checkpoints[index];
            let neighbours = self.checkpoints.iter().filter(|other| other.branch == this.branch || other.branch == 0);
            let (mut before, mut after) = (0, None::<u64>);
            for other in neighbours.map(|other| other.world.work()) {
                if other < this.world.work() {
                    before = before.max(other);
                } else if other > this.world.work() {
                    after = Some(after.map_or(other, |after| after.min(other)));
                }
            }
            let gap = after.unwrap_or(this.world.work() + SPACING) - before;
            // Other branches are visited seldom.
            if this.branch == self.branch { gap } else { gap / 4 }
        })
    }
}

/// Steps between two looks at whether a checkpoint is due.
const SLICE: usize = 500;
/// Moments without any event that [`History::step`] passes over.
const MOMENTS: usize = 100_000;

/// What was done to a world, as text that [`History::from_script`] plays.
pub fn script(scenario: &str, seed: u64, journal: &[Entry], end: Duration) -> String {
    let mut text = format!("!scenario {scenario}\n!seed {seed}\n");
    let mut before = Duration::ZERO;
    let wait =
        |before: Duration, at: Duration| format!("+{}", Span(Duration::from_micros(at.micros() - before.micros())));
    for Entry { at, action } in journal {
        match *at == before {
            true => text.push_str(&format!("{action}\n")),
            false => text.push_str(&format!("{} {action}\n", wait(before, *at))),
        }
        before = *at;
    }
    if end > before {
        text.push_str(&format!("{}\n", wait(before, end)));
    }
    text
}

/// A script as it is written.
struct Script {
    scenario: Scenario,
    seed: u64,
    /// Line, time since the one before, what is done.
    lines: Vec<(usize, Duration, Option<Action>)>,
    at: Option<Duration>,
}

impl Script {
    fn parse(text: &str) -> Result<Script, ScriptError> {
        let mut script = Script { scenario: Scenario::single(), seed: 1, lines: Vec::new(), at: None };
        for (index, line) in text.lines().enumerate() {
            if index >= LINES {
                return Err(ScriptError::new("", format!("a script has at most {LINES} lines")).in_line(index + 1));
            }
            script.line(index + 1, line.trim()).map_err(|error| error.in_line(index + 1))?;
        }
        Ok(script)
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), ScriptError> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if let Some(name) = directive(line, "!scenario") {
            self.scenario = Scenario::preset(name)
                .ok_or_else(|| ScriptError::new(name, format!("no such scenario; there are {}", PRESETS.join(", "))))?;
            return Ok(());
        }
        if let Some(seed) = directive(line, "!seed") {
            self.seed = seed.parse().map_err(|_| ScriptError::new(seed, "a seed is a whole number"))?;
            return Ok(());
        }
        if let Some(at) = directive(line, "!at") {
            self.at = Some(span(at)?);
            return Ok(());
        }
        let Some(rest) = line.strip_prefix('+') else {
            self.lines.push((number, Duration::ZERO, Some(Action::parse(line)?)));
            return Ok(());
        };
        let (wait, action) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let action = match action.trim() {
            "" => None,
            action => Some(Action::parse(action)?),
        };
        self.lines.push((number, span(wait)?, action));
        Ok(())
    }
}

fn directive<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(name)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim())
}
