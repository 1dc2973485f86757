//! Passkeys with a device that Chromium plays: registered, used to log in and to prove, counted, and refused once taken away.

use hikyaku_web::Door;
use serde_json::{Value, json};

use super::chrome::{Chrome, DESKTOP, PHONE};
use super::{House, seen};

/// A house whose console is reached by a name, which passkeys need.
async fn house() -> House {
    let mut house = House::open(2).await;
    let door = Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    house.console = format!("http://localhost:{}", door.address().unwrap().port());
    let pages = house.stage.console_at(&house.console);
    house.tasks.push(tokio::spawn(hikyaku_web::serve(door, pages, std::future::pending())));
    house
}

/// A device with a fingerprint that is always right.
async fn device(chrome: &mut Chrome) -> Value {
    chrome.call("WebAuthn.enable", json!({})).await;
    let options = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    chrome.call("WebAuthn.addVirtualAuthenticator", json!({"options": options})).await["authenticatorId"].clone()
}

/// Lets the device say that its key was used so often.
async fn count(chrome: &mut Chrome, device: &Value, count: u32) {
    let kept = chrome.call("WebAuthn.getCredentials", json!({"authenticatorId": device})).await;
    let mut key = kept["credentials"][0].clone();
    let whose = json!({"authenticatorId": device, "credentialId": key["credentialId"]});
    chrome.call("WebAuthn.removeCredential", whose).await;
    key["signCount"] = json!(count);
    chrome.call("WebAuthn.addCredential", json!({"authenticatorId": device, "credential": key})).await;
}

async fn use_passkey(chrome: &mut Chrome) {
    chrome.press("form[data-passkey=use] button").await;
}

/// Also where the button is out of sight in a narrow window.
async fn log_out(chrome: &mut Chrome) {
    chrome.press("form.out button").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn req_s03_a_passkey_is_registered_logs_in_proves_and_opens_nothing_once_it_is_taken_away() {
    for screen in [PHONE, DESKTOP] {
        let mut house = house().await;
        let mut chrome = house.logged_in(screen).await;
        let device = device(&mut chrome).await;
        let own = format!("{}/me/passkeys", house.console);
        chrome.go(&format!("{}/me", house.console)).await;
        chrome.press("a[href='/me/passkeys']").await;
        chrome.fill("#label", "職場の端末").await;
        seen(&mut chrome, "passkeys-new").await;
        chrome.press("form[data-passkey=add] button").await;
        assert!(chrome.text().await.contains("職場の端末"), "{}", chrome.text().await);
        seen(&mut chrome, "passkeys").await;

        log_out(&mut chrome).await;
        seen(&mut chrome, "login-passkey").await;
        use_passkey(&mut chrome).await;
        assert_eq!(chrome.path().await, "/", "{}", chrome.text().await);

        house.stage.wait(jiff::SignedDuration::from_mins(11));
        chrome.go(&own).await;
        assert_eq!(chrome.path().await, "/prove", "a dangerous act asks again");
        seen(&mut chrome, "prove-passkey").await;
        use_passkey(&mut chrome).await;
        assert_eq!(chrome.path().await, "/me/passkeys", "{}", chrome.text().await);

        // A copy of the key is behind in its count; the real one counts on.
        log_out(&mut chrome).await;
        count(&mut chrome, &device, 0).await;
        use_passkey(&mut chrome).await;
        assert!(chrome.text().await.contains("ログインできませんでした"), "{}", chrome.text().await);
        count(&mut chrome, &device, 100).await;
        use_passkey(&mut chrome).await;
        assert_eq!(chrome.path().await, "/", "{}", chrome.text().await);

        chrome.go(&own).await;
        chrome.press("button[name=remove]").await;
        assert!(chrome.text().await.contains("まだ登録していません"));
        log_out(&mut chrome).await;
        use_passkey(&mut chrome).await;
        assert!(chrome.text().await.contains("このパスキーでは入れません"), "{}", chrome.text().await);
        house.end(chrome);
    }
}
