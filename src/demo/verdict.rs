//! The carriers' own ledger against what was reported: lost, twice, and whether each end is the same.

use std::collections::HashMap;

use hikyaku_core::{Address, Cause, Settlement};
use hikyaku_mock::End;

use super::stage::Stage;
use crate::account::{Account, MailFate};

/// What the comparison found.
pub struct Verdict {
    /// Reported as accepted, and no carrier has it.
    pub lost: u64,
    /// Mails that carriers hold beyond the first of each recipient.
    pub duplicates: u64,
    /// Duplicates whose reply the carrier did send: these are our own fault.
    pub careless: u64,
    /// Recipients whose end the ledger and the account tell differently, other than the lost.
    pub differing: u64,
}

impl Verdict {
    /// Nothing lost, nothing told wrongly, and nothing there twice but where the carrier swallowed its reply.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.careless == 0 && self.differing == 0
    }

    /// The comparison in a line.
    pub fn words(&self) -> String {
        let differing = match self.differing {
            0 => String::new(),
            n => format!("  台帳との不一致 {n}"),
        };
        format!("紛失 {}  重複 {}{differing}（キャリア側の台帳と照合）", self.lost, self.duplicates)
    }
}

/// Compares the account with the ledger, recipient by recipient.
pub fn compare(stage: &Stage, account: &Account) -> Verdict {
    let mut ends: HashMap<String, End> = stage.ledger().fates().into_iter().map(|fate| (fate.rcpt, fate.end)).collect();
    let mut verdict = Verdict { lost: 0, duplicates: 0, careless: 0, differing: 0 };
    for end in ends.values() {
        if let End::Accepted { times, reply_lost } = end {
            let beyond = times.saturating_sub(1);
            verdict.duplicates += u64::from(beyond);
            verdict.careless += u64::from(beyond > *reply_lost);
        }
    }
    for fate in account.fates() {
        let end = stage.address_of(fate.id).and_then(|address| ends.remove(&bare(&address)));
        let is_held = matches!(end, Some(End::Accepted { .. }));
        verdict.lost += u64::from(fate.settlement == Some(Settlement::Accepted) && !is_held);
        verdict.differing += u64::from(differs(end, &fate));
    }
    // The call to the approver is no part of the account.
    if let Some(approver) = stage.approver() {
        ends.remove(approver);
    }
    // After an interrupt there are attempts whose records were not read; else whatever is left was never reported.
    if account.is_complete() {
        verdict.differing += ends.values().filter(|end| **end != End::Open).count() as u64;
    }
    verdict
}

/// Whether a settled mail is told otherwise than in the ledger; accepted but not held is lost, and counted there.
fn differs(end: Option<End>, fate: &MailFate<'_>) -> bool {
    let Some(settlement) = fate.settlement else { return false };
    let cause = fate.cause.filter(|_| settlement == Settlement::Bounced);
    match end {
        Some(End::Accepted { times, .. }) => {
            let is_told = match settlement {
                Settlement::Accepted => true,
                Settlement::Bounced => false,
                Settlement::Expired | Settlement::Cancelled | Settlement::Unknown => fate.doubts > 0,
            };
            !is_told || u64::from(times.saturating_sub(1)) > fate.doubts
        }
        Some(End::Filtered) => settlement == Settlement::Bounced && cause != Some(Cause::Filtered),
        Some(End::Unknown) => settlement == Settlement::Bounced && cause != Some(Cause::UnknownUser),
        Some(End::Open) | None => matches!(cause, Some(Cause::Filtered | Cause::UnknownUser)),
    }
}

/// The address as the ledger writes it: without the quotes of a legacy local part.
fn bare(address: &str) -> String {
    Address::parse(address).map_or_else(|_| address.to_string(), |a| format!("{}@{}", a.local(), a.domain()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(settlement: Settlement, cause: Option<Cause>, doubts: u64) -> MailFate<'static> {
        MailFate { id: "p1-1", settlement: Some(settlement), cause, doubts }
    }

    const HELD: Option<End> = Some(End::Accepted { times: 1, reply_lost: 0 });
    const TWICE: Option<End> = Some(End::Accepted { times: 2, reply_lost: 1 });

    #[test]
    fn a_mail_that_a_carrier_holds_is_not_reported_as_bounced() {
        assert!(differs(HELD, &fate(Settlement::Bounced, Some(Cause::UnknownUser), 1)));
        assert!(!differs(HELD, &fate(Settlement::Accepted, None, 0)));
    }

    #[test]
    fn each_duplicate_was_reported_in_doubt() {
        assert!(differs(TWICE, &fate(Settlement::Accepted, None, 0)));
        assert!(!differs(TWICE, &fate(Settlement::Accepted, None, 1)));
    }

    #[test]
    fn a_held_mail_that_was_given_up_was_in_doubt() {
        assert!(differs(HELD, &fate(Settlement::Expired, None, 0)));
        assert!(!differs(HELD, &fate(Settlement::Unknown, None, 1)));
    }

    #[test]
    fn a_filter_is_not_an_unknown_address() {
        for (end, cause, differ) in [
            (Some(End::Filtered), Cause::Filtered, false),
            (Some(End::Filtered), Cause::UnknownUser, true),
            (Some(End::Unknown), Cause::UnknownUser, false),
            (Some(End::Unknown), Cause::Filtered, true),
            (Some(End::Open), Cause::UnknownUser, true),
            (None, Cause::NoMail, false),
        ] {
            assert_eq!(differs(end, &fate(Settlement::Bounced, Some(cause), 0)), differ, "{end:?} {cause:?}");
        }
    }

    #[test]
    fn a_mail_that_has_not_settled_tells_nothing_yet() {
        assert!(!differs(TWICE, &MailFate { settlement: None, ..fate(Settlement::Accepted, None, 0) }));
    }
}
