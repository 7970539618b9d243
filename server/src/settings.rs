//! Gathers the configuration: the file, what it includes, standard input and the command line, as one text whose every
//! line remembers where it was written.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use kvarium_engine::base::glob;
use kvarium_engine::config::Config;

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

    /// What the lines say. The error names the line that can't be taken, where it was written, and why.
    pub fn config(&self) -> Result<Config, String> {
        let text: String = self.lines.iter().map(|line| format!("{}\n", line.text)).collect();
        Config::parse(&text).map_err(|error| self.refusal(error.line, &error.why))
    }

    /// Whether some line gives `directive`.
    pub fn mentions(&self, directive: &str) -> bool {
        self.lines.iter().any(|line| words(&line.text).0.eq_ignore_ascii_case(directive))
    }

    /// Line numbers are counted from 1.
    fn refusal(&self, line: usize, why: &str) -> String {
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
    ['"', '\''].iter().find_map(|&quote| word.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(word)
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
        .filter(|entry| glob::matches(names.as_bytes(), entry.file_name().as_encoded_bytes()))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Folder(PathBuf);

    impl Folder {
        fn with(name: &str, files: &[(&str, &str)]) -> Folder {
            let folder = std::env::temp_dir().join(format!("kvarium-settings-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            for (name, text) in files {
                fs::write(folder.join(name), text.replace("HERE", folder.to_str().unwrap())).unwrap();
            }
            Folder(folder)
        }

        fn gather(&self, file: &str) -> Result<Settings, String> {
            let path = self.0.join(file).into_os_string();
            Settings::gather(&crate::arguments::parse(&[path, "--hz".into(), "7".into()]).unwrap())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn later_lines_win_and_the_command_line_comes_last() {
        let folder = Folder::with(
            "order",
            &[
                ("redis.conf", "port 1\nhz 5\ninclude \"HERE/part-*.conf\"\ntimeout 3\n"),
                ("part-b.conf", "port 3\n"),
                ("part-a.conf", "port 2\ntimeout 2\n"),
            ],
        );
        let settings = folder.gather("redis.conf").unwrap();
        let config = settings.config().unwrap();
        assert_eq!((config.port, config.timeout, config.hz), (3, 3, 7));
        assert!(settings.mentions("port") && !settings.mentions("bind"));
    }

    #[test]
    fn a_refusal_names_file_line_and_reason() {
        let folder = Folder::with(
            "refusal",
            &[("redis.conf", "# first\ninclude HERE/part.conf\n"), ("part.conf", "port 6380\n\nport 70000\n")],
        );
        let refusal = folder.gather("redis.conf").unwrap().config().unwrap_err();
        let path = folder.0.join("part.conf");
        assert_eq!(
            refusal,
            format!(
                "Bad configuration in {}, line 3: 'port 70000': argument must be between 0 and 65535 inclusive",
                path.display()
            )
        );
    }

    #[test]
    fn missing_files_and_circles_are_told_from_where_they_are_included() {
        let folder = Folder::with(
            "circle",
            &[("redis.conf", "include HERE/nowhere.conf\n"), ("a.conf", "include HERE/a.conf\n")],
        );
        let refusal = folder.gather("redis.conf").err().unwrap();
        assert!(refusal.contains("nowhere.conf: No such file") && refusal.contains("redis.conf, line 1"), "{refusal}");
        assert!(folder.gather("a.conf").err().unwrap().contains("include each other"));
    }
}
