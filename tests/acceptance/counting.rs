//! A relay of our own that takes everything and keeps what it took, byte by byte.
#![allow(dead_code, reason = "shared with a bench that needs less")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A listening relay; its threads end with the connections they serve, the listener's with the test.
pub struct CountingRelay {
    pub addr: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
}

/// A mail as it came.
#[derive(Clone)]
pub struct Taken {
    /// What stood in RCPT.
    pub rcpt: String,
    /// The content as it came over the wire, up to the final dot.
    pub content: Vec<u8>,
}

impl CountingRelay {
    /// Starts it on a free port.
    pub fn start() -> CountingRelay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let books = taken.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let books = books.clone();
                // A connection that breaks ends its thread; what was answered is in the books.
                std::thread::spawn(move || drop(converse(&stream, &books)));
            }
        });
        CountingRelay { addr, taken }
    }

    /// How many mails were taken since the last call of `take`.
    pub fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }

    /// The mails taken since the last call.
    pub fn take(&self) -> Vec<Taken> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

fn converse(stream: &TcpStream, books: &Mutex<Vec<Taken>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    let mut out = stream;
    let mut rcpt = String::new();
    out.write_all(b"220 relay.example ESMTP\r\n")?;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => out.write_all(b"250-relay.example\r\n250 PIPELINING\r\n")?,
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let content = content(&mut input)?;
                books.lock().unwrap().push(Taken { rcpt: std::mem::take(&mut rcpt), content });
                out.write_all(b"250 taken\r\n")?;
            }
            "QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => {
                if verb == "RCPT" {
                    rcpt = line.trim_end()[8..].trim_matches(['<', '>']).to_owned();
                }
                out.write_all(b"250 ok\r\n")?;
            }
        }
    }
}

fn content(input: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let start = content.len();
        if input.read_until(b'\n', &mut content)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if &content[start..] == b".\r\n" {
            content.truncate(start);
            return Ok(content);
        }
    }
}
