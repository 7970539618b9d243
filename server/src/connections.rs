//! The connections that are open: their sockets, and what is still to be read from or written to them.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use kvarium_engine::io::Conn;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token, event::Source};
use socket2::{SockRef, TcpKeepalive};

pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Somebody who has just connected, with addresses as `CLIENT LIST` prints them.
pub struct Arrival {
    pub stream: Stream,
    pub peer: String,
    pub local: String,
}

pub struct Connection {
    stream: Stream,
    /// Its turn ended before its work did, and it is in the list of those that wait for the next.
    pub is_waiting: bool,
    /// There may be bytes to read that the poll will not tell of again.
    pub has_unread: bool,
    pub sending: Sending,
}

/// What the last write to a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Everything was taken.
    Done,
    /// The socket took all that it was offered, which was not everything.
    Cut,
    /// The socket takes no more until the poll says that it is writable.
    Full,
}

/// Numbered connections; numbers are used again, the one that became free last first.
#[derive(Default)]
pub struct Connections {
    slots: Vec<Option<Connection>>,
    free: Vec<u32>,
}

impl Connections {
    /// Takes a connection in, and lets the poll tell of it under the token that equals its number.
    pub fn add(&mut self, registry: &Registry, mut stream: Stream) -> io::Result<Conn> {
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("fewer connections than 2^32")
        });
        // Both interests at once and for good: readiness is told when it changes, so that being writable costs nothing.
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = registry.register(stream.source(), Token(number as usize), interest) {
            self.free.push(number);
            return Err(error);
        }
        self.slots[number as usize] =
            Some(Connection { stream, is_waiting: false, has_unread: false, sending: Sending::Done });
        Ok(Conn(number))
    }

    pub fn get(&mut self, conn: Conn) -> Option<&mut Connection> {
        self.slots.get_mut(conn.0 as usize)?.as_mut()
    }

    /// Closes the connection, if it is there. Dropping the socket takes it off the poll.
    pub fn remove(&mut self, conn: Conn) -> bool {
        let removed = self.slots.get_mut(conn.0 as usize).and_then(Option::take).is_some();
        if removed {
            self.free.push(conn.0);
        }
        removed
    }
}

impl Connection {
    /// Reads once. What fills the buffer, and what comes before the end of the stream, has a successor that the poll may
    /// not tell of again; `is_ending` says that the poll has seen that end.
    pub fn receive(&mut self, buffer: &mut [u8], is_ending: bool) -> Received {
        self.has_unread = false;
        match self.stream.read(buffer) {
            Ok(0) => Received::End,
            Ok(count) => {
                self.has_unread = is_ending || count == buffer.len();
                Received::Bytes(count)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Received::Nothing,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                self.has_unread = true;
                Received::Nothing
            }
            Err(_) => Received::End,
        }
    }

    /// Writes once, at most `limit` bytes; gives how many were taken.
    pub fn send(&mut self, bytes: &[u8], limit: usize) -> io::Result<usize> {
        let offered = &bytes[..bytes.len().min(limit)];
        let taken = match self.stream.write(offered) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                self.sending = Sending::Cut;
                return Ok(0);
            }
            taken => taken?,
        };
        self.sending = match taken {
            _ if taken == bytes.len() => Sending::Done,
            _ if taken == offered.len() => Sending::Cut,
            _ => Sending::Full,
        };
        Ok(taken)
    }
}

pub enum Received {
    Bytes(usize),
    Nothing,
    /// The stream ended, or broke.
    End,
}

impl Stream {
    pub fn is_unix(&self) -> bool {
        matches!(self, Stream::Unix(_))
    }

    /// Replies leave at once, and a peer that vanished is noticed. A socket that can't be tuned works all the same.
    pub fn tune(&self, keepalive: Duration) {
        if let Stream::Tcp(stream) = self {
            let _ = stream.set_nodelay(true);
            if !keepalive.is_zero() {
                let probes = (keepalive / 3).max(Duration::from_secs(1));
                let keepalive = TcpKeepalive::new().with_time(keepalive).with_interval(probes).with_retries(3);
                let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
            }
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Stream::Tcp(stream) => stream,
            Stream::Unix(stream) => stream,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
