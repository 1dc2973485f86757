//! Where a person belongs, and where the person is now.

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most regions that a person registers beside those of the roster.
pub const OWN_REGIONS_MAX: usize = 5;

/// The regions of a person; at least one in all (requirement A07).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regions {
    /// 居住地.
    pub home: Vec<RegionCode>,
    /// 勤務地.
    pub work: Vec<RegionCode>,
    /// Any other that concerns the person.
    pub other: Vec<RegionCode>,
}

impl Regions {
    /// All of them, home first; one may come twice.
    pub fn all(&self) -> impl Iterator<Item = &RegionCode> {
        self.home.iter().chain(&self.work).chain(&self.other)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}

/// Where a person is now, as the person or a manager said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Where.
    pub region: RegionCode,
    /// From when on it no longer holds; `None` until it is taken back.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub until: Option<Timestamp>,
}

impl Whereabouts {
    /// The region, as long as it holds.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<&RegionCode> {
        self.until.is_none_or(|until| now < until).then_some(&self.region)
    }
}
