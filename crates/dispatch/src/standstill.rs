//! Whether a node still follows its journal: what passes by itself is told from what somebody must mend.

use crate::chain::Head;
use crate::event::CodecError;
use crate::journal::JournalError;

/// Failures in a row, a second apart, after which what may pass is taken to last.
pub(crate) const FAILURES_MAX: u32 = 5;

/// Why a node does not follow its journal any more. It knows neither what is asked of people from then on nor whom another node has
/// mailed, and must send nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Standstill {
    /// A row that this program cannot read, such as one that a newer program wrote.
    #[error("row {row}: {problem}; update this node")]
    Newer {
        /// Which row.
        row: u64,
        /// Why.
        problem: String,
    },
    /// The journal does not have what this node has seen in it: another site went on without it.
    #[error("the journal has another past than this node: restart this node, it reads the journal anew")]
    OtherPast,
    /// The chain does not hold.
    #[error("{problem}")]
    Damaged {
        /// Where.
        problem: String,
    },
    /// It failed again and again, although the journal answers.
    #[error("{problem}")]
    Failing {
        /// Why.
        problem: String,
    },
}

impl Standstill {
    /// Its kind, in a word, for monitoring.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Standstill::Newer { .. } => "journal-newer",
            Standstill::OtherPast => "journal-other-past",
            Standstill::Damaged { .. } => "journal-damaged",
            Standstill::Failing { .. } => "journal-failing",
        }
    }

    /// What follows at once from a row that cannot be opened, for trying again cannot mend it; `None` of what may pass.
    pub(crate) fn of_row(row: u64, problem: &CodecError) -> Option<Self> {
        match problem {
            CodecError::Version(_) | CodecError::Content(_) => {
                Some(Standstill::Newer { row, problem: problem.to_string() })
            }
            CodecError::Keys(_) => None,
        }
    }

    /// What follows at once from a failure of the journal, for trying again cannot mend it; `None` of what may pass.
    pub(crate) fn of_journal(problem: &JournalError) -> Option<Self> {
        match problem {
            JournalError::OtherPast => Some(Standstill::OtherPast),
            JournalError::Broken(_) => Some(Standstill::Damaged { problem: problem.to_string() }),
            JournalError::Storage { .. } => None,
        }
    }

    /// What follows from a failure that may pass, after so many in a row.
    pub(crate) fn after(failures: u32, problem: &impl std::fmt::Display) -> Option<Self> {
        (failures >= FAILURES_MAX).then(|| Standstill::Failing { problem: problem.to_string() })
    }
}

/// Whether a journal that ends at `recorded` cannot have `seen` in it. One that goes on beyond it may: its rows tell.
pub(crate) fn is_other_past(seen: Head, recorded: Head) -> bool {
    recorded.seq < seen.seq || (recorded.seq == seen.seq && recorded.hash != seen.hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Broken;

    #[test]
    fn req_r01_a_row_of_a_newer_program_and_another_past_stop_a_node_at_once() {
        for problem in [CodecError::Version(9), CodecError::Content(postcard::Error::DeserializeBadEnum)] {
            let why = Standstill::of_row(7, &problem).unwrap();
            assert!(matches!(why, Standstill::Newer { row: 7, .. }), "{why}");
            assert!(why.to_string().contains("update this node"), "{why}");
        }
        assert_eq!(Standstill::of_journal(&JournalError::OtherPast), Some(Standstill::OtherPast));
        let broken = JournalError::from(Broken::Changed { seq: 3 });
        assert_eq!(Standstill::of_journal(&broken).unwrap().word(), "journal-damaged");
    }

    #[test]
    fn what_may_pass_stops_a_node_after_some_failures_in_a_row() {
        let silence = JournalError::Storage { place: "db".into(), problem: "no answer".into() };
        assert_eq!(Standstill::of_journal(&silence), None);
        assert_eq!(Standstill::after(FAILURES_MAX - 1, &silence), None);
        assert_eq!(Standstill::after(FAILURES_MAX, &silence).unwrap().word(), "journal-failing");
    }

    #[test]
    fn req_r01_a_journal_that_ends_before_what_was_seen_or_there_otherwise_has_another_past() {
        let head = |seq, byte| Head { seq, hash: [byte; 32] };
        assert!(is_other_past(head(7, 1), head(6, 1)));
        assert!(is_other_past(head(7, 1), head(7, 2)));
        assert!(!is_other_past(head(7, 1), head(7, 1)));
        assert!(!is_other_past(head(7, 1), head(8, 2)), "its rows tell");
    }
}
