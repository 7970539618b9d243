//! Replies: the sink that commands write to, and the one place that knows RESP2 from RESP3.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::error::Error;
use super::outgoing::{LEAST_SHARED, Outgoing, Shared};
use crate::base::number::{format_f64, format_i64};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

/// What holds several replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Array,
    /// Counted in pairs.
    Map,
    Set,
    Push,
    Attribute,
}

/// Where a reply goes. A command says what it answers; how that looks as bytes is not its business.
///
/// An aggregate announces its length and is followed by that many replies (twice as many for a map). Where the length
/// is not known beforehand, [`Reply::open`] is followed by the replies and [`Reply::close`].
pub trait Reply {
    fn protocol(&self) -> Protocol;
    /// `+OK`; one line, chosen by us.
    fn simple(&mut self, text: &str);
    fn error(&mut self, error: &Error);
    fn integer(&mut self, value: i64);
    fn bulk(&mut self, bytes: &[u8]);
    /// A bulk string that need not be copied if it is long.
    fn bulk_shared(&mut self, bytes: Arc<Vec<u8>>) {
        self.bulk(&bytes);
    }
    fn null(&mut self);
    /// RESP2's null array; RESP3 has one null only.
    fn null_array(&mut self);
    fn double(&mut self, value: f64);
    /// A double that has been printed with more digits than [`Reply::double`] would.
    fn printed_double(&mut self, text: &[u8]);
    fn boolean(&mut self, value: bool);
    /// Text with its three-letter format, `txt` or `mkd`.
    fn verbatim(&mut self, format: &str, text: &[u8]);
    fn aggregate(&mut self, kind: Aggregate, length: usize);
    /// Begins an aggregate whose length comes later. At most the innermost open one may be closed.
    fn open(&mut self) -> Mark;
    fn close(&mut self, mark: Mark, kind: Aggregate, length: usize);

    /// A whole reply that has been written as RESP already.
    fn encoded(&mut self, bytes: &[u8]);

    fn ok(&mut self) {
        self.simple("OK");
    }
    fn array(&mut self, length: usize) {
        self.aggregate(Aggregate::Array, length);
    }
    fn map(&mut self, pairs: usize) {
        self.aggregate(Aggregate::Map, pairs);
    }
    fn set(&mut self, length: usize) {
        self.aggregate(Aggregate::Set, length);
    }
    fn push(&mut self, length: usize) {
        self.aggregate(Aggregate::Push, length);
    }
    fn bulk_or_null(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.null(),
        }
    }
    fn bulk_integer(&mut self, value: i64) {
        self.bulk(&format_i64(value));
    }
    /// Field names of a map are bulk strings.
    fn field(&mut self, name: &str) {
        self.bulk(name.as_bytes());
    }
}

/// Where an aggregate of unknown length began.
#[derive(Debug)]
#[must_use]
pub struct Mark(pub usize);

/// The sink that writes the wire's bytes.
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    /// Where long strings go, if not to the others.
    shared: Option<&'a mut Shared>,
    protocol: Protocol,
}

/// Up to so many bytes are written as one piece with what stands around them.
const SHORT: usize = 32;
/// What stands before that piece at most, and before any bulk string.
const SHORT_HEAD: usize = 5;
const BULK_HEAD: usize = 24;

impl<'a> Encoder<'a> {
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> Self {
        Encoder { out, shared: None, protocol }
    }

    /// One that shares long strings.
    pub fn sharing(out: &'a mut Outgoing, protocol: Protocol) -> Self {
        Encoder { out: &mut out.bytes, shared: Some(&mut out.shared), protocol }
    }

    /// Makes room of a fixed size, writes into it, and takes back what was too much: a list of a million elements is a
    /// million of these, and bytes whose number is not known are added one slow call at a time.
    #[inline]
    fn short_bulk(&mut self, bytes: &[u8]) {
        const ROOM: usize = SHORT_HEAD + SHORT + 2;
        let (at, len) = (self.out.len(), bytes.len());
        self.out.extend_from_slice(&[0; ROOM]);
        let Some(room) = self.out.last_chunk_mut::<ROOM>() else { return };
        let head = if len < 10 {
            room[..4].copy_from_slice(&[b'$', b'0' + len as u8, b'\r', b'\n']);
            SHORT_HEAD - 1
        } else {
            room[..5].copy_from_slice(&[b'$', b'0' + (len / 10) as u8, b'0' + (len % 10) as u8, b'\r', b'\n']);
            SHORT_HEAD
        };
        copy_short(bytes, &mut room[head..head + len]);
        room[head + len..][..2].copy_from_slice(b"\r\n");
        self.out.truncate(at + head + len + 2);
    }

    fn line(&mut self, kind: u8, number: i64) {
        let digit = |digit: i64| b'0' + digit as u8;
        match number {
            0..10 => self.out.extend_from_slice(&[kind, digit(number), b'\r', b'\n']),
            10..100 => self.out.extend_from_slice(&[kind, digit(number / 10), digit(number % 10), b'\r', b'\n']),
            _ => {
                self.out.push(kind);
                self.out.extend_from_slice(&format_i64(number));
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn header(&self, kind: Aggregate, length: usize) -> (u8, i64) {
        match (kind, self.protocol) {
            (Aggregate::Map, Protocol::Resp3) => (b'%', length as i64),
            (Aggregate::Map, Protocol::Resp2) => (b'*', 2 * length as i64),
            (Aggregate::Set, Protocol::Resp3) => (b'~', length as i64),
            (Aggregate::Push, Protocol::Resp3) => (b'>', length as i64),
            (Aggregate::Attribute, Protocol::Resp3) => (b'|', length as i64),
            _ => (b'*', length as i64),
        }
    }
}

/// Copies up to [`SHORT`] bytes to as many: the first and the last of them in words, which overlap.
#[inline]
fn copy_short(from: &[u8], to: &mut [u8]) {
    #[inline]
    fn copy_ends<const N: usize>(from: &[u8], to: &mut [u8]) -> bool {
        let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else { return false };
        to[..N].copy_from_slice(first);
        to[from.len() - N..].copy_from_slice(last);
        true
    }
    match from {
        [] => {}
        [only] => to[0] = *only,
        [first, .., last] if from.len() < 4 => {
            to[from.len() / 2] = from[from.len() / 2];
            (to[0], to[from.len() - 1]) = (*first, *last);
        }
        _ => _ = copy_ends::<16>(from, to) || copy_ends::<8>(from, to) || copy_ends::<4>(from, to),
    }
}

impl Reply for Encoder<'_> {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn simple(&mut self, text: &str) {
        debug_assert!(!text.contains(['\r', '\n']));
        self.out.push(b'+');
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    fn error(&mut self, error: &Error) {
        debug_assert!(!error.0.contains(['\r', '\n']), "{error:?}");
        self.out.push(b'-');
        self.out.extend_from_slice(error.0.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    fn integer(&mut self, value: i64) {
        self.line(b':', value);
    }

    fn bulk(&mut self, bytes: &[u8]) {
        if bytes.len() <= SHORT {
            return self.short_bulk(bytes);
        }
        self.out.reserve(bytes.len() + BULK_HEAD + 2);
        self.line(b'$', bytes.len() as i64);
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    fn bulk_shared(&mut self, bytes: Arc<Vec<u8>>) {
        if self.shared.is_none() || bytes.len() < LEAST_SHARED {
            return self.bulk(&bytes);
        }
        self.line(b'$', bytes.len() as i64);
        if let Some(shared) = &mut self.shared {
            shared.push_back((self.out.len(), bytes));
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn null(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    fn null_array(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    fn double(&mut self, value: f64) {
        self.printed_double(&format_f64(value));
    }

    fn printed_double(&mut self, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                self.out.push(b',');
                self.out.extend_from_slice(text);
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn boolean(&mut self, value: bool) {
        match self.protocol {
            Protocol::Resp2 => self.integer(value as i64),
            Protocol::Resp3 => self.out.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" }),
        }
    }

    fn verbatim(&mut self, format: &str, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => {
                debug_assert_eq!(format.len(), 3);
                self.line(b'=', text.len() as i64 + 4);
                self.out.extend_from_slice(format.as_bytes());
                self.out.push(b':');
                self.out.extend_from_slice(text);
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn aggregate(&mut self, kind: Aggregate, length: usize) {
        let (sign, length) = self.header(kind, length);
        self.line(sign, length);
    }

    fn encoded(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn open(&mut self) -> Mark {
        Mark(self.out.len())
    }

    fn close(&mut self, mark: Mark, kind: Aggregate, length: usize) {
        let (sign, length) = self.header(kind, length);
        let end = self.out.len();
        self.line(sign, length);
        let header = self.out.len() - end;
        self.out[mark.0..].rotate_right(header);
        let shared = self.shared.iter_mut().flat_map(|shared| shared.iter_mut());
        shared.filter(|(at, _)| *at > mark.0).for_each(|(at, _)| *at += header);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn written(protocol: Protocol, write: impl Fn(&mut dyn Reply)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut Encoder::new(&mut out, protocol));
        out
    }

    #[test]
    fn the_two_protocols_differ_where_they_should() {
        let write = |reply: &mut dyn Reply| {
            reply.map(1);
            reply.field("a");
            reply.null();
            reply.set(0);
            reply.boolean(true);
            reply.double(1.5);
            reply.verbatim("txt", b"hi");
            reply.null_array();
        };
        assert_eq!(
            written(Protocol::Resp2, write),
            b"*2\r\n$1\r\na\r\n$-1\r\n*0\r\n:1\r\n$3\r\n1.5\r\n$2\r\nhi\r\n*-1\r\n"
        );
        assert_eq!(written(Protocol::Resp3, write), b"%1\r\n$1\r\na\r\n_\r\n~0\r\n#t\r\n,1.5\r\n=6\r\ntxt:hi\r\n_\r\n");
    }

    #[test]
    fn a_bulk_string_of_any_length_is_framed() {
        let text: Vec<u8> = (0..=255).cycle().take(3000).collect();
        for length in (0..100).chain([999, 1000, 3000]) {
            let bytes = &text[text.len() - length..];
            let expected = [format!("+OK\r\n${length}\r\n").as_bytes(), bytes, b"\r\n:1\r\n"].concat();
            let write = |reply: &mut dyn Reply| {
                reply.ok();
                reply.bulk(bytes);
                reply.integer(1);
            };
            assert_eq!(written(Protocol::Resp2, write), expected);
        }
    }

    #[test]
    fn a_length_may_come_last() {
        let write = |reply: &mut dyn Reply| {
            let mark = reply.open();
            for i in 0..12 {
                reply.integer(i);
            }
            reply.close(mark, Aggregate::Array, 12);
        };
        let plain = |reply: &mut dyn Reply| {
            reply.array(12);
            (0..12).for_each(|i| reply.integer(i));
        };
        assert_eq!(written(Protocol::Resp2, write), written(Protocol::Resp2, plain));
    }
}
