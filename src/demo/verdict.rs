//! The carriers' own ledger against what was reported: lost, twice, and whether each end is the same.

use std::collections::{HashMap, HashSet};

use hikyaku_core::Address;
use hikyaku_mock::End;

use super::stage::Stage;
use crate::account::Account;

/// What the comparison found.
pub struct Verdict {
    /// Reported as accepted, and no carrier has it.
    pub lost: u64,
    /// Mails that carriers hold beyond the first of each recipient.
    pub duplicates: u64,
    /// Duplicates whose reply the carrier did send: these are our own fault.
    pub careless: u64,
}

impl Verdict {
    /// Nothing lost, and nothing there twice but where the carrier swallowed its reply.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.careless == 0
    }
}

/// Compares the account with the ledger.
pub fn compare(stage: &Stage, account: &Account) -> Verdict {
    let mut held: HashMap<String, (u32, u32)> = HashMap::new();
    for fate in stage.ledger().fates() {
        if let End::Accepted { times, reply_lost } = fate.end {
            held.insert(fate.rcpt, (times, reply_lost));
        }
    }
    let accepted: HashSet<String> =
        account.accepted().filter_map(|id| stage.address_of(id)).map(|a| bare(&a)).collect();
    let lost = accepted.iter().filter(|address| !held.contains_key(*address)).count() as u64;
    let unknown_ids = account.accepted().filter(|id| stage.address_of(id).is_none()).count() as u64;
    let duplicates = held.values().map(|(times, _)| u64::from(times.saturating_sub(1))).sum();
    let careless = held.values().filter(|(times, lost)| times.saturating_sub(1) > *lost).count() as u64;
    Verdict { lost: lost + unknown_ids, duplicates, careless }
}

/// The address as the ledger writes it: without the quotes of a legacy local part.
fn bare(address: &str) -> String {
    Address::parse(address).map_or_else(|_| address.to_string(), |a| format!("{}@{}", a.local(), a.domain()))
}
