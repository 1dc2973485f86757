//! Deciding about dispatches that a node sends without the journal: once to send them, and once more to record them, on top of what
//! others recorded meanwhile. What was sent is recorded in any case.

use jiff::Timestamp;

use super::draft::{open_in, open_incident};
use super::opening::Opening;
use super::permit;
use crate::access::Actor;
use crate::apart::{Emergency, GAP, SPAN, Sent};
use crate::command::{AccountRefusal, Refusal};
use crate::dispatch::{Dispatch, DispatchRecord};
use crate::event::{AccountEvent, DispatchEvent, Event};
use crate::id::{DispatchId, IncidentId};
use crate::incident::Incident;
use crate::state::State;
use crate::timeline::whole_micros;

/// What is sent of a command that is an emergency; `None` if the same was asked for before. `chance` chooses its number.
///
/// # Errors
/// [`Refusal`] as by what this node knew last.
pub(crate) fn send_apart(
    state: &State,
    (by, node): (Actor, &str),
    emergency: &Emergency<'_>,
    chance: u32,
    now: Timestamp,
) -> Result<Option<Sent>, Refusal> {
    let draft = emergency.draft;
    permit(state, by, &crate::command::DispatchCommand::Open { draft: Box::new(draft.clone()) }.into(), now)?;
    let once = emergency.once.map(|once| (once.key, once.wish));
    if let Some((key, wish)) = once {
        match state.accounts().key_used(&key, now) {
            Some(known) if *known == wish => return Ok(None),
            Some(_) => return Err(AccountRefusal::OtherWish.into()),
            None => {}
        }
    }
    let at = whole_micros(now);
    let number = DispatchId(state.dispatches.next_id().0.saturating_add(GAP).saturating_add(chance % SPAN));
    let events = open_in(Opening::numbered(state, at, number), draft)?;
    let record = events.into_iter().find_map(|event| match event {
        Event::Dispatch(DispatchEvent::Opened(record)) => Some(*record),
        _ => None,
    });
    let of = |record| Sent { at, by, node: node.to_owned(), draft: draft.clone(), once, record };
    Ok(record.map(of))
}

/// What there is to record of something that was sent apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ToRecord {
    /// These events, as one.
    Events(Vec<Event>),
    /// Nothing: it is recorded already.
    Nothing,
    /// Its number belongs to something else.
    NumberTaken,
}

/// What is recorded at `recorded` of something that was sent apart; without, what its own node shows until then.
pub(crate) fn record_apart(state: &State, sent: &Sent, recorded: Option<Timestamp>) -> ToRecord {
    if let Some(there) = state.dispatch(sent.dispatch()) {
        let is_it = there.record().opened == sent.record.opened && state.apart(there.id()).is_some();
        return if is_it { ToRecord::Nothing } else { ToRecord::NumberTaken };
    }
    let against = recorded.and_then(|_| {
        let open = crate::command::DispatchCommand::Open { draft: Box::new(sent.draft.clone()) };
        super::decide_for(state, sent.by, &open.into(), sent.at).err()
    });
    let mut opening = Opening::numbered(state, sent.at, sent.dispatch());
    // First, so that no node ever sees the dispatch without it and sends its part of it.
    opening.push(DispatchEvent::SentApart {
        dispatch: sent.dispatch(),
        node: sent.node.clone(),
        recorded,
        against: against.map(|refusal| refusal.to_string()),
    });
    let twin = state.dispatches.of_key(&sent.record.key).and_then(|id| state.dispatch(id));
    let key = match twin {
        Some(_) => format!("{}/{}", sent.record.key, sent.dispatch()),
        None => sent.record.key.clone(),
    };
    if state.dispatches.scheduled.contains_key(&sent.draft.key) {
        // It was sent: it is not to be sent once more when the time to take it back is over.
        opening.push(DispatchEvent::Unscheduled { key: sent.draft.key.clone() });
    }
    let incident = incident(state, sent, twin).unwrap_or_else(|| open_incident(&mut opening, &sent.draft));
    opening.dispatch(DispatchRecord { key, incident, ..sent.record.clone() });
    if let Some((key, wish)) = sent.once
        && state.accounts().key_used(&key, sent.at).is_none()
    {
        opening.push(AccountEvent::KeyUsed { key, wish, at: sent.at });
    }
    ToRecord::Events(opening.events)
}

/// The incident that it belongs to now, if there is one: that of the draft, wherever merging has put it; else that of a dispatch of
/// the same key, so that one answer does for both.
fn incident(state: &State, sent: &Sent, twin: Option<&Dispatch>) -> Option<IncidentId> {
    let fits = |incident: &&Incident| incident.mode == sent.record.mode;
    let of_draft = sent.draft.incident.and_then(|id| state.incident(state.incidents.standing(id)));
    let of_twin = || twin.and_then(|twin| state.incident_of(twin.id()));
    of_draft.filter(fits).or_else(|| of_twin().filter(fits)).map(|incident| incident.id)
}

/// Gives a dispatch that was sent apart, and is in the journal, back to all nodes.
pub(super) fn rejoin(state: &State, dispatch: DispatchId, now: Timestamp) -> Vec<Event> {
    let is_due = state.apart(dispatch).is_some_and(|apart| apart.recorded.is_some() && !apart.rejoined);
    let event = DispatchEvent::Rejoined { dispatch, at: now };
    if is_due { vec![event.into()] } else { Vec::new() }
}
