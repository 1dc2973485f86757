//! What is wrong in a roster: the line, the column, what it is, and what to write instead.

use thiserror::Error;

/// One fault, or one thing worth a look. No address is repeated in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{line}行目「{column}」: {problem} → {remedy}")]
pub struct RosterFault {
    /// The line of the file, counted from 1 as Excel counts rows.
    pub line: u64,
    /// The column's name as the file writes it, or `行` for the whole row.
    pub column: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl RosterFault {
    pub(crate) fn new(
        line: u64,
        column: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        RosterFault { line, column: column.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

/// All faults of a file, in the order of its lines. Nothing of the file was taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct RosterFaults(pub Vec<RosterFault>);

impl std::fmt::Display for RosterFaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for fault in &self.0 {
            writeln!(f, "{fault}")?;
        }
        write!(f, "誤りは {} 件です。何も取り込んでいません。直してからもう一度読み込んでください。", self.0.len())
    }
}

/// A piece of a cell that may be shown: nothing that could be part of an address, and not endless.
pub(crate) fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 20;
    if text.contains(['@', '＠']) {
        return "（アドレスのような文字列）".into();
    }
    let short: String = text.chars().filter(|c| !c.is_control()).take(CHARS_MAX).collect();
    let more = if text.chars().count() > CHARS_MAX { "…" } else { "" };
    format!("「{short}{more}」")
}
