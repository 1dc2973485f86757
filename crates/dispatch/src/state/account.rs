//! What is known of accounts of the console.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Door, Names, PasskeyId};
use crate::chain::Hash;
use crate::event::AccountEvent;
use crate::id::{AccountId, PersonId, TokenId};
use crate::token::Token;

/// All accounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts {
    by_id: BTreeMap<AccountId, Account>,
    by_login: BTreeMap<String, AccountId>,
    /// Numbers are given once, also those of closed accounts.
    last: u32,
    tokens: BTreeMap<TokenId, Token>,
    token_by_hash: BTreeMap<Hash, TokenId>,
    /// Numbers are given once, also those of revoked tokens.
    last_token: u32,
    keys: UsedKeys,
}

/// Keys under which wishes were carried out, for a while.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct UsedKeys {
    /// The wish of each, and when.
    wishes: BTreeMap<Hash, (Hash, Timestamp)>,
    /// In the order of coming.
    order: VecDeque<Hash>,
}

impl UsedKeys {
    fn note(&mut self, key: Hash, wish: Hash, at: Timestamp) {
        if self.wishes.insert(key, (wish, at)).is_none() {
            self.order.push_back(key);
        }
        while let Some(first) = self.order.front() {
            let is_over = self.wishes.get(first).is_none_or(|(_, used)| at.duration_since(*used) >= KEY_LIFE);
            if !is_over && self.order.len() <= KEYS_MAX {
                break;
            }
            self.wishes.remove(first);
            self.order.pop_front();
        }
    }
}

/// How long a key under which a wish is carried out once is remembered, in hours.
pub const KEY_HOURS: i64 = 24;
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(KEY_HOURS);
/// Most keys that are remembered; the oldest leave.
const KEYS_MAX: usize = 100_000;

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

    /// The account that a passkey opens.
    #[must_use]
    pub fn by_passkey(&self, key: PasskeyId) -> Option<&Account> {
        self.by_id.values().find(|it| it.passkey(key).is_some())
    }

    /// All of them in the order in which they were opened.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.by_id.values()
    }

    /// A token by number.
    #[must_use]
    pub fn token(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(&id)
    }

    /// The token whose SHA-256 this is.
    #[must_use]
    pub fn token_of(&self, hash: &Hash) -> Option<&Token> {
        self.tokens.get(self.token_by_hash.get(hash)?)
    }

    /// All tokens in the order in which they were made, revoked ones left out.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }

    /// The wish that was carried out under a key, as long as keys are remembered.
    pub(crate) fn key_used(&self, key: &Hash, now: Timestamp) -> Option<&Hash> {
        let (wish, at) = self.keys.wishes.get(key)?;
        (now.duration_since(*at) < KEY_LIFE).then_some(wish)
    }

    /// The number that a new token would get.
    pub(crate) fn next_token(&self) -> TokenId {
        TokenId(self.last_token + 1)
    }

    fn revoke(&mut self, which: impl Fn(&Token) -> bool) {
        for (_, token) in self.tokens.extract_if(.., |_, token| which(token)) {
            self.token_by_hash.remove(&token.hash);
        }
    }

    /// The number that a new account would get.
    pub(crate) fn next_id(&self) -> AccountId {
        AccountId(self.last + 1)
    }

    pub(super) fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { account, names, person } => self.open(*account, names.open(), *person),
            AccountEvent::PasswordSet { account, password, by_other, at } => self.change(*account, |it| {
                if *by_other {
                    it.sessions_from = *at;
                    // Whoever had the account in hand may have added one.
                    it.forget_passkeys();
                    // The first password of an account is no reset.
                    it.reset = it.password.as_ref().map(|_| *at).or(it.reset);
                }
                it.password = password.open().cloned();
                it.must_change = *by_other;
            }),
            AccountEvent::FactorSet { account, factor } => self.change(*account, |it| {
                it.factor = factor.open().cloned();
                it.used_codes.clear();
            }),
            AccountEvent::PasskeyAdded { account, passkey } => self.change(*account, |it| {
                it.passkeys.extend(passkey.open().cloned());
            }),
            AccountEvent::PasskeyRemoved { account, key } => self.change(*account, |it| {
                it.passkeys.retain(|passkey| passkey.id() != *key);
                it.passkey_counts.remove(key);
            }),
            AccountEvent::FactorCleared { account, at } => self.change(*account, |it| {
                it.factor = None;
                // They are in the telephone that was lost.
                it.forget_passkeys();
                it.used_codes.clear();
                it.sessions_from = *at;
                it.reset = Some(*at);
            }),
            AccountEvent::Entered { account, source, proof, at } => {
                self.change(*account, |it| it.enter(source, *proof, *at));
            }
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
                self.revoke(|token| token.account == *account);
            }
            AccountEvent::Linked { account, person } => self.change(*account, |it| it.person = Some(*person)),
            AccountEvent::TokenMade(token) => {
                self.last_token = self.last_token.max(token.id.0);
                self.token_by_hash.insert(token.hash, token.id);
                self.tokens.insert(token.id, token.clone());
            }
            AccountEvent::TokenRevoked { token } => self.revoke(|it| it.id == *token),
            AccountEvent::KeyUsed { key, wish, at } => self.keys.note(*key, *wish, *at),
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
            passkeys: Vec::new(),
            suspended: false,
            sessions_from: Timestamp::UNIX_EPOCH,
            last_login: None,
            door: Door::default(),
            handled: BTreeMap::new(),
            last_code: None,
            reset: None,
            last_step: 0,
            used_codes: BTreeSet::new(),
            passkey_counts: BTreeMap::new(),
        };
        self.by_id.insert(id, account);
    }

    fn change(&mut self, id: AccountId, f: impl FnOnce(&mut Account)) {
        if let Some(account) = self.by_id.get_mut(&id) {
            f(account);
        }
    }
}
