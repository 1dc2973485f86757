//! Floods one unhurried mock carrier with pipelined mails and prints how many a second it takes.
#![allow(clippy::print_stdout, reason = "the figure is what it is for")]

use std::error::Error;
use std::time::Instant;

use hikyaku_mock::{Directory, MockNet, Profile};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SESSIONS: usize = 20;
const MAILS_PER_SESSION: usize = 5_000;
const PROFILE: &str =
    "[[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\n[[carrier.host]]\nname = \"mx.c.example\"\n";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let net = MockNet::start(Profile::parse(PROFILE)?, Directory::Everyone, 1).await?;
    let address = net.host("mx.c.example").ok_or("no such host")?;
    let start = Instant::now();
    let mut sessions = tokio::task::JoinSet::new();
    for session in 0..SESSIONS {
        sessions.spawn(async move { flood(TcpStream::connect(address).await?, session).await });
    }
    while let Some(ended) = sessions.join_next().await {
        ended??;
    }
    let seconds = start.elapsed().as_secs_f64();
    let accepted = u32::try_from(net.ledger().snapshot().total(|carrier| carrier.accepted))?;
    println!("{accepted} mails in {seconds:.2} s: {:.0} a second", f64::from(accepted) / seconds);
    net.shutdown().await;
    Ok(())
}

/// One session: content and the next envelope in one write, a round trip a mail (RFC 2920 §3.1).
async fn flood(mut stream: TcpStream, session: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let envelope = |n| format!("MAIL FROM:<s@sender.example>\r\nRCPT TO:<p{session}-{n}@c.example>\r\nDATA\r\n");
    let content = format!("Message-ID: <1@x>\r\n\r\n{}\r\n.\r\n", "0123456789abcdef\r\n".repeat(80));
    stream.write_all(b"EHLO x\r\n").await?;
    stream.write_all(envelope(0).as_bytes()).await?;
    for n in 1..=MAILS_PER_SESSION {
        until(&mut stream, b"354 ").await?;
        let next = if n < MAILS_PER_SESSION { envelope(n) } else { "QUIT\r\n".to_owned() };
        stream.write_all(format!("{content}{next}").as_bytes()).await?;
    }
    until(&mut stream, b"221 ").await
}

/// Reads until a line with this code has come.
async fn until(stream: &mut TcpStream, code: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut heard = Vec::with_capacity(1024);
    while !heard.windows(code.len()).any(|four| four == code) || !heard.ends_with(b"\r\n") {
        if stream.read_buf(&mut heard).await? == 0 {
            return Err(String::from_utf8_lossy(&heard).into_owned().into());
        }
    }
    Ok(())
}
