//! Tokens of the API: with which a program acts for an account, within scopes, until a day.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access::Action;
use crate::chain::Hash;
use crate::id::{AccountId, TokenId};

/// Longest label of a token, in characters.
pub const TOKEN_LABEL_CHARS_MAX: usize = 64;
/// Longest life of a token, in days: who made it may have left long before.
pub const TOKEN_DAYS_MAX: i64 = 400;

/// A part of what the account behind a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TokenScope {
    /// Read numbers, people, answers, judgements and the state of carriers.
    Read,
    /// Send, send again and cancel.
    Send,
    /// Approve and reject what is held.
    Approve,
    /// Answer for somebody and reply.
    Answer,
    /// Bring people and groups in and change them.
    People,
    /// Stop carriers, let them go on, and hold them to a pace.
    Carriers,
    /// Register journeys abroad.
    Travel,
    /// Enter what a hazard source would say, by hand.
    Enter,
    /// Read and verify the journal, without names.
    Audit,
}

impl TokenScope {
    /// All of them.
    pub const ALL: [TokenScope; 9] = [
        TokenScope::Read,
        TokenScope::Send,
        TokenScope::Approve,
        TokenScope::Answer,
        TokenScope::People,
        TokenScope::Carriers,
        TokenScope::Travel,
        TokenScope::Enter,
        TokenScope::Audit,
    ];

    /// Its name on the command line and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TokenScope::Read => "read",
            TokenScope::Send => "send",
            TokenScope::Approve => "approve",
            TokenScope::Answer => "answer",
            TokenScope::People => "people",
            TokenScope::Carriers => "carriers",
            TokenScope::Travel => "travel",
            TokenScope::Enter => "enter",
            TokenScope::Audit => "audit",
        }
    }

    /// The scope that an action needs; `None` for what no token may do: accounts, roles, rules, exports, erasing.
    #[must_use]
    pub const fn of(action: Action) -> Option<TokenScope> {
        use Action as A;
        Some(match action {
            A::SeePerson | A::SeeAddresses | A::SeeCounts | A::SeeAnswers | A::SeeJudgements | A::SeeTravel => {
                TokenScope::Read
            }
            A::SendFree | A::SendStored | A::Resend => TokenScope::Send,
            A::Approve => TokenScope::Approve,
            A::AnswerFor | A::Reply => TokenScope::Answer,
            A::EditDetails | A::EditMembership | A::ManageGroups | A::RevokeLinks | A::ImportRoster => {
                TokenScope::People
            }
            A::HoldCarriers => TokenScope::Carriers,
            A::EditTravel => TokenScope::Travel,
            A::EnterBulletin => TokenScope::Enter,
            A::ReadAudit => TokenScope::Audit,
            _ => return None,
        })
    }
}

/// A token as it is kept: never the token itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// For which account it acts.
    pub account: AccountId,
    /// What it is for, such as 人事システム.
    pub label: String,
    /// SHA-256 of it. It is random and long, so that no slow hash is needed.
    pub hash: Hash,
    /// Its last four characters, by which people tell tokens apart.
    pub last_four: String,
    /// What it may be used for.
    pub scopes: BTreeSet<TokenScope>,
    /// When it was made.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub made: Timestamp,
    /// From when on it is worth nothing.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub expires: Timestamp,
}

impl Token {
    /// Whether it covers an action.
    #[must_use]
    pub fn covers(&self, action: Action) -> bool {
        TokenScope::of(action).is_some_and(|scope| self.scopes.contains(&scope))
    }

    /// Whether such a life is one that a token may have.
    pub(crate) fn may_live(made: Timestamp, expires: Timestamp) -> bool {
        let most = made.saturating_add(SignedDuration::from_hours(24 * TOKEN_DAYS_MAX));
        made < expires && most.is_ok_and(|most| expires <= most)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({} for {}, …{})", self.id, self.account, self.last_four)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s10_no_scope_reaches_what_two_must_agree_to_or_what_accounts_are() {
        let beyond = Action::ALL.into_iter().filter(|action| action.needs_two());
        let beyond = beyond.chain([Action::ManageAccounts, Action::OwnAccount, Action::NameDeputy, Action::Operate]);
        for action in beyond {
            assert_eq!(TokenScope::of(action), None, "{}", action.word());
        }
    }

    #[test]
    fn a_token_lives_a_year_and_never_backwards() {
        let made: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let after = |days: i64| made + SignedDuration::from_hours(24 * days);
        assert!(Token::may_live(made, after(TOKEN_DAYS_MAX)));
        assert!(!Token::may_live(made, after(TOKEN_DAYS_MAX + 1)));
        assert!(!Token::may_live(made, made) && !Token::may_live(made, Timestamp::MAX));
    }
}
