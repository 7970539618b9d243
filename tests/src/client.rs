//! A plain client for tests: it sends what it is told, byte by byte if need be, and waits for replies.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use kvarium_engine::resp::value::ReplyValue;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Client {
    pub fn connect(port: u16) -> Client {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a server that listens");
        stream.set_nodelay(true).expect("a TCP connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Client { stream: Box::new(stream), unread: Vec::new() }
    }

    pub fn connect_unix(path: &Path) -> Client {
        let stream = UnixStream::connect(path).expect("a server that listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Client { stream: Box::new(stream), unread: Vec::new() }
    }

    /// Sends a command and waits for its reply.
    pub fn call(&mut self, command: &[&str]) -> ReplyValue {
        self.send(&encode(command));
        self.reply()
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("a connection that takes bytes");
    }

    pub fn reply(&mut self) -> ReplyValue {
        self.try_reply().expect("a reply").expect("a reply before the connection ends")
    }

    /// The next reply; `None` when the connection ended instead.
    ///
    /// # Errors
    /// The connection broke, nothing came in time, or what came is no reply.
    pub fn try_reply(&mut self) -> io::Result<Option<ReplyValue>> {
        let mut buffer = [0; 16 << 10];
        loop {
            let decoded =
                ReplyValue::decode(&self.unread).map_err(|why| io::Error::new(ErrorKind::InvalidData, why))?;
            if let Some((value, length)) = decoded {
                self.unread.drain(..length);
                return Ok(Some(value));
            }
            match self.stream.read(&mut buffer)? {
                0 => return Ok(None),
                count => self.unread.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// Waits until the other side has ended the connection, whatever else it says before.
    pub fn wait_for_end(&mut self) {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the connection did not end: {error}"),
            }
        }
    }
}

/// A command as clients send it.
pub fn encode(command: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for argument in command {
        bytes.extend_from_slice(format!("${}\r\n{argument}\r\n", argument.len()).as_bytes());
    }
    bytes
}

/// `+OK`.
pub fn ok() -> ReplyValue {
    ReplyValue::Simple("OK".to_string())
}

/// A bulk string.
pub fn bulk(text: &str) -> ReplyValue {
    ReplyValue::Bulk(text.as_bytes().into())
}
