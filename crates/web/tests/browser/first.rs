//! The first log-in of a new account: a password of its own, an authenticator, recovery codes.

use hikyaku_dispatch::{AccessCommand, AccountCommand, Holder, Names, Role};
use hikyaku_web::hash_password;
use totp_rs::{Builder, Secret};

use super::chrome::{DESKTOP, PHONE, PLAIN_PHONE};
use super::stage::PASSWORD;
use super::{House, OPEN_ALL, seen};

/// What was handed to whoever is new.
const GIVEN: &str = "うけとった仮のことば 2026";

/// An account that nobody has used.
async fn new_account(house: &House) {
    let password = hash_password(GIVEN).unwrap();
    let names = Names { login: "new".into(), label: "新任 太郎".into() };
    let open = AccountCommand::Open { names, person: None, password };
    house.stage.desk.command(open, house.stage.time()).await.unwrap();
    let account = house.stage.desk.read(|state| state.accounts().by_login("new").unwrap().id);
    let grant = AccessCommand::Grant { holder: Holder::Account(account), role: Role::SystemAdministrator };
    house.stage.desk.command(grant, house.stage.time()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_s03_a_new_administrator_chooses_a_password_registers_an_authenticator_and_is_in() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let house = House::open(2).await;
        new_account(&house).await;
        let mut chrome = house.browser(screen).await;
        chrome.go(&format!("{}/", house.console)).await;
        chrome.fill("#login", "new").await;
        chrome.fill("#password", GIVEN).await;
        chrome.press("button.go").await;
        assert_eq!(chrome.path().await, "/setup", "{}", chrome.text().await);
        seen(&mut chrome, "setup-password").await;
        chrome.fill("#password", PASSWORD).await;
        chrome.fill("#again", PASSWORD).await;
        chrome.press("button.go").await;
        chrome.run(OPEN_ALL).await;
        seen(&mut chrome, "setup-factor").await;
        let key = chrome.run("document.querySelector('details code').innerText").await;
        let secret = Secret::try_from_base32(key.as_str().unwrap().replace(' ', "")).unwrap();
        let authenticator = Builder::new().with_secret(secret).build().unwrap();
        let code = authenticator.generate(u64::try_from(house.stage.time().as_second()).unwrap());
        chrome.fill("#code", &code.to_string()).await;
        chrome.press("button.go").await;
        assert!(chrome.text().await.contains("回復コードを控えてください"), "{}", chrome.text().await);
        seen(&mut chrome, "setup-recovery").await;
        chrome.press("a.go").await;
        assert_eq!(chrome.path().await, "/");
        house.end(chrome);
    }
}
