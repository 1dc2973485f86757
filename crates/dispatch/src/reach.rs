//! Whom a bulletin reaches under one rule: how bad it is at the regions of people.

use std::collections::BTreeMap;

use hikyaku_bulletin::{AreaReport, AreaScheme, Prefecture, RegionCode};

use crate::gravity::Gravity;

/// The places of one bulletin at which a condition is fulfilled, limited to the regions that a rule speaks of.
///
/// An area counts for a person under a rule when it lies in a region of both, so a rule for 石川県 meets a person of
/// 石川県能登 and the other way round. Where a bulletin names no 細分区域 at all (coasts, rivers, prefectures), whoever is
/// registered by one counts as being in its prefecture. Remembers what it has looked up: people share few regions.
pub(crate) struct Reach<'a> {
    places: Vec<(AreaReport, Gravity)>,
    is_local: bool,
    known: BTreeMap<&'a RegionCode, Option<Gravity>>,
}

impl<'a> Reach<'a> {
    /// `limits` empty means everywhere.
    pub(crate) fn new(places: Vec<(AreaReport, Gravity)>, limits: &[RegionCode]) -> Self {
        let is_local = places.iter().any(|(report, _)| report.area.scheme == AreaScheme::SeismicLocal);
        let meets = |report: &AreaReport| limits.is_empty() || limits.iter().any(|it| lies_in(report, it, is_local));
        let places = places.into_iter().filter(|(report, _)| meets(report)).collect();
        Reach { places, is_local, known: BTreeMap::new() }
    }

    /// The greatest gravity at any of these regions.
    pub(crate) fn at(&mut self, regions: impl IntoIterator<Item = &'a RegionCode>) -> Option<Gravity> {
        regions.into_iter().filter_map(|region| self.at_one(region)).reduce(Gravity::max)
    }

    /// The greatest gravity anywhere.
    pub(crate) fn anywhere(&self) -> Option<Gravity> {
        self.places.iter().map(|(_, gravity)| *gravity).reduce(Gravity::max)
    }

    /// The greatest gravity in a prefecture.
    pub(crate) fn in_prefecture(&self, prefecture: Prefecture) -> Option<Gravity> {
        let there = self.places.iter().filter(|(report, _)| report.area.prefectures.contains(&prefecture));
        there.map(|(_, gravity)| *gravity).reduce(Gravity::max)
    }

    fn at_one(&mut self, region: &'a RegionCode) -> Option<Gravity> {
        if let Some(known) = self.known.get(region) {
            return *known;
        }
        let there = self.places.iter().filter(|(report, _)| lies_in(report, region, self.is_local));
        let found = there.map(|(_, gravity)| *gravity).reduce(Gravity::max);
        self.known.insert(region, found);
        found
    }
}

fn lies_in(report: &AreaReport, region: &RegionCode, is_local: bool) -> bool {
    let by_prefecture =
        || !is_local && region.prefecture().is_some_and(|prefecture| report.area.prefectures.contains(&prefecture));
    report.lies_in(region) || by_prefecture()
}

#[cfg(test)]
mod tests {
    use hikyaku_bulletin::{Area, Intensity, IntensityReport, Prefecture, Severity};

    use super::*;

    fn place(scheme: AreaScheme, code: &str, gravity: Gravity) -> (AreaReport, Gravity) {
        let area = Area::new(scheme, code, code, Prefecture::from_code(17));
        (AreaReport { area, severity: Severity::Named }, gravity)
    }

    #[test]
    fn whoever_is_registered_by_a_local_area_is_in_its_prefecture_where_a_bulletin_knows_no_local_areas() {
        let noto: RegionCode = "390".parse().unwrap();
        let shaking = Gravity::Shaking(IntensityReport::Measured(Intensity::Seven));
        let mut quake = Reach::new(vec![place(AreaScheme::SeismicLocal, "391", shaking)], &[]);
        assert_eq!(quake.at([&noto]), None);
        let mut missile = Reach::new(vec![place(AreaScheme::Prefecture, "17", Gravity::Struck)], &[]);
        assert_eq!(missile.at([&noto]), Some(Gravity::Struck));
    }
}
