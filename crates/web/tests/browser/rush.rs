//! A rush in a real browser: whoever answers loses nothing, and need not press again where there are scripts.

use hikyaku_dispatch::{Mode, Question};

use super::chrome::{Chrome, DESKTOP, PHONE, PLAIN_PHONE};
use super::{House, seen};

/// Makes long waits of the page's script longer, so that the page stands still while it is looked at.
const SLOWLY: &str = "const real = window.setTimeout; \
     window.setTimeout = (act, after, ...rest) => real(act, after >= 3000 ? after * 100 : after, ...rest);";

/// Opens the answer page of a link, and answers it with a comment while no answer finds a place.
async fn answer_in_a_rush(house: &House, chrome: &mut Chrome, link: &str) {
    chrome.go(link).await;
    chrome.fill("#c", "徒歩で向かいます").await;
    let rush = house.stage.web.rush();
    chrome.press("button[name=choice][value='2']").await;
    let text = chrome.text().await;
    assert!(text.contains("回答はまだ記録していません") && text.contains("入力した内容は残っています"), "{text}");
    assert_eq!(house.stage.versions(1), 0);
    drop(rush);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_s12_in_a_rush_a_browser_sends_an_answer_again_by_itself_until_it_is_recorded() {
    for screen in [PHONE, DESKTOP] {
        let house = House::open(2).await;
        let dispatch = house.stage.ask("first", Mode::Real, Question::safety()).await;
        let link = house.stage.link(dispatch, 1);
        let mut chrome = house.browser(screen).await;
        // It follows eight redirects first, two seconds apart.
        answer_in_a_rush(&house, &mut chrome, &format!("{}{link}", house.answers)).await;
        chrome.arrive(&format!("{link}/thanks")).await;
        let text = chrome.text().await;
        assert!(text.contains("無事・登庁不可") && text.contains("徒歩で向かいます"), "{text}");
        assert_eq!(house.stage.versions(1), 1);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_s12_after_a_rush_one_press_sends_what_was_written_before_it() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let house = House::open(2).await;
        let dispatch = house.stage.ask("first", Mode::Real, Question::safety()).await;
        let link = house.stage.link(dispatch, 1);
        let mut chrome = house.browser(screen).await;
        chrome.call("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": SLOWLY})).await;
        // As after eight redirects.
        answer_in_a_rush(&house, &mut chrome, &format!("{}{link}?again=8", house.answers)).await;
        seen(&mut chrome, "busy-answer").await;
        chrome.press("form button").await;
        let text = chrome.text().await;
        assert!(text.contains("回答を記録しました") && text.contains("徒歩で向かいます"), "{text}");
        assert_eq!(house.stage.versions(1), 1);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_s12_a_page_that_was_asked_for_in_a_rush_loads_itself_again_without_a_script_and_is_shown() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let house = House::open(2).await;
        let dispatch = house.stage.ask("first", Mode::Real, Question::safety()).await;
        let link = house.stage.link(dispatch, 1);
        let mut chrome = house.browser(screen).await;
        let rush = house.stage.web.rush();
        chrome.go(&format!("{}{link}", house.answers)).await;
        let text = chrome.text().await;
        assert!(text.contains("自動で開き直します") && !text.contains("支援が必要"), "{text}");
        assert_eq!(chrome.run("document.scripts.length").await, 0, "it needs none");
        // Stopped, so that it stands still while it is looked at; then as it is.
        chrome.run("window.stop()").await;
        seen(&mut chrome, "busy-page").await;
        chrome.go(&format!("{}{link}", house.answers)).await;
        // While the rush goes on it asks again and again, and is told the same.
        chrome.arrive(&link).await;
        assert!(chrome.text().await.contains("自動で開き直します"), "{}", chrome.text().await);
        drop(rush);
        chrome.arrive(&link).await;
        let text = chrome.text().await;
        assert!(text.contains("支援が必要") && text.contains("飛脚 1郎"), "{text}");
        house.end(chrome);
    }
}
