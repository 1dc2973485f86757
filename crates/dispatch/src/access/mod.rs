//! Who there can be, what each may do, and how far: the words and the table. Whether somebody may do something is
//! answered in one place, [`may`](crate::may).

mod matrix;
mod role;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{AccountId, GroupId, PersonId, TokenId};

pub use self::matrix::{Action, Reach, matrix_markdown, reach};
pub use self::role::{Guarded, Holder, Role, RoleKind};

/// On whose behalf something is done; every row of the journal names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The program itself: feeds, engine, schedules, the command line of the machine.
    System,
    /// Whoever holds a valid answer link of this person.
    Responder(PersonId),
    /// Whoever is logged in to the console with this account.
    Account(AccountId),
    /// Whoever is logged in with `account` and acts as the deputy of `of` (requirement A38).
    Deputy {
        /// Who acts.
        account: AccountId,
        /// In whose place.
        of: AccountId,
    },
    /// A program with a token that acts for `account`, within the token's scopes.
    Token {
        /// With which.
        token: TokenId,
        /// For whom.
        account: AccountId,
    },
}

impl Actor {
    /// The account whose owner acts; none for the program and for links.
    #[must_use]
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Actor::System | Actor::Responder(_) => None,
            Actor::Account(account) | Actor::Deputy { account, .. } | Actor::Token { account, .. } => Some(account),
        }
    }

    /// The accounts that are behind it: nobody counts as two.
    pub(crate) fn accounts(self) -> Vec<AccountId> {
        match self {
            Actor::System | Actor::Responder(_) => Vec::new(),
            Actor::Account(account) | Actor::Token { account, .. } => vec![account],
            Actor::Deputy { account, of } => vec![account, of],
        }
    }
}

/// What something is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Everything of one half of the system.
    Side(crate::person::Side),
    /// A group and everything below it.
    Group(GroupId),
    /// A person.
    Person(PersonId),
    /// An account.
    Account(AccountId),
}

/// Why somebody may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Denied {
    /// No role of the actor reaches that far.
    #[error("「{}」の権限がこの対象に及びません。システム管理者に相談してください", .0.word())]
    OutOfReach(Action),
    /// The account is stopped or gone.
    #[error("このアカウントは停止されています。別の管理者に相談してください")]
    NoAccount,
    /// The actor is not the deputy of that account now.
    #[error("今は代行者に指定されていません。期間を確かめてください")]
    NoDeputy,
    /// The token is unknown, revoked or over.
    #[error("このトークンは無効か、期限を過ぎています。システム管理者に新しいものを依頼してください")]
    NoToken,
    /// The token was not made for that.
    #[error("このトークンでは「{}」ができません。必要な範囲のトークンをシステム管理者に依頼してください", .0.word())]
    OutOfScope(Action),
    /// Another must do it.
    #[error("「{}」は本人以外の管理者が行います。別の管理者に依頼してください", .0.word())]
    NeedsAnother(Action),
}
