//! What early warning expects and what long-period stations feel: expected intensities and the classes of slow shaking.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::intensity::Intensity;

/// The intensity that 緊急地震速報 expects somewhere: a range, perhaps open above, perhaps unknown (`ForecastInt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExpectedIntensity {
    /// The least that is expected; `None` for 不明 and for 0.
    pub from: Option<Intensity>,
    /// The most that is expected; `None` for 不明, for 0, and where [`Self::or_more`] leaves it open.
    pub to: Option<Intensity>,
    /// `over`: [`Self::from`] or more, without an upper end.
    pub or_more: bool,
}

impl ExpectedIntensity {
    /// The step a rule compares with: the upper end, or the lower one where the range is open above. `None`: unknown.
    #[must_use]
    pub fn at_least(self) -> Option<Intensity> {
        self.to.max(self.from)
    }

    /// Whether a rule with this threshold is met; an unknown expectation meets none.
    #[must_use]
    pub fn reaches(self, threshold: Intensity) -> bool {
        self.at_least().is_some_and(|it| it >= threshold)
    }
}

/// `震度６弱`, `震度５弱から６弱`, `震度５弱程度以上`, `震度不明`
impl fmt::Display for ExpectedIntensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), _) if self.or_more => write!(f, "{from}程度以上"),
            (Some(from), Some(to)) if from != to => write!(f, "{from}から{}", to.step()),
            (Some(one), _) | (None, Some(one)) => one.fmt(f),
            (None, None) => f.write_str("震度不明"),
        }
    }
}

/// 長周期地震動階級, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LongPeriodClass(u8);

impl LongPeriodClass {
    /// The class of a number, 1 to 4.
    #[must_use]
    pub const fn new(class: u8) -> Option<Self> {
        if 1 <= class && class <= 4 { Some(Self(class)) } else { None }
    }

    /// 1 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// `長周期地震動階級3`
impl fmt::Display for LongPeriodClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "長周期地震動階級{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_range_counts_as_its_lower_end_and_a_closed_one_as_its_upper() {
        let open = ExpectedIntensity { from: Some(Intensity::FiveLower), to: None, or_more: true };
        assert!(open.reaches(Intensity::FiveLower) && !open.reaches(Intensity::FiveUpper));
        assert_eq!(open.to_string(), "震度５弱程度以上");
        let closed = ExpectedIntensity { from: Some(Intensity::Four), to: Some(Intensity::SixLower), or_more: false };
        assert!(closed.reaches(Intensity::SixLower));
        assert_eq!(closed.to_string(), "震度４から６弱");
        let unknown = ExpectedIntensity { from: None, to: None, or_more: false };
        assert!(!unknown.reaches(Intensity::One));
    }

    #[test]
    fn only_four_classes_of_slow_shaking_exist() {
        assert!(LongPeriodClass::new(0).is_none() && LongPeriodClass::new(5).is_none());
        assert!(LongPeriodClass::new(3) < LongPeriodClass::new(4));
    }
}
