//! The rules, what was judged by them, and the incidents that came of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::answer::{Answer, AnswerRecord};
use crate::dispatch::DispatchRecord;
use crate::event::JudgingEvent;
use crate::id::{IncidentId, RuleId};
use crate::incident::{Incident, Summary};
use crate::judge::{Judgement, Verdict};
use crate::mail::Mode;
use crate::rule::Rule;

/// Rules, judgements, incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Incidents {
    pub(crate) rules: BTreeMap<RuleId, Rule>,
    pub(crate) judgements: Vec<Judgement>,
    pub(crate) by_id: BTreeMap<IncidentId, Incident>,
    sources: BTreeSet<String>,
    series: BTreeMap<(Mode, String), IncidentId>,
    cancelled: BTreeMap<(Mode, String), Timestamp>,
}

impl Incidents {
    pub(super) fn apply(&mut self, event: &JudgingEvent) {
        match event {
            JudgingEvent::RuleSet(rule) => {
                self.rules.insert(rule.id, (**rule).clone());
            }
            JudgingEvent::BulletinJudged(judgement) => self.judged(judgement),
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

    fn judged(&mut self, judgement: &Judgement) {
        self.sources.insert(judgement.source.clone());
        if judgement.verdict == Verdict::Cancelled {
            let keys = judgement.series.iter().map(|key| (judgement.mode, key.clone()));
            self.cancelled.extend(keys.map(|key| (key, judgement.published)));
        }
        self.judgements.push(judgement.clone());
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
        self.by_id.insert(id, incident);
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
        IncidentId(self.by_id.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }
}
