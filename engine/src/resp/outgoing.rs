//! What a client is to be sent: bytes as they were written, and long strings among them that are sent from where they are.
//!
//! ```text
//!   bytes    $100000000\r\n ─┬─ \r\n+OK\r\n …
//!                            │
//!   shared                   └─ the 100,000,000 bytes, which a key may hold as well
//! ```
//!
//! Who changes a string that is shared changes a copy of his own: what is on its way stays as it was.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// From so many bytes on a string is shared: the copy of a shorter one costs less than another system call for it.
pub const LEAST_SHARED: usize = 64 << 10;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// All that is not shared.
    pub bytes: Vec<u8>,
    pub(super) shared: Shared,
}

/// Strings in their order, each with how many of the bytes come before it; some always follow it.
pub(super) type Shared = VecDeque<(usize, Arc<Vec<u8>>)>;

impl Outgoing {
    /// Adds what another has, which has nothing then.
    pub fn append(&mut self, other: &mut Outgoing) {
        let start = self.bytes.len();
        self.shared.extend(other.shared.drain(..).map(|(at, string)| (start + at, string)));
        self.bytes.append(&mut other.bytes);
    }

    /// Forgets what was added since there were only so many bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.bytes.truncate(bytes);
        while self.shared.pop_back_if(|(at, _)| *at >= bytes).is_some() {}
    }

    /// The bytes of the strings that are shared.
    pub fn shared_len(&self) -> usize {
        self.shared.iter().map(|(_, string)| string.len()).sum()
    }

    /// Bytes held, those of shared strings as well.
    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.shared.iter().map(|(_, string)| string.capacity()).sum::<usize>()
    }
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gone {
    pub bytes: usize,
    /// Of the first string that is still there.
    pub of_shared: usize,
}

impl Outgoing {
    /// What comes next in one piece.
    pub fn next(&self, gone: Gone) -> &[u8] {
        match self.shared.front() {
            Some((at, string)) if *at == gone.bytes => &string[gone.of_shared..],
            Some((at, _)) => &self.bytes[gone.bytes..*at],
            None => &self.bytes[gone.bytes..],
        }
    }

    /// Goes on over bytes of that piece; a string that has gone is given back.
    pub fn advance(&mut self, gone: &mut Gone, count: usize) {
        match self.shared.front() {
            Some((at, string)) if *at == gone.bytes => {
                gone.of_shared += count;
                if gone.of_shared == string.len() {
                    self.shared.pop_front();
                    gone.of_shared = 0;
                }
            }
            _ => gone.bytes += count,
        }
    }

    /// Takes out so many bytes that have gone.
    pub fn drain(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        self.shared.iter_mut().for_each(|(at, _)| *at -= bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::encode::{Encoder, Protocol, Reply};

    #[test]
    fn strings_go_in_their_places_whatever_goes_at_a_time() {
        let string = |byte: u8| Arc::new(alloc::vec![byte; LEAST_SHARED + usize::from(byte)]);
        let write = |reply: &mut dyn Reply| {
            reply.bulk_shared(string(1));
            let mark = reply.open();
            (2..12).for_each(|byte| reply.bulk_shared(string(byte)));
            reply.bulk_shared(Arc::new(alloc::vec![0; 10]));
            reply.close(mark, crate::resp::encode::Aggregate::Array, 11);
        };
        let mut plain = Vec::new();
        write(&mut Encoder::new(&mut plain, Protocol::Resp2));
        let (mut out, mut other) = (Outgoing::default(), Outgoing::default());
        write(&mut Encoder::sharing(&mut out, Protocol::Resp2));
        let before = out.bytes.len();
        write(&mut Encoder::sharing(&mut out, Protocol::Resp2));
        out.truncate(before);
        write(&mut Encoder::sharing(&mut other, Protocol::Resp2));
        out.append(&mut other);
        assert!(other.bytes.is_empty() && other.shared_len() == 0);
        assert!(out.bytes.len() < 600 && out.memory() >= out.shared_len());
        assert_eq!(out.bytes.len() + out.shared_len(), 2 * plain.len());

        let (mut sent, mut gone) = (Vec::new(), Gone::default());
        for count in [1, 3, 50_000, usize::MAX].into_iter().cycle() {
            let piece = out.next(gone);
            if piece.is_empty() {
                break;
            }
            let count = count.min(piece.len());
            sent.extend_from_slice(&piece[..count]);
            out.advance(&mut gone, count);
            if gone.bytes > 20 {
                out.drain(gone.bytes);
                gone.bytes = 0;
            }
        }
        assert!(out.shared.is_empty());
        assert!(sent == [&plain[..], &plain[..]].concat());
    }
}
