//! Coming in to the console: who is let in, who is not, and what nobody learns by trying.

use crate::stage::{PASSWORD, Page, Stage, Visitor, encoded};
use axum::http::StatusCode;
use hikyaku_dispatch::{AccountCommand, AccountId, Mode};
use jiff::SignedDuration;

async fn attempt(visitor: &Visitor, login: &str, password: &str, code: &str) -> Page {
    let form = format!("login={login}&password={}&code={code}", encoded(password));
    visitor.post("/login", &form).await
}

/// A page without what differs from moment to moment.
fn words(page: &Page) -> String {
    page.html.split_once("role=\"alert\"").map(|(_, rest)| rest.split_once("</div>").unwrap().0.to_owned()).unwrap()
}

#[tokio::test]
async fn req_s08_ipa_4_the_session_begins_with_password_and_code_under_a_name_that_nobody_knew_before() {
    let (stage, _) = Stage::asking(Mode::Real).await;
    let codes = stage.open_account("admin").await;
    let mut visitor = Visitor::new(stage.console());
    visitor.cookie = "hikyaku=planted".into();
    let page = attempt(&visitor, "admin", PASSWORD, &codes[0]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let cookie = page.header("set-cookie");
    assert!(!cookie.contains("planted"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    visitor.keep(&page);
    assert_eq!(visitor.get("/").await.status, StatusCode::OK);
    let out = visitor.post("/logout", "").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(visitor.get("/").await.header("location"), "/login", "the old name opens nothing");
}

#[tokio::test]
async fn req_s03_nobody_learns_whether_a_name_exists_or_which_part_was_wrong() {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account("admin").await;
    let visitor = Visitor::new(stage.console());
    let unknown = attempt(&visitor, "nobody", PASSWORD, &codes[0]).await;
    let password = attempt(&visitor, "admin", "wrong", &codes[0]).await;
    let code = attempt(&visitor, "admin", PASSWORD, "000000").await;
    for page in [&password, &code] {
        assert_eq!((page.status, words(page)), (unknown.status, words(&unknown)));
    }
}

#[tokio::test]
async fn req_s03_after_five_failures_only_the_second_factor_opens_and_a_quarter_of_an_hour_later_all_is_as_before() {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account("admin").await;
    let visitor = Visitor::new(stage.console());
    for _ in 0..5 {
        assert_eq!(attempt(&visitor, "admin", "wrong", "").await.status, StatusCode::UNAUTHORIZED);
    }
    let locked = attempt(&visitor, "admin", PASSWORD, "").await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(words(&locked).contains("14:20:00まで"), "{}", words(&locked));
    assert_eq!(attempt(&visitor, "admin", PASSWORD, &codes[1]).await.status, StatusCode::SEE_OTHER);
    for _ in 0..5 {
        attempt(&visitor, "admin", "wrong", "").await;
    }
    stage.wait(SignedDuration::from_mins(15));
    assert_eq!(attempt(&visitor, "admin", PASSWORD, "").await.status, StatusCode::UNAUTHORIZED, "no longer locked");
}

#[tokio::test]
async fn a_recovery_code_opens_once() {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account("admin").await;
    let visitor = Visitor::new(stage.console());
    assert_eq!(attempt(&visitor, "admin", PASSWORD, &codes[0]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(attempt(&visitor, "admin", PASSWORD, &codes[0]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn six_hundred_attempts_a_minute_from_one_source_and_then_none_however_right() {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account("admin").await;
    let visitor = Visitor::new(stage.console());
    for _ in 0..600 {
        attempt(&visitor, "admin", "", "").await;
    }
    let page = attempt(&visitor, "admin", PASSWORD, &codes[0]).await;
    assert!(words(&page).contains("1分待って"), "{}", words(&page));
    stage.wait(SignedDuration::from_mins(1));
    assert_eq!(attempt(&visitor, "admin", PASSWORD, &codes[0]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_new_account_sees_nothing_before_it_has_a_password_and_a_second_factor_of_its_own() {
    let stage = Stage::with_people(1).await;
    let admin = stage.admin().await;
    let made = admin.post("/accounts", "login=second&label=%E5%89%AF%E5%8F%B8%E4%BB%A4&person=").await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.html);
    let password = made.html.split_once("<code class=\"big\">").unwrap().1.split_once("</code>").unwrap().0.to_owned();
    let visitor = Visitor { pages: admin.pages.clone(), cookie: String::new() };
    let spy = visitor.clone().log_in("second", &password, "").await;
    let mut second = visitor.log_in("second", &password, "").await;
    stage.wait(SignedDuration::from_secs(1));
    for path in ["/", "/accounts", "/me"] {
        assert_eq!(second.get(path).await.header("location"), "/setup", "{path}");
    }
    let weak = second.post("/setup/password", "password=password1234&again=password1234").await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let same = encoded(&password);
    let same = second.post("/setup/password", &format!("password={same}&again={same}")).await;
    assert!(same.html.contains("いまと同じパスワード"), "the given one is no password of one's own");
    let own = encoded(PASSWORD);
    let set = second.post("/setup/password", &format!("password={own}&again={own}")).await;
    assert_eq!(set.header("location"), "/setup");
    for (old, whose) in [(&second, "the session goes on under a new name"), (&spy, "whoever gave the password is out")]
    {
        assert_eq!(old.get("/setup").await.header("location"), "/login?next=/setup", "{whose}");
    }
    second.keep(&set);
    let factor = second.get("/setup").await;
    assert!(factor.html.contains("<svg class=\"qr\"") && factor.html.contains("手順 2/2"));
    assert_eq!(second.get("/").await.header("location"), "/setup");
    let wrong = second.post("/setup/factor", "code=000000").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn req_s10_dangerous_acts_need_a_fresh_proof_and_the_session_goes_on_under_a_new_name() {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account("admin").await;
    let mut admin = Visitor::new(stage.console()).log_in("admin", PASSWORD, &codes[0]).await;
    assert_eq!(admin.get("/accounts").await.status, StatusCode::OK);
    stage.wait(SignedDuration::from_mins(11));
    assert_eq!(admin.get("/accounts").await.header("location"), "/prove?next=/accounts");
    let refused = admin.post("/accounts", "login=x&label=x&person=").await;
    assert_eq!(refused.header("location"), "/prove?next=/accounts");
    let old = admin.clone();
    let form = format!("password={}&code={}&next=/accounts", encoded(PASSWORD), codes[1]);
    let proved = admin.post("/prove", &form).await;
    assert_eq!(proved.header("location"), "/accounts");
    admin.keep(&proved);
    assert_eq!(admin.get("/accounts").await.status, StatusCode::OK);
    assert_eq!(old.get("/me").await.header("location"), "/login?next=/me");
}

#[tokio::test]
async fn a_stopped_account_is_out_at_once_and_nobody_stops_themselves() {
    let stage = Stage::with_people(1).await;
    let first = stage.admin().await;
    let codes = stage.open_account("second").await;
    let visitor = Visitor { pages: first.pages.clone(), cookie: String::new() };
    let second = visitor.log_in("second", PASSWORD, &codes[0]).await;
    assert_eq!(second.get("/").await.status, StatusCode::OK);
    let own = first.post("/accounts/1", "act=stop").await;
    assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(first.post("/accounts/2", "act=stop").await.status, StatusCode::OK);
    assert_eq!(second.get("/").await.header("location"), "/login");
}

#[tokio::test]
async fn req_s03_a_session_ends_with_idleness_and_live_pages_do_not_keep_it() {
    let stage = Stage::with_people(1).await;
    let admin = stage.admin().await;
    for _ in 0..3 {
        stage.wait(SignedDuration::from_mins(25));
        let live = admin.get("/?live=1").await;
        assert!(live.status == StatusCode::OK || live.header("location") == "/login", "{}", live.status);
    }
    assert_eq!(admin.get("/").await.header("location"), "/login");
}

#[tokio::test]
async fn other_sessions_are_ended_by_their_owner() {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account("admin").await;
    let pages = stage.console();
    let here = Visitor::new(pages.clone()).log_in("admin", PASSWORD, &codes[0]).await;
    let elsewhere = Visitor::new(pages).log_in("admin", PASSWORD, &codes[1]).await;
    stage.wait(SignedDuration::from_secs(1));
    let mut here = here;
    let ended = here.post("/me/sessions", "").await;
    here.keep(&ended);
    assert_eq!(here.get("/").await.status, StatusCode::OK);
    assert_eq!(elsewhere.get("/").await.header("location"), "/login");
    let command = AccountCommand::EndSessions { account: AccountId(1) };
    stage.wait(SignedDuration::from_secs(1));
    stage.desk.command(command, stage.time()).await.unwrap();
    assert_eq!(here.get("/").await.header("location"), "/login");
}

#[tokio::test]
async fn req_s03_a_new_password_ends_every_other_session() {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account("admin").await;
    let pages = stage.console();
    let mut here = Visitor::new(pages.clone()).log_in("admin", PASSWORD, &codes[0]).await;
    let elsewhere = Visitor::new(pages).log_in("admin", PASSWORD, &codes[1]).await;
    stage.wait(SignedDuration::from_secs(1));
    let own = encoded("きのうは晴れていたので散歩");
    let set = here.post("/me/password", &format!("password={own}&again={own}")).await;
    assert_eq!(set.header("location"), "/me?done=password", "{}", set.html);
    here.keep(&set);
    assert!(here.get("/me?done=password").await.html.contains("パスワードを変更しました"));
    assert_eq!(elsewhere.get("/me").await.header("location"), "/login?next=/me");
}

#[tokio::test]
async fn req_s03_another_administrator_unlocks_at_the_console_and_sets_password_and_second_factor_back() {
    let stage = Stage::with_people(1).await;
    let admin = stage.admin().await;
    let codes = stage.open_account("second").await;
    let visitor = Visitor { pages: admin.pages.clone(), cookie: String::new() };
    for _ in 0..5 {
        attempt(&visitor, "second", "wrong", "").await;
    }
    assert_eq!(attempt(&visitor, "second", PASSWORD, "").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(admin.get("/accounts").await.html.contains("制限を解除"));
    assert!(admin.post("/accounts/2", "act=unlock").await.html.contains("解除しました"));
    assert_eq!(attempt(&visitor, "second", PASSWORD, "").await.status, StatusCode::UNAUTHORIZED, "no longer locked");
    let reset = admin.post("/accounts/2", "act=password").await.html;
    let given = reset.split_once("<code class=\"big\">").unwrap().1.split_once("</code>").unwrap().0.to_owned();
    assert_eq!(attempt(&visitor, "second", PASSWORD, &codes[0]).await.status, StatusCode::UNAUTHORIZED);
    assert!(admin.post("/accounts/2", "act=factor").await.html.contains("二要素認証を消しました"));
    let second = visitor.log_in("second", &given, "").await;
    assert_eq!(second.get("/").await.header("location"), "/setup", "a password and a factor of one's own come first");
}
