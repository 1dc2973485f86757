//! Deciding about rules and bulletins.

use jiff::Timestamp;

use super::bulletin;
use crate::command::{DispatchRefusal, JudgingCommand, Refusal};
use crate::event::{Event, JudgingEvent};
use crate::mail;
use crate::rule::Rule;
use crate::state::State;

pub(super) fn decide(state: &State, command: &JudgingCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match command {
        JudgingCommand::SetRule { rule } => set_rule(state, rule),
        JudgingCommand::TakeBulletin { bulletin, received } => Ok(bulletin::take(state, bulletin, *received, now)),
    }
}

fn set_rule(state: &State, rule: &Rule) -> Result<Vec<Event>, Refusal> {
    mail::check(&rule.template).map_err(DispatchRefusal::BadTemplate)?;
    if !rule.question.is_sound() {
        return Err(DispatchRefusal::BadQuestion.into());
    }
    let event = JudgingEvent::RuleSet(Box::new(rule.clone()));
    Ok(if state.rules().get(&rule.id) == Some(rule) { Vec::new() } else { vec![event.into()] })
}
