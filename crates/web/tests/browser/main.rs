//! The pages in a real browser, as people use them: on a phone and on a desk, with a script and without.
//!
//! Needs Chromium, and pdftotext for what stands on paper. What the pages looked like is kept in `tmp/screens` of the target folder. With `HIKYAKU_AXE` naming the
//! file `axe.min.js` of axe-core, every page is also checked for accessibility.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chrome;
mod deeds;
mod first;
mod flows;
mod house;
mod made;
mod office;
#[cfg(feature = "oidc")]
mod oidc;
mod pages;
mod paper;
#[cfg(feature = "passkeys")]
mod passkey;
#[cfg(feature = "oidc")]
#[path = "../provider/mod.rs"]
mod provider;
mod rush;
#[path = "../stage/mod.rs"]
mod stage;
mod states;

use std::process::Command;

use chrome::{DESKTOP, PHONE, PLAIN_PHONE};
use hikyaku_dispatch::{DispatchCommand, DispatchId, Mode, Question, Role, Side};
use house::{House, OPEN_ALL, seen};
use jiff::SignedDuration;
use stage::OFFICES;
use tokio::task::JoinHandle;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn somebody_answers_by_telephone_in_three_languages_and_changes_the_answer() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let house = House::open(10).await;
        let dispatch = house.stage.ask("first", Mode::Drill, Question::safety()).await;
        let link = format!("{}{}", house.answers, house.stage.link(dispatch, 1));
        let mut chrome = house.browser(screen).await;
        for lang in ["ja", "easy", "en"] {
            chrome.go(&format!("{link}?lang={lang}")).await;
            seen(&mut chrome, &format!("answer-{lang}")).await;
        }
        chrome.go(&link).await;
        assert!(chrome.text().await.contains("訓練"));
        chrome.press("button[value='1']").await;
        assert!(chrome.text().await.contains("回答を記録しました"));
        seen(&mut chrome, "thanks").await;
        chrome.back().await;
        chrome.press("button[value='1']").await;
        assert!(chrome.text().await.contains("回答を記録しました"));
        assert_eq!(house.stage.versions(1), 1, "back, and the same once more");
        chrome.go(&link).await;
        chrome.press("button[value='4']").await;
        assert!(chrome.text().await.contains("支援が必要"));
        chrome.back().await;
        chrome.press("button[value='4']").await;
        assert!(chrome.text().await.contains("支援が必要"));
        for lang in ["ja", "easy", "en"] {
            chrome.go(&format!("{}/privacy?lang={lang}", house.answers)).await;
            seen(&mut chrome, &format!("privacy-{lang}")).await;
        }
        chrome.go(&format!("{}/a/forged", house.answers)).await;
        seen(&mut chrome, "forged").await;
        assert_eq!(house.stage.versions(1), 2);
        assert_eq!(chrome.run("document.cookie").await, "");
        house.end(chrome);
    }
}

/// What a program prints.
async fn printed(program: &'static str, arguments: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.args(["60", program]).args(arguments);
    let ended = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs w3m and Python"]
async fn somebody_answers_in_a_text_browser() {
    let house = House::open(2).await;
    let dispatch = house.stage.ask("first", Mode::Drill, Question::safety()).await;
    let link = format!("{}{}", house.answers, house.stage.link(dispatch, 1));
    let page = printed("w3m", &["-dump", "-cols", "60", "-O", "UTF-8", &link]).await;
    for there in ["これは訓練です", "石川県能登地方の地震", "飛脚 1郎", "無事・登庁可", "支援が必要"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/w3m.py");
    let thanks = printed("python3", &[keys, &link, "無事・登庁不可"]).await;
    assert!(thanks.contains("回答を記録しました") && thanks.contains("無事・登庁不可"), "{thanks}");
    assert_eq!(house.stage.versions(1), 1);
    house.tasks.iter().for_each(JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn somebody_reports_without_being_asked_says_where_and_confirms_an_address() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let house = House::open(5).await;
        let person = house.stage.person(5);
        let page = format!("{}/p/{}", house.answers, house.stage.desk.personal_token(person));
        let mut chrome = house.browser(screen).await;
        for lang in ["easy", "en", "ja"] {
            chrome.go(&format!("{page}?lang={lang}")).await;
            seen(&mut chrome, &format!("own-{lang}")).await;
        }
        chrome.press("button[name=choice][value='1']").await;
        assert!(chrome.text().await.contains("報告を記録しました"));
        seen(&mut chrome, "own-reported").await;
        chrome.run(OPEN_ALL).await;
        chrome.press("form[action*='/place'] button").await;
        assert!(chrome.text().await.contains("登録しました"));
        let until = house.stage.time() + SignedDuration::from_hours(1);
        let token = house.stage.desk.address_token(person, "own@gmail.example", until);
        chrome.go(&format!("{}/c/{token}", house.answers)).await;
        seen(&mut chrome, "confirm").await;
        chrome.press("form button").await;
        assert!(chrome.text().await.contains("アドレスを登録しました"));
        chrome.go(&page).await;
        chrome.run(OPEN_ALL).await;
        seen(&mut chrome, "own-open").await;
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_group_manager_sees_the_own_part_on_a_telephone() {
    let mut house = House::open(120).await;
    let dispatch = house.asked("real", Mode::Real).await;
    let group = house.stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    house.codes = house.stage.open_account_as("manager", Role::GroupManager(group)).await;
    let mut chrome = house.logged_in_as("manager", PHONE).await;
    seen(&mut chrome, "part-now").await;
    chrome.go(&format!("{}/dispatch/{}", house.console, dispatch.0)).await;
    let text = chrome.text().await;
    assert!(text.contains("担当の組織") && !text.contains(OFFICES[2]), "{text}");
    seen(&mut chrome, "part-dispatch").await;
    house.end(chrome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn an_administrator_watches_drills_down_and_sends_again() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(120).await;
        let dispatch = house.asked("real", Mode::Real).await;
        let mut chrome = house.logged_in(screen).await;
        seen(&mut chrome, "now").await;
        chrome.go(&format!("{}/dispatch/{}", house.console, dispatch.0)).await;
        seen(&mut chrome, "dispatch").await;
        let text = chrome.text().await;
        assert!(text.contains("先に助けが要る人") && text.contains("回答の伸び"), "{text}");
        chrome.press("#tables a[href*='group=']").await;
        seen(&mut chrome, "group").await;
        chrome.press("a[href*='answer=none']").await;
        assert!(chrome.text().await.contains("未回答"));
        seen(&mut chrome, "people").await;
        chrome.press(".list a").await;
        seen(&mut chrome, "person").await;
        chrome.go(&format!("{}/dispatch/{}/resend", house.console, dispatch.0)).await;
        seen(&mut chrome, "resend").await;
        let rounds = || house.stage.desk.read(|state| state.dispatch(dispatch).unwrap().rounds().len());
        assert_eq!(rounds(), 0);
        chrome.press("button.go").await;
        assert_eq!(chrome.path().await, format!("/dispatch/{}", dispatch.0));
        assert_eq!(rounds(), 1, "those who have not answered were mailed again");
        seen(&mut chrome, "dispatch-resent").await;
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn numbers_move_by_themselves_while_somebody_watches() {
    let mut house = House::open(20).await;
    let dispatch = house.stage.ask("real", Mode::Real, Question::safety()).await;
    let mut chrome = house.logged_in(PHONE).await;
    chrome.go(&format!("{}/dispatch/{}", house.console, dispatch.0)).await;
    assert!(chrome.text().await.contains("(0.0%)"));
    house.stage.post(&house.stage.link(dispatch, 1), "choice=1").await;
    chrome.wait_for("(5.0%)").await;
    house.end(chrome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_dispatch_is_composed_looked_at_sent_and_taken_back() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(120).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/compose", house.console)).await;
        seen(&mut chrome, "compose").await;
        chrome.fill("#title", "徒歩帰宅訓練").await;
        chrome.fill("#facts", "14時に地震が起きた想定です。\n回答してください。").await;
        chrome.press("form button.go").await;
        assert!(chrome.text().await.contains("宛先を選んでください"), "nobody was chosen");
        chrome.tick("input[name=everyone]").await;
        chrome.press("form button.go").await;
        let text = chrome.text().await;
        assert!(text.contains("120") && text.contains("【訓練】") && text.contains("徒歩帰宅訓練"), "{text}");
        assert!(text.contains("いつ届くか") && text.contains("docomo"), "what the engine expects: {text}");
        seen(&mut chrome, "preview").await;
        chrome.press("button[name=back]").await;
        assert_eq!(chrome.run("document.querySelector('#title').value").await, "徒歩帰宅訓練", "nothing typed is lost");
        chrome.press("form button.go").await;
        chrome.press("button[formaction='/compose/send']").await;
        assert!(chrome.text().await.contains("まもなく送信します"));
        seen(&mut chrome, "countdown").await;
        chrome.press("button.danger").await;
        assert!(chrome.text().await.contains("送信していません"), "{}", chrome.text().await);
        assert_eq!(house.stage.desk.read(|state| state.dispatches().count()), 0);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_dispatch_that_nobody_takes_back_is_sent_and_the_page_goes_on_to_its_numbers_by_itself() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(20).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/compose", house.console)).await;
        chrome.fill("#title", "徒歩帰宅訓練").await;
        chrome.fill("#facts", "14時に地震が起きた想定です。").await;
        chrome.tick("input[name=everyone]").await;
        chrome.press("form button.go").await;
        chrome.press("button[formaction='/compose/send']").await;
        let key = chrome.path().await.rsplit('/').next().unwrap().to_owned();
        house.stage.wait(SignedDuration::from_secs(11));
        // What a server does by itself once the time has come.
        house.stage.desk.command(DispatchCommand::Start { key }, house.stage.time()).await.unwrap();
        chrome.arrive("/dispatch/1").await;
        assert!(chrome.text().await.contains("徒歩帰宅訓練"), "{}", chrome.text().await);
        let asked = house.stage.desk.read(|state| state.dispatch(DispatchId(1)).unwrap().record().asked.len());
        assert_eq!(asked, 20);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_live_page_that_was_refused_its_stream_in_a_rush_asks_for_it_again() {
    const REFUSED_ONCE: &str = "(() => { const Real = window.EventSource; let refused = false; \
         window.EventSource = function (at) { const to = refused ? at : '/nowhere'; refused = true; return new Real(to); }; })()";
    let mut house = House::open(20).await;
    let dispatch = house.stage.ask("real", Mode::Real, Question::safety()).await;
    let mut chrome = house.logged_in(PHONE).await;
    chrome.call("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": REFUSED_ONCE})).await;
    chrome.go(&format!("{}/dispatch/{}", house.console, dispatch.0)).await;
    let first = "(async () => { while (!document.body.classList.contains('stale')) await new Promise(r => setTimeout(r, 50)); })()";
    chrome.run(first).await;
    house.stage.post(&house.stage.link(dispatch, 1), "choice=1").await;
    chrome.wait_for("(5.0%)").await;
    house.stage.post(&house.stage.link(dispatch, 2), "choice=1").await;
    chrome.wait_for("(10.0%)").await;
    house.end(chrome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_further_pages_fit_every_screen() {
    for screen in [PHONE, DESKTOP] {
        let mut house = House::open(20).await;
        let mut chrome = house.browser(screen).await;
        chrome.go(&format!("{}/login", house.console)).await;
        seen(&mut chrome, "login").await;
        house.asked_only_here(&chrome);
        drop(chrome);
        let mut chrome = house.logged_in(screen).await;
        house.stage.quake("5+").await;
        for path in pages::FURTHER {
            chrome.go(&format!("{}/{path}", house.console)).await;
            chrome.run(OPEN_ALL).await;
            seen(&mut chrome, &path.replace(['/', '?', '='], "-")).await;
        }
        house.end(chrome);
    }
}
