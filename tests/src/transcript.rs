//! Transcripts: what is said to a server and what it answers, in text files that people read.
//!
//! ```text
//! # A line of explanation.
//! > SET k v                 what is sent; 2> is a second connection, and so on
//! OK                        the reply, as redis-cli prints it
//! > SMEMBERS s              where the order does not matter:
//! ~unordered
//! 1) "a"
//! 2) "b"
//! > CLIENT ID               where it can't be known: a pattern for the whole reply
//! ~like (integer) *
//! # differs from redis: this is newer
//! > SET k v IFEQ a          such a reply must not be what that server gives (`# differs:` means every real one)
//! (nil)
//! @resp3                    the connection speaks RESP3 from here on; 2@resp2 is the second one, and back
//! @pass 1500                so many milliseconds go by
//! 2>> BLPOP l 0             what is sent without waiting for a reply,
//! 2<                        and the next reply that comes, or message
//! 1) "l"
//! 2) "a"
//! ```
//! Every file starts on an empty server, with connections that speak RESP2.

use std::fmt::Write;

use kvarium_engine::base::glob;
use kvarium_engine::resp::value::ReplyValue;

use crate::subject::Subject;

pub struct Transcript {
    /// Every line of the file; those of replies belong to the step before them.
    parts: Vec<Part>,
}

enum Part {
    /// A comment or an empty line, kept for recording.
    Text(String),
    Step(Step),
}

struct Step {
    line: usize,
    text: String,
    connection: usize,
    action: Action,
    reply: Expected,
    /// The servers that answer otherwise; an empty name means all real ones.
    differs: Vec<String>,
}

enum Action {
    /// A command and its reply.
    Send(String),
    /// A command only.
    Begin(String),
    /// A reply only.
    Receive,
    Protocol(u8),
    Pass(u64),
}

#[derive(Clone, Default)]
struct Expected {
    how: How,
    text: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum How {
    #[default]
    Equal,
    Unordered,
    Like,
}

impl Transcript {
    /// # Errors
    /// A line that is none of what the module describes.
    pub fn parse(text: &str) -> Result<Transcript, String> {
        let mut parts: Vec<Part> = Vec::new();
        let mut differs = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                if let Some(name) = line.strip_prefix("# differs") {
                    differs.push(divergence(name).ok_or(format!("line {}: no reason for a divergence", number + 1))?);
                }
                parts.push(Part::Text(line.into()));
            } else if let Some((connection, action)) = action(line) {
                let step = Step {
                    line: number + 1,
                    text: line.into(),
                    connection,
                    action,
                    reply: Expected::default(),
                    differs: std::mem::take(&mut differs),
                };
                parts.push(Part::Step(step));
            } else {
                match parts.last_mut() {
                    Some(Part::Step(step)) if matches!(step.action, Action::Send(_) | Action::Receive) => {
                        step.reply.add(line)
                    }
                    _ => return Err(format!("line {}: a reply to nothing: {line}", number + 1)),
                }
            }
        }
        Ok(Transcript { parts })
    }

    /// The commands that are sent.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.steps().filter_map(|step| match &step.action {
            Action::Send(command) | Action::Begin(command) => Some(command.as_str()),
            _ => None,
        })
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.parts.iter().filter_map(|part| match part {
            Part::Step(step) => Some(step),
            Part::Text(_) => None,
        })
    }

    /// Plays it to a server; `real` is the name of a real one. What went wrong, line by line.
    pub fn play(&self, subject: &mut dyn Subject, real: Option<&str>) -> Vec<String> {
        let mut wrong = Vec::new();
        for step in self.steps() {
            let Some(reply) = step.play(subject) else { continue };
            let should_differ = real.is_some_and(|name| step.differs_from(name));
            match (step.reply.matches(&reply), should_differ) {
                (true, false) | (false, true) => {}
                (true, true) => {
                    wrong.push(format!("line {}: {} differs no longer: take the mark away", step.line, step.text));
                }
                (false, false) => wrong.push(format!(
                    "line {}: {}\nexpected:\n{}\nanswered:\n{reply}",
                    step.line, step.text, step.reply.text
                )),
            }
        }
        wrong
    }

    /// Plays it to the real server of this name and gives the file's text with its replies, other than where this one is
    /// to differ, or where replies are only alike.
    pub fn record(&self, subject: &mut dyn Subject, name: &str) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(line) => writeln!(text, "{line}").expect("memory"),
                Part::Step(step) => {
                    writeln!(text, "{}", step.text).expect("memory");
                    let Some(reply) = step.play(subject) else { continue };
                    let written = !step.reply.text.is_empty();
                    let keep = step.reply.matches(&reply)
                        || written && (step.differs_from(name) || step.reply.how == How::Like);
                    let replies = if keep { step.reply.text.clone() } else { reply.to_string() };
                    let how = match step.reply.how {
                        How::Equal => "",
                        How::Unordered => "~unordered\n",
                        How::Like => "~like ",
                    };
                    writeln!(text, "{how}{replies}").expect("memory");
                }
            }
        }
        text
    }
}

impl Step {
    fn differs_from(&self, real: &str) -> bool {
        self.differs.iter().any(|name| name.is_empty() || name == real)
    }

    fn play(&self, subject: &mut dyn Subject) -> Option<ReplyValue> {
        match &self.action {
            Action::Pass(millis) => {
                subject.pass(*millis);
                None
            }
            Action::Protocol(version) => {
                subject.call(self.connection, format!("HELLO {version}\r\n").as_bytes());
                None
            }
            Action::Begin(command) => {
                subject.send(self.connection, format!("{command}\r\n").as_bytes());
                None
            }
            Action::Receive => Some(subject.reply(self.connection)),
            Action::Send(command) => Some(subject.call(self.connection, format!("{command}\r\n").as_bytes())),
        }
    }
}

impl Expected {
    fn add(&mut self, line: &str) {
        if line == "~unordered" {
            self.how = How::Unordered;
        } else if let Some(pattern) = line.strip_prefix("~like ") {
            self.how = How::Like;
            self.text = pattern.into();
        } else {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.push_str(line);
        }
    }

    fn matches(&self, reply: &ReplyValue) -> bool {
        let answered = reply.to_string();
        match self.how {
            How::Equal => self.text == answered,
            How::Like => glob::matches(self.text.as_bytes(), answered.as_bytes()),
            How::Unordered => sorted(&self.text) == sorted(&answered),
        }
    }
}

/// The entries of a list, without their numbers, in an order of their own.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().map(without_numbers).collect();
    lines.sort_unstable();
    lines
}

/// A line without the numbers, of several levels perhaps, that it has in a list.
fn without_numbers(line: &str) -> &str {
    let rest = line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
    match rest.strip_prefix([')', '~', '#', '>']) {
        Some(rest) => without_numbers(rest),
        None => rest,
    }
}

/// The server in ` from redis: reason`, empty in `: reason`.
fn divergence(text: &str) -> Option<String> {
    let (name, reason) = text.split_once(':')?;
    let name = name.strip_prefix(" from ").or_else(|| name.is_empty().then_some(""))?;
    (!reason.trim().is_empty()).then(|| name.into())
}

/// The connection, counted from 0, and what is done on it.
fn action(line: &str) -> Option<(usize, Action)> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &line[..line.len() - rest.len()];
    let connection = if number.is_empty() { 0 } else { number.parse::<usize>().ok()?.checked_sub(1)? };
    let action = match rest {
        "@resp2" => Action::Protocol(2),
        "@resp3" => Action::Protocol(3),
        "<" => Action::Receive,
        _ if rest.starts_with(">> ") => Action::Begin(rest[3..].into()),
        _ if rest.starts_with("@pass ") => Action::Pass(rest["@pass ".len()..].parse().ok()?),
        _ => Action::Send(rest.strip_prefix("> ")?.into()),
    };
    Some((connection, action))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::InProcess;

    fn play(text: &str, real: Option<&str>) -> Vec<String> {
        Transcript::parse(text).unwrap().play(&mut InProcess::new(""), real)
    }

    #[test]
    fn a_wrong_reply_is_told_with_its_line() {
        let wrong = play("> SET k v\nOK\n\n# a comment\n> GET k\n\"w\"\n", None);
        assert_eq!(wrong, ["line 5: > GET k\nexpected:\n\"w\"\nanswered:\n\"v\""]);
    }

    #[test]
    fn a_divergence_has_to_stay_one() {
        let text = "# differs from redis: a test\n> ECHO a\n\"a\"\n";
        assert!(play(text, None).is_empty());
        assert!(play(text, Some("valkey")).is_empty());
        assert!(play(text, Some("redis"))[0].contains("differs no longer"));
        assert!(Transcript::parse("# differs from redis\n").is_err());
    }

    #[test]
    fn order_patterns_connections_and_time() {
        let text = "> RPUSH l a b\n(integer) 2\n> LRANGE l 0 -1\n~unordered\n1) \"b\"\n2) \"a\"\n> PEXPIRE l 100\n(integer) 1\n\
                    2@resp3\n2> PTTL l\n~like (integer) [0-9]*\n@pass 101\n2> EXISTS l\n(integer) 0\n2> LPOP l\n(nil)\n";
        assert_eq!(play(text, None), Vec::<String>::new());
        assert_eq!(play(&text.replace("2) \"a\"", "2) \"c\""), None).len(), 1);
    }

    #[test]
    fn a_recording_has_the_replies_of_the_server() {
        let text = "# Text.\n> SET k v\n> GET k\nwrong\n> TTL k\n~like (integer) *\n@pass 1\n";
        let recorded = Transcript::parse(text).unwrap().record(&mut InProcess::new(""), "redis");
        assert_eq!(recorded, "# Text.\n> SET k v\nOK\n> GET k\n\"v\"\n> TTL k\n~like (integer) *\n@pass 1\n");
    }
}
