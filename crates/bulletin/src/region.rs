//! Regions as people and rules name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::place::{CountryCode, LocalAreaCode, MunicipalityCode};
use crate::prefecture::Prefecture;
use crate::scheme::{AreaCode, AreaScheme};

/// A region as people and rules name it; [`Area::concerns`](crate::Area::concerns) says whether an area of a bulletin touches it.
///
/// Kept and configured as text: `13` or `東京都` (prefecture), `350` (細分区域), `13101` or `131016` (municipality), `TH` (country),
/// `tsunami/320` (one area of a bulletin's own table, for rules about it).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RegionCode {
    /// A whole prefecture.
    Prefecture(Prefecture),
    /// One JMA 地震情報／細分区域, three digits.
    SeismicLocal(LocalAreaCode),
    /// A municipality or a ward.
    Municipality(MunicipalityCode),
    /// A country.
    Country(CountryCode),
    /// One area of a table, as telegrams name it: a coast, a volcano, a river, a forecast area. Touched by that very area only.
    Area(AreaScheme, AreaCode),
}

impl RegionCode {
    /// The prefecture that it is or lies in; `None` for countries and areas of tables.
    #[must_use]
    pub fn prefecture(&self) -> Option<Prefecture> {
        match self {
            Self::Prefecture(prefecture) => Some(*prefecture),
            Self::SeismicLocal(code) => code.prefecture(),
            Self::Municipality(code) => code.prefecture(),
            Self::Country(_) | Self::Area(..) => None,
        }
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefecture(prefecture) => write!(f, "{:02}", prefecture.code()),
            Self::SeismicLocal(code) => code.fmt(f),
            Self::Municipality(code) => code.fmt(f),
            Self::Country(code) => code.fmt(f),
            Self::Area(scheme, code) => write!(f, "{}/{code}", scheme.word()),
        }
    }
}

/// The check digit of a six-digit code of JIS X 0402: `131016` is 13101 with 6.
fn is_checked(code: &str) -> bool {
    let digits: Vec<u32> = code.chars().filter_map(|it| it.to_digit(10)).collect();
    let [five @ .., check] = &digits[..] else { return false };
    let sum: u32 = five.iter().zip((2..=6).rev()).map(|(digit, weight)| digit * weight).sum();
    five.len() == 5 && (11 - sum % 11) % 10 == *check
}

impl FromStr for RegionCode {
    type Err = Error;

    /// Reads the forms that [`RegionCode`] names. Whether a code exists is known to the tables of `hikyaku-feeds`, not here.
    ///
    /// # Errors
    /// [`Error::Region`] for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let wrong = || Error::Region(text.to_owned());
        if let Some((word, code)) = text.split_once('/') {
            let scheme = AreaScheme::from_word(word).ok_or_else(wrong)?;
            return if code.is_empty() { Err(wrong()) } else { Ok(Self::Area(scheme, AreaCode::new(code))) };
        }
        if let Ok(country) = text.parse() {
            return Ok(Self::Country(country));
        }
        let is_digits = text.bytes().all(|b| b.is_ascii_digit());
        match text.len() {
            3 if is_digits => LocalAreaCode::from_digits(text).map(Self::SeismicLocal).ok_or_else(wrong),
            6 if is_digits && !is_checked(text) => Err(wrong()),
            5 | 6 if is_digits => MunicipalityCode::from_digits(text).map(Self::Municipality).ok_or_else(wrong),
            _ => text.parse().map(Self::Prefecture).map_err(|_| wrong()),
        }
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
    fn a_region_is_known_by_its_form_and_written_the_same() {
        for (text, written) in [
            ("13", "13"),
            ("東京都", "13"),
            ("350", "350"),
            ("13101", "13101"),
            ("131016", "13101"),
            ("th", "TH"),
            ("tsunami/320", "tsunami/320"),
            ("volcano/314", "volcano/314"),
        ] {
            let region: RegionCode = text.parse().unwrap();
            assert_eq!(region.to_string(), written);
            assert_eq!(written.parse(), Ok(region));
        }
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for text in
            ["", "3500", "99", "999", "abc", "東京都２３区", "131011", "130010", "13000", "coast/320", "tsunami/"]
        {
            assert!(text.parse::<RegionCode>().is_err(), "{text}");
        }
    }
}
