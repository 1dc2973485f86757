//! Where pages are served, to whom, and over what.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hikyaku_web::{PrivacyNotice, Proxies, SessionLimits, TlsFiles};
use ipnet::IpNet;
use jiff::SignedDuration;
use serde::Deserialize;

use super::oidc::OidcSite;

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
    /// How personal data are used, in the organisation's own words.
    #[serde(default)]
    pub privacy: PrivacyFiles,
}

/// Texts in UTF-8, one for each language of the responder pages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyFiles {
    japanese: Option<PathBuf>,
    easy: Option<PathBuf>,
    english: Option<PathBuf>,
}

/// Longest notice, in bytes: a page that a telephone still shows.
const PRIVACY_BYTES_MAX: usize = 64 * 1024;

impl PrivacyFiles {
    pub(super) fn anchor(&mut self, folder: &Path) {
        for path in [&mut self.japanese, &mut self.easy, &mut self.english].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    /// Reads the texts.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn read(&self) -> Result<PrivacyNotice, String> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(read_notice).transpose();
        Ok(PrivacyNotice { japanese: read(&self.japanese)?, easy: read(&self.easy)?, english: read(&self.english)? })
    }
}

fn read_notice(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("[answers.privacy] {}: {e}; name a text file in UTF-8", path.display()))?;
    if text.trim().is_empty() || text.len() > PRIVACY_BYTES_MAX {
        return Err(format!("[answers.privacy] {}: 1 to {PRIVACY_BYTES_MAX} bytes are shown", path.display()));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s22_the_notice_is_read_from_its_files_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("privacy.txt"), "本省の方針\n\n一、…\n").unwrap();
        let mut files: PrivacyFiles = toml::from_str("japanese = 'privacy.txt'").unwrap();
        files.anchor(folder.path());
        assert_eq!(files.read().unwrap().japanese.as_deref(), Some("本省の方針\n\n一、…"));
        let mut files: PrivacyFiles = toml::from_str("english = 'none.txt'").unwrap();
        files.anchor(folder.path());
        let why = files.read().unwrap_err();
        assert!(why.contains("none.txt") && why.contains("[answers.privacy]"), "{why}");
        assert!(toml::from_str::<PrivacyFiles>("germn = 'x'").is_err());
    }
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
    /// Its address as browsers know it, for passkeys; left out, there are none.
    pub passkeys: Option<String>,
    /// How long after a proof dangerous acts need no new one, in minutes.
    pub fresh_minutes: u32,
    /// The organisation's OpenID provider; left out, people log in with passwords.
    pub oidc: Option<OidcSite>,
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

#[cfg(feature = "passkeys")]
impl ConsoleSite {
    /// Whose passkeys open the console.
    ///
    /// # Errors
    /// The address is none by which browsers use passkeys.
    pub fn passkeys(&self) -> Result<Option<hikyaku_web::RelyingParty>, String> {
        let Some(address) = &self.passkeys else { return Ok(None) };
        hikyaku_web::RelyingParty::at(address).map(Some).ok_or_else(|| {
            format!("[console] passkeys = \"{address}\": write the console's address with a name and https://, such as https://console.example.go.jp")
        })
    }
}

impl TlsSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        self.certificate = folder.join(&self.certificate);
        self.key = folder.join(&self.key);
    }

    /// The files of chain and key.
    pub fn files(&self) -> (&Path, &Path) {
        (&self.certificate, &self.key)
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
