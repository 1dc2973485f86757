//! A dispatch that a person composed, sent now or later (requirements A05, A17, A22).

use jiff::Timestamp;

use super::opening::{Opening, places_of};
use crate::command::{DispatchRefusal, Refusal};
use crate::dispatch::{Asked, Decided, DispatchRecord};
use crate::draft::DispatchDraft;
use crate::earnest;
use crate::event::{DispatchEvent, Event, JudgingEvent, News};
use crate::id::IncidentId;
use crate::incident::Summary;
use crate::mail::{self, Mode};
use crate::rule::Aim;
use crate::select::select;
use crate::state::State;
use crate::timeline::{Origin, whole_micros};

pub(super) fn schedule(
    state: &State,
    draft: &DispatchDraft,
    at: Timestamp,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check(state, draft)?;
    if state.dispatches.scheduled.contains_key(&draft.key) {
        return Err(DispatchRefusal::ScheduledAlready(draft.key.clone()).into());
    }
    select(state, &draft.target, draft.side, now)?;
    Ok(vec![DispatchEvent::Scheduled { draft: Box::new(draft.clone()), at: whole_micros(at) }.into()])
}

pub(super) fn unschedule(state: &State, key: &str) -> Result<Vec<Event>, Refusal> {
    if !state.dispatches.scheduled.contains_key(key) {
        return Err(DispatchRefusal::NotScheduled(key.to_owned()).into());
    }
    Ok(vec![DispatchEvent::Unscheduled { key: key.to_owned() }.into()])
}

/// Opens what was scheduled, once its time has come. What can no longer be sent is taken off the list.
pub(super) fn start(state: &State, key: &str, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let scheduled = state.dispatches.scheduled.get(key);
    let (at, draft) = scheduled.ok_or_else(|| DispatchRefusal::NotScheduled(key.to_owned()))?;
    if now < *at {
        return Ok(Vec::new());
    }
    let mut events = unschedule(state, key)?;
    events.extend(open(state, draft, now).unwrap_or_default());
    Ok(events)
}

/// What is wrong with a draft whenever it is sent.
fn check(state: &State, draft: &DispatchDraft) -> Result<(), Refusal> {
    check_key(state, &draft.key)?;
    mail::check(&draft.template).map_err(DispatchRefusal::BadTemplate)?;
    if !draft.question.is_sound() {
        return Err(DispatchRefusal::BadQuestion.into());
    }
    if let Some(id) = draft.incident {
        let incident = state.incident(id).ok_or(Refusal::UnknownIncident(id))?;
        if incident.mode != draft.mode {
            return Err(DispatchRefusal::OtherMode { incident: id }.into());
        }
        let standing = state.incident(state.incidents.standing(id)).unwrap_or(incident);
        let sides = state.sides_of(standing);
        if !sides.is_empty() && !sides.contains(&draft.side) {
            return Err(DispatchRefusal::OtherHalf { incident: id }.into());
        }
    }
    Ok(())
}

pub(super) fn open(state: &State, draft: &DispatchDraft, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    open_in(Opening::new(state, now), draft)
}

/// Opens it under the number that `opening` gives.
pub(super) fn open_in(mut opening: Opening<'_>, draft: &DispatchDraft) -> Result<Vec<Event>, Refusal> {
    let (state, now) = (opening.state, opening.now);
    check(state, draft)?;
    if draft.mode == Mode::Drill
        && let Some(incident) = earnest::under_way(state, now)
    {
        return Err(DispatchRefusal::RealIncident { incident }.into());
    }
    let people = select(state, &draft.target, draft.side, now)?;
    if people.is_empty() {
        return Err(DispatchRefusal::NobodyAsked.into());
    }
    let known = draft.incident.map(|incident| state.incidents.standing(incident));
    let incident = known.unwrap_or_else(|| open_incident(&mut opening, draft));
    let asked = |person| Asked { person, gravity: None, places: places_of(state, person) };
    opening.dispatch(DispatchRecord {
        dispatch: state.dispatches.next_id(),
        key: draft.key.clone(),
        incident,
        rule: None,
        cause: None,
        aim: if draft.question.is_asked() { Aim::Safety } else { Aim::Information },
        decided: Decided::Composed,
        class: draft.class,
        follow_up: draft.follow_up,
        mode: draft.mode,
        title: draft.title.clone(),
        facts: draft.facts.clone(),
        template: draft.template.clone(),
        question: draft.question.clone(),
        origin: Origin::default(),
        opened: now,
        expires: now,
        asked: people.into_iter().map(asked).collect(),
    });
    Ok(opening.events)
}

pub(super) fn open_incident(opening: &mut Opening<'_>, draft: &DispatchDraft) -> IncidentId {
    let incident = opening.state.incidents.next_id();
    let summary = Summary::composed(&draft.title, &draft.facts, opening.now);
    let news = News { series: Vec::new(), prefectures: Vec::new(), summary, at: opening.now };
    opening.push(JudgingEvent::IncidentOpened { incident, mode: draft.mode, news, opened: opening.now });
    incident
}

/// Whether the key of a dispatch is free.
fn check_key(state: &State, key: &str) -> Result<(), DispatchRefusal> {
    match state.dispatches.of_key(key) {
        Some(dispatch) => Err(DispatchRefusal::SentAlready { key: key.to_owned(), dispatch }),
        None => Ok(()),
    }
}
