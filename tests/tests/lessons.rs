//! Every lesson is played: its solution reaches every goal, its wrong paths and doing nothing don't, and its words fit.

use kvarium_digest::lessons::{play_lines, source};
use kvarium_engine::base::time::Duration;
use kvarium_engine::commands;
use kvarium_engine::resp::decode::split_line;
use kvarium_engine::world::script::Action;
use kvarium_lessons::read::{SOURCES, Source};
use kvarium_lessons::{Block, LESSONS, Lesson, Prose, StepProse};

/// The longest text of a step. Chinese words are written without blanks, 1.7 characters each.
const ENGLISH_WORDS: f64 = 80.0;
const CHINESE_WORDS: f64 = 60.0;
const CHARACTERS_PER_WORD: f64 = 1.7;

fn sources() -> impl Iterator<Item = Source> {
    (0..SOURCES.len()).map(source)
}

fn prose(lesson: &Lesson) -> [&Prose; 2] {
    [&lesson.en, &lesson.zh]
}

#[test]
fn the_solution_reaches_every_goal_one_by_one() {
    for source in sources() {
        let played = play_lines(&source, &source.solution);
        let witness = played.history.world().witness().expect("a lesson has one");
        let lacking: Vec<_> = (0..source.lesson.steps.len()).flat_map(|step| witness.shortfalls(step)).collect();
        assert!(played.is_done, "{}: {lacking:?}", source.lesson.id);
        let reached: Vec<Duration> =
            (0..source.lesson.steps.len()).filter_map(|step| Some(witness.reached(step)?.at)).collect();
        assert!(reached.is_sorted(), "{}: the goals are reached in another order than told", source.lesson.id);
    }
}

#[test]
fn wrong_paths_and_doing_nothing_fail_and_say_what_is_lacking() {
    let nothing = vec!["!advance 60s".to_owned()];
    for source in sources() {
        assert!(!source.wrong.is_empty(), "{} has no wrong path", source.lesson.id);
        for way in source.wrong.iter().chain([&Vec::new(), &nothing]) {
            let played = play_lines(&source, way);
            assert!(!played.is_done, "{}: {way:?}", source.lesson.id);
            let witness = played.history.world().witness().expect("a lesson has one");
            for step in 0..source.lesson.steps.len() {
                assert_eq!(witness.reached(step).is_some(), witness.shortfalls(step).is_empty());
                assert!(!way.is_empty() || witness.reached(step).is_none(), "step {step} is done from the start");
            }
        }
    }
}

#[test]
fn the_last_line_of_a_solution_is_needed() {
    for source in sources() {
        let (last, without) = source.solution.split_last().expect("a solution has lines");
        assert!(!play_lines(&source, without).is_done, "{}: it is done before {last}", source.lesson.id);
    }
}

#[test]
fn goals_are_the_same_after_going_back_and_forth_and_from_a_script() {
    for source in sources() {
        let played = play_lines(&source, &source.solution);
        let reached = |history: &kvarium_engine::world::journal::History| -> Vec<_> {
            let witness = history.world().witness().expect("a lesson has one");
            (0..source.lesson.steps.len()).map(|step| witness.reached(step).cloned()).collect()
        };
        let (wanted, end) = (reached(&played.history), played.history.now());
        let mut history = played.history.clone();
        history.seek(Duration::ZERO);
        assert!(reached(&history).iter().all(Option::is_none));
        history.seek(end);
        assert_eq!(reached(&history), wanted);
        let again = source.lesson.resume(&history.to_script()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((reached(&again), again.trace_hash()), (wanted, history.trace_hash()));
        assert!(source.lesson.resume("!scenario single\n!seed 99\n").is_err());
    }
}

#[test]
fn every_command_told_can_be_typed() {
    for source in sources() {
        for words in prose(&source.lesson) {
            for line in words.steps.iter().flat_map(code) {
                check_line(&source.lesson.id, &line);
            }
        }
        for step in &source.lesson.steps {
            [&step.hint].into_iter().chain(&step.run).for_each(|line| check_line(&source.lesson.id, line));
        }
    }
}

/// The lines of a step's code blocks, and what looks like a command in its texts.
fn code(step: &StepProse) -> Vec<String> {
    let mut found = Vec::new();
    for block in step.text.iter().chain(&step.then).chain(&step.why) {
        match block {
            Block::Code(lines) => found.extend(lines.lines().map(str::to_owned)),
            Block::Paragraph(text) | Block::Item(text) => found.extend(commands_in(text)),
        }
    }
    for text in step.hints.iter().chain([&step.goal, &step.question]) {
        found.extend(commands_in(text));
    }
    found
}

/// Code that begins with a word in capitals and goes on, or with an exclamation mark.
fn commands_in(text: &str) -> Vec<String> {
    let code = text.split('`').skip(1).step_by(2);
    let is_command = |code: &&str| {
        let first = code.split(' ').next().unwrap_or_default();
        first.starts_with('!') || code.contains(' ') && first.chars().all(|c| c.is_ascii_uppercase())
    };
    code.filter(is_command).map(str::to_owned).collect()
}

/// It is an action of the script language, or a command of the table with as many arguments as that takes.
fn check_line(lesson: &str, line: &str) {
    let line = line.split_once("> ").filter(|(node, _)| node.starts_with('@')).map_or(line, |(_, command)| command);
    if line.starts_with('!') {
        Action::parse(line).unwrap_or_else(|error| panic!("{lesson}: {line}: {error}"));
        return;
    }
    let (mut text, mut ranges) = (Vec::new(), Vec::new());
    assert!(split_line(line.as_bytes(), &mut text, &mut ranges), "{lesson}: {line}: quotes");
    let name = ranges.first().map(|&(from, to)| text[from as usize..to as usize].to_ascii_lowercase());
    let command = commands::all().find(|command| Some(command.name.as_bytes()) == name.as_deref());
    let command = command.unwrap_or_else(|| panic!("{lesson}: {line}: there is no such command"));
    assert!(command.takes(ranges.len()), "{lesson}: {line}: not as many arguments as it takes");
}

#[test]
fn a_step_is_short_in_both_languages() {
    for source in sources() {
        for (prose, most, language) in
            [(&source.lesson.en, ENGLISH_WORDS, "en"), (&source.lesson.zh, CHINESE_WORDS, "zh")]
        {
            for step in &prose.steps {
                for (part, blocks) in [("text", &step.text), ("then", &step.then)] {
                    let words: f64 = blocks.iter().map(words).sum();
                    assert!(
                        words <= most,
                        "{} {language} {}: {part} has {words:.0} words",
                        source.lesson.id,
                        step.title
                    );
                }
            }
        }
    }
}

/// Words outside of code blocks.
fn words(block: &Block) -> f64 {
    let (Block::Paragraph(text) | Block::Item(text)) = block else { return 0.0 };
    let is_chinese = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c);
    let chinese = text.chars().filter(is_chinese).count() as f64;
    let rest: String = text.chars().map(|c| if is_chinese(&c) { ' ' } else { c }).collect();
    let others = rest.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count() as f64;
    chinese / CHARACTERS_PER_WORD + others
}

#[test]
fn both_languages_tell_the_same() {
    for source in sources() {
        let [en, zh] = prose(&source.lesson).map(|prose| -> Vec<_> {
            let shape = |step: &StepProse| (step.options.len(), step.why.is_empty(), step.then.is_empty());
            prose.steps.iter().map(shape).collect()
        });
        assert_eq!(en, zh, "{}", source.lesson.id);
        let code = |prose: &Prose| -> Vec<String> {
            let blocks = prose.steps.iter().flat_map(|step| &step.text);
            blocks.filter_map(|block| if let Block::Code(code) = block { Some(code.clone()) } else { None }).collect()
        };
        assert_eq!(code(&source.lesson.en), code(&source.lesson.zh), "{}", source.lesson.id);
    }
    assert_eq!(SOURCES.len(), LESSONS.len());
}
