//! What people answered: every version, each with its moment and its way in.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dispatch::DispatchRecord;
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::mail::Mode;
use crate::question::{ChoiceId, Detail, Question};
use crate::rule::Aim;
use crate::sealed::Private;
use crate::timeline::Micros;
use crate::words::Written;

/// Longest comment, in characters.
pub const COMMENT_CHARS_MAX: usize = 500;
/// The same answer within so many seconds is a double press and recorded once; later it is a fresh sign of life.
pub const DOUBLE_PRESS_SECONDS: i64 = 600;
/// A report counts for what asks the person within so many hours before or after it, and for nothing older (requirement A36).
pub const REPORT_HOURS: i64 = 12;

/// How an answer came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Via {
    /// By the personal link.
    Link,
    /// By a manager on the person's behalf; shown as such.
    Behalf,
    /// By the person, who was not asked yet (requirement A36).
    SelfReport,
    /// By replying to the mail.
    Mail,
}

/// What an event says of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// The incident that it belongs to.
    pub incident: IncidentId,
    /// The dispatch whose link was used.
    pub dispatch: DispatchId,
    /// Who.
    pub person: PersonId,
    /// What was chosen.
    pub choice: ChoiceId,
    /// Free text, sealed in the journal.
    pub comment: Private<String>,
    /// Answers to further questions, sealed in the journal.
    pub details: Private<Vec<Detail>>,
    /// How it came in.
    pub via: Via,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}

/// One version of somebody's answer, without what was written in it: [`crate::Desk::words`] reads that. Five years have
/// hundreds of thousands: it is kept small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The dispatch whose link was used.
    pub dispatch: DispatchId,
    /// What was chosen.
    pub choice: ChoiceId,
    /// How it came in.
    pub via: Via,
    at: Micros,
    written: Option<Box<Written>>,
}

impl Answer {
    /// The answer that a row of the journal records.
    pub(crate) fn new(record: &AnswerRecord, row: u64) -> Self {
        let comment = record.comment.open().map_or("", String::as_str);
        let details = record.details.open().map_or(&[][..], Vec::as_slice);
        Answer {
            dispatch: record.dispatch,
            choice: record.choice,
            via: record.via,
            at: record.at.into(),
            written: Written::of(row, comment, details).map(Box::new),
        }
    }

    /// Whether anything was written beside the choice.
    #[must_use]
    pub fn has_words(&self) -> bool {
        self.written.is_some()
    }

    /// The row of the journal that has the words.
    pub(crate) fn row(&self) -> Option<u64> {
        self.written.as_ref().map(|written| written.row)
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at.into()
    }

    /// Nothing that the person wrote is left.
    pub(crate) fn erase(&mut self) {
        self.written = None;
    }

    /// Whether the same content again at `now` says nothing new.
    pub(crate) fn is_repeated(&self, choice: ChoiceId, comment: &str, details: &[Detail], now: Timestamp) -> bool {
        let soon = now.as_second() - self.at().as_second() < DOUBLE_PRESS_SECONDS;
        let is_same = match &self.written {
            Some(written) => written.is(comment, details),
            None => comment.is_empty() && details.is_empty(),
        };
        soon && self.choice == choice && is_same
    }
}

/// What somebody reported without being asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelfReport {
    /// Who.
    pub person: PersonId,
    /// What was chosen of the safety question.
    pub choice: ChoiceId,
    /// Free text, sealed in the journal.
    pub comment: Private<String>,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}

/// A report as it is known: what was written is empty once erased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    person: PersonId,
    pub(crate) choice: ChoiceId,
    pub(crate) comment: String,
    pub(crate) at: Timestamp,
    /// Whether it was taken for an answer: it answers one incident, and never leaks into the next.
    pub(crate) used: bool,
}

impl From<&SelfReport> for Report {
    fn from(report: &SelfReport) -> Self {
        let comment = report.comment.open().cloned().unwrap_or_default();
        Report { person: report.person, choice: report.choice, comment, at: report.at, used: false }
    }
}

impl Report {
    /// Whether it may count for what is opened at `now`.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) <= SignedDuration::from_hours(REPORT_HOURS)
    }

    /// Whether it answers what a dispatch asks: the safety question, in earnest.
    pub(crate) fn fits(&self, record: &DispatchRecord) -> bool {
        record.mode == Mode::Real && record.aim == Aim::Safety && record.question.choices == Question::safety().choices
    }

    /// Whether the same content again at `now` says nothing new.
    pub(crate) fn is_repeated(&self, choice: ChoiceId, comment: &str, now: Timestamp) -> bool {
        let soon = now.as_second() - self.at.as_second() < DOUBLE_PRESS_SECONDS;
        soon && self.choice == choice && self.comment == comment
    }

    /// The same as an answer to a dispatch.
    pub(crate) fn answer(&self, dispatch: DispatchId, incident: IncidentId) -> AnswerRecord {
        AnswerRecord {
            incident,
            dispatch,
            person: self.person,
            choice: self.choice,
            comment: Private::Open(self.comment.clone()),
            details: Private::Open(Vec::new()),
            via: Via::SelfReport,
            at: self.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::few::Few;

    #[test]
    fn an_answer_takes_24_bytes_wherever_it_lies_and_16_more_where_something_was_written() {
        assert_eq!(std::mem::size_of::<Answer>(), 24);
        assert_eq!(std::mem::size_of::<Few<Answer>>(), 24);
        assert_eq!(std::mem::size_of::<Written>(), 16);
    }
}
