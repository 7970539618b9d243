//! Just enough of the protocol to fill a server and to ask it questions.

use anyhow::{Result, bail};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Client {
    writer: TcpStream,
    reader: BufReader<TcpStream>,
}

/// Commands on their way: written back to back, as a pipeline is.
#[derive(Default)]
pub struct Batch {
    bytes: Vec<u8>,
    commands: usize,
}

impl Batch {
    pub fn add(&mut self, words: &[&[u8]]) {
        write!(self.bytes, "*{}\r\n", words.len()).expect("memory takes what is written");
        for word in words {
            write!(self.bytes, "${}\r\n", word.len()).expect("memory takes what is written");
            self.bytes.extend_from_slice(word);
            self.bytes.extend_from_slice(b"\r\n");
        }
        self.commands += 1;
    }

    pub fn len(&self) -> usize {
        self.commands
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.commands = 0;
    }
}

impl Client {
    pub fn connect(port: u16) -> Result<Client> {
        let writer = TcpStream::connect(("127.0.0.1", port))?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(Duration::from_secs(120)))?;
        let reader = BufReader::with_capacity(64 * 1024, writer.try_clone()?);
        Ok(Client { writer, reader })
    }

    /// One command and its reply as text: a status, a number or a string.
    pub fn call(&mut self, words: &[&str]) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.ask(words)?).into_owned())
    }

    /// The same with a reply that need not be text.
    pub fn ask(&mut self, words: &[&str]) -> Result<Vec<u8>> {
        let mut batch = Batch::default();
        batch.add(&words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
        self.send(&batch)?;
        self.reply()
    }

    /// Sends the batch and does not wait for replies.
    pub fn send(&mut self, batch: &Batch) -> Result<()> {
        Ok(self.writer.write_all(&batch.bytes)?)
    }

    /// Whether a reply, or a part of one, has come.
    pub fn has_reply(&mut self) -> Result<bool> {
        self.writer.set_nonblocking(true)?;
        let peeked = self.writer.peek(&mut [0]);
        self.writer.set_nonblocking(false)?;
        match peeked {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a reply of any kind and forgets it, unless it is an error.
    pub fn skip_reply(&mut self) -> Result<()> {
        let (mut line, mut left) = (Vec::new(), 1);
        while left > 0 {
            if self.reader.fill_buf()?.first() == Some(&b'*') {
                line.clear();
                self.reader.read_until(b'\n', &mut line)?;
                left += str::from_utf8(&line[1..])?.trim().parse::<i64>()?.max(0);
            } else {
                self.reply()?;
            }
            left -= 1;
        }
        Ok(())
    }

    /// Reads a reply of any kind, and calls `each` with every string in it and its place among them.
    pub fn read_strings(&mut self, mut each: impl FnMut(usize, &[u8])) -> Result<()> {
        let (mut bytes, mut left, mut strings) = (Vec::new(), 1, 0);
        while left > 0 {
            bytes.clear();
            self.reader.read_until(b'\n', &mut bytes)?;
            let Some((kind, rest)) = bytes.split_first() else { bail!("the server closed the connection") };
            let number = |rest: &[u8]| Ok::<i64, anyhow::Error>(str::from_utf8(rest)?.trim().parse()?);
            match kind {
                b'*' => left += number(rest)?.max(0),
                b'$' => {
                    let size = number(rest)?.max(0) as usize;
                    bytes.resize(size + 2, 0);
                    self.reader.read_exact(&mut bytes)?;
                    each(strings, &bytes[..size]);
                    strings += 1;
                }
                b'-' => bail!("the server says {}", String::from_utf8_lossy(rest.trim_ascii_end())),
                _ => {}
            }
            left -= 1;
        }
        Ok(())
    }

    /// Sends the batch, reads all its replies and empties it. A reply that is an error ends it.
    pub fn pipe(&mut self, batch: &mut Batch) -> Result<()> {
        self.writer.write_all(&batch.bytes)?;
        for _ in 0..batch.commands {
            self.skip_reply()?;
        }
        batch.clear();
        Ok(())
    }

    /// Pipelines `count` commands, `depth` at a time.
    pub fn fill(&mut self, count: u64, depth: usize, mut add: impl FnMut(u64, &mut Batch)) -> Result<()> {
        let mut batch = Batch::default();
        for item in 0..count {
            add(item, &mut batch);
            if batch.len() >= depth {
                self.pipe(&mut batch)?;
            }
        }
        self.pipe(&mut batch)
    }

    /// A field of `INFO`, as a number.
    pub fn info(&mut self, section: &str, field: &str) -> Result<u64> {
        let text = self.call(&["INFO", section])?;
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        match value.map(|value| value.trim().parse()) {
            Some(Ok(number)) => Ok(number),
            _ => bail!("INFO {section} has no number {field}"),
        }
    }

    fn reply(&mut self) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        let Some((kind, rest)) = line.split_first() else { bail!("the server closed the connection") };
        let rest = rest.trim_ascii_end();
        match kind {
            b'+' | b':' => Ok(rest.to_vec()),
            b'-' => bail!("the server says {}", String::from_utf8_lossy(rest)),
            b'$' => {
                let size: i64 = str::from_utf8(rest)?.parse()?;
                let mut text = vec![0; usize::try_from(size).map_or(0, |size| size + 2)];
                self.reader.read_exact(&mut text)?;
                text.truncate(text.len().saturating_sub(2));
                Ok(text)
            }
            _ => bail!("a reply that nothing here asks for: {}", String::from_utf8_lossy(&line)),
        }
    }
}
