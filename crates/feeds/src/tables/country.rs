//! Countries by ISO 3166-1, 外務省's own code where known, and the names that advisories use.

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
    /// 外務省's four-digit code; empty where it is not known to us.
    pub mofa: &'static str,
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
    let code = code.trim();
    let is = |it: &Country| {
        it.alpha2.eq_ignore_ascii_case(code)
            || it.alpha3.eq_ignore_ascii_case(code)
            || (!code.is_empty() && it.mofa == code)
    };
    countries().find(is)
}

/// The country of a name, Japanese or English, as advisories write it; blanks, a leading `the` and the slugs of addresses (`south-korea`)
/// are understood.
#[must_use]
pub fn country_named(name: &str) -> Option<Country> {
    let wanted = plain(name);
    let same = |it: &Country| it.names().any(|known| plain(known) == wanted);
    countries().find(|it| !wanted.is_empty() && same(it))
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
        for word in ["韓国", "大韓民国", "South Korea", "south-korea"] {
            assert_eq!(country_named(word).map(|it| it.alpha2), Some("KR"), "{word}");
        }
        assert_eq!(country_named("The Bahamas").map(|it| it.alpha2), Some("BS"));
        assert!(country("").is_none() && country_named("").is_none() && country("9999").is_none());
    }

    #[test]
    fn no_code_and_no_name_stands_for_two_countries() {
        for it in countries() {
            assert_eq!(country(it.alpha2), Some(it));
            assert_eq!(country(it.alpha3), Some(it));
            for name in it.japanese.split(',').chain(it.english.split(',')) {
                assert_eq!(country_named(name), Some(it), "{name}");
            }
        }
        assert!(countries().count() > 195);
    }
}
