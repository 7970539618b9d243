//! Lessons: what one is, the reader of its sources (`read`), and what plays it in the engine's world (`play`).
//!
//! ```text
//!   web/lessons/L01/{lesson.toml,en.md,zh.md} ── read, at build time ──→ Lesson ──→ lessons/L01.txt  ──→ the page
//!                                                                          └──→ tests, natively and in WebAssembly
//! ```
//! Whoever plays a lesson has the same one, and the same engine looks whether its goals are reached.

#[cfg(feature = "play")]
pub mod play;
#[cfg(feature = "read")]
pub mod read;
mod text;

/// Every lesson, in the order in which they are offered.
pub const LESSONS: &[&str] = &["L01", "L04", "L05", "L11", "L14"];

/// A lesson as it is played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    pub id: String,
    /// What it takes a learner, about.
    pub minutes: u32,
    /// A scenario that the engine knows, its seed, and the lines that are played before the learner comes.
    pub scenario: String,
    pub seed: u32,
    pub run: Vec<String>,
    pub steps: Vec<Step>,
    pub en: Prose,
    pub zh: Prose,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub id: String,
    /// When it is done: a predicate.
    pub check: String,
    /// The last hint: a line to be typed.
    pub hint: String,
    /// The panel of the stage that shows what it is about.
    pub panel: Option<String>,
    /// Lines that set the step up, when the learner wants it.
    pub run: Vec<String>,
    pub ask: Option<Ask>,
}

/// A question with a few answers to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub id: String,
    /// It is answered once, before one knows; any answer does.
    pub predicts: bool,
    pub options: Vec<String>,
    /// What is shown beside a prediction once the step is done.
    pub truth: Option<String>,
}

/// A lesson's words in one language.
///
/// Texts have two marks: `code` between backticks, and *what matters* between asterisks, outside of code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    pub title: String,
    pub summary: String,
    /// One for each step.
    pub steps: Vec<StepProse>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepProse {
    pub title: String,
    pub text: Vec<Block>,
    /// The goal in a few words.
    pub goal: String,
    pub question: String,
    /// What the question's options are called; nothing where they speak for themselves.
    pub options: Vec<String>,
    /// Where to look, and which command.
    pub hints: Vec<String>,
    /// What is said once the step is done.
    pub then: Vec<Block>,
    /// For those who want to know more.
    pub why: Vec<Block>,
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Paragraph(String),
    /// An element of a list.
    Item(String),
    /// Lines to be typed.
    Code(String),
}

/// What is known of a lesson before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub minutes: u32,
    pub steps: usize,
    /// Where the lesson itself is.
    pub file: String,
    /// Title and summary in each language.
    pub en: (String, String),
    pub zh: (String, String),
}

impl Lesson {
    pub fn listed(&self, file: &str) -> Listed {
        let words = |prose: &Prose| (prose.title.clone(), prose.summary.clone());
        Listed {
            id: self.id.clone(),
            minutes: self.minutes,
            steps: self.steps.len(),
            file: file.to_owned(),
            en: words(&self.en),
            zh: words(&self.zh),
        }
    }
}
