//! The log-in by the organisation's provider in a real browser: there and back over two sites, with a code of ours, and the proof.

use std::sync::Arc;

use hikyaku_web::Door;

use super::chrome::{Chrome, DESKTOP, PHONE};
use super::provider::MockProvider;
use super::{House, seen};

/// A house whose console is another site than its provider, as browsers see it.
async fn house() -> (House, MockProvider) {
    let mut house = House::open(2).await;
    let provider = MockProvider::open(Arc::clone(&house.stage.now), "admin").await;
    let door = Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    house.console = format!("http://localhost:{}", door.address().unwrap().port());
    let pages = house.stage.console_by(provider.agreed(&house.console));
    house.tasks.push(tokio::spawn(hikyaku_web::serve(door, pages, std::future::pending())));
    (house, provider)
}

async fn vouched(chrome: &mut Chrome) {
    chrome.press("a.button").await;
    chrome.press("#grant").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_s03_somebody_comes_in_by_the_provider_with_a_code_and_proves_again_who_it_is() {
    for screen in [PHONE, DESKTOP] {
        let (house, provider) = house().await;
        let mut chrome = house.browser(screen).await;
        chrome.go(&format!("{}/delivery", house.console)).await;
        seen(&mut chrome, "login-oidc").await;
        vouched(&mut chrome).await;
        assert_eq!(chrome.path().await, "/login/oidc/code", "{}", chrome.text().await);
        seen(&mut chrome, "oidc-code").await;
        chrome.fill("#code", &house.codes[0]).await;
        chrome.press("button.go").await;
        assert_eq!(chrome.path().await, "/delivery", "{}", chrome.text().await);

        chrome.go(&format!("{}/me/password", house.console)).await;
        assert_eq!(chrome.path().await, "/prove", "an hour ago is not now");
        seen(&mut chrome, "prove-oidc").await;
        provider.log_in_as("admin", &["mfa"], 3_600);
        vouched(&mut chrome).await;
        assert_eq!(chrome.path().await, "/me/password", "{}", chrome.text().await);

        chrome.press("form.out button").await;
        provider.misbehave(super::provider::Style::None, |_| {});
        vouched(&mut chrome).await;
        assert!(chrome.text().await.contains("応答を確かめられませんでした"), "{}", chrome.text().await);
        seen(&mut chrome, "login-oidc-refused").await;
        let is_known = |url: &String| {
            url.starts_with(&house.console) || url.starts_with(&provider.address) || url == "about:blank"
        };
        assert!(chrome.asked.iter().all(is_known), "{:?}", chrome.asked);
        drop(chrome);
        house.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
