//! What a source hands over, before anything in it is understood.

use hikyaku_bulletin::SourceId;
use jiff::Timestamp;

use crate::index::Entry;
use crate::manual::ManualEntry;

/// One telegram, whatever way it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telegram {
    /// The source's name in the configuration.
    pub source: String,
    /// Its identity, by which it is known across restarts.
    pub key: String,
    /// The digest of a document, by which it is known whatever way it comes; empty for a headline.
    pub digest: String,
    /// Its file name or address, from which a bulletin's own identity is made.
    pub name: String,
    /// When the index says it was issued, where there is an index.
    pub listed: Option<Timestamp>,
    /// When it was here, by our clock.
    pub received: Timestamp,
    /// The same by the best clock at hand, which tells whether it came in time: that of the feed's server, the time of a signature, or ours
    /// where no other is known.
    pub present: Timestamp,
    /// What it says.
    pub content: Content,
}

impl Telegram {
    /// All identities by which it is known: its own, and that of its bytes.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let digest = Some(&self.digest).filter(|it| !it.is_empty()).map(|it| digest_key(it));
        std::iter::once(self.key.clone()).chain(digest).collect()
    }

    /// Gives it a name of its own beside another telegram that came under the same: its bytes tell it, whatever a relay calls it.
    #[cfg(feature = "edge")]
    pub(crate) fn set_apart(&mut self) {
        self.name = name_of_bytes(&self.name, &self.digest);
        self.key = format!("{}~{}", self.key, mark(&self.digest));
    }
}

/// A name by its bytes too, for what an address does not tell apart: `alert.php?id=1` and `?id=2`, or one address that is filled anew.
pub(super) fn name_of_bytes(name: &str, digest: &str) -> String {
    format!("{}~{}.xml", SourceId::from_file_name(name), mark(digest))
}

fn mark(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// The identity of bytes.
pub(crate) fn digest_key(digest: &str) -> String {
    format!("sha256:{digest}")
}

/// What a telegram says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A document as its source sent it, unpacked.
    Document(Vec<u8>),
    /// A headline of a news feed: only what the index says of it is known, nothing is fetched.
    News(Entry),
    /// What an operator entered.
    Manual(Box<ManualEntry>),
}
