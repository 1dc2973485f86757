//! The present: a fold over the events of the journal, and what can be read from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::answer::{Answer, AnswerRecord};
use crate::dispatch::{Dispatch, DispatchRecord};
use crate::event::Event;
use crate::group::Groups;
use crate::id::{DispatchId, GroupId, IncidentId, PersonId, RuleId};
use crate::incident::{Incident, Summary};
use crate::judge::{Judgement, Verdict};
use crate::keys::RingId;
use crate::mail::Mode;
use crate::person::{People, PersonRecord};
use crate::rule::Rule;
use crate::tally::Tally;

/// Everything that is known now. Equal journals fold to equal states.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    ring: Option<RingId>,
    people: People,
    groups: Groups,
    rules: BTreeMap<RuleId, Rule>,
    judgements: Vec<Judgement>,
    sources: BTreeSet<String>,
    incidents: BTreeMap<IncidentId, Incident>,
    series: BTreeMap<(Mode, String), IncidentId>,
    cancelled: BTreeMap<(Mode, String), Timestamp>,
    dispatches: BTreeMap<DispatchId, Dispatch>,
    keys: BTreeMap<String, DispatchId>,
}

impl State {
    /// Takes one event in. Pure; an event about something that is not there changes nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::JournalBegun { ring } => self.ring = Some(*ring),
            Event::GroupMade { group, parent, name } => self.groups.add(*group, *parent, name),
            Event::PersonSet(record) => self.set_person(record),
            Event::LinksRevoked { person, links_from } => self.people.revoke_links(*person, *links_from),
            Event::RuleSet(rule) => {
                self.rules.insert(rule.id, (**rule).clone());
            }
            Event::BulletinJudged(judgement) => self.judged(judgement),
            Event::IncidentOpened { incident, mode, series, summary, opened } => {
                self.open_incident(*incident, *mode, summary, *opened);
                self.add_series(*incident, series);
            }
            Event::IncidentChanged { incident, series, summary } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident.summary = summary.clone();
                    // Issued again after it was taken back: it holds again.
                    incident.cancelled = incident.cancelled.filter(|cancelled| *cancelled >= summary.published);
                }
                self.add_series(*incident, series);
            }
            Event::IncidentCancelled { incident, published } => {
                if let Some(incident) = self.incidents.get_mut(incident) {
                    incident.cancelled = Some(*published);
                }
            }
            Event::DispatchOpened(record) => self.open_dispatch(record),
            Event::DispatchQueued { dispatch, at } => {
                if let Some(dispatch) = self.dispatches.get_mut(dispatch) {
                    dispatch.queued(*at);
                }
            }
            Event::OutcomesRecorded { dispatch, outcomes } => {
                if let Some(dispatch) = self.dispatches.get_mut(dispatch) {
                    outcomes.iter().for_each(|outcome| dispatch.settle(outcome));
                }
            }
            Event::AnswerGiven(record) => self.answer(record),
        }
    }

    fn set_person(&mut self, record: &PersonRecord) {
        let within: Arc<[GroupId]> = self.groups.within(&record.groups).into_iter().collect();
        self.people.set(record, within);
    }

    fn judged(&mut self, judgement: &Judgement) {
        self.sources.insert(judgement.source.clone());
        if judgement.verdict == Verdict::Cancelled {
            let keys = judgement.series.iter().map(|key| (judgement.mode, key.clone()));
            self.cancelled.extend(keys.map(|key| (key, judgement.published)));
        }
        self.judgements.push(judgement.clone());
    }

    fn open_incident(&mut self, id: IncidentId, mode: Mode, summary: &Summary, opened: Timestamp) {
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
        self.incidents.insert(id, incident);
    }

    fn add_series(&mut self, incident: IncidentId, series: &[String]) {
        if let Some(mode) = self.incidents.get(&incident).map(|incident| incident.mode) {
            self.series.extend(series.iter().map(|key| ((mode, key.clone()), incident)));
        }
    }

    fn open_dispatch(&mut self, record: &DispatchRecord) {
        let nobody: Arc<[GroupId]> = Arc::from([]);
        let within = |person| self.people.find(person).map_or_else(|| Arc::clone(&nobody), |p| Arc::clone(&p.within));
        let dispatch = Dispatch::open(record.clone(), within);
        if let Some(incident) = self.incidents.get_mut(&record.incident) {
            incident.dispatches.push(record.dispatch);
            incident.asked.extend(record.asked.iter().map(|asked| (asked.person, asked.intensity)));
        }
        self.keys.insert(record.key.clone(), record.dispatch);
        self.dispatches.insert(record.dispatch, dispatch);
    }

    /// An answer counts in every dispatch of its incident that asks the person the same question.
    fn answer(&mut self, record: &AnswerRecord) {
        let Some(incident) = self.incidents.get_mut(&record.incident) else { return };
        incident.answers.entry(record.person).or_default().push(Answer::from(record));
        let Some(question) = self.dispatches.get(&record.dispatch).map(|used| used.record().question.clone()) else {
            return;
        };
        let Some(choice) = question.place(record.choice) else { return };
        for id in &incident.dispatches {
            if let Some(dispatch) = self.dispatches.get_mut(id).filter(|it| it.record().question == question) {
                dispatch.book.answer(record.person, choice);
            }
        }
    }
}

/// Reading.
impl State {
    /// The key ring that the journal belongs to; `None` before its first event.
    #[must_use]
    pub fn ring(&self) -> Option<RingId> {
        self.ring
    }

    /// Everybody.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }

    /// The tree of groups.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The rules in the order of their numbers.
    #[must_use]
    pub fn rules(&self) -> &BTreeMap<RuleId, Rule> {
        &self.rules
    }

    /// The record of every bulletin, oldest first.
    #[must_use]
    pub fn judgements(&self) -> &[Judgement] {
        &self.judgements
    }

    /// All incidents, oldest first.
    pub fn incidents(&self) -> impl DoubleEndedIterator<Item = &Incident> {
        self.incidents.values()
    }

    /// An incident by number.
    #[must_use]
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(&id)
    }

    /// All dispatches, oldest first.
    pub fn dispatches(&self) -> impl DoubleEndedIterator<Item = &Dispatch> {
        self.dispatches.values()
    }

    /// A dispatch by number.
    #[must_use]
    pub fn dispatch(&self, id: DispatchId) -> Option<&Dispatch> {
        self.dispatches.get(&id)
    }

    /// The dispatch that was opened last.
    #[must_use]
    pub fn latest_dispatch(&self) -> Option<&Dispatch> {
        self.dispatches.values().next_back()
    }

    /// The count of a dispatch; empty for one that does not exist.
    #[must_use]
    pub fn tally(&self, id: DispatchId) -> Tally {
        let dispatch = self.dispatches.get(&id);
        dispatch.map(|it| it.book.read(&it.record().question, &self.groups)).unwrap_or_default()
    }

    /// A person's present answer in the incident of a dispatch.
    #[must_use]
    pub fn last_answer(&self, dispatch: DispatchId, person: PersonId) -> Option<&Answer> {
        let incident = self.dispatches.get(&dispatch)?.record().incident;
        self.incidents.get(&incident)?.answers(person).last()
    }

    pub(crate) fn incident_of(&self, mode: Mode, series: &[String]) -> Option<&Incident> {
        let id = series.iter().find_map(|key| self.series.get(&(mode, key.clone())))?;
        self.incidents.get(id)
    }

    /// When any of these series was last taken back.
    pub(crate) fn cancelled(&self, mode: Mode, series: &[String]) -> Option<Timestamp> {
        series.iter().filter_map(|key| self.cancelled.get(&(mode, key.clone())).copied()).max()
    }

    pub(crate) fn is_judged(&self, source: &str) -> bool {
        self.sources.contains(source)
    }

    pub(crate) fn dispatch_of_key(&self, key: &str) -> Option<DispatchId> {
        self.keys.get(key).copied()
    }

    pub(crate) fn next_incident(&self) -> IncidentId {
        IncidentId(self.incidents.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }

    pub(crate) fn next_dispatch(&self) -> DispatchId {
        DispatchId(self.dispatches.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }
}
