//! The command line of `kvarium server`: redis-server's own convention, and the few options that only our host has.
//!
//! A first argument that is no option names the configuration file, a last one of `-` reads more configuration from
//! standard input, and every `--directive value …` is a line that follows them.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::log::Format;

#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    pub file: Option<PathBuf>,
    pub stdin: bool,
    /// What the options say, as lines of a configuration file.
    pub directives: Vec<String>,
    pub host: HostOptions,
}

/// What no `redis.conf` has a directive for.
#[derive(Debug, PartialEq, Eq)]
pub struct HostOptions {
    /// Where the page is served: `None` where nobody said, 0 for nowhere.
    pub http_port: Option<u16>,
    pub http_bind: IpAddr,
    pub log_format: Format,
}

impl Default for HostOptions {
    fn default() -> Self {
        HostOptions { http_port: None, http_bind: IpAddr::V4(Ipv4Addr::LOCALHOST), log_format: Format::Text }
    }
}

/// Reads the arguments that follow `kvarium server`. The error is a sentence for the person who typed them.
pub fn parse(arguments: &[OsString]) -> Result<Arguments, String> {
    let mut rest = arguments;
    let file = rest.split_off_first_if(|first| !first.as_bytes().starts_with(b"-")).map(PathBuf::from);
    let stdin = rest.split_off_last_if(|last| last == "-").is_some();
    let mut parsed = Arguments { file, stdin, directives: Vec::new(), host: HostOptions::default() };
    for option in options(rest)? {
        if !parsed.host.take(&option)? {
            parsed.directives.push(option.line());
        }
    }
    Ok(parsed)
}

trait SplitOff {
    fn split_off_first_if(&mut self, wanted: impl Fn(&OsStr) -> bool) -> Option<OsString>;
    fn split_off_last_if(&mut self, wanted: impl Fn(&OsStr) -> bool) -> Option<OsString>;
}

impl SplitOff for &[OsString] {
    fn split_off_first_if(&mut self, wanted: impl Fn(&OsStr) -> bool) -> Option<OsString> {
        let (first, rest) = self.split_first().filter(|(first, _)| wanted(first))?;
        *self = rest;
        Some(first.clone())
    }

    fn split_off_last_if(&mut self, wanted: impl Fn(&OsStr) -> bool) -> Option<OsString> {
        let (last, rest) = self.split_last().filter(|(last, _)| wanted(last))?;
        *self = rest;
        Some(last.clone())
    }
}

/// `--name value …`, where `name` may hold values of its own (`"--port 6380"`).
struct CommandLineOption {
    name: String,
    values: Vec<Vec<u8>>,
}

/// Groups arguments into options. As in Redis, the argument after a bare `--name` is its value even where it starts with
/// two dashes, except after `--save` and `--sentinel`, which may stand alone.
fn options(arguments: &[OsString]) -> Result<Vec<CommandLineOption>, String> {
    let mut options: Vec<CommandLineOption> = Vec::new();
    let mut value_is_due = false;
    let mut arguments = arguments.iter().map(|argument| argument.as_bytes()).peekable();
    while let Some(argument) = arguments.next() {
        let name = argument.strip_prefix(b"--").filter(|_| !value_is_due);
        match (name, options.last_mut()) {
            (Some(name), _) => {
                let name = str::from_utf8(name).map_err(|_| format!("{} is no option", printable(argument)))?;
                let may_stand_alone = ["save", "sentinel"].iter().any(|alone| alone.eq_ignore_ascii_case(name));
                let alone = may_stand_alone && arguments.peek().is_none_or(|next| next.starts_with(b"--"));
                let values = if alone && name.eq_ignore_ascii_case("save") { vec![Vec::new()] } else { Vec::new() };
                value_is_due = !alone && name.split_whitespace().count() < 2;
                options.push(CommandLineOption { name: name.to_string(), values });
            }
            (None, Some(option)) => {
                option.values.push(argument.to_vec());
                value_is_due = false;
            }
            (None, None) => {
                return Err(format!(
                    "{} is no option: a configuration file comes first, and options start with two dashes",
                    printable(argument)
                ));
            }
        }
    }
    Ok(options)
}

impl CommandLineOption {
    fn line(&self) -> String {
        let values = self.values.iter().map(|value| format!(" {}", quoted(value)));
        self.name.clone() + &values.collect::<String>()
    }

    /// The single value of one of the host's own options.
    fn value(&self) -> Result<String, String> {
        let mut words: Vec<String> = self.name.split_whitespace().skip(1).map(str::to_string).collect();
        words.extend(self.values.iter().map(|value| printable(value)));
        match words.len() {
            1 => Ok(words.remove(0)),
            n => Err(format!("--{} takes one value, not {n}", self.directive())),
        }
    }

    fn directive(&self) -> String {
        self.name.split_whitespace().next().unwrap_or_default().to_ascii_lowercase()
    }
}

impl HostOptions {
    /// Whether `option` was one of ours.
    fn take(&mut self, option: &CommandLineOption) -> Result<bool, String> {
        let directive = option.directive();
        match directive.as_str() {
            "http-port" => self.http_port = Some(parsed(&directive, &option.value()?, "a port from 0 to 65535")?),
            "http-bind" => self.http_bind = parsed(&directive, &option.value()?, "an IP address")?,
            "log-format" => self.log_format = parsed(&directive, &option.value()?, "`text` or `json`")?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn parsed<T: std::str::FromStr>(directive: &str, value: &str, wanted: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("--{directive} takes {wanted}, not {value:?}"))
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The value in quotes, as a configuration file may write any bytes.
fn quoted(value: &[u8]) -> String {
    let mut text = String::from('"');
    for &byte in value {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[&str]) -> Result<Arguments, String> {
        parse(&line.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn directives(line: &[&str]) -> Vec<String> {
        read(line).unwrap().directives
    }

    #[test]
    fn a_file_comes_first_and_standard_input_last() {
        let read = read(&["/etc/redis.conf", "--port", "7777", "-"]).unwrap();
        assert_eq!(read.file, Some(PathBuf::from("/etc/redis.conf")));
        assert!(read.stdin);
        assert_eq!(read.directives, ["port \"7777\""]);
    }

    #[test]
    fn an_option_takes_the_values_that_follow() {
        assert_eq!(
            directives(&["--port", "1", "--replicaof", "h", "2", "--bind", "a", "-::1"]),
            ["port \"1\"", "replicaof \"h\" \"2\"", "bind \"a\" \"-::1\""]
        );
    }

    #[test]
    fn name_and_value_may_share_an_argument() {
        assert_eq!(directives(&["--port 1", "--hz 20"]), ["port 1", "hz 20"]);
    }

    #[test]
    fn the_first_value_may_start_with_dashes_but_save_may_have_none() {
        assert_eq!(directives(&["--requirepass", "--secret", "--hz", "1"]), ["requirepass \"--secret\"", "hz \"1\""]);
        assert_eq!(directives(&["--save", "--hz", "1"]), ["save \"\"", "hz \"1\""]);
        assert_eq!(directives(&["--save"]), ["save \"\""]);
        assert_eq!(directives(&["--save", "60", "1"]), ["save \"60\" \"1\""]);
        assert_eq!(directives(&["--sentinel", "--port", "1"]), ["sentinel", "port \"1\""]);
    }

    #[test]
    fn any_bytes_survive_the_quotes() {
        assert_eq!(directives(&["--requirepass", "a\"\\\n\u{e9}"]), ["requirepass \"a\\\"\\\\\\n\\xc3\\xa9\""]);
    }

    #[test]
    fn the_host_keeps_its_own_options() {
        let read = read(&["--http-port", "0", "--port", "1", "--log-format json"]).unwrap();
        assert_eq!(read.directives, ["port \"1\""]);
        assert_eq!(read.host.http_port, Some(0));
        assert_eq!(read.host.log_format, Format::Json);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(read(&["a.conf", "b.conf"]).unwrap_err().starts_with("b.conf is no option"));
        assert_eq!(read(&["--http-port", "x"]).unwrap_err(), "--http-port takes a port from 0 to 65535, not \"x\"");
        assert_eq!(read(&["--http-port"]).unwrap_err(), "--http-port takes one value, not 0");
    }
}
