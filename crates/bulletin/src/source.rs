//! Who said it and what it belongs to: the identity of a telegram and the keys of its series.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The identity of one telegram: its file-name stem at the source, or a digest of its bytes where it has no name.
///
/// Two equal identities are the same telegram, whichever feed brought it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    /// Takes an identity as it is.
    pub fn new(identity: impl Into<String>) -> Self {
        Self(identity.into())
    }

    /// The identity of a telegram from its file name, path or address: the last path segment without `#…`, `?…` and
    /// a final `.xml`. JMA's feeds add `#r1` to the same telegram when they regenerate.
    #[must_use]
    pub fn from_file_name(name: &str) -> Self {
        let name = name.split(['#', '?']).next().unwrap_or(name);
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        Self(name.strip_suffix(".xml").unwrap_or(name).to_owned())
    }

    /// The identity as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What ties bulletins of one hazard together, whatever their kind.
///
/// One bulletin may carry several keys (a tsunami of two earthquakes), or none (weather warnings, until their own key comes).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SeriesKey {
    /// A JMA EventID. Earthquake, tsunami and early-warning telegrams of one quake share it; some kinds put a volcano
    /// or river code here.
    Event(String),
}

impl SeriesKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Event(id) => id,
        }
    }
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_telegram_has_one_identity_whichever_feed_named_it() {
        let plain = SourceId::from_file_name("20240101071254_0_VTSE41_010000.xml");
        let address = "https://example.jp/xml/20240101071254_0_VTSE41_010000.xml#r1";
        assert_eq!(SourceId::from_file_name(address), plain);
        assert_eq!(plain.as_str(), "20240101071254_0_VTSE41_010000");
    }
}
