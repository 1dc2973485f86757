//! Every page that a router serves is looked at in a browser, and checked for accessibility there.

use super::stage::routes::{console_routes, responder_routes};

/// What an administrator opens one after the other, `the_further_pages_fit_every_screen`.
pub const FURTHER: [&str; 12] = [
    "approval",
    "people",
    "people?q=2",
    "people/5",
    "judgements",
    "delivery",
    "inbox",
    "accounts",
    "me",
    "prove",
    "me/password",
    "nowhere",
];

/// The same, `the_pages_of_rules_records_and_the_office_fit_every_screen`.
pub const OFFICE: [&str; 28] = [
    "rules",
    "rules/1",
    "rules/1/target",
    "rules/1/wording",
    "rules/1/question",
    "rules/new",
    "rules/new?from=1",
    "rules/import",
    "rules/trial",
    "feeds",
    "judgements/enter",
    "history?mode=drill",
    "history/compare?pick=1&pick=2",
    "dispatch/1/report",
    "audit",
    "people/import",
    "requests",
    "accounts/1",
    "accounts/1/tokens",
    "groups",
    "groups/2",
    "people",
    "people/1",
    "compose?rule=1",
    "delivery",
    "system",
    "dispatch/1/person/1/trace",
    "reports",
];

/// Pages that are seen on the way of somebody who does something, and the picture that is taken of each.
const ON_THE_WAY: [(&str, &str); 21] = [
    ("/a/{token}", "answer-{lang}"),
    ("/a/{token}/thanks", "thanks"),
    ("/p/{token}", "own-{lang}"),
    ("/p/{token}/card", "own-card"),
    ("/c/{token}", "confirm"),
    ("/privacy", "privacy-{lang}"),
    ("/login", "login"),
    ("/login/oidc/code", "oidc-code"),
    ("/setup", "setup-factor"),
    ("/", "now"),
    ("/dispatch/{dispatch}", "dispatch"),
    ("/dispatch/{dispatch}/people", "people"),
    ("/dispatch/{dispatch}/person/{person}", "person"),
    ("/dispatch/{dispatch}/resend", "resend"),
    ("/compose", "compose"),
    ("/compose/sent/{key}", "countdown"),
    ("/people/import/pending", "roster-pending"),
    ("/travel", "travel"),
    ("/travel/new", "travel-new"),
    ("/travel/{stay}", "travel-stay"),
    ("/me/passkeys", "passkeys"),
];

/// What is served and is no page: a word for monitoring, a stream of events, a file, and what only leads elsewhere.
const NO_PAGES: [&str; 8] = [
    "/healthz",
    "/readyz",
    "/live",
    "/rules/export",
    "/reports/{report}",
    "/login/oidc",
    "/login/oidc/callback",
    "/prove/oidc",
];

/// Where pictures are taken.
const SOURCES: [&str; 11] = [
    include_str!("main.rs"),
    include_str!("office.rs"),
    include_str!("first.rs"),
    include_str!("flows.rs"),
    include_str!("deeds.rs"),
    include_str!("oidc.rs"),
    include_str!("made.rs"),
    include_str!("paper.rs"),
    include_str!("passkey.rs"),
    include_str!("rush.rs"),
    include_str!("states.rs"),
];

/// Pages that are something else once something has happened: the picture of each in that state.
const STATES: [&str; 25] = [
    "answer-thread",
    "answer-closed",
    "thanks-further",
    "busy-answer",
    "ended-{lang}",
    "own-mailed",
    "own-tested",
    "person-thread",
    "person-behalf",
    "dispatch-closed",
    "dispatch-cancelled",
    "delivery-lanes",
    "delivery-held",
    "delivery-refused",
    "accounts-password",
    "tokens-made",
    "requests-waiting",
    "requests-agreed",
    "audit-verified",
    "approval-plain",
    "compose-instead",
    "member-links",
    "own-sessions",
    "resend-group",
    "now-again",
];

/// Whether a path is one of a route.
fn is_of(route: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').skip(1).collect(), path.split('/').collect());
    let is_same = |(of_route, of_path): (&&str, &&str)| of_route == of_path || of_route.starts_with('{');
    route.len() == path.len() && route.iter().zip(&path).all(is_same)
}

/// Whether a picture of that name is taken, with all that goes with it.
fn is_taken(picture: &str) -> bool {
    let named = [format!("seen(&mut chrome, \"{picture}\")"), format!("seen(&mut chrome, &format!(\"{picture}\"))")];
    SOURCES.iter().any(|source| named.iter().any(|it| source.contains(it)))
}

#[test]
fn every_page_of_either_router_is_looked_at_in_a_browser_and_checked_for_accessibility() {
    let shown = |routes: Vec<(String, bool, bool)>| routes.into_iter().filter(|it| it.1).map(|it| it.0);
    let served: Vec<String> = shown(responder_routes()).chain(shown(console_routes())).collect();
    assert!(served.len() > 45, "the routers were read: {served:?}");
    for route in served.iter().filter(|it| !NO_PAGES.contains(&it.as_str())) {
        // A fixed path is not seen on a page whose path only has its form: /travel/new is no {stay}.
        let fixed = |path: &str| served.iter().any(|it| it != route && !it.contains('{') && is_of(it, path));
        let is_walked =
            FURTHER.iter().chain(&OFFICE).any(|path| is_of(route, path) && (!route.contains('{') || !fixed(path)));
        let is_met = ON_THE_WAY.iter().any(|(of, picture)| of == route && is_taken(picture));
        assert!(
            is_walked || is_met,
            "{route} is in no browser test: add it to FURTHER or OFFICE, or see it on the way"
        );
    }
    let unknown = |(route, _): &&(&str, &str)| !served.iter().any(|it| it == route);
    assert_eq!(ON_THE_WAY.iter().find(unknown), None, "no router serves it any more");
    assert_eq!(STATES.iter().find(|it| !is_taken(it)), None, "no test sees it in this state");
}
