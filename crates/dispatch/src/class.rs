//! Deadline classes: how urgent a dispatch is, from when its time counts, and when it should be over.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::timeline::Origin;

/// The class of a dispatch (requirements P02 to P05, P09, P10). The end is the same for all: 99 % accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// As fast as can be; overtakes everything: 国民保護, and calls to approvers (P05).
    Immediate,
    /// 地震速報: 3 minutes from the quake (P02).
    Bulletin,
    /// 安否確認: 10 minutes from the decision (P09).
    Safety,
    /// 地震確定情報: 10 minutes from the report (P03).
    Confirmed,
    /// Other hazards: 10 minutes from the occurrence, else from the report (P04).
    Hazard,
    /// 海外リスク情報: 10 minutes from receipt (P10).
    Overseas,
    /// No hurry: a composed notice, a probe.
    Routine,
}

/// From when the time of a class counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The hazard occurred.
    Occurred,
    /// The source reported it.
    Reported,
    /// The report reached us.
    Received,
    /// Somebody, or a rule, decided to send.
    Decided,
}

impl Class {
    /// All classes, the most urgent first.
    pub const ALL: [Self; 7] =
        [Self::Immediate, Self::Bulletin, Self::Safety, Self::Confirmed, Self::Hazard, Self::Overseas, Self::Routine];

    /// How long it may take, from its start to 99 % accepted.
    #[must_use]
    pub const fn limit(self) -> SignedDuration {
        SignedDuration::from_mins(match self {
            Self::Immediate | Self::Bulletin => 3,
            Self::Safety | Self::Confirmed | Self::Hazard | Self::Overseas => 10,
            Self::Routine => 24 * 60,
        })
    }

    /// The instant from which it counts, and what that instant is. A telegram without origin time counts from its report, one
    /// without that from its receipt, and what a person composed from the decision.
    #[must_use]
    pub fn start(self, origin: &Origin, decided: Timestamp) -> (Start, Timestamp) {
        let known = [
            (Start::Occurred, origin.occurred),
            (Start::Reported, origin.reported),
            (Start::Received, origin.received),
            (Start::Decided, Some(decided)),
        ];
        let first = match self {
            Self::Bulletin | Self::Hazard => 0,
            Self::Confirmed => 1,
            Self::Immediate | Self::Overseas => 2,
            Self::Safety | Self::Routine => 3,
        };
        let told = known.into_iter().skip(first).find_map(|(start, at)| Some((start, at?)));
        told.unwrap_or((Start::Decided, decided))
    }
}

/// `地震速報`
impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Immediate => "至急",
            Self::Bulletin => "地震速報",
            Self::Safety => "安否確認",
            Self::Confirmed => "地震確定情報",
            Self::Hazard => "災害情報",
            Self::Overseas => "海外リスク情報",
            Self::Routine => "通常",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telegram_without_origin_time_counts_from_its_report_and_a_composed_one_from_the_decision() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let origin = Origin { occurred: Some(at(0)), reported: Some(at(60)), received: Some(at(61)), judged: None };
        let decided = at(70);
        assert_eq!(Class::Bulletin.start(&origin, decided), (Start::Occurred, at(0)));
        assert_eq!(Class::Confirmed.start(&origin, decided), (Start::Reported, at(60)));
        assert_eq!(Class::Immediate.start(&origin, decided), (Start::Received, at(61)));
        assert_eq!(Class::Safety.start(&origin, decided), (Start::Decided, at(70)));
        let untold = Origin { occurred: None, ..origin };
        assert_eq!(Class::Hazard.start(&untold, decided), (Start::Reported, at(60)));
        assert_eq!(Class::Hazard.start(&Origin::default(), decided), (Start::Decided, at(70)));
    }
}
