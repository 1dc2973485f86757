//! Reports of people whom nobody had asked, and what is said about answers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::answer::{REPORT_HOURS, SelfReport};
use crate::event::AnswerEvent;
use crate::id::{IncidentId, PersonId};
use crate::thread::Message;

/// Self-reports and threads. The answers themselves belong to their incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answers {
    reports: BTreeMap<PersonId, SelfReport>,
    threads: BTreeMap<(IncidentId, PersonId), Vec<Message>>,
}

impl Answers {
    pub(super) fn apply(&mut self, event: &AnswerEvent) {
        match event {
            AnswerEvent::SelfReported(report) => drop(self.reports.insert(report.person, report.clone())),
            AnswerEvent::Said(message) => {
                self.threads.entry((message.incident, message.person)).or_default().push(message.clone());
            }
            AnswerEvent::Given(_) | AnswerEvent::Fetched { .. } => {}
        }
    }

    /// A person's last report, if what is opened at `now` may take it for an answer.
    pub(crate) fn report(&self, person: PersonId, now: Timestamp) -> Option<&SelfReport> {
        let is_fresh = |it: &&SelfReport| now.duration_since(it.at) <= SignedDuration::from_hours(REPORT_HOURS);
        self.reports.get(&person).filter(is_fresh)
    }

    /// What was said about a person's answer in an incident, oldest first.
    pub(crate) fn thread(&self, incident: IncidentId, person: PersonId) -> &[Message] {
        self.threads.get(&(incident, person)).map_or(&[], Vec::as_slice)
    }
}
