//! Where something happens: areas, their tables, and regions as rules name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::intensity::IntensityReport;
use crate::prefecture::Prefecture;
use crate::severity::Severity;

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

/// An area that a bulletin names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Area {
    /// The table of the code.
    pub scheme: AreaScheme,
    /// The code within the table.
    pub code: AreaCode,
    /// The official name: `東京都２３区`.
    pub name: String,
    /// The prefectures it lies in or whose coast it is, when known; places abroad have none, a bay or a volcano may have several.
    pub prefectures: Vec<Prefecture>,
}

impl Area {
    /// An area of a table, with its prefectures.
    pub fn new(
        scheme: AreaScheme,
        code: impl Into<String>,
        name: impl Into<String>,
        prefectures: impl IntoIterator<Item = Prefecture>,
    ) -> Self {
        Self { scheme, code: AreaCode::new(code), name: name.into(), prefectures: prefectures.into_iter().collect() }
    }

    /// A whole prefecture.
    #[must_use]
    pub fn prefecture(prefecture: Prefecture) -> Self {
        Self::new(AreaScheme::Prefecture, format!("{:02}", prefecture.code()), prefecture.name(), [prefecture])
    }
}

/// One area and how bad it is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AreaReport {
    /// Where.
    pub area: Area,
    /// How bad.
    pub severity: Severity,
}

impl AreaReport {
    /// The observed intensity, when the severity is one.
    #[must_use]
    pub const fn intensity(&self) -> Option<IntensityReport> {
        match self.severity {
            Severity::Intensity(report) => Some(report),
            _ => None,
        }
    }

    /// Whether this report speaks of the region: the area itself, or one inside the prefecture.
    #[must_use]
    pub fn lies_in(&self, region: &RegionCode) -> bool {
        match region {
            RegionCode::Prefecture(prefecture) => self.area.prefectures.contains(prefecture),
            RegionCode::SeismicLocal(code) => self.area.scheme == AreaScheme::SeismicLocal && self.area.code == *code,
        }
    }
}

/// A region as people and rules name it: a prefecture (`"13"`) or a JMA 細分区域 (`"350"`).
///
/// Kept and configured as those digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RegionCode {
    /// A whole prefecture.
    Prefecture(Prefecture),
    /// One JMA 地震情報／細分区域, three digits.
    SeismicLocal(AreaCode),
}

/// The first code of 地震情報／細分区域 of each prefecture (JIS X 0401), ascending; the codes of a prefecture stand together.
#[rustfmt::skip]
const FIRST_LOCAL: [(u16, u8); 47] = [
    (100, 1), (200, 2), (210, 3), (220, 4), (230, 5), (240, 6), (250, 7), (300, 8), (310, 9), (320, 10),
    (330, 11), (340, 12), (350, 13), (360, 14), (370, 15), (380, 16), (390, 17), (400, 18), (410, 19), (420, 20),
    (430, 21), (440, 22), (450, 23), (460, 24), (500, 25), (510, 26), (520, 27), (530, 28), (540, 29), (550, 30),
    (560, 31), (570, 32), (580, 33), (590, 34), (600, 36), (610, 37), (620, 38), (630, 39), (700, 35), (710, 40),
    (720, 41), (730, 42), (740, 43), (750, 44), (760, 45), (770, 46), (800, 47),
];

impl RegionCode {
    /// The prefecture that it is or lies in; `None` for a code below all of them.
    #[must_use]
    pub fn prefecture(&self) -> Option<Prefecture> {
        match self {
            Self::Prefecture(prefecture) => Some(*prefecture),
            Self::SeismicLocal(code) => {
                let code: u16 = code.as_str().parse().ok()?;
                let (_, prefecture) = FIRST_LOCAL.iter().rev().find(|(first, _)| *first <= code)?;
                Prefecture::from_code(*prefecture)
            }
        }
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefecture(prefecture) => write!(f, "{:02}", prefecture.code()),
            Self::SeismicLocal(code) => code.fmt(f),
        }
    }
}

impl FromStr for RegionCode {
    type Err = Error;

    /// Reads two digits as a prefecture, three as a 細分区域, and a prefecture's name as the prefecture.
    ///
    /// Whether a 細分区域 of that code exists is known to the tables of `hikyaku-feeds`, not here.
    ///
    /// # Errors
    /// [`Error::Region`] for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self::SeismicLocal(AreaCode::new(text)));
        }
        text.parse().map(Self::Prefecture).map_err(|_| Error::Region(text.to_owned()))
    }
}

impl TryFrom<String> for RegionCode {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<RegionCode> for String {
    fn from(region: RegionCode) -> Self {
        region.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_a_prefecture_by_two_digits_and_a_local_area_by_three() {
        assert_eq!("13".parse(), Ok(RegionCode::Prefecture(Prefecture::from_code(13).unwrap())));
        assert_eq!("東京都".parse::<RegionCode>().unwrap().to_string(), "13");
        assert_eq!("350".parse(), Ok(RegionCode::SeismicLocal(AreaCode::new("350"))));
        for text in ["", "3500", "99", "abc", "東京都２３区"] {
            assert!(text.parse::<RegionCode>().is_err(), "{text}");
        }
    }
}
