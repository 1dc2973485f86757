//! The endpoint for pushed telegrams: `POST /push/{source}` with an HMAC or a client's certificate.
//!
//! It answers 200 only when the telegram is safe with whoever takes it; anything else is to be sent again, except what is refused for
//! good (4xx). What the headers say is judged before the body is read, and how much is read at once is bounded. JMA XML, CAP, EDXL-DE and whatever else the parsers know may be sent, gzip too; who speaks SOAP is answered in SOAP.

mod desk;
mod room;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use self::desk::Desk;
use self::room::Guests;
use self::tls::server_config;
use super::ask::{Client, hex_digest};
use super::intake::Intake;
use crate::poll::Failure;
use crate::push::{SharedKey, sign};

/// The longest answer to a push, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// How long a connection may say nothing before its next request; who pushes connects anew.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Who may push, and how that is proven.
#[derive(Debug, Clone)]
pub struct PushSource {
    /// The name in the address, `/push/{name}`, and in pages and metrics.
    pub name: String,
    /// The proof.
    pub proof: Proof,
}

/// How a source proves who it is.
#[derive(Debug, Clone)]
pub enum Proof {
    /// `X-Hikyaku-Signature` with a key that both know; see [`crate::push`].
    Key(SharedKey),
    /// A certificate of these SHA-256 digests, in hexadecimal digits; of any that the configured authority signed, where empty.
    Certificate(Vec<String>),
}

/// The endpoint's own certificate, and whose clients' certificates it believes.
#[derive(Debug, Clone)]
pub struct PushTls {
    /// PEM file of the chain.
    pub certificates: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
    /// PEM file of the authorities that sign clients' certificates.
    pub clients: Option<PathBuf>,
}

/// How to receive, and how much at once.
#[derive(Debug, Clone)]
pub struct PushSettings {
    /// Who may push.
    pub sources: Vec<PushSource>,
    /// With which certificate; without one, only on loopback, behind a proxy of one's own.
    pub tls: Option<PushTls>,
    /// The largest telegram, in bytes when unpacked.
    pub limit_bytes: usize,
    /// How far the clocks of both sides may be apart.
    pub window: SignedDuration,
    /// How long a push may take, from its first byte to the answer.
    pub patience: Duration,
    /// How many connections are served at once; further ones wait.
    pub connections_max: usize,
    /// How many of them one address may have, unless it is this machine; further ones are closed.
    pub connections_of_address_max: usize,
    /// How many bytes of bodies are held at once, unpacked ones included; further bodies wait unread.
    pub bodies_bytes_max: usize,
    /// How many bodies of one source are held at once.
    pub bodies_of_source_max: usize,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            tls: None,
            limit_bytes: 16 * 1024 * 1024,
            window: SignedDuration::from_mins(5),
            patience: Duration::from_secs(10),
            connections_max: 64,
            connections_of_address_max: 16,
            bodies_bytes_max: 64 * 1024 * 1024,
            bodies_of_source_max: 8,
        }
    }
}

/// The endpoint, until dropped.
pub struct PushEndpoint {
    /// Where it listens.
    pub addr: SocketAddr,
    tasks: JoinSet<()>,
}

impl PushEndpoint {
    /// Listens.
    ///
    /// # Errors
    /// A text that says what to mend: the address, a file, or TLS missing where others can reach the endpoint.
    pub async fn listen(addr: SocketAddr, settings: PushSettings, intake: Intake) -> Result<Self, String> {
        let acceptor = match &settings.tls {
            Some(tls) => Some(TlsAcceptor::from(Arc::new(server_config(tls)?))),
            None if addr.ip().is_loopback() => None,
            None => {
                return Err(format!("{addr}: without TLS the endpoint listens on loopback only: name a certificate"));
            }
        };
        let wants_certificate = |it: &PushSource| matches!(it.proof, Proof::Certificate(_));
        if let Some(source) = settings.sources.iter().find(|it| wants_certificate(it))
            && settings.tls.as_ref().is_none_or(|tls| tls.clients.is_none())
        {
            return Err(format!(
                "{}: proves itself by certificate, and no authority for clients is named",
                source.name
            ));
        }
        let listener = TcpListener::bind(addr).await.map_err(|e| format!("{addr}: {e}"))?;
        let addr = listener.local_addr().map_err(|e| e.to_string())?;
        let places = Arc::new(Semaphore::new(settings.connections_max.max(1)));
        let guests = Guests::new(settings.connections_of_address_max);
        let desk = Arc::new(Desk::new(settings, intake));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok(place) = places.clone().acquire_owned().await {
                let accepted = listener.accept().await;
                while connections.try_join_next().is_some() {}
                let Ok((stream, from)) = accepted else {
                    // Out of files, most likely: not at once again.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let Some(guest) = guests.admit(from.ip()) else {
                    tracing::warn!(address = %from.ip(), "too many connections of one address push: one is closed");
                    continue;
                };
                let (desk, acceptor) = (desk.clone(), acceptor.clone());
                connections.spawn(async move {
                    let _here = (place, guest);
                    serve(desk, acceptor, stream).await;
                });
            }
        });
        Ok(Self { addr, tasks })
    }

    /// Ends; nobody listens any more when it returns.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Client {
    /// Pushes a telegram to an endpoint like this one, signed now; the status of the answer and what it says.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn push(
        &self,
        url: &str,
        (source, name): (&str, &str),
        key: &SharedKey,
        bytes: Vec<u8>,
        now: Timestamp,
    ) -> Result<(u16, String), Failure> {
        let mut headers = HeaderMap::new();
        for (header, value) in
            [("x-hikyaku-name", name.to_owned()), ("x-hikyaku-signature", sign(key, now, source, name, &bytes))]
        {
            let value = HeaderValue::from_str(&value).map_err(|e| Failure::Content(format!("{header}: {e}")))?;
            headers.insert(header, value);
        }
        let reply = self.ask(Method::POST, url, headers, Bytes::from(bytes), ANSWER_BYTES_MAX).await?;
        Ok((reply.status.as_u16(), String::from_utf8_lossy(&reply.bytes).trim().to_owned()))
    }
}

async fn serve(desk: Arc<Desk>, acceptor: Option<TlsAcceptor>, stream: TcpStream) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(acceptor) = acceptor else { return converse(desk, stream, None).await };
    match tokio::time::timeout(desk.settings.patience, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let shown = shown.map(|certificate| hex_digest(certificate));
            converse(desk, stream, shown).await;
        }
        Ok(Err(e)) => tracing::info!(error = %e, "a push did not get through the handshake"),
        Err(_) => {}
    }
}

async fn converse(desk: Arc<Desk>, stream: impl AsyncRead + AsyncWrite + Unpin, certificate: Option<String>) {
    let patience = desk.settings.patience;
    let service = service_fn(move |request| {
        let (desk, certificate) = (desk.clone(), certificate.clone());
        async move { Ok::<_, Infallible>(desk.answer(request, certificate.as_deref()).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience.max(IDLE_MAX)).max_buf_size(64 * 1024);
    if let Err(e) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(error = %e, "a connection of a push ended");
    }
}
