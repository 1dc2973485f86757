//! What happens to accounts of the console.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Names, Passkey, PasskeyId, PasswordHash, Proof, SecondFactor};
use crate::chain::Hash;
use crate::id::{AccountId, PersonId, TokenId};
use crate::sealed::Private;
use crate::token::Token;

/// Something that happened to an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// An account was opened.
    Opened {
        /// Its number.
        account: AccountId,
        /// How it is called.
        names: Private<Names>,
        /// Whose it is, if a person of the roster's.
        person: Option<PersonId>,
    },
    /// It has a new password.
    PasswordSet {
        /// Whose.
        account: AccountId,
        /// What it is checked with.
        password: Private<PasswordHash>,
        /// Whether somebody else gave it, so that it must be changed and earlier sessions are over.
        by_other: bool,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// It has a new second factor with new recovery codes.
    FactorSet {
        /// Whose.
        account: AccountId,
        /// What it is checked with.
        factor: Private<SecondFactor>,
    },
    /// Its second factor was taken away by another administrator; it is set up anew at the next log-in.
    FactorCleared {
        /// Whose.
        account: AccountId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Somebody logged in or proved again who it is.
    Entered {
        /// Which account.
        account: AccountId,
        /// From where: an address of the network.
        source: String,
        /// What proved it beside the password.
        proof: Proof,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Somebody tried in vain.
    Failed {
        /// Which account.
        account: AccountId,
        /// From where.
        source: String,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Another administrator unlocked it.
    Unlocked {
        /// Which.
        account: AccountId,
    },
    /// It was stopped, or may be used again; stopping ends its sessions.
    Suspended {
        /// Which.
        account: AccountId,
        /// Whether it is stopped now.
        suspended: bool,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// All its sessions were ended.
    SessionsEnded {
        /// Whose.
        account: AccountId,
        /// Sessions that began earlier are over.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// It was closed for good.
    Closed {
        /// Which.
        account: AccountId,
    },
    /// Another account had it in hand: gave it a password, or took its second factor away.
    Handled {
        /// Which.
        account: AccountId,
        /// Whose hand.
        by: AccountId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// A program may act for it from now on.
    TokenMade(Token),
    /// A token is worth nothing any more.
    TokenRevoked {
        /// Which.
        token: TokenId,
    },
    /// A program used a key under which a wish is carried out once.
    KeyUsed {
        /// SHA-256 of the key and of whose it is.
        key: Hash,
        /// SHA-256 of the wish.
        wish: Hash,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Its owner registered a passkey.
    PasskeyAdded {
        /// Whose.
        account: AccountId,
        /// What it is.
        passkey: Private<Passkey>,
    },
    /// Its owner took a passkey away.
    PasskeyRemoved {
        /// Whose.
        account: AccountId,
        /// Which.
        key: PasskeyId,
    },
    /// It belongs to a person of the roster from now on; it was nobody's in particular before.
    Linked {
        /// Which.
        account: AccountId,
        /// Whose.
        person: PersonId,
    },
}
