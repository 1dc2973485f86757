//! What is known of accounts of the console.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Door, Names, Proof};
use crate::event::AccountEvent;
use crate::id::{AccountId, PersonId};

/// All accounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts {
    by_id: BTreeMap<AccountId, Account>,
    by_login: BTreeMap<String, AccountId>,
    /// Numbers are given once, also those of closed accounts.
    last: u32,
}

impl Accounts {
    /// An account by number.
    #[must_use]
    pub fn find(&self, id: AccountId) -> Option<&Account> {
        self.by_id.get(&id)
    }

    /// The account with this log-in name, in whatever case it is typed.
    #[must_use]
    pub fn by_login(&self, login: &str) -> Option<&Account> {
        self.by_id.get(self.by_login.get(&login.to_lowercase())?)
    }

    /// All of them in the order in which they were opened.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values()
    }

    /// The number that a new account would get.
    pub(crate) fn next_id(&self) -> AccountId {
        AccountId(self.last + 1)
    }

    pub(super) fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { account, names, person } => self.open(*account, names.open(), *person),
            AccountEvent::PasswordSet { account, password, by_other, at } => self.change(*account, |it| {
                it.password = password.open().cloned();
                it.must_change = *by_other;
                if *by_other {
                    it.sessions_from = *at;
                }
            }),
            AccountEvent::FactorSet { account, factor } => self.change(*account, |it| {
                it.factor = factor.open().cloned();
                it.used_codes.clear();
            }),
            AccountEvent::FactorCleared { account, at } => self.change(*account, |it| {
                it.factor = None;
                it.used_codes.clear();
                it.sessions_from = *at;
            }),
            AccountEvent::Entered { account, source, proof, at } => self.change(*account, |it| {
                it.door.enter(source, *at);
                it.last_login = Some(*at);
                match proof {
                    Proof::PasswordOnly => {}
                    Proof::Code { step } => (it.last_step, it.last_code) = (*step, Some(*at)),
                    Proof::Recovery { place } => drop(it.used_codes.insert(*place)),
                }
            }),
            AccountEvent::Failed { account, source, at } => self.change(*account, |it| it.door.fail(source, *at)),
            AccountEvent::Unlocked { account } => self.change(*account, |it| it.door.unlock()),
            AccountEvent::Suspended { account, suspended, at } => self.change(*account, |it| {
                it.suspended = *suspended;
                it.sessions_from = *at;
            }),
            AccountEvent::SessionsEnded { account, at } => self.change(*account, |it| it.sessions_from = *at),
            AccountEvent::Handled { account, by, at } => self.change(*account, |it| {
                it.handled.insert(*by, *at);
            }),
            AccountEvent::Closed { account } => {
                self.by_id.remove(account);
                self.by_login.retain(|_, id| id != account);
            }
        }
    }

    fn open(&mut self, id: AccountId, names: Option<&Names>, person: Option<PersonId>) {
        self.last = self.last.max(id.0);
        if let Some(names) = names {
            self.by_login.insert(names.login.to_lowercase(), id);
        }
        let account = Account {
            id,
            names: names.cloned(),
            person,
            password: None,
            must_change: true,
            factor: None,
            suspended: false,
            sessions_from: Timestamp::UNIX_EPOCH,
            last_login: None,
            door: Door::default(),
            handled: BTreeMap::new(),
            last_code: None,
            last_step: 0,
            used_codes: BTreeSet::new(),
        };
        self.by_id.insert(id, account);
    }

    fn change(&mut self, id: AccountId, f: impl FnOnce(&mut Account)) {
        if let Some(account) = self.by_id.get_mut(&id) {
            f(account);
        }
    }
}
