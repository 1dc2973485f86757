//! A rule that is made and made ready in forms, by somebody with a telephone whose browser runs no script.

use hikyaku_dispatch::{RuleId, Sending, Side, Target, Who};

use super::chrome::{Chrome, DESKTOP, PLAIN_PHONE};
use super::stage::OFFICES;
use super::{House, OPEN_ALL, seen};

/// Says yes to what would change.
async fn apply(chrome: &mut Chrome, path: &str) {
    chrome.press("form[action='/rules/apply'] button").await;
    assert_eq!(chrome.path().await, path, "{}", chrome.text().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_a17_a_rule_is_made_by_form_with_its_question_its_people_and_its_wording_and_no_document() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(20).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/rules", house.console)).await;
        chrome.press("a[href='/rules/new']").await;
        chrome.press_by("document.querySelector('form[action=\"/rules/new\"]').submit()").await;
        assert!(chrome.text().await.contains("直すところが 1件"), "{}", chrome.text().await);
        seen(&mut chrome, "rule-new-fault").await;
        chrome.fill("#name", "津波警報の安否確認").await;
        chrome.fill("#condition", "tsunami-Warning").await;
        chrome.press("form[action='/rules/new'] button.go").await;
        assert!(chrome.text().await.contains("送らない（判定の記録だけ）"), "{}", chrome.text().await);
        seen(&mut chrome, "rule-new-check").await;
        apply(&mut chrome, "/rules/1").await;
        seen(&mut chrome, "rule-made").await;

        chrome.press("a[href='/rules/1/question']").await;
        chrome.press("button[value=ask]").await;
        chrome.fill("#f1_ja", "いまどこにいますか").await;
        chrome.fill("#f1_form", "place").await;
        chrome.fill("#c5_ja", "連絡がほしい").await;
        chrome.fill("#c5_place", "4").await;
        seen(&mut chrome, "rule-question").await;
        chrome.press("form[action='/rules/1/question'] button.go").await;
        assert!(chrome.text().await.contains("連絡がほしい ／ 支援が必要"), "{}", chrome.text().await);
        seen(&mut chrome, "rule-question-check").await;
        apply(&mut chrome, "/rules/1").await;

        let group = house.stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
        chrome.press("a[href='/rules/1/target']").await;
        chrome.run(OPEN_ALL).await;
        chrome.tick("input[name=everyone]").await;
        chrome.tick(&format!("input[name=group][value='{}']", group.0)).await;
        if chrome.has_script() {
            chrome.wait_for("いまの宛先: 5名").await;
        } else {
            chrome.press("button[value=count]").await;
            assert!(chrome.text().await.contains("いまの宛先: 5名"), "{}", chrome.text().await);
        }
        seen(&mut chrome, "rule-target").await;
        chrome.press("form[action='/rules/1/target'] button.go").await;
        seen(&mut chrome, "rule-target-check").await;
        apply(&mut chrome, "/rules/1").await;

        chrome.press("a[href='/rules/1/wording']").await;
        chrome.fill("#subject", "【津波】{title}").await;
        chrome.press("button[value=look]").await;
        let text = chrome.text().await;
        assert!(text.contains("【津波】例: 津波警報以上") && text.contains("さんに届くメール"), "{text}");
        seen(&mut chrome, "rule-wording").await;
        chrome.press("form[action='/rules/1/wording'] button.go").await;
        apply(&mut chrome, "/rules/1").await;

        let rule = house.stage.desk.read(|now| now.rules()[&RuleId(1)].clone());
        assert_eq!((rule.sending, rule.who), (Sending::Never, Who::There(Target::Groups(vec![group]))));
        assert_eq!(rule.question.further[0].prompt_ja, "いまどこにいますか");
        house.end(chrome);
    }
}
