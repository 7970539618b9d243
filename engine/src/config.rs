//! Every parameter, in one table: its name, type, default, whether it may change while running.
//!
//! `redis.conf`, command-line flags, `CONFIG GET`, `CONFIG SET`, `CONFIG REWRITE` and `INFO` all read [`PARAMETERS`].
//! A parameter is here once it acts; a value that asks for something this build can't do is refused with that reason.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::base::number::read_f64;
use crate::event::Level;
use crate::keyspace::change::Notify;
use crate::keyspace::evict::Policy;
use crate::resp::decode::split_line;

/// How a value is read from text and printed as `CONFIG GET` prints it.
trait Setting: Sized {
    /// What restricts the value beyond its type: a range, a list of names.
    type Bound: 'static;
    fn parse(text: &str, bound: &Self::Bound) -> Result<Self, String>;
    fn print(&self) -> String;
}

impl Setting for bool {
    type Bound = ();
    fn parse(text: &str, _: &()) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err("argument must be 'yes' or 'no'".to_owned()),
        }
    }
    fn print(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

impl Setting for i64 {
    type Bound = core::ops::RangeInclusive<i64>;
    fn parse(text: &str, bound: &Self::Bound) -> Result<Self, String> {
        let value = text.parse().map_err(|_| "argument couldn't be parsed into an integer".to_owned())?;
        if !bound.contains(&value) {
            return Err(format!("argument must be between {} and {} inclusive", bound.start(), bound.end()));
        }
        Ok(value)
    }
    fn print(&self) -> String {
        self.to_string()
    }
}

/// A size in bytes, written `1024`, `100mb`, `1g`, …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Setting for Bytes {
    type Bound = core::ops::RangeInclusive<u64>;
    fn parse(text: &str, bound: &Self::Bound) -> Result<Self, String> {
        let value = parse_memory(text).ok_or_else(|| "argument must be a memory value".to_owned())?;
        if !bound.contains(&value) {
            return Err(format!("argument must be between {} and {} inclusive", bound.start(), bound.end()));
        }
        Ok(Bytes(value))
    }
    fn print(&self) -> String {
        self.0.to_string()
    }
}

/// A share of a whole: between 0 and 1, both excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fraction(pub f64);

impl Setting for Fraction {
    /// What is said of a number out of range.
    type Bound = &'static str;
    fn parse(text: &str, out_of_range: &Self::Bound) -> Result<Self, String> {
        let value = read_f64(text.as_bytes()).ok_or("Invalid floating-point value")?;
        if value > 0.0 && value < 1.0 { Ok(Fraction(value)) } else { Err((*out_of_range).to_owned()) }
    }
    fn print(&self) -> String {
        self.0.to_string()
    }
}

impl Setting for String {
    /// Why a value can't be taken, or nothing.
    type Bound = fn(&str) -> Option<&'static str>;
    fn parse(text: &str, bound: &Self::Bound) -> Result<Self, String> {
        bound(text).map_or_else(|| Ok(text.to_owned()), |why| Err(why.to_owned()))
    }
    fn print(&self) -> String {
        self.clone()
    }
}

impl Setting for Level {
    type Bound = ();
    fn parse(text: &str, _: &()) -> Result<Self, String> {
        LEVELS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|&(_, level)| level)
            .ok_or_else(|| "argument(s) must be one of the following: debug, verbose, notice, warning".to_owned())
    }
    fn print(&self) -> String {
        LEVELS.iter().find(|(_, level)| level == self).map_or("", |(name, _)| name).to_owned()
    }
}

const LEVELS: [(&str, Level); 4] =
    [("debug", Level::Debug), ("verbose", Level::Verbose), ("notice", Level::Notice), ("warning", Level::Warning)];

impl Setting for Notify {
    type Bound = ();
    fn parse(text: &str, _: &()) -> Result<Self, String> {
        let mut flags = 0;
        for letter in text.chars() {
            flags |= match letter {
                'A' => Notify::ALL,
                'K' => Notify::KEYSPACE.0,
                'E' => Notify::KEYEVENT.0,
                other => match Notify::LETTERS.iter().find(|(letter, _)| *letter == other) {
                    Some((_, class)) => class.0,
                    None => return Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".to_owned()),
                },
            };
        }
        Ok(Notify(flags))
    }
    fn print(&self) -> String {
        let mut text = String::new();
        let all = self.0 & Notify::ALL == Notify::ALL;
        if all {
            text.push('A');
        }
        for (letter, class) in Notify::LETTERS {
            if self.includes(class) && !(all && class.0 & Notify::ALL != 0) {
                text.push(letter);
            }
        }
        for (letter, class) in [('K', Notify::KEYSPACE), ('E', Notify::KEYEVENT)] {
            if self.includes(class) {
                text.push(letter);
            }
        }
        text
    }
}

impl Setting for Policy {
    type Bound = ();
    fn parse(text: &str, _: &()) -> Result<Self, String> {
        let found = Policy::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        found.map(|&(_, policy)| policy).ok_or_else(|| {
            let names: Vec<&str> = Policy::ALL.iter().map(|(name, _)| *name).collect();
            format!("argument(s) must be one of the following: {}", names.join(", "))
        })
    }
    fn print(&self) -> String {
        self.name().to_owned()
    }
}

/// `maxmemory-clients`: how much memory all clients together may hold. Zero is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientsLimit {
    Bytes(u64),
    /// Of `maxmemory`, in percent.
    Share(u64),
}

impl ClientsLimit {
    pub fn bytes(self, maxmemory: u64) -> u64 {
        match self {
            ClientsLimit::Bytes(bytes) => bytes,
            ClientsLimit::Share(percent) => (u128::from(maxmemory) * u128::from(percent) / 100) as u64,
        }
    }
}

impl Setting for ClientsLimit {
    type Bound = ();
    fn parse(text: &str, _: &()) -> Result<Self, String> {
        let wrong = || "argument must be a memory or percent value".to_owned();
        let Some(percent) = text.strip_suffix('%') else {
            return parse_memory(text).map(ClientsLimit::Bytes).ok_or_else(wrong);
        };
        match percent.parse() {
            Ok(percent @ 0..=100) => Ok(ClientsLimit::Share(percent)),
            Ok(_) => Err("percentage argument must be less or equal to 100".to_owned()),
            Err(_) => Err(wrong()),
        }
    }
    fn print(&self) -> String {
        match self {
            ClientsLimit::Bytes(bytes) => bytes.to_string(),
            ClientsLimit::Share(percent) => format!("{percent}%"),
        }
    }
}

/// `client-output-buffer-limit`: how much may wait unsent for a client of each class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    pub normal: OutputLimit,
    pub replica: OutputLimit,
    pub pubsub: OutputLimit,
}

/// Bytes; zero is no limit. The soft limit counts once it has been passed for so many seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    pub hard: u64,
    pub soft: u64,
    pub seconds: u64,
}

impl OutputLimits {
    const DEFAULT: OutputLimits = OutputLimits {
        normal: OutputLimit { hard: 0, soft: 0, seconds: 0 },
        replica: OutputLimit { hard: 256 << 20, soft: 64 << 20, seconds: 60 },
        pubsub: OutputLimit { hard: 32 << 20, soft: 8 << 20, seconds: 60 },
    };
}

impl Setting for OutputLimits {
    type Bound = ();
    fn parse(text: &str, _: &()) -> Result<Self, String> {
        let mut limits = OutputLimits::DEFAULT;
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() || !words.len().is_multiple_of(4) {
            return Err("Wrong number of arguments in buffer limit configuration.".to_owned());
        }
        for group in words.chunks(4) {
            let limit = match group[0].to_ascii_lowercase().as_str() {
                "normal" => &mut limits.normal,
                "slave" | "replica" => &mut limits.replica,
                "pubsub" => &mut limits.pubsub,
                _ => return Err("Invalid client class specified in buffer limit configuration.".to_owned()),
            };
            let wrong = || "Error in hard, soft or soft_seconds setting in buffer limit configuration.".to_owned();
            *limit = OutputLimit {
                hard: parse_memory(group[1]).ok_or_else(wrong)?,
                soft: parse_memory(group[2]).ok_or_else(wrong)?,
                seconds: group[3].parse().map_err(|_| wrong())?,
            };
        }
        Ok(limits)
    }
    fn print(&self) -> String {
        let one = |name: &str, l: OutputLimit| format!("{name} {} {} {}", l.hard, l.soft, l.seconds);
        [one("normal", self.normal), one("slave", self.replica), one("pubsub", self.pubsub)].join(" ")
    }
}

/// When a parameter may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Anytime,
    /// Only before the process starts.
    AtStart,
}

/// One line of the table.
pub struct Parameter {
    pub name: &'static str,
    pub change: Change,
    pub get: fn(&Config) -> String,
    set: fn(&mut Config, &str) -> Result<(), String>,
}

macro_rules! parameters {
    ($($name:literal $field:ident: $type:ty = $default:expr, $bound:expr, $change:ident;)*) => {
        /// The value of every parameter.
        #[derive(Clone, Debug)]
        pub struct Config {
            $(pub $field: $type,)*
            /// A file was read at the start: `CONFIG REWRITE` has something to write.
            pub has_file: bool,
            /// `rename-command`: what a command answers to, by its own name. Empty: it can't be called.
            pub renamed: Vec<(String, String)>,
        }

        impl Default for Config {
            fn default() -> Self {
                Config { $($field: $default,)* has_file: false, renamed: Vec::new() }
            }
        }

        pub static PARAMETERS: &[Parameter] = &[$(Parameter {
            name: $name,
            change: Change::$change,
            get: |config| Setting::print(&config.$field),
            set: |config, text| {
                const BOUND: <$type as Setting>::Bound = $bound;
                config.$field = Setting::parse(text, &BOUND)?;
                Ok(())
            },
        },)*];
    };
}

fn any(_: &str) -> Option<&'static str> {
    None
}
fn no_snapshots(text: &str) -> Option<&'static str> {
    (!text.is_empty()).then_some("this build keeps its data in memory only: the one value of save is \"\"")
}
fn no_append_only(text: &str) -> Option<&'static str> {
    (text != "no").then_some("this build keeps its data in memory only: the one value of appendonly is no")
}
fn no_yes_or_local(text: &str) -> Option<&'static str> {
    (!matches!(text, "no" | "yes" | "local")).then_some("argument(s) must be one of the following: no, yes, local")
}
fn no_daemon(text: &str) -> Option<&'static str> {
    (text != "no").then_some("this build runs in the foreground: leave that to the service manager")
}

const MAX: i64 = i64::MAX;
const INT: i64 = i32::MAX as i64;

parameters! {
    "bind" bind: String = "* -::*".to_owned(), any, AtStart;
    "port" port: i64 = 6379, 0..=65535, AtStart;
    "unixsocket" unixsocket: String = String::new(), any, AtStart;
    "unixsocketperm" unixsocketperm: String = "0".to_owned(), any, AtStart;
    "tcp-backlog" tcp_backlog: i64 = 511, 0..=INT, AtStart;
    "tcp-keepalive" tcp_keepalive: i64 = 300, 0..=INT, AtStart;
    "timeout" timeout: i64 = 0, 0..=INT, Anytime;
    "protected-mode" protected_mode: bool = true, (), Anytime;
    "daemonize" daemonize: String = "no".to_owned(), no_daemon, AtStart;
    "pidfile" pidfile: String = String::new(), any, AtStart;
    "loglevel" loglevel: Level = Level::Notice, (), Anytime;
    "logfile" logfile: String = String::new(), any, AtStart;
    "dir" dir: String = ".".to_owned(), any, AtStart;
    "databases" databases: i64 = 16, 1..=INT, AtStart;
    "maxclients" maxclients: i64 = 10000, 1..=INT, Anytime;
    "enable-debug-command" enable_debug_command: String = "no".to_owned(), no_yes_or_local, AtStart;
    "requirepass" requirepass: String = String::new(), any, Anytime;
    "maxmemory" maxmemory: Bytes = Bytes(0), 0..=u64::MAX, Anytime;
    "maxmemory-policy" maxmemory_policy: Policy = Policy::NoEviction, (), Anytime;
    "maxmemory-samples" maxmemory_samples: i64 = 5, 1..=64, Anytime;
    "maxmemory-eviction-tenacity" maxmemory_eviction_tenacity: i64 = 10, 0..=100, Anytime;
    "maxmemory-clients" maxmemory_clients: ClientsLimit = ClientsLimit::Bytes(0), (), Anytime;
    "lfu-log-factor" lfu_log_factor: i64 = 10, 0..=INT, Anytime;
    "lfu-decay-time" lfu_decay_time: i64 = 1, 0..=INT, Anytime;
    "save" save: String = String::new(), no_snapshots, Anytime;
    "appendonly" appendonly: String = "no".to_owned(), no_append_only, Anytime;
    "hz" hz: i64 = 10, 1..=500, Anytime;
    "dynamic-hz" dynamic_hz: bool = true, (), Anytime;
    "active-expire-effort" active_expire_effort: i64 = 1, 1..=10, Anytime;
    "activedefrag" activedefrag: bool = true, (), Anytime;
    "active-defrag-ignore-bytes" active_defrag_ignore_bytes: Bytes = Bytes(4 << 20), 1..=MAX as u64, Anytime;
    "active-defrag-threshold-lower" active_defrag_threshold_lower: i64 = 5, 0..=1000, Anytime;
    "active-defrag-threshold-upper" active_defrag_threshold_upper: i64 = 12, 0..=1000, Anytime;
    "active-defrag-cycle-min" active_defrag_cycle_min: i64 = 1, 1..=99, Anytime;
    "active-defrag-cycle-max" active_defrag_cycle_max: i64 = 25, 1..=99, Anytime;
    "active-defrag-max-scan-fields" active_defrag_max_scan_fields: i64 = 64, 1..=MAX, Anytime;
    "lazyfree-lazy-eviction" lazyfree_lazy_eviction: bool = true, (), Anytime;
    "lazyfree-lazy-expire" lazyfree_lazy_expire: bool = true, (), Anytime;
    "lazyfree-lazy-server-del" lazyfree_lazy_server_del: bool = true, (), Anytime;
    "lazyfree-lazy-user-del" lazyfree_lazy_user_del: bool = true, (), Anytime;
    "lazyfree-lazy-user-flush" lazyfree_lazy_user_flush: bool = true, (), Anytime;
    "proto-max-bulk-len" proto_max_bulk_len: Bytes = Bytes(512 << 20), (1 << 20)..=(2 << 30), Anytime;
    "client-query-buffer-limit" client_query_buffer_limit: Bytes = Bytes(1 << 30), (1 << 20)..=(3 << 30), Anytime;
    "client-output-buffer-limit" client_output_buffer_limit: OutputLimits = OutputLimits::DEFAULT, (), Anytime;
    "notify-keyspace-events" notify_keyspace_events: Notify = Notify(0), (), Anytime;
    "list-max-listpack-size" list_max_listpack_size: i64 = -2, -5..=INT, Anytime;
    "hash-max-listpack-entries" hash_max_listpack_entries: i64 = 512, 0..=MAX, Anytime;
    "hash-max-listpack-value" hash_max_listpack_value: i64 = 64, 0..=MAX, Anytime;
    "set-max-intset-entries" set_max_intset_entries: i64 = 512, 0..=MAX, Anytime;
    "set-max-listpack-entries" set_max_listpack_entries: i64 = 128, 0..=MAX, Anytime;
    "set-max-listpack-value" set_max_listpack_value: i64 = 64, 0..=MAX, Anytime;
    "stream-node-max-bytes" stream_node_max_bytes: Bytes = Bytes(4096), 0..=MAX as u64, Anytime;
    "stream-node-max-entries" stream_node_max_entries: i64 = 100, 0..=MAX, Anytime;
    "zset-max-listpack-entries" zset_max_listpack_entries: i64 = 128, 0..=MAX, Anytime;
    "zset-max-listpack-value" zset_max_listpack_value: i64 = 64, 0..=MAX, Anytime;
    "hll-sparse-max-bytes" hll_sparse_max_bytes: Bytes = Bytes(3000), 0..=MAX as u64, Anytime;
    "bf.bloom-capacity" bloom_capacity: i64 = 100, 1..=MAX, Anytime;
    "bf.bloom-expansion" bloom_expansion: i64 = 2, 0..=u32::MAX as i64, Anytime;
    "bf.bloom-fp-rate" bloom_fp_rate: Fraction = Fraction(0.01), "ERR (0 < error rate range < 1)", Anytime;
    "bf.bloom-tightening-ratio" bloom_tightening_ratio: Fraction = Fraction(0.5), "ERR (0 < tightening ratio range < 1)", Anytime;
    "bf.bloom-memory-usage-limit" bloom_memory_usage_limit: Bytes = Bytes(128 << 20), 0..=(1 << 30), Anytime;
    "cluster-enabled" cluster_enabled: bool = false, (), AtStart;
    "cluster-require-full-coverage" cluster_require_full_coverage: bool = true, (), Anytime;
    "cluster-static-slots" cluster_static_slots: String = String::new(), any, AtStart;
}

/// Names that mean another parameter.
const ALIASES: [(&str, &str); 3] = [
    ("hash-max-ziplist-entries", "hash-max-listpack-entries"),
    ("hash-max-ziplist-value", "hash-max-listpack-value"),
    ("list-max-ziplist-size", "list-max-listpack-size"),
];

/// Why a configuration can't be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Counted from 1; zero for a flag.
    pub line: usize,
    /// The offending line.
    pub text: String,
    pub why: String,
}

/// Finds a parameter by its name, whatever its case.
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    let name = name.to_ascii_lowercase();
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, real)| real);
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}

impl Config {
    /// Reads a configuration file over the defaults.
    ///
    /// # Errors
    /// The first line that can't be taken, and why.
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        config.read(text)?;
        Ok(config)
    }

    /// Reads more lines over what is set.
    ///
    /// # Errors
    /// The first line that can't be taken, and why.
    pub fn read(&mut self, text: &str) -> Result<(), ConfigError> {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            self.read_line(line).map_err(|why| ConfigError { line: index + 1, text: line.to_owned(), why })?;
        }
        Ok(())
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let (mut text, mut ranges) = (Vec::new(), Vec::new());
        if !split_line(line.as_bytes(), &mut text, &mut ranges) {
            return Err("Unbalanced quotes in configuration line".to_owned());
        }
        let words: Vec<String> = ranges
            .iter()
            .map(|&(from, to)| String::from_utf8_lossy(&text[from as usize..to as usize]).into_owned())
            .collect();
        match words.split_first() {
            Some((name, values)) => self.directive(name, values),
            None => Ok(()),
        }
    }

    /// Sets a parameter before the start, as a line of the file or a flag does.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn directive(&mut self, name: &str, values: &[String]) -> Result<(), String> {
        if name.eq_ignore_ascii_case("rename-command") {
            let [from, to] = values else { return Err("wrong number of arguments".to_owned()) };
            self.renamed.push((from.to_ascii_lowercase(), to.to_ascii_lowercase()));
            return Ok(());
        }
        let parameter = parameter(name).ok_or_else(|| "Bad directive or wrong number of arguments".to_owned())?;
        if values.is_empty() {
            return Err("Bad directive or wrong number of arguments".to_owned());
        }
        (parameter.set)(self, &values.join(" "))
    }

    /// Sets a parameter of a running node.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn set(&mut self, parameter: &Parameter, value: &str) -> Result<(), String> {
        if parameter.change == Change::AtStart {
            return Err("can't set immutable config".to_owned());
        }
        (parameter.set)(self, value)
    }

    /// The lines of a configuration file that give these values: those that differ from the defaults.
    pub fn to_text(&self) -> String {
        let default = Config::default();
        let mut text = String::new();
        for parameter in PARAMETERS {
            let value = (parameter.get)(self);
            if value != (parameter.get)(&default) {
                let value = if is_plain(&value) { value } else { quoted(&value) };
                text.push_str(&format!("{} {value}\n", parameter.name));
            }
        }
        for (from, to) in &self.renamed {
            text.push_str(&format!("rename-command {} {}\n", quoted(from), quoted(to)));
        }
        text
    }
}

/// Words with single blanks between them, that mean themselves.
fn is_plain(value: &str) -> bool {
    let means_itself = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\' | '#');
    !value.is_empty() && value.split(' ').all(|word| !word.is_empty() && word.chars().all(means_itself))
}

/// In double quotes, with escapes as [`split_line`] reads them.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_ascii_control() => text.push_str(&format!("\\x{:02x}", c as u32)),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// Reads `1024`, `1k` (1000), `1kb` (1024), `5mb`, `1g`, … in bytes.
pub fn parse_memory(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_written_again() {
        let text = "# a comment\nport 7000\nmaxmemory 100mb\nrequirepass \"a b\"\n\nnotify-keyspace-events KEA\n";
        let config = Config::parse(text).unwrap();
        assert_eq!((config.port, config.maxmemory, config.requirepass.as_str()), (7000, Bytes(100 << 20), "a b"));
        let again = Config::parse(&config.to_text()).unwrap();
        assert_eq!(again.to_text(), config.to_text());
        for parameter in PARAMETERS {
            assert_eq!((parameter.get)(&again), (parameter.get)(&config), "{}", parameter.name);
        }
    }

    #[test]
    fn a_bad_line_is_named_with_its_reason() {
        for (text, line, why) in [
            ("port 70000", 1, "argument must be between 0 and 65535 inclusive"),
            ("\nport x", 2, "argument couldn't be parsed into an integer"),
            ("nonsense 1", 1, "Bad directive or wrong number of arguments"),
            ("port", 1, "Bad directive or wrong number of arguments"),
            ("requirepass \"a", 1, "Unbalanced quotes in configuration line"),
            ("appendonly yes", 1, "this build keeps its data in memory only: the one value of appendonly is no"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert_eq!((error.line, error.why.as_str()), (line, why), "{text}");
        }
    }

    #[test]
    fn event_classes_print_as_they_are_read() {
        for (text, printed) in [("KEA", "AKE"), ("Kl", "lK"), ("", ""), ("AKEm", "AmKE"), ("$gxE", "g$xE")] {
            assert_eq!(Notify::parse(text, &()).unwrap().print(), printed);
        }
        assert!(Notify::parse("q", &()).is_err());
    }

    #[test]
    fn memory_has_units() {
        assert_eq!(parse_memory("1kb"), Some(1024));
        assert_eq!(parse_memory("2G"), Some(2_000_000_000));
        assert_eq!(parse_memory("-1"), None);
        assert_eq!(parse_memory("99999999999gb"), None);
    }
}
