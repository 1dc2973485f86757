//! A dispatch that a person composed (requirements A05, A17, A22).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::bulletin::{expiry, mails_to};
use crate::command::{DispatchDraft, DispatchRefusal, Refusal, Target};
use crate::dispatch::{Asked, DispatchRecord};
use crate::event::{DispatchEvent, Event, JudgingEvent};
use crate::id::PersonId;
use crate::incident::Summary;
use crate::mail;
use crate::person::{Person, Side};
use crate::state::State;
use crate::timeline::Origin;

pub(super) fn open(state: &State, draft: &DispatchDraft, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if let Some(dispatch) = state.dispatches.of_key(&draft.key) {
        return Err(DispatchRefusal::SentAlready { key: draft.key.clone(), dispatch }.into());
    }
    mail::check(&draft.template).map_err(DispatchRefusal::BadTemplate)?;
    if !draft.question.is_sound() {
        return Err(DispatchRefusal::BadQuestion.into());
    }
    let mut events = Vec::new();
    let incident = match draft.incident {
        Some(id) => {
            let incident = state.incident(id).ok_or(Refusal::UnknownIncident(id))?;
            if incident.mode != draft.mode {
                return Err(DispatchRefusal::OtherMode { incident: id }.into());
            }
            id
        }
        None => {
            let incident = state.incidents.next_id();
            let (title, facts) = (draft.title.clone(), draft.facts.clone());
            let summary = Summary { title, facts, occurred: None, published: now };
            let series = Vec::new();
            events
                .push(JudgingEvent::IncidentOpened { incident, mode: draft.mode, series, summary, opened: now }.into());
            incident
        }
    };
    let asked: Vec<Asked> = target(state, &draft.target, now)?
        .map(|person| Asked { person, intensity: None, mails: mails_to(state, person) })
        .collect();
    if asked.is_empty() {
        return Err(DispatchRefusal::NobodyAsked.into());
    }
    events.push(
        DispatchEvent::Opened(Box::new(DispatchRecord {
            dispatch: state.dispatches.next_id(),
            key: draft.key.clone(),
            incident,
            rule: None,
            mode: draft.mode,
            title: draft.title.clone(),
            facts: draft.facts.clone(),
            template: draft.template.clone(),
            question: draft.question.clone(),
            origin: Origin::default(),
            opened: now,
            expires: expiry(now),
            asked,
        }))
        .into(),
    );
    Ok(events)
}

/// The people of a target, each once, in the order of their numbers.
fn target(state: &State, target: &Target, now: Timestamp) -> Result<impl Iterator<Item = PersonId> + use<>, Refusal> {
    let those = |fits: &dyn Fn(&Person) -> bool| -> BTreeSet<PersonId> {
        state.people().iter().filter(|person| person.is_reachable() && fits(person)).map(|person| person.id).collect()
    };
    let people = match target {
        Target::Everyone => those(&|person| person.side == Side::Domestic),
        Target::People(people) => {
            if let Some(unknown) = people.iter().find(|person| state.people().find(**person).is_none()) {
                return Err(Refusal::UnknownPerson(*unknown));
            }
            people.iter().copied().collect()
        }
        Target::Groups(groups) => those(&|person| groups.iter().any(|group| person.is_within(*group))),
        Target::Regions(regions) => those(&|person| {
            person.side == Side::Domestic && person.regions_at(now).any(|region| regions.contains(region))
        }),
    };
    Ok(people.into_iter())
}
