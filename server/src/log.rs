//! The log of the process: lines in Redis's manner, or one JSON object per line.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use kvarium_engine::base::time::Time;
use kvarium_engine::event::Level;

use crate::clock;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
}

impl FromStr for Format {
    type Err = ();
    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            _ => Err(()),
        }
    }
}

pub struct Log {
    /// Standard output where there is none.
    file: Option<PathBuf>,
    format: Format,
    pid: u32,
}

impl Log {
    pub fn new(file: Option<PathBuf>, format: Format) -> Self {
        Log { file, format, pid: std::process::id() }
    }

    /// Writes one line. What `loglevel` does not want was left out by who speaks. A log that can't be written is no reason
    /// to stop serving, so that errors are dropped.
    pub fn write(&self, now: Time, level: Level, text: &str) {
        let _ = self.append(&self.line(now, level, text));
    }

    pub fn notice(&self, text: &str) {
        self.write(clock::now(), Level::Notice, text);
    }

    pub fn warning(&self, text: &str) {
        self.write(clock::now(), Level::Warning, text);
    }

    /// Opens the file anew for every line, so that it may be rotated at any time.
    fn append(&self, line: &str) -> io::Result<()> {
        match &self.file {
            None => io::stdout().write_all(line.as_bytes()),
            Some(path) => OpenOptions::new().append(true).create(true).open(path)?.write_all(line.as_bytes()),
        }
    }

    fn line(&self, now: Time, level: Level, text: &str) -> String {
        match self.format {
            Format::Text => format!("{}:M {} {} {text}\n", self.pid, clock::local_text(now), mark(level)),
            Format::Json => format!(
                "{{\"time\":\"{}\",\"level\":\"{}\",\"pid\":{},\"text\":{}}}\n",
                clock::utc_text(now),
                name(level),
                self.pid,
                json_string(text)
            ),
        }
    }
}

fn mark(level: Level) -> char {
    match level {
        Level::Debug => '.',
        Level::Verbose => '-',
        Level::Notice => '*',
        Level::Warning => '#',
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Verbose => "verbose",
        Level::Notice => "notice",
        Level::Warning => "warning",
    }
}

fn json_string(text: &str) -> String {
    let mut json = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\n' => json.push_str("\\n"),
            c if c.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Time = Time::from_micros(1_795_302_936_466_999);

    fn log(format: Format) -> Log {
        Log { pid: 7, ..Log::new(None, format) }
    }

    #[test]
    fn text_lines_look_like_rediss() {
        let line = log(Format::Text).line(MOMENT, Level::Warning, "Hello");
        assert!(line.starts_with("7:M ") && line.ends_with(".466 # Hello\n"), "{line}");
        assert_eq!(line.len(), "7:M 21 Nov 2026 23:15:36.466 # Hello\n".len());
    }

    #[test]
    fn json_lines_hold_any_text() {
        assert_eq!(
            log(Format::Json).line(MOMENT, Level::Notice, "a \"b\"\n\u{1}"),
            "{\"time\":\"2026-11-21T23:15:36.466Z\",\"level\":\"notice\",\"pid\":7,\
             \"text\":\"a \\\"b\\\"\\n\\u0001\"}\n"
        );
    }

    #[test]
    fn a_file_gets_the_lines_even_after_it_was_moved_away() {
        let folder = std::env::temp_dir().join(format!("kvarium-log-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, moved) = (folder.join("log"), folder.join("log.1"));
        let log = Log::new(Some(path.clone()), Format::Text);
        log.notice("first");
        std::fs::rename(&path, &moved).unwrap();
        log.warning("second");
        let (before, after) = (std::fs::read_to_string(&moved).unwrap(), std::fs::read_to_string(&path).unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(before.ends_with(" * first\n") && before.lines().count() == 1, "{before}");
        assert!(after.ends_with(" # second\n") && after.lines().count() == 1, "{after}");
    }
}
