//! Where a command pushes telegrams to, and in whose name.

use std::path::PathBuf;

use clap::Args;
use hikyaku_feeds::edge::{Client, ClientSettings, Dial, Roots};
use hikyaku_feeds::push::SharedKey;
use jiff::Timestamp;

/// A push endpoint and a source that it knows.
#[derive(Debug, Args)]
pub struct PushTo {
    /// Push to this address of a running system.
    #[arg(long, value_name = "URL", requires_all = ["source", "key"])]
    push: Option<String>,
    /// In the name of this source.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Signed with the key in this file.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Trust these certificates (PEM) instead of the system's.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Push to other machines too.
    #[arg(long)]
    internet: bool,
}

/// What pushes.
pub struct Pusher {
    client: Client,
    url: String,
    source: String,
    key: SharedKey,
}

impl PushTo {
    /// Reads the key; `None` when nothing is to be pushed.
    ///
    /// # Errors
    /// One line that says what to mend.
    pub fn open(&self) -> Result<Option<Pusher>, String> {
        let (Some(url), Some(source), Some(path)) = (&self.push, &self.source, &self.key) else { return Ok(None) };
        let key = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let key = SharedKey::new(&key).map_err(|e| format!("{}: {e}", path.display()))?;
        let client = Client::new(ClientSettings {
            dial: if self.internet { Dial::Internet } else { Dial::Loopback },
            roots: self.roots.clone().map_or(Roots::System, Roots::File),
            ..ClientSettings::default()
        })?;
        Ok(Some(Pusher { client, url: url.clone(), source: source.clone(), key }))
    }
}

impl Pusher {
    /// Pushes a telegram, signed now; the status of the answer and what it says.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn push(&self, name: &str, bytes: Vec<u8>) -> Result<(u16, String), String> {
        let pushed = self.client.push(&self.url, (&self.source, name), &self.key, bytes, Timestamp::now()).await;
        pushed.map(|(status, text)| (status, text.trim().to_owned())).map_err(|e| e.to_string())
    }
}
