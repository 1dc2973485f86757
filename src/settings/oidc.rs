//! The organisation's OpenID provider, by which people may log in to the console.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The provider; what each key means stands in the file that `hikyaku init` writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "oidc"), allow(dead_code, reason = "built without it, a provider is refused"))]
pub struct OidcSite {
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    address: String,
    label: String,
    #[serde(default)]
    claim: Claim,
    #[serde(default)]
    acr: Vec<String>,
    #[serde(default)]
    amr: Vec<String>,
    roots: Option<PathBuf>,
    proxy: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Claim {
    #[default]
    Email,
    PreferredUsername,
    Sub,
}

impl OidcSite {
    pub(super) fn anchor(&mut self, folder: &Path) {
        self.client_secret_file = folder.join(&self.client_secret_file);
        if let Some(roots) = &mut self.roots {
            *roots = folder.join(&*roots);
        }
    }
}

#[cfg(feature = "oidc")]
mod reading {
    use std::sync::Arc;
    use std::time::Duration;

    use hikyaku_feeds::edge::{ClientSettings, Dial, Proxy, Roots};
    use hikyaku_web::{Errands, OidcClaim, OidcSettings};

    use super::{Claim, OidcSite};
    use crate::settings::secret;

    /// How long a connection to the provider and an answer of it may take: somebody sits before the page.
    const CONNECT: Duration = Duration::from_secs(5);
    const ANSWER: Duration = Duration::from_secs(10);

    impl OidcSite {
        /// What was agreed with the provider, which `errands` ask.
        ///
        /// # Errors
        /// One line that names the key or the file and what to mend.
        pub fn settings(&self, errands: Arc<dyn Errands>) -> Result<OidcSettings, String> {
            let settings = OidcSettings {
                issuer: self.issuer.clone(),
                client_id: self.client_id.clone(),
                client_secret: secret::read(&self.client_secret_file)?.trim().to_owned(),
                address: self.address.clone(),
                label: self.label.clone(),
                claim: match self.claim {
                    Claim::Email => OidcClaim::Email,
                    Claim::PreferredUsername => OidcClaim::PreferredUsername,
                    Claim::Sub => OidcClaim::Subject,
                },
                acr: self.acr.clone(),
                amr: self.amr.clone(),
                errands,
            };
            settings.check()?;
            Ok(settings)
        }

        /// What reaches it: without TLS only this machine.
        ///
        /// # Errors
        /// The proxy is written in a way that none is.
        pub fn client(&self) -> Result<ClientSettings, String> {
            let dial = if self.issuer.starts_with("https://") { Dial::Internet } else { Dial::Loopback };
            Ok(ClientSettings {
                dial,
                proxy: self.proxy.as_deref().map(Proxy::parse).transpose()?,
                roots: self.roots.clone().map_or(Roots::System, Roots::File),
                connect_patience: CONNECT,
                answer_patience: ANSWER,
                ..ClientSettings::default()
            })
        }
    }
}
