//! What is done rarely and must work at once: approving and changing what waits, links made anew, sessions ended, a password changed, one group asked
//! again. On a phone without a script, and at a desk with one.

use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{Hold, JudgingCommand, Mode, Role, Rule, RuleId, Sending, Side, Unattended};

use jiff::SignedDuration;

use super::chrome::{DESKTOP, PLAIN_PHONE};
use super::stage::OFFICES;
use super::{House, OPEN_ALL, seen};

/// A house where something waits for the approval of `chief`, who is the first person of the roster.
async fn with_something_waiting() -> House {
    let mut house = House::open(10).await;
    let hold =
        Hold { approvers: vec![house.stage.person(1)], duty: Vec::new(), minutes: 600, unattended: Unattended::Drop };
    let rule = Rule { sending: Sending::Hold(hold), ..Rule::safety(RuleId(1), Intensity::SixLower) };
    let set = JudgingCommand::SetRule { rule: Box::new(rule) };
    house.stage.desk.command(set, house.stage.time()).await.unwrap();
    house.stage.quake("6+").await;
    let chief = Some(house.stage.person(1));
    house.codes = house.stage.open_account_of("chief", Role::SystemAdministrator, chief).await;
    house
}

fn waiting(house: &House) -> usize {
    house.stage.desk.read(|now| now.waiting().count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn somebody_approves_on_a_telephone_without_a_script() {
    let mut house = with_something_waiting().await;
    let mut chrome = house.logged_in_as("chief", PLAIN_PHONE).await;
    assert!(chrome.text().await.contains("承認を待っている配信が1件あります"), "{}", chrome.text().await);
    chrome.press("#held a[href='/approval']").await;
    chrome.run(OPEN_ALL).await;
    seen(&mut chrome, "approval-plain").await;
    chrome.press("button[value=approve]").await;
    assert_eq!(waiting(&house), 0);
    let asked = house.stage.desk.read(|now| now.latest_dispatch().unwrap().record().asked.len());
    assert_eq!(asked, 10);
    house.end(chrome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn what_waits_is_changed_and_sent_in_its_place() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = with_something_waiting().await;
        let mut chrome = house.logged_in_as("chief", screen).await;
        chrome.go(&format!("{}/approval", house.console)).await;
        chrome.press("a[href^='/compose?instead=']").await;
        let text = chrome.text().await;
        assert!(text.contains("承認を待っている配信を変えて送ります"), "{text}");
        seen(&mut chrome, "compose-instead").await;
        chrome.fill("#title", "変えた題名").await;
        chrome.press("form[action='/compose/preview'] button.go").await;
        let text = chrome.text().await;
        assert!(text.contains("10名に送信する") && text.contains("宛先の選び方: 指定した10名"), "{text}");
        seen(&mut chrome, "preview-instead").await;
        assert_eq!(waiting(&house), 1, "looking decides nothing");
        chrome.press("button[formaction='/compose/send']").await;
        let path = chrome.path().await;
        let key = path.strip_prefix("/compose/sent/").unwrap_or_else(|| panic!("{path}"));
        let sent = house.stage.desk.read(|now| now.scheduled(key).map(|(_, draft)| draft.title.clone()));
        assert_eq!((sent.as_deref(), waiting(&house)), (Some("変えた題名"), 0));
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_links_of_somebody_are_made_anew_and_the_old_one_opens_nothing() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(5).await;
        // A letter of another day would not be sent.
        house.stage.keep_time();
        let dispatch = house.asked("first", Mode::Drill).await;
        let old = format!("{}{}", house.answers, house.stage.link(dispatch, 3));
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&old).await;
        assert!(chrome.text().await.contains("無事・登庁可"), "{}", chrome.text().await);
        chrome.go(&format!("{}/people/{}", house.console, house.stage.person(3).0)).await;
        chrome.run(OPEN_ALL).await;
        chrome.press("form[action$='/links'] button").await;
        let text = chrome.text().await;
        assert!(text.contains("新しいリンクを本人の全アドレスに送りました"), "{text}");
        seen(&mut chrome, "member-links").await;
        chrome.go(&old).await;
        assert!(!chrome.text().await.contains("無事・登庁可"), "{}", chrome.text().await);
        let mail = house.mail.text_to("person3@docomo.example", "あなた専用のページ").await;
        let new = mail.split_whitespace().find(|it| it.starts_with(&house.answers)).unwrap().to_owned();
        chrome.go(&new).await;
        assert!(chrome.text().await.contains("飛脚 3郎"), "{}", chrome.text().await);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn somebody_ends_the_other_sessions_and_changes_the_password() {
    let mut house = House::open(2).await;
    let mut lost = house.logged_in(DESKTOP).await;
    let mut chrome = house.logged_in(PLAIN_PHONE).await;
    // A session that began in the very moment when all are ended is the new one.
    house.stage.wait(SignedDuration::from_secs(1));
    chrome.go(&format!("{}/me", house.console)).await;
    chrome.press("form[action='/me/sessions'] button").await;
    assert_eq!(chrome.path().await, "/me");
    seen(&mut chrome, "own-sessions").await;
    lost.go(&format!("{}/", house.console)).await;
    assert_eq!(lost.path().await, "/login", "the other browser is out");
    chrome.go(&format!("{}/me/password", house.console)).await;
    let password = "ゆうべは星がよく見えたので";
    chrome.fill("#password", password).await;
    chrome.fill("#again", "ちがうもの・ちがうもの").await;
    chrome.press("button.go").await;
    assert!(chrome.run("!!document.querySelector('.err')").await.as_bool().unwrap(), "both must be the same");
    chrome.fill("#password", password).await;
    chrome.fill("#again", password).await;
    chrome.press("button.go").await;
    assert!(chrome.text().await.contains("パスワードを変更しました"), "{}", chrome.text().await);
    let code = house.codes.pop().unwrap();
    lost.fill("#login", "admin").await;
    lost.fill("#password", password).await;
    lost.fill("#code", &code).await;
    lost.press("button.go").await;
    assert_eq!(lost.path().await, "/", "{}", lost.text().await);
    house.asked_only_here(&lost);
    drop(lost);
    house.end(chrome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn one_group_is_asked_again_and_the_first_page_says_so_below_the_incident() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(10).await;
        let dispatch = house.asked("real", Mode::Real).await;
        let office = house.stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/dispatch/{}?group={}", house.console, dispatch.0, office.0)).await;
        chrome.press("a.go[href*='/resend?group=']").await;
        let text = chrome.text().await;
        assert!(text.contains(OFFICES[1]) && text.contains("1名に再送する"), "{text}");
        seen(&mut chrome, "resend-group").await;
        chrome.press("button.go").await;
        assert_eq!(chrome.path().await, format!("/dispatch/{}", dispatch.0));
        let asked = house.stage.desk.read(|now| now.latest_dispatch().unwrap().asked().collect::<Vec<_>>());
        assert_eq!(asked, [house.stage.person(9)], "whoever of the office has not answered");
        chrome.go(&format!("{}/", house.console)).await;
        let text = chrome.text().await;
        assert!(text.contains(&format!("{} の未回答の人に再送", OFFICES[1])), "{text}");
        assert_eq!(chrome.run("document.querySelectorAll('#list h2').length").await, 1);
        seen(&mut chrome, "now-again").await;
        house.end(chrome);
    }
}
