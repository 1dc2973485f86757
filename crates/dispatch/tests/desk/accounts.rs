//! Accounts of the console: what is recorded of them, what is refused, and that nothing of it is readable on disk.

use std::sync::Arc;

use hikyaku_dispatch::{
    AccountCommand, AccountId, AccountRefusal, Actor, Desk, Error, Journal, Keys, MemoryJournal, Names, Passkey,
    PasswordHash, PersonId, Proof, Refusal, Role, SecondFactor, Standing, manages_alone,
};
use jiff::{SignedDuration, Timestamp};

use crate::common::{P1, P2, at, logged_in, ministry};

const FIRST: AccountId = AccountId(1);

fn now() -> Timestamp {
    "2026-11-21T05:05:00Z".parse().unwrap()
}

fn hash(byte: u8) -> PasswordHash {
    PasswordHash { salt: [byte; 16], memory_kib: 19_456, passes: 2, hash: [byte; 32] }
}

fn opening(login: &str) -> AccountCommand {
    let names = Names { login: login.into(), label: "危機管理課 当直".into() };
    AccountCommand::Open { names, person: None, password: hash(1) }
}

fn factor() -> SecondFactor {
    SecondFactor { secret: b"SECRETSECRETSECRET12".to_vec(), recovery: vec![[7; 32]; 2] }
}

async fn desk() -> Desk {
    Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap()
}

async fn ask(desk: &Desk, command: AccountCommand) -> Result<usize, Refusal> {
    match desk.command(command, now()).await {
        Ok(events) => Ok(events.len()),
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn req_s10_an_account_is_found_by_its_name_in_any_case_and_its_first_password_must_be_changed() {
    let desk = desk().await;
    ask(&desk, opening("Kikikanri-01")).await.unwrap();
    assert_eq!(ask(&desk, opening("kikikanri-01")).await, Err(AccountRefusal::NameTaken.into()));
    assert!(desk.read(|state| state.accounts().by_login("KIKIKANRI-01").unwrap().must_change));
    ask(&desk, AccountCommand::SetPassword { account: FIRST, password: hash(2) }).await.unwrap();
    assert!(desk.read(|state| !state.accounts().find(FIRST).unwrap().must_change));
}

#[tokio::test]
async fn names_with_line_breaks_spaces_around_or_nothing_in_them_are_refused() {
    let desk = desk().await;
    for bad in ["", " admin", "a\r\nb", &"長".repeat(65)] {
        assert_eq!(ask(&desk, opening(bad)).await, Err(AccountRefusal::BadName.into()), "{bad:?}");
    }
}

#[tokio::test]
async fn req_s03_a_code_opens_one_session_even_if_it_is_shown_twice_at_the_same_moment() {
    let desk = desk().await;
    ask(&desk, opening("admin")).await.unwrap();
    ask(&desk, AccountCommand::SetFactor { account: FIRST, factor: factor() }).await.unwrap();
    let enter = |proof| AccountCommand::Enter { account: FIRST, source: "192.0.2.1".into(), proof };
    let (one, other) =
        tokio::join!(ask(&desk, enter(Proof::Code { step: 9 })), ask(&desk, enter(Proof::Code { step: 9 })));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1);
    let used = Err(Refusal::Account(AccountRefusal::UsedBefore));
    assert_eq!(ask(&desk, enter(Proof::Code { step: 8 })).await, used, "an older code is used up too");
    assert_eq!(ask(&desk, enter(Proof::PasswordOnly)).await, used, "with a second factor the password is not enough");
    ask(&desk, enter(Proof::Recovery { place: 1 })).await.unwrap();
    assert_eq!(ask(&desk, enter(Proof::Recovery { place: 1 })).await, used);
    assert_eq!(desk.read(|state| state.accounts().find(FIRST).unwrap().recovery_left()), 1);
}

#[tokio::test]
async fn req_s03_a_passkey_belongs_to_one_account_counts_on_and_goes_with_the_lost_telephone() {
    let desk = desk().await;
    ask(&desk, opening("admin")).await.unwrap();
    ask(&desk, opening("second")).await.unwrap();
    ask(&desk, AccountCommand::SetFactor { account: FIRST, factor: factor() }).await.unwrap();
    let passkey = |label: &str| Passkey { credential: vec![1; 16], point: vec![4; 65], label: label.into() };
    let key = passkey("職場の端末").id();
    let add = |account, label: &str| AccountCommand::AddPasskey { account, passkey: passkey(label) };
    let bad = Err(Refusal::Account(AccountRefusal::BadPasskey));
    for label in ["", "a\nb", &"長".repeat(65)] {
        assert_eq!(ask(&desk, add(FIRST, label)).await, bad, "{label:?}");
    }
    ask(&desk, add(FIRST, "職場の端末")).await.unwrap();
    for account in [FIRST, AccountId(2)] {
        assert_eq!(ask(&desk, add(account, "もう一度")).await, bad, "a key belongs to one account, once");
    }
    let enter = |count| {
        let proof = Proof::Passkey { key, count };
        AccountCommand::Enter { account: FIRST, source: "192.0.2.1".into(), proof }
    };
    let used = Err(Refusal::Account(AccountRefusal::UsedBefore));
    ask(&desk, enter(0)).await.unwrap();
    ask(&desk, enter(0)).await.unwrap();
    ask(&desk, enter(3)).await.unwrap();
    assert_eq!(ask(&desk, enter(3)).await, used, "somebody has a copy");
    assert_eq!(ask(&desk, enter(0)).await, used);
    ask(&desk, AccountCommand::ClearFactor { account: FIRST }).await.unwrap();
    assert!(desk.read(|state| state.accounts().by_passkey(key).is_none()), "it was in the telephone");
    ask(&desk, add(FIRST, "盗んだ人のもの")).await.unwrap();
    ask(&desk, AccountCommand::ResetPassword { account: FIRST, password: hash(3) }).await.unwrap();
    assert!(desk.read(|state| state.accounts().by_passkey(key).is_none()), "whoever had the account may have added it");
    ask(&desk, add(AccountId(2), "別の人のもの")).await.unwrap();
    ask(&desk, AccountCommand::RemovePasskey { account: AccountId(2), key }).await.unwrap();
    assert!(desk.read(|state| state.accounts().by_passkey(key).is_none()));
}

#[tokio::test]
async fn req_s03_another_administrator_unlocks_and_resets_and_that_ends_all_sessions() {
    let desk = desk().await;
    ask(&desk, opening("admin")).await.unwrap();
    for _ in 0..5 {
        ask(&desk, AccountCommand::Fail { account: FIRST, source: "192.0.2.1".into() }).await.unwrap();
    }
    let standing = || desk.read(|state| state.accounts().find(FIRST).unwrap().door.standing("192.0.2.1", now()));
    assert_eq!(standing(), Standing::Locked { until: now() + SignedDuration::from_mins(15) });
    ask(&desk, AccountCommand::Unlock { account: FIRST }).await.unwrap();
    assert_eq!(standing(), Standing::Open);
    ask(&desk, AccountCommand::ResetPassword { account: FIRST, password: hash(3) }).await.unwrap();
    desk.read(|state| {
        let account = state.accounts().find(FIRST).unwrap();
        assert!(account.must_change);
        assert_eq!(account.sessions_from, now());
    });
}

#[tokio::test]
async fn a_stopped_account_opens_to_nobody_and_a_closed_one_frees_its_name_but_not_its_number() {
    let desk = desk().await;
    ask(&desk, opening("admin")).await.unwrap();
    ask(&desk, AccountCommand::Suspend { account: FIRST, suspended: true }).await.unwrap();
    let enter = AccountCommand::Enter { account: FIRST, source: "a".into(), proof: Proof::PasswordOnly };
    assert_eq!(ask(&desk, enter).await, Err(AccountRefusal::Suspended(FIRST).into()));
    ask(&desk, AccountCommand::Close { account: FIRST }).await.unwrap();
    ask(&desk, opening("admin")).await.unwrap();
    assert!(desk.read(|state| state.accounts().by_login("admin").is_some_and(|account| account.id == AccountId(2))));
}

#[tokio::test]
async fn req_s11_names_passwords_and_keys_of_codes_are_sealed_in_the_journal_and_come_back_after_a_restart() {
    let journal = Arc::new(MemoryJournal::new());
    let keys = Keys::in_memory().unwrap();
    let first = Desk::open(journal.clone(), keys.clone()).await.unwrap();
    ask(&first, opening("tanaka-taro")).await.unwrap();
    ask(&first, AccountCommand::SetFactor { account: FIRST, factor: factor() }).await.unwrap();
    for row in journal.read_from(1).await.unwrap() {
        for secret in ["tanaka-taro".as_bytes(), "当直".as_bytes(), b"SECRETSECRET", &[1; 32]] {
            assert!(
                !row.bytes().unwrap_or_default().windows(secret.len()).any(|part| part == secret),
                "row {}",
                row.seq
            );
        }
    }
    let again = Desk::open(journal, keys).await.unwrap();
    again.read(|state| {
        let account = state.accounts().by_login("tanaka-taro").unwrap();
        assert_eq!((account.password.clone(), account.factor.clone()), (Some(hash(1)), Some(factor())));
    });
    assert!(first.read(|one| again.read(|other| one == other)));
}

#[tokio::test]
async fn req_s03_a_providers_word_opens_only_what_its_owner_has_set_up_and_a_code_beside_it_is_used_up() {
    let desk = desk().await;
    ask(&desk, opening("admin")).await.unwrap();
    let enter = |proof| AccountCommand::Enter { account: FIRST, source: "a".into(), proof };
    let used = Err(Refusal::Account(AccountRefusal::UsedBefore));
    let by_provider = [Proof::Provider, Proof::ProviderCode { step: 9 }, Proof::ProviderRecovery { place: 1 }];
    ask(&desk, AccountCommand::SetFactor { account: FIRST, factor: factor() }).await.unwrap();
    for proof in by_provider {
        assert_eq!(ask(&desk, enter(proof)).await, used, "{proof:?}: the password is still somebody else's");
    }
    ask(&desk, AccountCommand::SetPassword { account: FIRST, password: hash(2) }).await.unwrap();
    for proof in by_provider {
        ask(&desk, enter(proof)).await.unwrap();
    }
    for spent in [Proof::ProviderCode { step: 9 }, Proof::Code { step: 9 }, Proof::ProviderRecovery { place: 1 }] {
        assert_eq!(ask(&desk, enter(spent)).await, used, "{spent:?}");
    }
    assert_eq!(desk.read(|state| state.accounts().find(FIRST).unwrap().recovery_left()), 1);
    ask(&desk, AccountCommand::ClearFactor { account: FIRST }).await.unwrap();
    for proof in by_provider {
        assert_eq!(ask(&desk, enter(proof)).await, used, "{proof:?}: without a second factor of ours");
    }
}

/// Somebody says whose an account is; the number of events, or why not.
async fn link(desk: &Desk, by: Actor, account: AccountId, person: PersonId) -> Result<usize, Refusal> {
    match desk.command_as(by, AccountCommand::Link { account, person }, at("09:40:00")).await {
        Ok(events) => Ok(events.len()),
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn req_s10_the_first_administrator_says_whose_the_account_is_and_once_there_is_another_asks_that_one() {
    let desk = ministry().await;
    let first = logged_in(&desk, None, Role::SystemAdministrator).await;
    let own = |actor: Actor| actor.account().unwrap();
    assert!(desk.read(|state| manages_alone(state, own(first))));
    assert_eq!(link(&desk, first, own(first), P1).await, Ok(1));
    assert_eq!(desk.read(|state| state.accounts().find(own(first)).unwrap().person), Some(P1));
    let again = Err(AccountRefusal::LinkedAlready(own(first)).into());
    assert_eq!(link(&desk, first, own(first), P2).await, again, "once and for all");
    let second = logged_in(&desk, None, Role::SystemAdministrator).await;
    assert!(!desk.read(|state| manages_alone(state, own(first)) || manages_alone(state, own(second))));
    let refused = link(&desk, second, own(second), P2).await;
    assert!(matches!(refused, Err(Refusal::NotAllowed(_))), "there is somebody to ask: {refused:?}");
    assert_eq!(link(&desk, first, own(second), P2).await, Ok(1));
}

#[tokio::test]
async fn req_s10_only_administrators_link_accounts_and_only_to_people_who_are_there() {
    let desk = ministry().await;
    let admin = logged_in(&desk, None, Role::SystemAdministrator).await;
    let approver = logged_in(&desk, None, Role::Approver).await;
    let account = approver.account().unwrap();
    for by in [approver, Actor::Responder(P1)] {
        let refused = link(&desk, by, account, P1).await;
        assert!(matches!(refused, Err(Refusal::NotAllowed(_))), "{refused:?}");
    }
    assert!(link(&desk, admin, account, PersonId(9_999)).await.is_err(), "nobody");
    assert_eq!(desk.read(|state| state.accounts().find(account).unwrap().person), None);
    let overseas = logged_in(&desk, None, Role::OverseasAdministrator).await.account().unwrap();
    let bad = Err(AccountRefusal::BadOwner(overseas).into());
    let asked = desk.command(AccountCommand::Link { account: overseas, person: P1 }, at("09:40:00")).await;
    assert_eq!(asked.map(|events| events.len()).map_err(refusal), bad, "of the other half");
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}
