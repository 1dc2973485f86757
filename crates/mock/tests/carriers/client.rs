//! A client that says exactly what a test tells it to, line by line.

use std::time::{Duration, Instant};

use hikyaku_mock::{Directory, MockNet, Profile};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest any test waits for a byte that should come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A net with one carrier `c` for `c.example`, whose one host is `mx.c.example`; `knobs` is the rest of its TOML.
pub(crate) async fn net(knobs: &str) -> MockNet {
    net_with(knobs, Directory::UnknownPrefix("nobody".into())).await
}

pub(crate) async fn net_with(knobs: &str, directory: Directory) -> MockNet {
    let profile = format!(
        "[[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\n{knobs}\n\
         [[carrier.host]]\nname = \"mx.c.example\"\n"
    );
    start(&profile, directory).await
}

pub(crate) async fn start(profile: &str, directory: Directory) -> MockNet {
    let profile = Profile::parse(profile).unwrap();
    MockNet::start(profile, directory, 1).await.unwrap()
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Closed,
    Reset,
}

/// One connection.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to `mx.c.example`.
    pub(crate) async fn dial(net: &MockNet) -> Self {
        let address = net.host("mx.c.example").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Connects, takes the greeting and says EHLO.
    pub(crate) async fn greeted(net: &MockNet) -> Self {
        let mut client = Self::dial(net).await;
        assert!(client.reply().await.starts_with("220 mx.c.example"));
        assert!(client.ask("EHLO client.example").await.starts_with("250"));
        client
    }
}

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Reads one reply, all its lines.
    pub(crate) async fn reply(&mut self) -> String {
        match self.next().await {
            Ok(reply) => reply,
            Err(ended) => panic!("the host {ended:?} instead of answering"),
        }
    }

    /// Sends a command and reads its reply.
    pub(crate) async fn ask(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n")).await;
        self.reply().await
    }

    /// MAIL, RCPT, DATA and content, each after the reply to the one before; the last reply.
    pub(crate) async fn mail(&mut self, rcpt: &str) -> String {
        let commands = [
            "MAIL FROM:<s@sender.example>".to_owned(),
            format!("RCPT TO:<{rcpt}>"),
            "DATA".to_owned(),
            "Message-ID: <1@sender.example>\r\n\r\nhello\r\n.".to_owned(),
        ];
        let mut last = String::new();
        for command in commands {
            last = self.ask(&command).await;
            if !last.starts_with('2') && !last.starts_with('3') {
                break;
            }
        }
        last
    }

    /// The next reply, or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<String, Ended> {
        loop {
            if let Some(end) = end_of_reply(&self.buffer) {
                let reply: Vec<u8> = self.buffer.drain(..end).collect();
                return Ok(String::from_utf8(reply).unwrap());
            }
            let read = self.stream.read_buf(&mut self.buffer);
            match tokio::time::timeout(PATIENCE, read).await.expect("nothing came") {
                Ok(0) => return Err(Ended::Closed),
                Ok(_) => {}
                Err(_) => return Err(Ended::Reset),
            }
        }
    }

    /// How the connection ends, when no reply is to come any more.
    pub(crate) async fn ended(&mut self) -> Ended {
        self.next().await.expect_err("the host went on")
    }

    /// Whether nothing at all comes for `span`.
    pub(crate) async fn is_silent_for(&mut self, span: Duration) -> bool {
        assert!(self.buffer.is_empty());
        tokio::time::timeout(span, self.stream.read_buf(&mut self.buffer)).await.is_err()
    }
}

fn end_of_reply(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    while let Some(at) = bytes[start..].windows(2).position(|two| two == b"\r\n") {
        let end = start + at + 2;
        if bytes.get(start + 3) != Some(&b'-') {
            return Some(end);
        }
        start = end;
    }
    None
}

/// How long something took, in milliseconds.
pub(crate) async fn ms<T>(work: impl Future<Output = T>) -> (T, u128) {
    let start = Instant::now();
    let value = work.await;
    (value, start.elapsed().as_millis())
}
