//! The command against an API on this machine.

use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, Desk, DispatchId, Holder, Keys, MemoryJournal, Names, PeopleCommand, PersonId, Role,
    RosterImport, Side, TokenScope, read_roster,
};
use hikyaku_web::{Api, Door, WebState, api_router, hash_password, make_token};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    remote: RemoteArgs,
}

/// A desk with two people behind an API on this machine, and a token of an administrator's in a file.
async fn served(folder: &Path) -> (Desk, String) {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let now = Timestamp::now();
    let csv = "id,name,group,region,email\nA-7,甲山,本省,13,kou@example.jp\nA-8,乙川,本省,13,otsu@example.jp\n";
    let rows = read_roster(csv.as_bytes()).unwrap().rows;
    desk.command(PeopleCommand::Import(RosterImport::part(rows)), now).await.unwrap();
    let names = Names { login: "program".into(), label: "program".into() };
    let password = hash_password("けさは雨が降っていたので傘").unwrap();
    desk.command(AccountCommand::Open { names, person: None, password }, now).await.unwrap();
    let account = desk.read(|state| state.accounts().by_login("program").unwrap().id);
    let (holder, role) = (Holder::Account(account), Role::SystemAdministrator);
    desk.command(AccessCommand::Grant { holder, role }, now).await.unwrap();
    let made = make_token().unwrap();
    let make = AccountCommand::MakeToken {
        account,
        label: "試験".into(),
        hash: made.hash,
        last_four: made.last_four,
        scopes: TokenScope::ALL.into(),
        expires: now + SignedDuration::from_hours(1),
    };
    desk.command(make, now).await.unwrap();
    let file = folder.join("token");
    std::fs::write(&file, format!("{}\n", made.token)).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let door = Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}", door.address().unwrap());
    let router = api_router(Api::new(WebState::new(desk.clone()), None, None));
    tokio::spawn(hikyaku_web::serve(door, router, std::future::pending()));
    (desk, url)
}

async fn remote(url: &str, folder: &Path, words: &[&str]) -> Result<bool, String> {
    let token = folder.join("token").display().to_string();
    let line = ["remote", "--url", url, "--token-file", &token].into_iter().chain(words.iter().copied());
    run(&Line::parse_from(line).remote).await
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r04_a_dispatch_is_sent_once_answered_resent_and_closed_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, url) = served(folder.path()).await;
    let file = folder.path().join("drill.json");
    let drill = json!({ "mode": "drill", "title": "訓練", "asks": true, "target": { "everyone": true } });
    std::fs::write(&file, drill.to_string()).unwrap();
    let send = ["send", file.to_str().unwrap(), "--key", "drill-1"];
    for _ in 0..2 {
        assert_eq!(remote(&url, folder.path(), &send).await, Ok(true));
    }
    assert_eq!(desk.read(|state| state.dispatches().count()), 1);
    for words in [&["answer", "1", "1", "1"][..], &["resend", "1"], &["tally", "1"], &["people"], &["close", "1"]] {
        assert_eq!(remote(&url, folder.path(), words).await, Ok(true), "{words:?}");
    }
    let (answered, closed) = desk.read(|state| {
        (state.tally(DispatchId(1)).answered, state.dispatch(DispatchId(1)).is_some_and(|it| it.is_closed()))
    });
    assert_eq!((answered, closed), (1, true));
    assert_eq!(remote(&url, folder.path(), &["dispatch", "9"]).await, Ok(false), "the API says no");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_is_looked_at_a_person_followed_and_a_group_made_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, url) = served(folder.path()).await;
    let write = |name: &str, body: Value| {
        let file = folder.path().join(name);
        std::fs::write(&file, body.to_string()).unwrap();
        file.display().to_string()
    };
    let drill = json!({ "mode": "drill", "title": "訓練", "asks": true, "target": { "everyone": true } });
    let drill = write("drill.json", drill);
    assert_eq!(remote(&url, folder.path(), &["preview", &drill]).await, Ok(true));
    let thailand = |code| ["preview", drill.as_str(), "--country", code];
    assert_eq!(remote(&url, folder.path(), &thailand("TH")).await, Ok(true));
    let wrong = remote(&url, folder.path(), &thailand("Thailand")).await;
    assert_eq!(wrong, Ok(false), "that is no country, whomever the file names");
    assert_eq!(desk.read(|state| state.dispatches().count()), 0, "looking sends nothing");
    assert_eq!(remote(&url, folder.path(), &["send", &drill]).await, Ok(true));
    for words in [&["person", "1", "1"][..], &["trace", "1", "1"], &["rules"], &["scim", "get", "Users/1"]] {
        assert_eq!(remote(&url, folder.path(), words).await, Ok(true), "{words:?}");
    }
    let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
    let group = write("group.json", json!({ "schemas": [schema], "displayName": "本省/災害対策室" }));
    assert_eq!(remote(&url, folder.path(), &["scim", "post", "Groups", &group]).await, Ok(true));
    let made = desk.read(|state| state.groups().by_path(Side::Domestic, ["本省", "災害対策室"])).unwrap();
    assert_eq!(remote(&url, folder.path(), &["scim", "delete", &format!("Groups/{}", made.0)]).await, Ok(true));
    for words in [&["pause", "docomo"][..], &["limit", "docomo", "2"], &["resume", "docomo"], &["audit"], &["verify"]] {
        assert_eq!(remote(&url, folder.path(), words).await, Ok(true), "{words:?}");
    }
    assert_eq!(desk.read(|state| state.brakes()["docomo"].per_1000_s), Some(2_000));
    let roster = folder.path().join("roster.csv");
    std::fs::write(&roster, "id,name,group,region,email\nA-9,丙野,本省,13,hei@example.jp\n").unwrap();
    let roster = ["roster", roster.to_str().unwrap(), "--part"];
    assert_eq!(remote(&url, folder.path(), &[&roster[..], &["--look"]].concat()).await, Ok(true));
    assert_eq!(desk.read(|state| state.people().len()), 2, "looking brings nobody");
    assert_eq!(remote(&url, folder.path(), &roster).await, Ok(true));
    assert_eq!(desk.read(|state| state.people().len()), 3);
    let refused = remote(&url, folder.path(), &["say", "1", "1", "無事ですか"]).await;
    assert_eq!(refused, Ok(false), "a program that is no person says nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r04_what_is_sent_later_is_taken_back_and_a_person_is_placed_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, url) = served(folder.path()).await;
    let file = folder.path().join("drill.json");
    let drill = json!({ "mode": "drill", "title": "訓練", "asks": true, "target": { "everyone": true } });
    std::fs::write(&file, drill.to_string()).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(remote(&url, folder.path(), &["later", file, "--seconds", "600", "--key", "k"]).await, Ok(true));
    assert_eq!(remote(&url, folder.path(), &["send", file]).await, Ok(true));
    for words in [
        &["report", "1"][..],
        &["compare", "1"],
        &["feeds"],
        &["place", "1", "--region", "17", "--days", "2"],
        &["links", "1"],
    ] {
        assert_eq!(remote(&url, folder.path(), words).await, Ok(true), "{words:?}");
    }
    assert!(desk.read(|state| state.people().find(PersonId(1)).unwrap().whereabouts.is_some()));
    for words in [&["scheduled", "none"][..], &["take-back", "none"], &["replace", "9", file], &["trial", file]] {
        assert_eq!(remote(&url, folder.path(), words).await, Ok(false), "there is none, or nobody reads it: {words:?}");
    }
}

#[tokio::test]
async fn a_token_is_sent_nowhere_without_tls_but_to_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let refused = remote("http://192.0.2.1", folder.path(), &["health"]).await.unwrap_err();
    assert!(refused.contains("https://"), "{refused}");
}
