//! The 47 prefectures by JIS X 0401 code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Kanji names in the order of JIS X 0401, code 01 first.
#[rustfmt::skip]
const NAMES: [&str; 47] = [
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県",
    "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
    "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
];

/// A prefecture (都道府県). Kept and configured as its two-digit JIS X 0401 code (`"13"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefecture(u8);

impl Prefecture {
    /// The prefecture of a JIS X 0401 code, 1 to 47.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        if 1 <= code && code <= 47 { Some(Self(code)) } else { None }
    }

    /// The prefecture of a kanji name, with or without its 都, 府 or 県 (北海道 always whole).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::all().find(|it| it.name() == name || it.short_name() == name)
    }

    /// All 47, Hokkaido first.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=47).map(Self)
    }

    /// The JIS X 0401 code, 1 to 47.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The kanji name: `東京都`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0) - 1]
    }

    /// The kanji name without 都, 府 or 県: `東京`, `京都`, `北海道`.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        let name = self.name();
        name.strip_suffix(['都', '府', '県']).unwrap_or(name)
    }
}

/// The kanji name: `東京都`.
impl fmt::Display for Prefecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Prefecture {
    type Err = Error;

    /// Reads a two-digit code or a name.
    ///
    /// # Errors
    /// [`Error::Prefecture`] for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let by_code = if digits { text.parse().ok().and_then(Self::from_code) } else { None };
        by_code.or_else(|| Self::from_name(text)).ok_or_else(|| Error::Prefecture(text.to_owned()))
    }
}

impl TryFrom<String> for Prefecture {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Prefecture> for String {
    fn from(prefecture: Prefecture) -> Self {
        format!("{:02}", prefecture.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefecture_is_found_by_code_and_by_name() {
        assert_eq!(Prefecture::all().count(), 47);
        for prefecture in Prefecture::all() {
            assert_eq!(Prefecture::from_code(prefecture.code()), Some(prefecture));
            assert_eq!(Prefecture::from_name(prefecture.name()), Some(prefecture));
            assert_eq!(Prefecture::from_name(prefecture.short_name()), Some(prefecture));
            assert_eq!(String::from(prefecture).parse(), Ok(prefecture));
        }
        assert_eq!(Prefecture::from_code(13).map(Prefecture::name), Some("東京都"));
        assert_eq!(Prefecture::from_name("京都").map(Prefecture::code), Some(26));
        assert_eq!(Prefecture::from_name("東京").map(Prefecture::code), Some(13));
    }

    #[test]
    fn what_is_no_prefecture_is_refused() {
        for text in ["00", "48", "1", "013", "北海", "Tokyo", "", "+1"] {
            assert!(text.parse::<Prefecture>().is_err(), "{text}");
        }
    }
}
