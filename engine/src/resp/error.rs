//! What Redis says when it refuses: every code and text, in one table.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

/// An error reply without its leading `-`: the code, a space, the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub Cow<'static, str>);

impl Error {
    pub const fn fixed(text: &'static str) -> Error {
        Error(Cow::Borrowed(text))
    }

    /// The first word: `ERR`, `WRONGTYPE`, …
    pub fn code(&self) -> &str {
        self.0.split(' ').next().unwrap_or("")
    }
}

impl From<String> for Error {
    fn from(text: String) -> Error {
        Error(Cow::Owned(text))
    }
}

macro_rules! errors {
    ($($name:ident = $text:literal;)*) => { $(pub const $name: Error = Error::fixed($text);)* };
}

errors! {
    WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
    SYNTAX = "ERR syntax error";
    NO_SUCH_KEY = "ERR no such key";
    NOT_INTEGER = "ERR value is not an integer or out of range";
    NOT_INT32 = "ERR value is out of range, value must between -2147483648 and 2147483647";
    NOT_FLOAT = "ERR value is not a valid float";
    NOT_POSITIVE = "ERR value is out of range, must be positive";
    INCR_OVERFLOW = "ERR increment or decrement would overflow";
    DECR_OVERFLOW = "ERR decrement would overflow";
    NAN_OR_INFINITY = "ERR increment would produce NaN or Infinity";
    STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    NUMKEYS = "ERR numkeys should be greater than 0";
    COUNT = "ERR count should be greater than 0";
    NEGATIVE_LIMIT = "ERR LIMIT can't be negative";
    NOT_IN_RANGE = "ERR value is out of range";
    OFFSET_RANGE = "ERR offset is out of range";
    SAME_OBJECT = "ERR source and destination objects are the same";
    DB_INDEX = "ERR DB index is out of range";
    DB_FIRST_INVALID = "ERR invalid first DB index";
    DB_SECOND_INVALID = "ERR invalid second DB index";
    INVALID_CURSOR = "ERR invalid cursor";
    NO_AUTH = "NOAUTH Authentication required.";
    WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
    AUTH_WITHOUT_PASSWORD = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";
    NO_PROTO = "NOPROTO unsupported protocol version";
    PROTO_NOT_INTEGER = "ERR Protocol version is not an integer or out of range";
    EXEC_WITHOUT_MULTI = "ERR EXEC without MULTI";
    DISCARD_WITHOUT_MULTI = "ERR DISCARD without MULTI";
    EXEC_ABORTED = "EXECABORT Transaction discarded because of previous errors.";
    CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
    CLUSTER_DOWN_UNBOUND = "CLUSTERDOWN Hash slot not served";
    CLUSTER_DISABLED = "ERR This instance has cluster support disabled";
    SELECT_IN_CLUSTER = "ERR SELECT is not allowed in cluster mode";
    SWAPDB_IN_CLUSTER = "ERR SWAPDB is not allowed in cluster mode";
    COPY_DB_IN_CLUSTER = "ERR Copying to another database is not allowed in cluster mode";
    OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
    MAX_CLIENTS = "ERR max number of clients reached";
    PROTECTED_MODE = "DENIED Running in protected mode because protected mode is enabled and no password is set for the default user. Connect from this host, set a password with requirepass, or set protected-mode to no.";
    NO_SUCH_CLIENT = "ERR No such client";
    CLIENT_NAME_INVALID = "ERR Client names cannot contain spaces, newlines or special characters.";
    INVALID_TTL_OPTION_PAIR = "ERR NX and XX, GT or LT options at the same time are not compatible";
    GT_AND_LT = "ERR GT and LT options at the same time are not compatible";
    LCS_BOTH = "ERR If you want both the length and indexes, please just use IDX.";
    LCS_TYPE = "ERR The specified keys must contain string values";
    NOT_FREQ_POLICY = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
    NOT_IDLE_POLICY = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
    GT_LT_NX_SCORES = "ERR GT, LT, and/or NX options at the same time are not compatible";
    XX_AND_NX = "ERR XX and NX options at the same time are not compatible";
    INCR_ONE_PAIR = "ERR INCR option supports a single increment-element pair";
    MONITOR_TOUCHES = "ERR Replica can't interact with the keyspace";
    UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
    TIMEOUT_NOT_FLOAT = "ERR timeout is not a float or out of range";
    TIMEOUT_NOT_INTEGER = "ERR timeout is not an integer or out of range";
    TIMEOUT_NEGATIVE = "ERR timeout is negative";
    TIMEOUT_RANGE = "ERR timeout is out of range";
    SHUTDOWN_PENDING = "ERR Errors trying to SHUTDOWN. Check logs.";
}

pub fn unknown_command(name: &[u8], args: impl Iterator<Item = impl AsRef<[u8]>>) -> Error {
    let mut shown = String::new();
    for arg in args {
        if shown.len() >= 128 {
            break;
        }
        let arg = arg.as_ref();
        let cut = &arg[..arg.len().min(128 - shown.len())];
        shown.push('\'');
        shown.push_str(&printable(cut));
        shown.push_str("' ");
    }
    let name = printable(&name[..name.len().min(128)]);
    format!("ERR unknown command '{name}', with args beginning with: {shown}").into()
}

pub fn unknown_subcommand(command: &str, name: &[u8]) -> Error {
    let name = printable(&name[..name.len().min(128)]);
    let command = command.to_ascii_uppercase();
    format!("ERR unknown subcommand '{name}'. Try {command} HELP.").into()
}

pub fn wrong_arity(full_name: &str) -> Error {
    format!("ERR wrong number of arguments for '{full_name}' command").into()
}

/// EXEC was refused, and so was everything that it was to run.
pub fn exec_aborted(refusal: &Error) -> Error {
    format!("EXECABORT Transaction discarded because of: {}", refusal.0).into()
}

pub fn not_in_multi(full_name: &str) -> Error {
    format!("ERR Command '{full_name}' not allowed inside a transaction").into()
}

pub fn invalid_expiry(full_name: &str) -> Error {
    format!("ERR invalid expire time in '{full_name}' command").into()
}

pub fn moved(slot: u16, address: &str) -> Error {
    format!("MOVED {slot} {address}").into()
}

/// Text that can stand in an error reply: one line, no control characters.
pub fn printable(bytes: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(bytes) {
        Ok(text) if !text.contains(['\r', '\n']) => Cow::Borrowed(text),
        _ => Cow::Owned(
            String::from_utf8_lossy(bytes).chars().map(|c| if c == '\r' || c == '\n' { ' ' } else { c }).collect(),
        ),
    }
}
