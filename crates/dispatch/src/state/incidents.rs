//! The rules, what was judged by them, and the incidents that came of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, AnswerRecord};
use crate::dispatch::DispatchRecord;
use crate::event::JudgingEvent;
use crate::id::{IncidentId, PersonId, RuleId};
use crate::incident::{Incident, Summary};
use crate::judge::{Judgement, Verdict};
use crate::mail::Mode;
use crate::rule::Rule;

/// Rules, judgements, incidents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incidents {
    pub(crate) rules: BTreeMap<RuleId, Rule>,
    pub(crate) judgements: Vec<Judgement>,
    pub(crate) by_id: BTreeMap<IncidentId, Incident>,
    sources: BTreeSet<String>,
    series: BTreeMap<(Mode, String), IncidentId>,
    cancelled: BTreeMap<(Mode, String), Timestamp>,
    /// Numbers are given once, also those of incidents that were forgotten.
    last: u32,
}

impl Incidents {
    pub(super) fn apply(&mut self, event: &JudgingEvent) {
        match event {
            JudgingEvent::RuleSet(rule) => {
                self.rules.insert(rule.id, (**rule).clone());
            }
            JudgingEvent::BulletinJudged(judgement) => self.judged((**judgement).clone()),
            JudgingEvent::IncidentOpened { incident, mode, series, summary, opened } => {
                self.open(*incident, *mode, summary, *opened);
                self.add_series(*incident, series);
            }
            JudgingEvent::IncidentChanged { incident, series, summary } => {
                if let Some(incident) = self.by_id.get_mut(incident) {
                    incident.summary = summary.clone();
                    // Issued again after it was taken back: it holds again.
                    incident.cancelled = incident.cancelled.filter(|cancelled| *cancelled >= summary.published);
                }
                self.add_series(*incident, series);
            }
            JudgingEvent::IncidentCancelled { incident, published } => {
                if let Some(incident) = self.by_id.get_mut(incident) {
                    incident.cancelled = Some(*published);
                }
            }
        }
    }

    fn judged(&mut self, judgement: Judgement) {
        self.sources.insert(judgement.source.clone());
        if judgement.verdict == Verdict::Cancelled {
            let keys = judgement.series.iter().map(|key| (judgement.mode, key.clone()));
            self.cancelled.extend(keys.map(|key| (key, judgement.published)));
        }
        self.judgements.push(judgement);
    }

    fn open(&mut self, id: IncidentId, mode: Mode, summary: &Summary, opened: Timestamp) {
        let incident = Incident {
            id,
            mode,
            summary: summary.clone(),
            opened,
            cancelled: None,
            dispatches: Vec::new(),
            asked: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        self.last = self.last.max(id.0);
        self.by_id.insert(id, incident);
    }

    /// What an erased person wrote.
    pub(super) fn erase(&mut self, person: PersonId) {
        let answers = self.by_id.values_mut().filter_map(|incident| incident.answers.get_mut(&person));
        answers.flatten().for_each(|answer| answer.comment.clear());
    }

    /// The time of an incident is over; its bulletins go with it.
    pub(super) fn forget(&mut self, incident: IncidentId) {
        self.last = self.last.max(incident.0);
        self.by_id.remove(&incident);
        self.series.retain(|_, id| *id != incident);
        self.keep(|judgement| judgement.incident != Some(incident));
    }

    /// The time of bulletins is over that no incident came of.
    pub(super) fn forget_bulletins(&mut self, before: Timestamp) {
        self.keep(|judgement| judgement.incident.is_some() || judgement.judged >= before);
    }

    /// Keeps these judgements, and of what follows from judgements only what follows from them.
    fn keep(&mut self, stays: impl Fn(&Judgement) -> bool) {
        self.sources.clear();
        self.cancelled.clear();
        for judgement in std::mem::take(&mut self.judgements).into_iter().filter(stays) {
            self.judged(judgement);
        }
    }

    fn add_series(&mut self, incident: IncidentId, series: &[String]) {
        if let Some(mode) = self.by_id.get(&incident).map(|incident| incident.mode) {
            self.series.extend(series.iter().map(|key| ((mode, key.clone()), incident)));
        }
    }

    /// Notes whom a new dispatch asks about its incident.
    pub(super) fn asked(&mut self, record: &DispatchRecord) {
        if let Some(incident) = self.by_id.get_mut(&record.incident) {
            incident.dispatches.push(record.dispatch);
            incident.asked.extend(record.asked.iter().map(|asked| (asked.person, asked.intensity)));
        }
    }

    /// Keeps a version of somebody's answer.
    pub(super) fn answered(&mut self, record: &AnswerRecord) {
        if let Some(incident) = self.by_id.get_mut(&record.incident) {
            incident.answers.entry(record.person).or_default().push(Answer::from(record));
        }
    }

    /// The incident that any of these series belongs to.
    pub(crate) fn of_series(&self, mode: Mode, series: &[String]) -> Option<&Incident> {
        let id = series.iter().find_map(|key| self.series.get(&(mode, key.clone())))?;
        self.by_id.get(id)
    }

    /// When any of these series was last taken back.
    pub(crate) fn cancelled(&self, mode: Mode, series: &[String]) -> Option<Timestamp> {
        series.iter().filter_map(|key| self.cancelled.get(&(mode, key.clone())).copied()).max()
    }

    /// Whether this very telegram was judged before.
    pub(crate) fn is_judged(&self, source: &str) -> bool {
        self.sources.contains(source)
    }

    pub(crate) fn next_id(&self) -> IncidentId {
        IncidentId(self.last + 1)
    }
}
