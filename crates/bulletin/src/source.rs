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

/// SHA-256 of a telegram's bytes as they came: tells the same telegram under two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Takes the 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Whether no digest was taken: bulletins that were entered by hand have none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0 == [0; 32]
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = crate::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = || crate::Error::Digest(text.clone());
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = text.get(2 * at..2 * at + 2).and_then(|it| u8::from_str_radix(it, 16).ok()).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

/// Who speaks: the system that a bulletin came from, by the form of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Origin {
    /// 気象庁防災情報XML.
    #[default]
    Jma,
    /// L-Alert, J-Alert by way of it, and other EDXL-DE.
    LAlert,
    /// Common Alerting Protocol.
    Cap,
    /// 外務省 海外安全情報オープンデータ.
    Mofa,
    /// GDACS.
    Gdacs,
    /// UK FCDO travel advice.
    Fcdo,
    /// US Department of State travel advisories.
    UsState,
    /// A news feed.
    News,
    /// An operator of ours.
    Operator,
}

/// `気象庁`, `L アラート` …
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jma => "気象庁",
            Self::LAlert => "L アラート",
            Self::Cap => "CAP",
            Self::Mofa => "外務省",
            Self::Gdacs => "GDACS",
            Self::Fcdo => "英国外務省",
            Self::UsState => "米国務省",
            Self::News => "報道",
            Self::Operator => "手入力",
        })
    }
}

/// What ties bulletins of one hazard together, whatever their kind.
///
/// One bulletin may carry several keys (a tsunami of two earthquakes). Warnings of weather carry the key of their office, for JMA gives
/// them no EventID; volcanoes and rivers are series that never end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SeriesKey {
    /// A JMA EventID. Earthquake, tsunami and early-warning telegrams of one quake share it.
    Event(String),
    /// A volcano by its three-digit code: the EventID of 噴火警報・予報 and 降灰予報.
    Volcano(String),
    /// A river's forecast area by its code.
    River(String),
    /// Warnings for one 府県予報区, by its code (or the office's name where no code is told). Old and new families share it.
    Warnings(String),
    /// A typhoon: `TC1725`.
    Typhoon(String),
    /// An L-Alert document.
    Document(String),
    /// A CAP alert.
    Alert(String),
    /// Travel advice: who, then the country's code.
    Travel(String),
    /// An event that GDACS numbers: `EQ1486908`.
    Gdacs(String),
    /// An item of a news feed.
    News(String),
    /// What an operator entered.
    Operator(String),
    /// A word by which a CAP sender groups alerts of one incident (`incidents`); each of them stands beside the others.
    Incident(String),
}

impl SeriesKey {
    /// The source's own word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Event(id)
            | Self::Volcano(id)
            | Self::River(id)
            | Self::Warnings(id)
            | Self::Typhoon(id)
            | Self::Document(id)
            | Self::Alert(id)
            | Self::Travel(id)
            | Self::Gdacs(id)
            | Self::News(id)
            | Self::Operator(id)
            | Self::Incident(id) => id,
        }
    }

    /// Whether the series is a thing that lasts (a volcano, a river, an office), not an event with an end.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        matches!(self, Self::Volcano(_) | Self::River(_) | Self::Warnings(_) | Self::Travel(_))
    }
}

/// A JMA EventID as it is; every other key with the word for its sort before it, so that no two sorts meet: `volcano:306`.
impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event(_) => "",
            Self::Volcano(_) => "volcano:",
            Self::River(_) => "river:",
            Self::Warnings(_) => "warnings:",
            Self::Typhoon(_) => "typhoon:",
            Self::Document(_) => "document:",
            Self::Alert(_) => "alert:",
            Self::Travel(_) => "travel:",
            Self::Gdacs(_) => "gdacs:",
            Self::News(_) => "news:",
            Self::Operator(_) => "operator:",
            Self::Incident(_) => "incident:",
        })?;
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

    #[test]
    fn a_digest_is_kept_as_its_digits() {
        let digest = Digest::new([0xA5; 32]);
        let text = String::from(digest);
        assert_eq!(text.len(), 64);
        assert_eq!(Digest::try_from(text), Ok(digest));
        assert!(Digest::try_from("a5".to_owned()).is_err());
        assert!(Digest::default().is_none() && !digest.is_none());
    }

    #[test]
    fn keys_of_different_sorts_never_meet() {
        assert_eq!(SeriesKey::Event("306".into()).to_string(), "306");
        assert_eq!(SeriesKey::Volcano("306".into()).to_string(), "volcano:306");
    }
}
