//! Systems that are told of answers, of how mails ended and of alarms, each with a key of its own in a file.

use std::path::{Path, PathBuf};

use hikyaku_dispatch::OutwardKind;
use hikyaku_feeds::edge::{Client, ClientSettings, Dial};
use hikyaku_feeds::push::SharedKey;
use serde::Deserialize;

use super::secret;

/// The longest name of a webhook, in characters.
const NAME_MAX: usize = 40;

/// One system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// What it is called in records, and in what is signed.
    pub name: String,
    /// Where it is told.
    pub url: String,
    key_file: PathBuf,
    #[serde(default = "both")]
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Answers,
    Outcomes,
    Alarms,
}

fn both() -> Vec<Kind> {
    vec![Kind::Answers, Kind::Outcomes]
}

impl WebhookSettings {
    pub(super) fn anchor(&mut self, folder: &Path) {
        self.key_file = folder.join(&self.key_file);
    }

    /// What can be told without reading the key.
    pub(super) fn check(&self) -> Result<(), String> {
        let named = |problem: String| Err(format!("[[webhooks]] \"{}\": {problem}", self.name));
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if self.name.is_empty() || self.name.len() > NAME_MAX || !self.name.bytes().all(is_plain) {
            return named(format!("name is the name of a file: at most {NAME_MAX} letters, digits, - and _"));
        }
        if !self.url.starts_with("https://") && !self.url.starts_with("http://") {
            return named("url must begin with https://, or with http:// on this machine".into());
        }
        if self.kinds.is_empty() {
            return named("kinds is empty: write \"answers\", \"outcomes\", \"alarms\" or several of them".into());
        }
        Ok(())
    }

    /// What of the journal it wants to be told of; empty where it wants alarms alone.
    pub fn kinds(&self) -> Vec<OutwardKind> {
        let kind = |kind: &Kind| match kind {
            Kind::Answers => Some(OutwardKind::Answers),
            Kind::Outcomes => Some(OutwardKind::Outcomes),
            Kind::Alarms => None,
        };
        self.kinds.iter().filter_map(kind).collect()
    }

    /// Whether it wants to be told of alarms.
    pub fn wants_alarms(&self) -> bool {
        self.kinds.contains(&Kind::Alarms)
    }

    /// The key that both have.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn key(&self) -> Result<SharedKey, String> {
        let key = SharedKey::new(secret::read(&self.key_file)?.as_bytes());
        key.map_err(|problem| format!("{}: {problem}", self.key_file.display()))
    }

    /// What reaches it: without TLS only this machine.
    ///
    /// # Errors
    /// The system's certificates cannot be used.
    pub fn client(&self) -> Result<Client, String> {
        let dial = if self.url.starts_with("https://") { Dial::Internet } else { Dial::Loopback };
        Client::new(ClientSettings { dial, ..ClientSettings::default() })
    }
}
