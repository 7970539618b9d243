//! A lesson in the engine's world: its set-up, its goals, and lines played as the page plays them.

use kvarium_engine::base::time::Duration;
use kvarium_engine::world::journal::History;
use kvarium_engine::world::predicate::{Predicate, Truth};
use kvarium_engine::world::scenario::Scenario;
use kvarium_engine::world::script::{Action, ScriptError};
use kvarium_engine::world::witness::Goal;

use crate::{Lesson, Step};

/// Simulated time in which a reply is waited for.
pub const PATIENCE: Duration = Duration::from_seconds(5);

impl Lesson {
    /// The lesson's world with its set-up behind it, and with a witness of the goals, one for each step.
    ///
    /// # Errors
    /// A check that is no predicate, or a line of the set-up that can't be played.
    pub fn begin(&self) -> Result<History, ScriptError> {
        let scenario = Scenario::preset(&self.scenario)
            .ok_or_else(|| ScriptError::new(&self.scenario, "there is no such scenario"))?;
        let mut history = History::watched(&scenario, self.seed.into(), &self.goals()?)?;
        self.run.iter().try_for_each(|line| play(&mut history, line))?;
        history.act(Action::Begin)?;
        Ok(history)
    }

    /// Goes on where a script of this lesson ends.
    ///
    /// # Errors
    /// It is a script of something else, or can't be played.
    pub fn resume(&self, script: &str) -> Result<History, ScriptError> {
        let begun = self.begin()?.to_script();
        if !script.starts_with(&begun) {
            return Err(ScriptError::new(&self.id, "the script has another set-up"));
        }
        History::from_script_watched(script, &self.goals()?)
    }

    fn goals(&self) -> Result<Vec<Goal>, ScriptError> {
        self.steps.iter().map(Step::goal).collect()
    }

    /// Whether every goal has been reached.
    pub fn is_done(&self, history: &History) -> bool {
        let witness = history.world().witness();
        witness.is_some_and(|witness| (0..self.steps.len()).all(|step| witness.reached(step).is_some()))
    }
}

impl Step {
    fn goal(&self) -> Result<Goal, ScriptError> {
        let truth = self.ask.as_ref().and_then(|ask| ask.truth.as_deref());
        Ok(Goal { check: Predicate::parse(&self.check)?, truth: truth.map(Truth::parse).transpose()? })
    }
}

/// Plays a line of a script. Time moves on until every terminal has been answered, as it does in the page.
///
/// # Errors
/// The line can't be read, or not be done now.
pub fn play(history: &mut History, line: &str) -> Result<(), ScriptError> {
    history.act(Action::parse(line)?)?;
    let limit = history.now() + PATIENCE;
    while history.world().is_waiting() && history.now() < limit && history.step() {}
    Ok(())
}
