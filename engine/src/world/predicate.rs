//! Predicates of the script language: what a lesson asks of a world, of its past and of the one who plays with it.
//!
//! ```text
//! ran("TYPE *", node=A-M, reply == "list") >= 2     a line entered in a terminal and its reply; count == 0 looks at
//!                                                   how many elements the reply has
//! event(Removed, node=A-M, has="Expired") >= 1      as in !until
//! state(type of tasks, node=A-M, db=0) == list      a question to the state as it is: see super::question
//! before(P, P)   within(P, P, 5s)                   the second happens after the first, and no later than that
//! always(P)      never(P)                           at every moment since !begin, and at none
//! predicted(ID)  answer(ID) == VALUE                what was said with !answer
//! P and P   P or P   not P   (P)
//! ```
//! In a pattern of words a * stands for anything in its word, and for all the rest where it is the last; a word in
//! capitals is met in any case. Values are compared as numbers where both are, and `~` asks whether a text has another
//! in it. Reading never panics, goes only so deep, and says at which character it stopped.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::question::Question;
use super::script::{ScriptError, Span, first_word, name, quoted, span};
use super::trace::{Happened, KINDS, NodeId};
use crate::base::glob;
use crate::base::number::parse_f64;
use crate::base::time::Duration;

/// What is to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    Ran(Ran, Test),
    Event(Events, Test),
    State(Question, Test),
    Before(Box<[Predicate; 2]>),
    Within(Box<[Predicate; 2]>, Duration),
    Always(Box<Predicate>),
    Never(Box<Predicate>),
    Predicted(String),
    Answer(String, Test),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
}

/// Which lines of a terminal are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The words of the command, as patterns.
    pub command: String,
    pub node: Option<String>,
    /// What the reply's text is to be, and the number of its elements.
    pub reply: Option<Test>,
    pub count: Option<Test>,
}

/// Which events are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    pub kind: &'static str,
    pub node: Option<String>,
    /// What its text has in it.
    pub has: Vec<String>,
}

/// A comparison that is still without its left side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    pub op: Op,
    pub value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Has,
}

/// A text or a number, or nothing.
pub type Value = Option<String>;

/// What a lesson shows once it has come true: a part of the state, or what a command was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    State(Question),
    /// The newest reply to such a command.
    Reply(String),
}

const OPS: &[(&str, Op)] = &[
    ("==", Op::Equal),
    ("!=", Op::Unequal),
    ("<=", Op::LessOrEqual),
    (">=", Op::GreaterOrEqual),
    ("<", Op::Less),
    (">", Op::Greater),
    ("~", Op::Has),
];

/// The longest predicate in bytes, the deepest, and how many others one may hold.
const LENGTH: usize = 4096;
const DEPTH: usize = 16;
/// More is not counted.
const COUNT: u32 = 1_000_000;

type Parsed<T> = Result<T, ScriptError>;

impl Predicate {
    /// Reads a predicate.
    ///
    /// # Errors
    /// The word that is wrong, why, and the character at which it stands.
    pub fn parse(text: &str) -> Parsed<Predicate> {
        whole(text, |reader| reader.any(0))
    }

    /// The predicates that it is made of.
    pub fn parts(&self) -> &[Predicate] {
        match self {
            Predicate::Before(both) | Predicate::Within(both, _) => &both[..],
            Predicate::Always(what) | Predicate::Never(what) | Predicate::Not(what) => core::slice::from_ref(what),
            Predicate::All(parts) | Predicate::Any(parts) => parts,
            _ => &[],
        }
    }

    /// Whether it asks for this to be predicted.
    pub fn predicts(&self, id: &str) -> bool {
        matches!(self, Predicate::Predicted(known) if known == id) || self.parts().iter().any(|part| part.predicts(id))
    }
}

impl Truth {
    /// Reads `state(…)` or `reply("COMMAND")`.
    ///
    /// # Errors
    /// As of [`Predicate::parse`].
    pub fn parse(text: &str) -> Parsed<Truth> {
        whole(text, |reader| {
            let kind = reader.word()?;
            reader.expect("(")?;
            let truth = match kind {
                "state" => Truth::State(Question::read(reader)?),
                "reply" => Truth::Reply(reader.quoted()?),
                other => return Err(ScriptError::new(other, "expected state(…) or reply(\"COMMAND\")")),
            };
            reader.expect(")")?;
            Ok(truth)
        })
    }
}

impl Events {
    /// Whether this is such an event; `node` is the one of that name.
    pub fn matches(&self, happened: &Happened, node: Option<NodeId>) -> bool {
        if happened.event.kind() != self.kind || self.node.is_some() && happened.node != node {
            return false;
        }
        let text = if self.has.is_empty() { String::new() } else { format!("{}", happened.event) };
        self.has.iter().all(|has| text.contains(has.as_str()))
    }
}

/// Whether a command's words are those of a pattern.
pub fn is_meant(pattern: &str, words: &[&[u8]]) -> bool {
    let patterns: Vec<&str> = pattern.split_ascii_whitespace().collect();
    let is_open = patterns.last() == Some(&"*");
    if words.len() < patterns.len() || !is_open && words.len() > patterns.len() {
        return false;
    }
    patterns.iter().zip(words).all(|(pattern, word)| {
        let any_case = !pattern.chars().any(|c| c.is_ascii_lowercase());
        let matches = if any_case { glob::matches_ignoring_case } else { glob::matches };
        matches(pattern.as_bytes(), word)
    })
}

impl Test {
    pub fn at_least(count: u32) -> Test {
        Test { op: Op::GreaterOrEqual, value: Some(format!("{count}")) }
    }

    pub fn holds(&self, value: Option<&str>) -> bool {
        let wanted = self.value.as_deref();
        match (value.and_then(number).zip(wanted.and_then(number)), self.op) {
            (_, Op::Has) => value.zip(wanted).is_some_and(|(value, wanted)| value.contains(wanted)),
            (Some((value, wanted)), op) => op.compares(value, wanted),
            (None, Op::Equal) => value == wanted,
            (None, Op::Unequal) => value != wanted,
            _ => false,
        }
    }

    pub fn holds_of(&self, count: u32) -> bool {
        self.value.as_deref().and_then(number).is_some_and(|wanted| self.op.compares(count.into(), wanted))
    }
}

fn number(text: &str) -> Option<f64> {
    parse_f64(text.as_bytes())
}

impl Op {
    fn compares(self, value: f64, wanted: f64) -> bool {
        match self {
            Op::Equal => value == wanted,
            Op::Unequal => value != wanted,
            Op::Less => value < wanted,
            Op::LessOrEqual => value <= wanted,
            Op::Greater => value > wanted,
            Op::GreaterOrEqual => value >= wanted,
            Op::Has => false,
        }
    }

    pub fn sign(self) -> &'static str {
        OPS.iter().find(|(_, op)| *op == self).map_or("", |(sign, _)| sign)
    }
}

fn whole<T>(text: &str, read: impl FnOnce(&mut Reader<'_>) -> Parsed<T>) -> Parsed<T> {
    if text.len() > LENGTH {
        return Err(ScriptError::new("", format!("a predicate has at most {LENGTH} bytes")));
    }
    let mut reader = Reader { rest: text.trim_start() };
    let read = read(&mut reader).and_then(|read| match reader.rest {
        "" => Ok(read),
        extra => Err(ScriptError::new(first_word(extra), "expected and, or, or the end")),
    });
    read.map_err(|mut error| {
        let at = text[..text.len() - reader.rest.len()].chars().count();
        error.why = format!("{} (at character {})", error.why, at + 1);
        error
    })
}

/// What is still to be read. After each piece the blanks behind it are read as well.
pub(super) struct Reader<'a> {
    pub rest: &'a str,
}

impl<'a> Reader<'a> {
    fn any(&mut self, depth: usize) -> Parsed<Predicate> {
        let mut parts = Vec::from([self.all(depth)?]);
        while self.take_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Predicate::Any))
    }

    fn all(&mut self, depth: usize) -> Parsed<Predicate> {
        let mut parts = Vec::from([self.one(depth)?]);
        while self.take_word("and") {
            parts.push(self.one(depth)?);
        }
        Ok(one_or(parts, Predicate::All))
    }

    fn one(&mut self, depth: usize) -> Parsed<Predicate> {
        if depth > DEPTH {
            return Err(ScriptError::new("", format!("predicates are nested at most {DEPTH} deep")));
        }
        if self.take("(") {
            let inside = self.any(depth + 1)?;
            self.expect(")")?;
            return Ok(inside);
        }
        let before = self.rest;
        match self.word()? {
            "not" => Ok(Predicate::Not(Box::new(self.one(depth + 1)?))),
            kind @ ("ran" | "event" | "state" | "before" | "within" | "always" | "never" | "predicted" | "answer") => {
                self.expect("(")?;
                self.named_one(kind, depth + 1)
            }
            other => {
                self.rest = before;
                let known = "ran, event, state, before, within, always, never, predicted, answer, not";
                Err(ScriptError::new(other, format!("no such predicate; there are {known}")))
            }
        }
    }

    /// What stands behind the opening bracket of a predicate of this name.
    fn named_one(&mut self, kind: &str, depth: usize) -> Parsed<Predicate> {
        let mut predicate = match kind {
            "ran" => Predicate::Ran(self.ran()?, Test::at_least(1)),
            "event" => Predicate::Event(self.events()?, Test::at_least(1)),
            "state" => Predicate::State(Question::read(self)?, Test::at_least(1)),
            "always" => Predicate::Always(Box::new(self.any(depth)?)),
            "never" => Predicate::Never(Box::new(self.any(depth)?)),
            "predicted" => Predicate::Predicted(name(self.word()?)?),
            "answer" => Predicate::Answer(name(self.word()?)?, Test::at_least(1)),
            kind => {
                let first = self.any(depth)?;
                self.expect(",")?;
                let both = Box::new([first, self.any(depth)?]);
                if kind == "before" {
                    Predicate::Before(both)
                } else {
                    self.expect(",")?;
                    Predicate::Within(both, span(self.word()?)?)
                }
            }
        };
        self.expect(")")?;
        match &mut predicate {
            Predicate::Ran(_, wanted) | Predicate::Event(_, wanted) => *wanted = self.count()?,
            Predicate::State(_, wanted) | Predicate::Answer(_, wanted) => *wanted = self.test()?,
            _ => {}
        }
        Ok(predicate)
    }

    fn ran(&mut self) -> Parsed<Ran> {
        let mut ran = Ran { command: self.quoted()?, node: None, reply: None, count: None };
        if ran.command.split_ascii_whitespace().next().is_none() {
            return Err(ScriptError::new("", "a command is missing"));
        }
        while self.take(",") {
            match self.word()? {
                "node" => ran.node = Some(self.named()?),
                "reply" => ran.reply = Some(self.test()?),
                "count" => ran.count = Some(self.test()?),
                other => return Err(ScriptError::new(other, "expected node=NODE, reply == VALUE or count == NUMBER")),
            }
        }
        Ok(ran)
    }

    /// `KIND, node=NODE, has="TEXT"`.
    pub fn events(&mut self) -> Parsed<Events> {
        let kind = self.word()?;
        let Some(kind) = KINDS.iter().find(|known| **known == kind) else {
            return Err(ScriptError::new(kind, format!("no such event; there are {}", KINDS.join(", "))));
        };
        let mut events = Events { kind, node: None, has: Vec::new() };
        while self.take(",") {
            match self.word()? {
                "node" => events.node = Some(self.named()?),
                "has" => {
                    self.expect("=")?;
                    events.has.push(self.quoted()?);
                }
                other => return Err(ScriptError::new(other, "expected node=NODE or has=\"TEXT\"")),
            }
        }
        Ok(events)
    }

    /// `>= N`; at least one where there is none.
    pub fn count(&mut self) -> Parsed<Test> {
        if !OPS.iter().any(|(sign, op)| *op != Op::Has && self.rest.starts_with(sign)) {
            return Ok(Test::at_least(1));
        }
        let op = self.op()?;
        let word = self.word()?;
        match word.parse::<u32>() {
            Ok(count @ 0..=COUNT) => Ok(Test { op, value: Some(format!("{count}")) }),
            _ => Err(ScriptError::new(word, format!("expected a whole number from 0 to {COUNT}"))),
        }
    }

    fn test(&mut self) -> Parsed<Test> {
        Ok(Test { op: self.op()?, value: self.value()? })
    }

    fn op(&mut self) -> Parsed<Op> {
        let found = OPS.iter().find(|(sign, _)| self.take(sign));
        let signs = || OPS.iter().map(|(sign, _)| *sign).collect::<Vec<_>>().join(" ");
        found.map(|(_, op)| *op).ok_or_else(|| {
            ScriptError::new(first_word(self.rest), format!("expected a comparison: one of {}", signs()))
        })
    }

    fn value(&mut self) -> Parsed<Value> {
        if self.rest.starts_with('"') {
            return Ok(Some(self.quoted()?));
        }
        let word = self.word()?;
        Ok((word != "nil").then(|| word.to_owned()))
    }

    fn named(&mut self) -> Parsed<String> {
        self.expect("=")?;
        name(self.word()?)
    }

    pub fn quoted(&mut self) -> Parsed<String> {
        let (text, rest) = quoted(self.rest)?;
        self.rest = rest.trim_start();
        Ok(text)
    }

    /// Letters, digits and _ . : - +
    pub fn word(&mut self) -> Parsed<&'a str> {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-' | '+');
        let end = self.rest.find(|c| !is_of_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            let missing = if self.rest.is_empty() { "something is missing here" } else { "expected a word" };
            return Err(ScriptError::new(first_word(self.rest), missing));
        }
        self.rest = rest.trim_start();
        Ok(word)
    }

    pub fn take(&mut self, sign: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(sign) else { return false };
        self.rest = rest.trim_start();
        true
    }

    pub fn take_word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let taken = self.word().is_ok_and(|found| found == word);
        if !taken {
            self.rest = before;
        }
        taken
    }

    pub fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) {
            return Ok(());
        }
        Err(ScriptError::new(first_word(self.rest), format!("expected {sign}")))
    }
}

fn one_or(mut parts: Vec<Predicate>, several: fn(Vec<Predicate>) -> Predicate) -> Predicate {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}

/// A text between quotes.
pub(super) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => write!(f, "{} nil", self.op.sign()),
            Some(text) if is_plain(text) && number(text).is_some() => {
                write!(f, "{} {text}", self.op.sign())
            }
            Some(text) => write!(f, "{} {}", self.op.sign(), Quoted(text)),
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event({}", self.kind)?;
        if let Some(node) = &self.node {
            write!(f, ", node={node}")?;
        }
        for has in &self.has {
            write!(f, ", has={}", Quoted(has))?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ran({}", Quoted(&self.command))?;
        if let Some(node) = &self.node {
            write!(f, ", node={node}")?;
        }
        if let Some(reply) = &self.reply {
            write!(f, ", reply {reply}")?;
        }
        if let Some(count) = &self.count {
            write!(f, ", count {count}")?;
        }
        f.write_str(")")
    }
}

/// A predicate as it would be written; parts of several are put in brackets where they are several themselves.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |f: &mut fmt::Formatter<'_>, parts: &[Predicate], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                f.write_str(if index > 0 { word } else { "" })?;
                match part {
                    Predicate::Any(_) | Predicate::All(_) => write!(f, "({part})")?,
                    part => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        let once = Test::at_least(1);
        match self {
            Predicate::Ran(ran, count) if *count == once => write!(f, "{ran}"),
            Predicate::Ran(ran, count) => write!(f, "{ran} {count}"),
            Predicate::Event(events, count) if *count == once => write!(f, "{events}"),
            Predicate::Event(events, count) => write!(f, "{events} {count}"),
            Predicate::State(question, test) => write!(f, "state({question}) {test}"),
            Predicate::Before(both) => write!(f, "before({}, {})", both[0], both[1]),
            Predicate::Within(both, span) => write!(f, "within({}, {}, {})", both[0], both[1], Span(*span)),
            Predicate::Always(what) => write!(f, "always({what})"),
            Predicate::Never(what) => write!(f, "never({what})"),
            Predicate::Predicted(id) => write!(f, "predicted({id})"),
            Predicate::Answer(id, test) => write!(f, "answer({id}) {test}"),
            Predicate::All(parts) => several(f, parts, " and "),
            Predicate::Any(parts) => several(f, parts, " or "),
            Predicate::Not(what) => match &**what {
                Predicate::Any(_) | Predicate::All(_) => write!(f, "not ({what})"),
                what => write!(f, "not {what}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_printed_again() {
        for text in [
            "ran(\"TYPE *\", node=A-M, reply == \"list\")",
            "ran(\"XCLAIM *\", count == 0) >= 2",
            "event(Removed, node=A-M, has=\"k\", has=\"Expired\") == 3",
            "state(keys) > 0",
            "state(type of \"a b\", node=A-M, db=2) == nil",
            "state(value of h, at=f) ~ \"x\"",
            "before(predicted(ttl), ran(\"TTL k\"))",
            "within(event(Killed), event(Started), 1.5s)",
            "always(state(keys) < 10) and never(event(Refused) or state(keys) == 0)",
            "(predicted(a) or answer(b) != -1.5) and not (predicted(c) and predicted(d))",
        ] {
            let predicate = Predicate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(format!("{predicate}"), *text);
        }
        let loose = Predicate::parse("  ran( \"GET k\",reply==hello )and(predicted( x ))").unwrap();
        assert_eq!(format!("{loose}"), "ran(\"GET k\", reply == \"hello\") and predicted(x)");
    }

    #[test]
    fn an_error_names_the_word_and_its_place() {
        for (text, word, at) in [
            ("", "", 1),
            ("wrong(x)", "wrong(x)", 1),
            ("predicted(a) predicted(b)", "predicted(b)", 14),
            ("predicted(a", "", 12),
            ("event(Fail)", "Fail", 11),
            ("ran(GET k)", "GET", 5),
            ("ran(\"GET k\", speed=1)", "speed", 19),
            ("state(colour) == 1", "colour", 13),
            ("state(keys)", "", 12),
            ("state(keys) = 1", "=", 13),
            ("within(predicted(a), predicted(b))", ")", 34),
            ("predicted(a) and", "", 17),
            ("日本", "日本", 1),
        ] {
            let error = Predicate::parse(text).unwrap_err();
            let place = format!("(at character {at})");
            assert!(word.starts_with(&error.word) && error.why.ends_with(&place), "{text}: {error}");
        }
        assert!(Predicate::parse(&"(".repeat(LENGTH)).unwrap_err().why.contains("deep"));
        assert!(Predicate::parse(&" ".repeat(LENGTH + 1)).unwrap_err().why.contains("at most"));
        assert!(Predicate::parse(&"not ".repeat(900)).unwrap_err().why.contains("deep"));
    }

    #[test]
    fn values_are_compared_as_numbers_where_both_are() {
        let holds = |test: &str, value: Value| {
            let Predicate::State(_, test) = Predicate::parse(&format!("state(keys) {test}")).unwrap() else { panic!() };
            test.holds(value.as_deref())
        };
        let some = |text: &str| Some(text.to_owned());
        assert!(holds("== 1.50", some("1.5")) && holds("< 10", some("9")) && !holds("< 10", some("x")));
        assert!(holds("== nil", None) && holds("!= nil", some("")) && !holds("== 0", None));
        assert!(holds("~ WRONG", some("WRONGTYPE")) && !holds("~ WRONG", None));
    }

    #[test]
    fn a_pattern_means_the_words_of_a_command() {
        let meant = |pattern: &str, line: &str| {
            let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            is_meant(pattern, &words)
        };
        assert!(meant("SET k *", "set k a EX 10") && !meant("SET k *", "set k"));
        assert!(meant("GET user:*", "get user:1") && !meant("GET user:*", "get User:1"));
        assert!(!meant("GET k", "GET k extra") && meant("*", "PING") && meant("*", "GET k"));
        assert!(meant("XADD jobs *", "XADD jobs * a 1"));
    }
}
