//! Gathers the configuration: the file, what it includes, standard input and the command line, as one text whose every
//! line remembers where it was written.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::arguments::Arguments;

/// Included files may include others; deeper than this, they go round in circles.
const INCLUDE_DEPTH: usize = 16;

/// A configuration that has been gathered, not yet understood.
#[derive(Default)]
pub struct Settings {
    lines: Vec<Line>,
    /// The file that was named on the command line, as an absolute path.
    pub file: Option<PathBuf>,
}

struct Line {
    text: String,
    source: Source,
}

/// Where a line was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File { path: PathBuf, line: usize },
    StandardInput { line: usize },
    CommandLine,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Source::StandardInput { line } => write!(f, "standard input, line {line}"),
            Source::CommandLine => f.write_str("the command line"),
        }
    }
}

impl Settings {
    /// Reads everything that `arguments` name. The error is a sentence for the operator.
    pub fn gather(arguments: &Arguments) -> Result<Settings, String> {
        let mut settings = Settings::default();
        if let Some(path) = &arguments.file {
            settings.add_file(path, 0).map_err(|why| format!("Can't read the configuration file {why}"))?;
            settings.file = std::path::absolute(path).ok();
        }
        if arguments.stdin {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| format!("Can't read the configuration from standard input: {error}"))?;
            settings.add_text(&text, |line| Source::StandardInput { line }, 0)?;
        }
        for directive in &arguments.directives {
            settings.add_line(directive, Source::CommandLine, 0)?;
        }
        Ok(settings)
    }

    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{}\n", line.text)).collect()
    }

    /// Whether some line gives `directive`.
    pub fn mentions(&self, directive: &str) -> bool {
        self.lines.iter().any(|line| words(&line.text).0.eq_ignore_ascii_case(directive))
    }

    /// Says that the line of `text()` with this number, counted from 1, can't be taken.
    pub fn refusal(&self, line: usize, why: &str) -> String {
        match line.checked_sub(1).and_then(|index| self.lines.get(index)) {
            Some(Line { text, source }) => format!("Bad configuration in {source}: '{}': {why}", text.trim()),
            None => format!("Bad configuration: {why}"),
        }
    }

    fn add_file(&mut self, path: &Path, depth: usize) -> Result<(), String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        self.add_text(&text, |line| Source::File { path: path.to_path_buf(), line }, depth)
    }

    fn add_text(&mut self, text: &str, source: impl Fn(usize) -> Source, depth: usize) -> Result<(), String> {
        text.lines().enumerate().try_for_each(|(index, line)| self.add_line(line, source(index + 1), depth))
    }

    fn add_line(&mut self, line: &str, source: Source, depth: usize) -> Result<(), String> {
        let (directive, rest) = words(line);
        if !directive.eq_ignore_ascii_case("include") {
            self.lines.push(Line { text: line.to_string(), source });
            return Ok(());
        }
        if depth == INCLUDE_DEPTH {
            return Err(format!("{source}: files include each other more than {INCLUDE_DEPTH} deep"));
        }
        for path in matching(unquoted(rest)).map_err(|why| format!("{why} (included by {source})"))? {
            self.add_file(&path, depth + 1).map_err(|why| format!("{why} (included by {source})"))?;
        }
        Ok(())
    }
}

/// The directive, and what follows it.
fn words(line: &str) -> (&str, &str) {
    let line = line.trim();
    line.split_once(char::is_whitespace).unwrap_or((line, ""))
}

fn unquoted(word: &str) -> &str {
    let word = word.trim();
    ['"', '\'']
        .iter()
        .find_map(|&quote| word.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(word)
}

/// The files that an `include` names, in order. Wildcards are taken in the last part of the path, and may match nothing.
fn matching(pattern: &str) -> Result<Vec<PathBuf>, String> {
    if !pattern.contains(['*', '?', '[']) {
        return Ok(vec![PathBuf::from(pattern)]);
    }
    let (folder, names) = match pattern.rsplit_once('/') {
        Some(("", names)) => ("/", names),
        Some(parts) => parts,
        None => (".", pattern),
    };
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| glob(names, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    Ok(paths)
}
