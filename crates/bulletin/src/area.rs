//! Where something happens, and whom that concerns.

use serde::{Deserialize, Serialize};

use crate::intensity::IntensityReport;
use crate::list::List;
use crate::place::{CountryCode, LocalAreaCode, MunicipalityCode};
use crate::prefecture::Prefecture;
use crate::region::RegionCode;
use crate::scheme::{AreaCode, AreaScheme};
use crate::severity::Severity;

/// An area that a bulletin names, and where it lies.
///
/// Whoever judges needs no tables: the reader of the telegram has filled in all that it touches. `locals` and `municipalities` tell which
/// parts of the prefectures it touches; where one is empty it is not known so finely, and all parts count.
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
    /// The 細分区域 it touches; empty: all of its prefectures, as far as is known.
    pub locals: List<LocalAreaCode>,
    /// The municipalities it touches; empty: all of its prefectures, as far as is known.
    pub municipalities: List<MunicipalityCode>,
    /// The countries it lies in, when they are told; an area with prefectures lies in Japan and need not say so.
    pub countries: Vec<CountryCode>,
}

impl Area {
    /// An area of a table, with its prefectures. What its own code says of municipality, 細分区域 or country is filled in.
    pub fn new(
        scheme: AreaScheme,
        code: impl Into<String>,
        name: impl Into<String>,
        prefectures: impl IntoIterator<Item = Prefecture>,
    ) -> Self {
        let code = AreaCode::new(code);
        let digits = code.as_str();
        let is = |it: AreaScheme| scheme == it;
        let local = is(AreaScheme::SeismicLocal).then(|| LocalAreaCode::from_digits(digits));
        let municipality =
            (is(AreaScheme::City) || is(AreaScheme::Municipality)).then(|| MunicipalityCode::from_digits(digits));
        let country = is(AreaScheme::Country).then(|| digits.parse().ok());
        Self {
            scheme,
            locals: local.flatten().into_iter().collect(),
            municipalities: municipality.flatten().into_iter().collect(),
            countries: country.flatten().into_iter().collect(),
            code,
            name: name.into(),
            prefectures: prefectures.into_iter().collect(),
        }
    }

    /// A whole prefecture.
    #[must_use]
    pub fn prefecture(prefecture: Prefecture) -> Self {
        Self::new(AreaScheme::Prefecture, format!("{:02}", prefecture.code()), prefecture.name(), [prefecture])
    }

    /// Whether what is said of this area concerns somebody whose region this is, or a rule about it.
    ///
    /// An area concerns a region that it touches; where only its prefectures are known, all of their parts. One that is a whole country
    /// concerns everybody in it. An area of which no place is known concerns only those who name that very area.
    #[must_use]
    pub fn concerns(&self, region: &RegionCode) -> bool {
        let is_all_of_japan = self.prefectures.is_empty() && self.countries.contains(&CountryCode::JAPAN);
        let lies_in = |it: Option<Prefecture>| it.is_some_and(|it| self.prefectures.contains(&it));
        match region {
            RegionCode::Prefecture(prefecture) => is_all_of_japan || self.prefectures.contains(prefecture),
            RegionCode::SeismicLocal(code) if self.locals.is_empty() => is_all_of_japan || lies_in(code.prefecture()),
            RegionCode::SeismicLocal(code) => self.locals.contains(code),
            RegionCode::Municipality(code) if self.municipalities.is_empty() => {
                is_all_of_japan || lies_in(code.prefecture())
            }
            RegionCode::Municipality(code) => self.municipalities.iter().any(|it| it.overlaps(*code)),
            RegionCode::Country(CountryCode::JAPAN) if !self.prefectures.is_empty() => true,
            RegionCode::Country(country) => self.countries.contains(country),
            RegionCode::Area(scheme, code) => self.scheme == *scheme && self.code == *code,
        }
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

    /// Whether this report speaks of the region: [`Area::concerns`].
    #[must_use]
    pub fn lies_in(&self, region: &RegionCode) -> bool {
        self.area.concerns(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concerns(area: &Area, region: &str) -> bool {
        area.concerns(&region.parse().unwrap())
    }

    #[test]
    fn a_municipality_concerns_itself_its_prefecture_and_country_and_no_neighbour() {
        let chiyoda = Area::new(AreaScheme::City, "1310100", "千代田区", Prefecture::from_code(13));
        assert!(["13", "13101", "13100", "JP", "city/1310100"].into_iter().all(|it| concerns(&chiyoda, it)));
        assert!(!["14", "13102", "13361", "TH", "city/1310200"].into_iter().any(|it| concerns(&chiyoda, it)));
    }

    #[test]
    fn an_area_of_which_only_the_prefecture_is_known_concerns_all_of_it() {
        let coast = Area::new(AreaScheme::Tsunami, "350", "富山県", Prefecture::from_code(16));
        assert!(["16", "16201", "380", "JP", "tsunami/350"].into_iter().all(|it| concerns(&coast, it)));
        assert!(
            !["350", "17", "17201", "seismic/350"].into_iter().any(|it| concerns(&coast, it)),
            "codes of two tables"
        );
    }

    #[test]
    fn an_area_that_tells_its_parts_concerns_those_only() {
        let mut islands = Area::new(AreaScheme::Tsunami, "321", "小笠原諸島", Prefecture::from_code(13));
        islands.locals = LocalAreaCode::from_digits("359").into_iter().collect();
        islands.municipalities = MunicipalityCode::from_digits("13421").into_iter().collect();
        assert!(["13", "359", "13421"].into_iter().all(|it| concerns(&islands, it)));
        assert!(!["350", "13101"].into_iter().any(|it| concerns(&islands, it)));
    }

    #[test]
    fn a_country_concerns_those_in_it() {
        let thailand = Area::new(AreaScheme::Country, "TH", "タイ", []);
        assert!(concerns(&thailand, "TH") && !concerns(&thailand, "JP") && !concerns(&thailand, "13"));
        let japan = Area::new(AreaScheme::Country, "JP", "日本", []);
        assert!(["13", "350", "13101", "JP"].into_iter().all(|it| concerns(&japan, it)));
        let somewhere = Area::new(AreaScheme::Named, "太平洋", "太平洋", []);
        assert!(!["13", "350", "13101", "JP", "TH"].into_iter().any(|it| concerns(&somewhere, it)));
    }
}
