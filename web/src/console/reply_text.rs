//! Replies to a command as `redis-cli` prints them: some texts are for people, and stand without quotes.

use kvarium_engine::resp::show::{Strings, text_of};
use kvarium_engine::resp::value::ReplyValue;

/// The text of a reply to `command`, without the line break at its end.
pub fn reply_text_of(command: &[Vec<u8>], reply: &ReplyValue, strings: Strings) -> String {
    match reply {
        ReplyValue::Bulk(text) if is_printed_raw(command) => plain(text),
        ReplyValue::Verbatim { text, .. } => plain(text),
        _ => text_of(reply, strings),
    }
}

/// Bytes of the protocol as one reads them: what can't be printed is escaped, and a line ends where one ends.
pub fn protocol_text(bytes: &[u8]) -> String {
    let text: String = bytes.escape_ascii().map(char::from).collect();
    text.replace("\\r\\n", "\\r\\n\n").trim_end().to_owned()
}

fn plain(text: &[u8]) -> String {
    String::from_utf8_lossy(text).trim_end_matches(['\r', '\n']).replace('\r', "")
}

/// The commands whose reply is a text for people.
fn is_printed_raw(command: &[Vec<u8>]) -> bool {
    let word = |at: usize| command.get(at).map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let sub = word(1);
    match word(0).as_slice() {
        b"info" | b"lolwut" => true,
        b"debug" => matches!(sub.as_slice(), b"htstats" | b"htstats-key" | b"client-eviction"),
        b"memory" => matches!(sub.as_slice(), b"malloc-stats" | b"doctor"),
        b"cluster" => matches!(sub.as_slice(), b"nodes" | b"info"),
        b"client" => matches!(sub.as_slice(), b"list" | b"info"),
        b"latency" => matches!(sub.as_slice(), b"graph" | b"doctor"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_is_shown_line_by_line() {
        assert_eq!(protocol_text(b"*1\r\n$2\r\n\xffa\r\n"), "*1\\r\\n\n$2\\r\\n\n\\xffa\\r\\n");
    }

    #[test]
    fn texts_for_people_are_printed_without_quotes() {
        let words = |line: &str| line.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
        let bulk = |text: &str| ReplyValue::Bulk(text.as_bytes().into());
        let reply = bulk("# Replication\r\nrole:master\r\n");
        assert_eq!(reply_text_of(&words("INFO x"), &reply, Strings::Escaped), "# Replication\nrole:master");
        assert_eq!(reply_text_of(&words("GET x"), &bulk("a"), Strings::Escaped), "\"a\"");
    }
}
