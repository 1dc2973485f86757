//! Fetching one policy over HTTPS (RFC 8461 §3.3): one request, no redirect, nothing long, nothing unverified.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::TokioResolver;
use crate::config::Dial;
use crate::wire::Tls;

/// Longest policy that is read (RFC 8461 §3.3 suggests 64 KB).
const POLICY_BYTES: usize = 64 * 1024;
/// Addresses of the policy host that are tried.
const ADDRESSES_MAX: usize = 4;

/// The text of a domain's policy, from an address that may be dialled.
///
/// # Errors
/// A text that says what went wrong.
pub(super) async fn text(
    domain: &str,
    dns: &TokioResolver,
    tls: &Tls,
    dial: Dial,
    port: u16,
) -> Result<String, String> {
    let host = format!("mta-sts.{domain}");
    let found = dns.lookup_ip(format!("{host}.")).await.map_err(|e| format!("{host}: {e}"))?;
    let addrs: Vec<SocketAddr> = found.iter().map(|ip| SocketAddr::new(ip, port)).collect();
    let allowed: Vec<SocketAddr> = addrs.into_iter().filter(|addr| dial.permits(*addr)).take(ADDRESSES_MAX).collect();
    let mut problem = format!("{host}: `dial` allows none of its addresses");
    for addr in allowed {
        match TcpStream::connect(addr).await {
            Ok(stream) => return ask(stream, &host, tls).await.map_err(|e| format!("https://{host}: {e}")),
            Err(e) => problem = format!("{host}: {e}"),
        }
    }
    Err(problem)
}

async fn ask(stream: TcpStream, host: &str, tls: &Tls) -> Result<String, String> {
    let name = ServerName::try_from(host.to_string()).map_err(|e| e.to_string())?;
    let stream = tls.https()?.connect(name, stream).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    // Ends with this function.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let request = Request::get("/.well-known/mta-sts.txt").header(HOST, host).body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.map_err(|e| e.to_string())?).await.map_err(|e| e.to_string())?;
    if answer.status() != StatusCode::OK {
        return Err(format!("answered {}, and only 200 counts", answer.status()));
    }
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain")) {
        return Err(format!("served {kind:?}, and only text/plain counts"));
    }
    let body = Limited::new(answer.into_body(), POLICY_BYTES).collect().await;
    let body = body.map_err(|e| format!("{e} (at most {POLICY_BYTES} bytes are read)"))?;
    String::from_utf8(body.to_bytes().to_vec()).map_err(|_| "the policy is not UTF-8".into())
}
