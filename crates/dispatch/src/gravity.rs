//! How bad it is for one person, on the scale of one hazard.

use std::cmp::Ordering;
use std::fmt;

use hikyaku_bulletin::{
    AlertLevel, GdacsColour, Hazard, Intensity, IntensityReport, Phenomenon, Severity, TravelScale, TsunamiGrade,
    WarningGrade,
};
use serde::{Deserialize, Serialize};

/// How bad it is; small, for an incident keeps one for everybody who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Gravity {
    /// 震度, as observed.
    Shaking(IntensityReport),
    /// 予想震度 of an early warning.
    Expected(Intensity),
    /// The grade of a tsunami.
    Tsunami(TsunamiGrade),
    /// A warning about one phenomenon.
    Warning(Phenomenon, WarningGrade),
    /// 警戒レベル.
    Alert(AlertLevel),
    /// 噴火警戒レベル, 1 to 5.
    Eruption(u8),
    /// It came down there (requirement A16).
    Struck,
    /// Travel advice on somebody's scale, 1 to 4.
    Travel(TravelScale, u8),
    /// A disaster abroad.
    Abroad(GdacsColour),
    /// The place is named; nothing measures how bad it is.
    Named(Hazard),
}

impl Gravity {
    /// What an area's severity means for people there; `None` for the end of a hazard and what is measured on no scale.
    #[must_use]
    pub fn of(severity: &Severity) -> Option<Self> {
        match severity {
            Severity::Intensity(it) => Some(Gravity::Shaking(*it)),
            Severity::Expected(it) => it.at_least().map(Gravity::Expected),
            Severity::Tsunami(it) => it.grade.filter(|it| *it > TsunamiGrade::None).map(Gravity::Tsunami),
            Severity::Warning(it) => {
                (it.grade > WarningGrade::None).then_some(Gravity::Warning(it.phenomenon, it.grade))
            }
            Severity::Volcano(it) => it.level.map(Gravity::Eruption),
            Severity::Travel(it) => it.level.map(|level| Gravity::Travel(it.scale, level)),
            Severity::Gdacs(it) => Some(Gravity::Abroad(*it)),
            _ => None,
        }
    }

    /// How it stands to another; `None` where they are on different scales.
    #[must_use]
    pub fn against(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Gravity::Shaking(a), Gravity::Shaking(b)) => Some(a.floor().cmp(&b.floor())),
            (Gravity::Expected(a), Gravity::Expected(b)) => Some(a.cmp(&b)),
            (Gravity::Tsunami(a), Gravity::Tsunami(b)) => Some(a.cmp(&b)),
            (Gravity::Warning(a, x), Gravity::Warning(b, y)) if a == b => Some(x.cmp(&y)),
            (Gravity::Alert(a), Gravity::Alert(b)) => Some(a.cmp(&b)),
            (Gravity::Eruption(a), Gravity::Eruption(b)) => Some(a.cmp(&b)),
            (Gravity::Struck, Gravity::Struck) => Some(Ordering::Equal),
            (Gravity::Travel(a, x), Gravity::Travel(b, y)) if a == b => Some(x.cmp(&y)),
            (Gravity::Abroad(a), Gravity::Abroad(b)) => Some(a.cmp(&b)),
            (Gravity::Named(a), Gravity::Named(b)) if a == b => Some(Ordering::Equal),
            _ => None,
        }
    }

    /// The graver of two; on different scales the first.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        if other.against(self) == Some(Ordering::Greater) { other } else { self }
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gravity::Shaking(it) => it.fmt(f),
            Gravity::Expected(it) => write!(f, "予想{it}"),
            Gravity::Tsunami(it) => it.fmt(f),
            Gravity::Warning(phenomenon, grade) => write!(f, "{phenomenon}{grade}"),
            Gravity::Alert(it) => it.fmt(f),
            Gravity::Eruption(level) => write!(f, "噴火警戒レベル{level}"),
            Gravity::Struck => f.write_str("着弾"),
            Gravity::Travel(_, level) => write!(f, "危険情報レベル{level}"),
            Gravity::Abroad(it) => it.fmt(f),
            Gravity::Named(hazard) => write!(f, "{hazard}の対象"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_one_scale_can_be_compared() {
        let shaking = |it| Gravity::Shaking(IntensityReport::Measured(it));
        assert_eq!(shaking(Intensity::Seven).against(shaking(Intensity::SixUpper)), Some(Ordering::Greater));
        assert_eq!(shaking(Intensity::Seven).against(Gravity::Tsunami(TsunamiGrade::Warning)), None);
        assert_eq!(shaking(Intensity::Three).max(Gravity::Struck), shaking(Intensity::Three));
        let rain = Gravity::Warning(Phenomenon::HeavyRain, WarningGrade::Warning);
        assert_eq!(rain.against(Gravity::Warning(Phenomenon::Storm, WarningGrade::Emergency)), None);
    }

    #[test]
    fn a_place_that_has_not_reported_is_no_worse_than_five_lower() {
        let silent = Gravity::Shaking(IntensityReport::AtLeastFiveLowerUnreported);
        let five = Gravity::Shaking(IntensityReport::Measured(Intensity::FiveLower));
        assert_eq!(silent.against(five), Some(Ordering::Equal));
    }
}
