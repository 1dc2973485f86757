//! What can be asked about accounts of the console, and why it may be refused.

use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use crate::account::{
    ACCOUNT_NAME_CHARS_MAX, Names, PASSKEY_LABEL_CHARS_MAX, PASSKEYS_MAX, Passkey, PasskeyId, PasswordHash, Proof,
    SecondFactor,
};
use crate::chain::Hash;
use crate::id::{AccountId, PersonId, TokenId};
use crate::token::{TOKEN_DAYS_MAX, TOKEN_LABEL_CHARS_MAX, TokenScope};

/// A wish about accounts.
#[derive(Clone, Debug, PartialEq)]
pub enum AccountCommand {
    /// Opens an account with a password that must be changed at the first log-in.
    Open {
        /// How it is called.
        names: Names,
        /// Whose it is, if a person of the roster's.
        person: Option<PersonId>,
        /// What its first password is checked with.
        password: PasswordHash,
    },
    /// The owner chose a new password.
    SetPassword {
        /// Whose.
        account: AccountId,
        /// What it is checked with.
        password: PasswordHash,
    },
    /// Another administrator gave a password that must be changed; earlier sessions are over.
    ResetPassword {
        /// Whose.
        account: AccountId,
        /// What it is checked with.
        password: PasswordHash,
    },
    /// The owner set up a second factor.
    SetFactor {
        /// Whose.
        account: AccountId,
        /// What it is checked with.
        factor: SecondFactor,
    },
    /// Another administrator takes the second factor away, because the telephone is lost.
    ClearFactor {
        /// Whose.
        account: AccountId,
    },
    /// The owner registers a passkey.
    AddPasskey {
        /// Whose.
        account: AccountId,
        /// What it is.
        passkey: Passkey,
    },
    /// The owner takes a passkey away.
    RemovePasskey {
        /// Whose.
        account: AccountId,
        /// Which.
        key: PasskeyId,
    },
    /// Password and proof were right: a session begins, unless the proof was used before.
    Enter {
        /// Which account.
        account: AccountId,
        /// From where.
        source: String,
        /// What proved it beside the password.
        proof: Proof,
    },
    /// Password or proof were wrong.
    Fail {
        /// Which account.
        account: AccountId,
        /// From where.
        source: String,
    },
    /// Another administrator unlocks it.
    Unlock {
        /// Which.
        account: AccountId,
    },
    /// Stops it, or lets it be used again.
    Suspend {
        /// Which.
        account: AccountId,
        /// Whether it is to be stopped.
        suspended: bool,
    },
    /// Says whose it is, once and for all: a person of the roster who is there, of the half in which it works.
    Link {
        /// Which.
        account: AccountId,
        /// Whose.
        person: PersonId,
    },
    /// Ends all its sessions.
    EndSessions {
        /// Whose.
        account: AccountId,
    },
    /// Closes it for good.
    Close {
        /// Which.
        account: AccountId,
    },
    /// Lets a program act for it (the API).
    MakeToken {
        /// For which.
        account: AccountId,
        /// What it is for, such as 人事システム.
        label: String,
        /// SHA-256 of the token.
        hash: Hash,
        /// Its last four characters.
        last_four: String,
        /// What it may be used for.
        scopes: BTreeSet<TokenScope>,
        /// From when on it is worth nothing.
        expires: Timestamp,
    },
    /// Makes a token worthless.
    RevokeToken {
        /// For which account it acts.
        account: AccountId,
        /// Which.
        token: TokenId,
    },
}

impl AccountCommand {
    /// The account it is about; none for one that is to be opened.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Open { .. } => None,
            Self::SetPassword { account, .. }
            | Self::ResetPassword { account, .. }
            | Self::SetFactor { account, .. }
            | Self::ClearFactor { account }
            | Self::AddPasskey { account, .. }
            | Self::RemovePasskey { account, .. }
            | Self::Enter { account, .. }
            | Self::Fail { account, .. }
            | Self::Unlock { account }
            | Self::Suspend { account, .. }
            | Self::Link { account, .. }
            | Self::EndSessions { account }
            | Self::Close { account }
            | Self::MakeToken { account, .. }
            | Self::RevokeToken { account, .. } => Some(*account),
        }
    }
}

/// Why a wish about accounts was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccountRefusal {
    /// There is no such account.
    #[error("there is no account {0}: look at the list of accounts")]
    Unknown(AccountId),
    /// The name is taken.
    #[error("there is an account of this name already: choose another")]
    NameTaken,
    /// A name is empty, too long or has control characters.
    #[error(
        "a name is empty, longer than {ACCOUNT_NAME_CHARS_MAX} characters or has control characters: write it anew"
    )]
    BadName,
    /// The account is stopped.
    #[error("{0} is stopped: ask another administrator")]
    Suspended(AccountId),
    /// It belongs to somebody already.
    #[error("{0} belongs to a person already: open another account")]
    LinkedAlready(AccountId),
    /// The person is of the half in which the account does not work, or is not there any more.
    #[error("this person is not in the roster of the half in which {0} works: choose another")]
    BadOwner(AccountId),
    /// A one-time code or recovery code was used before.
    #[error("this code was used before: wait for the next one")]
    UsedBefore,
    /// A passkey is registered already, has no name, or there are too many.
    #[error(
        "a passkey needs a name of at most {PASSKEY_LABEL_CHARS_MAX} characters, is registered once, and an account has at most {PASSKEYS_MAX}"
    )]
    BadPasskey,
    /// A token needs a label, a scope and an end.
    #[error(
        "a token needs a label of at most {TOKEN_LABEL_CHARS_MAX} characters, a scope, and an end within {TOKEN_DAYS_MAX} days"
    )]
    BadToken,
    /// There is no such token.
    #[error("there is no token {0} of this account: look at the list of tokens")]
    UnknownToken(TokenId),
    /// Another wish had the same key.
    #[error("this key was used for another wish: give each wish a key of its own")]
    OtherWish,
}
