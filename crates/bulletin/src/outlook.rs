//! How grave a danger of weather is expected to be at a place and in a period (気象警報・注意報時系列情報). Not a warning in force.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::scheme::AreaCode;
use crate::warning::{AlertLevel, Phenomenon, WarningGrade};

/// One danger at one place over a period in which it stays the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningOutlook {
    /// The area, one of those of the bulletin.
    pub area: AreaCode,
    /// The part of the area: `陸上`, `宗谷海峡`; empty for all of it.
    pub part: String,
    /// What is expected.
    pub phenomenon: Phenomenon,
    /// What JMA calls it: `大雨浸水危険度`.
    pub danger: String,
    /// How grave; [`WarningGrade::None`] below an advisory and where no value is given.
    pub grade: WarningGrade,
    /// The 警戒レベル it corresponds to, where it is told.
    pub level: Option<AlertLevel>,
    /// The official name of the value: `警戒レベル２未満`, `注意報級`.
    pub name: String,
    /// The official code of the value: `11`; may be empty.
    pub code: String,
    /// From when; `None` where the telegram speaks of a period that it does not define.
    pub begins: Option<Timestamp>,
    /// Until when; the same as `begins` where no duration is told.
    pub ends: Option<Timestamp>,
}
