//! A lesson as text: what is sent to the page, a word and a value a line, so that reading it takes little code.
//!
//! Within a value a line break is written as the unit separator.

use crate::{Ask, Block, Lesson, Listed, Prose, Step, StepProse};

const BREAK: &str = "\u{1f}";

/// What is written.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, word: &str, value: &str) {
        self.0.push_str(&format!("{word} {}\n", value.replace('\n', BREAK)));
    }

    fn all(&mut self, word: &str, values: &[String]) {
        values.iter().for_each(|value| self.put(word, value));
    }

    fn step(&mut self, step: &Step) {
        self.put("step", &step.id);
        self.put("check", &step.check);
        self.put("hint", &step.hint);
        self.all("panel", step.panel.as_slice());
        self.all("run", &step.run);
        if let Some(ask) = &step.ask {
            self.put(if ask.predicts { "predict" } else { "answer" }, &ask.id);
            self.all("option", &ask.options);
            self.all("truth", ask.truth.as_slice());
        }
    }

    fn prose(&mut self, language: &str, prose: &Prose) {
        self.put(language, &prose.title);
        self.put("summary", &prose.summary);
        for step in &prose.steps {
            self.put("told", &step.title);
            self.blocks("text", &step.text);
            self.blocks("then", &step.then);
            self.blocks("why", &step.why);
            self.put("goal", &step.goal);
            self.put("question", &step.question);
            self.all("label", &step.options);
            self.all("tip", &step.hints);
        }
    }

    fn blocks(&mut self, place: &str, blocks: &[Block]) {
        self.put(place, "");
        for block in blocks {
            match block {
                Block::Paragraph(text) => self.put("paragraph", text),
                Block::Item(text) => self.put("item", text),
                Block::Code(text) => self.put("code", text),
            }
        }
    }
}

impl Lesson {
    pub fn to_text(&self) -> String {
        let mut lines = Lines::default();
        lines.put("lesson", &self.id);
        lines.put("minutes", &self.minutes.to_string());
        lines.put("scenario", &self.scenario);
        lines.put("seed", &self.seed.to_string());
        lines.all("run", &self.run);
        self.steps.iter().for_each(|step| lines.step(step));
        lines.prose("en", &self.en);
        lines.prose("zh", &self.zh);
        lines.0
    }

    /// Reads what [`Lesson::to_text`] wrote; `None` where that is something else, or not all of it.
    pub fn from_text(text: &str) -> Option<Lesson> {
        let mut lesson = Lesson::default();
        let mut in_zh = false;
        let mut place = Place::Text;
        for line in text.lines() {
            let (word, value) = line.split_once(' ')?;
            let value = value.replace(BREAK, "\n");
            match word {
                "lesson" => lesson.id = value,
                "minutes" => lesson.minutes = value.parse().ok()?,
                "scenario" => lesson.scenario = value,
                "seed" => lesson.seed = value.parse().ok()?,
                "run" => lesson.steps.last_mut().map_or(&mut lesson.run, |step| &mut step.run).push(value),
                "step" => lesson.steps.push(Step { id: value, ..Step::default() }),
                "check" => lesson.steps.last_mut()?.check = value,
                "hint" => lesson.steps.last_mut()?.hint = value,
                "panel" => lesson.steps.last_mut()?.panel = Some(value),
                "predict" | "answer" => {
                    let ask = Ask { id: value, predicts: word == "predict", ..Ask::default() };
                    lesson.steps.last_mut()?.ask = Some(ask);
                }
                "option" => lesson.steps.last_mut()?.ask.as_mut()?.options.push(value),
                "truth" => lesson.steps.last_mut()?.ask.as_mut()?.truth = Some(value),
                "en" => lesson.en.title = value,
                "zh" => {
                    lesson.zh.title = value;
                    in_zh = true;
                }
                "text" => place = Place::Text,
                "then" => place = Place::Then,
                "why" => place = Place::Why,
                _ => tell(if in_zh { &mut lesson.zh } else { &mut lesson.en }, place, word, value)?,
            }
        }
        let count = lesson.steps.len();
        (count > 0 && lesson.en.steps.len() == count && lesson.zh.steps.len() == count).then_some(lesson)
    }
}

#[derive(Clone, Copy)]
enum Place {
    Text,
    Then,
    Why,
}

/// Adds a line of the words.
fn tell(prose: &mut Prose, place: Place, word: &str, value: String) -> Option<()> {
    match word {
        "summary" => prose.summary = value,
        "told" => prose.steps.push(StepProse { title: value, ..StepProse::default() }),
        _ => tell_step(prose.steps.last_mut()?, place, word, value)?,
    }
    Some(())
}

fn tell_step(step: &mut StepProse, place: Place, word: &str, value: String) -> Option<()> {
    let blocks = match place {
        Place::Text => &mut step.text,
        Place::Then => &mut step.then,
        Place::Why => &mut step.why,
    };
    match word {
        "goal" => step.goal = value,
        "question" => step.question = value,
        "label" => step.options.push(value),
        "tip" => step.hints.push(value),
        "paragraph" => blocks.push(Block::Paragraph(value)),
        "item" => blocks.push(Block::Item(value)),
        "code" => blocks.push(Block::Code(value)),
        _ => return None,
    }
    Some(())
}

impl Listed {
    /// One line.
    pub fn to_text(&self) -> String {
        let (minutes, steps) = (self.minutes.to_string(), self.steps.to_string());
        let fields = [&self.id, &minutes, &steps, &self.file, &self.en.0, &self.en.1, &self.zh.0, &self.zh.1];
        fields.map(|field| field.replace(['\n', '\t'], " ")).join("\t")
    }

    pub fn from_text(line: &str) -> Option<Listed> {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next();
        Some(Listed {
            id: next()?,
            minutes: next()?.parse().ok()?,
            steps: next()?.parse().ok()?,
            file: next()?,
            en: (next()?, next()?),
            zh: (next()?, next()?),
        })
    }
}

#[cfg(all(test, feature = "read"))]
mod tests {
    use super::*;
    use crate::read::{SOURCES, Source};

    #[test]
    fn every_lesson_comes_back_from_its_text() {
        for (id, files) in SOURCES {
            let lesson = Source::of(id, *files).unwrap().lesson;
            let text = lesson.to_text();
            assert_eq!(Lesson::from_text(&text).as_ref(), Some(&lesson));
            let listed = lesson.listed("lessons/file.txt");
            assert_eq!(Listed::from_text(&listed.to_text()), Some(listed));
            // What was cut off on its way is no lesson.
            for end in text.trim_end().char_indices().map(|(at, _)| at).step_by(7) {
                assert_ne!(Lesson::from_text(&text[..end]).as_ref(), Some(&lesson));
            }
            assert_eq!(Lesson::from_text(&text[..text.len() / 2]), None);
        }
        assert_eq!((Lesson::from_text(""), Listed::from_text("L01\t1")), (None, None));
    }
}
