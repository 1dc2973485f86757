//! Our tables of areas and countries: facts of JMA's code sheets in our own shape, versioned by date.
//!
//! `examples/tables.rs` makes the table of areas and shows what newer sheets would change.

mod country;
mod extent;
mod mention;

use std::collections::HashMap;
use std::sync::OnceLock;

use hikyaku_bulletin::{Area, AreaScheme, LocalAreaCode, Prefecture};

pub use country::{Country, countries, country, country_named};
pub use mention::countries_in;

/// The date of the JMA sheets that the table of areas was made from.
pub const AREAS_DATE: &str = "2025-07";

const AREAS: &str = include_str!("../../data/areas-2025-07.tsv");

/// A table of areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// 地震情報／細分区域, three digits.
    Seismic,
    /// 震央地名, three digits.
    Epicentre,
    /// 緊急地震速報／府県予報区 and 地方, four digits.
    Warned,
    /// 津波予報区, leaves and aggregates, three digits.
    Tsunami,
    /// 府県予報区, 一次細分区域, 市町村等をまとめた地域, six digits.
    Weather,
    /// 市町村等, seven digits.
    City,
    /// 指定河川洪水予報の予報区域.
    River,
    /// 火山, three digits.
    Volcano,
}

impl Table {
    const ALL: [Self; 8] = [
        Self::Seismic,
        Self::Epicentre,
        Self::Warned,
        Self::Tsunami,
        Self::Weather,
        Self::City,
        Self::River,
        Self::Volcano,
    ];

    /// The word for it in the table's file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seismic => "seismic",
            Self::Epicentre => "epicentre",
            Self::Warned => "warned",
            Self::Tsunami => "tsunami",
            Self::Weather => "weather",
            Self::City => "city",
            Self::River => "river",
            Self::Volcano => "volcano",
        }
    }

    const fn scheme(self) -> AreaScheme {
        match self {
            Self::Seismic => AreaScheme::SeismicLocal,
            Self::Epicentre => AreaScheme::Named,
            Self::Warned => AreaScheme::EarlyWarning,
            Self::Tsunami => AreaScheme::Tsunami,
            Self::Weather => AreaScheme::Weather,
            Self::City => AreaScheme::City,
            Self::River => AreaScheme::River,
            Self::Volcano => AreaScheme::Volcano,
        }
    }
}

/// One area of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownArea {
    /// Its table.
    pub table: Table,
    /// Its code, digits.
    pub code: &'static str,
    /// Its official name.
    pub name: &'static str,
    /// The code of the area it is part of, in the same or the next wider table; may be empty.
    pub parent: &'static str,
    /// `longitude,latitude` in degrees for volcanoes; empty otherwise.
    pub position: &'static str,
    /// The 細分区域 it touches, separated by commas: of municipalities, of the widest
    /// forecast areas, and of coasts where they are told apart.
    pub local_codes: &'static str,
    prefectures: &'static str,
}

impl KnownArea {
    /// The prefectures it lies in or whose coast it is; places at sea and abroad have none.
    pub fn prefectures(self) -> impl Iterator<Item = Prefecture> {
        self.prefectures.split(',').filter_map(|it| it.parse().ok().and_then(Prefecture::from_code))
    }

    /// Whether it is a wider area that only headlines use: match recipients on its leaves.
    #[must_use]
    pub fn is_aggregate(self) -> bool {
        self.table == Table::Tsunami
            && matches!(self.code.as_bytes().get(1), Some(b'8' | b'9'))
            && !matches!(self.code, "380" | "390" | "391" | "580" | "590")
    }
}

/// Every area of every table.
pub fn areas() -> impl Iterator<Item = KnownArea> {
    known().values().copied()
}

/// The area of a code.
#[must_use]
pub fn area(table: Table, code: &str) -> Option<KnownArea> {
    known().get(&(table, code)).copied()
}

/// An area as a telegram names it, with all that our table knows of where it lies. Codes that the table does not know (it is older than
/// the telegram) keep their name, and the prefecture that their digits say where codes are built so, else the one that their name begins
/// with: a municipality that was split or merged, a new 細分区域, a new coast.
pub(crate) fn named_area(table: Table, code: String, name: String) -> Area {
    let prefectures: Vec<Prefecture> = match area(table, &code) {
        Some(known) => known.prefectures().collect(),
        None => prefecture_of_digits(table, &code).or_else(|| prefecture_of_name(&name)).into_iter().collect(),
    };
    let mut named = Area::new(table.scheme(), code, name, prefectures);
    extent::fill(table, &mut named);
    named
}

/// A municipality as L-Alert and others name it, by JIS X 0402 in five or six digits.
pub(crate) fn municipality(code: String, name: String) -> Area {
    let prefecture = code.get(..2).and_then(|it| it.parse().ok()).and_then(Prefecture::from_code);
    let mut named = Area::new(AreaScheme::Municipality, code, name, prefecture);
    extent::fill(Table::City, &mut named);
    named
}

fn prefecture_of_digits(table: Table, code: &str) -> Option<Prefecture> {
    if table == Table::Seismic {
        return LocalAreaCode::from_digits(code).and_then(LocalAreaCode::prefecture);
    }
    let digits = match table {
        Table::Weather | Table::City => code.get(..2),
        Table::Warned => code.get(1..3),
        _ => None,
    }?;
    digits.parse().ok().and_then(Prefecture::from_code)
}

fn prefecture_of_name(name: &str) -> Option<Prefecture> {
    Prefecture::all().find(|it| name.starts_with(it.name()))
}

fn known() -> &'static HashMap<(Table, &'static str), KnownArea> {
    static KNOWN: OnceLock<HashMap<(Table, &'static str), KnownArea>> = OnceLock::new();
    KNOWN.get_or_init(|| AREAS.lines().filter_map(row).map(|it| ((it.table, it.code), it)).collect())
}

fn row(line: &'static str) -> Option<KnownArea> {
    let mut fields = line.split('\t');
    let word = fields.next()?;
    let table = Table::ALL.into_iter().find(|it| it.word() == word)?;
    let mut field = || fields.next().unwrap_or_default();
    let (code, name, prefectures, parent) = (field(), field(), field(), field());
    Some(KnownArea { table, code, name, parent, position: field(), local_codes: field(), prefectures })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_an_area_of_its_own() {
        let lines = AREAS.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(known().len(), lines);
        assert_eq!(areas().filter(|it| it.table == Table::Seismic).count(), 188);
        assert_eq!(areas().filter(|it| it.table == Table::Tsunami).count(), 98);
        assert_eq!(areas().filter(|it| it.table == Table::Tsunami && !it.is_aggregate()).count(), 66);
        assert_eq!(areas().filter(|it| it.table == Table::Weather).filter(|it| it.code.len() != 6).count(), 0);
    }

    #[test]
    fn what_lies_in_several_prefectures_names_them_all() {
        let of = |table, code| -> Vec<&str> {
            area(table, code).unwrap().prefectures().map(Prefecture::short_name).collect()
        };
        assert_eq!(of(Table::Tsunami, "312"), ["千葉", "東京", "神奈川"]);
        assert_eq!(of(Table::Volcano, "306"), ["群馬", "長野"]);
        assert_eq!(of(Table::Epicentre, "390"), ["石川"]);
        assert_eq!(of(Table::Epicentre, "477"), [""; 0]);
        assert_eq!(of(Table::Weather, "460040"), ["鹿児島"]);
        assert_eq!(of(Table::Warned, "9943"), ["徳島", "香川", "愛媛", "高知"]);
    }

    #[test]
    fn an_area_that_the_table_does_not_know_yet_keeps_its_name_and_its_prefecture() {
        // Codes as municipalities split on 2026-05-28 may have them, and areas that may come; none is in the table.
        for (table, code, name, regions) in [
            (Table::City, "1410091", "横浜市北部", &["14", "14100", "14118"][..]),
            (Table::City, "2020199", "長野市長野", &["20", "20201"]),
            (Table::City, "1299900", "新しい市", &["12", "12999"]),
            (Table::Weather, "209999", "長野県の新しい区域", &["20", "20201"]),
            (Table::Weather, "019999", "北海道の新しい区域", &["01"]),
            (Table::Seismic, "399", "石川県の新しい区域", &["17", "399"]),
            (Table::Tsunami, "399", "石川県の新しい予報区", &["17", "390"]),
            (Table::Warned, "9139", "東京の新しい区域", &["13"]),
        ] {
            assert_eq!(area(table, code), None, "{code} is known by now: take another");
            let named = named_area(table, code.to_owned(), name.to_owned());
            assert_eq!((named.code.as_str(), named.name.as_str()), (code, name));
            for region in regions {
                assert!(named.concerns(&region.parse().unwrap()), "{name} concerns {region}: {named:?}");
            }
        }
    }

    #[test]
    fn a_city_leads_up_to_its_forecast_area() {
        let mut at = area(Table::City, "1720200").unwrap();
        let mut names = vec![at.name];
        while let Some(parent) = area(Table::Weather, at.parent) {
            at = parent;
            names.push(at.name);
        }
        assert_eq!(names, ["七尾市", "能登南部", "能登", "石川県"]);
    }
}
