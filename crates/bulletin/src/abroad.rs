//! Risks abroad and alerts of other countries: travel advice, CAP's three measures, GDACS's colours.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose scale of travel advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TravelScale {
    /// 外務省 危険情報, levels 1 to 4.
    Mofa,
    /// 外務省 感染症危険情報, levels 1 to 4.
    MofaInfection,
    /// US Department of State, levels 1 to 4.
    UsState,
    /// UK FCDO; its words stand as 4 (all travel) and 3 (all but essential travel).
    Fcdo,
}

/// Travel advice for a country; the level is the worst anywhere in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TravelReport {
    /// Whose scale.
    pub scale: TravelScale,
    /// 1 to 4; `None`: no advice against travel.
    pub level: Option<u8>,
    /// Whether the level holds for the whole country; unknown counts as parts.
    pub whole: bool,
}

impl fmt::Display for TravelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = match self.scale {
            TravelScale::Mofa => "危険情報",
            TravelScale::MofaInfection => "感染症危険情報",
            TravelScale::UsState => "米国務省",
            TravelScale::Fcdo => "英国外務省",
        };
        match self.level {
            None => write!(f, "{scale} 勧告なし"),
            Some(level) => write!(f, "{scale} レベル{level}{}", if self.whole { "" } else { "（一部地域）" }),
        }
    }
}

/// CAP urgency, least pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CapUrgency {
    /// Over.
    Past,
    /// Not told.
    Unknown,
    /// Some time.
    Future,
    /// Within the next hour.
    Expected,
    /// At once.
    Immediate,
}

/// CAP severity, mildest first; unknown stands above minor, so that a threshold of moderate is the first it misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CapSeverity {
    /// Minimal threat.
    Minor,
    /// Not told.
    Unknown,
    /// Possible threat.
    Moderate,
    /// Significant threat.
    Severe,
    /// Extraordinary threat.
    Extreme,
}

/// CAP certainty, least sure first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CapCertainty {
    /// Not expected to occur.
    Unlikely,
    /// Not told.
    Unknown,
    /// Possible.
    Possible,
    /// Likely.
    Likely,
    /// Observed.
    Observed,
}

/// CAP's three measures of an alert at a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CapReport {
    /// How pressing.
    pub urgency: CapUrgency,
    /// How grave.
    pub severity: CapSeverity,
    /// How sure.
    pub certainty: CapCertainty,
    /// Whether the alert says that it is over (AllClear, or urgency Past): an end, no cancellation.
    pub all_clear: bool,
    /// CAP's name of the event.
    pub event: String,
}

impl fmt::Display for CapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}/{:?}/{:?}", self.event, self.urgency, self.severity, self.certainty)?;
        f.write_str(if self.all_clear { "（終了）" } else { "" })
    }
}

/// GDACS's colour of an alert, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GdacsColour {
    /// Green.
    Green,
    /// Orange.
    Orange,
    /// Red.
    Red,
}

impl fmt::Display for GdacsColour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GDACS {self:?}")
    }
}
