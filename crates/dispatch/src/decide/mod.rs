//! Deciding: a command and the present become events or a refusal; pure, so it can be done again after a conflict.

mod answer;
mod bulletin;
mod draft;
mod people;

use jiff::Timestamp;

use crate::access::{self, Actor};
use crate::command::{Command, Refusal};
use crate::event::Event;
use crate::mail;
use crate::rule::Rule;
use crate::state::State;
use crate::timeline::whole_micros;

/// What `command` makes happen at `now`; an empty list if nothing new.
///
/// # Errors
/// [`Refusal`] says why not, and what to do; nothing of the command happens then.
pub fn decide(state: &State, command: &Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let now = whole_micros(now);
    match command {
        Command::ImportPeople { people } => people::import(state, people),
        Command::SetRule { rule } => set_rule(state, rule),
        Command::TakeBulletin { bulletin, received } => Ok(bulletin::take(state, bulletin, *received, now)),
        Command::OpenDispatch { draft } => draft::open(state, draft, now),
        Command::MarkQueued { dispatch } => {
            let dispatch = state.dispatch(*dispatch).ok_or(Refusal::UnknownDispatch(*dispatch))?;
            let event = Event::DispatchQueued { dispatch: dispatch.id(), at: now };
            Ok(if dispatch.timeline().queued.is_none() { vec![event] } else { Vec::new() })
        }
        Command::RecordOutcomes { dispatch, outcomes } => answer::outcomes(state, *dispatch, outcomes),
        Command::Answer { dispatch, person, choice, comment, via } => {
            let given = answer::Given { dispatch: *dispatch, person: *person, choice: *choice, comment, via: *via };
            answer::answer(state, &given, now)
        }
        Command::RevokeLinks { person } => {
            let person = state.people().find(*person).ok_or(Refusal::UnknownPerson(*person))?;
            let links_from = person.links_from.saturating_add(1);
            Ok(vec![Event::LinksRevoked { person: person.id, links_from }])
        }
    }
}

/// [`decide`], if `actor` may.
pub(crate) fn decide_for(
    state: &State,
    actor: Actor,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if access::may(actor, command) { decide(state, command, now) } else { Err(Refusal::NotAllowed) }
}

fn set_rule(state: &State, rule: &Rule) -> Result<Vec<Event>, Refusal> {
    mail::check(&rule.template).map_err(Refusal::BadTemplate)?;
    if !rule.question.is_sound() {
        return Err(Refusal::BadQuestion);
    }
    let event = Event::RuleSet(Box::new(rule.clone()));
    Ok(if state.rules().get(&rule.id) == Some(rule) { Vec::new() } else { vec![event] })
}
