//! The feed server itself: listens, serves what is on the shelf in the manner it is told to, and counts.

use std::io;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::http::{Request, head, request};
use super::manner::{FeedManner, FeedScope};
use super::moment;
use super::shelf::{DATA_FOLDER, FEED_FOLDER, FeedClock, MockTelegram, Page, Regeneration, Shelf};
use super::tally::FeedTally;
use crate::error::Error;
use crate::ledger::lock;
use crate::settings::Tls;
use crate::tls::Authority;

/// How long a silent server keeps a client.
const SILENCE: Duration = Duration::from_secs(120);
/// How often a slow server sends a piece.
const PIECE: Duration = Duration::from_millis(100);

/// What a feed server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedTls {
    /// HTTP.
    Bare,
    /// HTTPS with a certificate of this quality, in the name `localhost`.
    Https(Tls),
}

/// What the server and its clients' tasks share.
struct Shared {
    shelf: Mutex<Shelf>,
    clock: Mutex<FeedClock>,
    manners: Mutex<[(FeedManner, i64); 2]>,
    tally: Mutex<FeedTally>,
    base: String,
}

/// A server of feeds on loopback, until dropped.
pub struct FeedServer {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    ca_pem: String,
    is_open: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl FeedServer {
    /// Starts a server with nothing on its shelf.
    ///
    /// # Errors
    /// When no port is free or no certificate can be made.
    pub async fn start(tls: FeedTls, clock: FeedClock, regeneration: Regeneration) -> Result<Self, Error> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), tls, clock, regeneration).await
    }

    /// Starts a server at an address of this machine.
    ///
    /// # Errors
    /// As [`start`](Self::start); and for an address that others can reach.
    pub async fn start_at(
        addr: SocketAddr,
        tls: FeedTls,
        clock: FeedClock,
        regeneration: Regeneration,
    ) -> Result<Self, Error> {
        if !addr.ip().is_loopback() {
            return Err(Error::Listen(addr, io::Error::other("only loopback addresses are served")));
        }
        let authority = Authority::new()?;
        let listener = TcpListener::bind(addr).await.map_err(|e| Error::Listen(addr, e))?;
        let addr = listener.local_addr().map_err(|e| Error::Listen(addr, e))?;
        let (acceptor, scheme) = match tls {
            FeedTls::Bare => (None, "http"),
            FeedTls::Https(quality) => {
                (authority.certify("localhost")?.config(quality).map(TlsAcceptor::from), "https")
            }
        };
        let shared = Arc::new(Shared {
            shelf: Mutex::new(Shelf::new(regeneration)),
            clock: Mutex::new(clock),
            manners: Mutex::new([(FeedManner::Well, 0); 2]),
            tally: Mutex::default(),
            base: format!("{scheme}://localhost:{}", addr.port()),
        });
        let (is_open, gate) = watch::channel(true);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(shared.clone(), acceptor, listener, gate));
        Ok(Self { addr, shared, ca_pem: authority.pem().to_owned(), is_open, tasks })
    }

    /// How the server calls itself: scheme, name and port.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.shared.base
    }

    /// The folder of JMA's indexes, with a slash at its end.
    #[must_use]
    pub fn feeds(&self) -> String {
        format!("{}{FEED_FOLDER}", self.shared.base)
    }

    /// The certificate, in PEM, of the authority that signed the server's, where it is valid.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Puts a telegram on the shelf; it appears when its time has come.
    pub fn put(&self, telegram: MockTelegram) {
        lock(&self.shared.shelf).put(telegram);
    }

    /// Puts any document at a path, in place of one that was there.
    pub fn place(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let now = self.now();
        lock(&self.shared.shelf).place(path, bytes.into(), now);
    }

    /// Sends whoever asks for a path to another address (302).
    pub fn redirect(&self, path: &str, location: &str) {
        lock(&self.shared.shelf).move_to(path, location);
    }

    /// How far back short indexes reach, in seconds; 600 at the start.
    pub fn set_reach(&self, seconds: u32) {
        lock(&self.shared.shelf).set_reach(seconds.into());
    }

    /// Sets a clock that stands.
    pub fn set_time(&self, seconds: i64) {
        *lock(&self.shared.clock) = FeedClock::Fixed(seconds);
    }

    /// What the server's clock says, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        lock(&self.shared.clock).now()
    }

    /// Behaves like this from now on. [`FeedManner::Refuses`] holds for everything.
    pub fn behave(&self, scope: FeedScope, manner: FeedManner) {
        let now = self.now();
        let mut manners = lock(&self.shared.manners);
        let [indexes, telegrams] = &mut *manners;
        if scope != FeedScope::Telegrams {
            *indexes = (manner, now);
        }
        if scope != FeedScope::Indexes {
            *telegrams = (manner, now);
        }
        self.is_open.send_replace(manner != FeedManner::Refuses);
    }

    /// What was asked and sent so far.
    #[must_use]
    pub fn tally(&self) -> FeedTally {
        lock(&self.shared.tally).clone()
    }

    /// Ends; nobody listens any more when it returns.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn serve(
    shared: Arc<Shared>,
    acceptor: Option<TlsAcceptor>,
    listener: TcpListener,
    mut gate: watch::Receiver<bool>,
) {
    let Ok(addr) = listener.local_addr() else { return };
    let mut listener = Some(listener);
    let mut clients = JoinSet::new();
    loop {
        let is_open = *gate.borrow_and_update();
        if !is_open {
            listener = None;
            clients.shutdown().await;
        } else if listener.is_none() {
            listener = TcpListener::bind(addr).await.ok();
        }
        let Some(open) = listener.as_ref().filter(|_| is_open) else {
            if is_open {
                tokio::time::sleep(PIECE).await;
            } else if gate.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            changed = gate.changed() => if changed.is_err() { return },
            Some(_) = clients.join_next() => {}
            Ok((client, _)) = open.accept() => {
                let (shared, acceptor) = (shared.clone(), acceptor.clone());
                clients.spawn(async move { drop(converse(&shared, acceptor, client).await) });
            }
        }
    }
}

async fn converse(shared: &Shared, acceptor: Option<TlsAcceptor>, client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    match acceptor {
        Some(acceptor) => answers(shared, acceptor.accept(client).await?).await,
        None => answers(shared, client).await,
    }
}

async fn answers(shared: &Shared, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    while let Some(request) = request(&mut stream).await? {
        if !answer(shared, &mut stream, &request).await? {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

/// Answers one question; whether the connection goes on.
async fn answer(shared: &Shared, stream: &mut (impl AsyncWrite + Unpin), request: &Request) -> io::Result<bool> {
    let path = request.path();
    let real_now = lock(&shared.clock).now();
    let (manner, since) = lock(&shared.manners)[usize::from(path.starts_with(DATA_FOLDER))];
    lock(&shared.tally).requests += 1;
    let now = match manner {
        FeedManner::Frozen => since,
        FeedManner::Backwards(seconds) => real_now - i64::from(seconds),
        _ => real_now,
    };
    let page = lock(&shared.shelf).page(path, &shared.base, now);
    let date = ("Date", moment::http(real_now));
    let moved = lock(&shared.shelf).moved(path);
    if let Some(location) = moved {
        return status_page(shared, stream, 302, &[date, ("Location", location)]).await;
    }
    match (manner, page) {
        (FeedManner::Silence, _) => {
            tokio::time::sleep(SILENCE).await;
            Ok(false)
        }
        (FeedManner::Status(status), _) => status_page(shared, stream, status, &[date]).await,
        (FeedManner::Busy(seconds), _) => {
            let until = ("Retry-After", moment::http(real_now + i64::from(seconds)));
            status_page(shared, stream, 503, &[date, until]).await
        }
        (FeedManner::Page, _) => {
            let page = "<!DOCTYPE html>\n<html><body>ただいまアクセスできません。</body></html>".as_bytes();
            let length = ("Content-Length", page.len().to_string());
            let text = head(200, &[date, ("Content-Type", "text/html".into()), length]);
            send(shared, stream, &[text.as_bytes(), page].concat()).await?;
            Ok(true)
        }
        (_, None) => status_page(shared, stream, 404, &[date]).await,
        (manner, Some(page)) => {
            let condition = request.header("if-none-match").or_else(|| request.header("if-modified-since"));
            let same = condition.is_some_and(|it| it == page.etag || it == moment::http(page.modified));
            if same || condition.is_some() && manner == FeedManner::NeverChanged {
                let text = head(304, &[date, ("ETag", page.etag)]);
                lock(&shared.tally).unchanged += 1;
                send(shared, stream, text.as_bytes()).await?;
                return Ok(true);
            }
            whole(shared, stream, request, manner, page, date).await
        }
    }
}

async fn status_page(
    shared: &Shared,
    stream: &mut (impl AsyncWrite + Unpin),
    status: u16,
    headers: &[(&'static str, String)],
) -> io::Result<bool> {
    let text = head(status, &[headers, &[("Content-Length", "0".into())]].concat());
    send(shared, stream, text.as_bytes()).await?;
    Ok(true)
}

/// Sends a document in its manner.
async fn whole(
    shared: &Shared,
    stream: &mut (impl AsyncWrite + Unpin),
    request: &Request,
    manner: FeedManner,
    page: Page,
    date: (&'static str, String),
) -> io::Result<bool> {
    let is_packed = request.header("accept-encoding").is_some_and(|it| it.contains("gzip"));
    let body = match manner {
        FeedManner::Bomb => packed(&vec![b' '; 100_000_000])?,
        FeedManner::NotGzip => page.bytes.clone(),
        _ if is_packed => packed(&page.bytes)?,
        _ => page.bytes.clone(),
    };
    let mut headers = vec![
        date,
        ("Content-Type", page.kind.into()),
        ("Last-Modified", moment::http(page.modified)),
        ("ETag", page.etag.clone()),
        ("Content-Length", body.len().to_string()),
    ];
    if is_packed {
        headers.push(("Content-Encoding", "gzip".into()));
    }
    let bytes = [head(200, &headers).as_bytes(), &body].concat();
    {
        let mut tally = lock(&shared.tally);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        tally.packed += u64::from(is_packed);
        *tally.sent.entry(request.path().to_owned()).or_default() += 1;
        tally.versions.insert((request.path().to_owned(), page.etag), size);
    }
    match manner {
        FeedManner::CutInHalf => {
            send(shared, stream, &bytes[..bytes.len() - body.len() / 2]).await?;
            Ok(false)
        }
        FeedManner::Slow(a_second) => {
            let piece = usize::try_from(a_second / 10).unwrap_or(1).max(1);
            for piece in bytes.chunks(piece) {
                send(shared, stream, piece).await?;
                tokio::time::sleep(PIECE).await;
            }
            Ok(true)
        }
        _ => {
            send(shared, stream, &bytes).await?;
            Ok(true)
        }
    }
}

async fn send(shared: &Shared, stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    lock(&shared.tally).wire_bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    stream.write_all(bytes).await?;
    stream.flush().await
}

fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes)?;
    packer.finish()
}
