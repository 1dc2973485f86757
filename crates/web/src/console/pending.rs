//! Rosters that were uploaded and looked at, and wait for their account to say that they are to be taken.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hikyaku_dispatch::{AccountId, RosterImport};
use jiff::{SignedDuration, Timestamp};

/// How long one waits: afterwards the people it was compared with may be others.
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// The last roster of each account; in memory only, for it holds addresses.
#[derive(Default)]
pub(crate) struct Pending(Mutex<HashMap<AccountId, (Timestamp, RosterImport)>>);

impl Pending {
    /// Keeps a roster in the place of the account's last one.
    pub(crate) fn keep(&self, account: AccountId, import: RosterImport, now: Timestamp) {
        let mut kept = self.lock();
        kept.retain(|_, (at, _)| now < *at + LIFETIME);
        kept.insert(account, (now, import));
    }

    /// The account's roster, if it was looked at a short while ago.
    pub(crate) fn of(&self, account: AccountId, now: Timestamp) -> Option<RosterImport> {
        self.lock().get(&account).filter(|(at, _)| now < *at + LIFETIME).map(|(_, import)| import.clone())
    }

    /// Forgets it.
    pub(crate) fn forget(&self, account: AccountId) {
        self.lock().remove(&account);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, (Timestamp, RosterImport)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
