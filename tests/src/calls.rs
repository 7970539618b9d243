//! Calls of commands, made from what the command table says of their arguments: mostly valid, on few keys, with odd values.

use kvarium_engine::base::rng::Rng;
use kvarium_engine::commands::declaration::{Argument, ArgumentKind, Command, Group};

/// A seeded source of calls.
pub struct Calls {
    rng: Rng,
    commands: Vec<&'static Command>,
    /// Whether something of that version may be used.
    has: Box<dyn Fn(&str) -> bool>,
    lifetimes: Lifetimes,
    /// IDs of entries go up with it.
    ids: u64,
    /// The milliseconds that they are counted from.
    since: u64,
    /// How many keys the call being made has said it has: it has as many weights.
    counted: usize,
}

/// How soon what is told to expire does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetimes {
    /// Within moments of the test's own time.
    Short,
    /// Not before the test has ended, whatever two servers' clocks differ by; or at once.
    Long,
}

pub struct Call {
    pub command: &'static Command,
    pub words: Vec<Vec<u8>>,
}

/// Every key that calls use.
pub const KEYS: [&str; 27] = [
    "s1", "s2", "s3", "h1", "h2", "h3", "l1", "l2", "l3", "t1", "t2", "t3", "z1", "z2", "z3", "p1", "p2", "p3", "g1",
    "g2", "g3", "b1", "b2", "b3", "x1", "x2", "x3",
];

/// Numbers that are to be places or lengths.
const PLACES: [&str; 5] = ["longitude", "latitude", "radius", "width", "height"];
/// What stores all digits of a distance: of a hundred, the last one of two is another in a C library.
const INEXACT: &str = "STOREDIST";
/// What takes a real server a second.
const LEFT_OUT: &str = "pfselftest";

/// As Redis 7.0 dumps them, and one that is broken.
const PAYLOADS: [&[u8]; 6] = [
    b"\x00\xc0{\n\x00H\xe2S\xe1\x00zg\xb9",
    b"\x12\x01\x02\x10\x10\0\0\0\x03\0\x01\x01\x02\x01\x83abc\x04\xff\n\x00\xc54\xae\r\xdc#\xb9\xee",
    b"\x02\x02\x01a\xc0\x01\n\x00\xce8~\x02\x9c\xe1>r",
    b"\x11\x0f\x0f\0\0\0\x02\0\x81a\x02\x831.5\x04\xff\n\x00\x08\x0cn\x19\x80\x8e}\x98",
    b"\x10\x13\x13\0\0\0\x04\0\x81f\x02\x81v\x02\x81g\x02\x81w\x02\xff\n\x00\xd9\xde\xc5\xc9\x16\x0f\xb25",
    b"\x00\x05hello\n\x00cr\xdfve4 \x0b",
];

/// Commands that are called so many times less often than others.
const RARE: [&str; 6] = ["xgroup|destroy", "xgroup|delconsumer", "xgroup|setid", "xsetid", "xtrim", "xinfo|stream"];
const RARITY: usize = 8;

/// A stream whose IDs lie so far ahead that no clock has come there: one that was set back, to it.
const AHEAD: &str = "x3";
const FAR_MILLIS: u64 = 99_999_999_990_000;

const FAR_SECONDS: u64 = 33_177_117_420;

impl Calls {
    /// Calls of the commands of these groups that `has` their version.
    pub fn new(seed: u64, groups: &[Group], lifetimes: Lifetimes, has: impl Fn(&str) -> bool + 'static) -> Calls {
        let commands = kvarium_engine::commands::all()
            .flat_map(|command| if command.is_container() { command.subcommands.to_vec() } else { vec![command] })
            .filter(|command| groups.contains(&command.group) && !["help", LEFT_OUT].contains(&command.name))
            .filter(|command| has(command.since))
            .collect();
        Calls { rng: Rng::new(seed), commands, has: Box::new(has), lifetimes, ids: 4000, since: 0, counted: 0 }
    }

    pub fn next_call(&mut self) -> Call {
        let mut command = self.commands[self.rng.below(self.commands.len() as u64) as usize];
        // What takes away much at once comes seldom, so that something is there.
        while RARE.contains(&command.full_name) && !self.one_in(RARITY) {
            command = self.commands[self.rng.below(self.commands.len() as u64) as usize];
        }
        let mut words: Vec<Vec<u8>> = command.full_name.split('|').map(|word| word.as_bytes().to_vec()).collect();
        self.add_all(command.group, command.arguments, &mut words);
        match self.below(40) {
            0 => words.push(b"foo".to_vec()),
            1 if words.len() > 2 => _ = words.pop(),
            _ => {}
        }
        Call { command, words }
    }

    /// A generator for other decisions of the same test.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.below(bound as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn add_all(&mut self, group: Group, arguments: &'static [Argument], words: &mut Vec<Vec<u8>>) {
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument.name == "streams" {
                self.add_streams(group, words);
            } else if matches!(argument.name, "numkeys" | "numfields" | "num-vertices" | "numids") {
                words.extend(argument.token.map(|token| token.as_bytes().to_vec()));
                self.add_counted(group, rest.next().expect("what is counted follows its number"), words);
            } else {
                self.add(group, argument, words);
            }
        }
    }

    /// A number of things, and then the things.
    fn add_counted(&mut self, group: Group, things: &'static Argument, words: &mut Vec<Vec<u8>>) {
        let count = if things.name == "vertices" { 3 } else { 1 } + self.below(3);
        let said = if self.one_in(20) { self.below(5) } else { count };
        words.push(said.to_string().into_bytes());
        self.counted = said;
        for _ in 0..count {
            self.add_once(group, things, words);
        }
    }

    /// Some streams, and as many IDs to read them from.
    fn add_streams(&mut self, group: Group, words: &mut Vec<Vec<u8>>) {
        words.push(b"STREAMS".to_vec());
        let count = 1 + self.below(2);
        words.extend((0..count).map(|_| self.key(group).into_bytes()));
        for _ in 0..count {
            words.push(if self.one_in(2) { self.pick(&[">", ">", "0", "$", "+"]).into() } else { self.entry_id() });
        }
    }

    fn add(&mut self, group: Group, argument: &'static Argument, words: &mut Vec<Vec<u8>>) {
        let known = argument.since.is_none_or(|since| (self.has)(since));
        let is_compared = self.lifetimes == Lifetimes::Long;
        if !known || is_compared && argument.token == Some(INEXACT) || (argument.optional && self.below(5) < 3) {
            return;
        }
        let times = match argument.name {
            "weight" if !self.one_in(12) => self.counted,
            _ if argument.multiple => 1 + self.below(4),
            _ => 1,
        };
        for time in 0..times {
            if let Some(token) = argument.token.filter(|_| time == 0 || argument.multiple_token) {
                words.push(if self.one_in(8) { token.to_lowercase() } else { token.to_string() }.into_bytes());
            }
            self.add_once(group, argument, words);
        }
    }

    /// An argument's value, or values, without its token.
    fn add_once(&mut self, group: Group, argument: &'static Argument, words: &mut Vec<Vec<u8>>) {
        let value = match argument.kind {
            ArgumentKind::PureToken => return,
            ArgumentKind::Block => return self.add_all(group, argument.parts, words),
            // IDs that follow from a clock are other ones on two servers.
            ArgumentKind::OneOf if argument.name == "id-selector" && !self.one_in(8) => {
                let parts = argument.parts;
                if parts[0].name == "auto-id" {
                    return words.push(self.new_entry_id());
                }
                return words.push(self.entry_id());
            }
            ArgumentKind::OneOf => {
                let part = &argument.parts[self.below(argument.parts.len())];
                return self.add(group, part, words);
            }
            ArgumentKind::Key => self.key(group),
            ArgumentKind::Pattern if argument.name.ends_with("-pattern") => {
                self.pick(&["s*", "h*->m1", "h1->*", "nosort", "#", "*", "t*->"]).to_string()
            }
            ArgumentKind::Pattern => self.pick(&["*", "s*", "?1", "[lh]*", "[^s]?", "none*", "\\s1", ""]).to_string(),
            ArgumentKind::Double if argument.name == "timeout" => self.pick(&["0.001", "0.002", "-1", "x"]).to_string(),
            ArgumentKind::Double if matches!(argument.name, "min" | "max") => self.score_bound(),
            ArgumentKind::Integer if argument.name == "weight" => {
                self.pick(&["1", "2", "0", "-1", "0.5", "inf", "nan", "x"]).to_string()
            }
            ArgumentKind::Double if matches!(argument.name, "error_rate" | "error" | "tightening") => {
                self.pick(&["0.1", "0.01", "0.5", "0.999", "1", "x"]).to_string()
            }
            ArgumentKind::Double if PLACES.contains(&argument.name) && !self.one_in(20) => self.place(argument.name),
            ArgumentKind::Double if self.one_in(3) => "0".to_string(),
            ArgumentKind::Double => self
                .pick(&["1", "2", "-1.5", "3.25", "0", "0.1", "1e10", "-0", "7", "inf", "-inf", "nan", "x"])
                .to_string(),
            ArgumentKind::UnixTime => self.moment(argument.name),
            ArgumentKind::Integer => self.integer(group, argument.name),
            ArgumentKind::String => return words.push(self.string(group, argument.name)),
        };
        words.push(value.into_bytes());
    }

    /// One of the few keys; mostly one that should hold what the command works on.
    fn key(&mut self, group: Group) -> String {
        let its_own = match group {
            Group::String | Group::Bitmap => 0..3,
            Group::Hash => 3..6,
            Group::List => 6..9,
            Group::Set => 9..12,
            Group::SortedSet => 12..15,
            Group::HyperLogLog => 15..18,
            Group::Geo => 18..21,
            Group::Bloom => 21..24,
            Group::Stream => 24..27,
            _ => 0..15,
        };
        let its_own = if group == Group::SortedSet && self.one_in(8) { 9..12 } else { its_own };
        let keys = if self.one_in(10) && group != Group::Stream { &KEYS[..] } else { &KEYS[its_own] };
        let key = self.pick(keys).to_string();
        self.since = if key == AHEAD { FAR_MILLIS } else { 0 };
        key
    }

    fn score_bound(&mut self) -> String {
        self.pick(&["1", "(1", "-inf", "+inf", "2", "(3.25", "-1.5", "10", "(1e10", "nan", "x"]).to_string()
    }

    /// Positions in and around Sicily, mostly, and lengths that reach from one to another.
    fn place(&mut self, name: &str) -> String {
        if self.one_in(12) {
            return self
                .pick(&["0", "180", "-180", "85.05112878", "-85", "90", "20000000", "1e-3", "75.5"])
                .to_string();
        }
        match name {
            "longitude" => format!("{:.3}", 12.0 + self.rng.unit() * 6.0),
            "latitude" => format!("{:.3}", 35.0 + self.rng.unit() * 5.0),
            _ => format!("{:.1}", 10f64.powf(self.rng.unit() * 6.0)),
        }
    }

    /// Mostly of an entry that was added lately, or is the next to be.
    fn entry_id(&mut self) -> Vec<u8> {
        let ms = self.since + self.ids / 4;
        match self.below(24) {
            0 => self
                .pick(&["-", "+", "0", "0-0", "x", "", "5-", "(5", "18446744073709551615-18446744073709551615"])
                .into(),
            1 => format!("{}", ms - self.rng.below(30)).into(),
            2 => format!("({}-{}", ms - self.rng.below(30), self.below(3)).into(),
            _ => format!("{}-{}", ms - self.rng.below(40), self.below(3)).into(),
        }
    }

    /// The ID of an entry to add: behind the last one, mostly.
    fn new_entry_id(&mut self) -> Vec<u8> {
        self.ids += self.rng.below(4);
        match self.below(16) {
            0 => self.entry_id(),
            1..3 => format!("{}-*", self.since + self.ids / 4).into(),
            _ => format!("{}-{}", self.since + self.ids / 4, self.ids % 4).into(),
        }
    }

    fn odd_integer(&mut self) -> String {
        self.pick(&[
            "0",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "x",
            "1.5",
            "",
            " 1",
        ])
        .to_string()
    }

    fn integer(&mut self, group: Group, name: &str) -> String {
        let may_wait = group == Group::Stream && name == "milliseconds";
        if !may_wait && !matches!(name, "cursor" | "timeout" | "ttl") && self.one_in(12) {
            return self.odd_integer();
        }
        match (name, self.lifetimes) {
            ("cursor", _) => "0".to_string(),
            // How long to wait, and how long nobody touched an entry: far from what servers differ by.
            ("milliseconds", _) if may_wait => self.pick(&["1", "2", "-1", "x"]).to_string(),
            ("ms" | "min-idle-time", _) => self.pick(&["0", "0", "50000000", "100000000", "-7"]).to_string(),
            ("entriesread" | "entries-added", _) => self.pick(&["-1", "0", "3", "1000", "100000"]).to_string(),
            ("seconds", Lifetimes::Short) => (1 + self.below(3)).to_string(),
            ("seconds", Lifetimes::Long) => (1000 + self.below(1_000_000_000)).to_string(),
            ("milliseconds", Lifetimes::Short) => (1 + self.below(300)).to_string(),
            ("milliseconds", Lifetimes::Long) => (1_000_000 + self.below(1_000_000_000_000)).to_string(),
            ("timeout", _) => self.pick(&["1", "2", "-1", "x"]).to_string(),
            ("ttl", _) if self.one_in(12) => self.pick(&["-1", "x", "9223372036854775808"]).to_string(),
            ("ttl", Lifetimes::Short) => self.below(300).to_string(),
            ("ttl", Lifetimes::Long) => (self.below(2) * 1_000_000).to_string(),
            ("db" | "destination-db", _) => self.below(3).to_string(),
            ("offset", _) if self.one_in(8) => format!("#{}", self.below(6)),
            ("offset", _) => self.below(12).to_string(),
            ("bit", _) => self.below(2).to_string(),
            ("value", _) if self.one_in(2) => self.below(2).to_string(),
            ("count" | "min-match-len", _) if self.one_in(10) => (self.below(60) as i64 - 10).to_string(),
            ("count" | "min-match-len", _) => (1 + self.below(5)).to_string(),
            _ => (self.below(12) as i64 - 4).to_string(),
        }
    }

    fn moment(&mut self, name: &str) -> String {
        match self.below(12) {
            0 => self.pick(&["1", "0", "-1", "1000000000"]).to_string(),
            1 => self.pick(&["x", "", "9223372036854775808", "-9223372036854775809"]).to_string(),
            _ => {
                let seconds = FAR_SECONDS + self.rng.below(1000);
                if name.contains("milliseconds") {
                    format!("{seconds}{:03}", self.below(1000))
                } else {
                    seconds.to_string()
                }
            }
        }
    }

    fn string(&mut self, group: Group, name: &str) -> Vec<u8> {
        match name {
            "stop" | "start" | "min" | "max" if group != Group::Stream => {
                self.pick(&["0", "-1", "1", "2", "-3", "(1", "[m2", "(m4", "-", "+", "-inf", "+inf", "x", ""]).into()
            }
            "id" | "start" | "end" | "last-id" | "max-deleted-id" | "lastid" if group == Group::Stream => {
                self.entry_id()
            }
            "threshold" if self.one_in(2) => self.entry_id(),
            "threshold" => self.below(40).to_string().into(),
            "group" => format!("g{}", self.below(3)).into(),
            "consumer" => format!("c{}", self.below(5)).into(),
            "min-idle-time" => self.pick(&["0", "0", "0", "50000000", "100000000", "-7", "x"]).into(),
            "seed" => vec![b'a' + self.below(3) as u8; if self.one_in(4) { 31 } else { 32 }],
            "value" if group == Group::Bloom => self.member(),
            "encoding" => self.pick(&["u1", "u8", "i8", "i5", "u13", "i64", "u63", "u64", "x"]).into(),
            "subcommand" => self.pick(&["ENCODING", "DECODE", "TODENSE", "GETREG", "FOO"]).into(),
            "type" => self.pick(&["string", "list", "set", "zset", "hash", "stream", "STRING"]).into(),
            "serialized-value" => PAYLOADS[self.below(PAYLOADS.len())].into(),
            "field" | "member" | "member1" | "member2" | "element" => self.member(),
            _ => self.text(),
        }
    }

    fn member(&mut self) -> Vec<u8> {
        match self.below(12) {
            0 => self.text(),
            1 => self.below(300).to_string().into(),
            _ => format!("m{}", self.below(6)).into(),
        }
    }

    fn text(&mut self) -> Vec<u8> {
        match self.below(16) {
            0 => Vec::new(),
            1 => b"\x00\xff\r\n".to_vec(),
            2 => vec![b'a' + self.below(3) as u8; 1 + self.below(100)],
            3 => self.odd_integer().into(),
            4 => self.pick(&["3.14", "1e3", "-0.5", "0", "01", "+1", "inf"]).into(),
            5..9 => (self.below(200) as i64 - 50).to_string().into(),
            _ => (0..self.below(12)).map(|_| b"abcd"[self.below(4)]).collect(),
        }
    }
}

/// Words as clients send them.
pub fn encode(words: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Words as one would type them.
pub fn typed(words: &[Vec<u8>]) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        let plain = !word.is_empty() && word.iter().all(|byte| byte.is_ascii_graphic() && !b"\"'\\".contains(byte));
        if plain {
            line.push_str(&String::from_utf8_lossy(word));
        } else {
            kvarium_engine::resp::show::quote(word, &mut line);
        }
    }
    line
}
