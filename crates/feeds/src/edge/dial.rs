//! Connections: to whom they may go, through which proxy, with which trust.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::poll::Failure;

/// Longest answer of a proxy that is read, in bytes.
const PROXY_ANSWER_BYTES: usize = 8 * 1024;

/// Where connections may go. The default never leaves this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dial {
    /// To this machine only.
    #[default]
    Loopback,
    /// Anywhere.
    Internet,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Roots {
    /// The system's.
    #[default]
    System,
    /// Those of a PEM file alone.
    File(PathBuf),
    /// Those of a PEM text alone.
    Pem(String),
}

/// A proxy that is asked to CONNECT, whatever the address asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
    credentials: Option<String>,
}

impl Proxy {
    /// Reads `http://proxy.example:3128`, with `user:password@` before the host where the proxy asks for it.
    ///
    /// # Errors
    /// A text that says what is wrong; it does not repeat the password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "the proxy must look like http://proxy.example:3128 or http://user:password@proxy.example:3128".to_owned()
        };
        let rest = text.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(STANDARD.encode(credentials)), place),
            None => (None, rest),
        };
        let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        if host.is_empty() || host.contains(['/', ' ']) {
            return Err(wrong());
        }
        Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port, credentials })
    }
}

/// The place an address names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    /// Of an `http`, `https`, `ws` or `wss` address.
    pub(super) fn of(uri: &hyper::Uri) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::Connect(format!("{why}: mend the address in the configuration"));
        let is_tls = match uri.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => return Err(wrong("the address begins with neither https:// nor http://")),
        };
        let host = uri.host().ok_or_else(|| wrong("the address names no host"))?;
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Self { is_tls, host: host.trim_matches(['[', ']']).to_owned(), port })
    }
}

/// A connection, under TLS or not.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Connects.
pub(super) struct Dialler {
    dial: Dial,
    proxy: Option<Proxy>,
    tls: TlsConnector,
    patience: Duration,
}

impl Dialler {
    /// A dialler that gives each connection so much time, handshake included.
    pub(super) fn new(dial: Dial, proxy: Option<Proxy>, roots: &Roots, patience: Duration) -> Result<Self, String> {
        let tls = TlsConnector::from(Arc::new(tls_config(roots)?));
        Ok(Self { dial, proxy, tls, patience })
    }

    pub(super) async fn connect(&self, target: &Target) -> Result<Box<dyn Io>, Failure> {
        let connecting = self.connect_patiently(target);
        let late = |_| Failure::Timeout(self.patience.as_secs());
        tokio::time::timeout(self.patience, connecting).await.map_err(late)?
    }

    async fn connect_patiently(&self, target: &Target) -> Result<Box<dyn Io>, Failure> {
        let stream = match &self.proxy {
            None => self.tcp(&target.host, target.port).await?,
            Some(proxy) => self.through(proxy, target).await?,
        };
        if !target.is_tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|e| Failure::Tls(e.to_string()))?;
        let stream = self.tls.connect(name, stream).await.map_err(|e| Failure::Tls(format!("{}: {e}", target.host)))?;
        Ok(Box::new(stream))
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<TcpStream, Failure> {
        let failed = |why: String| Failure::Connect(format!("{host}:{port}: {why}"));
        let found = tokio::net::lookup_host((host, port)).await.map_err(|e| failed(e.to_string()))?;
        let permitted: Vec<SocketAddr> =
            found.filter(|addr| self.dial == Dial::Internet || addr.ip().is_loopback()).collect();
        if permitted.is_empty() {
            return Err(failed("`dial` allows none of its addresses".to_owned()));
        }
        // Half of the patience is for all addresses together; the rest is for whoever answers.
        let share = self.patience / 2 / u32::try_from(permitted.len()).unwrap_or(u32::MAX);
        let stream = first_of(&permitted, share, TcpStream::connect).await.map_err(failed)?;
        // What is written is a request at a time: nothing is gained by waiting for more.
        stream.set_nodelay(true).map_err(|e| failed(e.to_string()))?;
        Ok(stream)
    }

    async fn through(&self, proxy: &Proxy, target: &Target) -> Result<TcpStream, Failure> {
        let is_here =
            target.host == "localhost" || target.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if self.dial == Dial::Loopback && !is_here {
            return Err(Failure::Connect(format!(
                "{}: `dial` allows this machine only, through a proxy too",
                target.host
            )));
        }
        let mut stream = self.tcp(&proxy.host, proxy.port).await?;
        let failed = |why: String| Failure::Connect(format!("proxy {}:{}: {why}", proxy.host, proxy.port));
        let place = match target.host.contains(':') {
            true => format!("[{}]:{}", target.host, target.port),
            false => format!("{}:{}", target.host, target.port),
        };
        let login = proxy.credentials.as_ref().map(|it| format!("Proxy-Authorization: Basic {it}\r\n"));
        let request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{}\r\n", login.unwrap_or_default());
        stream.write_all(request.as_bytes()).await.map_err(|e| failed(e.to_string()))?;
        // A byte at a time: what follows the empty line belongs to the tunnel.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() > PROXY_ANSWER_BYTES {
                return Err(failed("its answer has no end".to_owned()));
            }
            answer.push(stream.read_u8().await.map_err(|e| failed(e.to_string()))?);
        }
        let head = String::from_utf8_lossy(&answer).into_owned();
        let line = head.lines().next().unwrap_or_default();
        if line.split(' ').nth(1) == Some("200") { Ok(stream) } else { Err(failed(format!("answered {line:?}"))) }
    }
}

/// What the first address that answers within its share of time gives: one that swallows everything, such as an IPv6 address behind
/// a network that has none, must not use up the time of the others.
async fn first_of<T, F: Future<Output = std::io::Result<T>>>(
    addrs: &[SocketAddr],
    share: Duration,
    connect: impl Fn(SocketAddr) -> F,
) -> Result<T, String> {
    let mut problems = Vec::new();
    for addr in addrs {
        match tokio::time::timeout(share, connect(*addr)).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(e)) => problems.push(format!("{addr}: {e}")),
            Err(_) => problems.push(format!("{addr}: no connection within {} ms", share.as_millis())),
        }
    }
    Err(problems.join("; "))
}

/// What a client trusts.
fn tls_config(roots: &Roots) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| format!("TLS: {e}"))?;
    let (pem, named) = match roots {
        Roots::System => {
            let builder = builder.with_platform_verifier().map_err(|e| format!("the system's certificates: {e}"))?;
            return Ok(builder.with_no_client_auth());
        }
        Roots::File(path) => {
            (std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?, path.display().to_string())
        }
        Roots::Pem(text) => (text.clone().into_bytes(), "the PEM text".to_owned()),
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| format!("{named}: {e}"))?;
        store.add(certificate).map_err(|e| format!("{named}: {e}"))?;
    }
    if store.is_empty() {
        return Err(format!("{named}: has no certificate: name a PEM file of those to be trusted"));
    }
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_swallows_everything_does_not_use_up_the_time_of_the_next() {
        let addrs: Vec<SocketAddr> = vec!["[2001:db8::1]:443".parse().unwrap(), "192.0.2.1:443".parse().unwrap()];
        let connect =
            |addr: SocketAddr| async move { if addr.is_ipv6() { std::future::pending().await } else { Ok(addr) } };
        assert_eq!(first_of(&addrs, Duration::from_millis(1), connect).await, Ok(addrs[1]));
        let refusing = |_| async { Err::<(), _>(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)) };
        let told = first_of(&addrs, Duration::from_secs(60), refusing).await.unwrap_err();
        assert!(told.contains("2001:db8") && told.contains("192.0.2.1"), "{told}");
    }
}
