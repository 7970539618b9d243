//! One typed line: split as `redis-cli` splits it, with the prefixes that people paste along.

use kvarium_engine::resp::show::argument_text;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Nothing,
    /// `!kill A-M`: acts on the world.
    World(String),
    /// `@A-M` alone: the terminal goes on there.
    Switch(String),
    Command(Command),
    /// Words that belong to this terminal and not to a node.
    Local(Local),
    Wrong(Wrong),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    Clear,
    Help,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A quote is not closed, or something follows its closing directly.
    Quotes,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    pub to: Option<Place>,
    pub words: Vec<Vec<u8>>,
    /// The words as one would type them.
    pub text: String,
    /// `-c`: redirections are followed.
    pub follow: bool,
    /// `-3`: speak RESP3.
    pub resp3: bool,
}

/// Where a command is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Node(String),
    Address { host: Option<String>, port: Option<u16> },
}

/// Reads one line.
pub fn read(line: &str) -> Line {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::Nothing;
    }
    if let Some(action) = line.strip_prefix('!') {
        return Line::World(format!("!{}", action.trim()));
    }
    let (to, rest) = node_prefix(line);
    if rest.is_empty() {
        return to.map_or(Line::Nothing, Line::Switch);
    }
    let Some(words) = split(rest) else { return Line::Wrong(Wrong::Quotes) };
    match words.first().map(|word| word.to_ascii_lowercase()).as_deref() {
        None => return Line::Nothing,
        Some(b"clear") if words.len() == 1 => return Line::Local(Local::Clear),
        Some(b"help" | b"?") => return Line::Local(Local::Help),
        _ => {}
    }
    let mut command =
        redis_cli(&words).unwrap_or_else(|| Command { words, text: rest.to_owned(), ..Command::default() });
    if let Some(node) = to {
        command.to = Some(Place::Node(node));
    }
    match (&command.words[..], &command.to) {
        ([], Some(Place::Node(node))) => Line::Switch(node.clone()),
        ([], None) => Line::Nothing,
        _ => Line::Command(command),
    }
}

/// `@A-M …`, and the prompts `A-M> …`, `127.0.0.1:6379> …` and `redis> …` that documents print before a command.
fn node_prefix(line: &str) -> (Option<String>, &str) {
    if let Some(rest) = line.strip_prefix('@') {
        let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
        let (node, rest) = rest.split_at(end);
        return (Some(node.to_owned()), rest.trim_start_matches('>').trim_start());
    }
    if let Some((prompt, rest)) = line.split_once("> ") {
        let prompt = prompt.trim_end_matches("(TX)");
        let is_address = prompt.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if is_address || prompt == "redis" || prompt == "127.0.0.1" {
            return (None, rest.trim_start());
        }
    }
    (None, line)
}

/// Splits a line into arguments: spaces part, `"…"` understands escapes, `'…'` only `\'`. `None` where quotes don't match.
pub fn split(line: &str) -> Option<Vec<Vec<u8>>> {
    let bytes = line.as_bytes();
    let mut at = 0;
    let mut words = Vec::new();
    loop {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if at == bytes.len() {
            return Some(words);
        }
        let mut word = Vec::new();
        while let Some(&byte) = bytes.get(at).filter(|byte| !byte.is_ascii_whitespace()) {
            at += 1;
            match byte {
                b'"' => at = double_quoted(bytes, at, &mut word)?,
                b'\'' => at = single_quoted(bytes, at, &mut word)?,
                _ => word.push(byte),
            }
        }
        words.push(word);
    }
}

/// Reads behind an opening `"`; gives the place behind its closing, which must end the argument.
fn double_quoted(bytes: &[u8], mut at: usize, word: &mut Vec<u8>) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'"' => return ends_argument(bytes, at + 1),
            b'\\' => {
                let escaped = *bytes.get(at + 1)?;
                let hex = bytes.get(at + 2..at + 4).and_then(|digits| str::from_utf8(digits).ok());
                match (escaped, hex.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
                    (b'x', Some(byte)) => {
                        word.push(byte);
                        at += 4;
                        continue;
                    }
                    (b'n', _) => word.push(b'\n'),
                    (b'r', _) => word.push(b'\r'),
                    (b't', _) => word.push(b'\t'),
                    (b'b', _) => word.push(0x08),
                    (b'a', _) => word.push(0x07),
                    (other, _) => word.push(other),
                }
                at += 2;
            }
            byte => {
                word.push(byte);
                at += 1;
            }
        }
    }
}

fn single_quoted(bytes: &[u8], mut at: usize, word: &mut Vec<u8>) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'\'' => return ends_argument(bytes, at + 1),
            b'\\' if bytes.get(at + 1) == Some(&b'\'') => {
                word.push(b'\'');
                at += 2;
            }
            byte => {
                word.push(byte);
                at += 1;
            }
        }
    }
}

fn ends_argument(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at).is_none_or(u8::is_ascii_whitespace).then_some(at)
}

/// `redis-cli -h … -p … -c SET k v`, also behind `docker exec …`: where to, and the command.
fn redis_cli(words: &[Vec<u8>]) -> Option<Command> {
    let text = |word: &Vec<u8>| String::from_utf8_lossy(word).into_owned();
    let is_cli = |word: &Vec<u8>| matches!(text(word).rsplit('/').next(), Some("redis-cli" | "valkey-cli"));
    let wrapped = matches!(words.first()?.as_slice(), b"docker" | b"docker-compose" | b"kubectl" | b"sudo" | b"$");
    let start = if wrapped { words.iter().position(is_cli)? } else { is_cli(words.first()?).then_some(0)? };
    let mut command = Command::default();
    let (mut host, mut port) = (None, None);
    let mut rest = words[start + 1..].iter().peekable();
    while let Some(flag) = rest.next_if(|word| word.starts_with(b"-")) {
        match flag.as_slice() {
            b"-h" => host = rest.next().map(text),
            b"-p" => port = rest.next().and_then(|word| text(word).parse().ok()),
            b"-c" => command.follow = true,
            b"-3" => command.resp3 = true,
            b"-a" | b"-n" | b"-u" | b"-s" | b"-r" | b"-i" | b"-t" | b"--user" | b"--pass" => {
                rest.next();
            }
            _ => {}
        }
    }
    command.words = rest.cloned().collect();
    command.text = command.words.iter().map(|word| argument_text(word)).collect::<Vec<_>>().join(" ");
    if host.is_some() || port.is_some() {
        command.to = Some(Place::Address { host, port });
    }
    Some(command)
}

/// The lines of a paste, without empty ones and comments.
pub fn pasted_lines(text: &str) -> Vec<String> {
    let wanted = |line: &&str| read(line) != Line::Nothing;
    text.lines().map(str::trim).filter(wanted).map(str::to_owned).collect()
}

/// Where `MOVED 866 172.50.0.11:6371` sends a client: the slot and the address.
pub fn moved(error: &str) -> Option<(u16, &str)> {
    let mut words = error.strip_prefix("MOVED ")?.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        split(line).map(|words| words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    #[test]
    fn quotes_hold_a_word_together() {
        assert_eq!(words(r#"SET k "a \"b\" \x41\n" 'it\'s'"#).unwrap(), ["SET", "k", "a \"b\" A\n", "it's"]);
        assert_eq!(words(r#"SET k """#).unwrap(), ["SET", "k", ""]);
        assert_eq!(words(r#"SET k "open"#), None);
        assert_eq!(words(r#"SET k "a"b"#), None);
    }

    #[test]
    fn a_line_may_name_its_node() {
        assert_eq!(read("@B-M"), Line::Switch("B-M".into()));
        let Line::Command(command) = read("@B-M> GET k") else { panic!() };
        assert_eq!(command.to, Some(Place::Node("B-M".into())));
        assert_eq!(command.words, [b"GET".to_vec(), b"k".to_vec()]);
        assert_eq!(read("!kill A-M"), Line::World("!kill A-M".into()));
        assert_eq!(read("  "), Line::Nothing);
        assert_eq!(read("SET k \"x"), Line::Wrong(Wrong::Quotes));
    }

    #[test]
    fn prompts_of_documents_are_no_part_of_the_command() {
        for line in ["redis> GET k", "127.0.0.1:6379> GET k", "127.0.0.1:6379(TX)> GET k"] {
            let Line::Command(command) = read(line) else { panic!("{line}") };
            assert_eq!(command.words[0], b"GET");
        }
        let Line::Command(command) = read("SET a> b") else { panic!() };
        assert_eq!(command.words.len(), 3);
    }

    #[test]
    fn a_pasted_redis_cli_line_says_where_to() {
        let Line::Command(command) = read("docker exec -it r1 redis-cli -c -h 172.50.0.12 -p 6372 -a pw SET k v")
        else {
            panic!()
        };
        assert!(command.follow);
        assert_eq!(command.to, Some(Place::Address { host: Some("172.50.0.12".into()), port: Some(6372) }));
        assert_eq!(command.words.len(), 3);
    }

    #[test]
    fn a_redirection_names_slot_and_address() {
        assert_eq!(moved("MOVED 866 172.50.0.11:6371"), Some((866, "172.50.0.11:6371")));
        assert_eq!(moved("ERR no"), None);
    }

    #[test]
    fn a_paste_is_cut_into_its_commands() {
        assert_eq!(pasted_lines("# a\nSET a 1\n\n  GET a \r\n"), ["SET a 1", "GET a"]);
    }
}
