//! Deciding about dispatches and their mails.

use jiff::Timestamp;

use super::{apart, draft, followup};
use crate::access::Actor;
use crate::brake::{BrakeChange, CARRIER_CHARS_MAX, PACE_PER_1000_S};
use crate::command::{AnswerRefusal, DispatchCommand, DispatchRefusal, Refusal};
use crate::dispatch::{Dispatch, MailEnd, MailOutcome};
use crate::event::{DispatchEvent, Event};
use crate::health::Occasion;
use crate::id::DispatchId;
use crate::state::State;

pub(super) fn decide(
    state: &State,
    actor: Actor,
    command: &DispatchCommand,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match command {
        DispatchCommand::Open { draft } => draft::open(state, draft, now),
        DispatchCommand::Schedule { draft, at } => draft::schedule(state, draft, *at, now),
        DispatchCommand::Unschedule { key } => draft::unschedule(state, key),
        DispatchCommand::Start { key } => draft::start(state, key, now),
        DispatchCommand::Resend { dispatch } => followup::resend(state, known(state, *dispatch)?, now),
        DispatchCommand::TryNextAddress { dispatch, people } => {
            followup::next_address(known(state, *dispatch)?, people, now)
        }
        DispatchCommand::FollowUp { dispatch } => Ok(followup::whatever_is_due(state, known(state, *dispatch)?, now)),
        DispatchCommand::Cancel { dispatch } => {
            let dispatch = known(state, *dispatch)?;
            let event = DispatchEvent::Cancelled { dispatch: dispatch.id(), at: now };
            Ok(if dispatch.is_cancelled() { Vec::new() } else { vec![event.into()] })
        }
        DispatchCommand::Close { dispatch } => {
            let dispatch = known(state, *dispatch)?;
            let event = DispatchEvent::Closed { dispatch: dispatch.id(), at: now };
            Ok(if dispatch.is_open(now) { vec![event.into()] } else { Vec::new() })
        }
        DispatchCommand::MarkQueued { dispatch, round } => {
            let dispatch = known(state, *dispatch)?;
            let event = DispatchEvent::Queued { dispatch: dispatch.id(), round: *round, at: now };
            let is_known = dispatch.is_queued(*round) || usize::from(*round) > dispatch.rounds().len();
            Ok(if is_known { Vec::new() } else { vec![event.into()] })
        }
        DispatchCommand::RecordOutcomes { dispatch, outcomes } => {
            record_outcomes(state, known(state, *dispatch)?, outcomes)
        }
        DispatchCommand::NoteListTaken { dispatch } => {
            let dispatch = known(state, *dispatch)?;
            let event = DispatchEvent::ListTaken { dispatch: dispatch.id(), at: now };
            let is_new = dispatch.unreached().is_some() && dispatch.list_taken().is_none();
            Ok(if is_new { vec![event.into()] } else { Vec::new() })
        }
        DispatchCommand::NoteMeasure { dispatch, measure } => {
            let dispatch = known(state, *dispatch)?.id();
            Ok(vec![DispatchEvent::MeasureNoted { dispatch, measure: measure.clone() }.into()])
        }
        DispatchCommand::Rejoin { dispatch } => Ok(apart::rejoin(state, known(state, *dispatch)?.id(), now)),
        DispatchCommand::BrakeCarrier { carrier, change } => brake(state, actor, (carrier, *change), now),
    }
}

fn brake(
    state: &State,
    by: Actor,
    (carrier, change): (&str, BrakeChange),
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let is_possible = !matches!(change, BrakeChange::Limit(Some(pace)) if !PACE_PER_1000_S.contains(&pace));
    if !is_possible || !(1..=CARRIER_CHARS_MAX).contains(&carrier.chars().count()) {
        return Err(DispatchRefusal::BadPace.into());
    }
    let before = state.brakes().get(carrier).copied().unwrap_or_default();
    let brake = before.with(change);
    let event = DispatchEvent::CarrierHeld { carrier: carrier.to_owned(), brake, by, at };
    Ok(if brake == before { Vec::new() } else { vec![event.into()] })
}

fn known(state: &State, id: DispatchId) -> Result<&Dispatch, Refusal> {
    state.dispatch(id).ok_or(Refusal::UnknownDispatch(id))
}

fn record_outcomes(state: &State, dispatch: &Dispatch, outcomes: &[MailOutcome]) -> Result<Vec<Event>, Refusal> {
    if let Some(stranger) = outcomes.iter().find(|outcome| !dispatch.is_asked(outcome.person)) {
        return Err(AnswerRefusal::NotAsked { person: stranger.person, dispatch: dispatch.id() }.into());
    }
    let is_new = |it: &&MailOutcome| match dispatch.mail_end_in(it.round, it.person, it.place) {
        // A report can be faster than the record that the carrier had taken the mail, and says more.
        Some(MailEnd::Bounced) => !matches!(it.end, MailEnd::Bounced | MailEnd::Accepted),
        known => known != Some(it.end),
    };
    let outcomes: Vec<MailOutcome> = outcomes.iter().filter(is_new).cloned().collect();
    if outcomes.is_empty() {
        return Ok(Vec::new());
    }
    let observed = super::health::observed(state, Occasion::Dispatch(dispatch.id()), &outcomes);
    let mut events = vec![DispatchEvent::OutcomesRecorded { dispatch: dispatch.id(), outcomes }.into()];
    events.extend(observed);
    Ok(events)
}
