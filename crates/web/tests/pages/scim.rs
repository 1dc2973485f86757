//! SCIM: a directory keeps people and groups, and learns no address (RFC 7644; requirement A29).

use crate::stage::program::{Answer, Program, ask};
use crate::stage::{OFFICES, Stage};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use hikyaku_dispatch::{Command, Employment, GroupId, PeopleCommand, Role, Side, TokenScope};
use serde_json::{Value, json};

const ROSTER: &str = "urn:ietf:params:scim:schemas:extension:hikyaku:2.0:User";

async fn stage() -> (Stage, Program) {
    let stage = Stage::with_people(10).await;
    let directory = stage.program("hr", Role::SystemAdministrator, &[TokenScope::Read, TokenScope::People]).await;
    (stage, directory)
}

async fn say(program: &Program, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let request = Request::builder().method(method).uri(format!("/scim/v2{path}"));
    let request = request.header(header::AUTHORIZATION, format!("Bearer {}", program.token));
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    ask(&program.api, request.body(body).unwrap()).await
}

async fn get(program: &Program, path: &str) -> Answer {
    say(program, "GET", path, None).await
}

fn newcomer() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ROSTER],
        "userName": "S90001",
        "externalId": "S90001",
        "name": { "formatted": "新人 花子" },
        "active": true,
        "preferredLanguage": "en",
        "emails": [{ "value": "hanako@docomo.example", "type": "mobile" }],
        ROSTER: { "kana": "シンジン ハナコ", "regions": ["13"] },
    })
}

#[tokio::test]
async fn req_a29_a_user_is_brought_in_read_replaced_and_found_and_no_address_comes_back() {
    let (stage, directory) = stage().await;
    let made = say(&directory, "POST", "/Users", Some(&newcomer())).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.headers["content-type"], "application/scim+json");
    assert_eq!(made.body["emails"], json!([{ "value": "***@docomo.example#1", "type": "mobile" }]));
    let id = made.body["id"].as_str().unwrap().to_owned();
    let twice = say(&directory, "POST", "/Users", Some(&newcomer())).await;
    assert_eq!((twice.status, &twice.body["scimType"]), (StatusCode::CONFLICT, &json!("uniqueness")));
    // What was read is sent back with another name: the masked address stays what it is.
    let mut changed = get(&directory, &format!("/Users/{id}")).await.body;
    changed["name"]["formatted"] = json!("改姓 花子");
    let replaced = say(&directory, "PUT", &format!("/Users/{id}"), Some(&changed)).await;
    assert_eq!((replaced.status, &replaced.body["displayName"]), (StatusCode::OK, &json!("改姓 花子")), "{replaced:?}");
    stage.desk.read(|now| {
        let person = now.people().by_external_id(Side::Domestic, "S90001").unwrap();
        assert_eq!(person.addresses()[0].address, "hanako@docomo.example");
        assert_eq!((person.name(), person.language.word()), ("改姓 花子", "English"));
    });
    for filter in [
        "userName%20eq%20%22S90001%22",
        "externalId%20eq%20%22S90001%22",
        "name.formatted%20sw%20%22%E6%94%B9%E5%A7%93%22",
    ] {
        let found = get(&directory, &format!("/Users?filter={filter}")).await.body;
        assert_eq!(
            (&found["totalResults"], &found["Resources"][0]["id"]),
            (&json!(1), &json!(id)),
            "{filter}: {found}"
        );
        assert!(!found.to_string().contains("hanako@"), "{found}");
    }
    let asked = get(&directory, "/Users?filter=emails.value%20eq%20%22hanako%40docomo.example%22").await;
    assert_eq!((asked.status, &asked.body["scimType"]), (StatusCode::BAD_REQUEST, &json!("invalidFilter")));
}

#[tokio::test]
async fn a_user_is_patched_and_who_is_not_active_has_left_and_can_come_back() {
    let (stage, directory) = stage().await;
    let path = format!("/Users/{}", stage.person(3).0);
    let patch = |active: Value| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "Replace", "path": "active", "value": active }],
        })
    };
    let left = say(&directory, "PATCH", &path, Some(&patch(json!("False")))).await;
    assert_eq!((left.status, &left.body["active"]), (StatusCode::OK, &json!(false)), "{left:?}");
    let employment = |stage: &Stage| stage.desk.read(|now| now.people().find(stage.person(3)).unwrap().employment);
    assert_eq!(employment(&stage), Employment::Left);
    let groups = stage.desk.read(|now| now.people().find(stage.person(3)).unwrap().groups.clone());
    assert!(!groups.is_empty(), "nobody loses the groups by a patch about something else");
    say(&directory, "PATCH", &path, Some(&patch(json!(true)))).await;
    assert_eq!(employment(&stage), Employment::Active);
    let regions = json!({ "Operations": [{ "op": "add", "path": format!("{ROSTER}:regions"), "value": ["13"] }] });
    let moved = say(&directory, "PATCH", &path, Some(&regions)).await;
    assert_eq!(moved.body[ROSTER]["regions"], json!(["17", "13"]), "{moved:?}");
    let renamed = json!({ "Operations": [{ "op": "replace", "path": "userName", "value": "S99999" }] });
    let fixed = say(&directory, "PATCH", &path, Some(&renamed)).await;
    assert_eq!((fixed.status, &fixed.body["scimType"]), (StatusCode::BAD_REQUEST, &json!("mutability")));
    assert_eq!(say(&directory, "DELETE", &path, None).await.status, StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn a_group_is_made_below_another_filled_renamed_emptied_and_removed() {
    let (stage, directory) = stage().await;
    let parent = format!("架空省/{}", OFFICES[1]);
    let member = |number: usize| json!({ "value": stage.person(number).0.to_string() });
    let group = json!({ "displayName": format!("{parent}/新設室"), "members": [member(1), member(2)] });
    let made = say(&directory, "POST", "/Groups", Some(&group)).await;
    assert_eq!((made.status, made.body["members"].as_array().unwrap().len()), (StatusCode::CREATED, 2), "{made:?}");
    let path = format!("/Groups/{}", made.body["id"].as_str().unwrap());
    let twice = say(&directory, "POST", "/Groups", Some(&group)).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let patch = json!({ "Operations": [
        { "op": "add", "path": "members", "value": [member(5)] },
        { "op": "remove", "path": format!("members[value eq \"{}\"]", stage.person(1).0) },
        { "op": "replace", "path": "displayName", "value": format!("{parent}/改称室") },
    ] });
    let changed = say(&directory, "PATCH", &path, Some(&patch)).await;
    assert_eq!(
        (changed.status, &changed.body["displayName"]),
        (StatusCode::OK, &json!(format!("{parent}/改称室"))),
        "{changed:?}"
    );
    let mut within: Vec<String> =
        changed.body["members"].as_array().unwrap().iter().map(|it| it["value"].as_str().unwrap().to_owned()).collect();
    within.sort();
    assert_eq!(within, [stage.person(2).0.to_string(), stage.person(5).0.to_string()]);
    assert_eq!(say(&directory, "DELETE", &path, None).await.status, StatusCode::BAD_REQUEST, "somebody is in it");
    let empty = json!({ "Operations": [{ "op": "remove", "path": "members" }] });
    assert_eq!(say(&directory, "PATCH", &path, Some(&empty)).await.body["members"], json!([]));
    assert_eq!(say(&directory, "DELETE", &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(get(&directory, &path).await.status, StatusCode::NOT_FOUND);
    let orphan = json!({ "displayName": "ない省/室" });
    assert_eq!(say(&directory, "POST", "/Groups", Some(&orphan)).await.body["scimType"], "invalidValue");
}

#[tokio::test]
async fn a_change_of_a_group_happens_as_a_whole_or_not_at_all() {
    let (stage, directory) = stage().await;
    let made = json!({ "displayName": "架空省/新しい室", "members": [{ "value": "1" }, { "value": "999" }] });
    assert_eq!(say(&directory, "POST", "/Groups", Some(&made)).await.status, StatusCode::BAD_REQUEST);
    let child = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", "新しい室"]));
    assert_eq!(child, None, "a group whose members are refused is not there");
    // Renamed to what is taken, with other members: neither happens.
    let id = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap().0);
    let taken = json!({ "displayName": format!("架空省/{}", OFFICES[0]), "members": [{ "value": "2" }] });
    let refused = say(&directory, "PUT", &format!("/Groups/{id}"), Some(&taken)).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    let people =
        |stage: &Stage| stage.desk.read(|now| now.people().iter().map(|it| it.groups.clone()).collect::<Vec<_>>());
    let untouched = people(&stage);
    assert!(!untouched[1].iter().any(|group| group.0 == id));
    // Members first, then a name that is taken, in one order or the other: the desk takes both or none.
    let moves: Vec<Command> = vec![
        PeopleCommand::SetGroups { person: stage.person(2), groups: vec![GroupId(id)] }.into(),
        PeopleCommand::SetGroups { person: stage.person(3), groups: vec![GroupId(9_999)] }.into(),
    ];
    assert!(stage.desk.command(Command::Together(moves), stage.time()).await.is_err());
    assert_eq!(people(&stage), untouched);
}

#[tokio::test]
async fn lists_come_in_pages_and_without_what_is_not_wanted() {
    let (_, directory) = stage().await;
    let page = get(&directory, "/Users?startIndex=4&count=3").await.body;
    let ids: Vec<&str> = page["Resources"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!((&page["totalResults"], &page["itemsPerPage"], ids), (&json!(10), &json!(3), vec!["4", "5", "6"]));
    assert_eq!(get(&directory, "/Users?startIndex=-5&count=-1").await.body["itemsPerPage"], 0);
    assert_eq!(get(&directory, "/Users?startIndex=999").await.body["Resources"], json!([]));
    let groups = get(
        &directory,
        "/Groups?excludedAttributes=members&filter=displayName%20eq%20%22%E6%9E%B6%E7%A9%BA%E7%9C%81%22",
    )
    .await
    .body;
    assert_eq!((&groups["totalResults"], &groups["Resources"][0]["members"]), (&json!(1), &Value::Null), "{groups}");
}

#[tokio::test]
async fn what_the_service_can_is_said_and_each_attribute_that_is_answered_is_in_a_schema() {
    let (stage, directory) = stage().await;
    let config = get(&directory, "/ServiceProviderConfig").await.body;
    assert_eq!((&config["patch"]["supported"], &config["bulk"]["supported"]), (&json!(true), &json!(false)));
    let schemas = get(&directory, "/Schemas").await.body;
    let names: Vec<&str> = schemas["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|schema| schema["attributes"].as_array().unwrap())
        .map(|attribute| attribute["name"].as_str().unwrap())
        .collect();
    let user = get(&directory, &format!("/Users/{}", stage.person(1).0)).await.body;
    let group = get(&directory, "/Groups/1").await.body;
    let own = user.as_object().unwrap().keys().chain(group.as_object().unwrap().keys());
    for name in own.chain(user[ROSTER].as_object().unwrap().keys()) {
        let is_common = ["schemas", "id", "meta", ROSTER].contains(&name.as_str());
        assert!(is_common || names.contains(&name.as_str()), "{name} is in no schema");
    }
    assert_eq!(get(&directory, "/ResourceTypes").await.body["totalResults"], 2);
}

#[tokio::test]
async fn hostile_input_is_refused_in_scims_words_and_changes_nothing() {
    let (stage, directory) = stage().await;
    let before = stage.desk.read(|now| now.digest().unwrap());
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let people = |count: usize| json!({ "displayName": "架空省", "members": (0..count).map(|it| json!({ "value": it.to_string() })).collect::<Vec<_>>() });
    let mut evil = newcomer();
    evil["name"]["formatted"] = json!("a\r\nBcc: x@example.jp");
    let mut many = newcomer();
    many["emails"] = (0..100).map(|it| json!({ "value": format!("p{it}@example.jp") })).collect();
    let mut slipped = newcomer();
    slipped["emails"] = json!([{ "value": "***@docomo.example#7" }]);
    let patch = json!({ "Operations": [{ "op": "replace", "path": "emails[value eq", "value": 1 }] });
    let requests: Vec<(&str, String, String)> = vec![
        ("POST", "/Users".into(), deep),
        ("POST", "/Users".into(), "{".into()),
        ("POST", "/Users".into(), json!([]).to_string()),
        ("POST", "/Users".into(), evil.to_string()),
        ("POST", "/Users".into(), many.to_string()),
        ("POST", "/Users".into(), slipped.to_string()),
        ("PUT", "/Groups/1".into(), people(1_000).to_string()),
        ("PATCH", "/Users/1".into(), patch.to_string()),
        ("GET", format!("/Users?filter={}", "(".repeat(5_000)), String::new()),
        ("GET", "/Users?count=x".into(), String::new()),
        ("GET", "/Users/..%2f..%2fetc".into(), String::new()),
        ("GET", "/Nothing".into(), String::new()),
        ("PUT", "/Schemas".into(), "{}".into()),
    ];
    for (method, path, body) in requests {
        let request = Request::builder().method(method).uri(format!("/scim/v2{path}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", directory.token));
        let answer = ask(&directory.api, request.body(Body::from(body)).unwrap()).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {answer:?}");
        assert_eq!(
            answer.body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error",
            "{method} {path}: {answer:?}"
        );
        assert_eq!(answer.body["status"], answer.status.as_u16().to_string());
    }
    assert_eq!(stage.desk.read(|now| now.digest().unwrap()), before);
}

#[tokio::test]
async fn req_a31_only_whoever_brings_rosters_in_writes_and_nobody_comes_without_a_token() {
    let (stage, _) = stage().await;
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    let manager = stage.program("manager", Role::GroupManager(group), &TokenScope::ALL).await;
    let auditor = stage.program("auditor", Role::Auditor(Side::Domestic), &TokenScope::ALL).await;
    let reader = stage.program("reader", Role::SystemAdministrator, &[TokenScope::Read]).await;
    let overseas = stage.program("abroad", Role::OverseasAdministrator, &TokenScope::ALL).await;
    let ways = ["/Users", "/Users/2", "/Groups", "/Groups/1"];
    for path in ways {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            for (name, program) in [("manager", &manager), ("auditor", &auditor), ("reader", &reader)] {
                let answer = say(program, method, path, Some(&newcomer())).await;
                let refused = [StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
                assert!(refused.contains(&answer.status), "{name} {method} {path}: {answer:?}");
            }
        }
        assert_eq!(get(&auditor, path).await.status, StatusCode::FORBIDDEN, "{path}");
        let bare = Request::get(format!("/scim/v2{path}")).body(Body::empty()).unwrap();
        assert_eq!(ask(&stage.api(), bare).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let own = get(&manager, "/Users").await.body;
    assert_eq!(own["totalResults"], 3, "three of ten are in the own office");
    assert_eq!(get(&manager, &format!("/Users/{}", stage.person(2).0)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&overseas, "/Users").await.body["totalResults"], 0, "the other half is not there");
    assert_eq!(get(&overseas, &format!("/Users/{}", stage.person(2).0)).await.status, StatusCode::NOT_FOUND);
}
