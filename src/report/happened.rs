//! What the journal's rows of some time say that the present does not keep: log-ins, and why mails did not arrive.

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_dispatch::{
    AccountEvent, AccountId, AnswerEvent, DispatchEvent, DispatchId, Entry, Event, HealthEvent, JudgingEvent, MailEnd,
    PeopleEvent, RetentionEvent,
};

/// Counts of what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// Log-ins and repeated proofs that succeeded.
    pub entered: u32,
    /// Those that failed.
    pub failed: u32,
    /// The accounts that were used.
    pub accounts: BTreeSet<AccountId>,
    /// Mails that no carrier accepted: of which dispatch, how they ended and the engine's word for the cause.
    pub causes: BTreeMap<(DispatchId, MailEnd, String), u32>,
    /// How mails of a dispatch ended at a carrier.
    pub carriers: BTreeMap<(DispatchId, String), BTreeMap<MailEnd, u32>>,
    /// Telegrams that were judged.
    pub bulletins: u32,
    /// Answers, changed ones again.
    pub answers: u32,
    /// Rounds of probes to addresses.
    pub probes: u32,
    /// Changes to people, groups and addresses.
    pub people: u32,
    /// Changes to rules.
    pub rules: u32,
    /// Erasures, hand-overs and downloads of rosters.
    pub custody: u32,
}

impl Happened {
    /// Counts one more row.
    pub fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Account(event) => self.account(event),
            Event::Dispatch(DispatchEvent::OutcomesRecorded { dispatch, outcomes }) => {
                for outcome in outcomes {
                    let ends = self.carriers.entry((*dispatch, outcome.carrier.clone())).or_default();
                    *ends.entry(outcome.end).or_default() += 1;
                    if outcome.end != MailEnd::Accepted {
                        let cause = outcome.cause.clone().unwrap_or_default();
                        *self.causes.entry((*dispatch, outcome.end, cause)).or_default() += 1;
                    }
                }
            }
            Event::Judging(JudgingEvent::BulletinJudged(_)) => self.bulletins += 1,
            Event::Judging(JudgingEvent::RuleSet(_) | JudgingEvent::TableSet(_)) => self.rules += 1,
            Event::Answer(AnswerEvent::Given(_) | AnswerEvent::SelfReported(_)) => self.answers += 1,
            Event::Health(HealthEvent::ProbeOpened { .. }) => self.probes += 1,
            Event::People(event) => {
                self.people +=
                    u32::from(!matches!(event, PeopleEvent::RosterTaken { .. } | PeopleEvent::LinksHandedOut { .. }))
            }
            Event::Retention(
                RetentionEvent::PersonErased { .. }
                | RetentionEvent::HandedOver { .. }
                | RetentionEvent::RosterExported { .. },
            ) => self.custody += 1,
            _ => {}
        }
    }

    fn account(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Entered { account, .. } => {
                self.entered += 1;
                self.accounts.insert(*account);
            }
            AccountEvent::Failed { .. } => self.failed += 1,
            _ => {}
        }
    }

    /// The causes of mails that were not accepted, of these dispatches, the most frequent first.
    pub fn causes_of(&self, is_meant: impl Fn(DispatchId) -> bool) -> Vec<(MailEnd, String, u32)> {
        let mut summed: BTreeMap<(MailEnd, &str), u32> = BTreeMap::new();
        for ((dispatch, end, cause), count) in &self.causes {
            if is_meant(*dispatch) {
                *summed.entry((*end, cause)).or_default() += count;
            }
        }
        let mut rows: Vec<_> = summed.into_iter().map(|((end, cause), count)| (end, cause.to_owned(), count)).collect();
        rows.sort_by_key(|(.., count)| std::cmp::Reverse(*count));
        rows
    }

    /// How mails of these dispatches ended, by carrier.
    pub fn carriers_of(&self, is_meant: impl Fn(DispatchId) -> bool) -> BTreeMap<&str, BTreeMap<MailEnd, u32>> {
        let mut summed: BTreeMap<&str, BTreeMap<MailEnd, u32>> = BTreeMap::new();
        for ((dispatch, carrier), ends) in &self.carriers {
            if is_meant(*dispatch) {
                let sum = summed.entry(carrier).or_default();
                ends.iter().for_each(|(end, count)| *sum.entry(*end).or_default() += count);
            }
        }
        summed
    }
}
