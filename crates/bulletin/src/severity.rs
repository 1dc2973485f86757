//! How bad it is somewhere, on the scale of its hazard.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::abroad::{CapReport, GdacsColour, TravelReport};
use crate::civil::Phase;
use crate::expected::{ExpectedIntensity, LongPeriodClass};
use crate::intensity::IntensityReport;
use crate::tsunami::TsunamiReport;
use crate::volcano::VolcanoReport;
use crate::warning::{AlertLevel, WarningReport};

/// How bad it is in an area. Scales of other hazards come as further variants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Severity {
    /// Observed JMA seismic intensity.
    Intensity(IntensityReport),
    /// Intensity that 緊急地震速報 expects.
    Expected(ExpectedIntensity),
    /// Observed 長周期地震動階級.
    LongPeriod(LongPeriodClass),
    /// Tsunami, expected or measured.
    Tsunami(TsunamiReport),
    /// A warning of weather, landslide, flood, or an evacuation order.
    Warning(WarningReport),
    /// A volcano's level, what it does, what falls.
    Volcano(VolcanoReport),
    /// Civil protection.
    CivilProtection(Phase),
    /// Travel advice.
    Travel(TravelReport),
    /// A CAP alert.
    Cap(CapReport),
    /// A GDACS alert.
    Gdacs(GdacsColour),
    /// The source names the place and no measure.
    Named,
}

impl Severity {
    /// How this stands to another of the same scale: [`Ordering::Greater`] is worse. `None`: they cannot be compared.
    ///
    /// Warnings compare by grade only when they are of one phenomenon; what is unknown never stands below what is milder than it may be.
    #[must_use]
    pub fn against(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Intensity(a), Self::Intensity(b)) => Some(a.cmp(b)),
            (Self::Expected(a), Self::Expected(b)) => Some(a.at_least().cmp(&b.at_least())),
            (Self::LongPeriod(a), Self::LongPeriod(b)) => Some(a.cmp(b)),
            (Self::Tsunami(a), Self::Tsunami(b)) => a.against(b),
            (Self::Warning(a), Self::Warning(b)) if a.phenomenon == b.phenomenon => {
                Some(a.grade.cmp(&b.grade).then(a.level.cmp(&b.level)))
            }
            (Self::Volcano(a), Self::Volcano(b)) => a.against(b),
            (Self::Travel(a), Self::Travel(b)) if a.scale == b.scale => {
                Some(a.level.cmp(&b.level).then(a.whole.cmp(&b.whole)))
            }
            (Self::Cap(a), Self::Cap(b)) => Some(b.all_clear.cmp(&a.all_clear).then(a.severity.cmp(&b.severity))),
            (Self::Gdacs(a), Self::Gdacs(b)) => Some(a.cmp(b)),
            (Self::CivilProtection(a), Self::CivilProtection(b)) => Some(a.gravity().cmp(&b.gravity())),
            _ => None,
        }
    }

    /// The 警戒レベル this corresponds to, where its scale has one.
    #[must_use]
    pub fn alert_level(&self) -> Option<AlertLevel> {
        match self {
            Self::Warning(it) => it.level,
            _ => None,
        }
    }

    /// Whether it is no more than 津波予報（若干の海面変動）, to which advisories and warnings are switched when they end.
    pub(crate) fn is_faint(&self) -> bool {
        matches!(self, Self::Tsunami(it) if it.grade == Some(crate::tsunami::TsunamiGrade::Forecast))
    }

    /// Whether it ends something that was in force.
    pub(crate) fn ends(&self) -> bool {
        matches!(self, Self::Tsunami(it) if it.lifted) || self.is_over()
    }

    /// Whether it says that nothing is in force here: lifted, over, or no danger at all.
    #[must_use]
    pub fn is_over(&self) -> bool {
        use crate::tsunami::TsunamiGrade;
        use crate::warning::WarningGrade;
        match self {
            Self::Tsunami(it) => it.grade == Some(TsunamiGrade::None),
            Self::Warning(it) => it.grade == WarningGrade::None,
            Self::Volcano(it) => it.level == Some(1),
            Self::CivilProtection(it) => matches!(it, Phase::Passed | Phase::Over),
            Self::Cap(it) => it.all_clear,
            Self::Travel(it) => it.level.is_none(),
            _ => false,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intensity(it) => it.fmt(f),
            Self::Expected(it) => write!(f, "予想{it}"),
            Self::LongPeriod(it) => it.fmt(f),
            Self::Tsunami(it) => it.fmt(f),
            Self::Warning(it) => it.fmt(f),
            Self::Volcano(it) => it.fmt(f),
            Self::CivilProtection(it) => it.fmt(f),
            Self::Travel(it) => it.fmt(f),
            Self::Cap(it) => it.fmt(f),
            Self::Gdacs(it) => it.fmt(f),
            Self::Named => f.write_str("対象"),
        }
    }
}
