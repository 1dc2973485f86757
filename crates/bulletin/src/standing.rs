//! How a bulletin is meant: in earnest or as a drill, and how it stands to earlier ones of its series.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a bulletin is meant in earnest (JMA Control/Status).
///
/// Nothing else in a drill telegram tells that it is one: title, EventID and times look real.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// 通常.
    Real,
    /// 訓練: must not be used as regular information.
    Drill,
    /// 試験: must not be used as regular information.
    Test,
    /// Any other word, kept as written; treated as not real. JMA's schema also allows `CC?`, `RR?` and `AA?` (WMO marks).
    Unknown(String),
}

/// `通常`, `訓練`, `試験`, or the unknown word.
impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "通常",
            Self::Drill => "訓練",
            Self::Test => "試験",
            Self::Unknown(word) => word,
        })
    }
}

/// How a bulletin stands to earlier ones of its series (JMA Head/InfoType).
///
/// Corrections and cancellations repeat the serial of what they change: never order by serial alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Revision {
    /// 発表: a first or further issue.
    Issue,
    /// 訂正: takes the place of an earlier one.
    Correction,
    /// 取消: takes an earlier one back. Not the same as 解除, the lifting of a warning.
    Cancellation,
    /// 遅延: sent late.
    Delayed,
    /// Any other word, kept as written (the set is open).
    Other(String),
}

/// `発表`, `訂正`, `取消`, `遅延`, or the other word.
impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issue => "発表",
            Self::Correction => "訂正",
            Self::Cancellation => "取消",
            Self::Delayed => "遅延",
            Self::Other(word) => word,
        })
    }
}
