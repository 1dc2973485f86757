//! How long what is kept: a schedule per kind of data, and what it says is due (requirement S18). Pure.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::RetentionEvent;
use crate::id::AccountId;
use crate::incident::Incident;
use crate::mail::Mode;
use crate::state::State;

/// Two people who together may do what nobody may alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who asked for it.
    pub requested_by: AccountId,
    /// Who looked at it and agreed.
    pub approved_by: AccountId,
}

/// How long each kind of data is kept, in days; from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Bulletins that no incident came of, counted from their judgement.
    pub bulletins_days: u32,
    /// Incidents in earnest with their bulletins, dispatches, outcomes and answers, counted from the day on which the
    /// last dispatch could no longer be answered.
    pub incidents_days: u32,
    /// The same for drills and tests.
    pub drills_days: u32,
}

impl Default for Schedule {
    /// A year for what concerned nobody, five for incidents, three for drills.
    fn default() -> Self {
        Schedule { bulletins_days: 365, incidents_days: 5 * 365, drills_days: 3 * 365 }
    }
}

/// What the schedule says is to be forgotten at `now`, oldest first; each is gone when its event is applied.
#[must_use]
pub fn due(state: &State, schedule: &Schedule, now: Timestamp) -> Vec<RetentionEvent> {
    let since = |days: u32| now - SignedDuration::from_hours(i64::from(days) * 24);
    let over = |incident: &&Incident| {
        let days = if incident.mode == Mode::Real { schedule.incidents_days } else { schedule.drills_days };
        last_day(state, incident) < since(days)
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

/// From when on nothing of the incident can be answered any more.
fn last_day(state: &State, incident: &Incident) -> Timestamp {
    let ends = incident.dispatches.iter().filter_map(|id| Some(state.dispatch(*id)?.record().expires));
    ends.max().unwrap_or(incident.opened)
}
