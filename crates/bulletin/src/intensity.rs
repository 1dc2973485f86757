//! The JMA seismic intensity scale, as an ordered value, and what a station may report in its place.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A step of the JMA seismic intensity scale (気象庁震度階級), weakest first.
///
/// Intensity 0 is never reported by the telegrams we read and has no value here. Kept and configured as the short JMA form
/// (`"6-"`); reading also takes `"6弱"`, `"６弱"` and `"震度６弱"`, with blanks around, because official files carry `"4 "`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Intensity {
    /// 震度１
    One,
    /// 震度２
    Two,
    /// 震度３
    Three,
    /// 震度４
    Four,
    /// 震度５弱
    FiveLower,
    /// 震度５強
    FiveUpper,
    /// 震度６弱
    SixLower,
    /// 震度６強
    SixUpper,
    /// 震度７
    Seven,
}

impl Intensity {
    /// All steps, weakest first.
    pub const ALL: [Self; 9] = [
        Self::One,
        Self::Two,
        Self::Three,
        Self::Four,
        Self::FiveLower,
        Self::FiveUpper,
        Self::SixLower,
        Self::SixUpper,
        Self::Seven,
    ];

    /// The short form of JMA XML (`MaxInt`): `1` … `4`, `5-`, `5+`, `6-`, `6+`, `7`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
            Self::Three => "3",
            Self::Four => "4",
            Self::FiveLower => "5-",
            Self::FiveUpper => "5+",
            Self::SixLower => "6-",
            Self::SixUpper => "6+",
            Self::Seven => "7",
        }
    }

    /// The step as a Japanese reader knows it, without the word 震度: `６弱`.
    #[must_use]
    pub const fn step(self) -> &'static str {
        match self {
            Self::One => "１",
            Self::Two => "２",
            Self::Three => "３",
            Self::Four => "４",
            Self::FiveLower => "５弱",
            Self::FiveUpper => "５強",
            Self::SixLower => "６弱",
            Self::SixUpper => "６強",
            Self::Seven => "７",
        }
    }
}

/// `震度６弱`
impl fmt::Display for Intensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "震度{}", self.step())
    }
}

impl FromStr for Intensity {
    type Err = Error;

    /// Reads any of the written forms.
    ///
    /// # Errors
    /// [`Error::Intensity`] for anything else, a bare `5` or `6` included: which half is meant is not ours to guess.
    fn from_str(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        let step = trimmed.strip_prefix("震度").unwrap_or(trimmed).trim();
        let plain: String = step.chars().map(narrow).collect();
        Self::ALL.into_iter().find(|it| it.code() == plain).ok_or_else(|| Error::Intensity(text.to_owned()))
    }
}

/// Full-width digits and the words for the halves, as in `MaxInt`.
fn narrow(c: char) -> char {
    match c {
        '０' => '0',
        '１' => '1',
        '２' => '2',
        '３' => '3',
        '４' => '4',
        '５' => '5',
        '６' => '6',
        '７' => '7',
        '弱' | '－' => '-',
        '強' | '＋' => '+',
        other => other,
    }
}

impl TryFrom<String> for Intensity {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Intensity> for String {
    fn from(intensity: Intensity) -> Self {
        intensity.code().to_owned()
    }
}

/// What was reported for an area: a measured step, or a place that has not reported yet and is thought to be 5弱 or more.
///
/// Ordered by what it means for safety: `震度５弱以上未入電` stands just above a measured 5弱, because it may be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IntensityReport {
    /// A measured step.
    Measured(Intensity),
    /// 震度５弱以上未入電: no value has come in although 5弱 or more is presumed. Counts as at least 5弱.
    AtLeastFiveLowerUnreported,
}

impl IntensityReport {
    /// JMA's words for [`Self::AtLeastFiveLowerUnreported`], in `Int` and `Condition`.
    pub const UNREPORTED: &str = "震度５弱以上未入電";

    /// The least intensity that this report vouches for: the measured step, or 5弱.
    #[must_use]
    pub const fn floor(self) -> Intensity {
        match self {
            Self::Measured(step) => step,
            Self::AtLeastFiveLowerUnreported => Intensity::FiveLower,
        }
    }

    /// Whether a rule with this threshold is met.
    #[must_use]
    pub fn reaches(self, threshold: Intensity) -> bool {
        self.floor() >= threshold
    }
}

impl Ord for IntensityReport {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| (it.floor(), matches!(it, Self::AtLeastFiveLowerUnreported));
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for IntensityReport {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// `震度６弱` or `震度５弱以上（未入電）`
impl fmt::Display for IntensityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured(step) => step.fmt(f),
            Self::AtLeastFiveLowerUnreported => f.write_str("震度５弱以上（未入電）"),
        }
    }
}

impl FromStr for IntensityReport {
    type Err = Error;

    /// Reads a step or 震度５弱以上未入電, blanks around allowed.
    ///
    /// # Errors
    /// [`Error::Intensity`] for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.trim() == Self::UNREPORTED {
            return Ok(Self::AtLeastFiveLowerUnreported);
        }
        text.parse().map(Self::Measured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_ordered_from_one_to_seven() {
        assert!(Intensity::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(Intensity::FiveUpper < Intensity::SixLower);
    }

    #[test]
    fn every_written_form_of_a_step_is_read() {
        for form in ["6-", " 6- ", "6弱", "６弱", "震度６弱", "震度6弱\u{3000}"] {
            assert_eq!(form.parse(), Ok(Intensity::SixLower), "{form}");
        }
        assert_eq!("4 ".parse(), Ok(Intensity::Four));
        for step in Intensity::ALL {
            assert_eq!(step.code().parse(), Ok(step));
            assert_eq!(step.to_string().parse(), Ok(step));
        }
    }

    #[test]
    fn a_half_that_is_not_named_is_not_guessed() {
        for form in ["5", "6", "", "0", "8", "7-", "4弱", "不明", "NaN", "震度"] {
            assert!(form.parse::<Intensity>().is_err(), "{form}");
        }
    }

    #[test]
    fn an_unreported_place_counts_as_five_lower_and_stands_above_a_measured_one() {
        let unreported: IntensityReport = "震度５弱以上未入電".parse().unwrap();
        assert!(unreported.reaches(Intensity::FiveLower));
        assert!(!unreported.reaches(Intensity::FiveUpper));
        assert!(unreported > IntensityReport::Measured(Intensity::FiveLower));
        assert!(unreported < IntensityReport::Measured(Intensity::FiveUpper));
    }
}
