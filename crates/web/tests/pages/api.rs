//! The API: what programs do in the name of an account, by a token, once for each key.

use crate::stage::Stage;
use crate::stage::program::{Answer, Program, ask, misfit};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    AccountCommand, DispatchId, JudgingCommand, Mode, Role, Rule, RuleId, Side, Stay, StayKind, TokenScope,
    TravelCommand,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Ten people, a dispatch that one has answered, and a program of an administrator's with every scope.
async fn stage() -> (Stage, DispatchId, Program) {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    stage.post(&stage.link(dispatch, 1), "choice=4&comment=abc").await;
    let program = stage.program("program", Role::SystemAdministrator, &TokenScope::ALL).await;
    (stage, dispatch, program)
}

fn drill(title: &str) -> Value {
    json!({ "mode": "drill", "title": title, "facts": ["訓練です"], "asks": true, "target": { "everyone": true } })
}

fn told(answer: &Answer) -> &str {
    answer.body["detail"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn every_way_is_in_the_document_and_every_way_of_the_document_is_there() {
    let (stage, dispatch, program) = stage().await;
    let document = ask(&program.api, Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await.body;
    assert_eq!(document["openapi"], "3.1.0");
    let source = include_str!("../../src/api/routes.rs");
    let table = source.split_once("fn about_dispatches").unwrap().1;
    let ways = table.matches(" get(").count() + table.matches(" post(").count();
    let mut seen = 0;
    let later = program.post("/scheduled", "s", &json!({ "dispatch": drill("x"), "delay_s": 600 })).await.body;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            seen += 1;
            let filled = path.replace("{dispatch}", &dispatch.0.to_string()).replace("{incident}", "1");
            let filled = filled.replace("{person}", &stage.person(1).0.to_string()).replace("{hold}", "9");
            let filled = filled.replace("{carrier}", "docomo").replace("{stay}", "1");
            let filled = filled.replace("{key}", later["key"].as_str().unwrap());
            let answer = match verb.as_str() {
                "get" => program.get(&filled).await,
                // What is asked for lacks what must be there: the way is found all the same.
                _ => program.post(&filled, path, &json!({ "nothing such": 1 })).await,
            };
            let expected: &[u16] = match verb.as_str() {
                // Journeys are of the other half.
                _ if path.starts_with("/travel") => &[403],
                "get" => &[200, 503],
                _ => &[422],
            };
            assert!(expected.contains(&answer.status.as_u16()), "{verb} {path}: {answer:?}");
            assert!(operation["x-scope"].is_string() && !operation["summary"].as_str().unwrap().is_empty(), "{path}");
            let shape = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            if answer.status == StatusCode::OK {
                assert_eq!(misfit(&document, shape, &answer.body, path), None, "{}", answer.body);
            } else {
                let problem = json!({ "$ref": "#/components/schemas/Problem" });
                assert_eq!(misfit(&document, &problem, &answer.body, path), None, "{}", answer.body);
            }
        }
    }
    assert_eq!(seen, ways, "each way of the table is in the document once");
    assert_eq!(program.get("/nothing").await.status, StatusCode::NOT_FOUND);
    let wrong = program.post("/people", "k", &json!({})).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(told(&wrong).contains("openapi.json"), "{wrong:?}");
}

#[tokio::test]
async fn req_s03_without_a_good_token_nothing_is_told_and_a_token_ends() {
    let (stage, _, program) = stage().await;
    let bare = |authorization: Option<&str>| {
        let request = Request::get("/api/v1/people");
        let request =
            authorization.map_or(Request::get("/api/v1/people"), |it| request.header(header::AUTHORIZATION, it));
        request.body(Body::empty()).unwrap()
    };
    let long = format!("Bearer {}", "x".repeat(10_000));
    let cut = format!("Bearer {}", &program.token[..program.token.len() - 1]);
    for wrong in [None, Some("Bearer x"), Some("Basic YTpi"), Some("Bearer"), Some(long.as_str()), Some(cut.as_str())] {
        let answer = ask(&program.api, bare(wrong)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(told(&answer).contains("hikyaku access token make"), "it says what to do");
    }
    assert_eq!(program.get("/people").await.status, StatusCode::OK);
    stage.wait(SignedDuration::from_hours(24));
    assert_eq!(program.get("/people").await.status, StatusCode::UNAUTHORIZED, "its day is over");
}

#[tokio::test]
async fn req_s10_a_revoked_token_and_a_stopped_account_do_nothing_more() {
    let (stage, _, program) = stage().await;
    let account = stage.desk.read(|now| now.accounts().token(program.id).unwrap().account);
    let suspend = AccountCommand::Suspend { account, suspended: true };
    stage.desk.command(suspend, stage.time()).await.unwrap();
    assert_eq!(program.get("/people").await.status, StatusCode::FORBIDDEN);
    let revoke = AccountCommand::RevokeToken { account, token: program.id };
    stage.desk.command(revoke, stage.time()).await.unwrap();
    assert_eq!(program.get("/people").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_does_only_what_its_scopes_cover_and_says_which_is_missing() {
    let (stage, dispatch, _) = stage().await;
    let reader = stage.program("reader", Role::SystemAdministrator, &[TokenScope::Read]).await;
    assert_eq!(reader.get(&format!("/dispatches/{}", dispatch.0)).await.status, StatusCode::OK);
    let sent = reader.post("/dispatches", "k1", &drill("訓練")).await;
    assert_eq!(sent.status, StatusCode::FORBIDDEN);
    assert!(told(&sent).contains("トークン"), "{sent:?}");
    let sender = stage.program("sender", Role::SystemAdministrator, &[TokenScope::Send]).await;
    assert_eq!(sender.get("/people").await.status, StatusCode::FORBIDDEN);
    let sent = sender.post("/dispatches", "k1", &drill("訓練")).await;
    assert_eq!(
        (sent.status, sent.body),
        (StatusCode::CREATED, json!({ "id": 2 })),
        "who may not see is told the number"
    );
}

#[tokio::test]
async fn req_r04_the_same_key_sends_once_and_takes_no_other_wish() {
    let (stage, _, program) = stage().await;
    let first = program.post("/dispatches", "drill-1", &drill("訓練")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    assert_eq!(first.headers["location"], "/api/v1/dispatches/2");
    assert_eq!((first.body["asked"].as_u64(), &first.body["mode"]), (Some(10), &json!("drill")));
    let again = program.post("/dispatches", "drill-1", &drill("訓練")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    let other = program.post("/dispatches", "drill-1", &drill("別の訓練")).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    // Once the key is forgotten, the dispatch itself still has it.
    stage.wait(SignedDuration::from_hours(23));
    let bystander = stage.program("bystander", Role::SystemAdministrator, &TokenScope::ALL).await;
    assert_eq!(
        bystander.post("/dispatches", "drill-1", &drill("訓練")).await.body["id"],
        3,
        "keys are each account's own"
    );
    let resent = program.post("/dispatches/1/resend", "again-1", &json!({})).await;
    assert_eq!((resent.status, &resent.body["rounds"]), (StatusCode::OK, &json!(1)), "{resent:?}");
    let resent = program.post("/dispatches/1/resend", "again-1", &json!({})).await;
    assert_eq!((resent.status, &resent.body["rounds"]), (StatusCode::OK, &json!(1)), "not a second round");
}

#[tokio::test]
async fn a_wish_without_a_key_with_a_wrong_body_or_with_too_much_of_it_says_what_to_mend() {
    let (_, _, program) = stage().await;
    let authorization = format!("Bearer {}", program.token);
    let bare = Request::post("/api/v1/dispatches").header(header::AUTHORIZATION, &authorization);
    let keyless = ask(&program.api, bare.body(Body::from(drill("訓練").to_string())).unwrap()).await;
    assert_eq!(keyless.status, StatusCode::BAD_REQUEST);
    assert!(told(&keyless).contains("Idempotency-Key"));
    let mut nobody = drill("訓練");
    nobody["target"] = json!({});
    let mut broken = drill("訓練");
    broken["title"] = json!("a\r\nBcc: everybody@example.jp");
    for wrong in [json!({ "mode": "drill" }), json!([]), nobody, broken, json!({ "mode": "real", "surprise": 1 })] {
        let answer = program.post("/dispatches", "k", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {answer:?}");
        assert!(!told(&answer).is_empty());
    }
    let large = json!({ "title": "x".repeat(300_000) });
    assert_eq!(program.post("/dispatches", "k", &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(program.get("/dispatches/x").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(program.get("/dispatches/77").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn req_a29_of_an_address_only_the_domain_is_told() {
    let (_, _, program) = stage().await;
    let people = program.get("/people").await.body.to_string();
    assert!(people.contains("***@docomo.example"), "{people}");
    assert!(!people.contains("person1@") && !people.contains("second5@"), "{people}");
}

#[tokio::test]
async fn an_answer_is_given_for_somebody_and_counted() {
    let (stage, dispatch, program) = stage().await;
    let path = format!("/dispatches/{}", dispatch.0);
    let wish = json!({ "person": stage.person(2).0, "choice": 1, "comment": "電話で確認" });
    let given = program.post(&format!("{path}/answers"), "a1", &wish).await;
    assert_eq!(given.status, StatusCode::CREATED, "{given:?}");
    assert_eq!((&given.body["via"], &given.body["comment"]), (&json!("behalf"), &json!("電話で確認")));
    program.post(&format!("{path}/answers"), "a1", &wish).await;
    assert_eq!(stage.versions(2), 1);
    let tally = program.get(&format!("{path}/tally")).await.body;
    assert_eq!((&tally["answered"], &tally["unanswered"]), (&json!(2), &json!(8)));
    let silent = program.get(&format!("{path}/answers?standing=unanswered")).await.body;
    assert_eq!(silent["items"].as_array().unwrap().len(), 8);
    let closed = program.post(&format!("{path}/close"), "c1", &json!({})).await;
    assert_eq!(closed.body["state"], "closed");
    let late = program.post(&format!("{path}/answers"), "a2", &wish).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn of_one_person_every_answer_every_mail_and_the_way_of_the_mails_is_told_and_no_address() {
    let (stage, dispatch, program) = stage().await;
    let link = stage.link(dispatch, 3);
    stage.wait(SignedDuration::from_secs(60));
    for form in ["choice=2&comment=", "choice=4&comment=%E8%B6%B3"] {
        assert_eq!(stage.post(&link, form).await.status, StatusCode::SEE_OTHER);
    }
    let path = format!("/dispatches/{}/people/{}", dispatch.0, stage.person(3).0);
    let one = program.get(&path).await.body;
    assert_eq!((&one["standing"], &one["mails"][0]["end"]), (&json!("answered"), &json!("waiting")), "{one}");
    let given: Vec<_> = one["answers"].as_array().unwrap().iter().map(|it| (&it["choice"], &it["comment"])).collect();
    assert_eq!(given, [(&json!(2), &json!("")), (&json!(4), &json!("足"))]);
    let trace = program.get(&format!("{path}/trace")).await.body;
    let steps: Vec<&str> = trace["steps"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert!(steps.first().unwrap().starts_with("送信を決めた") && steps.last() == Some(&"本人が回答した"), "{steps:?}");
    assert!(!format!("{one}{trace}").contains("person3@"), "{one} {trace}");
    let elsewhere = program.get(&format!("/dispatches/9/people/{}/trace", stage.person(3).0)).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_message_reaches_the_page_of_the_person_and_only_who_is_a_person_says_anything() {
    let (stage, dispatch, program) = stage().await;
    let path = format!("/dispatches/{}/people/{}/messages", dispatch.0, stage.person(3).0);
    let wish = json!({ "text": "薬は足りていますか" });
    let nobody = program.post(&path, "m0", &wish).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told(&nobody).contains("職員番号"), "{nobody:?}");
    let tied = stage.program_of("tied", Role::SystemAdministrator, Some(stage.person(1)), &TokenScope::ALL).await;
    for _ in 0..2 {
        let said = tied.post(&path, "m1", &wish).await;
        assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
        assert_eq!(said.body["messages"].as_array().unwrap().len(), 1, "sent twice, said once");
    }
    stage.post(&stage.link(dispatch, 3), "choice=1&comment=").await;
    assert!(stage.get(&stage.link(dispatch, 3)).await.html.contains("薬は足りていますか"));
}

#[tokio::test]
async fn req_a17_a_dispatch_is_looked_at_before_it_is_sent_and_looking_sends_nothing() {
    let (stage, _, program) = stage().await;
    let looked = program.post("/dispatches/preview", "p1", &drill("避難訓練")).await;
    assert_eq!(looked.status, StatusCode::OK, "{looked:?}");
    assert_eq!((&looked.body["people"], &looked.body["without_address"]), (&json!(10), &json!(0)));
    let told = looked.body.to_string();
    assert!(told.contains("【訓練】") && told.contains("（氏名）") && !told.contains("飛脚"), "{told}");
    assert_eq!(stage.desk.read(|state| state.dispatches().count()), 1, "the one that was there");
}

#[tokio::test]
async fn rules_are_told_in_words_and_journeys_by_those_who_may_know() {
    let (stage, _, program) = stage().await;
    let rule = Box::new(Rule::safety(RuleId(1), Intensity::SixLower));
    stage.desk.command(JudgingCommand::SetRule { rule }, stage.time()).await.unwrap();
    let rules = program.get("/rules").await.body;
    assert_eq!(rules["items"][0]["lines"][2]["label"], "条件", "{rules}");
    assert!(rules["items"][0]["lines"][2]["text"].as_str().unwrap().contains("震度６弱"), "{rules}");
    assert_eq!(program.get("/travel").await.status, StatusCode::FORBIDDEN, "of the other half");
    stage.overseas_group().await;
    let person = stage.desk.read(|state| state.people().by_external_id(Side::Overseas, "K00001").unwrap().id);
    let (from, countries) = ("2026-11-20".parse().unwrap(), vec!["TH".parse().unwrap()]);
    let stay = Stay { person, kind: StayKind::Posting, countries, from, to: None };
    stage.desk.command(TravelCommand::Set { id: None, stay }, stage.time()).await.unwrap();
    let abroad = stage.program("abroad", Role::OverseasAdministrator, &[TokenScope::Read]).await;
    let travel = abroad.get("/travel").await.body;
    let document = abroad.get("/openapi.json").await.body;
    assert_eq!(misfit(&document, &json!({ "$ref": "#/components/schemas/Travel" }), &travel, "travel"), None);
    assert_eq!((&travel["items"][0]["countries"], &travel["items"][0]["to"]), (&json!(["TH"]), &Value::Null));
}

#[tokio::test]
async fn long_lists_come_in_pages_that_follow_each_other() {
    let (_, _, program) = stage().await;
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = program.get(&format!("/people?limit=3{cursor}")).await.body;
        found.extend(page["items"].as_array().unwrap().iter().map(|it| it["id"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, (1..=10).collect::<Vec<u64>>());
    assert_eq!(program.get("/people?limit=501").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn req_s12_a_token_that_asks_too_often_is_told_when_to_come_back_and_others_are_not() {
    let (stage, dispatch, program) = stage().await;
    let path = format!("/dispatches/{}/cancel", dispatch.0);
    for number in 0..120 {
        let answer = program.post(&path, &format!("k{number}"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let over = program.post(&path, "k120", &json!({})).await;
    assert_eq!((over.status, &over.headers["retry-after"]), (StatusCode::TOO_MANY_REQUESTS, &"60".parse().unwrap()));
    let other = stage.program("other", Role::SystemAdministrator, &TokenScope::ALL).await;
    assert_eq!(other.post(&path, "k", &json!({})).await.status, StatusCode::OK);
    let rush = stage.web.rush();
    let busy = other.get("/people").await;
    assert_eq!((busy.status, &busy.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap()));
    drop(rush);
}
