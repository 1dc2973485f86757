//! The rules, what was judged by them, the incidents that came of it, and what waits for approval.

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{Prefecture, Stations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, AnswerRecord};
use crate::dispatch::{Asked, DispatchRecord};
use crate::event::{JudgingEvent, News};
use crate::id::{DispatchId, IncidentId, PersonId, ProposalId, RuleId, TableId};
use crate::incident::Incident;
use crate::judgement::{Judgement, Verdict};
use crate::mail::Mode;
use crate::notice::{Channel, Notice};
use crate::proposal::{Proposal, Waiting};
use crate::rule::{Aim, Rule, Table};
use crate::shared::Shared;
use crate::timeline::believed;

/// Rules, judgements, incidents, proposals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incidents {
    pub(crate) rules: BTreeMap<RuleId, Rule>,
    pub(crate) tables: BTreeMap<TableId, Table>,
    pub(crate) judgements: Vec<Judgement>,
    /// How many stations measured what a bulletin says, by its identity at its source.
    pub(crate) stations: BTreeMap<String, Stations>,
    pub(crate) by_id: BTreeMap<IncidentId, Shared<Incident>>,
    pub(crate) waiting: BTreeMap<ProposalId, Waiting>,
    proposals: u32,
    sources: BTreeSet<String>,
    series: BTreeMap<(Mode, String), IncidentId>,
    slots: BTreeMap<(Mode, String), BTreeMap<String, Slot>>,
    /// The incident of each dispatch now: merging and splitting move it.
    placed: BTreeMap<DispatchId, IncidentId>,
    /// After how many minutes managers are told of those who do not answer, by rule; under `None`, of what people compose.
    pub(crate) escalation: BTreeMap<Option<RuleId>, u32>,
    /// Numbers are given once, also those of incidents that were forgotten.
    last: u32,
}

/// The latest word of one kind within a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) published: Timestamp,
    pub(crate) cancelled: bool,
}

impl Incidents {
    pub(super) fn apply(&mut self, event: &JudgingEvent) {
        match event {
            JudgingEvent::RuleSet(rule) => drop(self.rules.insert(rule.id, (**rule).clone())),
            JudgingEvent::EscalationSet { rule, minutes } => drop(self.escalation.insert(*rule, *minutes)),
            JudgingEvent::TableSet(table) => drop(self.tables.insert(table.id, (**table).clone())),
            JudgingEvent::BulletinJudged(judgement) => self.judged((**judgement).clone()),
            JudgingEvent::StationsTold { source, stations, .. } => {
                self.stations.insert(source.clone(), stations.clone());
            }
            JudgingEvent::IncidentOpened { incident, mode, news, opened } => {
                self.last = self.last.max(incident.0);
                if let Some(before) = self.by_id.values_mut().next_back().and_then(Shared::own_mut) {
                    before.pack();
                }
                let new = Incident::new(*incident, *mode, news.summary.clone(), *opened);
                self.by_id.insert(*incident, Shared::new(new));
                self.learn(*incident, news);
            }
            JudgingEvent::IncidentChanged { incident, news } => self.learn(*incident, news),
            JudgingEvent::IncidentCancelled { incident, published } => {
                if let Some(incident) = self.change(*incident) {
                    incident.cancelled = Some(*published);
                    // Issued again, it asks everybody again.
                    incident.notices.take_all();
                }
            }
            JudgingEvent::Proposed(proposal) => self.propose(proposal),
            JudgingEvent::ApproverCalled { proposal } => {
                if let Some(waiting) = self.waiting.get_mut(proposal) {
                    waiting.called += 1;
                }
            }
            JudgingEvent::ProposalEnded { proposal, .. } => {
                // Its own row may have been forgotten since; its number is not given again.
                self.proposals = self.proposals.max(proposal.0);
                self.waiting.remove(proposal);
            }
            JudgingEvent::IncidentsMerged { from, into } => self.merge(*from, *into),
            JudgingEvent::IncidentSplit { from, into, series, dispatches, people } => {
                self.split(*from, *into, series, dispatches, people);
            }
        }
    }

    /// An incident that is to change.
    fn change(&mut self, id: IncidentId) -> Option<&mut Incident> {
        self.by_id.get_mut(&id).map(Shared::make_mut)
    }

    fn judged(&mut self, judgement: Judgement) {
        self.sources.insert(judgement.source.clone());
        if !matches!(judgement.verdict, Verdict::Repeated | Verdict::Stale) {
            let published = believed(judgement.published, judgement.received);
            let slot = Slot { published, cancelled: judgement.verdict == Verdict::Cancelled };
            for key in &judgement.series {
                let slots = self.slots.entry((judgement.mode, key.clone())).or_default();
                slots.insert(judgement.slot.clone(), slot);
            }
        }
        self.judgements.push(judgement);
    }

    /// What an erased person wrote.
    pub(super) fn erase(&mut self, person: PersonId) {
        for incident in self.by_id.values_mut().filter(|incident| incident.answers.contains_key(&person)) {
            incident.make_mut().answers.entry(person).or_default().iter_mut().for_each(Answer::erase);
        }
    }

    /// The time of an incident is over; its bulletins go with it, and what waited for it.
    pub(super) fn forget(&mut self, incident: IncidentId) {
        self.last = self.last.max(incident.0);
        self.by_id.remove(&incident);
        self.series.retain(|_, id| *id != incident);
        self.placed.retain(|_, id| *id != incident);
        self.waiting.retain(|_, it| it.proposal.draft.incident != incident);
        self.keep(|judgement| judgement.incident != Some(incident));
    }

    /// The time of bulletins is over that no incident came of.
    pub(super) fn forget_bulletins(&mut self, before: Timestamp) {
        self.keep(|judgement| judgement.incident.is_some() || judgement.judged >= before);
    }

    /// Keeps these judgements, and of what follows from judgements only what follows from them.
    fn keep(&mut self, stays: impl Fn(&Judgement) -> bool) {
        self.sources.clear();
        self.slots.clear();
        for judgement in std::mem::take(&mut self.judgements).into_iter().filter(stays) {
            self.judged(judgement);
        }
        self.stations.retain(|source, _| self.sources.contains(source));
    }

    fn learn(&mut self, id: IncidentId, news: &News) {
        let Some(incident) = self.change(id) else { return };
        incident.summary = news.summary.clone();
        incident.series.extend(news.series.iter().cloned());
        incident.prefectures.extend(news.prefectures.iter().copied());
        incident.touched = news.at;
        // Issued again after it was taken back: it holds again.
        incident.cancelled = incident.cancelled.filter(|cancelled| *cancelled >= news.summary.published);
        let mode = incident.mode;
        self.series.extend(news.series.iter().map(|key| ((mode, key.clone()), id)));
    }

    fn propose(&mut self, proposal: &Proposal) {
        self.proposals = self.proposals.max(proposal.id.0);
        let called = self.waiting.get(&proposal.id).map_or(0, |waiting| waiting.called);
        self.waiting.insert(proposal.id, Waiting { proposal: proposal.clone(), called });
    }

    fn merge(&mut self, from: IncidentId, into: IncidentId) {
        let Some(mut ends) = self.by_id.remove(&from) else { return };
        let gone = ends.make_mut();
        if let Some(stays) = self.change(into) {
            stays.series.append(&mut gone.series);
            stays.prefectures.append(&mut gone.prefectures);
            stays.dispatches.append(&mut gone.dispatches);
            stays.dispatches.sort_unstable();
            stays.notices.add(gone.notices.take_all());
            for (person, answers) in std::mem::take(&mut gone.answers) {
                let all = stays.answers.entry(person).or_default();
                answers.into_vec().into_iter().for_each(|answer| all.push(answer));
                all.sort_by_key(Answer::at);
            }
            gone.merged_into = Some(into);
        }
        for at in self.series.values_mut().chain(self.placed.values_mut()).filter(|at| **at == from) {
            *at = into;
        }
        // What waits is about the incident that stays: a cancellation must find it.
        for draft in self.waiting.values_mut().map(|waiting| &mut waiting.proposal.draft) {
            if draft.incident == from {
                draft.incident = into;
            }
        }
        self.by_id.insert(from, ends);
    }

    fn split(
        &mut self,
        from: IncidentId,
        into: IncidentId,
        series: &[String],
        dispatches: &[DispatchId],
        people: &[PersonId],
    ) {
        let Some(mut rest) = self.by_id.remove(&from) else { return };
        let keeps = rest.make_mut();
        if let Some(new) = self.change(into) {
            keeps.series.retain(|key| !series.contains(key));
            keeps.dispatches.retain(|id| !dispatches.contains(id));
            new.split_from = Some(from);
            new.dispatches.extend_from_slice(dispatches);
            new.notices.add(keeps.notices.take(&people.iter().copied().collect()));
            for person in people {
                let Some(answers) = keeps.answers.remove(person) else { continue };
                let (theirs, ours): (Vec<Answer>, Vec<Answer>) =
                    answers.into_vec().into_iter().partition(|answer| dispatches.contains(&answer.dispatch));
                new.answers.insert(*person, theirs.into());
                keeps.answers.insert(*person, ours.into());
            }
        }
        self.placed.extend(dispatches.iter().map(|id| (*id, into)));
        for draft in self.waiting.values_mut().map(|waiting| &mut waiting.proposal.draft) {
            let goes = draft.cause.as_ref().is_some_and(|cause| cause.is_of_series(series));
            if draft.incident == from && goes {
                draft.incident = into;
            }
        }
        self.by_id.insert(from, rest);
    }

    /// Notes whom a new dispatch asks or tells about its incident; what people were mailed at these instants `before` is
    /// taken back from those whom it concerns no more: said again, it asks them again.
    pub(super) fn asked(&mut self, record: &DispatchRecord, before: &BTreeSet<Timestamp>) {
        self.placed.insert(record.dispatch, record.incident);
        let Some(incident) = self.change(record.incident) else { return };
        incident.dispatches.push(record.dispatch);
        if !before.is_empty() {
            let spared = record.asked.iter().filter(|asked| asked.gravity.is_none()).map(|asked| asked.person);
            incident.notices.take_back(&spared.collect(), before);
        }
        let channel = match (record.aim, record.rule) {
            (Aim::Safety | Aim::Notice, _) => Channel::Safety,
            (Aim::Information, Some(rule)) => Channel::Subscription(rule),
            _ => return,
        };
        let at = record.opened.into();
        let notice = |asked: &Asked| Some(Notice { person: asked.person, channel, gravity: asked.gravity?, at });
        incident.notices.add(record.asked.iter().filter_map(notice));
    }

    /// Keeps a version of somebody's answer, which this row of the journal records.
    pub(super) fn answered(&mut self, record: &AnswerRecord, row: u64) {
        if let Some(incident) = self.change(record.incident) {
            incident.answers.entry(record.person).or_default().push(Answer::new(record, row));
        }
    }
}

/// Reading.
impl Incidents {
    /// The incident that any of these series belongs to.
    pub(crate) fn of_series(&self, mode: Mode, series: &[String]) -> Option<&Incident> {
        let id = series.iter().find_map(|key| self.series.get(&(mode, key.clone())))?;
        self.by_id.get(id).map(|it| &**it)
    }

    /// The latest quake that a further shock in these prefectures belongs to: touched after `since`, not taken back (A12).
    pub(crate) fn of_shock(&self, mode: Mode, prefectures: &[Prefecture], since: Timestamp) -> Option<&Incident> {
        let fits = |incident: &&Incident| {
            incident.mode == mode
                && incident.summary.is_quake()
                && incident.cancelled.is_none()
                && incident.merged_into.is_none()
                && incident.touched > since
                && prefectures.iter().any(|it| incident.prefectures.contains(it))
        };
        self.by_id.values().map(|it| &**it).rev().find(fits)
    }

    /// The incident of a dispatch, wherever merging and splitting have put it.
    pub(crate) fn of_dispatch(&self, dispatch: DispatchId) -> Option<&Incident> {
        self.by_id.get(self.placed.get(&dispatch)?).map(|it| &**it)
    }

    /// The latest word in a slot of any of these series.
    pub(crate) fn latest(&self, mode: Mode, series: &[String], slot: &str) -> Option<Slot> {
        let slots = series.iter().filter_map(|key| self.slots.get(&(mode, key.clone()))?.get(slot).copied());
        slots.max_by_key(|slot| slot.published)
    }

    /// The incident that this one is part of now, wherever merging has put it.
    pub(crate) fn standing(&self, id: IncidentId) -> IncidentId {
        let next = |id: &IncidentId| self.by_id.get(id)?.merged_into;
        std::iter::successors(Some(id), next).last().unwrap_or(id)
    }

    /// Whether anything of an incident still holds, when this slot of these series no longer does.
    pub(crate) fn holds_without(&self, incident: &Incident, series: &[String], slot: &str) -> bool {
        incident.series.iter().any(|key| {
            let slots = self.slots.get(&(incident.mode, key.clone())).into_iter().flatten();
            let others = |(name, it): (&String, &Slot)| {
                let is_this = series.contains(key) && name == slot;
                !it.cancelled && !is_this
            };
            slots.into_iter().any(others)
        })
    }

    /// Whether any of these series has a word that was not taken back, in a slot other than these.
    pub(crate) fn is_upheld(&self, mode: Mode, series: &[String], except: &[&str]) -> bool {
        let slots = series.iter().filter_map(|key| self.slots.get(&(mode, key.clone()))).flatten();
        slots.into_iter().any(|(name, slot)| !slot.cancelled && !except.contains(&name.as_str()))
    }

    /// What waits for this incident because of this rule.
    pub(crate) fn waiting_for(&self, incident: IncidentId, rule: RuleId) -> Option<&Waiting> {
        let is_it = |it: &&Waiting| it.proposal.draft.incident == incident && it.proposal.draft.rule == Some(rule);
        self.waiting.values().find(is_it)
    }

    /// Whether this very telegram was judged before.
    pub(crate) fn is_judged(&self, source: &str) -> bool {
        self.sources.contains(source)
    }

    pub(crate) fn next_id(&self) -> IncidentId {
        IncidentId(self.last + 1)
    }

    pub(crate) fn next_proposal(&self) -> ProposalId {
        ProposalId(self.proposals + 1)
    }
}
