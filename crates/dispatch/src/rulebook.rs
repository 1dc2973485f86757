//! Rules, tables of targets and escalations as one document: taken out, changed, tried and brought back.

use hikyaku_bulletin::Intensity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::{JudgingCommand, Refusal};
use crate::decide::decide;
use crate::id::RuleId;
use crate::rule::{Rule, Table};
use crate::state::State;

/// What decides who is mailed about what. In a document, whatever has a known number replaces it, and the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBook {
    /// Targets by prefecture, which rules name.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// The rules.
    pub rules: Vec<Rule>,
    /// When managers are told of those who do not answer.
    #[serde(default)]
    pub escalations: Vec<Escalation>,
}

/// After how long managers are told of those who do not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Of dispatches of which rule; `None` for those that people compose.
    pub rule: Option<RuleId>,
    /// 0 for never.
    pub minutes: u32,
}

impl RuleBook {
    /// What holds now; a system without rules has one to begin with: 震度６弱以上, everybody who lives or works there.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut rules: Vec<Rule> = state.rules().values().cloned().collect();
        if rules.is_empty() {
            rules.push(Rule::safety(RuleId(1), Intensity::SixLower));
        }
        let told = std::iter::once(None).chain(state.rules().keys().copied().map(Some));
        let told = told.map(|rule| Escalation { rule, minutes: state.escalation(rule) });
        let escalations = told.filter(|it| it.minutes > 0).collect();
        RuleBook { tables: state.tables().cloned().collect(), rules, escalations }
    }

    /// What brings it in, in this order: tables first, for rules name them.
    pub fn commands(self) -> impl Iterator<Item = JudgingCommand> {
        let tables = self.tables.into_iter().map(|table| JudgingCommand::SetTable { table });
        let rules = self.rules.into_iter().map(|rule| JudgingCommand::SetRule { rule: Box::new(rule) });
        let told = self.escalations.into_iter();
        let told = told.map(|Escalation { rule, minutes }| JudgingCommand::SetEscalation { rule, minutes });
        tables.chain(rules).chain(told)
    }

    /// What the present would be with it, without anything having happened.
    ///
    /// # Errors
    /// [`Refusal`] says what of it would not be taken.
    pub fn tried(self, state: &State, now: Timestamp) -> Result<State, Refusal> {
        let mut state = state.clone();
        for command in self.commands() {
            let events = decide(&state, &command.into(), now)?;
            events.iter().for_each(|event| state.apply(event));
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::JudgingRefusal;

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn what_is_taken_out_and_brought_back_changes_nothing() {
        let book = RuleBook::of(&State::default());
        let once = book.clone().tried(&State::default(), now()).unwrap();
        assert_eq!(once.rules().len(), 1);
        let again = RuleBook::of(&once).tried(&once, now()).unwrap();
        assert_eq!(again, once);
    }

    #[test]
    fn what_is_not_taken_is_refused_when_it_is_tried() {
        let mut book = RuleBook::of(&State::default());
        book.rules[0].question = crate::question::Question::none();
        let refused = book.tried(&State::default(), now());
        assert_eq!(refused.unwrap_err(), JudgingRefusal::NothingAsked.into());
    }
}
