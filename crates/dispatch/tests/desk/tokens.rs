//! Tokens of the API: a program acts for an account, within scopes, until a day; and a wish under a key happens once.

use crate::common;
use std::collections::BTreeSet;

use crate::common::{D1, at, logged_in, ministry};
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, AccountId, AccountRefusal, Action, Actor, Command, Denied, Desk, DispatchCommand,
    DispatchDraft, Error, Holder, Mode, Once, Refusal, Role, Side, Subject, TokenId, TokenScope, may,
};
use jiff::{SignedDuration, Timestamp};

/// A token for the account with these scopes until an hour after `now`.
fn making(account: AccountId, scopes: &[TokenScope], now: Timestamp) -> AccountCommand {
    AccountCommand::MakeToken {
        account,
        label: "人事システム".into(),
        hash: hash_of(account),
        last_four: "aB3d".into(),
        scopes: BTreeSet::from_iter(scopes.iter().copied()),
        expires: now + SignedDuration::from_hours(1),
    }
}

fn hash_of(account: AccountId) -> [u8; 32] {
    [u8::try_from(account.0).unwrap(); 32]
}

async fn administrator(desk: &Desk) -> AccountId {
    logged_in(desk, None, Role::SystemAdministrator).await.account().unwrap()
}

/// The ministry with an administrator, and a token of the administrator's with these scopes.
async fn with_token(scopes: &[TokenScope]) -> (Desk, AccountId, Actor) {
    let desk = ministry().await;
    let account = administrator(&desk).await;
    desk.command(making(account, scopes, at("12:00:00")), at("12:00:00")).await.unwrap();
    let token = desk.read(|state| state.accounts().token_of(&hash_of(account)).unwrap().id);
    (desk, account, Actor::Token { token, account })
}

fn refused(result: Result<Vec<hikyaku_dispatch::Event>, Error>) -> Option<Refusal> {
    match result {
        Err(Error::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

fn opening(key: &str) -> Command {
    DispatchCommand::Open { draft: Box::new(DispatchDraft::safety(key, Mode::Drill, "訓練")) }.into()
}

#[tokio::test]
async fn req_a31_a_token_does_what_its_account_may_and_its_scopes_cover_and_nothing_after_its_end() {
    let (desk, account, actor) = with_token(&[TokenScope::Read]).await;
    let everybody = Subject::Side(Side::Domestic);
    let asked = |action, time: &str| desk.read(|state| may(actor, action, everybody, state, at(time)));
    assert_eq!(asked(Action::SeePerson, "12:30:00"), Ok(()));
    assert_eq!(asked(Action::SendFree, "12:30:00"), Err(Denied::OutOfScope(Action::SendFree)));
    assert_eq!(asked(Action::GrantRole, "12:30:00"), Err(Denied::OutOfScope(Action::GrantRole)));
    assert_eq!(asked(Action::SeePerson, "13:00:00"), Err(Denied::NoToken), "its time is over");
    let take = AccessCommand::Take { holder: Holder::Account(account), role: Role::SystemAdministrator };
    let second = administrator(&desk).await;
    desk.command_as(Actor::Account(second), take, at("12:40:00")).await.unwrap();
    assert_eq!(asked(Action::SeePerson, "12:41:00"), Err(Denied::OutOfReach(Action::SeePerson)));
}

#[tokio::test]
async fn req_s10_another_administrator_makes_a_token_and_is_from_then_on_behind_the_account() {
    let desk = ministry().await;
    let own = administrator(&desk).await;
    let other = administrator(&desk).await;
    let now = at("12:00:00");
    let alone = desk.command_as(Actor::Account(own), making(own, &[TokenScope::Read], now), now).await;
    assert_eq!(refused(alone), Some(Refusal::NotAllowed(Denied::NeedsAnother(Action::ManageAccounts))));
    desk.command_as(Actor::Account(other), making(own, &[TokenScope::Read], now), now).await.unwrap();
    let hands: Vec<AccountId> = desk.read(|state| state.accounts().find(own).unwrap().hands(now).collect());
    assert!(hands.contains(&other));
    let revoke = AccountCommand::RevokeToken { account: own, token: TokenId(1) };
    desk.command_as(Actor::Account(own), revoke.clone(), now).await.unwrap();
    let gone = Some(Refusal::Account(AccountRefusal::UnknownToken(TokenId(1))));
    assert_eq!(refused(desk.command_as(Actor::Account(own), revoke, now).await), gone);
    assert!(desk.read(|state| state.accounts().token_of(&hash_of(own)).is_none()));
}

#[tokio::test]
async fn a_token_without_a_scope_a_label_or_an_end_within_reach_is_refused() {
    let desk = ministry().await;
    let account = administrator(&desk).await;
    let now = at("12:00:00");
    let bad = Some(Refusal::Account(AccountRefusal::BadToken));
    assert_eq!(refused(desk.command(making(account, &[], now), now).await), bad);
    let mut endless = making(account, &[TokenScope::Read], now);
    if let AccountCommand::MakeToken { expires, .. } = &mut endless {
        *expires = Timestamp::MAX;
    }
    assert_eq!(refused(desk.command(endless, now).await), bad);
    let mut nameless = making(account, &[TokenScope::Read], now);
    if let AccountCommand::MakeToken { label, .. } = &mut nameless {
        *label = "two\nlines".into();
    }
    assert_eq!(refused(desk.command(nameless, now).await), bad);
}

#[tokio::test]
async fn tokens_end_with_their_account() {
    let (desk, account, actor) = with_token(&TokenScope::ALL).await;
    desk.command(AccountCommand::Close { account }, at("12:10:00")).await.unwrap();
    let result = desk.command_as(actor, opening("late"), at("12:11:00")).await;
    assert_eq!(refused(result), Some(Refusal::NotAllowed(Denied::NoToken)));
}

#[tokio::test]
async fn req_r04_a_wish_under_a_key_happens_once_and_the_key_takes_no_other() {
    let (desk, _, actor) = with_token(&[TokenScope::Send]).await;
    let once = |wish: u8, key: &str| Once { key: [9; 32], wish: [wish; 32], command: Box::new(opening(key)) };
    let first = desk.command_as(actor, Command::Once(once(1, "a")), at("12:01:00")).await.unwrap();
    assert!(!first.is_empty() && desk.read(|state| state.dispatch(D1).is_some()));
    let again = desk.command_as(actor, Command::Once(once(1, "a")), at("12:02:00")).await.unwrap();
    assert_eq!(again, []);
    let other = desk.command_as(actor, Command::Once(once(2, "b")), at("12:03:00")).await;
    assert_eq!(refused(other), Some(Refusal::Account(AccountRefusal::OtherWish)));
    assert_eq!(desk.read(|state| state.dispatches().count()), 1);
}

#[tokio::test]
async fn a_refused_wish_does_not_use_its_key_up() {
    let (desk, _, actor) = with_token(&[TokenScope::Read]).await;
    let once = Once { key: [9; 32], wish: [1; 32], command: Box::new(opening("a")) };
    assert!(refused(desk.command_as(actor, Command::Once(once.clone()), at("12:01:00")).await).is_some());
    desk.command(Command::Once(once), at("12:02:00")).await.unwrap();
    assert!(desk.read(|state| state.dispatch(D1).is_some()));
}

#[tokio::test]
async fn a_closed_dispatch_takes_no_answer_and_sends_nothing_more() {
    let (desk, _, actor) = with_token(&[TokenScope::Send]).await;
    desk.command_as(actor, opening("a"), at("12:01:00")).await.unwrap();
    desk.command_as(actor, DispatchCommand::Close { dispatch: D1 }, at("12:02:00")).await.unwrap();
    desk.read(|state| {
        let dispatch = state.dispatch(D1).unwrap();
        assert!(dispatch.is_closed() && dispatch.is_cancelled() && !dispatch.is_open(at("12:03:00")));
    });
    let late = common::answer(D1, common::P1, 1, "");
    assert!(refused(desk.command(late, at("12:03:00")).await).is_some());
}
