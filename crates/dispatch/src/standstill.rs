//! Whether a node still follows its journal: what passes by itself is told from what somebody must mend.

use crate::chain::Head;
use crate::error::Error;
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

    /// What follows from a failure at once, for trying again cannot mend it; `None` of what may pass.
    pub(crate) fn certain(error: &Error) -> Option<Self> {
        match error {
            Error::Row { seq, problem } => match **problem {
                CodecError::Version(_) | CodecError::Content(_) => {
                    Some(Standstill::Newer { row: *seq, problem: problem.to_string() })
                }
                CodecError::Keys(_) => None,
            },
            Error::Journal(problem) => match **problem {
                JournalError::OtherPast => Some(Standstill::OtherPast),
                JournalError::Broken(_) => Some(Standstill::Damaged { problem: problem.to_string() }),
                JournalError::Storage { .. } => None,
            },
            Error::OtherKeys { .. } => Some(Standstill::OtherPast),
            _ => None,
        }
    }

    /// What follows from a failure that may pass, after so many in a row.
    pub(crate) fn after(failures: u32, error: &Error) -> Option<Self> {
        (failures >= FAILURES_MAX).then(|| Standstill::Failing { problem: error.to_string() })
    }
}

/// Whether a journal that ends at `recorded` cannot have `seen` in it. One that goes on beyond it may: its rows tell.
pub(crate) fn is_other_past(seen: Head, recorded: Head) -> bool {
    recorded.seq < seen.seq || (recorded.seq == seen.seq && recorded.hash != seen.hash)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::chain::Broken;

    fn row(problem: CodecError) -> Error {
        Error::Row { seq: 7, problem: Arc::new(problem) }
    }

    #[test]
    fn req_r01_a_row_of_a_newer_program_and_another_past_stop_a_node_at_once() {
        let content = CodecError::Content(postcard::Error::DeserializeBadEnum);
        for error in [row(CodecError::Version(9)), row(content)] {
            let why = Standstill::certain(&error).unwrap();
            assert!(matches!(why, Standstill::Newer { row: 7, .. }), "{why}");
            assert!(why.to_string().contains("update this node"), "{why}");
        }
        assert_eq!(Standstill::certain(&JournalError::OtherPast.into()), Some(Standstill::OtherPast));
        let broken = JournalError::from(Broken::Changed { seq: 3 });
        assert_eq!(Standstill::certain(&broken.into()).unwrap().word(), "journal-damaged");
    }

    #[test]
    fn what_may_pass_stops_a_node_after_some_failures_in_a_row() {
        let silence = JournalError::Storage { place: "db".into(), problem: "no answer".into() }.into();
        assert_eq!(Standstill::certain(&silence), None);
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
