//! Bytes to commands: RESP arrays of bulk strings, and inline commands, without copying an argument.
//!
//! ```text
//! *3\r\n $3\r\nSET\r\n $1\r\nk\r\n $5\r\nhello\r\n      one frame: three ranges of the unread bytes
//! SET k "hello"\r\n                                    the same, inline; unquoted text goes to a buffer of its own
//! ```
//!
//! A command that has not arrived whole leaves its [`Progress`] behind, so that a client that sends a byte at a time
//! costs no second reading. Memory is claimed for bytes that came, never for a length that was announced.

use alloc::format;
use alloc::vec::Vec;

use super::error::Error;

/// What a client may ask of the decoder. Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`
    pub bulk: u64,
    /// Arguments of one command; an unauthenticated client gets 10.
    pub args: i64,
}

impl Limits {
    pub const UNAUTHENTICATED: Limits = Limits { bulk: 16384, args: 10 };

    fn is_unauthenticated(&self) -> bool {
        self.args == Self::UNAUTHENTICATED.args
    }
}

/// The longest line: an inline command, or the header of an array or a bulk string.
const LINE: usize = 64 * 1024;

/// How far the command at the front of the unread bytes has been read.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    at: usize,
    /// Arguments still to come; `None` before the array's header.
    remaining: Option<i64>,
    /// Announced length of the argument now arriving.
    bulk: Option<usize>,
    ranges: Vec<(u32, u32)>,
}

/// The commands taken off the front of some bytes. Kept between batches for its memory.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    frames: Vec<Frame>,
    ranges: Vec<(u32, u32)>,
    inline: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    first: u32,
    count: u32,
    end: u32,
    inline: bool,
}

/// The arguments of one command, its name first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Args<'a> {
    bytes: &'a [u8],
    ranges: &'a [(u32, u32)],
}

impl<'a> Args<'a> {
    pub fn new(bytes: &'a [u8], ranges: &'a [(u32, u32)]) -> Self {
        Args { bytes, ranges }
    }

    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.ranges.get(index).map(|&(from, to)| &self.bytes[from as usize..to as usize])
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone + use<'a> {
        let bytes = self.bytes;
        self.ranges.iter().map(move |&(from, to)| &bytes[from as usize..to as usize])
    }

    /// Some of the arguments; none, where they are not all there.
    pub fn range(&self, range: core::ops::Range<usize>) -> Args<'a> {
        Args { bytes: self.bytes, ranges: self.ranges.get(range).unwrap_or(&[]) }
    }

    /// The arguments from `first` on.
    pub fn from(&self, first: usize) -> Args<'a> {
        Args { bytes: self.bytes, ranges: self.ranges.get(first..).unwrap_or(&[]) }
    }

    /// The arguments before `end`.
    pub fn until(&self, end: usize) -> Args<'a> {
        Args { bytes: self.bytes, ranges: self.ranges.get(..end).unwrap_or(self.ranges) }
    }
}

impl core::ops::Index<usize> for Args<'_> {
    type Output = [u8];
    fn index(&self, index: usize) -> &[u8] {
        let (from, to) = self.ranges[index];
        &self.bytes[from as usize..to as usize]
    }
}

/// Arguments that own their bytes: a queued transaction, a blocked command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedArgs {
    bytes: Vec<u8>,
    ranges: Vec<(u32, u32)>,
}

impl OwnedArgs {
    pub fn push(&mut self, arg: &[u8]) {
        let from = self.bytes.len() as u32;
        self.bytes.extend_from_slice(arg);
        self.ranges.push((from, self.bytes.len() as u32));
    }

    pub fn as_args(&self) -> Args<'_> {
        Args { bytes: &self.bytes, ranges: &self.ranges }
    }

    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.ranges.capacity() * size_of::<(u32, u32)>()
    }
}

impl From<Args<'_>> for OwnedArgs {
    fn from(args: Args<'_>) -> Self {
        args.iter().collect()
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for OwnedArgs {
    fn from_iter<I: IntoIterator<Item = T>>(args: I) -> Self {
        let mut owned = OwnedArgs::default();
        for arg in args {
            owned.push(arg.as_ref());
        }
        owned
    }
}

impl Batch {
    /// Takes up to `most` whole commands off `bytes` from offset `from` on, over what an earlier batch held.
    ///
    /// # Errors
    /// What the client did wrong. The commands before it are in the batch; the connection must end after them.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        from: usize,
        progress: &mut Progress,
        limits: Limits,
        most: usize,
    ) -> Result<(), Error> {
        self.frames.clear();
        self.ranges.clear();
        self.inline.clear();
        assert!(bytes.len() <= u32::MAX as usize, "unread bytes are bounded by client-query-buffer-limit");
        let mut start = from;
        while self.frames.len() < most && start < bytes.len() {
            let first = self.ranges.len();
            if !progress.ranges.is_empty() {
                self.ranges
                    .extend(progress.ranges.drain(..).map(|(from, to)| (from + start as u32, to + start as u32)));
            }
            let inline_before = self.inline.len();
            let unread = &bytes[start..];
            let is_inline = unread[0] != b'*';
            let step = if is_inline {
                self.inline_command(unread, progress)
            } else {
                self.array(bytes, start, progress, limits)
            };
            match step {
                Ok(Some(end)) => {
                    let count = (self.ranges.len() - first) as u32;
                    start += end;
                    *progress = Progress { ranges: core::mem::take(&mut progress.ranges), ..Progress::default() };
                    self.frames.push(Frame { first: first as u32, count, end: start as u32, inline: is_inline });
                }
                Ok(None) => {
                    progress
                        .ranges
                        .extend(self.ranges.drain(first..).map(|(from, to)| (from - start as u32, to - start as u32)));
                    break;
                }
                Err(error) => {
                    self.ranges.truncate(first);
                    self.inline.truncate(inline_before);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.frames.len()
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The arguments of command `index` of the batch (none at all for an empty line), given the bytes it came from.
    pub fn args<'a>(&'a self, index: usize, bytes: &'a [u8]) -> Args<'a> {
        let frame = self.frames[index];
        let ranges = &self.ranges[frame.first as usize..(frame.first + frame.count) as usize];
        Args { bytes: if frame.inline { &self.inline } else { bytes }, ranges }
    }

    /// Offset just behind command `index`.
    pub fn end(&self, index: usize) -> usize {
        self.frames[index].end as usize
    }

    /// The command's length in `bytes`, after offset `from` for the first.
    pub fn last_end(&self, from: usize) -> usize {
        self.frames.last().map_or(from, |frame| frame.end as usize)
    }

    /// Reads on in an array that starts at `start`; its length, once it is whole. Ranges count from the front of `bytes`.
    fn array(
        &mut self,
        bytes: &[u8],
        start: usize,
        progress: &mut Progress,
        limits: Limits,
    ) -> Result<Option<usize>, Error> {
        let unread = &bytes[start..];
        let mut at = progress.at;
        let mut remaining = match progress.remaining {
            Some(remaining) => remaining,
            None => {
                let Some((count, next)) = header(unread, 1, "too big mbulk count string", "invalid multibulk length")?
                else {
                    return Ok(None);
                };
                if count > limits.args.max(10) && limits.is_unauthenticated() {
                    return Err(protocol("unauthenticated multibulk length"));
                }
                if count > limits.args {
                    return Err(protocol("invalid multibulk length"));
                }
                at = next;
                progress.at = next;
                progress.remaining = Some(count);
                count
            }
        };
        while remaining > 0 {
            let length = match progress.bulk {
                Some(length) => length,
                None => {
                    let Some(&first) = unread.get(at) else { break };
                    if first != b'$' {
                        return Err(expected_bulk(first));
                    }
                    let Some((length, next)) =
                        header(unread, at + 1, "too big bulk count string", "invalid bulk length")?
                    else {
                        break;
                    };
                    if length < 0 || (length as u64 > limits.bulk && !limits.is_unauthenticated()) {
                        return Err(protocol("invalid bulk length"));
                    }
                    if length as u64 > limits.bulk {
                        return Err(protocol("unauthenticated bulk length"));
                    }
                    at = next;
                    progress.at = next;
                    progress.bulk = Some(length as usize);
                    length as usize
                }
            };
            if unread.len() - at < length + 2 {
                break;
            }
            self.ranges.push(((start + at) as u32, (start + at + length) as u32));
            at += length + 2;
            remaining -= 1;
            progress.at = at;
            progress.remaining = Some(remaining);
            progress.bulk = None;
        }
        Ok((remaining <= 0).then_some(at))
    }

    /// Splits a line as a shell would; its length with the line end, once it is whole.
    fn inline_command(&mut self, unread: &[u8], progress: &mut Progress) -> Result<Option<usize>, Error> {
        let Some(found) = unread[progress.at..].iter().position(|&b| b == b'\n') else {
            if unread.len() > LINE {
                return Err(protocol("too big inline request"));
            }
            progress.at = unread.len();
            return Ok(None);
        };
        let end = progress.at + found;
        let line = unread[..end].strip_suffix(b"\r").unwrap_or(&unread[..end]);
        if !split_line(line, &mut self.inline, &mut self.ranges) {
            return Err(protocol("unbalanced quotes in request"));
        }
        Ok(Some(end + 1))
    }
}

/// Reads `<number>\r\n` at `at`: the number and the offset behind it, or `None` where the line has not arrived whole.
fn header(bytes: &[u8], at: usize, too_big: &str, invalid: &str) -> Result<Option<(i64, usize)>, Error> {
    let line = &bytes[at..];
    let mut value: i64 = 0;
    // The usual header is short, plain digits: read it in one pass.
    for (index, &byte) in line.iter().take(10).enumerate() {
        match byte {
            b'0'..=b'9' if !(index > 0 && value == 0) => value = value * 10 + (byte - b'0') as i64,
            b'\r' if index > 0 => {
                return Ok((line.len() > index + 1).then_some((value, at + index + 2)));
            }
            _ => break,
        }
    }
    let Some(end) = line.iter().position(|&b| b == b'\r') else {
        return if line.len() > LINE { Err(protocol(too_big)) } else { Ok(None) };
    };
    if line.len() <= end + 1 {
        return Ok(None);
    }
    match crate::base::number::parse_i64(&line[..end]) {
        Some(value) => Ok(Some((value, at + end + 2))),
        None => Err(protocol(invalid)),
    }
}

fn protocol(what: &str) -> Error {
    format!("ERR Protocol error: {what}").into()
}

fn expected_bulk(got: u8) -> Error {
    let got = if got.is_ascii_graphic() || got == b' ' { got as char } else { '?' };
    format!("ERR Protocol error: expected '$', got '{got}'").into()
}

/// Splits a line into arguments: blanks separate, `"…"` takes `\n \r \t \b \a \xHH \\ \"`, `'…'` takes `\'`.
/// False where a quote is left open or is followed by something other than a blank.
pub fn split_line(line: &[u8], text: &mut Vec<u8>, ranges: &mut Vec<(u32, u32)>) -> bool {
    let mut rest = line;
    loop {
        while let [first, tail @ ..] = rest
            && is_blank(*first)
        {
            rest = tail;
        }
        if rest.is_empty() {
            return true;
        }
        let from = text.len() as u32;
        match argument(rest, text) {
            Some(tail) => rest = tail,
            None => return false,
        }
        ranges.push((from, text.len() as u32));
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | 0)
}

fn argument<'a>(mut rest: &'a [u8], text: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] => return Some(rest),
            [blank, ..] if is_blank(*blank) => return Some(rest),
            [quote @ (b'"' | b'\''), tail @ ..] => {
                rest = quoted(*quote, tail, text)?;
                // A closing quote ends the argument.
                return matches!(rest, [] | [b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c, ..]).then_some(rest);
            }
            [byte, tail @ ..] => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
}

fn quoted<'a>(quote: u8, mut rest: &'a [u8], text: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] => return None,
            [byte, tail @ ..] if *byte == quote => return Some(tail),
            [b'\\', b'\'', tail @ ..] if quote == b'\'' => {
                text.push(b'\'');
                rest = tail;
            }
            [b'\\', b'x', high, low, tail @ ..]
                if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
                text.push(digit(*high) << 4 | digit(*low));
                rest = tail;
            }
            [b'\\', byte, tail @ ..] if quote == b'"' => {
                text.push(match byte {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                rest = tail;
            }
            [byte, tail @ ..] => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::string::ToString;
    use std::vec;

    const LIMITS: Limits = Limits { bulk: 512 << 20, args: i32::MAX as i64 };

    fn all(bytes: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, Error> {
        let (mut batch, mut progress) = (Batch::default(), Progress::default());
        batch.decode(bytes, 0, &mut progress, LIMITS, usize::MAX)?;
        Ok((0..batch.len()).map(|i| batch.args(i, bytes).iter().map(<[u8]>::to_vec).collect()).collect())
    }

    #[test]
    fn arrays_and_lines_are_read_in_order() {
        let got = all(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\nSET k \"a b\\x41\"\r\n\r\n*0\r\n*1\r\n$0\r\n\r\n").unwrap();
        let want: Vec<Vec<&[u8]>> = vec![vec![b"GET", b"k"], vec![b"SET", b"k", b"a bA"], vec![], vec![], vec![b""]];
        assert_eq!(got, want);
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (bytes, text) in [
            (&b"*x\r\n"[..], "ERR Protocol error: invalid multibulk length"),
            (b"*1\r\nPING\r\n", "ERR Protocol error: expected '$', got 'P'"),
            (b"*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length"),
            (b"*1\r\n$99999999999\r\n", "ERR Protocol error: invalid bulk length"),
            (b"SET \"a\r\n", "ERR Protocol error: unbalanced quotes in request"),
            (b"SET \"a\"b\r\n", "ERR Protocol error: unbalanced quotes in request"),
        ] {
            assert_eq!(all(bytes).unwrap_err().0.to_string(), text);
        }
    }

    #[test]
    fn any_split_of_the_bytes_gives_the_same_commands() {
        let stream = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nhello\r\nPING 'x y'\r\n*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n";
        let whole = all(stream).unwrap();
        let mut rng = Rng::new(3);
        for _ in 0..300 {
            let (mut batch, mut progress) = (Batch::default(), Progress::default());
            let (mut unread, mut got) = (Vec::new(), Vec::new());
            let mut rest = &stream[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(1 + rng.below(rest.len().min(9) as u64) as usize);
                unread.extend_from_slice(now);
                rest = later;
                batch.decode(&unread, 0, &mut progress, LIMITS, 1 + rng.below(3) as usize).unwrap();
                got.extend(
                    (0..batch.len()).map(|i| batch.args(i, &unread).iter().map(<[u8]>::to_vec).collect::<Vec<_>>()),
                );
                unread.drain(..batch.last_end(0));
            }
            while !unread.is_empty() {
                batch.decode(&unread, 0, &mut progress, LIMITS, 1).unwrap();
                assert_eq!(batch.len(), 1);
                got.push(batch.args(0, &unread).iter().map(<[u8]>::to_vec).collect());
                unread.drain(..batch.last_end(0));
            }
            assert_eq!(got, whole);
        }
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut rng = Rng::new(11);
        let alphabet = b"*$0123456789-\r\n\"'\\x abPING";
        for _ in 0..20_000 {
            let bytes: Vec<u8> =
                (0..rng.below(60)).map(|_| alphabet[rng.below(alphabet.len() as u64) as usize]).collect();
            let _ = all(&bytes);
        }
    }
}
