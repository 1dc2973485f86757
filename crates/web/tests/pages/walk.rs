//! Every page with every role: nobody reaches beyond the role (requirements S04, S08 class 11, A31).

use std::collections::BTreeSet;

use crate::stage::roles::role;
use crate::stage::routes::console_routes;
use crate::stage::{Admin, OFFICES, Page, Stage};
use axum::http::StatusCode;
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{DispatchId, JudgingCommand, Mode, Rule, RuleId, Side};

/// The pages that anybody may open.
const PUBLIC: [&str; 7] =
    ["/healthz", "/readyz", "/login", "/login/passkey", "/login/oidc", "/login/oidc/callback", "/login/oidc/code"];
/// The pages about one's own account, open to every account.
const OWN: [&str; 12] = [
    "/me",
    "/me/password",
    "/me/passkeys",
    "/me/sessions",
    "/setup",
    "/setup/password",
    "/setup/factor",
    "/prove",
    "/prove/passkey",
    "/prove/oidc",
    "/logout",
    "/live",
];

/// Who may open what, with the ids of another subtree than the group roles': `s` system administrator, `a` approver, `d` duty
/// operator, `m` group manager, `g` group sender, `o` overseas administrator, `p` overseas group manager, `u` auditor.
/// First who may look, then who may post there.
const RIGHTS: [(&str, &str, &str); 63] = [
    ("/", "sadmgopu", ""),
    ("/dispatch/{dispatch}", "sadmgu", ""),
    ("/dispatch/{dispatch}/people", "smop", ""),
    ("/dispatch/{dispatch}/person/{person}", "s", ""),
    ("/dispatch/{dispatch}/person/{person}/trace", "s", ""),
    ("/dispatch/{dispatch}/person/{person}/answer", "", "s"),
    ("/dispatch/{dispatch}/person/{person}/say", "", "s"),
    ("/dispatch/{dispatch}/resend", "s", "s"),
    ("/dispatch/{dispatch}/cancel", "", "s"),
    ("/dispatch/{dispatch}/close", "", "s"),
    ("/approval", "sado", ""),
    ("/approval/{proposal}", "", "sado"),
    ("/compose", "sgo", ""),
    ("/compose/preview", "", "sgo"),
    ("/compose/count", "", "sgo"),
    ("/compose/send", "", "sgo"),
    ("/compose/sent/{key}", "sgo", "sgo"),
    ("/delivery", "sadou", "s"),
    ("/people", "smop", ""),
    ("/people/{person}", "s", ""),
    ("/people/{person}/place", "", "s"),
    ("/people/{person}/links", "", "s"),
    ("/people/{person}/card", "", "s"),
    ("/dispatch/{dispatch}/report", "sadu", "s"),
    ("/judgements", "sadou", ""),
    ("/judgements/enter", "sdo", "sdo"),
    ("/feeds", "sadou", ""),
    ("/system", "sadou", ""),
    ("/rules", "sadou", ""),
    ("/rules/{rule}", "sadu", "s"),
    ("/rules/new", "so", "so"),
    // The rule is of the domestic half.
    ("/rules/{rule}/target", "s", "s"),
    ("/rules/{rule}/count", "", "s"),
    ("/rules/{rule}/wording", "s", "s"),
    ("/rules/{rule}/question", "s", "s"),
    ("/rules/{rule}/retire", "", "s"),
    ("/rules/export", "so", ""),
    ("/rules/import", "so", ""),
    ("/rules/preview", "", "so"),
    ("/rules/apply", "", "so"),
    ("/rules/trial", "sadou", "sadou"),
    ("/people/import", "so", "so"),
    ("/people/import/pending", "so", "so"),
    ("/people/export", "", ""),
    ("/people/{person}/edit", "", "s"),
    ("/people/{person}/groups", "", "s"),
    // The group is one that the group roles do not reach; there is no journey 1.
    ("/groups", "smop", "smop"),
    ("/groups/{group}", "s", "s"),
    ("/groups/{group}/cards", "", "s"),
    ("/travel", "op", ""),
    ("/travel/new", "op", "op"),
    ("/travel/{stay}", "", "op"),
    ("/requests", "so", "so"),
    ("/requests/take", "", "so"),
    ("/requests/{request}", "", "so"),
    ("/history", "sadmgopu", ""),
    ("/history/compare", "sadmgopu", ""),
    // Of both halves: who reads the records of the whole system.
    ("/reports", "su", ""),
    ("/reports/{report}", "su", ""),
    ("/audit", "sou", ""),
    ("/audit/verify", "", "sou"),
    ("/accounts", "s", "s"),
    ("/inbox", "s", ""),
];

/// The path with the ids of a person and a group that none of the group roles reaches.
fn filled(stage: &Stage, route: &str, dispatch: DispatchId) -> String {
    let person = stage.person(2).0.to_string();
    let path = route.replace("{dispatch}", &dispatch.0.to_string()).replace("{person}", &person);
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[0]]).unwrap());
    path.replace("{rule}", "1")
        .replace("{group}", &group.0.to_string())
        .replace("{stay}", "1")
        .replace("{request}", "1")
        .replace("{proposal}", "1")
        .replace("{report}", "i1.csv")
        .replace("{key}", "none")
        .replace("{account}", "1")
}

fn is_refused(page: &Page) -> bool {
    // A dispatch of which the viewer's part is empty is not there for the viewer.
    page.status == StatusCode::FORBIDDEN || page.html.contains("担当の外")
}

#[tokio::test]
async fn req_a31_each_role_opens_what_the_table_says_and_is_refused_the_rest() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    let overseas = stage.overseas_group().await;
    let rule = Box::new(Rule::safety(RuleId(1), Intensity::SixLower));
    stage.desk.command(JudgingCommand::SetRule { rule }, stage.time()).await.unwrap();
    let known: BTreeSet<&str> = PUBLIC.into_iter().chain(OWN).chain(RIGHTS.map(|(route, ..)| route)).collect();
    for letter in "admgopus".chars() {
        let viewer: Admin = stage.holder(&format!("role-{letter}"), role(letter, group, overseas)).await;
        for (route, gets, posts) in console_routes() {
            if route.starts_with("/accounts") {
                // What is posted there is walked in subtree.rs.
                let page = viewer.get("/accounts").await;
                assert_eq!(is_refused(&page), letter != 's', "{letter} {route}");
                continue;
            }
            assert!(known.contains(route.as_str()), "{route} has no row in this test's table");
            let Some((_, looks, acts)) = RIGHTS.iter().find(|(known, ..)| *known == route) else { continue };
            let path = filled(&stage, &route, dispatch);
            let mut pages = Vec::new();
            if gets {
                pages.push((viewer.get(&path).await, looks.contains(letter)));
            }
            // Whoever may do it is tried elsewhere.
            if posts && !acts.contains(letter) {
                let form = "act=approve&choice=1&everyone=1&region=13&days=1&text=x&carrier=docomo";
                pages.push((viewer.post(&path, form).await, false));
            }
            for (page, may) in pages {
                assert_eq!(is_refused(&page), !may, "{letter} {path}: {} {}", page.status, page.html);
                let names = page.html.contains("飛脚 2郎");
                assert!(!names || letter == 's', "{letter} reads a name of another subtree at {path}");
            }
        }
    }
    assert_eq!(stage.versions(2), 0);
    assert!(stage.desk.read(|now| !now.dispatch(dispatch).unwrap().is_cancelled()));
}
