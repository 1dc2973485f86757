//! Which right a page of the console asks for: decided by the one place that decides, before anything is shown [A31].
//!
//! Pages of numbers, lists and composing open to whoever reaches anybody, and cut themselves to the viewer's [`Scope`]; the page
//! of one person asks about that person, the rest about a whole half of the system.

use axum::extract::Query;
use axum::http::{Method, Uri};
use hikyaku_dispatch::{AccountId, Action, Actor, DispatchId, GroupId, PersonId, Side, State, Subject, may};
use jiff::Timestamp;
use serde::Deserialize;

use super::scope::Scope;

/// What an address may name after its `?` that rights depend on.
#[derive(Deserialize)]
struct Asked {
    group: Option<u32>,
}

/// What a page asks of whoever opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// Nothing: one's own account.
    Nothing,
    /// The action towards anybody at all; the page shows only those.
    Somewhere(Action),
    /// The action towards this subject.
    Towards(Action, Subject),
    /// The action towards everybody of the half that this dispatch asks.
    Throughout(Action, DispatchId),
}

impl Needed {
    /// The action that is asked about.
    pub(super) fn action(self) -> Option<Action> {
        match self {
            Needed::Nothing => None,
            Needed::Somewhere(action) | Needed::Towards(action, _) | Needed::Throughout(action, _) => Some(action),
        }
    }
}

/// Whether an account has what a page asks for.
pub(super) fn is_met(needed: Needed, account: AccountId, state: &State, now: Timestamp) -> bool {
    match needed {
        Needed::Nothing => true,
        Needed::Somewhere(action) => !Scope::of(state, account, action, now).is_nowhere(),
        Needed::Towards(action, subject) => may(Actor::Account(account), action, subject, state, now).is_ok(),
        Needed::Throughout(action, dispatch) => {
            let side = state.dispatch(dispatch).map(|it| state.side_of(it.record())).unwrap_or_default();
            may(Actor::Account(account), action, Subject::Side(side), state, now).is_ok()
        }
    }
}

/// What the page at this address asks for.
pub(super) fn needed_at(method: &Method, uri: &Uri) -> Needed {
    let group = Query::<Asked>::try_from_uri(uri).ok().and_then(|Query(asked)| asked.group);
    needed(method, uri.path(), group)
}

/// What one must be allowed to open a page, `group` being what its address names. What is not listed asks for the most.
pub(super) fn needed(method: &Method, path: &str, group: Option<u32>) -> Needed {
    let everybody = Subject::Side(Side::Domestic);
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let action = match parts.as_slice() {
        ["me" | "setup" | "prove" | "logout", ..] => return Needed::Nothing,
        ["" | "live"] | ["dispatch", _] => return Needed::Somewhere(Action::SeeCounts),
        ["dispatch", _, "people"] => return Needed::Somewhere(Action::SeeAnswers),
        ["dispatch", _, "person", person, act @ ..] => {
            let action = match act {
                [] | ["trace"] => Action::SeeAnswers,
                ["answer"] => Action::AnswerFor,
                _ => Action::Reply,
            };
            let one = person.parse().map_or(everybody, |number| Subject::Person(PersonId(number)));
            return Needed::Towards(action, one);
        }
        ["dispatch", dispatch, ..] => {
            let whole = DispatchId(dispatch.parse().unwrap_or_default());
            if parts.get(2) == Some(&"report") {
                let action = if *method == Method::GET { Action::SeeCounts } else { Action::EditRules };
                return Needed::Throughout(action, whole);
            }
            return match (parts.get(2), group) {
                (Some(&"resend"), Some(group)) => Needed::Towards(Action::Resend, Subject::Group(GroupId(group))),
                _ => Needed::Throughout(Action::Resend, whole),
            };
        }
        ["approval", ..] => return Needed::Somewhere(Action::Approve),
        ["people"] => return Needed::Somewhere(Action::SeePerson),
        ["people", "import", ..] => return Needed::Somewhere(Action::ImportRoster),
        ["people", "export"] => return Needed::Somewhere(Action::ExportRoster),
        ["travel"] => return Needed::Somewhere(Action::SeeTravel),
        ["travel", _] => return Needed::Somewhere(Action::EditTravel),
        ["groups", group, "cards"] => {
            let group = group.parse().map_or(everybody, |number| Subject::Group(GroupId(number)));
            return Needed::Towards(Action::RevokeLinks, group);
        }
        ["groups", ..] => return Needed::Somewhere(Action::ManageGroups),
        ["requests", ..] => return Needed::Somewhere(Action::GrantRole),
        ["people", person, act @ ..] => {
            let action = match act {
                [] => Action::SeePerson,
                ["links" | "card"] => Action::RevokeLinks,
                ["edit"] => Action::ImportRoster,
                ["groups"] => Action::EditMembership,
                _ => Action::EditDetails,
            };
            let one = person.parse().map_or(everybody, |number| Subject::Person(PersonId(number)));
            return Needed::Towards(action, one);
        }
        ["audit", ..] => return Needed::Somewhere(Action::ReadAudit),
        // They are of both halves.
        ["reports", ..] => Action::ReadAudit,
        ["history", ..] => return Needed::Somewhere(Action::SeeCounts),
        // Whose half a rule is of is asked where it is known.
        ["rules", "trial"] => return Needed::Somewhere(Action::SeeJudgements),
        ["rules", "export" | "import" | "preview" | "apply" | "new"] | ["rules", _, _] => {
            return Needed::Somewhere(Action::EditRules);
        }
        ["rules", ..] if *method == Method::GET => return Needed::Somewhere(Action::SeeJudgements),
        ["rules", ..] => return Needed::Somewhere(Action::EditRules),
        ["judgements", "enter"] => return Needed::Somewhere(Action::EnterBulletin),
        ["judgements" | "feeds" | "system"] => return Needed::Somewhere(Action::SeeJudgements),
        ["compose", ..] => return Needed::Somewhere(Action::SendFree),
        ["delivery"] if *method == Method::GET => return Needed::Somewhere(Action::SeeJudgements),
        ["delivery"] => Action::HoldCarriers,
        _ => Action::ManageAccounts,
    };
    Needed::Towards(action, everybody)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_a31_a_page_nobody_listed_asks_for_the_most_and_ones_own_account_for_nothing() {
        let asked = |path| needed(&Method::GET, path, None);
        let everybody = Subject::Side(Side::Domestic);
        assert_eq!(asked("/me/password"), Needed::Nothing);
        assert_eq!(asked("/no-such-page"), Needed::Towards(Action::ManageAccounts, everybody));
        assert_eq!(asked("/dispatch/3/people"), Needed::Somewhere(Action::SeeAnswers));
        let person = needed(&Method::POST, "/dispatch/3/person/12/answer", None);
        assert_eq!(person, Needed::Towards(Action::AnswerFor, Subject::Person(PersonId(12))));
    }

    #[test]
    fn req_a31_sending_again_asks_about_the_group_and_about_everybody_without_one() {
        let asked = |group| needed(&Method::POST, "/dispatch/3/resend", group);
        assert_eq!(asked(Some(7)), Needed::Towards(Action::Resend, Subject::Group(GroupId(7))));
        assert_eq!(asked(None), Needed::Throughout(Action::Resend, DispatchId(3)));
        let cancel = needed(&Method::POST, "/dispatch/3/cancel", Some(7));
        assert_eq!(cancel, Needed::Throughout(Action::Resend, DispatchId(3)));
    }
}
