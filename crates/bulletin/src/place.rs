//! Codes of places that people live in: municipalities, 細分区域, countries. Their digits alone tell the prefecture and the city.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::prefecture::Prefecture;

/// The designated cities (政令指定都市) that are not the first of their prefecture; the first has the number 100.
const LATER_CITIES: [u32; 5] = [14_130, 14_150, 22_130, 27_140, 40_130];

/// Tokyo's wards are municipalities of their own; 13100 (特別区部) stands for all of them.
const TOKYO: u32 = 13;

/// A municipality (市区町村) or a ward of one, by the five digits of JIS X 0402: `13101`, `01101`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MunicipalityCode(u32);

impl MunicipalityCode {
    /// The municipality of a code as it is met: five digits, six with the check digit (not verified here), or JMA's seven, whose last two
    /// are parts of a municipality. `None` for anything else, and for codes of whole prefectures.
    #[must_use]
    pub fn from_digits(code: &str) -> Option<Self> {
        let is_code = matches!(code.len(), 5..=7) && code.bytes().all(|b| b.is_ascii_digit());
        let five: u32 = code.get(..5).filter(|_| is_code)?.parse().ok()?;
        (Prefecture::from_code(u8::try_from(five / 1000).ok()?).is_some() && five % 1000 >= 100).then_some(Self(five))
    }

    /// The prefecture that the first two digits say.
    #[must_use]
    pub fn prefecture(self) -> Option<Prefecture> {
        u8::try_from(self.0 / 1000).ok().and_then(Prefecture::from_code)
    }

    /// The designated city whose ward this is; any other municipality itself.
    #[must_use]
    pub fn city(self) -> Self {
        let is_ward = (100..200).contains(&(self.0 % 1000)) && self.0 / 1000 != TOKYO;
        if !is_ward {
            return self;
        }
        let first = self.0 / 1000 * 1000 + 100;
        let later = LATER_CITIES.into_iter().filter(|it| it / 1000 == self.0 / 1000 && *it <= self.0).max();
        Self(later.unwrap_or(first))
    }

    /// Whether one is the other or a part of it: a ward and its city, a ward of Tokyo and 特別区部.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let holds = |whole: Self, part: Self| {
            part.city() == whole || whole.0 == TOKYO * 1000 + 100 && part.0 / 100 == whole.0 / 100
        };
        self == other || holds(self, other) || holds(other, self)
    }
}

/// Five digits.
impl fmt::Display for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:05}", self.0)
    }
}

impl TryFrom<String> for MunicipalityCode {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::from_digits(&text).ok_or(Error::Region(text))
    }
}

impl From<MunicipalityCode> for String {
    fn from(code: MunicipalityCode) -> Self {
        code.to_string()
    }
}

/// Prefectures by the first two digits of their 細分区域, where these are not Hokkaido's (10 to 16).
#[rustfmt::skip]
const TENS: [(u16, u8); 46] = [
    (20, 2), (21, 3), (22, 4), (23, 5), (24, 6), (25, 7), (30, 8), (31, 9), (32, 10), (33, 11), (34, 12), (35, 13),
    (36, 14), (37, 15), (38, 16), (39, 17), (40, 18), (41, 19), (42, 20), (43, 21), (44, 22), (45, 23), (46, 24),
    (50, 25), (51, 26), (52, 27), (53, 28), (54, 29), (55, 30), (56, 31), (57, 32), (58, 33), (59, 34), (60, 36),
    (61, 37), (62, 38), (63, 39), (70, 35), (71, 40), (72, 41), (73, 42), (74, 43), (75, 44), (76, 45), (77, 46),
    (80, 47),
];

/// A JMA 地震情報／細分区域, three digits: `350`. One lies in one prefecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalAreaCode(u16);

impl LocalAreaCode {
    /// The area of three digits; `None` where no prefecture has such areas. Whether that very area exists is known to the tables of
    /// `hikyaku-feeds`, not here.
    #[must_use]
    pub fn from_digits(code: &str) -> Option<Self> {
        let is_code = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
        let it = Self(code.parse().ok().filter(|_| is_code)?);
        it.prefecture().map(|_| it)
    }

    /// The prefecture it lies in.
    #[must_use]
    pub fn prefecture(self) -> Option<Prefecture> {
        let tens = self.0 / 10;
        let listed = || TENS.iter().find(|(known, _)| *known == tens).map(|(_, prefecture)| *prefecture);
        Prefecture::from_code(if (10..=16).contains(&tens) { 1 } else { listed()? })
    }
}

/// Three digits.
impl fmt::Display for LocalAreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl TryFrom<String> for LocalAreaCode {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::from_digits(&text).ok_or(Error::Region(text))
    }
}

impl From<LocalAreaCode> for String {
    fn from(code: LocalAreaCode) -> Self {
        code.to_string()
    }
}

/// A country or territory by ISO 3166-1 alpha-2: `TH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Japan.
    pub const JAPAN: Self = Self(*b"JP");
}

/// Two capital letters.
impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl FromStr for CountryCode {
    type Err = Error;

    /// Reads two letters in either case. Whether such a country exists is known to the tables of `hikyaku-feeds`, not here.
    ///
    /// # Errors
    /// [`Error::Region`] for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim().as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(Error::Region(text.to_owned())),
        }
    }
}

impl TryFrom<String> for CountryCode {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<CountryCode> for String {
    fn from(code: CountryCode) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> MunicipalityCode {
        MunicipalityCode::from_digits(code).unwrap()
    }

    #[test]
    fn a_municipality_is_one_by_five_six_or_seven_digits() {
        assert_eq!(of("13101"), of("131016"));
        assert_eq!(of("13101"), of("1310100"));
        assert_eq!(of("13101").prefecture().map(Prefecture::short_name), Some("東京"));
        for code in ["13000", "130001", "48101", "1310", "13101000", "1310１", ""] {
            assert_eq!(MunicipalityCode::from_digits(code), None, "{code}");
        }
    }

    #[test]
    fn a_ward_is_part_of_its_city_and_of_no_other() {
        for (ward, city) in [("01101", "01100"), ("14131", "14130"), ("14118", "14100"), ("22138", "22130")] {
            assert_eq!(of(ward).city(), of(city), "{ward}");
            assert!(of(ward).overlaps(of(city)) && of(city).overlaps(of(ward)));
        }
        assert!(!of("14131").overlaps(of("14100")) && !of("14101").overlaps(of("14102")));
        assert!(of("13101").overlaps(of("13100")) && !of("13101").overlaps(of("13102")));
        assert_eq!(of("13101").city(), of("13101"), "a ward of Tokyo is a municipality");
        assert!(!of("13201").overlaps(of("13100")));
    }

    #[test]
    fn a_local_area_lies_in_the_prefecture_that_its_digits_say() {
        let prefecture = |code| LocalAreaCode::from_digits(code).and_then(LocalAreaCode::prefecture);
        assert_eq!(prefecture("350").map(Prefecture::code), Some(13));
        assert_eq!(prefecture("167").map(Prefecture::code), Some(1));
        assert_eq!(prefecture("807").map(Prefecture::code), Some(47));
        assert!(["999", "35", "3500", "", "350x"].into_iter().all(|it| LocalAreaCode::from_digits(it).is_none()));
    }

    #[test]
    fn a_country_is_two_letters() {
        assert_eq!("th".parse::<CountryCode>().unwrap().to_string(), "TH");
        assert_eq!("JP".parse(), Ok(CountryCode::JAPAN));
        assert!("T1".parse::<CountryCode>().is_err() && "THA".parse::<CountryCode>().is_err());
    }
}
