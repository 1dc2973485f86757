//! The HTTPS host of MTA-STS policies, as well or badly served as its domains are told to.

use std::collections::HashMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::error::Error;
use crate::ledger::{Ledger, lock};
use crate::profile::{StsProfile, StsServing};
use crate::tls::{Authority, Certificates};

/// Longest request that is read.
const REQUEST_BYTES: usize = 16 * 1024;
/// How long a silent host keeps a client.
const SILENCE: Duration = Duration::from_secs(60);

/// The policies of all domains, as they are now.
pub(crate) type Policies = Arc<Mutex<HashMap<String, StsProfile>>>;

/// The host.
pub(crate) struct PolicyHost {
    policies: Policies,
    ledger: Arc<Ledger>,
    acceptor: TlsAcceptor,
}

/// Shows each domain's host the certificate that it is told to show.
struct Shown {
    policies: Policies,
    certificates: HashMap<String, Certificates>,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let domain = hello.server_name()?.strip_prefix("mta-sts.")?;
        let certificates = self.certificates.get(domain)?;
        Some(match lock(&self.policies).get(domain).map(|policy| policy.serve) {
            Some(StsServing::WrongName) => certificates.wrong_name.clone(),
            Some(StsServing::SelfSigned) => certificates.self_signed.clone(),
            _ => certificates.valid.clone(),
        })
    }
}

impl PolicyHost {
    /// A host for the domains that have a policy.
    pub(crate) fn new(policies: Policies, authority: &Authority, ledger: Arc<Ledger>) -> Result<Self, Error> {
        let mut certificates = HashMap::new();
        for domain in lock(&policies).keys() {
            certificates.insert(domain.clone(), authority.certificates(&format!("mta-sts.{domain}"))?);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let failed = |error: rustls::Error| Error::Certificate { host: "mta-sts".into(), message: error.to_string() };
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
        let shown = Shown { policies: policies.clone(), certificates };
        let config = builder.with_no_client_auth().with_cert_resolver(Arc::new(shown));
        Ok(Self { policies, ledger, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Listens on loopback.
    pub(crate) async fn bind() -> std::io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    }

    /// Serves until aborted.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                Ok((client, _)) = listener.accept() => {
                    let host = self.clone();
                    clients.spawn(async move { drop(host.answer(client).await) });
                }
                Some(_) = clients.join_next() => {}
            }
        }
    }

    async fn answer(&self, client: TcpStream) -> std::io::Result<()> {
        let mut client = self.acceptor.accept(client).await?;
        let domain = client.get_ref().1.server_name().and_then(|name| name.strip_prefix("mta-sts.")).map(str::to_owned);
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && request.len() < REQUEST_BYTES {
            if client.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        self.ledger.policies_served.fetch_add(1, Ordering::Relaxed);
        let policy = domain.and_then(|domain| lock(&self.policies).get(&domain).cloned());
        let wanted = request.starts_with(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n");
        let Some(policy) = policy.filter(|policy| wanted && policy.serve != StsServing::Missing) else {
            client.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await?;
            return client.shutdown().await;
        };
        if policy.serve == StsServing::Silence {
            tokio::time::sleep(SILENCE).await;
        }
        let mut text = policy_text(&policy);
        if policy.serve == StsServing::Huge {
            text.push_str(&"comment: long\r\n".repeat(70_000));
        }
        let status = if policy.serve == StsServing::Redirect { "302 Found\r\nLocation: /elsewhere" } else { "200 OK" };
        let kind = if policy.serve == StsServing::Html { "text/html" } else { "text/plain; charset=utf-8" };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            text.len()
        );
        client.write_all(head.as_bytes()).await?;
        client.write_all(text.as_bytes()).await?;
        client.shutdown().await
    }
}

fn policy_text(policy: &StsProfile) -> String {
    let mx: String = policy.mx.iter().map(|mx| format!("mx: {mx}\r\n")).collect();
    format!("version: STSv1\r\nmode: {}\r\n{mx}max_age: {}\r\n", policy.mode, policy.max_age_s)
}
