//! One kept connection and requests written out beforehand: a load that costs the machine little beside the server.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most bytes of an answer's head.
const HEAD_MAX: usize = 16 * 1024;

/// What a server said.
pub struct Said {
    pub status: u16,
    /// Name and value of the cookie it gave, if any.
    pub cookie: Option<String>,
    /// Whether the server closes the connection now.
    pub is_last: bool,
}

/// A connection on which one request follows the other.
pub struct Wire {
    stream: TcpStream,
    bytes: Vec<u8>,
    head: usize,
}

impl Wire {
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, bytes: Vec::with_capacity(HEAD_MAX), head: 0 })
    }

    /// Sends a request and reads its answer to the end.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Said> {
        self.bytes.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = find(&self.bytes, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.bytes[..head]).map_err(io::Error::other)?;
        let status = text.get(9..12).and_then(|code| code.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let cookie = field(text, "set-cookie").and_then(|value| value.split(';').next()).map(str::to_owned);
        let is_last = field(text, "connection") == Some("close");
        let body: usize = field(text, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        while self.bytes.len() < head + body {
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.head = head;
        Ok(Said { status, cookie, is_last })
    }

    /// What the last answer said below its head.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head.min(self.bytes.len())..]
    }

    /// The next word of a stream of events whose head was read; what only keeps it open is none.
    pub async fn word(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.head.min(self.bytes.len()));
        self.head = 0;
        loop {
            if let Some(at) = find(&self.bytes, b"data:") {
                self.bytes.drain(..at + 5);
                return Ok(());
            }
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Where it begins.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
