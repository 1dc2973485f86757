//! How many points of observation measured an earthquake, and what each of them measured.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::intensity::{Intensity, IntensityReport};

/// The 震度観測点 of a telegram, counted by what they report, and the municipalities in which they stand.
///
/// 震源・震度情報 (VXSE53) and 長周期地震動に関する観測情報 (VXSE62) name each of them; 震度速報 (VXSE51) names areas only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stations {
    /// The strongest report first; one station at least.
    counted: Vec<(IntensityReport, u32)>,
    municipalities: u32,
}

impl Stations {
    /// Counts what each station reports; `None` where there is none.
    #[must_use]
    pub fn of(reports: impl IntoIterator<Item = IntensityReport>, municipalities: u32) -> Option<Self> {
        let mut counted = BTreeMap::<IntensityReport, u32>::new();
        for report in reports {
            let count = counted.entry(report).or_default();
            *count = count.saturating_add(1);
        }
        let counted: Vec<_> = counted.into_iter().rev().collect();
        (!counted.is_empty()).then_some(Self { counted, municipalities })
    }

    /// How many have measured something.
    #[must_use]
    pub fn measured(&self) -> u32 {
        self.steps().map(|(_, count)| count).fold(0, u32::saturating_add)
    }

    /// The greatest step that was measured, and by how many.
    #[must_use]
    pub fn greatest(&self) -> Option<(Intensity, u32)> {
        self.steps().next()
    }

    /// How many have not reported although 5弱 or more is presumed there (震度５弱以上未入電).
    #[must_use]
    pub fn unreported(&self) -> u32 {
        let is_unreported = |report: &IntensityReport| *report == IntensityReport::AtLeastFiveLowerUnreported;
        self.counted.iter().find(|(report, _)| is_unreported(report)).map_or(0, |(_, count)| *count)
    }

    /// The municipalities in which they stand.
    #[must_use]
    pub const fn municipalities(&self) -> u32 {
        self.municipalities
    }

    fn steps(&self) -> impl Iterator<Item = (Intensity, u32)> {
        self.counted.iter().filter_map(|(report, count)| match report {
            IntensityReport::Measured(step) => Some((*step, *count)),
            IntensityReport::AtLeastFiveLowerUnreported => None,
        })
    }
}

/// `震度観測点 23（最大 ６弱: 2点）、15市区町村、ほかに未入電 4点`
impl fmt::Display for Stations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "震度観測点 {}", self.measured())?;
        if let Some((step, count)) = self.greatest() {
            write!(f, "（最大 {}: {count}点）", step.step())?;
        }
        if self.municipalities > 0 {
            write!(f, "、{}市区町村", self.municipalities)?;
        }
        match self.unreported() {
            0 => Ok(()),
            unreported => write!(f, "、ほかに未入電 {unreported}点"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: IntensityReport = IntensityReport::Measured(Intensity::Four);
    const SIX: IntensityReport = IntensityReport::Measured(Intensity::SixLower);
    const SILENT: IntensityReport = IntensityReport::AtLeastFiveLowerUnreported;

    #[test]
    fn stations_are_counted_by_what_they_report_and_those_that_are_silent_apart() {
        let told = Stations::of([FOUR, SIX, SILENT, FOUR, SIX, FOUR], 4).unwrap();
        assert_eq!((told.measured(), told.greatest(), told.unreported()), (5, Some((Intensity::SixLower, 2)), 1));
        assert_eq!(told.to_string(), "震度観測点 5（最大 ６弱: 2点）、4市区町村、ほかに未入電 1点");
        assert_eq!(Stations::of([SILENT], 0).unwrap().to_string(), "震度観測点 0、ほかに未入電 1点");
        assert_eq!(Stations::of([], 3), None, "a telegram that names no station says nothing of their number");
    }

    #[test]
    fn the_count_survives_the_journal() {
        let told = Stations::of([FOUR, SIX], 1).unwrap();
        let row = postcard::to_stdvec(&told).unwrap();
        assert_eq!(postcard::from_bytes::<Stations>(&row).unwrap(), told);
    }
}
