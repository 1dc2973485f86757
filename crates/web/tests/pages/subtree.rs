//! Every way of console and API with ids that exist and are of another subtree: refused, and nothing is written (S04, S08 class 11, A31).

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use hikyaku_dispatch::{GroupId, Side, TokenScope};
use serde_json::{Value, json};

use crate::stage::program::{Program, ask};
use crate::stage::roles::role;
use crate::stage::routes::console_routes;
use crate::stage::worlds::World;
use crate::stage::{Admin, OFFICES, Page, Stage};

/// The letters of `walk.rs`.
const LETTERS: &str = "sadmgopu";

/// Who reaches what a path names, at home and abroad, and the forms that whoever does not reach it posts there all the same.
/// The group roles are of other groups than the ids.
const ROWS: [(&str, &str, &str, &[&str]); 31] = [
    ("/dispatch/{dispatch}", "s", "o", &[]),
    ("/dispatch/{dispatch}/people", "s", "o", &[]),
    ("/dispatch/{dispatch}/person/{person}", "s", "o", &[]),
    ("/dispatch/{dispatch}/person/{person}/trace", "s", "o", &[]),
    ("/dispatch/{dispatch}/person/{person}/answer", "s", "o", &["choice=1&comment=x"]),
    ("/dispatch/{dispatch}/person/{person}/say", "s", "o", &["text=x"]),
    ("/dispatch/{dispatch}/resend", "s", "o", &["", "?group={group}"]),
    ("/dispatch/{dispatch}/cancel", "s", "o", &[""]),
    ("/dispatch/{dispatch}/close", "s", "o", &[""]),
    ("/dispatch/{dispatch}/report", "s", "o", &["what=x&owner=y&done=1"]),
    ("/approval/{proposal}", "sad", "o", &["act=approve", "act=reject"]),
    ("/compose/sent/{key}", "s", "o", &[""]),
    ("/people/{person}", "s", "o", &[]),
    ("/people/{person}/place", "s", "o", &["region=13&days=1"]),
    ("/people/{person}/links", "s", "o", &[""]),
    ("/people/{person}/card", "s", "o", &[""]),
    ("/people/{person}/edit", "s", "o", &["name=x&kana=x&regions=13&language=ja&employment=active"]),
    ("/people/{person}/groups", "s", "o", &["groups=x"]),
    ("/groups/{group}", "s", "o", &["act=rename&name=x", "act=add&name=x", "act=remove"]),
    ("/groups/{group}/cards", "s", "o", &["act=print", "act=mail"]),
    ("/rules/{rule}", "s", "o", &["name=x&subject=x&text=x&sending=never"]),
    ("/rules/{rule}/target", "s", "o", &["everyone=1"]),
    ("/rules/{rule}/count", "s", "o", &["everyone=1"]),
    ("/rules/{rule}/wording", "s", "o", &["subject=x&text=x"]),
    ("/rules/{rule}/question", "s", "o", &["prompt=x"]),
    ("/rules/{rule}/retire", "s", "o", &[""]),
    ("/reports/{report}", "su", "su", &[]),
    ("/travel/{stay}", "o", "o", &["act=change&number=K00001&countries=US&kind=trip&from=2026-11-20", "act=remove"]),
    ("/requests/{request}", "s", "o", &["act=agree", "act=drop"]),
    (
        "/accounts/{account}",
        "s",
        "s",
        &["act=end", "act=unlock", "act=stop", "act=factor", "act=password", "act=close"],
    ),
    ("/accounts/{account}/tokens", "s", "s", &["revoke={token}", "label=x&scope=read&days=1"]),
];

/// Posts that name nobody in their path and would make an account or something else of another's.
const BESIDE: [(&str, &str, &str); 4] = [
    ("/accounts", "s", "login=intruder&label=x&person="),
    ("/groups", "so", "name=x"),
    ("/delivery", "s", "carrier=docomo&act=pause"),
    ("/requests/take", "so", "grant=1"),
];

/// Somebody of each of these roles, with groups that are in neither world.
async fn viewers(stage: &Stage, letters: &str) -> Vec<(char, Admin)> {
    let (group, overseas) = other_groups(stage);
    let mut all = Vec::new();
    for letter in letters.chars() {
        all.push((letter, stage.holder(&format!("role-{letter}"), role(letter, group, overseas)).await));
    }
    all
}

/// Programs of the same with every scope.
async fn programs(stage: &Stage) -> Vec<(char, Program)> {
    let (group, overseas) = other_groups(stage);
    let mut all = Vec::new();
    for letter in LETTERS.chars() {
        let role = role(letter, group, overseas);
        all.push((letter, stage.program(&format!("token-{letter}"), role, &TokenScope::ALL).await));
    }
    all
}

fn other_groups(stage: &Stage) -> (GroupId, GroupId) {
    stage.desk.read(|now| {
        let home = now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap();
        (home, now.groups().by_path(Side::Overseas, ["領事館"]).unwrap())
    })
}

fn is_refused(page: &Page) -> bool {
    // What would be taken back is looked at again, whatever became of the wish.
    let looks_again = page.status == StatusCode::SEE_OTHER && page.header("location").starts_with("/compose/sent/");
    page.status.is_client_error() || looks_again || page.html.contains("担当の外")
}

fn tells(text: &str, world: &World) -> Option<String> {
    world.secrets.iter().find(|secret| text.contains(*secret)).cloned()
}

#[tokio::test]
async fn req_a31_no_page_tells_or_does_anything_to_whom_the_ids_of_another_subtree_belong() {
    let stage = Stage::with_people(10).await;
    let worlds = stage.worlds().await;
    let viewers = viewers(&stage, LETTERS).await;
    for (route, gets, posts) in console_routes().into_iter().filter(|(route, ..)| route.contains('{')) {
        let row = ROWS.iter().find(|(known, ..)| *known == route);
        let (_, home, abroad, forms) = row.unwrap_or_else(|| panic!("{route} has no row in this test's table"));
        assert_eq!(posts, !forms.is_empty(), "{route} is posted to");
        for (world, reach) in worlds.iter().zip([home, abroad]) {
            let path = world.filled(&route);
            for (letter, viewer) in viewers.iter().filter(|(letter, _)| !reach.contains(*letter)) {
                let before = stage.rows().await;
                if gets {
                    let page = viewer.get(&path).await;
                    assert_eq!(tells(&page.html, world), None, "{letter} reads it at {path}");
                }
                for form in *forms {
                    let form = world.filled(form);
                    let page = match form.strip_prefix('?') {
                        Some(query) => viewer.post(&format!("{path}?{query}"), "").await,
                        None => viewer.post(&path, &form).await,
                    };
                    assert!(is_refused(&page), "{letter} {path} {form}: {} {}", page.status, page.html);
                    assert_eq!(tells(&page.html, world), None, "{letter} reads it at {path} {form}");
                }
                assert_eq!(stage.rows().await, before, "{letter} wrote something at {path}");
            }
        }
    }
    for (path, reach, form) in BESIDE {
        for (letter, viewer) in viewers.iter().filter(|(letter, _)| !reach.contains(*letter)) {
            let before = stage.rows().await;
            let page = viewer.post(path, form).await;
            assert!(is_refused(&page), "{letter} {path}: {} {}", page.status, page.html);
            assert_eq!(stage.rows().await, before, "{letter} wrote something at {path}");
        }
    }
}

#[tokio::test]
async fn the_walk_would_see_a_right_that_is_too_wide() {
    let stage = Stage::with_people(10).await;
    let [home, abroad] = stage.worlds().await;
    for (world, (_, viewer)) in [&home, &abroad].into_iter().zip(viewers(&stage, "so").await) {
        assert!(tells(&viewer.get(&world.filled("/people/{person}")).await.html, world).is_some());
        assert!(tells(&viewer.get(&world.filled("/compose/sent/{key}")).await.html, world).is_some());
        let before = stage.rows().await;
        let page = viewer.post(&world.filled("/people/{person}/place"), "region=13&days=1").await;
        assert!(!is_refused(&page) && stage.rows().await > before, "{}", page.html);
    }
}

/// Who reaches what a way of the API names, at home and abroad.
const API_ROWS: [(&str, &str, &str); 24] = [
    ("/incidents/{incident}", "sadgmu", "op"),
    ("/dispatches/{dispatch}", "sadgmu", "op"),
    ("/dispatches/{dispatch}/tally", "sadgmu", "op"),
    ("/dispatches/{dispatch}/report", "sadu", "o"),
    ("/dispatches/{dispatch}/resend", "s", "o"),
    ("/dispatches/{dispatch}/cancel", "s", "o"),
    ("/dispatches/{dispatch}/close", "s", "o"),
    // A list shows only one's own.
    ("/dispatches/{dispatch}/answers", "sm", "op"),
    ("/dispatches/{dispatch}/people/{person}", "s", "o"),
    ("/dispatches/{dispatch}/people/{person}/trace", "s", "o"),
    ("/dispatches/{dispatch}/people/{person}/messages", "s", "o"),
    ("/scheduled/{key}", "s", "o"),
    ("/scheduled/{key}/take-back", "s", "o"),
    ("/holds/{hold}/approve", "sad", "o"),
    ("/holds/{hold}/reject", "sad", "o"),
    ("/holds/{hold}/replace", "s", "o"),
    ("/people/{person}", "s", "o"),
    ("/people/{person}/place", "s", "o"),
    ("/people/{person}/links", "s", "o"),
    // Carriers are of the domestic half, journeys of the other one.
    ("/lanes/{carrier}/pause", "s", "s"),
    ("/lanes/{carrier}/resume", "s", "s"),
    ("/lanes/{carrier}/limit", "s", "s"),
    ("/travel/{stay}", "o", "o"),
    ("/travel/{stay}/remove", "o", "o"),
];

/// A body that would do something.
fn wish(path: &str, world: &World) -> Value {
    match path {
        "/dispatches/{dispatch}/answers" => {
            json!({ "person": world.id("person").parse::<u32>().unwrap(), "choice": 1 })
        }
        "/dispatches/{dispatch}/people/{person}/messages" => json!({ "text": "x" }),
        "/people/{person}/place" => json!({ "region": 13, "days": 1 }),
        "/lanes/{carrier}/limit" => json!({ "mails_per_second": 1 }),
        "/travel/{stay}" => {
            json!({ "number": "K00001", "countries": ["US"], "kind": "posting", "from": "2026-11-20" })
        }
        _ => json!({}),
    }
}

#[tokio::test]
async fn req_a31_no_way_of_the_api_tells_or_does_anything_to_whom_the_ids_of_another_subtree_belong() {
    let stage = Stage::with_people(10).await;
    let worlds = stage.worlds().await;
    let programs = programs(&stage).await;
    let document = ask(&stage.api(), Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap()).await.body;
    for (path, operations) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains('{')) {
        let row = API_ROWS.iter().find(|(known, ..)| known == path);
        let (_, home, abroad) = row.unwrap_or_else(|| panic!("{path} has no row in this test's table"));
        for (world, reach) in worlds.iter().zip([home, abroad]) {
            let filled = world.filled(path);
            for (letter, program) in programs.iter().filter(|(letter, _)| !reach.contains(*letter)) {
                let before = stage.rows().await;
                let mut answers = Vec::new();
                if operations.get("get").is_some() {
                    answers.push(program.get(&filled).await);
                }
                if operations.get("post").is_some() {
                    answers.push(program.post(&filled, path, &wish(path, world)).await);
                }
                for answer in answers {
                    let is_empty = answer.body["items"].as_array().is_some_and(Vec::is_empty);
                    assert!(answer.status.is_client_error() || is_empty, "{letter} {filled}: {answer:?}");
                    assert_eq!(tells(&answer.body.to_string(), world), None, "{letter} reads it at {filled}");
                }
                assert_eq!(stage.rows().await, before, "{letter} wrote something at {filled}");
            }
        }
    }
}
