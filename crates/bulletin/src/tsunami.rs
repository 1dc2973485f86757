//! How bad a tsunami is or will be at a coast: the grade, the expected height, the arrival.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The grade of a tsunami forecast at a coast, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TsunamiGrade {
    /// 津波なし; also what is left when an advisory or warning is lifted.
    None,
    /// 津波予報（若干の海面変動）.
    Forecast,
    /// 津波注意報.
    Advisory,
    /// 津波警報.
    Warning,
    /// 大津波警報.
    MajorWarning,
}

impl TsunamiGrade {
    /// The grade of a JMA code and name. 52 and 53 are both 大津波警報; an unknown code is judged by the words of its name.
    #[must_use]
    pub fn from_code(code: &str, name: &str) -> Option<Self> {
        match code {
            "00" | "50" | "60" => Some(Self::None),
            "71" | "72" | "73" => Some(Self::Forecast),
            "62" => Some(Self::Advisory),
            "51" => Some(Self::Warning),
            "52" | "53" => Some(Self::MajorWarning),
            _ if name.contains("解除") || name.contains("津波なし") => Some(Self::None),
            _ if name.contains("大津波警報") => Some(Self::MajorWarning),
            _ if name.contains("津波警報") => Some(Self::Warning),
            _ if name.contains("津波注意報") => Some(Self::Advisory),
            _ if name.contains("津波予報") => Some(Self::Forecast),
            _ => None,
        }
    }
}

/// `大津波警報`
impl fmt::Display for TsunamiGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "津波なし",
            Self::Forecast => "津波予報（若干の海面変動）",
            Self::Advisory => "津波注意報",
            Self::Warning => "津波警報",
            Self::MajorWarning => "大津波警報",
        })
    }
}

/// A height of water above the usual tide, as the source says it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WaterHeight {
    /// Centimetres, when there is a number.
    pub centimetres: Option<u32>,
    /// The official words: `１０ｍ超`, `巨大`, `高い`, `０．２ｍ未満`, `観測中`.
    pub words: String,
}

impl fmt::Display for WaterHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// What is expected at a coast, or was measured at a station.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TsunamiReport {
    /// The grade in force; `None` in telegrams of measurements, which carry none.
    pub grade: Option<TsunamiGrade>,
    /// The grade before, where told.
    pub before: Option<TsunamiGrade>,
    /// Whether an advisory or warning was lifted just now (解除 or 切替 to a forecast), which is no cancellation.
    pub lifted: bool,
    /// When the first wave arrives or arrived, where told.
    pub arrival: Option<Timestamp>,
    /// The official words about the first wave: `津波到達中と推測`, `第１波識別不能`; may be empty.
    pub arrival_words: String,
    /// The greatest height, expected or measured.
    pub height: Option<WaterHeight>,
    /// Whether height and arrival were measured, not expected.
    pub measured: bool,
}

impl TsunamiReport {
    /// How this stands to another: by grade, then by height. `None`: only one of them has a grade, and an estimate at a coast takes nothing
    /// from the warning there.
    ///
    /// A height that is expected and told in words only (巨大, 高い) is neither above nor below one in metres; one that was measured is above none.
    pub(crate) fn against(&self, other: &Self) -> Option<Ordering> {
        if self.grade.is_some() != other.grade.is_some() || self.measured != other.measured {
            return None;
        }
        let height = |it: &Self| it.height.as_ref().and_then(|it| it.centimetres);
        let heights = match (height(self), height(other)) {
            (None, _) | (_, None) if !self.measured => Ordering::Equal,
            (own, theirs) => own.cmp(&theirs),
        };
        Some(self.grade.cmp(&other.grade).then(heights))
    }
}

/// `津波警報 ３ｍ`
impl fmt::Display for TsunamiReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = self.grade.map(|it| it.to_string());
        let lifted = self.lifted.then(|| "（解除）".to_owned());
        let height = self.height.as_ref().map(|it| {
            let measured = if self.measured { "観測 " } else { "" };
            format!("{measured}{it}")
        });
        let words = Some(self.arrival_words.clone()).filter(|it| !it.is_empty());
        let parts: Vec<String> = [grade, lifted, height, words].into_iter().flatten().collect();
        f.write_str(&parts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_and_a_continuing_major_warning_are_one_grade() {
        let of = |code| TsunamiGrade::from_code(code, "");
        assert_eq!(of("52"), of("53"));
        assert_eq!(of("52"), Some(TsunamiGrade::MajorWarning));
        assert!(of("62") < of("51") && of("51") < of("53") && of("71") < of("62"));
    }

    fn report(grade: Option<TsunamiGrade>, metres: Option<u32>, measured: bool) -> TsunamiReport {
        let height = Some(WaterHeight { centimetres: metres.map(|it| it * 100), words: "高さ".into() });
        let (arrival, arrival_words) = (None, String::new());
        TsunamiReport { grade, before: None, lifted: false, arrival, arrival_words, height, measured }
    }

    #[test]
    fn an_estimate_without_a_grade_is_neither_above_nor_below_the_warning_of_its_coast() {
        let (warned, estimated) = (report(Some(TsunamiGrade::Warning), Some(3), false), report(None, Some(5), false));
        assert_eq!((warned.against(&estimated), estimated.against(&warned)), (None, None));
        assert_eq!(report(None, Some(6), false).against(&estimated), Some(Ordering::Greater));
    }

    #[test]
    fn a_height_told_in_words_stands_above_and_below_none_in_metres_and_a_first_measurement_is_a_rise() {
        let major = |metres| report(Some(TsunamiGrade::MajorWarning), metres, false);
        assert_eq!(major(None).against(&major(Some(10))), Some(Ordering::Equal), "巨大 is not less than 10 m");
        assert_eq!(major(Some(10)).against(&major(None)), Some(Ordering::Equal), "nor 10 m more than 巨大");
        assert_eq!(major(Some(10)).against(&major(Some(5))), Some(Ordering::Greater));
        let station = |metres| report(None, metres, true);
        assert_eq!(station(Some(1)).against(&station(None)), Some(Ordering::Greater), "観測中, then 1 m");
    }

    #[test]
    fn an_unknown_code_is_judged_by_its_words() {
        assert_eq!(TsunamiGrade::from_code("54", "大津波警報：切替"), Some(TsunamiGrade::MajorWarning));
        assert_eq!(TsunamiGrade::from_code("99", "津波注意報解除"), Some(TsunamiGrade::None));
        assert_eq!(TsunamiGrade::from_code("99", "高潮"), None);
    }
}
