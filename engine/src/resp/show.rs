//! A reply as `redis-cli` prints it to a terminal.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::value::ReplyValue;
use crate::base::number::format_f64;

impl fmt::Display for ReplyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        show(self, "", &mut text);
        f.write_str(&text)
    }
}

/// Adds a reply to `text`, without a line break at its end. Further lines begin with `indent`.
fn show(reply: &ReplyValue, indent: &str, text: &mut String) {
    match reply {
        ReplyValue::Simple(line) => text.push_str(line),
        ReplyValue::Error(line) => text.push_str(&format!("(error) {line}")),
        ReplyValue::Integer(value) => text.push_str(&format!("(integer) {value}")),
        ReplyValue::Bulk(bytes) => quote(bytes, text),
        ReplyValue::Null => text.push_str("(nil)"),
        ReplyValue::Double(value) => {
            text.push_str("(double) ");
            text.push_str(&String::from_utf8_lossy(&format_f64(*value)));
        }
        ReplyValue::Boolean(value) => text.push_str(if *value { "(true)" } else { "(false)" }),
        ReplyValue::BigNumber(digits) => text.push_str(digits),
        ReplyValue::Verbatim { text: body, .. } => text.push_str(&String::from_utf8_lossy(body)),
        ReplyValue::Array(items) => list(items.iter().map(|item| (item, None)), "array", ')', indent, text),
        ReplyValue::Set(items) => list(items.iter().map(|item| (item, None)), "set", '~', indent, text),
        ReplyValue::Push(items) => list(items.iter().map(|item| (item, None)), "push", '>', indent, text),
        ReplyValue::Map(pairs) => list(pairs.iter().map(|(key, value)| (key, Some(value))), "hash", '#', indent, text),
    }
}

fn list<'a>(
    items: impl ExactSizeIterator<Item = (&'a ReplyValue, Option<&'a ReplyValue>)>,
    name: &str,
    sign: char,
    indent: &str,
    text: &mut String,
) {
    if items.len() == 0 {
        text.push_str(&format!("(empty {name})"));
        return;
    }
    let width = items.len().to_string().len();
    let inner = format!("{indent}{:1$}", "", width + 2);
    for (index, (item, value)) in items.enumerate() {
        if index > 0 {
            text.push('\n');
            text.push_str(indent);
        }
        text.push_str(&format!("{:width$}{sign} ", index + 1));
        show(item, &inner, text);
        if let Some(value) = value {
            text.push_str(" => ");
            show(value, &inner, text);
        }
    }
}

/// Bytes in double quotes, with escapes for what can't be printed: the form that the inline protocol reads back.
pub fn quote(bytes: &[u8], text: &mut String) {
    text.push('"');
    for &byte in bytes {
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
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn shown(bytes: &[u8]) -> String {
        ReplyValue::decode(bytes).unwrap().unwrap().0.to_string()
    }

    #[test]
    fn nested_lists_are_numbered_and_indented() {
        assert_eq!(
            shown(b"*2\r\n*2\r\n:1\r\n*0\r\n%1\r\n+a\r\n~1\r\n_\r\n"),
            "1) 1) (integer) 1\n   2) (empty array)\n2) 1# a => 1~ (nil)"
        );
        let ten = [b"*10\r\n".to_vec(), b":1\r\n".repeat(10)].concat();
        assert!(shown(&ten).starts_with(" 1) (integer) 1\n 2) "));
    }

    #[test]
    fn bytes_are_escaped() {
        assert_eq!(shown(b"$8\r\na\"\\\n\x00\xff\x07 \r\n"), r#""a\"\\\n\x00\xff\a ""#);
        assert_eq!(shown(b",1.5\r\n"), "(double) 1.5");
        assert_eq!(shown(b"-ERR no\r\n"), "(error) ERR no");
    }
}
