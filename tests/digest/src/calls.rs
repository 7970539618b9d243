//! Random calls made from the command table: each is what the command's own declaration says it takes.
//!
//! Not everything is valid that a declaration allows (a range may be empty, a key may hold another type), and that is
//! wanted: refusals have to be the same everywhere as well.

use kvarium_engine::base::rng::Rng;
use kvarium_engine::base::time::Time;
use kvarium_engine::commands;
use kvarium_engine::commands::declaration::{Argument, ArgumentKind, Command, Flags};

pub struct Calls {
    commands: Vec<&'static Command>,
    /// How many keys or fields a number promised.
    promised: Option<usize>,
}

/// What speaks of the process and not of the data: its memory, whose words are of another size in a page, and its end.
const LEFT_OUT: [&str; 10] = [
    "client|info",
    "client|list",
    "command",
    "info",
    "latency|histogram",
    "lolwut",
    "memory|doctor",
    "memory|stats",
    "memory|usage",
    "quit",
];

const KEYS: u64 = 12;
const TEXTS: [&[u8]; 10] = [b"", b"a", b"b", b"field", b"hello world", b"\x00\xff\r\n", b"10", b"-3", b"3.5", b"1e300"];
const PATTERNS: [&[u8]; 5] = [b"*", b"key:?", b"key:[0-4]*", b"nothing", b"\\**"];
const FIELDS: [&[u8]; 6] = [b"u1", b"i8", b"u13", b"i64", b"u63", b"x"];
/// Arguments that are ends of ranges.
const ENDS: [&str; 4] = ["start", "stop", "min", "max"];
const BOUNDS: [&[u8]; 8] = [b"0", b"-1", b"(3", b"[b", b"-", b"+", b"-inf", b"inf"];
/// Corners of a polygon.
const CORNERS: usize = 4;
const DOUBLES: [f64; 8] = [0.0, -0.5, 0.1, 3.0, 1e17, -2.5e-7, 1.7976931348623157e308, 90.0];
const INTEGERS: [i64; 6] = [0, 1, -1, i64::MAX, i64::MIN, 4_294_967_296];

impl Default for Calls {
    fn default() -> Self {
        Self::new()
    }
}

impl Calls {
    pub fn new() -> Calls {
        let leaves = |command: &'static Command| match command.subcommands {
            [] => vec![command],
            parts => parts.to_vec(),
        };
        let wanted = |command: &&Command| !command.flags.has(Flags::ADMIN) && !LEFT_OUT.contains(&command.full_name);
        Calls { commands: commands::all().flat_map(leaves).filter(wanted).collect(), promised: None }
    }

    /// Some command with arguments that its declaration allows.
    pub fn next(&mut self, rng: &mut Rng, now: Time) -> Vec<Vec<u8>> {
        let command = *pick(rng, &self.commands);
        let mut words: Vec<Vec<u8>> = command.full_name.split('|').map(|word| word.as_bytes().to_vec()).collect();
        self.promised = None;
        self.add_all(command.arguments, rng, now, &mut words);
        words
    }

    fn add_all(&mut self, arguments: &[Argument], rng: &mut Rng, now: Time, words: &mut Vec<Vec<u8>>) {
        for argument in arguments {
            if argument.optional && rng.below(3) > 0 {
                continue;
            }
            let is_promised =
                argument.kind == ArgumentKind::Key || matches!(argument.name, "weight" | "field" | "data");
            let promised = self.promised.filter(|_| is_promised && argument.multiple);
            let times = match promised {
                Some(count) => count,
                None if argument.name == "vertices" => CORNERS,
                None if argument.multiple => 1 + rng.below(3) as usize,
                None => 1,
            };
            for time in 0..times {
                if let Some(token) = argument.token.filter(|_| time == 0 || argument.multiple_token) {
                    words.push(token.as_bytes().to_vec());
                }
                self.add(argument, rng, now, words);
            }
        }
    }

    fn add(&mut self, argument: &Argument, rng: &mut Rng, now: Time, words: &mut Vec<Vec<u8>>) {
        let word = match argument.kind {
            ArgumentKind::PureToken => return,
            ArgumentKind::OneOf => {
                let one = rng.below(argument.parts.len() as u64) as usize;
                return self.add_all(&argument.parts[one..=one], rng, now, words);
            }
            ArgumentKind::Block => return self.add_all(argument.parts, rng, now, words),
            ArgumentKind::Key => format!("key:{}", rng.below(KEYS)).into_bytes(),
            ArgumentKind::String if argument.name == "encoding" => pick(rng, &FIELDS).to_vec(),
            ArgumentKind::String if ENDS.contains(&argument.name) => pick(rng, &BOUNDS).to_vec(),
            ArgumentKind::String => text(rng),
            ArgumentKind::Pattern => pick(rng, &PATTERNS).to_vec(),
            ArgumentKind::Integer if matches!(argument.name, "numkeys" | "numfields") => {
                let count = 1 + rng.below(3) as usize;
                self.promised = Some(count);
                count.to_string().into_bytes()
            }
            ArgumentKind::Integer if argument.name == "num-vertices" => CORNERS.to_string().into_bytes(),
            ArgumentKind::Integer if matches!(argument.name, "bit" | "value") => rng.below(3).to_string().into_bytes(),
            ArgumentKind::Integer if argument.name == "timeout" => (rng.below(40) + 1).to_string().into_bytes(),
            ArgumentKind::Integer if rng.below(10) == 0 => pick(rng, &INTEGERS).to_string().into_bytes(),
            ArgumentKind::Integer => (rng.below(40) as i64 - 5).to_string().into_bytes(),
            // Who waits for ever says nothing more.
            ArgumentKind::Double if argument.name == "timeout" => (rng.below(40) + 1).to_string().into_bytes(),
            ArgumentKind::Double if rng.below(2) == 0 => pick(rng, &DOUBLES).to_string().into_bytes(),
            ArgumentKind::Double => (rng.unit() * 200.0 - 100.0).to_string().into_bytes(),
            ArgumentKind::UnixTime => {
                let milliseconds = now.millis() + rng.below(20_000) - 2_000;
                let is_fine = argument.name.contains("milliseconds");
                (if is_fine { milliseconds } else { milliseconds / 1000 }).to_string().into_bytes()
            }
        };
        words.push(word);
    }
}

/// Mostly short, of every kind that is stored in its own way.
fn text(rng: &mut Rng) -> Vec<u8> {
    match rng.below(10) {
        0 => vec![b'x'; rng.below(300) as usize],
        1 | 2 => (rng.bits() as i64).to_string().into_bytes(),
        3 | 4 => format!("member:{}", rng.below(50)).into_bytes(),
        _ => pick(rng, &TEXTS).to_vec(),
    }
}

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.below(from.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_the_words_its_command_wants() {
        let (mut calls, mut rng) = (Calls::new(), Rng::new(1));
        let declared = |words: &[Vec<u8>]| {
            let command = commands::all().find(|command| command.name.as_bytes() == words[0])?;
            if command.is_container() { command.subcommand(&words[1]) } else { Some(command) }
        };
        for _ in 0..5_000 {
            let words = calls.next(&mut rng, Time::from_millis(1_700_000_000_000));
            let command = declared(&words).expect("calls are made from the table");
            // A search in a polygon needs no FROM; that any other does, the declaration can't say.
            let may_lack_from = command.full_name.starts_with("geosearch");
            assert!(command.takes(words.len()) || may_lack_from, "{} with {} words", command.full_name, words.len());
        }
    }
}
