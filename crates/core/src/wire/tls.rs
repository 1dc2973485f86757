//! How connections are encrypted: one set-up for each kind of demand, so that TLS sessions are resumed.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::verify::{Judge, Rule};
use crate::config::certificates;
use crate::trust::{Demand, TlsVersion, Tlsa, Trusted};

/// Hosts whose sessions are kept for resumption where one set-up serves all of them.
const HOSTS_MAX: usize = 512;
/// The same for a set-up of a few hosts.
const FEW_HOSTS_MAX: usize = 8;
/// Set-ups kept; those of single hosts are made anew beyond it.
const SETUPS_MAX: usize = 512;

/// What set-ups differ in. A session is resumed only under the set-up in which it began, so that what was believed of a
/// host under a weak demand never serves a strict one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Any,
    Roots,
    Https,
    Pinned(Arc<Trusted>),
    Dane(Vec<Tlsa>, String),
}

/// Every set-up in use.
pub struct Tls {
    provider: Arc<CryptoProvider>,
    /// Beside the system's.
    roots: Vec<CertificateDer<'static>>,
    /// Made when first needed: reading the system's roots takes tens of milliseconds.
    verifier: OnceLock<Result<Arc<Verifier>, String>>,
    setups: Mutex<HashMap<(Kind, TlsVersion), Arc<ClientConfig>>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("roots", &self.roots.len()).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads roots of trust beside the system's, PEM files.
    ///
    /// # Errors
    /// A text that names the file that cannot be used.
    pub fn new(files: &[PathBuf]) -> Result<Tls, String> {
        let mut roots = Vec::new();
        for file in files {
            roots.extend(certificates(file)?);
        }
        Ok(Tls {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            roots,
            verifier: OnceLock::new(),
            setups: Mutex::default(),
        })
    }

    /// The connector for a demand.
    ///
    /// # Errors
    /// A text that says why no TLS can be had.
    pub fn connector(&self, demand: &Demand, oldest: TlsVersion) -> Result<TlsConnector, String> {
        let kind = match demand {
            Demand::Never | Demand::Any | Demand::Watched { .. } => Kind::Any,
            Demand::Verified | Demand::Sts => Kind::Roots,
            Demand::Pinned(trusted) if trusted.is_empty() => {
                return Err("tls = \"pinned\" and neither `pins` nor `ca` is there: name what to trust".into());
            }
            Demand::Pinned(trusted) => Kind::Pinned(trusted.clone()),
            Demand::Dane { records, .. } if records.is_empty() => Kind::Any,
            Demand::Dane { records, domain } => Kind::Dane(records.clone(), domain.clone()),
            Demand::Barred(why) => return Err(why.clone()),
        };
        self.setup(kind, oldest)
    }

    /// A connector for HTTPS, with the same roots.
    ///
    /// # Errors
    /// A text that says why no TLS can be had.
    pub fn https(&self) -> Result<TlsConnector, String> {
        self.setup(Kind::Https, TlsVersion::V1_2)
    }

    /// Whether a trusted root vouches for the certificates that a host has shown.
    ///
    /// # Errors
    /// A text that says why not.
    pub fn vouched(&self, shown: &[CertificateDer<'_>], host: &str) -> Result<(), String> {
        let (first, rest) = shown.split_first().ok_or("the host showed no certificate")?;
        let name = ServerName::try_from(host).map_err(|e| format!("{host}: {e}"))?;
        let verdict = self.verifier()?.verify_server_cert(first, rest, &name, &[], UnixTime::now());
        verdict.map(drop).map_err(|e| e.to_string())
    }

    fn setup(&self, kind: Kind, oldest: TlsVersion) -> Result<TlsConnector, String> {
        let key = (kind, oldest);
        let known = self.setups.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(TlsConnector::from(known));
        }
        // Not under the lock: the system's roots may have to be read. Whoever is first serves all.
        let made = Arc::new(self.make(&key.0, oldest)?);
        let mut setups = self.setups.lock().unwrap_or_else(PoisonError::into_inner);
        if setups.len() >= SETUPS_MAX {
            setups.retain(|(kind, _), _| matches!(kind, Kind::Any | Kind::Roots | Kind::Https));
        }
        Ok(TlsConnector::from(setups.entry(key).or_insert(made).clone()))
    }

    fn make(&self, kind: &Kind, oldest: TlsVersion) -> Result<ClientConfig, String> {
        let judge = |rule| Arc::new(Judge { provider: self.provider.clone(), rule }) as Arc<dyn ServerCertVerifier>;
        let (verifier, hosts) = match kind {
            Kind::Any => (judge(Rule::Any), HOSTS_MAX),
            Kind::Roots | Kind::Https => (self.verifier()? as Arc<dyn ServerCertVerifier>, HOSTS_MAX),
            Kind::Pinned(trusted) => {
                let mut roots = RootCertStore::empty();
                for root in &trusted.roots {
                    roots.add(CertificateDer::from(root.clone())).map_err(|e| format!("a pinned authority: {e}"))?;
                }
                (judge(Rule::Pinned(trusted.clone(), roots)), FEW_HOSTS_MAX)
            }
            Kind::Dane(records, domain) => (judge(Rule::Dane(records.clone(), domain.clone())), FEW_HOSTS_MAX),
        };
        let versions = match oldest {
            TlsVersion::V1_2 => &[&TLS13, &TLS12][..],
            TlsVersion::V1_3 => &[&TLS13],
        };
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(versions)
            .map_err(|e| format!("TLS: {e}"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(hosts);
        if *kind == Kind::Https {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        Ok(config)
    }

    fn verifier(&self) -> Result<Arc<Verifier>, String> {
        let make = || Verifier::new_with_extra_roots(self.roots.iter().cloned(), self.provider.clone());
        let made = self.verifier.get_or_init(|| make().map(Arc::new).map_err(|e| format!("no roots of trust: {e}")));
        made.clone()
    }
}
