//! The edge: a listener with bounded connections that runs one [`Session`] each. All that it decides by itself is when to close.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::gate::{Gate, GateLimits};
use crate::session::{Act, Limits, Mail, Session};

/// So much is read at once, in bytes.
const READ_BYTES: usize = 8 * 1024;
/// How long an answer may take to be written: who does not read it waits for nothing.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
/// How long a handshake may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait after the system refused to accept, such as for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long conversations may go on after the stop.
const GRACE: Duration = Duration::from_secs(5);

/// Who says which addresses are ours, and takes the mails.
pub trait Desk: Send + Sync + 'static {
    /// Whether mail to this address is taken. Asked for every recipient: it must be quick.
    fn knows(&self, address: &str) -> bool;

    /// Takes a mail. What it makes of it is durable when this returns [`Verdict::Taken`].
    fn take(&self, mail: Mail) -> impl Future<Output = Verdict> + Send;

    /// Somebody who wanted to connect was sent away.
    fn refused(&self);
}

/// What the sender of a mail is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is ours now.
    Taken,
    /// Try again later.
    Later,
    /// It runs in a circle.
    Loop,
}

impl Verdict {
    const fn reply(self) -> &'static str {
        match self {
            Verdict::Taken => "250 2.0.0 taken",
            Verdict::Later => "451 4.3.0 it cannot be taken just now: try again later",
            Verdict::Loop => "554 5.4.6 too many hops: the mail runs in a circle",
        }
    }
}

/// What is shown when TLS begins; asked anew each time, so that a renewed certificate is used at once.
pub type Certificates = Arc<dyn Fn() -> TlsAcceptor + Send + Sync>;

/// Where and how to listen.
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// What we call ourselves.
    pub host: String,
    /// The certificate; without, STARTTLS is not offered.
    pub certificates: Option<Certificates>,
    /// What one conversation may cost.
    pub limits: Limits,
    /// How many there may be.
    pub gate: GateLimits,
}

impl Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("socket", &self.socket).field("host", &self.host).finish_non_exhaustive()
    }
}

/// Serves until `stop` resolves; conversations that are under way then have a few seconds to end.
pub async fn serve<D: Desk>(listener: Listener, desk: Arc<D>, stop: impl Future<Output = ()> + Send) {
    let shared = Arc::new(Shared { listener, desk });
    let gate = Arc::new(Mutex::new(Gate::new(shared.listener.gate)));
    let begun = Instant::now();
    let mut talks = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = talks.join_next(), if !talks.is_empty() => continue,
            accepted = shared.listener.socket.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        if lock(&gate).enter(peer.ip(), begun.elapsed()) {
            let place = Place { gate: Arc::clone(&gate), peer };
            let shared = Arc::clone(&shared);
            talks.spawn(async move {
                let _place = place;
                // Whoever breaks off has nothing more to be told.
                let _ = shared.talk(stream).await;
            });
        } else {
            shared.desk.refused();
            // Into the socket's empty buffer: nothing is waited for.
            let _ = stream.try_write(b"421 4.7.0 too many connections: try again later\r\n");
        }
    }
    let _ = tokio::time::timeout(GRACE, async { while talks.join_next().await.is_some() {} }).await;
}

fn lock(gate: &Mutex<Gate>) -> std::sync::MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place in the gate, given back however a conversation ends.
struct Place {
    gate: Arc<Mutex<Gate>>,
    peer: SocketAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.gate).left(self.peer.ip());
    }
}

struct Shared<D> {
    listener: Listener,
    desk: Arc<D>,
}

impl<D: Desk> Shared<D> {
    async fn talk(&self, mut stream: TcpStream) -> io::Result<()> {
        let listener = &self.listener;
        let begun = Instant::now();
        let mut session = Session::new(&listener.host, listener.limits, listener.certificates.is_some());
        if !self.converse(&mut session, &mut stream, begun).await? {
            return Ok(());
        }
        let Some(certificates) = &listener.certificates else { return Ok(()) };
        let handshake = tokio::time::timeout(HANDSHAKE_PATIENCE, certificates().accept(stream)).await;
        let mut stream = handshake.map_err(|_| io::ErrorKind::TimedOut)??;
        session.upgraded();
        self.converse(&mut session, &mut stream, begun).await.map(drop)
    }

    /// Talks until the end, or until TLS is to begin: `true`.
    async fn converse<S>(&self, session: &mut Session, stream: &mut S, begun: Instant) -> io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut out = String::new();
        let mut bytes = vec![0; READ_BYTES];
        loop {
            match session.next(begun.elapsed(), |address| self.desk.knows(address)) {
                Act::Say(lines) => out.push_str(&lines),
                Act::Upgrade(lines) => {
                    out.push_str(&lines);
                    write(stream, &mut out).await?;
                    return Ok(true);
                }
                Act::Close(lines) => {
                    out.push_str(&lines);
                    write(stream, &mut out).await?;
                    stream.shutdown().await?;
                    return Ok(false);
                }
                Act::Deliver(mail) => {
                    write(stream, &mut out).await?;
                    let verdict = self.desk.take(mail).await;
                    session.decided(verdict.reply(), begun.elapsed());
                }
                Act::Read => {
                    write(stream, &mut out).await?;
                    match tokio::time::timeout_at(begun + session.deadline(), stream.read(&mut bytes)).await {
                        Ok(read) => match read? {
                            0 => return Ok(false),
                            read => session.push(&bytes[..read]),
                        },
                        Err(_) => {
                            out.push_str(&session.late());
                            write(stream, &mut out).await?;
                            return Ok(false);
                        }
                    }
                }
            }
        }
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, out: &mut String) -> io::Result<()> {
    if out.is_empty() {
        return Ok(());
    }
    let written = tokio::time::timeout(WRITE_PATIENCE, async {
        stream.write_all(out.as_bytes()).await?;
        stream.flush().await
    });
    written.await.map_err(|_| io::ErrorKind::TimedOut)??;
    out.clear();
    Ok(())
}
