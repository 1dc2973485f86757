//! Whom a bulletin reaches under one rule: how bad it is at the regions of people.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hikyaku_bulletin::{AreaReport, Bulletin, Prefecture, RegionCode};

use crate::condition::Condition;
use crate::gravity::Gravity;

/// What a condition makes of one bulletin at the regions of people, limited to the regions that a rule speaks of.
///
/// An area counts for a person under a rule when it concerns a region of both, so a rule for 石川県 meets a person of
/// 石川県能登 and the other way round. Remembers what it has looked up: people share few regions.
pub(crate) struct Reach<'a> {
    bulletin: Cow<'a, Bulletin>,
    /// `None`: how bad it is, whether or not a rule minds.
    condition: Option<&'a Condition>,
    limits: &'a [RegionCode],
    known: BTreeMap<&'a RegionCode, Option<Gravity>>,
}

impl<'a> Reach<'a> {
    /// Where a condition is fulfilled; `limits` empty means everywhere.
    pub(crate) fn new(condition: &'a Condition, bulletin: &'a Bulletin, limits: &'a [RegionCode]) -> Self {
        Reach { bulletin: condition.heard(bulletin), condition: Some(condition), limits, known: BTreeMap::new() }
    }

    /// How bad it is anywhere, whether or not a rule minds.
    pub(crate) fn plain(bulletin: &'a Bulletin) -> Self {
        Reach { bulletin: Cow::Borrowed(bulletin), condition: None, limits: &[], known: BTreeMap::new() }
    }

    /// The greatest gravity at any of these regions.
    pub(crate) fn at(&mut self, regions: impl IntoIterator<Item = &'a RegionCode>) -> Option<Gravity> {
        regions.into_iter().filter_map(|region| self.at_one(region)).reduce(Gravity::max)
    }

    /// The greatest gravity anywhere.
    pub(crate) fn anywhere(&self) -> Option<Gravity> {
        self.bulletin.areas.iter().filter_map(|report| self.gravity(report)).reduce(Gravity::max)
    }

    /// The greatest gravity in a prefecture.
    pub(crate) fn in_prefecture(&self, prefecture: Prefecture) -> Option<Gravity> {
        self.look_up(&RegionCode::Prefecture(prefecture))
    }

    fn at_one(&mut self, region: &'a RegionCode) -> Option<Gravity> {
        if let Some(known) = self.known.get(region) {
            return *known;
        }
        let found = self.look_up(region);
        self.known.insert(region, found);
        found
    }

    /// The greatest gravity at one region.
    pub(crate) fn look_up(&self, region: &RegionCode) -> Option<Gravity> {
        self.bulletin.reports_at(region).filter_map(|report| self.gravity(report)).reduce(Gravity::max)
    }

    fn gravity(&self, report: &AreaReport) -> Option<Gravity> {
        let is_meant = self.limits.is_empty() || self.limits.iter().any(|limit| report.lies_in(limit));
        let of = || match self.condition {
            Some(condition) => condition.reached(report, &self.bulletin),
            None => Gravity::of(&report.severity),
        };
        is_meant.then(of).flatten()
    }
}
