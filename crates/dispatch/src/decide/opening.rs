//! Opening dispatches: numbers are given, addresses counted, and the events gathered in their order.

use jiff::{Timestamp, ToSpan};

use crate::answer::AnswerRecord;
use crate::class::Class;
use crate::dispatch::{Asked, Cause, Decided, DispatchRecord, OPEN_DAYS};
use crate::event::{AnswerEvent, DispatchEvent, Event};
use crate::few::Few;
use crate::followup::FollowUp;
use crate::gravity::Gravity;
use crate::id::{DispatchId, IncidentId, PersonId};
use crate::mail::{MailTemplate, Mode};
use crate::question::Question;
use crate::rule::Aim;
use crate::state::State;
use crate::timeline::Origin;

/// Events on their way, with the number that the next dispatch gets.
pub(super) struct Opening<'a> {
    pub(super) state: &'a State,
    pub(super) now: Timestamp,
    pub(super) events: Vec<Event>,
    next: DispatchId,
}

impl<'a> Opening<'a> {
    pub(super) fn new(state: &'a State, now: Timestamp) -> Self {
        Self::numbered(state, now, state.dispatches.next_id())
    }

    /// The same, whose first dispatch gets this number.
    pub(super) fn numbered(state: &'a State, now: Timestamp, next: DispatchId) -> Self {
        Opening { state, now, events: Vec::new(), next }
    }

    pub(super) fn push(&mut self, event: impl Into<Event>) {
        self.events.push(event.into());
    }

    /// Opens a dispatch now; its number and its times are given here.
    pub(super) fn dispatch(&mut self, draft: DispatchRecord) {
        let record = DispatchRecord { dispatch: self.next, opened: self.now, expires: expiry(self.now), ..draft };
        self.next = DispatchId(self.next.0 + 1);
        let reports: Vec<AnswerEvent> = self.reports(&record).map(AnswerEvent::Given).collect();
        self.push(DispatchEvent::Opened(Box::new(record)));
        reports.into_iter().for_each(|report| self.push(report));
    }

    /// What those who are asked had reported before anybody asked; it counts as their answer (requirement A36).
    fn reports(&self, record: &DispatchRecord) -> impl Iterator<Item = AnswerRecord> {
        let reports = record.asked.iter().filter_map(|asked| self.state.answers.report(asked.person, self.now));
        let fitting = reports.filter(|report| !report.used && report.fits(record));
        fitting.map(|report| report.answer(record.dispatch, record.incident))
    }

    /// Tells people something about an incident that they were mailed about; nothing if there is nobody.
    pub(super) fn notice(&mut self, words: &Words<'_>, people: impl IntoIterator<Item = (PersonId, Option<Gravity>)>) {
        let asked = |(person, gravity)| Asked { person, gravity, places: places_of(self.state, person) };
        let asked: Vec<Asked> = people.into_iter().map(asked).collect();
        if asked.is_empty() {
            return;
        }
        self.dispatch(DispatchRecord {
            dispatch: self.next,
            key: words.key.to_owned(),
            incident: words.incident,
            rule: None,
            cause: words.cause.clone(),
            aim: words.aim,
            decided: Decided::Rule,
            class: words.class,
            follow_up: FollowUp::default(),
            mode: words.mode,
            title: words.title.to_owned(),
            facts: words.facts.to_vec(),
            template: if words.aim == Aim::Call { MailTemplate::call() } else { MailTemplate::notice() },
            question: Question::none(),
            origin: Origin::default(),
            opened: self.now,
            expires: self.now,
            asked,
        });
    }
}

/// What a notice says.
pub(super) struct Words<'a> {
    pub(super) key: &'a str,
    pub(super) incident: IncidentId,
    pub(super) aim: Aim,
    pub(super) class: Class,
    pub(super) mode: Mode,
    pub(super) title: &'a str,
    pub(super) facts: &'a [String],
    /// The telegram that takes back what people were asked about; `None` for anything else.
    pub(super) cause: Option<Cause>,
}

fn expiry(opened: Timestamp) -> Timestamp {
    opened.checked_add((OPEN_DAYS * 24).hours()).unwrap_or(Timestamp::MAX)
}

/// The places of a person's addresses, in the person's order.
pub(super) fn places_of(state: &State, person: PersonId) -> Few<u8> {
    state.people().line(person).map(|line| line.places.clone()).unwrap_or_default()
}
