//! What a command says of itself: name, arity, keys, arguments, what it needs. One typed static beside its function.
//!
//! Dispatch, arity, access control, cluster routing, `COMMAND`, `COMMAND DOCS`, completion and the fuzzers all read it.

use super::call::Call;
use crate::resp::decode::Args;
use crate::resp::error::Error;
use core::iter::successors;

/// What a command's function gives: the reply has been written, or an error is to be.
pub type Outcome = Result<(), Error>;

pub struct Command {
    /// In lower case; of a subcommand its own word only.
    pub name: &'static str,
    pub group: Group,
    pub since: &'static str,
    pub complexity: &'static str,
    pub summary: &'static str,
    /// Words with the name (and the container's name for a subcommand); negative: at least so many.
    pub arity: i32,
    pub flags: Flags,
    /// Categories beyond those that follow from flags and group.
    pub categories: Categories,
    pub keys: &'static [KeySpec],
    /// Which arguments name elements of what its first key, the first argument, holds.
    pub elements: Option<Elements>,
    pub arguments: &'static [Argument],
    pub tips: &'static [&'static str],
    pub subcommands: &'static [&'static Command],
    /// `name`, or `container|name` of a subcommand.
    pub full_name: &'static str,
    pub run: fn(&mut Call<'_>) -> Outcome,
}

/// Words in which `COMMAND` and `COMMAND DOCS` sort commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    PubSub,
    Transactions,
    Connection,
    Server,
    Scripting,
    HyperLogLog,
    Cluster,
    Geo,
    Stream,
    Bitmap,
    Bloom,
}

impl Group {
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Scripting => "scripting",
            Group::HyperLogLog => "hyperloglog",
            Group::Cluster => "cluster",
            Group::Geo => "geo",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
            Group::Bloom => "bloom",
        }
    }

    fn category(self) -> Categories {
        match self {
            Group::Generic => Categories::KEYSPACE,
            Group::String => Categories::STRING,
            Group::List => Categories::LIST,
            Group::Set => Categories::SET,
            Group::SortedSet => Categories::SORTED_SET,
            Group::Hash => Categories::HASH,
            Group::PubSub => Categories::PUBSUB,
            Group::Transactions => Categories::TRANSACTION,
            Group::Connection => Categories::CONNECTION,
            Group::Scripting => Categories::SCRIPTING,
            Group::HyperLogLog => Categories::HYPERLOGLOG,
            Group::Geo => Categories::GEO,
            Group::Stream => Categories::STREAM,
            Group::Bitmap => Categories::BITMAP,
            Group::Bloom => Categories::BLOOM,
            Group::Server | Group::Cluster => Categories(0),
        }
    }
}

macro_rules! bits {
    ($(#[$doc:meta])* $type:ident: $($name:ident = $text:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $type(pub u32);

        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u32)]
        enum Bit { $($name),* }

        impl $type {
            $(pub const $name: $type = $type(1 << Bit::$name as u32);)*
            /// Every bit with the name it has in replies.
            pub const NAMES: &'static [($type, &'static str)] = &[$(($type::$name, $text)),*];

            pub const fn has(self, other: $type) -> bool {
                self.0 & other.0 != 0
            }
            pub const fn and(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::NAMES.iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, name)| *name)
            }
        }

        impl core::ops::BitOr for $type {
            type Output = $type;
            fn bitor(self, other: $type) -> $type {
                self.and(other)
            }
        }
    };
}

mod flags {
    bits! {
        /// What a command does and where it may run.
        Flags: WRITE = "write", READONLY = "readonly", DENY_OOM = "denyoom", ADMIN = "admin", PUBSUB = "pubsub",
        NO_SCRIPT = "noscript", BLOCKING = "blocking", LOADING = "loading", STALE = "stale",
        SKIP_MONITOR = "skip_monitor", SKIP_COMMANDLOG = "skip_commandlog", ASKING = "asking", FAST = "fast",
        NO_AUTH = "no_auth", MAY_REPLICATE = "may_replicate", NO_ASYNC_LOADING = "no_async_loading",
        NO_MULTI = "no_multi", MOVABLE_KEYS = "movablekeys", ALLOW_BUSY = "allow_busy",
    }
}
mod categories {
    bits! {
        /// ACL categories.
        Categories: KEYSPACE = "keyspace", READ = "read", WRITE = "write", SET = "set", SORTED_SET = "sortedset",
        LIST = "list", HASH = "hash", STRING = "string", BITMAP = "bitmap", HYPERLOGLOG = "hyperloglog", GEO = "geo",
        STREAM = "stream", PUBSUB = "pubsub", ADMIN = "admin", FAST = "fast", SLOW = "slow", BLOCKING = "blocking",
        DANGEROUS = "dangerous", CONNECTION = "connection", TRANSACTION = "transaction", SCRIPTING = "scripting",
        BLOOM = "bloom",
    }
}
pub use categories::Categories;
pub use flags::Flags;

impl Command {
    /// A declaration to be completed with `..`: a container of nothing, without keys or arguments.
    pub const fn new(name: &'static str, group: Group, since: &'static str, complexity: &'static str) -> Command {
        Command {
            name,
            group,
            since,
            complexity,
            summary: "",
            arity: 1,
            flags: Flags(0),
            categories: Categories(0),
            keys: &[],
            elements: None,
            arguments: &[],
            tips: &[],
            subcommands: &[],
            full_name: name,
            run: |_| Ok(()),
        }
    }

    /// The `HELP` of a container: `full_name` is `container|help`.
    pub const fn help(full_name: &'static str, group: Group, since: &'static str) -> Command {
        Command {
            summary: "What the subcommands do.",
            arity: 2,
            flags: Flags::LOADING.and(Flags::STALE),
            full_name,
            run: super::server::command::help,
            ..Command::new("help", group, since, "O(1)")
        }
    }

    pub fn is_container(&self) -> bool {
        !self.subcommands.is_empty()
    }

    pub fn subcommand(&self, name: &[u8]) -> Option<&'static Command> {
        self.subcommands.iter().copied().find(|command| command.name.as_bytes().eq_ignore_ascii_case(name))
    }

    pub fn takes(&self, words: usize) -> bool {
        if self.arity >= 0 { words == self.arity as usize } else { words >= self.arity.unsigned_abs() as usize }
    }

    pub fn is_write(&self) -> bool {
        self.flags.has(Flags::WRITE)
    }

    /// All ACL categories: those stated and those that follow from the flags, as Redis derives them.
    pub fn all_categories(&self) -> Categories {
        let mut all = self.categories;
        if !self.is_container() {
            all = all | self.group.category();
        }
        let flags = self.flags;
        for (flag, category) in [
            (Flags::WRITE, Categories::WRITE),
            (Flags::PUBSUB, Categories::PUBSUB),
            (Flags::FAST, Categories::FAST),
            (Flags::BLOCKING, Categories::BLOCKING),
        ] {
            if flags.has(flag) {
                all = all | category;
            }
        }
        if flags.has(Flags::READONLY) && !all.has(Categories::SCRIPTING) {
            all = all | Categories::READ;
        }
        if flags.has(Flags::ADMIN) {
            all = all | Categories::ADMIN | Categories::DANGEROUS;
        }
        if !flags.has(Flags::FAST) {
            all = all | Categories::SLOW;
        }
        all
    }

    /// Calls `f` with the position of every key among `args`, and how it is used.
    pub fn keys(&self, args: Args<'_>, mut f: impl FnMut(usize, &'static KeySpec)) {
        for spec in self.keys {
            spec.positions(args).for_each(|position| f(position, spec));
        }
    }
}

/// Arguments that name elements: from the first one on, every `step`th. Memory is asked for them ahead of time, so where
/// options push them aside nothing but speed is lost.
#[derive(Clone, Copy, Debug)]
pub struct Elements {
    pub first: usize,
    pub step: usize,
}

impl Elements {
    /// One element.
    pub const fn at(first: usize) -> Option<Elements> {
        Elements::every(first, usize::MAX)
    }
    /// All arguments from one on.
    pub const fn from(first: usize) -> Option<Elements> {
        Elements::every(first, 1)
    }
    /// Every `step`th argument from one on.
    pub const fn every(first: usize, step: usize) -> Option<Elements> {
        Some(Elements { first, step })
    }
}

/// How a command finds some of its keys (Redis's key specifications).
#[derive(Debug)]
pub struct KeySpec {
    pub access: Access,
    pub begin: Begin,
    pub find: Find,
}

/// What is done with a key, as `COMMAND` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access(pub &'static [&'static str]);

impl Access {
    pub const READ: Access = Access(&["RO", "access"]);
    /// Only metadata is read.
    pub const LOOK: Access = Access(&["RO"]);
    pub const UPDATE: Access = Access(&["RW", "update"]);
    /// The value may be stored in another way by being read.
    pub const READ_AND_REWRITE: Access = Access(&["RW", "access"]);
    pub const READ_AND_INSERT: Access = Access(&["RW", "access", "insert"]);
    pub const UPDATE_AND_READ: Access = Access(&["RW", "access", "update"]);
    pub const READ_AND_DELETE: Access = Access(&["RW", "access", "delete"]);
    pub const INSERT: Access = Access(&["RW", "insert"]);
    pub const DELETE: Access = Access(&["RW", "delete"]);
    pub const REMOVE: Access = Access(&["RM", "delete"]);
    pub const OVERWRITE: Access = Access(&["OW", "update"]);
    pub const OVERWRITE_INSERT: Access = Access(&["OW", "insert"]);
    /// `SET` with options may read as well.
    pub const SET_OPTIONS: Access = Access(&["RW", "access", "update", "variable_flags"]);
    /// Only with an option.
    pub const OVERWRITE_OPTION: Access = Access(&["OW", "update", "variable_flags"]);
    pub const NOT_KEY: Access = Access(&["not_key"]);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    Index(usize),
    /// Behind this word, looked for from an argument on (from the end where negative).
    Keyword(&'static str, i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// Up to `last` (relative to the first; negative: from the end of the arguments), every `step`th; with a `limit`
    /// above 1, only the first part of what follows.
    Range { last: i32, step: usize, limit: usize },
    /// A number at `number` (relative), keys from `first` (relative) on, every `step`th.
    Count { number: usize, first: usize, step: usize },
}

impl KeySpec {
    pub const fn one(position: usize, access: Access) -> KeySpec {
        KeySpec { access, begin: Begin::Index(position), find: Find::Range { last: 0, step: 1, limit: 0 } }
    }
    /// From a position to the end of the arguments.
    pub const fn from(position: usize, step: usize, access: Access) -> KeySpec {
        KeySpec { access, begin: Begin::Index(position), find: Find::Range { last: -1, step, limit: 0 } }
    }
    /// From a position to so many before the end (`-2`: all but the last argument).
    pub const fn until(position: usize, last: i32, step: usize, access: Access) -> KeySpec {
        KeySpec { access, begin: Begin::Index(position), find: Find::Range { last, step, limit: 0 } }
    }
    /// A number of keys at a position, and that many keys behind it.
    pub const fn counted(position: usize, access: Access) -> KeySpec {
        KeySpec { access, begin: Begin::Index(position), find: Find::Count { number: 0, first: 1, step: 1 } }
    }

    /// The key behind a word, which is looked for from a position on.
    pub const fn behind(word: &'static str, from: i32, access: Access) -> KeySpec {
        KeySpec { begin: Begin::Keyword(word, from), ..KeySpec::one(0, access) }
    }

    fn begins(&self, args: Args<'_>) -> Option<usize> {
        match self.begin {
            Begin::Index(index) => Some(index),
            Begin::Keyword(word, from) => {
                let matches = |&i: &usize| args[i].eq_ignore_ascii_case(word.as_bytes());
                let found = if from >= 0 {
                    (from as usize..args.len()).find(matches)
                } else {
                    (1..args.len().saturating_sub(from.unsigned_abs() as usize - 1)).rev().find(matches)
                };
                found.map(|index| index + 1)
            }
        }
    }

    /// The position of each key. Positions outside the arguments are left out.
    pub fn positions(&self, args: Args<'_>) -> impl Iterator<Item = usize> {
        let (first, last, step) = self.begins(args).map_or((0, -1, 1), |begin| self.range(args, begin));
        let end = usize::try_from(last + 1).unwrap_or(0).min(args.len());
        successors(Some(first), move |position| Some(position + step)).take_while(move |&position| position < end)
    }

    /// The first position, the last one, and the step between them.
    fn range(&self, args: Args<'_>, begin: usize) -> (usize, i64, usize) {
        match self.find {
            Find::Range { last, step, limit } => {
                let last = if last >= 0 {
                    begin as i64 + last as i64
                } else if limit <= 1 {
                    args.len() as i64 + last as i64
                } else {
                    begin as i64 + ((args.len() as i64 - begin as i64) / limit as i64) + last as i64
                };
                (begin, last, step)
            }
            Find::Count { number, first, step } => {
                let count = args.get(begin + number).and_then(crate::base::number::parse_i64).unwrap_or(0);
                let count = count.clamp(0, args.len() as i64);
                (begin + first, (begin + first) as i64 + count * step as i64 - 1, step)
            }
        }
    }
}

/// One argument, for documentation, hints and completion.
#[derive(Debug)]
pub struct Argument {
    pub name: &'static str,
    pub kind: ArgumentKind,
    /// A word written before the value (or instead of it).
    pub token: Option<&'static str>,
    pub key_spec: Option<usize>,
    pub optional: bool,
    pub multiple: bool,
    /// The token is repeated with every value.
    pub multiple_token: bool,
    pub since: Option<&'static str>,
    pub parts: &'static [Argument],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    PureToken,
    OneOf,
    Block,
}

impl ArgumentKind {
    pub fn name(self) -> &'static str {
        match self {
            ArgumentKind::String => "string",
            ArgumentKind::Integer => "integer",
            ArgumentKind::Double => "double",
            ArgumentKind::Key => "key",
            ArgumentKind::Pattern => "pattern",
            ArgumentKind::UnixTime => "unix-time",
            ArgumentKind::PureToken => "pure-token",
            ArgumentKind::OneOf => "oneof",
            ArgumentKind::Block => "block",
        }
    }
}

impl Argument {
    pub const fn new(name: &'static str, kind: ArgumentKind) -> Argument {
        Argument {
            name,
            kind,
            token: None,
            key_spec: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            since: None,
            parts: &[],
        }
    }
    /// The key that specification number 0 finds.
    pub const fn key(name: &'static str) -> Argument {
        Argument { key_spec: Some(0), ..Argument::new(name, ArgumentKind::Key) }
    }
    pub const fn string(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::String)
    }
    pub const fn integer(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Integer)
    }
    pub const fn double(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Double)
    }
    pub const fn pattern(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Pattern)
    }
    pub const fn unix_time(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::UnixTime)
    }
    /// A word that stands for itself.
    pub const fn word(name: &'static str, token: &'static str) -> Argument {
        Argument { token: Some(token), ..Argument::new(name, ArgumentKind::PureToken) }
    }
    pub const fn one_of(name: &'static str, parts: &'static [Argument]) -> Argument {
        Argument { parts, ..Argument::new(name, ArgumentKind::OneOf) }
    }
    pub const fn block(name: &'static str, parts: &'static [Argument]) -> Argument {
        Argument { parts, ..Argument::new(name, ArgumentKind::Block) }
    }
    pub const fn optional(self) -> Argument {
        Argument { optional: true, ..self }
    }
    pub const fn multiple(self) -> Argument {
        Argument { multiple: true, ..self }
    }
    pub const fn multiple_token(self) -> Argument {
        Argument { multiple: true, multiple_token: true, ..self }
    }
    pub const fn token(self, token: &'static str) -> Argument {
        Argument { token: Some(token), ..self }
    }
    pub const fn since(self, since: &'static str) -> Argument {
        Argument { since: Some(since), ..self }
    }
    pub const fn key_spec(self, index: usize) -> Argument {
        Argument { key_spec: Some(index), ..self }
    }
}
