//! Reads the sources of a lesson: `lesson.toml` with what is played and checked, `en.md` and `zh.md` with the words.
//!
//! ```text
//! # Title                        the lesson's; the paragraph below it is its summary
//! ## id: Title of a step         one for each [[step]], in the same order; then its text
//! ### Goal  ### Question  ### Options  ### Hints  ### Then  ### Why
//! ```
//! Of Markdown there are paragraphs, lists, `code`, *emphasis* and code blocks. Anything else, HTML above all, is
//! refused: the page gets texts, and never markup.

use std::fmt;
use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use serde::Deserialize;

use crate::{Ask, Block, Lesson, Prose, Step, StepProse};

/// A lesson with what tests play of it.
#[derive(Clone, Debug)]
pub struct Source {
    pub lesson: Lesson,
    /// Lines that reach every goal.
    pub solution: Vec<String>,
    /// Lines that don't.
    pub wrong: Vec<Vec<String>>,
}

/// The three files of a lesson.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    pub toml: &'a str,
    pub en: &'a str,
    pub zh: &'a str,
}

macro_rules! sources {
    ($($id:literal)*) => {
        /// The files of every lesson, by its id.
        pub const SOURCES: &[(&str, Files<'static>)] = &[$(($id, Files {
            toml: include_str!(concat!("../", $id, "/lesson.toml")),
            en: include_str!(concat!("../", $id, "/en.md")),
            zh: include_str!(concat!("../", $id, "/zh.md")),
        })),*];
    };
}

sources! { "L01" "L04" "L05" "L11" "L14" }

/// Which file is wrong, where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    pub file: &'static str,
    pub why: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.why)
    }
}

impl std::error::Error for ReadError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toml {
    minutes: u32,
    setup: Setup,
    step: Vec<StepToml>,
    ci: Ci,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    scenario: String,
    seed: u32,
    #[serde(default)]
    run: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepToml {
    id: String,
    check: String,
    hint: String,
    panel: Option<String>,
    #[serde(default)]
    run: Vec<String>,
    predict: Option<Asked>,
    answer: Option<Asked>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id: String,
    options: Vec<String>,
    truth: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ci {
    solution: Vec<String>,
    wrong: Vec<Vec<String>>,
}

impl Source {
    /// Reads the folder of a lesson.
    ///
    /// # Errors
    /// A file that is not there, or what is wrong in it.
    pub fn of_folder(id: &str, folder: &Path) -> Result<Source, ReadError> {
        let text = |file: &'static str| {
            fs::read_to_string(folder.join(file)).map_err(|error| ReadError { file, why: error.to_string() })
        };
        let (toml, en, zh) = (text("lesson.toml")?, text("en.md")?, text("zh.md")?);
        Source::of(id, Files { toml: &toml, en: &en, zh: &zh })
    }

    /// # Errors
    /// What is wrong in which of the files.
    pub fn of(id: &str, files: Files<'_>) -> Result<Source, ReadError> {
        let wrong = |why: String| ReadError { file: "lesson.toml", why };
        let toml: Toml = toml::from_str(files.toml).map_err(|error| wrong(error.to_string()))?;
        let steps = toml.step.into_iter().map(|step| step_of(step).map_err(wrong)).collect::<Result<Vec<_>, _>>()?;
        let words = |file, text| prose(text, &steps).map_err(|why| ReadError { file, why });
        let (en, zh) = (words("en.md", files.en)?, words("zh.md", files.zh)?);
        let Setup { scenario, seed, run } = toml.setup;
        let lesson = Lesson { id: id.to_owned(), minutes: toml.minutes, scenario, seed, run, steps, en, zh };
        Ok(Source { lesson, solution: toml.ci.solution, wrong: toml.ci.wrong })
    }
}

fn step_of(step: StepToml) -> Result<Step, String> {
    let ask = |asked: Asked, predicts| Ask { id: asked.id, predicts, options: asked.options, truth: asked.truth };
    let ask = match (step.predict, step.answer) {
        (Some(_), Some(_)) => return Err(format!("step {}: one question is enough", step.id)),
        (predict, answer) => predict.map(|asked| ask(asked, true)).or(answer.map(|asked| ask(asked, false))),
    };
    // What is asked has to count.
    if let Some(ask) = &ask {
        let counts = format!("{}({})", if ask.predicts { "predicted" } else { "answer" }, ask.id);
        if !step.check.contains(&counts) {
            return Err(format!("step {}: its check does not ask for {counts}", step.id));
        }
        if ask.options.len() < 2 {
            return Err(format!("step {}: a question has two options at least", step.id));
        }
    }
    Ok(Step { id: step.id, check: step.check, hint: step.hint, panel: step.panel, run: step.run, ask })
}

/// Where a piece of text belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Summary,
    Text,
    Goal,
    Question,
    Options,
    Hints,
    Then,
    Why,
}

const SECTIONS: &[(&str, Place)] = &[
    ("Goal", Place::Goal),
    ("Question", Place::Question),
    ("Options", Place::Options),
    ("Hints", Place::Hints),
    ("Then", Place::Then),
    ("Why", Place::Why),
];

fn prose(text: &str, steps: &[Step]) -> Result<Prose, String> {
    let mut prose = Prose { title: String::new(), summary: String::new(), steps: Vec::new() };
    let mut place = Place::Summary;
    for piece in pieces(text)? {
        match piece {
            Piece::Heading(HeadingLevel::H1, title) => prose.title = title,
            Piece::Heading(HeadingLevel::H2, heading) => {
                let number = prose.steps.len();
                let id = steps.get(number).map(|step| step.id.as_str());
                let Some((_, title)) = heading.split_once(':').filter(|(found, _)| Some(found.trim()) == id) else {
                    return Err(format!(
                        "step {}: expected ## {}: TITLE, found {heading}",
                        number + 1,
                        id.unwrap_or("no more")
                    ));
                };
                prose.steps.push(StepProse { title: title.trim().to_owned(), ..StepProse::default() });
                place = Place::Text;
            }
            Piece::Heading(HeadingLevel::H3, name) => {
                let found = SECTIONS.iter().find(|(known, _)| *known == name && !prose.steps.is_empty());
                place = found.ok_or_else(|| format!("{name}: no such section"))?.1;
            }
            Piece::Heading(..) => return Err("headings have three levels".to_owned()),
            Piece::Block(block) => put(&mut prose, place, block)?,
        }
    }
    if prose.steps.len() != steps.len() {
        return Err(format!("{} steps are told of {}", prose.steps.len(), steps.len()));
    }
    for (step, words) in steps.iter().zip(&prose.steps) {
        complete(step, words).map_err(|why| format!("step {}: {why}", step.id))?;
    }
    Ok(prose)
}

fn put(prose: &mut Prose, place: Place, block: Block) -> Result<(), String> {
    let Some(step) = prose.steps.last_mut() else {
        let Block::Paragraph(text) = block else { return Err("the summary is a paragraph".to_owned()) };
        prose.summary = text;
        return Ok(());
    };
    match (place, block) {
        (Place::Text | Place::Summary, block) => step.text.push(block),
        (Place::Then, block) => step.then.push(block),
        (Place::Why, block) => step.why.push(block),
        (Place::Goal, Block::Paragraph(text)) if step.goal.is_empty() => step.goal = text,
        (Place::Question, Block::Paragraph(text)) if step.question.is_empty() => step.question = text,
        (Place::Options, Block::Item(text)) => step.options.push(text),
        (Place::Hints, Block::Item(text)) => step.hints.push(text),
        (place, block) => return Err(format!("{:?}: {block:?} is not expected in {place:?}", step.title)),
    }
    Ok(())
}

fn complete(step: &Step, words: &StepProse) -> Result<(), String> {
    let options = step.ask.as_ref().map_or(0, |ask| ask.options.len());
    match () {
        () if words.text.is_empty() => Err("it has no text".to_owned()),
        () if words.goal.is_empty() => Err("it has no goal".to_owned()),
        () if words.hints.len() != 2 => Err("it has not two hints: where to look, and which command".to_owned()),
        () if words.question.is_empty() == (options > 0) => Err("question and options belong together".to_owned()),
        () if !words.options.is_empty() && words.options.len() != options => {
            Err(format!("{} options are named of {options}", words.options.len()))
        }
        () => Ok(()),
    }
}

/// What a text is made of.
enum Piece {
    Heading(HeadingLevel, String),
    Block(Block),
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut line, mut in_item, mut in_code) = (Vec::new(), String::new(), false, false);
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Item) => in_item = true,
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::Start(Tag::Heading { .. } | Tag::Paragraph | Tag::List(_)) | Event::End(TagEnd::List(_)) => {}
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) => line.push('*'),
            Event::Text(text) if !in_code && text.contains(['*', '`']) => {
                return Err(format!("{text:?}: * and ` are for emphasis and code"));
            }
            Event::Text(text) => line.push_str(&text),
            Event::Code(code) => line.push_str(&format!("`{code}`")),
            // Chinese puts no blank between lines.
            Event::SoftBreak if line.ends_with(|c: char| !c.is_ascii()) => {}
            Event::SoftBreak => line.push(' '),
            Event::End(TagEnd::Heading(level)) => pieces.push(Piece::Heading(level, take(&mut line))),
            Event::End(TagEnd::Paragraph) if in_item => {}
            Event::End(TagEnd::Paragraph) => pieces.push(Piece::Block(Block::Paragraph(take(&mut line)))),
            Event::End(TagEnd::CodeBlock) => {
                in_code = false;
                pieces.push(Piece::Block(Block::Code(take(&mut line))));
            }
            Event::End(TagEnd::Item) => {
                in_item = false;
                pieces.push(Piece::Block(Block::Item(take(&mut line))));
            }
            other => return Err(format!("{other:?} has no place in a lesson")),
        }
    }
    Ok(pieces)
}

fn take(line: &mut String) -> String {
    std::mem::take(line).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = r#"
        minutes = 3
        [setup]
        scenario = "single"
        seed = 1
        [[step]]
        id = "one"
        check = "predicted(q) and ran(\"PING\")"
        hint = "PING"
        predict = { id = "q", options = ["a", "b"] }
        [ci]
        solution = ["!answer q a", "@M> PING"]
        wrong = [["@M> PING"]]
    "#;
    const WORDS: &str = "# T\n\nSummary.\n\n## one: First\n\nText with `code` and *weight*.\n\n- item\n\n### Goal\n\ngoal\n\n\
                         ### Question\n\nwhich?\n\n### Hints\n\n1. there\n2. that\n\n### Then\n\n```\nPING *\n```\n";

    fn read(toml: &str, words: &str) -> Result<Source, ReadError> {
        Source::of("T", Files { toml, en: words, zh: words })
    }

    #[test]
    fn sources_become_a_lesson() {
        let source = read(TOML, WORDS).unwrap();
        let words = &source.lesson.en;
        assert_eq!((words.title.as_str(), words.summary.as_str()), ("T", "Summary."));
        let step = &words.steps[0];
        assert_eq!(step.text[0], Block::Paragraph("Text with `code` and *weight*.".to_owned()));
        assert_eq!(step.text[1], Block::Item("item".to_owned()));
        assert_eq!(step.then, [Block::Code("PING *".to_owned())]);
        assert_eq!((step.hints.len(), step.question.as_str()), (2, "which?"));
        assert!(source.lesson.steps[0].ask.as_ref().is_some_and(|ask| ask.predicts));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_file() {
        for (words, why) in [
            (WORDS.replace("## one", "## two"), "expected ## one: TITLE"),
            (WORDS.replace("### Goal", "### Aim"), "Aim: no such section"),
            (WORDS.replace("2. that\n", ""), "two hints"),
            (WORDS.replace("which?", ""), "belong together"),
            (WORDS.replace("Text with", "<b>Text</b> with"), "has no place in a lesson"),
            (WORDS.replace("Text with", "[Text](http://x) with"), "has no place in a lesson"),
            (WORDS.replace("Text with", "2 \\* 2 and"), "are for emphasis"),
        ] {
            let error = read(TOML, &words).unwrap_err();
            assert!(error.file == "en.md" && error.why.contains(why), "{error}");
        }
        let error = read(&TOML.replace("predicted(q) and ", ""), WORDS).unwrap_err();
        assert!(error.why.contains("does not ask for predicted(q)"), "{error}");
        assert!(read(&TOML.replace("minutes", "hours"), WORDS).is_err());
    }

    #[test]
    fn every_lesson_has_its_sources() {
        assert_eq!(SOURCES.iter().map(|(id, _)| *id).collect::<Vec<_>>(), crate::LESSONS);
    }
}
