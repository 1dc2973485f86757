//! Deciding about rules, bulletins and incidents.

use jiff::Timestamp;

use super::{bulletin, parts, proposal};
use crate::access::Actor;
use crate::command::{DispatchRefusal, JudgingCommand, JudgingRefusal, Refusal};
use crate::event::{Event, JudgingEvent};
use crate::id::RuleId;
use crate::mail;
use crate::rule::{Aim, Rule, Sending, Table, Who};
use crate::state::State;

pub(super) fn decide(
    state: &State,
    actor: Actor,
    command: &JudgingCommand,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match command {
        JudgingCommand::SetRule { rule } => set_rule(state, rule),
        JudgingCommand::SetTable { table } => Ok(set_table(state, table)),
        JudgingCommand::SetEscalation { rule, minutes } => set_escalation(state, *rule, *minutes),
        JudgingCommand::TakeBulletin { bulletin, fate, received, present } => {
            Ok(bulletin::take(state, bulletin, *fate, (*received, *present), now))
        }
        JudgingCommand::Approve { proposal } => proposal::approve(state, actor, *proposal, now),
        JudgingCommand::Reject { proposal } => proposal::reject(state, actor, *proposal),
        JudgingCommand::CallNext { proposal } => proposal::call_next(state, *proposal, now),
        JudgingCommand::Settle { proposal } => proposal::settle(state, *proposal, now),
        JudgingCommand::Merge { from, into } => parts::merge(state, *from, *into),
        JudgingCommand::Split { incident, series } => parts::split(state, *incident, series, now),
    }
}

fn set_rule(state: &State, rule: &Rule) -> Result<Vec<Event>, Refusal> {
    mail::check(&rule.template).map_err(DispatchRefusal::BadTemplate)?;
    if !rule.question.is_sound() {
        return Err(DispatchRefusal::BadQuestion.into());
    }
    if rule.aim == Aim::Safety && !rule.question.is_asked() {
        return Err(JudgingRefusal::NothingAsked.into());
    }
    if matches!(&rule.sending, Sending::Hold(hold) if hold.approvers.is_empty()) {
        return Err(JudgingRefusal::NoApprover.into());
    }
    if let Who::Table(table) = rule.who
        && state.table(table).is_none()
    {
        return Err(JudgingRefusal::UnknownTable(table).into());
    }
    let event = JudgingEvent::RuleSet(Box::new(rule.clone()));
    Ok(if state.rules().get(&rule.id) == Some(rule) { Vec::new() } else { vec![event.into()] })
}

fn set_escalation(state: &State, rule: Option<RuleId>, minutes: u32) -> Result<Vec<Event>, Refusal> {
    if let Some(unknown) = rule.filter(|rule| !state.rules().contains_key(rule)) {
        return Err(JudgingRefusal::UnknownRule(unknown).into());
    }
    let event = JudgingEvent::EscalationSet { rule, minutes };
    Ok(if state.escalation(rule) == minutes { Vec::new() } else { vec![event.into()] })
}

fn set_table(state: &State, table: &Table) -> Vec<Event> {
    let event = JudgingEvent::TableSet(Box::new(table.clone()));
    if state.table(table.id) == Some(table) { Vec::new() } else { vec![event.into()] }
}
