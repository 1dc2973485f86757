//! When more comes at once than can be done: answers come back by themselves, pages wait, nothing typed is lost (S12).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stage;

use axum::http::StatusCode;
use hikyaku_dispatch::Mode;
use stage::Stage;

#[tokio::test(start_paused = true)]
async fn req_s12_in_a_rush_posts_are_sent_again_as_they_were_and_pages_load_themselves_again() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let admin = stage.admin().await;
    let link = stage.link(dispatch, 1);
    let rush = stage.web.rush();
    let asked = stage.get(&link).await;
    assert_eq!(asked.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(asked.html.contains("http-equiv=\"refresh\"") && asked.html.contains("5秒後"), "{}", asked.html);
    assert_eq!(admin.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE, "pages of the console wait too");
    let form = "choice=2&comment=%E5%BE%92%E6%AD%A9";
    let posted = stage.post(&format!("{link}?lang=en"), form).await;
    assert_eq!(posted.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(posted.header("location"), format!("{link}?lang=en&again=1"));
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
