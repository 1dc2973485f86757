//! Where pages are served, to whom, and over what.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hikyaku_web::{Proxies, SessionLimits, TlsFiles};
use ipnet::IpNet;
use jiff::SignedDuration;
use serde::Deserialize;

/// The responder pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswersSite {
    /// Its address and port.
    pub listen: SocketAddr,
    /// Networks whose connections are taken; empty takes all.
    #[serde(default)]
    pub allow: Vec<IpNet>,
    /// What the links in mails begin with; ends with a slash.
    pub address: String,
}

/// The console.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleSite {
    /// Its address and port.
    pub listen: SocketAddr,
    /// Networks whose connections are taken; empty takes all.
    #[serde(default)]
    pub allow: Vec<IpNet>,
    /// A session ends after so many minutes without a visit.
    pub idle_minutes: u32,
    /// A session ends after so many hours in any case.
    pub session_hours: u32,
    /// How long after a proof dangerous acts need no new one, in minutes.
    pub fresh_minutes: u32,
}

/// The API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSite {
    /// Its address and port.
    pub listen: SocketAddr,
    /// Networks whose connections are taken; empty takes all.
    #[serde(default)]
    pub allow: Vec<IpNet>,
}

/// What monitoring reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSite {
    /// Its address and port.
    pub listen: SocketAddr,
    /// Networks whose connections are taken; empty takes all.
    #[serde(default)]
    pub allow: Vec<IpNet>,
}

/// The server's own certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    certificate: PathBuf,
    key: PathBuf,
}

/// The proxy in front.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxySettings {
    networks: Vec<IpNet>,
    header: Option<String>,
}

impl ConsoleSite {
    /// How long sessions last.
    pub fn sessions(&self) -> SessionLimits {
        SessionLimits {
            idle: SignedDuration::from_mins(i64::from(self.idle_minutes)),
            absolute: SignedDuration::from_hours(i64::from(self.session_hours)),
            fresh: SignedDuration::from_mins(i64::from(self.fresh_minutes)),
        }
    }
}

impl TlsSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        self.certificate = folder.join(&self.certificate);
        self.key = folder.join(&self.key);
    }

    /// Reads the certificate.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn read(&self) -> Result<TlsFiles, String> {
        TlsFiles::read(self.certificate.clone(), self.key.clone()).map_err(|e| e.to_string())
    }
}

impl ProxySettings {
    /// Whether there is one, which then has the certificate.
    pub fn is_there(&self) -> bool {
        !self.networks.is_empty()
    }

    /// Whose word about a client's address is believed.
    ///
    /// # Errors
    /// The header has no name that a header can have.
    pub fn proxies(&self) -> Result<Proxies, String> {
        let header = self.header.as_deref().map(str::parse).transpose();
        let header = header.map_err(|_| "[proxy] header: write a header's name, such as x-forwarded-for".to_owned())?;
        Ok(Proxies { networks: self.networks.clone(), header })
    }
}
