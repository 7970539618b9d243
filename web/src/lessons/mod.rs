//! Lessons in the page: which there are, the one that is open, and how far one has come in it.

pub mod fetch;
pub mod list;
pub mod pane;
pub mod progress;
pub mod shortfall;

use std::rc::Rc;

use kvarium_engine::world::journal::History;
use kvarium_engine::world::witness::{Reached, Shortfall};
use kvarium_lessons::{Ask, Lesson, Listed, Prose, Step, StepProse};

use crate::catalogue::Language;
use crate::laboratory::Laboratory;
use progress::Progress;

/// What can be asked of the lessons.
#[derive(Clone, Debug)]
pub enum LessonChange {
    /// The lessons there are, each with how many of its steps have been done.
    Listed(Vec<(Listed, usize)>),
    /// A lesson has come, and where one left it.
    Opened(Rc<Lesson>, Option<Progress>),
    /// Nothing has come.
    Failed,
    TryAgain,
    Step(usize),
    /// Plays the lines that set the step up.
    SetUp,
    /// One more hint.
    Hint,
    /// An option of the step's question.
    Choose(usize),
    /// The chosen option is the answer.
    Lock,
    Reset,
    /// Puts a line into the terminal, without running it.
    Insert(String),
}

#[derive(Clone, Debug, Default)]
pub struct Lessons {
    /// Absent until they have come.
    pub list: Option<Rc<[(Listed, usize)]>>,
    pub failed: bool,
    pub open: Option<Open>,
}

/// A lesson that is being played.
#[derive(Clone, Debug)]
pub struct Open {
    pub lesson: Rc<Lesson>,
    pub step: usize,
    /// Of each step: has it ever been done?
    pub done: Vec<bool>,
    /// Of each step: how many hints have been given, and which option is chosen.
    hints: Vec<usize>,
    chosen: Vec<Option<usize>>,
}

/// A step's hints: where to look, which command, the command.
pub const HINTS: usize = 3;

impl Lessons {
    pub fn change(&mut self, change: impl FnOnce(&mut Open)) {
        if let Some(open) = &mut self.open {
            change(open);
        }
    }
}

impl Open {
    /// A lesson and its world: where one left it, or at its beginning.
    ///
    /// # Errors
    /// The engine can't play it.
    pub fn new(lesson: Rc<Lesson>, progress: Option<Progress>) -> Result<(Open, Laboratory), String> {
        let count = lesson.steps.len();
        let progress = progress.unwrap_or_default();
        let done = lesson.steps.iter().map(|step| progress.done.contains(&step.id)).collect();
        let resumed = lesson.resume(&progress.script).ok();
        let history = match resumed {
            Some(history) => history,
            None => lesson.begin().map_err(|error| error.to_string())?,
        };
        let step = progress.step.min(count.saturating_sub(1));
        let open = Open { lesson, step, done, hints: vec![0; count], chosen: vec![None; count] };
        Ok((open, Laboratory::of(history)))
    }

    pub fn step(&self) -> &Step {
        &self.lesson.steps[self.step]
    }

    pub fn prose(&self, language: Language) -> &Prose {
        match language {
            Language::En => &self.lesson.en,
            Language::Zh => &self.lesson.zh,
        }
    }

    pub fn words_of(&self, step: usize, language: Language) -> &StepProse {
        &self.prose(language).steps[step]
    }

    pub fn go(&mut self, step: usize) {
        self.step = step.min(self.lesson.steps.len() - 1);
    }

    pub fn hints(&self) -> usize {
        self.hints[self.step]
    }

    pub fn hint(&mut self) {
        self.hints[self.step] = (self.hints() + 1).min(HINTS);
    }

    pub fn chosen(&self) -> Option<usize> {
        self.chosen[self.step]
    }

    pub fn choose(&mut self, option: usize) {
        self.chosen[self.step] = Some(option);
    }

    /// The line that answers the step's question as it was chosen.
    pub fn answering(&self) -> Option<String> {
        let ask = self.step().ask.as_ref()?;
        Some(format!("!answer {} {}", ask.id, ask.options.get(self.chosen()?)?))
    }

    /// Which option has been given as an answer.
    pub fn answered(&self, ask: &Ask, history: &History) -> Option<usize> {
        let answer = history.world().witness()?.answer(&ask.id)?;
        ask.options.iter().position(|option| option == answer)
    }

    /// When the goal of a step was reached, if it has been by now.
    pub fn reached<'a>(&self, step: usize, history: &'a History) -> Option<&'a Reached> {
        history.world().witness()?.reached(step)
    }

    /// What a step still lacks.
    pub fn lacks(&self, step: usize, history: &History) -> Vec<Shortfall> {
        history.world().witness().map(|witness| witness.shortfalls(step)).unwrap_or_default()
    }

    /// What has been reached is remembered, also when one goes back.
    pub fn listen(&mut self, history: &History) {
        for step in 0..self.done.len() {
            if self.reached(step, history).is_some() {
                self.done[step] = true;
            }
        }
    }

    pub fn is_done(&self) -> bool {
        self.done.iter().all(|done| *done)
    }

    /// What is kept until the page is opened again.
    pub fn progress(&self, history: &History) -> Progress {
        let done = self.lesson.steps.iter().zip(&self.done).filter(|(_, done)| **done);
        Progress { step: self.step, done: done.map(|(step, _)| step.id.clone()).collect(), script: history.to_script() }
    }

    /// Changes when something has to be kept that was not before.
    pub fn mark(&self, history: &History) -> (usize, usize, usize, usize) {
        let done = self.done.iter().filter(|done| **done).count();
        (self.step, done, history.journal().len(), history.branch())
    }
}
