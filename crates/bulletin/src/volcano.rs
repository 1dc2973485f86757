//! The state of a volcano: its alert level or keyword, what was just seen, and what falls from the sky.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How a volcano's state changed with a telegram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum VolcanoChange {
    /// 引上げ.
    Raised,
    /// 引下げ.
    Lowered,
    /// 発表, 切替, or nothing told.
    Issued,
    /// 継続.
    Continued,
    /// 解除.
    Lifted,
}

/// What a telegram says of a volcano or a place near it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VolcanoReport {
    /// 噴火警戒レベル 1 to 5, or its equal for volcanoes and places without levels; `None` for what is seen or falls.
    pub level: Option<u8>,
    /// What became of it.
    pub change: VolcanoChange,
    /// The official name: `レベル３（入山規制）`, `噴火`, `やや多量の降灰`.
    pub name: String,
    /// The official code: `13`, `52`, `72`.
    pub code: String,
}

impl VolcanoReport {
    /// The level that a JMA code stands for, on the scale of 噴火警戒レベル. Keywords of volcanoes without levels and the codes of
    /// municipalities and seas count as the gravest level that uses them.
    #[must_use]
    pub fn level_of_code(code: &str) -> Option<u8> {
        match code {
            "04" | "05" | "11" | "21" | "32" | "33" | "35" | "45" => Some(1),
            "12" | "22" | "48" | "49" => Some(2),
            "02" | "03" | "13" | "23" | "31" | "36" | "42" | "43" | "44" => Some(3),
            "14" | "24" | "47" => Some(4),
            "01" | "15" | "25" | "41" | "46" => Some(5),
            _ => None,
        }
    }

    /// How this stands to another on one scale: levels, amounts of ash, or what is seen. `None`: they are of two scales, and no forecast
    /// of ash makes a level look milder or graver.
    pub(crate) fn against(&self, other: &Self) -> Option<Ordering> {
        match ((self.level, self.ashfall()), (other.level, other.ashfall())) {
            ((Some(own), _), (Some(theirs), _)) => Some(own.cmp(&theirs)),
            ((None, Some(own)), (None, Some(theirs))) => Some(own.cmp(&theirs)),
            ((None, None), (None, None)) => Some(Ordering::Equal),
            _ => None,
        }
    }

    /// Whether an eruption or explosion is reported (codes 51 to 56, and 61 to 64 for もよう).
    #[must_use]
    pub fn is_eruption(&self) -> bool {
        matches!(self.code.as_str(), "51" | "52" | "53" | "54" | "56" | "61" | "62" | "63" | "64")
    }

    /// The amount of ash, 1 (some) to 4 (small stones), where ash fall is forecast (codes 70 to 75).
    #[must_use]
    pub fn ashfall(&self) -> Option<u8> {
        match self.code.as_str() {
            "70" | "71" => Some(1),
            "72" => Some(2),
            "73" => Some(3),
            "75" => Some(4),
            _ => None,
        }
    }
}

impl fmt::Display for VolcanoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(match self.change {
            VolcanoChange::Raised => "（引上げ）",
            VolcanoChange::Lowered => "（引下げ）",
            VolcanoChange::Lifted if !self.name.contains("解除") => "（解除）",
            _ => "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_amounts_of_ash_are_two_scales() {
        let report = |code: &str| VolcanoReport {
            level: VolcanoReport::level_of_code(code),
            change: VolcanoChange::Issued,
            name: String::new(),
            code: code.to_owned(),
        };
        let against = |a, b| report(a).against(&report(b));
        assert_eq!(against("12", "71"), None, "level 2 is no rise where a little ash was forecast");
        assert_eq!(against("73", "13"), None, "much ash is no fall where level 3 is in force");
        assert_eq!(against("13", "12"), Some(Ordering::Greater));
        assert_eq!(against("71", "73"), Some(Ordering::Less));
        assert_eq!(against("52", "51"), Some(Ordering::Equal), "two eruptions");
        assert_eq!(against("52", "13"), None);
    }
}
