//! What programs do beside sending, each within a scope of its own: carriers held, journeys, entries, rosters, the journal (S10, O02).

use crate::stage::Stage;
use crate::stage::program::Answer;
use axum::http::StatusCode;
use hikyaku_dispatch::{Brake, Role, Side, TokenScope};
use serde_json::json;

fn told(answer: &Answer) -> &str {
    answer.body["detail"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn req_s10_a_carrier_is_stopped_held_and_let_go_by_a_token_of_that_scope_alone() {
    let stage = Stage::with_people(2).await;
    let others: Vec<TokenScope> = TokenScope::ALL.into_iter().filter(|it| *it != TokenScope::Carriers).collect();
    let other = stage.program("other", Role::SystemAdministrator, &others).await;
    let program = stage.program("program", Role::SystemAdministrator, &[TokenScope::Carriers]).await;
    assert_eq!(other.post("/lanes/docomo/pause", "p", &json!({})).await.status, StatusCode::FORBIDDEN);
    let brakes = || stage.desk.read(|now| now.brakes().clone());
    let paused = program.post("/lanes/docomo/pause", "p1", &json!({})).await;
    assert_eq!((paused.status, &paused.body["paused"]), (StatusCode::OK, &json!(true)), "{paused:?}");
    let held = program.post("/lanes/docomo/limit", "l1", &json!({ "mails_per_second": 2.5 })).await;
    assert_eq!(held.body["mails_per_second"], json!(2.5), "{held:?}");
    assert_eq!(brakes()["docomo"], Brake { paused: true, per_1000_s: Some(2_500) });
    for wrong in [json!({}), json!({ "mails_per_second": 0 }), json!({ "mails_per_second": "many" })] {
        let answer = program.post("/lanes/docomo/limit", "w", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {answer:?}");
    }
    program.post("/lanes/docomo/resume", "r1", &json!({})).await;
    let again = program.post("/lanes/docomo/pause", "p1", &json!({})).await;
    assert_eq!(again.body["paused"], json!(false), "a wish that is repeated stops nothing anew: {again:?}");
    program.post("/lanes/docomo/limit", "l2", &json!({ "mails_per_second": null })).await;
    assert!(brakes().is_empty(), "{:?}", brakes());
}

#[tokio::test]
async fn req_o02_a_journey_is_registered_changed_and_taken_out_by_a_program() {
    let stage = Stage::with_people(2).await;
    stage.overseas_group().await;
    let program = stage.program("abroad", Role::OverseasAdministrator, &[TokenScope::Travel]).await;
    let stay = |countries: &[&str]| json!({ "number": "K00001", "countries": countries, "kind": "trip", "from": "2026-11-20", "to": "2026-11-30" });
    for _ in 0..2 {
        let made = program.post("/travel", "t1", &stay(&["TH"])).await;
        assert_eq!((made.status, made.body["items"].as_array().unwrap().len()), (StatusCode::OK, 1), "{made:?}");
        assert_eq!(made.body["items"][0]["countries"], json!(["TH"]));
    }
    let wrong = program.post("/travel", "t2", &stay(&["XX"])).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && told(&wrong).contains("「XX」"), "{wrong:?}");
    assert_eq!(program.post("/travel/9", "t3", &stay(&["TH"])).await.status, StatusCode::NOT_FOUND);
    let moved = json!({ "number": "K00001", "countries": ["TH"], "kind": "posting", "from": "2026-11-01" });
    let changed = program.post("/travel/1", "t4", &moved).await;
    assert_eq!(changed.body["items"][0]["to"], json!(null), "{changed:?}");
    let gone = program.post("/travel/1/remove", "t5", &json!({})).await;
    assert_eq!((gone.status, gone.body["items"].as_array().unwrap().len()), (StatusCode::OK, 0), "{gone:?}");
    let home = stage.program("home", Role::SystemAdministrator, &TokenScope::ALL).await;
    assert_eq!(home.post("/travel", "t6", &stay(&["TH"])).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn req_o01_information_is_entered_once_by_whoever_may_enter_it() {
    let stage = Stage::with_people(2).await;
    let entry =
        json!({ "mode": "drill", "kind": "other", "title": "火山", "headline": "噴火しました", "prefectures": [13] });
    let program = stage.program("watch", Role::DutyOperator, &[TokenScope::Enter]).await;
    let entered = program.post("/bulletins", "b1", &entry).await;
    assert_eq!(
        (entered.status, &entered.body["headline"]),
        (StatusCode::ACCEPTED, &json!("噴火しました")),
        "{entered:?}"
    );
    program.post("/bulletins", "b1", &entry).await;
    let names: Vec<String> = stage.entered.lock().unwrap().iter().map(|(name, _)| name.clone()).collect();
    assert!(names.len() == 2 && names[0] == names[1], "one name, so that it is judged once: {names:?}");
    assert!(names[0].starts_with("manual-api-"), "{names:?}");
    let empty = json!({ "mode": "drill", "kind": "other", "title": "火山", "headline": " " });
    let wrong = program.post("/bulletins", "b2", &empty).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && told(&wrong).contains("見出し"), "{wrong:?}");
    let reader = stage.program("reader", Role::DutyOperator, &[TokenScope::Read, TokenScope::Approve]).await;
    assert_eq!(reader.post("/bulletins", "b3", &entry).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn req_a38_a_roster_is_looked_at_and_then_taken_and_too_many_do_not_go_unsaid() {
    let stage = Stage::with_people(30).await;
    let program = stage.program("hr", Role::SystemAdministrator, &[TokenScope::People]).await;
    let csv = "id,name,group,region,email\nN1,新人 一子,架空省,13,n1@mail.example\n";
    let one = json!({ "csv": csv, "part": true });
    let looked = program.post("/roster/preview", "r1", &one).await;
    assert_eq!((&looked.body["rows"], &looked.body["removals"]), (&json!(1), &json!(0)), "{looked:?}");
    assert_eq!(looked.body["changes"][0], json!({ "what": "新しく加わる", "people": 1 }));
    let is_there = || stage.desk.read(|now| now.people().by_external_id(Side::Domestic, "N1").is_some());
    assert!(!is_there(), "looking takes nobody");
    assert_eq!(program.post("/roster", "r2", &one).await.status, StatusCode::OK);
    assert!(is_there());
    let all = program.post("/roster", "r3", &json!({ "csv": csv })).await;
    assert_eq!(all.status, StatusCode::UNPROCESSABLE_ENTITY, "thirty would go: {all:?}");
    let broken = program.post("/roster/preview", "r4", &json!({ "csv": "id,name\nN1\n" })).await;
    assert!(broken.status == StatusCode::UNPROCESSABLE_ENTITY && told(&broken).contains("直して"), "{broken:?}");
    let long = format!("{csv}{}", "# \n".repeat(150_000));
    let large = program.post("/roster/preview", "r5", &json!({ "csv": long })).await;
    assert_ne!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "a whole roster fits");
}

#[tokio::test]
async fn req_s17_a_program_reads_the_journal_without_names_and_verifies_it() {
    let stage = Stage::with_people(2).await;
    let program = stage.program("watch", Role::Auditor(Side::Domestic), &[TokenScope::Audit]).await;
    let read = program.get("/audit").await;
    let rows = read.body["rows"].as_array().unwrap();
    assert!(read.status == StatusCode::OK && !rows.is_empty(), "{read:?}");
    assert!(rows.windows(2).all(|two| two[0]["row"].as_u64() > two[1]["row"].as_u64()), "newest first: {read:?}");
    let text = read.body.to_string();
    assert!(!text.contains("飛脚") && !text.contains("@docomo.example"), "{text}");
    let wrong = program.get("/audit?from=yesterday").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
    let whole = program.post("/audit/verify", "v1", &json!({})).await;
    assert_eq!((&whole.body["whole"], &whole.body["problem"]), (&json!(true), &json!(null)), "{whole:?}");
    let reader = stage.program("reader", Role::Auditor(Side::Domestic), &[TokenScope::Read]).await;
    assert_eq!(reader.get("/audit").await.status, StatusCode::FORBIDDEN);
}
