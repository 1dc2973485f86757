//! A dispatch (一斉配信): one question to many people, where its mails stand, and its count.

use std::collections::BTreeMap;
use std::sync::Arc;

use hikyaku_bulletin::IntensityReport;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{DispatchId, GroupId, IncidentId, PersonId, RuleId};
use crate::mail::{MailTemplate, Mode};
use crate::question::Question;
use crate::tally::Book;
use crate::timeline::{Origin, Timeline};

/// How long a dispatch can be answered, in days.
pub const OPEN_DAYS: i64 = 30;

/// One person of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who.
    pub person: PersonId,
    /// The intensity that concerns the person, if one does.
    pub intensity: Option<IntensityReport>,
    /// How many mails: one for each address.
    pub mails: u8,
}

/// What an event says of a new dispatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchRecord {
    /// Its number.
    pub dispatch: DispatchId,
    /// Its own name, unique in the journal: the same thing is not sent twice by accident.
    pub key: String,
    /// The incident that its answers belong to.
    pub incident: IncidentId,
    /// The rule that opened it; `None` if a person did.
    pub rule: Option<RuleId>,
    /// Whether it is meant in earnest.
    pub mode: Mode,
    /// What the mail calls the incident.
    pub title: String,
    /// What the mail tells of it, a line each.
    pub facts: Vec<String>,
    /// The mail.
    pub template: MailTemplate,
    /// The question.
    pub question: Question,
    /// What went before.
    pub origin: Origin,
    /// When it was opened.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub opened: Timestamp,
    /// From when on it cannot be answered any more.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub expires: Timestamp,
    /// Who is asked.
    pub asked: Vec<Asked>,
}

/// How one mail ended at the delivery engine. Accepted (受付済) is not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MailEnd {
    /// A carrier took it.
    Accepted,
    /// A carrier refused it for good.
    Bounced,
    /// Its time ran out.
    Expired,
    /// It was cancelled before it was taken.
    Cancelled,
    /// The carrier may have it or not.
    Unknown,
}

/// The end of one mail, as an event says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailOutcome {
    /// To whom.
    pub person: PersonId,
    /// To which of the person's addresses, counted from 1.
    pub place: u8,
    /// How it ended.
    pub end: MailEnd,
    /// Why, unless it was accepted: the engine's word, such as `unknown-user`.
    pub cause: Option<String>,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}

/// The mails of a dispatch by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Taken by a carrier.
    pub accepted: u32,
    /// Refused for good.
    pub bounced: u32,
    /// Out of time.
    pub expired: u32,
    /// Cancelled.
    pub cancelled: u32,
    /// In doubt and not sent again.
    pub unknown: u32,
}

impl Delivery {
    fn count(&mut self, end: MailEnd) -> &mut u32 {
        match end {
            MailEnd::Accepted => &mut self.accepted,
            MailEnd::Bounced => &mut self.bounced,
            MailEnd::Expired => &mut self.expired,
            MailEnd::Cancelled => &mut self.cancelled,
            MailEnd::Unknown => &mut self.unknown,
        }
    }
}

/// A dispatch and all that became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    record: DispatchRecord,
    timeline: Timeline,
    ends: BTreeMap<(PersonId, u8), MailEnd>,
    delivery: Delivery,
    pub(crate) book: Book,
}

impl Dispatch {
    /// A dispatch from its event; `within` tells each person's groups and all above them.
    pub(crate) fn open(record: DispatchRecord, within: impl Fn(PersonId) -> Arc<[GroupId]>) -> Self {
        let mut book = Book::default();
        for asked in &record.asked {
            book.ask(asked.person, within(asked.person), u32::from(asked.mails));
        }
        let timeline = Timeline::new(record.origin, record.opened);
        Dispatch { record, timeline, ends: BTreeMap::new(), delivery: Delivery::default(), book }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> DispatchId {
        self.record.dispatch
    }

    /// All that was fixed when it was opened.
    #[must_use]
    pub fn record(&self) -> &DispatchRecord {
        &self.record
    }

    /// Its instants.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Its mails by how they ended.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// How the mail to a person's address ended, if it did; `place` counts from 1.
    #[must_use]
    pub fn mail_end(&self, person: PersonId, place: u8) -> Option<MailEnd> {
        self.ends.get(&(person, place)).copied()
    }

    /// Whether the person is asked by it.
    #[must_use]
    pub fn is_asked(&self, person: PersonId) -> bool {
        self.book.is_asked(person)
    }

    /// Whether the person answered since it was opened.
    #[must_use]
    pub fn has_answered(&self, person: PersonId) -> bool {
        self.book.has_answered(person)
    }

    /// Whether it can still be answered at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.record.expires
    }

    pub(crate) fn queued(&mut self, at: Timestamp) {
        self.timeline.queued.get_or_insert(at);
    }

    pub(crate) fn settle(&mut self, outcome: &MailOutcome) {
        if let Some(before) = self.ends.insert((outcome.person, outcome.place), outcome.end) {
            *self.delivery.count(before) -= 1;
        }
        *self.delivery.count(outcome.end) += 1;
        if outcome.end == MailEnd::Accepted {
            self.timeline.accepted(outcome.at);
        }
    }
}
