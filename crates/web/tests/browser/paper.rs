//! Accounts, requests, the journal, drills and reports in a real browser: on a phone without a script, at a desk with one; and what
//! stands on paper when a page is printed.

use hikyaku_dispatch::{AccountCommand, Entry, Event, Mode, RetentionEvent, Role};

use super::chrome::{Chrome, DESKTOP, PLAIN_PHONE};
use super::{House, OPEN_ALL, printed, seen};

/// Whoever is there goes, and somebody else comes.
async fn change_to(house: &mut House, chrome: &mut Chrome, login: &str, codes: Vec<String>) {
    chrome.go(&format!("{}/me", house.console)).await;
    chrome.press("form[action='/logout'] button").await;
    chrome.go(&format!("{}/", house.console)).await;
    house.codes = codes;
    house.log_in(chrome, login).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_s10_a_roster_is_downloaded_once_two_have_agreed() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(10).await;
        let second = house.stage.open_account_as("second", Role::SystemAdministrator).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/requests", house.console)).await;
        chrome.press("form:has(input[value=export]) button").await;
        assert!(chrome.text().await.contains("自分の申請には同意できません"), "{}", chrome.text().await);
        assert_eq!(chrome.run("document.querySelectorAll('button[value=agree]').length").await, 0);
        change_to(&mut house, &mut chrome, "second", second).await;
        chrome.go(&format!("{}/requests", house.console)).await;
        chrome.run(OPEN_ALL).await;
        seen(&mut chrome, "requests-waiting").await;
        chrome.press("button[value=agree]").await;
        assert!(chrome.text().await.contains("second が同意"), "{}", chrome.text().await);
        seen(&mut chrome, "requests-agreed").await;
        let file = chrome.downloads().await.join("roster.csv");
        chrome.go(&format!("{}/people", house.console)).await;
        chrome.tick("form[action='/people/export'] button").await;
        let roster = arrived(&file).await;
        assert!(roster.contains("S00001,飛脚 1郎") && roster.contains("***@docomo.example"), "{roster}");
        assert!(!roster.contains("person1@"), "{roster}");
        let rows = house.stage.desk.written(1).await.unwrap();
        let exported = |entry: &Entry| matches!(entry.event, Event::Retention(RetentionEvent::RosterExported { .. }));
        assert_eq!(rows.iter().filter_map(|(_, entry)| entry.as_ref()).filter(|it| exported(it)).count(), 1);
        house.end(chrome);
    }
}

/// What a browser has written to this file, once it is whole: until then it has another name.
async fn arrived(file: &std::path::Path) -> String {
    for _ in 0..600 {
        if let Ok(text) = std::fs::read_to_string(file)
            && text.ends_with('\n')
        {
            return text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{} never came", file.display());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn an_account_is_opened_unlocked_and_given_a_token() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(2).await;
        house.stage.open_account_as("duty", Role::DutyOperator).await;
        let duty = house.stage.desk.read(|now| now.accounts().by_login("duty").unwrap().id);
        for _ in 0..5 {
            let wrong = AccountCommand::Fail { account: duty, source: "192.0.2.1".into() };
            house.stage.desk.command(wrong, house.stage.time()).await.unwrap();
        }
        let is_locked = |house: &House| {
            let now = house.stage.time();
            house.stage.desk.read(|state| state.accounts().find(duty).unwrap().door.is_locked(now))
        };
        assert!(is_locked(&house));
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/accounts", house.console)).await;
        assert!(chrome.text().await.contains("制限中"), "{}", chrome.text().await);
        chrome.press("button[value=unlock]").await;
        assert!(chrome.text().await.contains("解除しました"), "{}", chrome.text().await);
        assert!(!is_locked(&house));
        chrome.fill("#login", "third").await;
        chrome.fill("#label", "三人目").await;
        chrome.press("form[action='/accounts'] button.go").await;
        let text = chrome.text().await;
        assert!(text.contains("この画面でしか表示しません") && text.contains("三人目"), "{text}");
        seen(&mut chrome, "accounts-password").await;
        let third = house.stage.desk.read(|now| now.accounts().by_login("third").unwrap().id);
        chrome.go(&format!("{}/accounts/{}", house.console, third.0)).await;
        chrome.press("a[href$='/tokens']").await;
        chrome.fill("#label", "人事システム").await;
        chrome.tick("input[name=scope][value=read]").await;
        chrome.press("form:has(#label) button.go").await;
        let text = chrome.text().await;
        assert!(text.contains("hky_") && text.contains("いましか表示しません"), "{text}");
        seen(&mut chrome, "tokens-made").await;
        assert_eq!(house.stage.desk.read(|now| now.accounts().tokens().count()), 1);
        chrome.press("button[name=revoke]").await;
        assert_eq!(house.stage.desk.read(|now| now.accounts().tokens().count()), 0);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_journal_is_searched_and_verified() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(10).await;
        house.asked("first", Mode::Drill).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/audit", house.console)).await;
        assert!(chrome.text().await.contains("S00001 が回答した"), "{}", chrome.text().await);
        chrome.fill("#person", "S00002").await;
        chrome.press("form[role=search] button").await;
        let text = chrome.text().await;
        assert!(text.contains("S00002 が回答した") && !text.contains("S00001"), "{text}");
        chrome.fill("#person", "").await;
        chrome.fill("#kind", "account").await;
        chrome.press("form[role=search] button").await;
        let text = chrome.text().await;
        assert!(text.contains("admin がログインした") && !text.contains("が回答した"), "{text}");
        chrome.press("form[action='/audit/verify'] button").await;
        assert!(chrome.text().await.contains("すべてが、書かれたときのまま"), "{}", chrome.text().await);
        seen(&mut chrome, "audit-verified").await;
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn two_drills_are_ticked_and_compared_and_a_measure_is_noted_in_a_report() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(30).await;
        let spring = house.asked("spring", Mode::Drill).await;
        let autumn = house.asked("autumn", Mode::Drill).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/history?mode=drill", house.console)).await;
        for dispatch in [spring, autumn] {
            chrome.tick(&format!("input[name=pick][value='{}']", dispatch.0)).await;
        }
        seen(&mut chrome, "history-ticked").await;
        chrome.press("form[action='/history/compare'] button").await;
        assert_eq!(chrome.path().await, "/history/compare");
        let text = chrome.text().await;
        assert!(text.matches("66.6%").count() >= 2, "{text}");
        chrome.go(&format!("{}/dispatch/{}/report", house.console, spring.0)).await;
        chrome.run(OPEN_ALL).await;
        chrome.fill("#what", "回線を増やす").await;
        chrome.fill("#owner", "情報課").await;
        chrome.press("form[action$='/report'] button").await;
        assert!(chrome.text().await.contains("回線を増やす（担当 情報課）"), "{}", chrome.text().await);
        seen(&mut chrome, "report-measure").await;
        let noted = house.stage.desk.read(|now| now.dispatch(spring).unwrap().measures().len());
        assert_eq!(noted, 1);
        house.end(chrome);
    }
}

/// The words on paper when this page is printed, without the spaces between them. The PDF is kept beside the pictures.
async fn on_paper(chrome: &mut Chrome, name: &str) -> String {
    let file = chrome.print(name).await;
    let words = printed("pdftotext", &[file.to_str().unwrap(), "-"]).await;
    words.split_whitespace().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium and pdftotext"]
async fn what_is_folded_on_the_screen_stands_on_paper_and_what_can_only_be_pressed_does_not() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(30).await;
        let dispatch = house.asked("spring", Mode::Drill).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/dispatch/{}", house.console, dispatch.0)).await;
        let folded = "地域を複数もつ人は、それぞれで";
        assert!(!chrome.text().await.contains(folded), "it is folded on the screen");
        let paper = on_paper(&mut chrome, "dispatch").await;
        for there in [folded, "表で見る", "石川", "組織別"] {
            assert!(paper.contains(there), "{there}: {paper}");
        }
        for pressed in ["この配信を中止する", "未回答の人に再送する", "ログアウト"] {
            assert!(!paper.contains(pressed), "{pressed}: {paper}");
        }
        chrome.go(&format!("{}/history?mode=drill", house.console)).await;
        let paper = on_paper(&mut chrome, "history").await;
        assert!(paper.contains("石川県能登地方の地震") && !paper.contains("印を付けた配信を比べる"), "{paper}");
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_first_administrator_says_whose_the_account_is_by_what_the_pages_show() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(10).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/accounts", house.console)).await;
        seen(&mut chrome, "accounts-unlinked").await;
        chrome.press("a[href$='#person']").await;
        chrome.fill("#person", "S00001").await;
        seen(&mut chrome, "account-link").await;
        chrome.press("button[value=link]").await;
        let text = chrome.text().await;
        assert!(text.contains("S00001 の人と結び付けました") && !text.contains("職員と結び付ける"), "{text}");
        seen(&mut chrome, "accounts-linked").await;
        let person = house.stage.desk.read(|state| state.accounts().by_login("admin").unwrap().person);
        assert_eq!(person, Some(house.stage.person(1)));
        house.end(chrome);
    }
}
