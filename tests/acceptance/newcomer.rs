//! What a new administrator does with `hikyaku demo --by-hand`, in a real browser and without a manual: log in with the printed
//! account, look at what is held, approve, watch, resend, report. After the first address only what is seen on a page is pressed.
//!
//! What the pages looked like is kept in `tmp/screens` of the target folder.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::chrome::{Chrome, DESKTOP, PHONE, PLAIN_PHONE, Screen};
use crate::command::start;
use crate::demo::assert_empty;

/// How long the demo may take for what it says or shows, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the demo prints for whoever tries it.
struct Printed {
    console: String,
    login: String,
    password: String,
    code: String,
}

impl Printed {
    fn read(said: &str) -> Self {
        let behind = |words: &str| {
            let rest = said.split(words).nth(1).unwrap_or_else(|| panic!("{words} is not in {said}"));
            rest.split_whitespace().next().unwrap().to_owned()
        };
        Self {
            console: behind("管理画面: "),
            login: behind("ログインID: "),
            password: behind("パスワード: "),
            code: behind("認証コード（1回ずつ）: "),
        }
    }
}

/// Presses what a selector finds, if a person sees it and reads these words on it, and comes to another page.
async fn follow(chrome: &mut Chrome, selector: &str, words: &str) {
    let (selector, words) = (json!(selector), json!(words));
    let press = format!(
        "(() => {{ const seen = [...document.querySelectorAll({selector})]
            .find(it => it.checkVisibility() && !it.disabled && it.innerText.includes({words}));
          if (!seen) throw {selector} + ' with ' + {words} + ' is not seen: ' + document.body.innerText;
          seen.click(); }})()"
    );
    chrome.press_by(&press).await;
}

/// Waits until somebody who looks at the page reads these words: a page without a script is loaded again by hand.
async fn comes(chrome: &mut Chrome, words: &str) {
    let until = Instant::now() + PATIENCE;
    loop {
        let text = chrome.text().await;
        if text.contains(words) {
            return;
        }
        assert!(Instant::now() < until, "{words} never came: {text}");
        look_again(chrome).await;
    }
}

/// A moment later; where no script does it, the page is loaded again.
async fn look_again(chrome: &mut Chrome) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    if !chrome.has_script() {
        chrome.press_by("location.reload()").await;
    }
}

/// The number under a heading of the page of a dispatch.
async fn number(chrome: &mut Chrome, heading: &str) -> u64 {
    let heading = json!(heading);
    let read = format!(
        "parseInt([...document.querySelectorAll('#key dt')].find(it => it.textContent === {heading})
            .nextElementSibling.textContent.replace(/,/g, ''), 10)"
    );
    chrome.run(&read).await.as_u64().unwrap()
}

async fn log_in(chrome: &mut Chrome, printed: &Printed) {
    chrome.go(&printed.console).await;
    chrome.shoot("demo-1-login").await;
    chrome.fill("#login", &printed.login).await;
    chrome.fill("#password", &printed.password).await;
    chrome.fill("#code", &printed.code).await;
    follow(chrome, "button", "ログイン").await;
}

/// Approves what is held, and comes to its numbers.
async fn approve(chrome: &mut Chrome) {
    comes(chrome, "承認を待っている配信が1件あります").await;
    chrome.shoot("demo-2-held").await;
    follow(chrome, "#held a", "").await;
    let text = chrome.text().await;
    assert!(text.contains("この規則が働いた理由") && text.contains("誰も決めなければ、自動で送信します"), "{text}");
    chrome.shoot("demo-3-approval").await;
    follow(chrome, "button", "承認して").await;
    assert!(chrome.path().await.starts_with("/dispatch/"), "{}", chrome.text().await);
    chrome.shoot("demo-4-sent").await;
}

/// Sees answers come in: by themselves where there is a script.
async fn watch(chrome: &mut Chrome) {
    let page = chrome.run("performance.timeOrigin").await;
    let (before, until) = (number(chrome, "回答済").await, Instant::now() + PATIENCE);
    while number(chrome, "回答済").await <= before {
        assert!(Instant::now() < until, "the numbers never moved: {}", chrome.text().await);
        look_again(chrome).await;
    }
    if chrome.has_script() {
        assert_eq!(chrome.run("performance.timeOrigin").await, page, "it is the same page, and was not loaded again");
    }
    chrome.shoot("demo-5-moving").await;
}

/// Sends again to those of one group who have not answered.
async fn resend(chrome: &mut Chrome) {
    follow(chrome, "#tables a[href*='group=']", "").await;
    chrome.shoot("demo-6-group").await;
    let left = number(chrome, "未回答").await;
    assert!(left > 0, "{}", chrome.text().await);
    follow(chrome, "a", "未回答の人に再送する").await;
    chrome.shoot("demo-7-resend").await;
    follow(chrome, "button", "名に再送する").await;
    assert!(chrome.path().await.starts_with("/dispatch/"), "{}", chrome.text().await);
    // To a part it goes as a dispatch of its own, to all who are left as a round of this one; its page tells both.
    comes(chrome, "の未回答の人に再送").await;
    follow(chrome, "a", "未回答の人に再送する").await;
    follow(chrome, "button", "名に再送する").await;
    comes(chrome, "最後の再送").await;
    chrome.shoot("demo-8-resent").await;
}

async fn report(chrome: &mut Chrome) {
    follow(chrome, "a", "この配信の報告書").await;
    let text = chrome.text().await;
    for there in ["報告書", "通信事業者ごとの受付", "再送と催促", "回答"] {
        assert!(text.contains(there), "{there}: {text}");
    }
    chrome.shoot("demo-9-report").await;
}

/// All of it with one browser.
async fn tried(screen: Screen) {
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path(), ["demo", "--by-hand", "--people", "1200"]);
    demo.wait_for_word("から送信してください", PATIENCE);
    let printed = Printed::read(&demo.said());
    let mut chrome = Chrome::start(screen).await;
    log_in(&mut chrome, &printed).await;
    approve(&mut chrome).await;
    watch(&mut chrome).await;
    resend(&mut chrome).await;
    report(&mut chrome).await;
    for url in &chrome.asked {
        assert!(url.starts_with(&printed.console) || url == "about:blank" || url.starts_with("data:"), "asked {url}");
    }
    drop(chrome);
    demo.interrupt();
    let ended = demo.end(PATIENCE);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert_empty(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_new_administrator_goes_from_the_printed_account_to_the_report_by_what_the_pages_show() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        tried(screen).await;
    }
}
