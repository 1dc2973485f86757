//! Deciding about dispatches and their mails.

use jiff::Timestamp;

use super::draft;
use crate::command::{AnswerRefusal, DispatchCommand, Refusal};
use crate::dispatch::MailOutcome;
use crate::event::{DispatchEvent, Event};
use crate::health::Occasion;
use crate::id::DispatchId;
use crate::state::State;

pub(super) fn decide(state: &State, command: &DispatchCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match command {
        DispatchCommand::Open { draft } => draft::open(state, draft, now),
        DispatchCommand::MarkQueued { dispatch } => {
            let dispatch = state.dispatch(*dispatch).ok_or(Refusal::UnknownDispatch(*dispatch))?;
            let event = DispatchEvent::Queued { dispatch: dispatch.id(), at: now };
            Ok(if dispatch.timeline().queued.is_none() { vec![event.into()] } else { Vec::new() })
        }
        DispatchCommand::RecordOutcomes { dispatch, outcomes } => record_outcomes(state, *dispatch, outcomes),
    }
}

fn record_outcomes(state: &State, dispatch: DispatchId, outcomes: &[MailOutcome]) -> Result<Vec<Event>, Refusal> {
    let known = state.dispatch(dispatch).ok_or(Refusal::UnknownDispatch(dispatch))?;
    if let Some(stranger) = outcomes.iter().find(|outcome| !known.is_asked(outcome.person)) {
        return Err(AnswerRefusal::NotAsked { person: stranger.person, dispatch }.into());
    }
    let is_new = |outcome: &&MailOutcome| known.mail_end(outcome.person, outcome.place) != Some(outcome.end);
    let outcomes: Vec<MailOutcome> = outcomes.iter().filter(is_new).cloned().collect();
    if outcomes.is_empty() {
        return Ok(Vec::new());
    }
    let observed = super::health::observed(state, Occasion::Dispatch(dispatch), &outcomes);
    let mut events = vec![DispatchEvent::OutcomesRecorded { dispatch, outcomes }.into()];
    events.extend(observed);
    Ok(events)
}
