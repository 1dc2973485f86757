//! How mails leave: who they are from, where connections may go, what signs them.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use hikyaku_core::letter::Mailbox;
use hikyaku_core::setup::{Dane, NameService, Relay};
use hikyaku_core::signing::Signing;
use hikyaku_core::{Address, Carriers, Config, Dial};
use hikyaku_dispatch::Sender;
use serde::Deserialize;

use super::pattern::REPLY;

/// How mails leave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    from: String,
    from_name: String,
    /// The envelope sender with `{verp}`.
    pub return_path: String,
    /// Where replies go; with `{reply}` they are answers.
    pub reply_to: Option<String>,
    helo: Option<String>,
    #[serde(default)]
    dial: Dialling,
    relay: Option<String>,
    dns: Option<SocketAddr>,
    #[serde(default = "smtp")]
    port: u16,
    #[serde(default = "yes")]
    mta_sts: bool,
    #[serde(default)]
    dane: Dane,
    trust_anchors: Option<PathBuf>,
    #[serde(default)]
    roots: Vec<PathBuf>,
    unsettled: Option<NonZeroUsize>,
    /// The table of carriers; left out, the one that is built in.
    pub carriers: Option<PathBuf>,
    /// The table of keys that sign; the keys are in files that it names.
    pub signing: Option<PathBuf>,
}

/// Where connections may go.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Dialling {
    #[default]
    Loopback,
    Internet,
}

fn smtp() -> u16 {
    25
}

fn yes() -> bool {
    true
}

impl MailSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        let files = [&mut self.carriers, &mut self.signing, &mut self.trust_anchors].into_iter().flatten();
        for path in files.chain(&mut self.roots) {
            *path = folder.join(&*path);
        }
    }

    /// Whether the name service is asked where a domain's mail goes: a relay takes everything.
    #[must_use]
    pub fn resolves(&self) -> bool {
        self.relay.is_none()
    }

    /// Who the mails are from and where their links lead.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn sender(&self, answers: &str) -> Result<Sender, String> {
        let address = Address::parse(&self.from).map_err(|e| format!("[mail] from: {e}"))?;
        if !self.return_path.contains("{verp}") {
            return Err("[mail] return_path must hold {verp}, such as b+{verp}@example.go.jp".into());
        }
        Ok(Sender {
            from: Mailbox { name: self.from_name.clone(), address },
            return_path: self.return_path.clone(),
            reply_to: self.reply_to.clone(),
            link_base: format!("{answers}a/"),
        })
    }

    /// What we call ourselves.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn helo(&self) -> Result<String, String> {
        let from = Address::parse(&self.from).map_err(|e| format!("[mail] from: {e}"))?;
        Ok(self.helo.clone().unwrap_or_else(|| from.domain().to_string()))
    }

    /// Where nothing takes answers by mail, no mail may say that it can be answered so.
    pub(super) fn check_unanswered(&self) -> Result<(), String> {
        let says = self.reply_to.as_ref().is_some_and(|it| it.contains(REPLY));
        if says {
            Err(format!("[mail] reply_to holds {REPLY}: give [inbound] a place to listen, or leave it out"))
        } else {
            Ok(())
        }
    }

    /// What the engine is opened with.
    ///
    /// # Errors
    /// One line that names the key or the file and what to mend.
    pub fn config(&self, queue: PathBuf) -> Result<Config, String> {
        let mut config = Config::new(queue, self.helo()?);
        config.port = self.port;
        config.dns = self.dns.map_or(NameService::System, |addr| NameService::Servers(vec![addr]));
        config.relay = self.relay.as_deref().map(relay).transpose()?;
        config.dial = match (&config.relay, self.dial) {
            (Some(_), _) => Dial::RelayOnly,
            (None, Dialling::Loopback) => Dial::Loopback,
            (None, Dialling::Internet) => Dial::Internet,
        };
        (config.mta_sts, config.dane) = (self.mta_sts, self.dane);
        config.trust_anchors.clone_from(&self.trust_anchors);
        config.roots.clone_from(&self.roots);
        config.unsettled_max = self.unsettled.map(NonZeroUsize::get);
        if let Some(carriers) = self.read_carriers()? {
            config.carriers = carriers;
        }
        if let Some(file) = &self.signing {
            let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
            let folder = file.parent().unwrap_or(Path::new(""));
            config.signing = Signing::parse(&text, folder).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        Ok(config)
    }

    /// The table of carriers, if there is a file of it.
    ///
    /// # Errors
    /// One line that names the file, the line in it and what to mend.
    pub fn read_carriers(&self) -> Result<Option<Carriers>, String> {
        let Some(file) = &self.carriers else { return Ok(None) };
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        Carriers::read(&text).map(Some).map_err(|e| format!("{}: {e}", file.display()))
    }
}

fn relay(text: &str) -> Result<Relay, String> {
    let wrong = || format!("[mail] relay = \"{text}\": write it as HOST:PORT, such as relay.example.jp:25");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Relay { host, port: port.parse().map_err(|_| wrong())? })
}
