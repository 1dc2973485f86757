//! Before which acts somebody is asked once more who it is (requirement S03): all that is posted at the console is in these tables.

use std::collections::BTreeSet;

use crate::stage::forms::Filled;
use crate::stage::routes::console_routes;
use crate::stage::{Page, Stage};
use axum::http::StatusCode;
use jiff::SignedDuration;

/// What cannot be undone or opens doors, with a form that would do it.
const PROVED: [(&str, &str); 15] = [
    ("/accounts", "login=new&label=x&person="),
    ("/accounts/{account}", "act=end"),
    ("/accounts/{account}/tokens", "label=x&scope=read&days=1"),
    ("/dispatch/{dispatch}/close", ""),
    ("/groups/{group}", "act=remove"),
    ("/me/passkeys", "remove=x"),
    ("/me/password", "password=x"),
    ("/groups/{group}/cards", "act=print"),
    ("/people/export", ""),
    ("/people/import/pending", ""),
    ("/people/{person}/card", ""),
    ("/people/{person}/links", ""),
    ("/requests", "what=export"),
    ("/requests/take", "grant=1"),
    ("/requests/{request}", "act=drop"),
];

/// What only shows what it would do: it is done at `/rules/apply` or `/people/import/pending`.
const SHOWN_FIRST: [&str; 8] = [
    "/people/import",
    "/rules/preview",
    "/rules/new",
    "/rules/{rule}",
    "/rules/{rule}/retire",
    "/rules/{rule}/target",
    "/rules/{rule}/wording",
    "/rules/{rule}/question",
];

/// What does not wait for a code: sending, approving and answering when the ground shakes, stopping what does harm, and what is undone by
/// doing it once more.
const AT_ONCE: [&str; 22] = [
    "/approval/{proposal}",
    "/audit/verify",
    "/compose/count",
    "/compose/preview",
    "/compose/send",
    "/compose/sent/{key}",
    "/delivery",
    "/dispatch/{dispatch}/cancel",
    "/dispatch/{dispatch}/person/{person}/answer",
    "/dispatch/{dispatch}/person/{person}/say",
    "/dispatch/{dispatch}/report",
    "/dispatch/{dispatch}/resend",
    "/groups",
    "/judgements/enter",
    "/me/sessions",
    "/people/{person}/edit",
    "/people/{person}/groups",
    "/people/{person}/place",
    "/rules/trial",
    "/rules/{rule}/count",
    "/travel/new",
    "/travel/{stay}",
];

/// The doors themselves.
const DOORS: [&str; 4] = ["/login", "/logout", "/prove", "/setup"];

fn is_asked(page: &Page) -> bool {
    page.status == StatusCode::SEE_OTHER && page.header("location").starts_with("/prove?next=/")
}

#[tokio::test]
async fn req_s03_before_what_cannot_be_undone_one_proves_again_who_one_is_and_in_an_emergency_one_does_not() {
    let stage = Stage::with_people(10).await;
    let [home, _] = stage.worlds().await;
    let admin = stage.admin().await;
    stage.wait(SignedDuration::from_mins(11));
    let mut seen = BTreeSet::new();
    for (route, _, posts) in console_routes() {
        let is_door = DOORS.iter().any(|door| route.starts_with(door));
        let is_absent = route == "/me/passkeys" && !cfg!(feature = "passkeys");
        if !posts || is_door || is_absent || route == "/rules/apply" || SHOWN_FIRST.contains(&route.as_str()) {
            continue;
        }
        let path = home.filled(&route);
        let proved = PROVED.iter().find(|(known, _)| *known == route);
        if let Some((_, form)) = proved {
            let before = stage.rows().await;
            let page = admin.post(&path, form).await;
            assert!(is_asked(&page), "{path}: {} {}", page.status, page.html);
            assert_eq!(stage.rows().await, before, "{path} was done all the same");
        } else {
            assert!(AT_ONCE.contains(&route.as_str()), "{route} has no row in this test's tables");
            // Its sessions end with their cookies: that is tried elsewhere.
            if route != "/me/sessions" {
                assert!(!is_asked(&admin.post(&path, "").await), "{path}");
            }
        }
        seen.insert(route);
    }
    let known: BTreeSet<&str> = PROVED.map(|(route, _)| route).into_iter().chain(AT_ONCE).collect();
    let gone: Vec<_> = known.iter().filter(|it| !seen.contains(**it) && **it != "/me/passkeys").collect();
    assert_eq!(gone, Vec::<&&str>::new(), "these are no routes any more");
}

#[tokio::test]
async fn req_s03_a_change_of_a_rule_waits_in_its_form_until_one_has_proved_who_one_is() {
    let stage = Stage::with_people(10).await;
    stage.worlds().await;
    let admin = stage.admin().await;
    stage.wait(SignedDuration::from_mins(11));
    let shown = admin.post("/rules/1/retire", "").await;
    let before = stage.rows().await;
    let page = admin.post("/rules/apply", &Filled::of(&shown.html, "/rules/apply").body()).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("href=\"/prove?next=/rules\""), "{}", page.html);
    assert_eq!(stage.rows().await, before);
}

#[tokio::test]
async fn req_s03_only_the_removal_of_a_group_is_proved_not_its_name() {
    let stage = Stage::with_people(10).await;
    let [home, _] = stage.worlds().await;
    let admin = stage.admin().await;
    stage.wait(SignedDuration::from_mins(11));
    let renamed = admin.post(&home.filled("/groups/{group}"), "act=rename&name=x").await;
    assert_eq!(renamed.header("location"), home.filled("/groups/{group}"));
}
