//! Who stands behind an account: its owner, and whoever had it in hand lately. What two must agree to needs two human beings,
//! and whoever can give somebody else's account a password can be both of them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::id::{AccountId, PersonId};
use crate::state::State;

/// Whether one human being may stand behind both: by one account, by two accounts of one person, or because one of them gave
/// the other its password or took its second factor away, and the owner has not had it back for long enough
/// ([`Account::hands`](crate::Account::hands)).
pub(crate) fn is_one_person(state: &State, one: &[AccountId], other: &[AccountId], now: Timestamp) -> bool {
    let (one, other) = (behind(state, one, now), behind(state, other, now));
    !one.is_disjoint(&other) || !people(state, &one).is_disjoint(&people(state, &other))
}

/// These accounts, and those that had one of them in hand, and those that had these.
fn behind(state: &State, accounts: &[AccountId], now: Timestamp) -> BTreeSet<AccountId> {
    let mut found: BTreeSet<AccountId> = BTreeSet::new();
    let mut next: Vec<AccountId> = accounts.to_vec();
    while let Some(account) = next.pop() {
        if found.insert(account) {
            next.extend(state.accounts().find(account).into_iter().flat_map(|account| account.hands(now)));
        }
    }
    found
}

fn people(state: &State, accounts: &BTreeSet<AccountId>) -> BTreeSet<PersonId> {
    accounts.iter().filter_map(|account| state.accounts().find(*account)?.person).collect()
}
