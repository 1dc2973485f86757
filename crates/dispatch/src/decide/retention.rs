//! Deciding about what is kept, returned and erased.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::access::Guarded;
use crate::command::{Refusal, RetentionCommand, RetentionRefusal};
use crate::event::{Event, RetentionEvent};
use crate::id::IncidentId;
use crate::incident::Incident;
use crate::mail::Mode;
use crate::retention::{Approval, Schedule};
use crate::state::State;

pub(super) fn decide(state: &State, command: &RetentionCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match command {
        RetentionCommand::ErasePerson { person } => {
            let found = state.people().find(*person).ok_or(Refusal::UnknownPerson(*person))?;
            if state.is_erased(found.id) {
                return Err(RetentionRefusal::Erased(found.id).into());
            }
            let by = agreed(state, Guarded::Erase { person: found.id }, now)?;
            Ok(vec![RetentionEvent::PersonErased { person: found.id, by }.into()])
        }
        RetentionCommand::HandOver { recipient } => {
            let by = agreed(state, Guarded::HandOver, now)?;
            Ok(vec![RetentionEvent::HandedOver { recipient: *recipient, by }.into()])
        }
        RetentionCommand::ExportRoster { side } => {
            let by = agreed(state, Guarded::Export { side: *side }, now)?;
            Ok(vec![RetentionEvent::RosterExported { side: *side, by }.into()])
        }
        RetentionCommand::Forget { schedule } => Ok(due(state, schedule, now).into_iter().map(Event::from).collect()),
    }
}

/// The two who agreed to this, each with an account of their own, and not too long ago.
pub(crate) fn agreed(state: &State, what: Guarded, now: Timestamp) -> Result<Approval, RetentionRefusal> {
    let (asked, approved) = state.access().agreed(what, now).ok_or(RetentionRefusal::NotAgreed)?;
    match (asked.account(), approved.account()) {
        (Some(requested_by), Some(approved_by)) => Ok(Approval { requested_by, approved_by }),
        _ => Err(RetentionRefusal::NotAgreed),
    }
}

/// What the schedule says is to be forgotten at `now`, oldest first; each is gone when its event is applied.
#[must_use]
pub fn due(state: &State, schedule: &Schedule, now: Timestamp) -> Vec<RetentionEvent> {
    let since = |days: u32| now - SignedDuration::from_hours(i64::from(days) * 24);
    let last_days = last_days(state);
    let over = |incident: &&Incident| {
        let days = if incident.mode == Mode::Real { schedule.incidents_days } else { schedule.drills_days };
        last_days.get(&incident.id).is_some_and(|last| *last < since(days))
    };
    let forget = |incident: &Incident| RetentionEvent::IncidentForgotten {
        incident: incident.id,
        dispatches: incident.dispatches.clone(),
    };
    let mut events: Vec<RetentionEvent> = state.incidents().filter(over).map(forget).collect();
    let before = since(schedule.bulletins_days);
    if state.judgements().iter().any(|judgement| judgement.incident.is_none() && judgement.judged < before) {
        events.push(RetentionEvent::BulletinsForgotten { before });
    }
    events
}

/// From when on nothing of each incident can be answered any more. What was merged or split is one family, whose rows speak
/// of each other: it is kept until the last of it may go, and then goes as a whole.
fn last_days(state: &State) -> BTreeMap<IncidentId, Timestamp> {
    let mut last: BTreeMap<IncidentId, Timestamp> =
        state.incidents().map(|it| (it.id, own_last_day(state, it))).collect();
    let of =
        |it: &Incident| it.merged_into.into_iter().chain(it.split_from).map(|other| [it.id, other]).collect::<Vec<_>>();
    let related: Vec<[IncidentId; 2]> = state.incidents().flat_map(of).collect();
    let mut settled = false;
    while !settled {
        settled = true;
        for pair in &related {
            let later = pair.iter().filter_map(|id| last.get(id)).max().copied();
            for id in pair {
                if let Some(day) = last.get_mut(id).filter(|day| Some(**day) < later) {
                    *day = later.unwrap_or(*day);
                    settled = false;
                }
            }
        }
    }
    last
}

/// From when on none of its own dispatches can be answered any more.
fn own_last_day(state: &State, incident: &Incident) -> Timestamp {
    let ends = incident.dispatches.iter().filter_map(|id| Some(state.dispatch(*id)?.record().expires));
    ends.max().unwrap_or(incident.opened)
}
