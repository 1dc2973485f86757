//! JMA 地震情報／細分区域 (AreaForecastLocalE): the 188 areas by which intensities are announced, with their prefectures.

use hikyaku_bulletin::Prefecture;

use crate::tables::{KnownArea, Table, area, areas};

/// One 細分区域.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalArea {
    /// The three-digit code, 100 to 807.
    pub code: u16,
    /// The official name: `東京都２３区`.
    pub name: &'static str,
    known: KnownArea,
}

impl LocalArea {
    fn of(known: KnownArea) -> Option<Self> {
        Some(Self { code: known.code.parse().ok()?, name: known.name, known })
    }

    /// The prefecture it lies in.
    #[must_use]
    pub fn prefecture(self) -> Option<Prefecture> {
        self.known.prefectures().next()
    }
}

/// All 188 areas, in the order of their codes.
pub fn local_areas() -> impl Iterator<Item = LocalArea> {
    let mut all: Vec<LocalArea> = areas().filter(|it| it.table == Table::Seismic).filter_map(LocalArea::of).collect();
    all.sort_by_key(|it| it.code);
    all.into_iter()
}

/// The area of a three-digit code.
#[must_use]
pub fn local_area(code: &str) -> Option<LocalArea> {
    area(Table::Seismic, code).and_then(LocalArea::of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_has_188_areas_each_with_a_code_and_a_name_of_its_own() {
        assert_eq!(local_areas().count(), 188);
        assert_eq!(local_areas().map(|it| it.code).collect::<HashSet<_>>().len(), 188);
        assert_eq!(local_areas().map(|it| it.name).collect::<HashSet<_>>().len(), 188);
    }

    #[test]
    fn every_prefecture_has_an_area_and_names_agree_with_it() {
        for prefecture in Prefecture::all() {
            assert!(local_areas().any(|it| it.prefecture() == Some(prefecture)), "{prefecture}");
        }
        for area in local_areas() {
            let named = Prefecture::all().find(|it| area.name.starts_with(it.name()));
            assert!(named.is_none_or(|it| Some(it) == area.prefecture()), "{}", area.name);
        }
    }
}
