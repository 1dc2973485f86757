//! Reports of people whom nobody had asked, and what is said about answers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::answer::{REPORT_HOURS, Report, Via};
use crate::event::AnswerEvent;
use crate::id::{IncidentId, PersonId};
use crate::thread::Spoken;

/// Self-reports and threads. The answers themselves belong to their incidents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answers {
    reports: BTreeMap<PersonId, Report>,
    threads: BTreeMap<(IncidentId, PersonId), Vec<Spoken>>,
}

impl Answers {
    pub(super) fn apply(&mut self, event: &AnswerEvent) {
        match event {
            AnswerEvent::SelfReported(report) => drop(self.reports.insert(report.person, Report::from(report))),
            AnswerEvent::Said(message) => {
                self.threads.entry((message.incident, message.person)).or_default().push(Spoken::from(message));
            }
            AnswerEvent::Given(record) if record.via == Via::SelfReport => {
                if let Some(report) = self.reports.get_mut(&record.person).filter(|report| report.at == record.at) {
                    report.used = true;
                }
            }
            AnswerEvent::Given(_) | AnswerEvent::Fetched { .. } => {}
        }
    }

    /// Nothing that an erased person wrote, or was written to, is left.
    pub(super) fn erase(&mut self, person: PersonId) {
        self.reports.remove(&person);
        self.threads.retain(|(_, whose), _| *whose != person);
    }

    /// The time of an incident is over.
    pub(super) fn forget(&mut self, incident: IncidentId) {
        self.threads.retain(|(about, _), _| *about != incident);
    }

    /// A person's last report, if it was made lately enough for what is opened at `now`.
    pub(crate) fn report(&self, person: PersonId, now: Timestamp) -> Option<&Report> {
        let is_fresh = |it: &&Report| now.duration_since(it.at) <= SignedDuration::from_hours(REPORT_HOURS);
        self.reports.get(&person).filter(is_fresh)
    }

    /// What was said about a person's answer in an incident, oldest first.
    pub(crate) fn thread(&self, incident: IncidentId, person: PersonId) -> &[Spoken] {
        self.threads.get(&(incident, person)).map_or(&[], Vec::as_slice)
    }
}
