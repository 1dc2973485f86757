//! What a feed server was asked and what it sent: by this a poller is judged.

use std::collections::BTreeMap;

/// What a feed server was asked and what it sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedTally {
    /// Questions.
    pub requests: u64,
    /// Answered 304.
    pub unchanged: u64,
    /// Answered with gzip.
    pub packed: u64,
    /// Bytes sent, heads included.
    pub wire_bytes: u64,
    /// How often each document was sent whole, by its path.
    pub sent: BTreeMap<String, u64>,
    /// Bytes of each version of each document that was sent, by path and version: what had to be sent at least.
    pub versions: BTreeMap<(String, String), u64>,
}

impl FeedTally {
    /// What had to be sent at least: each version of each index once, each telegram once, in bytes.
    #[must_use]
    pub fn needed_bytes(&self) -> u64 {
        self.versions.values().sum()
    }

    /// How often documents whose path contains this were sent whole, one by one.
    pub fn sent_of<'a>(&'a self, part: &'a str) -> impl Iterator<Item = (&'a str, u64)> {
        self.sent.iter().filter(move |(path, _)| path.contains(part)).map(|(path, count)| (path.as_str(), *count))
    }
}
