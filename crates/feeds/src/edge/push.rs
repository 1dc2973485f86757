//! The endpoint for pushed telegrams: `POST /push/{source}` with an HMAC or a client's certificate.
//!
//! It answers 200 only when the telegram is safe with whoever takes it; anything else is to be sent again, except what is refused for
//! good (4xx). JMA XML, CAP, EDXL-DE and whatever else the parsers know may be sent, gzip too; who speaks SOAP is answered in SOAP.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::ask::{Client, hex_digest, unpacked};
use super::intake::{Intake, Offered};
use super::soap::Voice;
use crate::poll::Failure;
use crate::push::{Refusal, SharedKey, check, sign};

/// The longest answer to a push, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

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

/// How to receive.
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
    /// How many connections are served at once.
    pub connections_max: usize,
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
        }
    }
}

/// The endpoint, until dropped.
pub struct PushEndpoint {
    /// Where it listens.
    pub addr: SocketAddr,
    tasks: JoinSet<()>,
}

/// What all connections share.
struct Desk {
    sources: HashMap<String, Proof>,
    settings: PushSettings,
    intake: Intake,
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
        let sources = settings.sources.iter().map(|it| (it.name.clone(), it.proof.clone())).collect();
        let desk = Arc::new(Desk { sources, settings, intake });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok(place) = places.clone().acquire_owned().await {
                let accepted = listener.accept().await;
                while connections.try_join_next().is_some() {}
                let Ok((stream, _)) = accepted else {
                    // Out of files, most likely: not at once again.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let (desk, acceptor) = (desk.clone(), acceptor.clone());
                connections.spawn(async move {
                    let _place = place;
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
    builder.timer(TokioTimer::new()).header_read_timeout(patience.max(Duration::from_secs(90))).max_buf_size(64 * 1024);
    if let Err(e) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(error = %e, "a connection of a push ended");
    }
}

type Answer = Response<Full<Bytes>>;

impl Desk {
    async fn answer(&self, request: Request<Incoming>, certificate: Option<&str>) -> Answer {
        let path = request.uri().path().to_owned();
        let voice = Voice::of(request.headers());
        let answer = |status, text: &str| answer(voice, status, text);
        let Some((source, proof)) = path.strip_prefix("/push/").and_then(|name| self.sources.get_key_value(name))
        else {
            return answer(StatusCode::NOT_FOUND, "この送信元は登録されていません。宛先は /push/送信元の名前 です。");
        };
        if request.method() != Method::POST {
            let mut answer = answer(StatusCode::METHOD_NOT_ALLOWED, "POST で送ってください。");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return answer;
        }
        let taking = self.take(source, proof, request, certificate);
        match tokio::time::timeout(self.settings.patience, taking).await {
            Ok(Ok(word)) => answer(StatusCode::OK, word),
            Ok(Err((status, why))) => {
                self.intake.refused(source);
                tracing::warn!(source, status = status.as_u16(), why, "a push was refused");
                answer(status, &why)
            }
            Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE, "時間内に受け取れませんでした。もう一度送ってください。"),
        }
    }

    async fn take(
        &self,
        source: &str,
        proof: &Proof,
        request: Request<Incoming>,
        certificate: Option<&str>,
    ) -> Result<&'static str, (StatusCode, String)> {
        let limit = self.settings.limit_bytes;
        let (head, body) = request.into_parts();
        may_speak(proof, certificate, &head.headers)?;
        let too_large = || (StatusCode::PAYLOAD_TOO_LARGE, format!("本文は {limit} バイトまでです。"));
        let sent = Limited::new(body, limit).collect().await.map_err(|e| match e.downcast::<LengthLimitError>() {
            Ok(_) => too_large(),
            Err(other) => (StatusCode::BAD_REQUEST, other.to_string()),
        })?;
        let sent = sent.to_bytes();
        let told = |name: &str| told(&head.headers, name);
        let name = told("x-hikyaku-name");
        match proof {
            Proof::Key(key) => {
                let signature = told("x-hikyaku-signature");
                check(key, &signature, (source, &name), &sent, self.intake.now(), self.settings.window)
                    .map_err(|refusal| (StatusCode::UNAUTHORIZED, refusal.to_string()))?;
            }
            // Proven before the body was read.
            Proof::Certificate(_) => {}
        }
        let bytes = match told(CONTENT_ENCODING.as_str()).as_str() {
            "gzip" => unpacked(&sent, limit).map_err(|e| match e {
                Failure::TooLarge(_) => too_large(),
                other => (StatusCode::BAD_REQUEST, other.to_string()),
            })?,
            "" | "identity" => sent.to_vec(),
            _ => return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "圧縮は gzip だけ受け付けます。".to_owned())),
        };
        if let Err(reject) = crate::read(&bytes, &name) {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, reject.to_string()));
        }
        match self.intake.offer(source, &name, bytes).await {
            Offered::Taken => Ok("taken"),
            Offered::Repeated => Ok("repeated"),
            Offered::Lost => {
                Err((StatusCode::SERVICE_UNAVAILABLE, "いま受け取れません。もう一度送ってください。".to_owned()))
            }
        }
    }
}

/// What can be refused before the body is read: a certificate that is not known, and a push without a signature.
fn may_speak(proof: &Proof, certificate: Option<&str>, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
    match proof {
        Proof::Key(_) if headers.contains_key("x-hikyaku-signature") => Ok(()),
        Proof::Key(_) => Err((StatusCode::UNAUTHORIZED, Refusal::Unsigned.to_string())),
        Proof::Certificate(known) => {
            let fits = |shown: &str| known.is_empty() || known.iter().any(|it| it.eq_ignore_ascii_case(shown));
            let unknown = "この証明書では送れません。登録された証明書で接続してください。";
            if certificate.is_some_and(fits) { Ok(()) } else { Err((StatusCode::FORBIDDEN, unknown.to_owned())) }
        }
    }
}

fn told(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().trim().to_owned()
}

fn answer(voice: Voice, status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(voice.say(status, text))));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(voice.media_type()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

fn server_config(tls: &PushTls) -> Result<ServerConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let named = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let chain = certificates(&tls.certificates)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|e| named(&tls.key, &e))?;
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| format!("TLS: {e}"))?;
    let builder = match &tls.clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut store = RootCertStore::empty();
            for certificate in certificates(path)? {
                store.add(certificate).map_err(|e| named(path, &e))?;
            }
            // Sources with a key show none.
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider).allow_unauthenticated();
            builder.with_client_cert_verifier(verifier.build().map_err(|e| named(path, &e))?)
        }
    };
    builder.with_single_cert(chain, key).map_err(|e| named(&tls.certificates, &e))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|e| format!("{}: {e}", path.display()))?;
    if chain.is_empty() { Err(format!("{}: has no certificate", path.display())) } else { Ok(chain) }
}
