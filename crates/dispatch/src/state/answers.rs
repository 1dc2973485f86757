//! Reports of people whom nobody had asked, and what is said about answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::{Report, Via};
use crate::event::AnswerEvent;
use crate::id::{IncidentId, PersonId};
use crate::thread::Said;

/// Self-reports and threads. The answers themselves belong to their incidents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answers {
    reports: BTreeMap<PersonId, Report>,
    threads: BTreeMap<(IncidentId, PersonId), Vec<Said>>,
}

impl Answers {
    pub(super) fn apply(&mut self, event: &AnswerEvent, row: u64) {
        match event {
            AnswerEvent::SelfReported(report) => drop(self.reports.insert(report.person, Report::from(report))),
            AnswerEvent::Said(message) => {
                let said = Said { speaker: message.speaker, at: message.at, row };
                self.threads.entry((message.incident, message.person)).or_default().push(said);
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

    /// Reports that are too old at `now` to count for anything are kept no longer.
    pub(super) fn drop_old(&mut self, now: Timestamp) {
        self.reports.retain(|_, report| report.is_fresh(now));
    }

    /// The time of an incident is over.
    pub(super) fn forget(&mut self, incident: IncidentId) {
        self.threads.retain(|(about, _), _| *about != incident);
    }

    /// A person's last report, if it was made lately enough for what is opened at `now`.
    pub(crate) fn report(&self, person: PersonId, now: Timestamp) -> Option<&Report> {
        self.reports.get(&person).filter(|report| report.is_fresh(now))
    }

    /// What was said about a person's answer in an incident, oldest first.
    pub(crate) fn thread(&self, incident: IncidentId, person: PersonId) -> &[Said] {
        self.threads.get(&(incident, person)).map_or(&[], Vec::as_slice)
    }
}
