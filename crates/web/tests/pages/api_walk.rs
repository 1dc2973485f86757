//! Every way of the API with every role: a token reaches as far as its account, and not a number further (requirement A31, S08 class 11).

use crate::stage::program::ask;
use crate::stage::roles::role;
use crate::stage::{OFFICES, Stage};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use hikyaku_dispatch::{Mode, Role, Side, TokenScope};
use serde_json::{Value, json};

/// Who gets past the door of a way with the ids of another subtree, in the letters of `walk.rs`; a list then shows only one's own.
const RIGHTS: [(&str, &str, &str); 46] = [
    ("/incidents", "sadmgopu", ""),
    ("/incidents/{incident}", "sadgmu", ""),
    ("/dispatches", "sadmgopu", "s"),
    ("/dispatches/preview", "", "s"),
    ("/dispatches/{dispatch}", "sadgmu", ""),
    ("/dispatches/{dispatch}/tally", "sadgmu", ""),
    ("/dispatches/{dispatch}/resend", "", "s"),
    ("/dispatches/{dispatch}/cancel", "", "s"),
    ("/dispatches/{dispatch}/close", "", "s"),
    ("/dispatches/{dispatch}/answers", "smop", "s"),
    ("/dispatches/{dispatch}/people/{person}", "s", ""),
    ("/dispatches/{dispatch}/people/{person}/trace", "s", ""),
    // Whoever is no person of the roster says nothing to anybody.
    ("/dispatches/{dispatch}/people/{person}/messages", "", ""),
    ("/dispatches/{dispatch}/report", "sadu", ""),
    ("/compare", "sadmgopu", ""),
    // Under a name that nobody has: see subtree.rs for one that is there.
    ("/scheduled", "", "s"),
    ("/scheduled/{key}", "", ""),
    ("/scheduled/{key}/take-back", "", ""),
    ("/holds", "sado", ""),
    ("/holds/{hold}/replace", "", ""),
    ("/holds/{hold}/approve", "", ""),
    ("/holds/{hold}/reject", "", ""),
    ("/people", "smop", ""),
    ("/people/{person}", "s", ""),
    ("/people/{person}/place", "", "s"),
    ("/people/{person}/links", "", "s"),
    ("/groups", "smop", ""),
    ("/judgements", "sadou", ""),
    ("/rules", "sadou", ""),
    ("/rules/trial", "", "sadou"),
    ("/feeds", "sadou", ""),
    ("/travel", "op", "op"),
    ("/travel/{stay}", "", "op"),
    ("/travel/{stay}/remove", "", "op"),
    ("/lanes", "sadou", ""),
    ("/lanes/{carrier}/pause", "", "s"),
    ("/lanes/{carrier}/resume", "", "s"),
    ("/lanes/{carrier}/limit", "", "s"),
    ("/audit", "sou", ""),
    ("/audit/verify", "", "sou"),
    ("/bulletins", "", "sdo"),
    ("/roster/preview", "", "so"),
    ("/roster", "", "so"),
    ("/health", "sadou", ""),
    ("/openapi.json", "sadmgopu", ""),
    ("/nowhere", "", ""),
];

#[tokio::test]
async fn req_a31_a_token_of_each_role_reaches_what_the_table_says_and_is_refused_the_rest() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    let overseas = stage.overseas_group().await;
    let document = ask(&stage.api(), Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await.body;
    let person = stage.person(2).0;
    for letter in "admgopus".chars() {
        let program = stage.program(&format!("role-{letter}"), role(letter, group, overseas), &TokenScope::ALL).await;
        for (path, operations) in document["paths"].as_object().unwrap() {
            let row = RIGHTS.iter().find(|(known, ..)| known == path);
            let (_, looks, acts) = row.unwrap_or_else(|| panic!("{path} has no row in this test's table"));
            let filled = path.replace("{dispatch}", &dispatch.0.to_string()).replace("{incident}", "1");
            let filled =
                filled.replace("{person}", &person.to_string()).replace("{hold}", "1").replace("{key}", "none");
            let filled = filled.replace("{stay}", "1").replace("{carrier}", "docomo");
            if operations.get("get").is_some() {
                let answer = program.get(&filled).await;
                let may = looks.contains(letter);
                // Without an engine the lanes are not to be read.
                let passed = matches!(answer.status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE);
                assert_eq!(passed, may, "{letter} {path}: {answer:?}");
                let names = answer.body.to_string().contains("飛脚 2郎");
                assert!(!names || letter == 's', "{letter} reads a name of another subtree at {path}");
            }
            // Whoever may do it is tried elsewhere.
            if operations.get("post").is_some() && !acts.contains(letter) {
                let wish: Value = match path.as_str() {
                    "/dispatches/{dispatch}/people/{person}/messages" => json!({ "text": "x" }),
                    "/dispatches" | "/dispatches/preview" => {
                        json!({ "mode": "drill", "title": "x", "asks": true, "target": { "numbers": ["S00002"] } })
                    }
                    "/scheduled" => {
                        let dispatch =
                            json!({ "mode": "drill", "title": "x", "asks": true, "target": { "numbers": ["S00002"] } });
                        json!({ "dispatch": dispatch })
                    }
                    "/people/{person}/place" => json!({ "region": 13, "days": 1 }),
                    "/rules/trial" => json!({ "telegram": "quake 6-" }),
                    "/dispatches/{dispatch}/answers" => json!({ "person": person, "choice": 1 }),
                    "/lanes/{carrier}/limit" => json!({ "mails_per_second": 1 }),
                    "/bulletins" => json!({ "mode": "real", "kind": "other", "title": "x", "headline": "x" }),
                    "/roster" => {
                        json!({ "csv": "id,name,group,region,email\nZ1,x,y,13,z@mail.example\n", "part": true })
                    }
                    _ => json!({}),
                };
                let answer = program.post(&filled, &format!("{letter}{path}"), &wish).await;
                let refused = [
                    StatusCode::FORBIDDEN,
                    StatusCode::NOT_FOUND,
                    StatusCode::CONFLICT,
                    StatusCode::UNPROCESSABLE_ENTITY,
                ];
                assert!(refused.contains(&answer.status), "{letter} {path}: {answer:?}");
            }
        }
    }
    assert_eq!(stage.versions(2), 0, "nobody answered for the person");
    stage.desk.read(|now| {
        assert_eq!(now.dispatches().count(), 1, "nothing was sent");
        assert!(now.brakes().is_empty(), "no carrier was held");
        assert!(now.people().by_external_id(Side::Domestic, "Z1").is_none(), "nobody was brought in");
        assert!(!now.dispatch(dispatch).unwrap().is_cancelled());
    });
}

#[tokio::test]
async fn req_a31_a_group_managers_program_finds_the_own_subtree_and_not_a_number_beside_it() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    let program = stage.program("manager", Role::GroupManager(group), &TokenScope::ALL).await;
    let own = program.get(&format!("/dispatches/{}", dispatch.0)).await.body;
    assert_eq!((&own["asked"], &own["mails"]), (&json!(3), &Value::Null), "three of ten are in the own office");
    let tally = program.get(&format!("/dispatches/{}/tally", dispatch.0)).await.body;
    assert_eq!((&tally["regions"], &tally["carriers"]), (&Value::Null, &Value::Null));
    let groups = tally["groups"].as_array().unwrap();
    assert!(groups.iter().all(|row| row["group"] == group.0 || row["depth"] == 2) && groups.len() < 12, "{tally}");
    let people = program.get("/people").await.body;
    let names: Vec<&str> = people["items"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["飛脚 1郎", "飛脚 5郎", "飛脚 9郎"]);
    let answers = program.get(&format!("/dispatches/{}/answers", dispatch.0)).await.body;
    assert_eq!(answers["items"].as_array().unwrap().len(), 3);
    let own = json!({ "person": stage.person(1).0, "choice": 1 });
    let given = program.post(&format!("/dispatches/{}/answers", dispatch.0), "k", &own).await;
    assert_eq!(given.status, StatusCode::CREATED);
}

#[tokio::test]
async fn req_s08_ipa_11_without_a_token_only_the_document_opens() {
    let stage = Stage::with_people(2).await;
    let api = stage.api();
    let document = ask(&api, Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(document.status, StatusCode::OK);
    for (path, operations) in document.body["paths"].as_object().unwrap() {
        for verb in operations.as_object().unwrap().keys() {
            let request = Request::builder().method(verb.to_uppercase().as_str()).uri(format!("/api/v1{path}"));
            let answer = ask(&api, request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{verb} {path}");
        }
    }
    for path in ["/api/v1", "/api/v1/", "/api", "/", "/api/v1/nothing", "/login", "/healthz"] {
        let answer = ask(&api, Request::get(path).body(Body::empty()).unwrap()).await;
        assert!(matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND), "{path}: {answer:?}");
    }
}
