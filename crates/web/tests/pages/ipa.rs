//! IPA 安全なウェブサイトの作り方, its eleven classes [S08]: those that are not held elsewhere. Classes 4, 6, 9 and 11 are in
//! `log_in.rs` and `doors.rs`.

use crate::stage;
use crate::stage::{Admin, Page, Stage, encoded};
use axum::http::StatusCode;
use hikyaku_dispatch::{Mode, Question};

/// What people who try something type.
const HOSTILE: [&str; 6] = [
    "' OR '1'='1' --",
    "$(touch /tmp/hikyaku-owned); `id` | cat && true",
    "../../../../etc/passwd\0.html",
    "<script>alert(1)</script>\"><img src=x onerror=alert(1)>",
    "a\r\nBcc: everybody@example.jp\r\n\r\nbody",
    "{{7*7}} {name} %s %n ${jndi:ldap://x}",
];

fn composed(title: &str, subject: &str) -> String {
    let fields = [
        ("key", "web-1"),
        ("mode", "drill"),
        ("title", title),
        ("facts", title),
        ("subject", subject),
        ("text", "{name} {link}"),
        ("asks", "safety"),
        ("everyone", "1"),
    ];
    fields.map(|(name, value)| format!("{name}={}", encoded(value))).join("&")
}

async fn compose(admin: &Admin, title: &str, subject: &str) -> Page {
    admin.post("/compose/preview", &composed(title, subject)).await
}

#[tokio::test]
async fn req_s08_ipa_1_and_2_what_is_typed_is_text_and_never_a_query_or_a_command() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let admin = stage.admin().await;
    for (number, typed) in HOSTILE.iter().enumerate() {
        let form = format!("choice=1&comment={}", encoded(typed));
        let pressed = stage.post(&stage.link(dispatch, number + 1), &form).await;
        assert_eq!(pressed.status, StatusCode::SEE_OTHER, "{typed}");
        let visitor = stage::Visitor { pages: admin.pages.clone(), cookie: String::new() };
        let login = format!("login={}&password={}&code=", encoded(typed), encoded(typed));
        assert_eq!(visitor.post("/login", &login).await.status, StatusCode::UNAUTHORIZED, "{typed}");
    }
    assert_eq!(stage.desk.read(|now| now.tally(dispatch).answered), 6);
    assert!(!std::path::Path::new("/tmp/hikyaku-owned").exists());
    let manifest = include_str!("../../Cargo.toml");
    assert!(!["sqlx", "rusqlite", "postgres"].iter().any(|name| manifest.contains(name)), "pages speak to no database");
}

#[tokio::test]
async fn req_s08_ipa_3_no_address_leads_to_a_file() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let admin = stage.admin().await;
    let number = dispatch.0;
    for path in [
        "/../../../../etc/passwd".to_owned(),
        "/..%2f..%2f..%2fetc%2fpasswd".to_owned(),
        "/compose/sent/..%2F..%2Fetc%2Fpasswd".to_owned(),
        format!("/dispatch/{number}%2F..%2F..%2Fetc"),
        format!("/dispatch/{number}/people?answer=../../etc/passwd"),
    ] {
        let page = admin.get(&path).await;
        assert!(!page.html.contains("root:"), "{path}");
        assert!(page.status != StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    assert_eq!(stage.get("/a/..%2f..%2fetc%2fpasswd").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn req_s08_ipa_5_what_somebody_wrote_is_shown_as_text_on_every_page() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let dispatch = stage.ask("first", Mode::Real, Question::safety()).await;
    let evil = HOSTILE[3];
    stage.post(&stage.link(dispatch, 1), &format!("choice=4&comment={}", encoded(evil))).await;
    let person = stage.person(1).0;
    let preview = compose(&admin, evil, "{title}").await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.html);
    let again = admin.post("/accounts", &format!("login={}&label={}&person=x", encoded(evil), encoded(evil))).await;
    let mut pages = vec![preview, again, stage.get(&stage.link(dispatch, 1)).await];
    let number = dispatch.0;
    for path in [
        format!("/dispatch/{number}"),
        format!("/dispatch/{number}/people"),
        format!("/dispatch/{number}/person/{person}"),
    ] {
        pages.push(admin.get(&path).await);
    }
    pages.push(stage.get(&format!("{}?lang={}", stage.link(dispatch, 1), encoded(evil))).await);
    for page in &pages {
        assert!(!page.html.contains("<script>alert") && !page.html.contains("<img src=x"), "{}", page.html);
    }
    assert!(pages.iter().filter(|page| page.html.contains("&#60;script&#62;alert")).count() >= 5, "it was shown");
}

#[tokio::test]
async fn req_s08_ipa_7_no_header_can_be_written_from_outside() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let lang = encoded("en\r\nSet-Cookie: x=1");
    let pressed = stage.post(&format!("{link}?lang={lang}"), "choice=1").await;
    assert_eq!(pressed.header("location"), format!("{link}/thanks?lang=ja"));
    let codes = stage.open_account("admin").await;
    let visitor = stage::Visitor::new(stage.console());
    let next = encoded("/\r\nSet-Cookie: x=1");
    let form = format!("login=admin&password={}&code={}&next={next}", encoded(stage::PASSWORD), codes[0]);
    let page = visitor.post("/login", &form).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(page.headers.get_all("set-cookie").iter().count(), 1);
}

#[tokio::test]
async fn req_s08_ipa_8_no_line_of_a_mails_head_can_be_written_in_a_subject() {
    let stage = Stage::with_people(3).await;
    let admin = stage.admin().await;
    for subject in ["{title}\r\nBcc: everybody@example.jp", "{title}\nX: y", "a\0b"] {
        let sent = admin.post("/compose/send", &composed("件名", subject)).await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY, "{subject:?}");
    }
    let titled = admin.post("/compose/send", &composed("件名\r\nBcc: everybody@example.jp", "{title}")).await;
    assert_eq!(titled.status, StatusCode::UNPROCESSABLE_ENTITY, "nor in a title, which stands in the subject");
    assert!(stage.desk.read(|state| state.scheduled("web-1").is_none()));
}

#[tokio::test]
async fn req_s08_ipa_10_what_is_too_large_is_refused_before_it_is_read() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let admin = stage.admin().await;
    let huge = format!("choice=1&comment={}", "x".repeat(1024 * 1024));
    assert_eq!(stage.post(&stage.link(dispatch, 1), &huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(admin.post("/compose/preview", &huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let long = format!("/dispatch/{}/people?answer={}", dispatch.0, "9".repeat(4_000));
    assert_eq!(admin.get(&long).await.status, StatusCode::OK);
    assert!(include_str!("../../../../Cargo.toml").contains("unsafe_code = \"forbid\""));
}
