//! The API does what the console does: sources, trials, reports, places, links, sending later, changing what waits (A05 A11 A17 A20 P06).

use axum::http::StatusCode;
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    DispatchCommand, DispatchId, Hold, JudgingCommand, Mode, ProposalId, Role, Rule, RuleId, Sending, TokenScope,
    Unattended,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::stage::mail::Mail;
use crate::stage::program::{Answer, Program, misfit};

async fn stage() -> (Stage, DispatchId, Program) {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let program = stage.program("program", Role::SystemAdministrator, &TokenScope::ALL).await;
    (stage, dispatch, program)
}

fn drill(title: &str) -> Value {
    json!({ "mode": "drill", "title": title, "facts": ["訓練です"], "asks": true, "target": { "everyone": true } })
}

/// Asserts that an answer has the shape of this name.
async fn fits(program: &Program, answer: &Answer, shape: &str) {
    let document = program.get("/openapi.json").await.body;
    let reference = json!({ "$ref": format!("#/components/schemas/{shape}") });
    assert_eq!(misfit(&document, &reference, &answer.body, shape), None, "{}", answer.body);
}

fn told(answer: &Answer) -> &str {
    answer.body["detail"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn req_r02_how_the_sources_do_is_told_and_a_telegram_is_tried_without_anything_being_sent_or_written() {
    let (stage, _, program) = stage().await;
    let feeds = program.get("/feeds").await;
    fits(&program, &feeds, "Feeds").await;
    assert_eq!(feeds.body["sources"][1]["alarms"][0], "続けて 7 回取得できません", "{}", feeds.body);
    let rule = Box::new(Rule::safety(RuleId(1), Intensity::SixLower));
    stage.desk.command(JudgingCommand::SetRule { rule }, stage.time()).await.unwrap();
    let before = stage.rows().await;
    let tried = program.post("/rules/trial", "t1", &json!({ "telegram": "quake 6+" })).await;
    assert_eq!(tried.status, StatusCode::OK, "{tried:?}");
    fits(&program, &tried, "Trials").await;
    assert_eq!(tried.body["items"][0]["mails"][0]["people"], 10, "{}", tried.body);
    assert!(!tried.body.to_string().contains("飛脚"), "nobody is named: {}", tried.body);
    let weak = program.post("/rules/trial", "t2", &json!({ "telegram": "quake 5-" })).await;
    assert_eq!(weak.body["items"][0]["mails"], json!([]), "{}", weak.body);
    let wrong = program.post("/rules/trial", "t3", &json!({ "telegram": "hello" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told(&wrong).contains("電文として読めません"), "{wrong:?}");
    assert_eq!(stage.rows().await, before);
}

#[tokio::test]
async fn req_p06_a_dispatch_is_reported_and_dispatches_are_put_side_by_side() {
    let (stage, dispatch, program) = stage().await;
    for (number, seconds) in [(1, 30), (2, 30), (3, 60)] {
        stage.wait(SignedDuration::from_secs(seconds));
        stage.post(&stage.link(dispatch, number), "choice=1&comment=").await;
    }
    stage.wait(SignedDuration::from_secs(10));
    let report = program.get("/dispatches/1/report").await;
    assert_eq!(report.status, StatusCode::OK, "{report:?}");
    fits(&program, &report, "Report").await;
    let times = json!({ "quarter_s": 120, "half_s": null, "three_quarters_s": null });
    assert_eq!((&report.body["answered"], &report.body["times"]), (&json!(3), &times), "{}", report.body);
    assert!(report.body["verdict"].as_str().unwrap().contains("期限"), "{}", report.body);
    program.post("/dispatches", "second", &drill("二度目")).await;
    let compared = program.get("/compare?dispatches=1,2,77").await;
    fits(&program, &compared, "Compared").await;
    let rows: Vec<_> = compared.body["items"].as_array().unwrap().iter().map(|it| &it["dispatch"]).collect();
    assert_eq!(rows, [1, 2], "what is not there is left out");
    assert_eq!(compared.body["items"][0]["times"], times);
    for wrong in ["x", "1,2,3,4,5,6"] {
        let answer = program.get(&format!("/compare?dispatches={wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
    }
}

#[tokio::test]
async fn req_a37_where_somebody_is_is_noted_and_links_are_made_anew_and_mailed() {
    const SITE: &str = "https://anpi.example";
    let mail = Mail::open().await;
    let stage = Stage::with_people(2).await.mailing(&mail, SITE);
    stage.keep_time();
    let program = stage.program("program", Role::SystemAdministrator, &TokenScope::ALL).await;
    let person = stage.person(1);
    let at = format!("/people/{}", person.0);
    let placed = program.post(&format!("{at}/place"), "p1", &json!({ "region": 17, "days": 3 })).await;
    fits(&program, &placed, "Place").await;
    let here = || stage.desk.read(|now| now.people().find(person).unwrap().whereabouts.clone());
    assert_eq!(here().unwrap().region, "17".parse().unwrap(), "{placed:?}");
    for wrong in [json!({ "region": 48, "days": 1 }), json!({ "region": 17 }), json!({ "region": 17, "days": 367 })] {
        let answer = program.post(&format!("{at}/place"), &wrong.to_string(), &wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {answer:?}");
    }
    program.post(&format!("{at}/place"), "p2", &json!({ "region": null })).await;
    assert_eq!(here(), None);
    let old = format!("/p/{}", stage.desk.personal_token(person));
    let made = program.post(&format!("{at}/links"), "l1", &json!({})).await;
    fits(&program, &made, "Links").await;
    assert_eq!(made.body["mailed"], true, "{made:?}");
    let new = format!("/p/{}", stage.desk.personal_token(person));
    assert!(mail.text_to("person1@docomo.example", "新しくなりました").await.contains(&format!("{SITE}{new}")));
    assert_eq!(stage.get(&old).await.status, StatusCode::GONE);
    assert_eq!(stage.get(&new).await.status, StatusCode::OK);
    let again = program.post(&format!("{at}/links"), "l1", &json!({})).await;
    assert_eq!((again.status, format!("/p/{}", stage.desk.personal_token(person))), (StatusCode::OK, new), "once");
}

#[tokio::test]
async fn req_a17_what_is_sent_later_can_be_taken_back_until_it_is_sent_and_only_by_whoever_may_send_it() {
    let (stage, _, program) = stage().await;
    let wish = json!({ "dispatch": drill("避難訓練"), "delay_s": 30 });
    let first = program.post("/scheduled", "s1", &wish).await;
    assert_eq!((first.status, &first.body["state"]), (StatusCode::ACCEPTED, &json!("waiting")), "{first:?}");
    fits(&program, &first, "Scheduled").await;
    assert_eq!(program.post("/scheduled", "s1", &wish).await.body, first.body, "sent twice, once there");
    let path = format!("/scheduled/{}", first.body["key"].as_str().unwrap());
    let abroad = stage.program("abroad", Role::OverseasAdministrator, &TokenScope::ALL).await;
    assert_eq!(abroad.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(abroad.post(&format!("{path}/take-back"), "a", &json!({})).await.status, StatusCode::FORBIDDEN);
    let taken = program.post(&format!("{path}/take-back"), "b", &json!({})).await;
    assert_eq!((taken.status, &taken.body["state"]), (StatusCode::OK, &json!("taken_back")), "{taken:?}");
    assert_eq!(program.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(program.post("/scheduled", "s1", &wish).await.body["state"], "taken_back", "it stays taken back");
    let second = program.post("/scheduled", "s2", &json!({ "dispatch": drill("避難訓練") })).await;
    let key = second.body["key"].as_str().unwrap().to_owned();
    stage.wait(SignedDuration::from_secs(11));
    stage.desk.command(DispatchCommand::Start { key: key.clone() }, stage.time()).await.unwrap();
    let sent = program.get(&format!("/scheduled/{key}")).await;
    assert_eq!((&sent.body["state"], &sent.body["dispatch"]), (&json!("sent"), &json!(2)), "{sent:?}");
    let late = program.post(&format!("/scheduled/{key}/take-back"), "c", &json!({})).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(told(&late).contains("cancel"), "{late:?}");
    for delay in [0, 601] {
        let wrong =
            program.post("/scheduled", &delay.to_string(), &json!({ "dispatch": drill("x"), "delay_s": delay })).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn req_a11_what_waits_is_changed_and_sent_in_its_place_once() {
    let stage = Stage::with_people(10).await;
    let hold = Hold { approvers: vec![stage.person(1)], duty: Vec::new(), minutes: 10, unattended: Unattended::Send };
    let rule = Rule { sending: Sending::Hold(hold), ..Rule::safety(RuleId(1), Intensity::SixLower) };
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, stage.time()).await.unwrap();
    stage.quake("6-").await;
    let chief = stage.program_of("chief", Role::SystemAdministrator, Some(stage.person(1)), &TokenScope::ALL).await;
    let number = chief.get("/holds").await.body["items"][0]["id"].as_u64().unwrap();
    let path = format!("/holds/{number}/replace");
    let waits = || stage.desk.read(|now| now.waiting().any(|it| it.proposal.id == ProposalId(number as u32)));
    let wrong = chief.post(&path, "r0", &json!({ "title": "a\nb" })).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && waits(), "{wrong:?}");
    let stranger = stage.program("stranger", Role::SystemAdministrator, &TokenScope::ALL).await;
    let refused = stranger.post(&path, "r1", &json!({ "title": "別の人" })).await;
    assert!(refused.status == StatusCode::FORBIDDEN && waits(), "{refused:?}");
    let approver = stage.program_of("no-sender", Role::Approver, Some(stage.person(2)), &TokenScope::ALL).await;
    let refused = approver.post(&path, "r2", &json!({})).await;
    assert!(refused.status == StatusCode::FORBIDDEN && waits(), "{refused:?}");
    let change = json!({ "title": "直した件名", "target": { "numbers": ["S00003"] } });
    let sent = chief.post(&path, "r3", &change).await;
    assert_eq!((sent.status, &sent.body["title"]), (StatusCode::CREATED, &json!("直した件名")), "{sent:?}");
    assert_eq!((&sent.body["asked"], &sent.body["mode"], waits()), (&json!(1), &json!("real"), false));
    let again = chief.post(&path, "r3", &change).await;
    assert_eq!((again.status, &again.body["id"]), (StatusCode::CREATED, &sent.body["id"]));
    // Beside the one that called the approver.
    let mended = stage.desk.read(|now| now.dispatches().filter(|it| it.record().title == "直した件名").count());
    assert_eq!(mended, 1, "once");
    assert_eq!(chief.post(&path, "r4", &json!({})).await.status, StatusCode::CONFLICT, "it is decided");
}

#[tokio::test]
async fn a_dispatch_takes_the_wording_and_the_question_of_a_rule() {
    let (stage, _, program) = stage().await;
    let mut rule = Rule::safety(RuleId(1), Intensity::SixLower);
    rule.template.subject = "規則の件名 {title}".into();
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, stage.time()).await.unwrap();
    let mut wish = drill("訓練");
    wish["rule"] = json!(1);
    let looked = program.post("/dispatches/preview", "p", &wish).await;
    assert!(looked.body["subject"].as_str().unwrap().contains("規則の件名 訓練"), "{looked:?}");
    wish["rule"] = json!(9);
    let wrong = program.post("/dispatches/preview", "q", &wish).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told(&wrong).contains("rule"), "{wrong:?}");
}
