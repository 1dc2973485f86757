//! Where sources push telegrams, and how each proves itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hikyaku_feeds::edge::{self, Proof, PushSource, PushTls};
use hikyaku_feeds::push::SharedKey;
use serde::Deserialize;

/// The push endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSettings {
    /// Its address and port.
    pub listen: SocketAddr,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    clients: Option<PathBuf>,
    #[serde(default)]
    sources: Vec<Source>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    key_file: Option<PathBuf>,
    #[serde(default)]
    certificates: Vec<String>,
}

impl PushSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        let keys = self.sources.iter_mut().map(|source| &mut source.key_file);
        let own = [&mut self.certificate, &mut self.key, &mut self.clients];
        for path in own.into_iter().chain(keys).flatten() {
            *path = folder.join(&*path);
        }
    }

    /// What the endpoint is started with.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn settings(&self) -> Result<edge::PushSettings, String> {
        let tls = match (&self.certificate, &self.key) {
            (Some(certificates), Some(key)) => {
                Some(PushTls { certificates: certificates.clone(), key: key.clone(), clients: self.clients.clone() })
            }
            (None, None) => None,
            _ => return Err("[push] certificate and key belong together: give both or none".into()),
        };
        let sources: Result<Vec<PushSource>, String> = self.sources.iter().map(Source::read).collect();
        Ok(edge::PushSettings { sources: sources?, tls, ..edge::PushSettings::default() })
    }
}

impl Source {
    fn read(&self) -> Result<PushSource, String> {
        let proof = match &self.key_file {
            None => Proof::Certificate(self.certificates.clone()),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
                let key = SharedKey::new(text.trim().as_bytes());
                Proof::Key(key.map_err(|problem| format!("{}: {problem}", path.display()))?)
            }
        };
        Ok(PushSource { name: self.name.clone(), proof })
    }
}
