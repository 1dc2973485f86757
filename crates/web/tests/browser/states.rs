//! Pages of responders in states that few ever see: a service that ended, addresses of one's own with a way to send.

use axum::http::Uri;
use hikyaku_web::{Door, Ended, ended_router};

use super::chrome::{DESKTOP, PHONE, PLAIN_PHONE};
use super::{House, OPEN_ALL, seen};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_m07_every_link_of_a_service_that_ended_says_so() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(1).await;
        let door = Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        house.answers = format!("http://{}", door.address().unwrap());
        let ended = Ended { organisation: "架空省".into(), contact: "大臣官房 03-0000-0000".into() };
        let router = ended_router(ended, false);
        house.tasks.push(tokio::spawn(hikyaku_web::serve(door, router, std::future::pending())));
        let mut chrome = house.browser(screen).await;
        for (lang, words) in [("ja", "終了しました"), ("easy", "終わりました"), ("en", "has ended")] {
            chrome.go(&format!("{}/a/token?lang={lang}", house.answers)).await;
            let text = chrome.text().await;
            assert!(text.contains(words) && text.contains("大臣官房 03-0000-0000"), "{text}");
            seen(&mut chrome, &format!("ended-{lang}")).await;
        }
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_a37_somebody_adds_an_address_by_the_link_that_is_mailed_there_and_tries_all_of_them() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let house = House::open(5).await;
        house.stage.keep_time();
        let person = house.stage.person(5);
        let page = format!("{}/p/{}", house.answers, house.stage.desk.personal_token(person));
        let mut chrome = house.browser(screen).await;
        chrome.go(&page).await;
        chrome.run(OPEN_ALL).await;
        chrome.fill("#m", "own@gmail.example").await;
        chrome.press("form[action*='/address'] button").await;
        assert!(chrome.text().await.contains("確認のメールを送りました"), "{}", chrome.text().await);
        seen(&mut chrome, "own-mailed").await;
        let mail = house.mail.text_to("own@gmail.example", "登録する手続き").await;
        let link = mail.split_whitespace().find(|word| word.starts_with(&house.answers)).unwrap();
        assert!(link.parse::<Uri>().unwrap().path().starts_with("/c/"), "{link}");
        chrome.go(link).await;
        chrome.press("form button").await;
        assert!(chrome.text().await.contains("アドレスを登録しました"), "{}", chrome.text().await);
        house.mail.text_to("person5@docomo.example", "アドレスが追加されました").await;
        chrome.go(&page).await;
        chrome.run(OPEN_ALL).await;
        chrome.press("form[action*='/test'] button").await;
        assert!(chrome.text().await.contains("テストメールを送りました"), "{}", chrome.text().await);
        chrome.run(OPEN_ALL).await;
        seen(&mut chrome, "own-tested").await;
        for address in ["person5@docomo.example", "second5@mail.example", "own@gmail.example"] {
            let mail = house.mail.text_to(address, "これはテストです").await;
            assert!(mail.contains(&page), "{mail}");
        }
        chrome.go(&page).await;
        chrome.press("a[href*='/card']").await;
        assert!(chrome.text().await.contains(&page), "{}", chrome.text().await);
        seen(&mut chrome, "own-card").await;
        house.end(chrome);
    }
}
