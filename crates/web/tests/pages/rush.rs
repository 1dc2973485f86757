//! When more comes at once than can be done: answers come back by themselves, pages wait, nothing typed is lost (S12).

use std::sync::Arc;

use crate::stage::{Stage, ask};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use hikyaku_dispatch::{Desk, Keys, MemoryJournal, Mode, Question, State};
use hikyaku_web::WebState;
use tokio::task::JoinSet;
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn req_s12_in_a_rush_posts_are_sent_again_as_they_were_and_pages_load_themselves_again() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let admin = stage.admin().await;
    let link = stage.link(dispatch, 1);
    let rush = stage.web.rush();
    let asked = stage.get(&link).await;
    assert_eq!(asked.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(asked.header("refresh") == "5" && asked.html.contains("5秒後"), "{}", asked.html);
    assert!(!asked.html.contains("<script"), "{}", asked.html);
    assert_eq!(admin.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE, "pages of the console wait too");
    let form = "choice=2&comment=%E5%BE%92%E6%AD%A9";
    let posted = stage.post(&format!("{link}?lang=en"), form).await;
    assert_eq!(posted.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(posted.header("location"), format!("{link}?lang=en&again=1"));
    assert_eq!(posted.header("refresh"), "");
    let tired = stage.post(&format!("{link}?lang=en&again=8"), form).await;
    assert_eq!(tired.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        tired.html.contains("name=\"comment\" value=\"徒歩\"") && tired.html.contains("name=\"choice\" value=\"2\"")
    );
    drop(rush);
    let recorded = stage.post(&format!("{link}?lang=en&again=3"), form).await;
    assert_eq!(recorded.status, StatusCode::SEE_OTHER);
    assert_eq!(stage.versions(1), 1);
    assert_eq!(admin.get("/").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn req_s12_when_very_many_wait_the_next_gets_a_page_at_once_that_keeps_the_text() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let _rush = stage.web.rush();
    let pages = stage.pages();
    let mut waiting = JoinSet::new();
    for _ in 0..2_048 {
        // One that is no link waits as well: what it is, is looked at later.
        let request = Request::post("/a/x").body(Body::from("choice=1")).unwrap();
        waiting.spawn(pages.clone().oneshot(request));
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let next = stage.post(&link, "choice=4&comment=%E5%BE%92%E6%AD%A9").await;
    let waited = waiting.join_all().await;
    assert_eq!(next.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(next.html.contains("name=\"comment\" value=\"徒歩\""), "{}", next.html);
    // The one script of a responder page: it sends the form again. Without scripts there is the button.
    assert!(next.html.contains("document.forms[0].submit()") && next.html.contains("もう一度送る"), "{}", next.html);
    assert!(next.header("content-security-policy").contains("script-src 'sha256-"), "it is allowed by its hash alone");
    assert!(waited.iter().all(|page| page.as_ref().unwrap().status() == StatusCode::TEMPORARY_REDIRECT));
}

#[tokio::test(start_paused = true)]
async fn req_s12_as_soon_as_a_responder_is_turned_away_no_page_of_the_console_is_served_until_a_second_after() {
    let stage = Stage::with_people(1).await;
    let admin = stage.admin().await;
    let mut posts = JoinSet::new();
    // A tenth of a second of the pace waits for its turn; the rest is asked to come again.
    for _ in 0..1_000 {
        posts.spawn(stage.pages().oneshot(Request::post("/a/x").body(Body::from("choice=1")).unwrap()));
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(admin.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(admin.get("/").await.status, StatusCode::OK);
    let again = posts.join_all().await;
    let again = again.iter().filter(|page| page.as_ref().unwrap().status() == StatusCode::TEMPORARY_REDIRECT).count();
    assert!((400..600).contains(&again), "{again}");
}

#[tokio::test]
async fn req_s12_a_link_that_posts_without_end_is_slowed_down_alone_and_an_invented_one_is_not_even_counted() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    for _ in 0..30 {
        assert_eq!(stage.post(&link, "choice=1&comment=").await.status, StatusCode::SEE_OTHER);
    }
    let over = stage.post(&link, "choice=4&comment=%E5%BE%92%E6%AD%A9").await;
    assert_eq!(over.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        over.html.contains("name=\"comment\" value=\"徒歩\"") && over.html.contains("もう一度送る"),
        "{}",
        over.html
    );
    assert_eq!(stage.get(&link).await.status, StatusCode::OK, "reading is not limited");
    // A colleague behind the same proxy, and in the next minute the same link.
    assert_eq!(stage.post(&stage.link(dispatch, 2), "choice=1").await.status, StatusCode::SEE_OTHER);
    for _ in 0..40 {
        assert_eq!(stage.post("/a/invented", "choice=1").await.status, StatusCode::NOT_FOUND);
    }
    stage.wait(jiff::SignedDuration::from_mins(1));
    assert_eq!(stage.post(&link, "choice=4").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn req_r01_a_node_that_has_not_got_the_keys_yet_asks_back_keeps_what_was_typed_and_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    drop(Keys::open(&one).unwrap());
    std::fs::create_dir(&two).unwrap();
    for file in ["people.keys", "master.key"] {
        std::fs::copy(one.join(file), two.join(file)).unwrap();
    }
    let journal = Arc::new(MemoryJournal::new());
    let stage = Stage::with_keys(journal.clone(), Keys::open(one).unwrap(), 1).await;
    let dispatch = stage.ask("first", Mode::Real, Question::safety()).await;
    let desk = Desk::open(journal, Keys::open(two).unwrap()).await.unwrap();
    let other = desk.clone();
    let unready = move || -> Vec<String> {
        let missing = other.read(State::without_keys);
        missing.first().map(|_| "keys-missing".to_owned()).into_iter().collect()
    };
    let clock = stage.time();
    let web = WebState::with_clock(desk.clone(), Arc::new(move || clock)).ready_while(Arc::new(unready));
    let get = |path: &str| ask(hikyaku_web::router(web.clone()), Request::get(path).body(Body::empty()).unwrap());
    let post = |path: &str, form: &'static str| {
        let form_type = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, form_type).body(Body::from(form));
        ask(hikyaku_web::router(web.clone()), request.unwrap())
    };
    let link = stage.link(dispatch, 1);
    let asked = get(&link).await;
    assert_eq!(asked.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(asked.header("refresh") == "5", "{}", asked.html);
    let form = "choice=2&comment=%E5%BE%92%E6%AD%A9";
    let posted = post(&link, form).await;
    assert_eq!(posted.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        posted.html.contains("name=\"comment\" value=\"徒歩\"") && posted.html.contains("name=\"choice\" value=\"2\"")
    );
    assert!(posted.html.contains("document.forms[0].submit()"), "{}", posted.html);
    let unready = get("/readyz").await;
    assert_eq!((unready.status, unready.html.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "keys-missing\n"));
    assert_eq!(get("/healthz").await.status, StatusCode::OK, "it lives");
    let question = desk.keys().ask(&desk.read(State::without_keys)).unwrap();
    let answer = stage.desk.keys().answer(question.text(), |_| true).unwrap().unwrap();
    desk.adopt(desk.keys().given(&question, &answer).unwrap()).await.unwrap();
    assert_eq!(post(&link, form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(get("/readyz").await.status, StatusCode::OK);
}
