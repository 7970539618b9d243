//! A reply as `redis-cli` prints it to a terminal.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::value::ReplyValue;
use crate::base::number::format_f64;

/// How strings are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strings {
    /// In double quotes, every byte that is no printable ASCII escaped: what `redis-cli` does.
    #[default]
    Escaped,
    /// In double quotes, but UTF-8 stays readable.
    Readable,
}

impl fmt::Display for ReplyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(self, Strings::Escaped))
    }
}

/// The text of a reply, without a line break at its end.
pub fn text_of(reply: &ReplyValue, strings: Strings) -> String {
    let mut text = String::new();
    show(reply, 0, strings, &mut text);
    text
}

/// Adds a reply to `text`, without a line break at its end. Its further lines are indented by `indent`.
fn show(reply: &ReplyValue, indent: usize, strings: Strings, text: &mut String) {
    match reply {
        ReplyValue::Simple(line) => text.push_str(line),
        ReplyValue::Error(line) => text.push_str(&format!("(error) {line}")),
        ReplyValue::Integer(value) => text.push_str(&format!("(integer) {value}")),
        ReplyValue::Bulk(bytes) => quote_as(bytes, strings, text),
        ReplyValue::Null => text.push_str("(nil)"),
        ReplyValue::Double(value) => {
            text.push_str("(double) ");
            text.push_str(&String::from_utf8_lossy(&format_f64(*value)));
        }
        ReplyValue::Boolean(value) => text.push_str(if *value { "(true)" } else { "(false)" }),
        ReplyValue::BigNumber(digits) => text.push_str(digits),
        ReplyValue::Verbatim { text: body, .. } => text.push_str(&String::from_utf8_lossy(body)),
        ReplyValue::Array(items) => show_items(items, "array", ')', indent, strings, text),
        ReplyValue::Set(items) => show_items(items, "set", '~', indent, strings, text),
        ReplyValue::Push(items) => show_items(items, "push", ')', indent, strings, text),
        ReplyValue::Map(pairs) => show_pairs(pairs, indent, strings, text),
    }
}

fn show_items(items: &[ReplyValue], name: &str, sign: char, indent: usize, strings: Strings, text: &mut String) {
    if items.is_empty() {
        return text.push_str(&format!("(empty {name})"));
    }
    let digits = digits_of(items.len());
    for (index, item) in items.iter().enumerate() {
        show_index(index, digits, sign, indent, text);
        show(item, indent + digits + 2, strings, text);
    }
}

fn show_pairs(pairs: &[(ReplyValue, ReplyValue)], indent: usize, strings: Strings, text: &mut String) {
    if pairs.is_empty() {
        return text.push_str("(empty hash)");
    }
    let digits = digits_of(pairs.len());
    let inner = indent + digits + 2;
    for (index, (key, value)) in pairs.iter().enumerate() {
        show_index(index, digits, '#', indent, text);
        show(key, inner, strings, text);
        text.push_str(" => ");
        let mut lines = String::new();
        show(value, inner, strings, &mut lines);
        // A value of several lines begins below its key.
        if lines.contains('\n') {
            text.push_str(&format!("\n{:inner$}", ""));
        }
        text.push_str(&lines);
    }
}

/// The first element stands behind its parent's number; the others begin a line of their own.
fn show_index(index: usize, digits: usize, sign: char, indent: usize, text: &mut String) {
    if index > 0 {
        text.push_str(&format!("\n{:indent$}", ""));
    }
    text.push_str(&format!("{:>digits$}{sign} ", index + 1));
}

fn digits_of(count: usize) -> usize {
    count.ilog10() as usize + 1
}

/// Bytes in double quotes, with escapes for what can't be printed: the form that the inline protocol reads back.
pub fn quote(bytes: &[u8], text: &mut String) {
    quote_as(bytes, Strings::Escaped, text);
}

fn quote_as(bytes: &[u8], strings: Strings, text: &mut String) {
    text.push('"');
    match strings {
        Strings::Escaped => bytes.iter().for_each(|&byte| escape(byte, text)),
        Strings::Readable => {
            for chunk in bytes.utf8_chunks() {
                for character in chunk.valid().chars() {
                    match character {
                        '\0'..='\x7f' => escape(character as u8, text),
                        _ => text.push(character),
                    }
                }
                chunk.invalid().iter().for_each(|&byte| escape(byte, text));
            }
        }
    }
    text.push('"');
}

fn escape(byte: u8, text: &mut String) {
    match byte {
        b'\\' | b'"' => text.extend(['\\', byte as char]),
        b'\n' => text.push_str("\\n"),
        b'\r' => text.push_str("\\r"),
        b'\t' => text.push_str("\\t"),
        0x07 => text.push_str("\\a"),
        0x08 => text.push_str("\\b"),
        b' '..=b'~' => text.push(byte as char),
        _ => text.push_str(&format!("\\x{byte:02x}")),
    }
}

/// An argument as a person would have to type it.
pub fn argument_text(bytes: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut text = String::new();
    quote_as(bytes, Strings::Readable, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use std::vec;
    use std::vec::Vec;

    fn bulk(text: &str) -> ReplyValue {
        ReplyValue::Bulk(text.as_bytes().into())
    }
    fn int(number: i64) -> ReplyValue {
        ReplyValue::Integer(number)
    }
    fn map(pairs: Vec<(ReplyValue, ReplyValue)>) -> ReplyValue {
        ReplyValue::Map(pairs)
    }
    fn text(reply: ReplyValue) -> String {
        reply.to_string()
    }

    // The expectations below were printed by redis-cli 7.0.15 with FAKETTY=1.

    #[test]
    fn strings_are_escaped_byte_by_byte() {
        let bytes = b"hello\nworld\x00\xff\"q\" \xe4\xb8\xad";
        assert_eq!(text(ReplyValue::Bulk((*bytes).into())), r#""hello\nworld\x00\xff\"q\" \xe4\xb8\xad""#);
        assert_eq!(text_of(&ReplyValue::Bulk((*bytes).into()), Strings::Readable), r#""hello\nworld\x00\xff\"q\" 中""#);
    }

    #[test]
    fn scalars_say_their_kind() {
        assert_eq!(text(int(-3)), "(integer) -3");
        assert_eq!(text(ReplyValue::Null), "(nil)");
        assert_eq!(text(ReplyValue::Double(1.5)), "(double) 1.5");
        assert_eq!(text(ReplyValue::Double(2.0)), "(double) 2");
        assert_eq!(text(ReplyValue::Boolean(true)), "(true)");
        assert_eq!(text(ReplyValue::Error("ERR no".into())), "(error) ERR no");
        assert_eq!(text(ReplyValue::Array(vec![])), "(empty array)");
        assert_eq!(text(map(vec![])), "(empty hash)");
        assert_eq!(text(ReplyValue::Set(vec![])), "(empty set)");
    }

    #[test]
    fn indexes_are_aligned_and_nested_arrays_indented() {
        let long = ReplyValue::Array((0..10).map(int).collect());
        assert!(text(long.clone()).starts_with(" 1) (integer) 0\n 2) (integer) 1"));
        assert!(text(long).ends_with("10) (integer) 9"));
        let nested = ReplyValue::Array(vec![
            int(1),
            ReplyValue::Array(vec![int(2), ReplyValue::Array(vec![int(3), bulk("x")])]),
            ReplyValue::Array(vec![]),
        ]);
        let expected = "1) (integer) 1\n2) 1) (integer) 2\n   2) 1) (integer) 3\n      2) \"x\"\n3) (empty array)";
        assert_eq!(text(nested), expected);
    }

    #[test]
    fn maps_put_a_value_of_several_lines_below_its_key() {
        assert_eq!(
            text(map(vec![(bulk("f1"), bulk("v1")), (bulk("f2"), bulk("v2"))])),
            "1# \"f1\" => \"v1\"\n2# \"f2\" => \"v2\""
        );
        assert_eq!(text(map(vec![(bulk("a"), ReplyValue::Array(vec![int(1)]))])), "1# \"a\" => 1) (integer) 1");
        assert_eq!(
            text(map(vec![(bulk("a"), ReplyValue::Array(vec![int(1), int(2)]))])),
            "1# \"a\" => \n   1) (integer) 1\n   2) (integer) 2"
        );
        let deep = map(vec![(
            bulk("a"),
            map(vec![(bulk("b"), map(vec![(bulk("c"), ReplyValue::Array(vec![int(1), int(2)]))]))]),
        )]);
        let expected =
            "1# \"a\" => \n   1# \"b\" => \n      1# \"c\" => \n         1) (integer) 1\n         2) (integer) 2";
        assert_eq!(text(deep), expected);
        let listed = ReplyValue::Array(vec![
            map(vec![(
                bulk("a"),
                map(vec![(bulk("c"), ReplyValue::Array(vec![int(4), int(5)])), (bulk("b"), int(1))]),
            )]),
            int(7),
        ]);
        let expected = "1) 1# \"a\" => \n      1# \"c\" => \n         1) (integer) 4\n         2) (integer) 5\n      2# \"b\" => (integer) 1\n2) (integer) 7";
        assert_eq!(text(listed), expected);
        let keyed = map(vec![(ReplyValue::Array(vec![int(1), int(2)]), ReplyValue::Array(vec![int(3), int(4)]))]);
        assert_eq!(text(keyed), "1# 1) (integer) 1\n   2) (integer) 2 => \n   1) (integer) 3\n   2) (integer) 4");
    }

    #[test]
    fn arguments_are_quoted_where_they_have_to_be() {
        assert_eq!(argument_text(b"user:1"), "user:1");
        assert_eq!(argument_text(b"a b"), "\"a b\"");
        assert_eq!(argument_text(b""), "\"\"");
    }
}
