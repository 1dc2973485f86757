//! The tables that codes of areas belong to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The code table that an area's code belongs to: the same digits mean other places in other tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AreaScheme {
    /// JMA 地震情報／細分区域 (AreaForecastLocalE): three digits, 188 areas.
    SeismicLocal,
    /// JMA 地震情報／都道府県等: two digits, equal to JIS X 0401.
    Prefecture,
    /// JMA 緊急地震速報／府県予報区 (four digits, 9xxx) and 地方 (99xx).
    EarlyWarning,
    /// JMA 津波予報区: three digits; the 66 leaves and the wider areas that headlines use.
    Tsunami,
    /// JMA 気象情報／府県予報区・細分区域等: six digits; 府県予報区, 一次細分区域 and 市町村等をまとめた地域 share this table.
    Weather,
    /// JMA 気象・地震・火山情報／市町村等: seven digits, the first five equal to JIS X 0402.
    City,
    /// JMA 潮位観測点, 水位観測所, 沖合観測点 and other points of observation.
    Station,
    /// JMA 火山名: three digits.
    Volcano,
    /// JMA 指定河川洪水予報の予報区域 or 河川: twelve or ten digits.
    River,
    /// JMA 地方海上予報区.
    Sea,
    /// JIS X 0402 with its check digit, six digits, as L-Alert writes municipalities.
    Municipality,
    /// ISO 3166-1 alpha-2: `TH`.
    Country,
    /// 外務省's own four-digit country code, where it has no ISO code known to us.
    MofaCountry,
    /// 外務省's own two-digit region code: 10 アジア.
    MofaRegion,
    /// A place named in words only; the code repeats the name.
    Named,
    /// A code of a table that CAP names itself, as `table=code`: `SAME=006109`.
    Geocode,
}

impl AreaScheme {
    /// Every table and the word for it, as regions are written: `tsunami/320`.
    const WORDS: [(Self, &'static str); 16] = [
        (Self::SeismicLocal, "seismic"),
        (Self::Prefecture, "prefecture"),
        (Self::EarlyWarning, "warned"),
        (Self::Tsunami, "tsunami"),
        (Self::Weather, "weather"),
        (Self::City, "city"),
        (Self::Station, "station"),
        (Self::Volcano, "volcano"),
        (Self::River, "river"),
        (Self::Sea, "sea"),
        (Self::Municipality, "municipality"),
        (Self::Country, "country"),
        (Self::MofaCountry, "mofa-country"),
        (Self::MofaRegion, "mofa-region"),
        (Self::Named, "named"),
        (Self::Geocode, "geocode"),
    ];

    /// The word for the table: `tsunami`.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(it, _)| *it == self).map_or("", |(_, word)| word)
    }

    /// The table of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(it, _)| *it)
    }
}

/// The code of an area within its [`AreaScheme`], as the source wrote it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AreaCode(String);

impl AreaCode {
    /// Takes the code as written; what is unknown to our tables is still an area.
    pub fn new(code: impl Into<String>) -> Self {
        Self(code.into())
    }

    /// The code as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_word_of_its_own() {
        for (scheme, word) in AreaScheme::WORDS {
            assert_eq!((AreaScheme::from_word(word), scheme.word()), (Some(scheme), word));
        }
    }
}
