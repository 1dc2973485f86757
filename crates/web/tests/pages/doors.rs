//! Every page of the console behind its door: nothing is shown or changed without a log-in or from another site.

use crate::stage;
use crate::stage::routes::console_routes;
use crate::stage::{Stage, Visitor};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hikyaku_web::{Console, ConsoleSettings};
use tower::ServiceExt;

fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn req_s08_ipa_11_without_a_log_in_there_is_nothing_but_the_log_in() {
    let stage = Stage::with_people(1).await;
    let stranger = Visitor::new(stage.console());
    let routes = console_routes();
    assert!(routes.len() >= 14, "the routes were read: {routes:?}");
    for (path, _, takes_posts) in
        routes.iter().filter(|(path, ..)| !["/login", "/healthz", "/readyz"].contains(&path.as_str()))
    {
        let path = filled(path);
        let page = stranger.get(&path).await;
        let led = page.header("location").starts_with("/login");
        assert!(
            led || page.status == StatusCode::UNAUTHORIZED || page.status == StatusCode::METHOD_NOT_ALLOWED,
            "{path}"
        );
        assert!(!page.html.contains("ログアウト"), "{path}");
        if *takes_posts {
            let page = stranger.post(&path, "").await;
            assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    assert!(stranger.get("/no-such-page").await.header("location").starts_with("/login"));
}

#[tokio::test]
async fn req_s08_ipa_6_no_route_takes_a_post_from_another_site() {
    let stage = Stage::with_people(1).await;
    let admin = stage.admin().await;
    for (path, ..) in console_routes().iter().filter(|(.., takes_posts)| *takes_posts) {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("x-nothing", "x")]
        {
            let request = Request::post(filled(path))
                .header(header::HOST, "console.example")
                .header(header::COOKIE, &admin.cookie)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(name, value);
            let response = admin.pages.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} with {name}: {value}");
        }
    }
    assert_eq!(admin.get("/").await.status, StatusCode::OK, "nobody was logged out by it");
}

#[tokio::test]
async fn req_s08_ipa_9_no_page_can_be_framed_kept_or_extended_by_another_site() {
    let stage = Stage::with_people(1).await;
    let admin = stage.admin().await;
    for path in ["/", "/login", "/accounts", "/me", "/nowhere"] {
        let page = admin.get(path).await;
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn req_s13_browsers_that_came_over_tls_are_told_to_come_so_only_and_others_are_not() {
    let stage = Stage::with_people(1).await;
    let hsts = |page: &stage::Page| page.header("strict-transport-security").to_owned();
    assert_eq!(hsts(&stage.get("/healthz").await), "");
    for (router, path) in [
        (hikyaku_web::router(stage.state().over_tls(true)), "/a/forged"),
        (
            hikyaku_web::console_router(Console::new(stage.state().over_tls(true), ConsoleSettings::default(), None)),
            "/login",
        ),
    ] {
        let page = Visitor::new(router).get(path).await;
        assert_eq!(hsts(&page), "max-age=63072000", "{path}");
    }
}
