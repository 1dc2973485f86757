//! What a bulletin must say for a rule to speak: the kind of hazard, and how bad it must be.

use std::borrow::Cow;
use std::fmt;

use hikyaku_bulletin::{
    AlertLevel, Area, AreaReport, Bulletin, Detail, GdacsColour, Hazard, Intensity, Kind, Phase, Phenomenon,
    PlaceClass, Prefecture, Severity, TsunamiGrade, WarningGrade,
};
use serde::{Deserialize, Serialize};

use crate::gravity::Gravity;

/// Which intensities a rule listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// 震度速報 and 震源・震度情報.
    Either,
    /// 震度速報 only (requirement A13).
    Prompt,
    /// 震源・震度情報 only (requirement A14).
    Confirmed,
}

/// The condition of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// Observed intensity of at least this (requirement A09).
    Shaking {
        /// The least intensity.
        at_least: Intensity,
        /// Of which telegrams.
        told: Told,
    },
    /// Expected intensity of an early warning of at least this (requirement A13).
    Expected {
        /// The least intensity.
        at_least: Intensity,
    },
    /// A tsunami of at least this grade.
    Tsunami {
        /// The least grade.
        at_least: TsunamiGrade,
    },
    /// A warning of at least this grade; no phenomena means any.
    Warning {
        /// About which phenomena.
        phenomena: Vec<Phenomenon>,
        /// The least grade.
        at_least: WarningGrade,
    },
    /// 警戒レベル of at least this: floods, landslides, evacuation.
    Alert {
        /// The least level.
        at_least: AlertLevel,
    },
    /// 噴火警戒レベル of at least this.
    Eruption {
        /// The least level, 1 to 5.
        at_least: u8,
    },
    /// A missile came down on land or in territorial waters, or in a prefecture that was named: exactly the two conditions of
    /// requirement A16. Launch, passing and the EEZ do not fulfil it.
    Struck,
    /// Travel advice of at least this level (requirement O01).
    Travel {
        /// The least level, 1 to 4.
        at_least: u8,
    },
    /// A disaster abroad of at least this colour.
    Abroad {
        /// The least colour.
        at_least: GdacsColour,
    },
    /// Any bulletin about this: 台風, 南海トラフ地震臨時情報, news that matter.
    About {
        /// What it is about.
        hazard: Hazard,
    },
}

impl Condition {
    /// The bulletin as this condition hears it: of a missile only where it came down, of what it does not hear nothing.
    pub(crate) fn heard<'a>(&self, bulletin: &'a Bulletin) -> Cow<'a, Bulletin> {
        let mut heard = Cow::Borrowed(bulletin);
        if !self.hears(bulletin) {
            heard.to_mut().areas.clear();
        } else if *self == Condition::Struck {
            heard.to_mut().areas = struck_at(bulletin);
        }
        heard
    }

    /// How bad it is for those who want to know wherever it is, where a bulletin names no places.
    pub(crate) fn overall(&self, bulletin: &Bulletin) -> Option<Gravity> {
        match (self, &bulletin.detail) {
            (Condition::Expected { at_least }, Some(Detail::EarlyWarning(it))) => {
                it.greatest?.at_least().filter(|it| it >= at_least).map(Gravity::Expected)
            }
            (Condition::About { hazard }, _) if bulletin.areas.is_empty() && self.hears(bulletin) => {
                Some(Gravity::Named(*hazard))
            }
            _ => None,
        }
    }

    /// Whether it is about this kind of telegram at all.
    pub(crate) fn hears(&self, bulletin: &Bulletin) -> bool {
        match self {
            Condition::Shaking { told, .. } => match bulletin.kind {
                Kind::IntensityPrompt => *told != Told::Confirmed,
                Kind::HypocentreAndIntensity => *told != Told::Prompt,
                _ => false,
            },
            Condition::Expected { .. } => bulletin.hazard() == Hazard::EarlyWarning,
            Condition::Tsunami { .. } => bulletin.hazard() == Hazard::Tsunami,
            Condition::Warning { .. } => {
                matches!(bulletin.hazard(), Hazard::Weather | Hazard::Landslide | Hazard::Flood | Hazard::Tornado)
            }
            Condition::Alert { .. } => bulletin.max_alert_level().is_some(),
            Condition::Eruption { .. } => bulletin.hazard() == Hazard::Volcano,
            Condition::Struck => bulletin.hazard() == Hazard::CivilProtection,
            Condition::Travel { .. } | Condition::Abroad { .. } => bulletin.hazard() == Hazard::Overseas,
            Condition::About { hazard } => match &bulletin.detail {
                Some(Detail::News(cases)) => bulletin.hazard() == *hazard && !cases.is_empty(),
                _ => bulletin.hazard() == *hazard,
            },
        }
    }

    /// What is told of an area means under it, if it is bad enough.
    pub(crate) fn reached(&self, report: &AreaReport, bulletin: &Bulletin) -> Option<Gravity> {
        let severity = &report.severity;
        match self {
            Condition::Struck => return Some(Gravity::Struck),
            Condition::About { hazard } => {
                return (bulletin.hazard() == *hazard && !severity.is_over()).then_some(Gravity::Named(*hazard));
            }
            Condition::Alert { at_least } => {
                return severity.alert_level().filter(|level| level >= at_least).map(Gravity::Alert);
            }
            _ => {}
        }
        let gravity = Gravity::of(severity)?;
        let reached = match (self, gravity) {
            (Condition::Shaking { at_least, .. }, Gravity::Shaking(it)) => it.reaches(*at_least),
            (Condition::Expected { at_least }, Gravity::Expected(it)) => it >= *at_least,
            (Condition::Tsunami { at_least }, Gravity::Tsunami(it)) => it >= *at_least,
            (Condition::Warning { phenomena, at_least }, Gravity::Warning(phenomenon, grade)) => {
                grade >= *at_least && (phenomena.is_empty() || phenomena.contains(&phenomenon))
            }
            (Condition::Eruption { at_least }, Gravity::Eruption(level)) => level >= *at_least,
            (Condition::Travel { at_least }, Gravity::Travel(_, level)) => level >= *at_least,
            (Condition::Abroad { at_least }, Gravity::Abroad(colour)) => colour >= *at_least,
            _ => false,
        };
        reached.then_some(gravity)
    }

    /// How strict it is among conditions of its kind: greater is stricter.
    pub(crate) fn strictness(&self) -> u8 {
        match self {
            Condition::Shaking { at_least, .. } | Condition::Expected { at_least } => *at_least as u8,
            Condition::Tsunami { at_least } => *at_least as u8,
            Condition::Warning { at_least, .. } => *at_least as u8,
            Condition::Alert { at_least } => at_least.number(),
            Condition::Eruption { at_least } | Condition::Travel { at_least } => *at_least,
            Condition::Abroad { at_least } => *at_least as u8,
            Condition::Struck | Condition::About { .. } => 0,
        }
    }
}

/// The prefectures that something came down in, each as an area; none where the condition of A16 is not fulfilled.
fn struck_at(bulletin: &Bulletin) -> Vec<AreaReport> {
    let severity = Severity::CivilProtection(Phase::Fallen);
    match &bulletin.detail {
        Some(Detail::CivilProtection(it)) if it.has_struck() => {
            let area = |it: &Prefecture| AreaReport { area: Area::prefecture(*it), severity: severity.clone() };
            it.fallen_in.iter().map(area).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether something came down, and nobody has said in which prefecture, or whether within our land and waters at all: a person has to
/// pick.
pub(crate) fn struck_somewhere(bulletin: &Bulletin) -> bool {
    let Some(Detail::CivilProtection(it)) = &bulletin.detail else { return false };
    let is_unclear = it.phase == Phase::Fallen && it.place == PlaceClass::Unknown;
    (it.has_struck() || is_unclear) && it.fallen_in.is_empty()
}

/// `震度６弱以上`
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Shaking { at_least, told } => {
                let told = match told {
                    Told::Either => "",
                    Told::Prompt => "震度速報で",
                    Told::Confirmed => "震源・震度情報で",
                };
                write!(f, "{told}{at_least}以上")
            }
            Condition::Expected { at_least } => write!(f, "緊急地震速報で予想{at_least}以上"),
            Condition::Tsunami { at_least } => write!(f, "{at_least}以上"),
            Condition::Warning { phenomena, at_least } => {
                let names: Vec<String> = phenomena.iter().map(ToString::to_string).collect();
                write!(f, "{}{at_least}以上", names.join("・"))
            }
            Condition::Alert { at_least } => write!(f, "{at_least}以上"),
            Condition::Eruption { at_least } => write!(f, "噴火警戒レベル{at_least}以上"),
            Condition::Struck => f.write_str("弾道ミサイルの着弾"),
            Condition::Travel { at_least } => write!(f, "危険情報レベル{at_least}以上"),
            Condition::Abroad { at_least } => write!(f, "{at_least}以上"),
            Condition::About { hazard } => write!(f, "{hazard}の情報"),
        }
    }
}
