//! Merging and splitting incidents by hand: people see what a program cannot.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::command::{DispatchRefusal, JudgingRefusal, Refusal};
use crate::dispatch::{Cause, Dispatch};
use crate::event::{Event, JudgingEvent, News};
use crate::id::{IncidentId, PersonId};
use crate::incident::{Incident, Summary};
use crate::state::State;

fn known(state: &State, id: IncidentId) -> Result<&Incident, Refusal> {
    let incident = state.incident(id).filter(|incident| incident.merged_into.is_none());
    incident.ok_or(Refusal::UnknownIncident(id))
}

pub(super) fn merge(state: &State, from: IncidentId, into: IncidentId) -> Result<Vec<Event>, Refusal> {
    if from == into {
        return Err(JudgingRefusal::SameIncident(from).into());
    }
    if known(state, from)?.mode != known(state, into)?.mode {
        return Err(DispatchRefusal::OtherMode { incident: into }.into());
    }
    Ok(vec![JudgingEvent::IncidentsMerged { from, into }.into()])
}

pub(super) fn split(state: &State, from: IncidentId, series: &[String], now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let incident = known(state, from)?;
    let there = series.iter().filter(|key| incident.series.contains(*key)).count();
    if there == 0 || there < series.len() || there == incident.series.len() {
        return Err(JudgingRefusal::NoSuchPart(from).into());
    }
    let follows = |cause: &Cause| cause.series.iter().any(|key| series.contains(key));
    let dispatches = incident.dispatches.iter().filter_map(|id| state.dispatch(*id));
    let moved: Vec<&Dispatch> = dispatches.filter(|it| it.record().cause.as_ref().is_some_and(follows)).collect();
    let people: BTreeSet<PersonId> = moved.iter().flat_map(|dispatch| dispatch.asked()).collect();
    let summary = match moved.last().map(|dispatch| dispatch.record()) {
        Some(record) => Summary::composed(&record.title, &record.facts, record.opened),
        None => incident.summary.clone(),
    };
    let into = state.incidents.next_id();
    let news = News { series: series.to_vec(), prefectures: Vec::new(), summary, at: now };
    Ok(vec![
        JudgingEvent::IncidentOpened { incident: into, mode: incident.mode, news, opened: now }.into(),
        JudgingEvent::IncidentSplit {
            from,
            into,
            series: series.to_vec(),
            dispatches: moved.iter().map(|dispatch| dispatch.id()).collect(),
            people: people.into_iter().collect(),
        }
        .into(),
    ])
}
