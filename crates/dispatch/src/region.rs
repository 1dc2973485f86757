//! Where people are, and how bad a bulletin says it is there.

use std::collections::BTreeMap;

use hikyaku_bulletin::{Bulletin, IntensityReport, RegionCode};

/// Intensities of one bulletin at the regions of people, limited to the regions that a rule speaks of.
///
/// An area counts for a person under a rule when it lies in a region of both, so a rule for 石川県 meets a person of
/// 石川県能登 and the other way round. Remembers what it has looked up: people share few regions.
pub(crate) struct Shaking<'a> {
    bulletin: &'a Bulletin,
    limits: &'a [RegionCode],
    known: BTreeMap<&'a RegionCode, Option<IntensityReport>>,
}

impl<'a> Shaking<'a> {
    /// `limits` empty means everywhere.
    pub(crate) fn new(bulletin: &'a Bulletin, limits: &'a [RegionCode]) -> Self {
        Shaking { bulletin, limits, known: BTreeMap::new() }
    }

    /// The greatest intensity at any of a person's regions.
    pub(crate) fn at(&mut self, regions: impl Iterator<Item = &'a RegionCode>) -> Option<IntensityReport> {
        regions.filter_map(|region| self.at_one(region)).max()
    }

    fn at_one(&mut self, region: &'a RegionCode) -> Option<IntensityReport> {
        if let Some(known) = self.known.get(region) {
            return *known;
        }
        let limited = |area: &hikyaku_bulletin::AreaReport| {
            self.limits.is_empty() || self.limits.iter().any(|limit| area.lies_in(limit))
        };
        let areas = self.bulletin.areas.iter().filter(|area| area.lies_in(region) && limited(area));
        let found = areas.filter_map(hikyaku_bulletin::AreaReport::intensity).max();
        self.known.insert(region, found);
        found
    }
}
