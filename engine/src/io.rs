//! All that crosses the boundary between a node and its host.
//!
//! A host feeds [`Input`]s to `Node::handle` and performs the [`Output`]s in the order in which they
//! come. There is nothing else: no callback, no clock, no shared memory.

use crate::event::Event;

/// A connection, as the host numbers it. Small numbers, which the host may use again once it has reported
/// [`Input::Closed`] or performed [`Output::Close`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conn(pub u32);

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The process is up; its listeners are open. Comes first, once.
    Started,
    /// Somebody connected to us. Addresses as `CLIENT LIST` prints them: `ip:port`, or `path:0` of a Unix socket.
    Accepted { conn: Conn, peer: &'a str, local: &'a str, unix: bool },
    /// Bytes arrived on a connection, in order.
    Received { conn: Conn, bytes: &'a [u8] },
    /// The first `count` bytes of the last [`Output::Send`] of this connection have been taken by its transport.
    Sent { conn: Conn, count: usize },
    /// The transport takes bytes again, after a [`Input::Sent`] that fell short.
    Writable { conn: Conn },
    /// The connection ended, from the other side or by an error.
    Closed { conn: Conn },
    /// Memory that the process holds, in bytes, as its operating system counts it, and what of it the host's allocator holds
    /// only because other pieces in the same pages are in use.
    Resident { bytes: u64, sparse: u64 },
    /// The moment named by `next_wakeup` has come.
    Timeout,
    /// The host was asked to stop (SIGTERM, SIGINT).
    Terminate,
}

impl Input<'_> {
    /// The connection that it is about, if it is about one.
    pub fn conn(&self) -> Option<Conn> {
        match *self {
            Input::Accepted { conn, .. }
            | Input::Received { conn, .. }
            | Input::Sent { conn, .. }
            | Input::Writable { conn }
            | Input::Closed { conn } => Some(conn),
            Input::Started | Input::Resident { .. } | Input::Timeout | Input::Terminate => None,
        }
    }
}

/// One thing to be done. Performed in order.
#[derive(Debug)]
pub enum Output<'a> {
    /// Write these bytes, the next that are unsent on this connection, and report [`Input::Sent`]: then come the others.
    Send { conn: Conn, bytes: &'a [u8] },
    /// Close the connection, sending nothing more. No [`Input::Closed`] is expected for it.
    Close { conn: Conn },
    /// Something worth showing happened.
    Event(Event),
    /// Replace the configuration file with this text (`CONFIG REWRITE`).
    RewriteConfig { text: &'a str },
    /// End the process.
    Exit,
}
