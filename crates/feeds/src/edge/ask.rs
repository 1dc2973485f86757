//! One question over HTTP: bounded in size and time, packed with gzip, over a connection that is kept for the next.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::dial::{Dial, Dialler, Io, Proxy, Roots, Target};
use super::redirect::{REDIRECTS_MAX, next_address};
use crate::poll::{Answer, Failure, Validators};

/// How long an idle connection is kept: longer than a minute, so that the next question finds it.
const IDLE_MAX: Duration = Duration::from_secs(90);
/// The most idle connections kept to one place.
const IDLE_CONNECTIONS_MAX: usize = 4;
/// From this size on, what is packed is unpacked on a thread of its own.
const LARGE_BYTES: usize = 64 * 1024;

/// How to ask.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Where connections may go.
    pub dial: Dial,
    /// Through which proxy.
    pub proxy: Option<Proxy>,
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// Who asks; feeds want to know whom to write to.
    pub user_agent: String,
    /// How long a connection may take, TLS included.
    pub connect_patience: Duration,
    /// How long an answer may take, from the question to its last byte.
    pub answer_patience: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            dial: Dial::default(),
            proxy: None,
            roots: Roots::default(),
            user_agent: concat!("hikyaku/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_patience: Duration::from_secs(10),
            answer_patience: Duration::from_secs(30),
        }
    }
}

/// What asks on one connection.
type Sender = SendRequest<Full<Bytes>>;
/// Connections that wait, and since when, by where they lead.
type Idle = HashMap<Target, Vec<(Sender, Instant)>>;

/// Asks, over connections that are kept.
pub struct Client {
    settings: ClientSettings,
    dialler: Dialler,
    idle: Mutex<Idle>,
}

/// An answer, unpacked.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
    wire_bytes: u64,
}

impl Client {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// A text that says which certificates cannot be used.
    pub fn new(settings: ClientSettings) -> Result<Self, String> {
        let dialler = Dialler::new(settings.dial, settings.proxy.clone(), &settings.roots, settings.connect_patience)?;
        Ok(Self { settings, dialler, idle: Mutex::default() })
    }

    /// Asks for a document, unless it is still what `validators` tell of. Of an answer at most `limit_bytes` are read, packed and
    /// unpacked. Where the server sends on to another HTTPS address it is asked there, three times at most.
    pub async fn fetch(&self, url: &str, validators: &Validators, limit_bytes: usize) -> Answer {
        let mut headers = HeaderMap::new();
        let conditions =
            [(header::IF_NONE_MATCH, &validators.etag), (header::IF_MODIFIED_SINCE, &validators.last_modified)];
        for (name, value) in conditions {
            if let Some(value) = value.as_deref().and_then(|it| HeaderValue::from_str(it).ok()) {
                headers.insert(name, value);
            }
        }
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTS_MAX {
            let asked = self.ask(Method::GET, &url, headers.clone(), Bytes::new(), limit_bytes).await;
            let next = asked.and_then(|reply| Ok((next_address(&url, reply.status, &reply.headers)?, reply)));
            match next {
                Ok((Some(next), _)) => url = next,
                Ok((None, reply)) => return found(reply),
                Err(failure) => return Answer::Failed(failure),
            }
        }
        Answer::Failed(Failure::Redirect(format!("more than {REDIRECTS_MAX} times, at last to {url}")))
    }

    /// Hands JSON over by POST, with further headers, and says the status of the answer, of which at most 64 KiB are read. What a
    /// kept connection lost is sent once more: whoever receives it must bear the same twice.
    ///
    /// # Errors
    /// [`Failure`], also for a header that HTTP cannot carry.
    pub async fn post(&self, url: &str, headers: &[(&'static str, &str)], json: String) -> Result<u16, Failure> {
        let (status, _) = self.call(Method::POST, url, headers, json, 64 * 1024).await?;
        Ok(status)
    }

    /// Asks with JSON, or with nothing, and says the status of the answer and what it holds, whatever the status.
    ///
    /// # Errors
    /// [`Failure`], also for a header that HTTP cannot carry and an answer of more than `limit_bytes`.
    pub async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&'static str, &str)],
        json: String,
        limit_bytes: usize,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let mut own = HeaderMap::new();
        own.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|e| Failure::Connect(format!("{name}: {e}")))?;
            own.insert(HeaderName::from_static(name), value);
        }
        let reply = self.ask(method, url, own, Bytes::from(json), limit_bytes).await?;
        Ok((reply.status.as_u16(), reply.bytes))
    }

    /// Asks, and reads the answer whatever its status.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        limit_bytes: usize,
    ) -> Result<Reply, Failure> {
        let uri: Uri = url.parse().map_err(|e| Failure::Connect(format!("the address {url:?} is none: {e}")))?;
        let target = Target::of(&uri)?;
        let patience = self.settings.answer_patience;
        let asking = async {
            // A kept connection may have been closed meanwhile; that says nothing, and a new one is tried at once.
            if let Some(kept) = self.kept(&target)
                && let Ok(reply) =
                    self.ask_on(kept, &target, self.request(&method, &uri, &headers, &body)?, limit_bytes).await
            {
                return reply;
            }
            let stream = self.dialler.connect(&target).await?;
            let request = self.request(&method, &uri, &headers, &body)?;
            let sender = sender(stream).await?;
            self.ask_on(sender, &target, request, limit_bytes).await.unwrap_or_else(Err)
        };
        tokio::time::timeout(patience, asking).await.map_err(|_| Failure::Timeout(patience.as_secs()))?
    }

    /// A stream to the place of an address, for what is no single question.
    pub(super) async fn connect(&self, uri: &Uri) -> Result<Box<dyn Io>, Failure> {
        self.dialler.connect(&Target::of(uri)?).await
    }

    fn request(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        let host = uri.authority().map(|it| it.as_str().rsplit('@').next().unwrap_or_default()).unwrap_or_default();
        let mut builder = Request::builder().method(method.clone()).uri(path);
        if let Some(own) = builder.headers_mut() {
            own.clone_from(headers);
            own.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            for (name, value) in [(header::HOST, host), (header::USER_AGENT, self.settings.user_agent.as_str())] {
                let value = HeaderValue::from_str(value).map_err(|e| Failure::Connect(format!("{name}: {e}")))?;
                own.insert(name, value);
            }
        }
        builder.body(Full::new(body.clone())).map_err(|e| Failure::Connect(e.to_string()))
    }

    /// Asks on a connection. The outer error is that the question did not get through; on a kept connection it may be put again.
    async fn ask_on(
        &self,
        mut sender: Sender,
        target: &Target,
        request: Request<Full<Bytes>>,
        limit_bytes: usize,
    ) -> Result<Result<Reply, Failure>, Failure> {
        let damaged = |e: hyper::Error| Failure::Broken(whole_story(&e));
        sender.ready().await.map_err(damaged)?;
        let answer = sender.send_request(request).await.map_err(damaged)?;
        let reply = read(answer, limit_bytes).await;
        if reply.is_ok() {
            self.keep(target, sender);
        }
        Ok(reply)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, target: &Target) -> Option<Sender> {
        let mut idle = self.idle();
        let connections = idle.get_mut(target)?;
        connections.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < IDLE_MAX);
        connections.pop().map(|(sender, _)| sender)
    }

    fn keep(&self, target: &Target, sender: Sender) {
        let mut idle = self.idle();
        let connections = idle.entry(target.clone()).or_default();
        if connections.len() < IDLE_CONNECTIONS_MAX && !sender.is_closed() {
            connections.push((sender, Instant::now()));
        }
    }
}

/// Begins HTTP on a connection; it ends when the sender is dropped.
async fn sender(stream: Box<dyn Io>) -> Result<Sender, Failure> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| Failure::Broken(whole_story(&e)))?;
    tokio::spawn(async move {
        if let Err(e) = connection.await {
            tracing::debug!(error = %e, "a connection to a feed ended");
        }
    });
    Ok(sender)
}

async fn read(answer: Response<hyper::body::Incoming>, limit_bytes: usize) -> Result<Reply, Failure> {
    let (head, body) = answer.into_parts();
    let packed =
        Limited::new(body, limit_bytes).collect().await.map_err(|e| match e.downcast::<LengthLimitError>() {
            Ok(_) => Failure::TooLarge(limit_bytes),
            Err(other) => Failure::Broken(other.to_string()),
        })?;
    let packed = packed.to_bytes();
    let head_bytes: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let wire_bytes = u64::try_from(packed.len() + head_bytes + "HTTP/1.1 200 OK\r\n\r\n".len()).unwrap_or(u64::MAX);
    let encoding = head.headers.get(header::CONTENT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or("identity");
    let bytes = match encoding.trim() {
        "gzip" | "x-gzip" if packed.is_empty() => Vec::new(),
        "gzip" | "x-gzip" if packed.len() < LARGE_BYTES => unpacked(&packed, limit_bytes)?,
        "gzip" | "x-gzip" => {
            let unpacking = tokio::task::spawn_blocking(move || unpacked(&packed, limit_bytes));
            unpacking.await.map_err(|e| Failure::Broken(e.to_string()))??
        }
        "identity" => packed.to_vec(),
        other => return Err(Failure::Broken(format!("it is packed as {other:?}, which nobody asked for"))),
    };
    Ok(Reply { status: head.status, headers: head.headers, bytes, wire_bytes })
}

/// What gzip packed, if it is no more than `limit_bytes`.
pub(super) fn unpacked(packed: &[u8], limit_bytes: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::Broken(format!("gzip: {e}")))?;
    if bytes.len() > limit_bytes { Err(Failure::TooLarge(limit_bytes)) } else { Ok(bytes) }
}

/// What an answer to a plain question means.
fn found(reply: Reply) -> Answer {
    let told = |name: HeaderName| reply.headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned);
    let date = told(header::DATE).and_then(|text| http_date(&text));
    match reply.status {
        StatusCode::OK => {
            let validators = Validators { etag: told(header::ETAG), last_modified: told(header::LAST_MODIFIED) };
            Answer::Found {
                digest: hex_digest(&reply.bytes),
                bytes: reply.bytes,
                validators,
                date,
                wire_bytes: reply.wire_bytes,
            }
        }
        StatusCode::NOT_MODIFIED => Answer::Unchanged { date },
        other => {
            let retry_after_s = told(header::RETRY_AFTER).and_then(|it| retry_after_s(&it, date));
            Answer::Failed(Failure::Status { code: other.as_u16(), retry_after_s })
        }
    }
}

/// What `Retry-After` asks for: seconds, or an instant by the server's clock (RFC 9110 §10.2.3).
fn retry_after_s(text: &str, date: Option<Timestamp>) -> Option<u32> {
    let text = text.trim();
    let seconds = text.parse::<u64>().ok().or_else(|| {
        let pause = http_date(text)?.duration_since(date.unwrap_or_else(Timestamp::now));
        Some(pause.as_secs().try_into().unwrap_or(0))
    });
    seconds.map(|it| u32::try_from(it).unwrap_or(u32::MAX))
}

/// A time as HTTP writes it.
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hex_digest(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An error with its causes: hyper keeps what matters in the second.
fn whole_story(error: &dyn std::error::Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        story = format!("{story}: {inner}");
        cause = inner.source();
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_bomb_is_not_unpacked_beyond_its_limit() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 10_000_000]).unwrap();
        let packed = packer.finish().unwrap();
        assert!(packed.len() < 20_000);
        assert_eq!(unpacked(&packed, 1_000_000), Err(Failure::TooLarge(1_000_000)));
        assert_eq!(unpacked(&packed, 10_000_000).map(|it| it.len()), Ok(10_000_000));
        assert!(matches!(unpacked(&packed[..packed.len() / 2], 10_000_000), Err(Failure::Broken(_))));
    }

    #[test]
    fn a_server_that_asks_for_patience_may_say_it_in_seconds_or_as_an_instant_of_its_own_clock() {
        let date = http_date("Sat, 21 Nov 2026 12:00:00 GMT");
        for (text, expected) in [
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("99999999999", Some(u32::MAX)),
            ("Sat, 21 Nov 2026 12:05:00 GMT", Some(300)),
            ("Sat, 21 Nov 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after_s(text, date), expected, "{text}");
        }
    }

    #[test]
    fn the_clock_of_a_server_is_read() {
        assert_eq!(http_date("Sat, 21 Nov 2026 12:00:00 GMT"), Some("2026-11-21T12:00:00Z".parse().unwrap()));
        assert_eq!(http_date("yesterday"), None);
    }
}
