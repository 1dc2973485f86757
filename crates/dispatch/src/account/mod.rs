//! Accounts of the console: what identifies them, what proves them, and whether their door is open.
//!
//! An account may belong to a person of the roster or to an office, such as a duty operator of a contractor. What
//! it may do is not decided here.

mod door;
mod passkey;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, PersonId};

pub use door::{Door, Standing};
pub use passkey::{PASSKEY_LABEL_CHARS_MAX, PASSKEYS_MAX, Passkey, PasskeyId};

/// Longest log-in name and longest label, in characters.
pub const ACCOUNT_NAME_CHARS_MAX: usize = 64;
/// So long after another administrator had an account in hand, that administrator counts as standing behind it: time for the
/// owner, who was locked out, to notice.
pub const HANDLED_HOURS: i64 = 72;
/// How many recovery codes are given out together.
pub const RECOVERY_CODES: usize = 10;

/// How an account is called; sealed in the journal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// What is typed to log in; compared without regard to case.
    pub login: String,
    /// What others see, such as 危機管理課 当直.
    pub label: String,
}

/// An argon2id hash with what it was made with (RFC 9106); sealed in the journal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash {
    /// Random, for this password alone.
    pub salt: [u8; 16],
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// The hash.
    pub hash: [u8; 32],
}

/// What a second factor is checked with; sealed in the journal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The key of one-time codes (RFC 6238).
    pub secret: Vec<u8>,
    /// SHA-256 of each recovery code, in the order in which they were shown.
    pub recovery: Vec<[u8; 32]>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PasswordHash({} KiB, {} passes)", self.memory_kib, self.passes)
    }
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecondFactor({} recovery codes)", self.recovery.len())
    }
}

/// What proved an account beside its password, or in place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// Nothing: no second factor is set up yet.
    PasswordOnly,
    /// A one-time code of this step (RFC 6238 §4.2), which is good once.
    Code {
        /// The step of 30 seconds since 1970.
        step: u64,
    },
    /// A recovery code, by its place from 0, which is good once.
    Recovery {
        /// Its place.
        place: u8,
    },
    /// A passkey, which proves the person as well as a password does.
    Passkey {
        /// Which.
        key: PasskeyId,
        /// How often it was used so far, where it counts that.
        count: u32,
    },
    /// The word of the organisation's OpenID provider, which asked for a second factor itself; no password of ours.
    Provider,
    /// The provider's word in place of the password, and a one-time code of this step.
    ProviderCode {
        /// The step of 30 seconds since 1970.
        step: u64,
    },
    /// The provider's word in place of the password, and a recovery code, by its place from 0.
    ProviderRecovery {
        /// Its place.
        place: u8,
    },
}

/// An account as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// How it is called; `None` once the system's own key is gone.
    pub names: Option<Names>,
    /// Whose it is, if a person of the roster's.
    pub person: Option<PersonId>,
    /// What the password is checked with.
    pub password: Option<PasswordHash>,
    /// Whether the password was given by somebody else and must be changed.
    pub must_change: bool,
    /// What the second factor is checked with; `None` until it is set up.
    pub factor: Option<SecondFactor>,
    /// The passkeys that open it.
    pub passkeys: Vec<Passkey>,
    /// Whether somebody stopped it.
    pub suspended: bool,
    /// Sessions that began earlier are over.
    pub sessions_from: Timestamp,
    /// When somebody last logged in.
    pub last_login: Option<Timestamp>,
    /// Who may try.
    pub door: Door,
    /// Other accounts that gave it a password or took its second factor away, and when they last did.
    pub(crate) handled: BTreeMap<AccountId, Timestamp>,
    /// When somebody last logged in with a one-time code.
    pub(crate) last_code: Option<Timestamp>,
    /// When somebody else last gave it a new password or took its second factor away.
    pub(crate) reset: Option<Timestamp>,
    pub(crate) last_step: u64,
    pub(crate) used_codes: BTreeSet<u8>,
    /// How often each passkey was used, as it said last.
    pub(crate) passkey_counts: BTreeMap<PasskeyId, u32>,
}

impl Account {
    /// All of them, whoever added them.
    pub(crate) fn forget_passkeys(&mut self) {
        self.passkeys.clear();
        self.passkey_counts.clear();
    }

    /// Somebody came in, and what proved it is used up.
    pub(crate) fn enter(&mut self, source: &str, proof: Proof, at: Timestamp) {
        self.door.enter(source, at);
        self.last_login = Some(at);
        match proof {
            // A provider's word alone says nothing of who has the second factor in hand.
            Proof::PasswordOnly | Proof::Provider => {}
            Proof::Code { step } | Proof::ProviderCode { step } => (self.last_step, self.last_code) = (step, Some(at)),
            Proof::Recovery { place } | Proof::ProviderRecovery { place } => drop(self.used_codes.insert(place)),
            Proof::Passkey { key, count } => {
                self.passkey_counts.insert(key, count);
                self.last_code = Some(at);
            }
        }
    }

    /// The label, or 不明 once it cannot be read.
    #[must_use]
    pub fn label(&self) -> &str {
        self.names.as_ref().map_or("不明", |names| &names.label)
    }

    /// The name to log in with; empty once it cannot be read.
    #[must_use]
    pub fn login(&self) -> &str {
        self.names.as_ref().map_or("", |names| &names.login)
    }

    /// The accounts that may still stand behind this one at `now`: they gave it a password or took its second factor away, and
    /// its owner has not logged in with a one-time code since, or had less than [`HANDLED_HOURS`] to notice.
    pub fn hands(&self, now: Timestamp) -> impl Iterator<Item = AccountId> {
        let is_owned = move |at: Timestamp| {
            self.last_code.is_some_and(|code| code >= at) && now >= at + SignedDuration::from_hours(HANDLED_HOURS)
        };
        self.handled.iter().filter(move |(_, at)| !is_owned(**at)).map(|(account, _)| *account)
    }

    /// Recovery codes that are left.
    #[must_use]
    pub fn recovery_left(&self) -> usize {
        self.factor.as_ref().map_or(0, |factor| factor.recovery.len()) - self.used_codes.len()
    }

    /// Whether its owner gave it a password of its own and a second factor: before, it opens nothing but the set-up.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        !self.must_change && self.factor.is_some()
    }

    /// One of its passkeys.
    #[must_use]
    pub fn passkey(&self, id: PasskeyId) -> Option<&Passkey> {
        self.passkeys.iter().find(|it| it.id() == id)
    }

    /// Whether a proof has not been used before.
    #[must_use]
    pub fn is_fresh(&self, proof: Proof) -> bool {
        match proof {
            Proof::PasswordOnly => self.factor.is_none(),
            Proof::Code { step } => self.factor.is_some() && step > self.last_step,
            Proof::Recovery { place } => {
                let given = self.factor.as_ref().map_or(0, |factor| factor.recovery.len());
                usize::from(place) < given && !self.used_codes.contains(&place)
            }
            Proof::Passkey { key, count } => {
                // One that does not count says zero each time (WebAuthn Level 2 §6.1.1).
                let last = self.passkey_counts.get(&key).copied().unwrap_or_default();
                self.passkey(key).is_some() && (count > last || (count, last) == (0, 0))
            }
            // A provider opens only what also opens without it: it may be out of reach when the ground shakes.
            Proof::Provider => self.is_set_up(),
            Proof::ProviderCode { step } => self.is_set_up() && self.is_fresh(Proof::Code { step }),
            Proof::ProviderRecovery { place } => self.is_set_up() && self.is_fresh(Proof::Recovery { place }),
        }
    }
}
