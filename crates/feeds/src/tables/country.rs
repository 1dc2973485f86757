//! Countries by ISO 3166-1, 外務省's own codes, and the names that advisories use.

use std::collections::HashMap;
use std::sync::OnceLock;

use hikyaku_bulletin::{Area, AreaScheme};

const COUNTRIES: &str = include_str!("../../data/countries.tsv");

/// A country or territory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub alpha2: &'static str,
    /// ISO 3166-1 alpha-3.
    pub alpha3: &'static str,
    mofa: &'static str,
    japanese: &'static str,
    english: &'static str,
}

impl Country {
    /// Its usual Japanese name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.japanese.split(',').next().unwrap_or_default()
    }

    /// All names that are known for it, Japanese and English.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.japanese.split(',').chain(self.english.split(','))
    }

    /// 外務省's four-digit codes: none for places it does not list, several where it lists parts (米国: 本土, ハワイ).
    pub fn mofa_codes(self) -> impl Iterator<Item = &'static str> {
        self.mofa.split(',').filter(|it| !it.is_empty())
    }

    /// It as an area of a bulletin.
    #[must_use]
    pub fn area(self) -> Area {
        Area::new(AreaScheme::Country, self.alpha2, self.name(), [])
    }
}

/// Every country of the table.
pub fn countries() -> impl Iterator<Item = Country> {
    static ROWS: OnceLock<Vec<Country>> = OnceLock::new();
    ROWS.get_or_init(|| COUNTRIES.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect())
        .iter()
        .copied()
}

fn row(line: &'static str) -> Option<Country> {
    let mut fields = line.split('\t');
    let mut field = || fields.next();
    Some(Country { alpha2: field()?, alpha3: field()?, mofa: field()?, japanese: field()?, english: field()? })
}

/// The country of an ISO code, two or three letters in either case, or of 外務省's code.
#[must_use]
pub fn country(code: &str) -> Option<Country> {
    static CODES: OnceLock<HashMap<&'static str, Country>> = OnceLock::new();
    let codes = CODES.get_or_init(|| {
        let codes = |it: Country| [it.alpha2, it.alpha3].into_iter().chain(it.mofa_codes());
        countries().flat_map(|it| codes(it).map(move |code| (code, it))).collect()
    });
    let code = code.trim();
    // The longest code has four characters; what is longer is not worth a copy.
    if code.len() > 4 { None } else { codes.get(code.to_ascii_uppercase().as_str()).copied() }
}

/// The country of a name, Japanese or English, as advisories write it; blanks, a leading `the` and the slugs of addresses (`south-korea`)
/// are understood.
#[must_use]
pub fn country_named(name: &str) -> Option<Country> {
    static NAMES: OnceLock<HashMap<String, Country>> = OnceLock::new();
    let names =
        NAMES.get_or_init(|| countries().flat_map(|it| it.names().map(move |name| (plain(name), it))).collect());
    names.get(&plain(name)).filter(|_| !name.trim().is_empty()).copied()
}

fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase().replace(['-', '\'', '’', '　', ' '], "");
    name.strip_prefix("the").unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_found_by_any_of_its_codes_and_names() {
        for word in ["TH", "tha", "0066"] {
            assert_eq!(country(word).map(|it| it.alpha2), Some("TH"), "{word}");
        }
        for (code, alpha2) in [("1000", "US"), ("1808", "US"), ("9001", "CA"), ("9007", "RU"), ("0007", "KZ")] {
            assert_eq!(country(code).map(|it| it.alpha2), Some(alpha2), "{code}");
        }
        for word in ["韓国", "大韓民国", "South Korea", "south-korea"] {
            assert_eq!(country_named(word).map(|it| it.alpha2), Some("KR"), "{word}");
        }
        assert_eq!(country_named("The Bahamas").map(|it| it.alpha2), Some("BS"));
        assert!(country("").is_none() && country_named("").is_none() && country("9999").is_none());
    }

    #[test]
    fn a_territory_that_advice_names_is_a_place_of_its_own_and_not_its_mother_country() {
        for (japanese, english, alpha2) in [
            ("グアム", "Guam", "GU"),
            ("サイパン", "Northern Mariana Islands", "MP"),
            ("プエルトリコ", "Puerto Rico", "PR"),
            ("米領サモア", "American Samoa", "AS"),
            ("グリーンランド", "Greenland", "GL"),
            ("バミューダ", "Bermuda", "BM"),
            ("アンギラ", "Anguilla", "AI"),
            ("アルバ", "Aruba", "AW"),
            ("ボネール", "Bonaire", "BQ"),
            ("キュラソー", "Curaçao", "CW"),
            ("仏領ギアナ", "French Guiana", "GF"),
            ("ケイマン諸島", "Cayman Islands", "KY"),
            ("モントセラト", "Montserrat", "MS"),
            ("シント・マールテン", "Sint Maarten", "SX"),
            ("タークス・カイコス諸島", "Turks and Caicos Islands", "TC"),
            ("英領バージン諸島", "British Virgin Islands", "VG"),
            ("ニューカレドニア", "New Caledonia", "NC"),
            ("仏領ポリネシア", "French Polynesia", "PF"),
        ] {
            for name in [japanese, english] {
                assert_eq!(country_named(name).map(|it| it.alpha2), Some(alpha2), "{name}");
                let told = crate::tables::countries_in(&format!("{name}: 渡航注意"));
                assert_eq!(told.iter().map(|it| it.alpha2).collect::<Vec<_>>(), [alpha2], "{name}");
            }
            let area = country(alpha2).unwrap().area();
            assert!(area.concerns(&alpha2.parse().unwrap()), "{alpha2}");
            assert!(["US", "GB", "FR", "NL", "DK"].iter().all(|it| !area.concerns(&it.parse().unwrap())), "{alpha2}");
        }
    }

    #[test]
    fn no_code_and_no_name_stands_for_two_countries() {
        for it in countries() {
            assert_eq!(country(it.alpha2), Some(it));
            assert_eq!(country(it.alpha3), Some(it));
            it.mofa_codes().for_each(|code| assert_eq!(country(code), Some(it), "{code}"));
            for name in it.japanese.split(',').chain(it.english.split(',')) {
                assert_eq!(country_named(name), Some(it), "{name}");
            }
        }
        assert!(countries().count() > 195);
        let listed: usize = countries().map(|it| it.mofa_codes().count()).sum();
        assert_eq!(listed, 207, "外務省's list: 205 countries and territories, and two parts of the United States");
    }
}
