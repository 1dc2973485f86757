//! Coming in by the organisation's OpenID provider: whom its word lets in, and what of its word is not believed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::provider::{MockProvider, Style};
use crate::stage::{PASSWORD, Page, Stage, Visitor, encoded};
use axum::Router;
use axum::http::StatusCode;
use hikyaku_dispatch::{AccountCommand, AccountEvent, Event, Names};
use hikyaku_web::hash_password;
use jiff::SignedDuration;
use serde_json::{Value, json};

const KAEDE: &str = "kaede@example.go.jp";
const CONSOLE: &str = "http://localhost:8081";

/// A browser with all its cookies.
#[derive(Clone)]
struct Browser {
    pages: Router,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new(pages: &Router) -> Self {
        Self { pages: pages.clone(), cookies: BTreeMap::new() }
    }

    fn visitor(&self) -> Visitor {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Visitor { pages: self.pages.clone(), cookie: pairs.join("; ") }
    }

    async fn get(&mut self, path: &str) -> Page {
        let page = self.visitor().get(path).await;
        self.keep(page)
    }

    async fn post(&mut self, path: &str, form: &str) -> Page {
        let page = self.visitor().post(path, form).await;
        self.keep(page)
    }

    fn keep(&mut self, page: Page) -> Page {
        for line in page.headers.get_all("set-cookie") {
            let (pair, rest) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }

    /// To the provider and back to the console's door.
    async fn brought_back(&mut self, provider: &MockProvider, from: &str) -> String {
        let sent = self.get(from).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
        let back = provider.approve(sent.header("location"));
        back.strip_prefix(CONSOLE).unwrap().to_owned()
    }

    /// The same, through the door.
    async fn by(&mut self, provider: &MockProvider, from: &str) -> Page {
        let back = self.brought_back(provider, from).await;
        self.get(&back).await
    }

    fn is_in(&self) -> bool {
        self.cookies.contains_key("hikyaku")
    }
}

struct House {
    stage: Stage,
    provider: MockProvider,
    pages: Router,
    codes: Vec<String>,
}

/// A console with a provider, and the account of somebody who is logged in there.
async fn house() -> House {
    let stage = Stage::with_people(1).await;
    let codes = stage.open_account(KAEDE).await;
    let provider = MockProvider::open(Arc::clone(&stage.now), KAEDE).await;
    let settings = provider.agreed(CONSOLE);
    settings.check().unwrap();
    let pages = stage.console_by(settings);
    House { stage, provider, pages, codes }
}

/// What a page tells whom it turned away.
fn told(page: &Page) -> String {
    let (_, rest) = page.html.split_once("role=\"alert\"").unwrap_or_else(|| panic!("{}: {}", page.status, page.html));
    rest.split_once("</div>").unwrap().0.to_owned()
}

async fn failures(stage: &Stage) -> usize {
    let (_, entries) = stage.desk.happened_after(0).await.unwrap();
    let is_failure = |event: &Event| matches!(event, Event::Account(AccountEvent::Failed { .. }));
    entries.iter().filter(|(_, entry)| is_failure(&entry.event)).count()
}

#[tokio::test]
async fn req_s03_whoever_the_provider_vouches_for_comes_in_with_a_code_of_ours_and_the_journal_says_how() {
    let House { provider, pages, codes, .. } = house().await;
    let mut browser = Browser::new(&pages);
    browser.cookies.insert("hikyaku".into(), "planted".into());
    let door = browser.get("/login?next=/me").await;
    assert!(door.html.contains("href=\"/login/oidc?next=%2Fme\"") && door.html.contains("職員ポータルでログイン"));
    assert!(door.html.contains("職員ポータルにつながらないときも"), "{}", door.html);
    let sent = browser.get("/login/oidc?next=%2Fme").await;
    let cookie = sent.header("set-cookie");
    assert!(cookie.contains("HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
    let address = sent.header("location");
    assert!(!address.contains("prompt=") && address.contains("code_challenge_method=S256"), "{address}");
    let back = provider.approve(address);
    let page = browser.get(back.strip_prefix(CONSOLE).unwrap()).await;
    assert_eq!(page.header("location"), "/login/oidc/code");
    assert!(browser.get("/me").await.header("location").starts_with("/login"), "the provider's word is not enough yet");
    let form = browser.get("/login/oidc/code").await;
    assert!(form.status == StatusCode::OK && form.html.contains("認証コードを入力してください"));
    for wrong in ["000000", ""] {
        let page = browser.post("/login/oidc/code", &format!("code={wrong}")).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        assert!(told(&page).contains("認証コードが違います"));
    }
    let before = browser.clone();
    let page = browser.post("/login/oidc/code", &format!("code={}", codes[0])).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/me"));
    assert!(browser.cookies["hikyaku"] != "planted" && !browser.cookies.contains_key("hikyaku-oidc"));
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    let audit = browser.get("/audit").await.html;
    assert!(audit.contains("がログインした（外部のログインと回復コード、127.0.0.1）"), "{audit}");
    // Neither the code nor the ticket opens anything again.
    for used in [&codes[0], &codes[1]] {
        let again = before.clone().post("/login/oidc/code", &format!("code={used}")).await;
        assert_eq!(again.status, StatusCode::UNAUTHORIZED, "{used}");
    }
}

#[tokio::test]
async fn req_s03_a_second_factor_of_the_providers_own_opens_alone_where_that_was_agreed_but_no_locked_door() {
    let House { stage, provider, pages, codes } = house().await;
    for style in [Style::Es256, Style::Rs256] {
        provider.misbehave(style, |_| {});
        provider.log_in_as("Kaede@example.go.jp", &["pwd", "mfa"], 60);
        let mut browser = Browser::new(&pages);
        let page = browser.by(&provider, "/login/oidc?next=https://evil.example").await;
        assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/"));
        assert_eq!(browser.get("/me").await.status, StatusCode::OK);
        assert!(browser.get("/audit").await.html.contains("（外部のログイン、127.0.0.1）"));
    }
    let guesser = Visitor::new(pages.clone());
    for _ in 0..5 {
        guesser.post("/login", &format!("login={}&password=wrong&code=", encoded(KAEDE))).await;
    }
    let mut browser = Browser::new(&pages);
    assert_eq!(browser.by(&provider, "/login/oidc").await.header("location"), "/login/oidc/code");
    let locked = browser.post("/login/oidc/code", "code=000000").await;
    assert!(locked.status == StatusCode::TOO_MANY_REQUESTS && told(&locked).contains("まで制限しています"));
    let page = browser.post("/login/oidc/code", &format!("code={}", codes[0])).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    drop(stage);
}

#[tokio::test]
async fn req_s03_no_token_is_believed_that_is_not_the_providers_for_us_in_this_log_in_and_now() {
    type Change = fn(&mut Value);
    let House { stage, provider, pages, .. } = house().await;
    provider.log_in_as(KAEDE, &["mfa"], 0);
    let unchanged: Change = |_| {};
    let misdeeds: [(&str, Style, Change, &str); 13] = [
        ("issuer", Style::Es256, |it| it["iss"] = json!("https://evil.example"), "応答を確かめられませんでした"),
        ("audience", Style::Es256, |it| it["aud"] = json!("other"), "応答を確かめられませんでした"),
        (
            "further audience",
            Style::Es256,
            |it| it["aud"] = json!(["hikyaku", "other"]),
            "応答を確かめられませんでした",
        ),
        ("party", Style::Es256, |it| it["azp"] = json!("other"), "応答を確かめられませんでした"),
        (
            "expired",
            Style::Es256,
            |it| it["exp"] = json!(it["iat"].as_i64().unwrap() - 61),
            "応答を確かめられませんでした",
        ),
        ("nonce", Style::Es256, |it| it["nonce"] = json!("of another log-in"), "応答を確かめられませんでした"),
        ("none", Style::None, unchanged, "応答を確かめられませんでした"),
        ("public key as a secret", Style::Hs256WithThePublicKey, unchanged, "応答を確かめられませんでした"),
        ("stranger", Style::Stranger, unchanged, "応答を確かめられませんでした"),
        ("unknown key", Style::UnknownKey, unchanged, "応答を確かめられませんでした"),
        ("unverified", Style::Es256, |it| it["email_verified"] = json!(false), "管理者に"),
        ("no name", Style::Es256, |it| it["email"] = Value::Null, "管理者に"),
        ("nobody", Style::Es256, |it| it["email"] = json!("x@example.go.jp"), "使えるアカウントがありません"),
    ];
    for (name, style, change, words) in misdeeds {
        provider.misbehave(style, change);
        let mut browser = Browser::new(&pages);
        let page = browser.by(&provider, "/login/oidc").await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{name}");
        assert!(told(&page).contains(words) && told(&page).contains("ください"), "{name}: {}", told(&page));
        assert!(page.html.contains("name=\"password\""), "{name}: the other way in is at hand");
        assert!(!browser.is_in() && browser.get("/me").await.header("location").starts_with("/login"), "{name}");
    }
    assert_eq!(provider.keys_asked(), 1, "what a stranger invents is no question to the provider");
    provider.behave();
    assert_eq!(Browser::new(&pages).by(&provider, "/login/oidc").await.header("location"), "/");
    drop(stage);
}

#[tokio::test]
async fn req_s03_keys_that_were_changed_are_asked_for_once_a_minute_at_most() {
    let House { stage, provider, pages, .. } = house().await;
    provider.log_in_as(KAEDE, &["mfa"], 0);
    let location = async || Browser::new(&pages).by(&provider, "/login/oidc").await.header("location").to_owned();
    assert_eq!(location().await, "/");
    provider.rotate();
    assert_eq!((location().await.as_str(), provider.keys_asked()), ("", 1), "they were read just now");
    stage.wait(SignedDuration::from_secs(60));
    assert_eq!((location().await.as_str(), provider.keys_asked()), ("/", 2));
    assert_eq!((location().await.as_str(), provider.keys_asked()), ("/", 2), "and then known");
}

#[tokio::test]
async fn req_s03_an_answer_counts_once_in_the_browser_that_asked_and_for_ten_minutes() {
    let House { stage, provider, pages, .. } = house().await;
    provider.log_in_as(KAEDE, &["mfa"], 0);
    let refused = |page: &Page| {
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        assert!(told(page).contains("このログインは続けられません"), "{}", told(page));
    };
    let mut own = Browser::new(&pages);
    let back = own.brought_back(&provider, "/login/oidc").await;
    refused(&Browser::new(&pages).get(&back).await);
    let mut other = Browser::new(&pages);
    other.brought_back(&provider, "/login/oidc").await;
    refused(&other.get(&back).await);
    assert!(!other.is_in());
    let (path, state) = back.split_once("&state=").unwrap();
    refused(&own.clone().get(&format!("{path}&state={}", &state[1..])).await);
    refused(&own.clone().get(path).await);
    let before = own.clone();
    assert_eq!(own.get(&back).await.header("location"), "/");
    refused(&before.clone().get(&back).await);

    let mut late = Browser::new(&pages);
    let back = late.brought_back(&provider, "/login/oidc").await;
    stage.wait(SignedDuration::from_secs(601));
    refused(&late.get(&back).await);

    let mut declined = Browser::new(&pages);
    let back = declined.brought_back(&provider, "/login/oidc").await;
    let state = back.split_once("state=").unwrap().1;
    let page = declined.get(&format!("/login/oidc/callback?error=access_denied&state={state}")).await;
    assert!(page.status == StatusCode::UNAUTHORIZED && told(&page).contains("取り消されたか、断られました"));
    let mut mixed = Browser::new(&pages);
    let back = mixed.brought_back(&provider, "/login/oidc").await;
    let page = mixed.get(&format!("{back}&iss=https%3A%2F%2Fevil.example")).await;
    assert!(page.status == StatusCode::UNAUTHORIZED && !mixed.is_in(), "an answer of another provider");
}

#[tokio::test]
async fn req_s03_when_the_provider_fails_the_page_says_so_and_the_password_opens_as_ever() {
    let House { stage, provider, pages, codes } = house().await;
    provider.log_in_as(KAEDE, &["mfa"], 0);
    let password = format!("login={}&password={}&code=", encoded(KAEDE), encoded(PASSWORD));
    let by_password = async |code: &str| Browser::new(&pages).post("/login", &format!("{password}{code}")).await.status;
    provider.pretend("https://evil.example");
    let page = Browser::new(&pages).get("/login/oidc").await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(told(&page).contains("「職員ポータル」に接続できません。下のログインID・パスワード"), "{}", told(&page));
    assert_eq!(by_password(&codes[0]).await, StatusCode::SEE_OTHER);
    provider.behave();
    stage.wait(SignedDuration::from_secs(30));
    for (status, expected) in [(500, StatusCode::BAD_GATEWAY), (400, StatusCode::UNAUTHORIZED)] {
        provider.refuse(status);
        let page = Browser::new(&pages).by(&provider, "/login/oidc").await;
        assert_eq!(page.status, expected, "{status}: {}", told(&page));
    }
    provider.answer_at_length(200_000);
    let page = Browser::new(&pages).by(&provider, "/login/oidc").await;
    assert!(page.status == StatusCode::BAD_GATEWAY && told(&page).contains("接続できません"));
    provider.behave();
    assert_eq!(Browser::new(&pages).by(&provider, "/login/oidc").await.header("location"), "/");
    assert_eq!(by_password(&codes[1]).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn req_s03_an_account_that_is_stopped_gone_or_not_set_up_stays_out_whoever_vouches() {
    let House { stage, provider, pages, .. } = house().await;
    let account = stage.desk.read(|now| now.accounts().by_login(KAEDE).unwrap().id);
    let command = async |command: AccountCommand| stage.desk.command(command, stage.time()).await.unwrap();
    provider.log_in_as(KAEDE, &["mfa"], 0);
    command(AccountCommand::Suspend { account, suspended: true }).await;
    let page = Browser::new(&pages).by(&provider, "/login/oidc").await;
    assert!(told(&page).contains("使えるアカウントがありません"), "{}", told(&page));
    assert_eq!(failures(&stage).await, 1, "it stands in the journal like a wrong password");
    command(AccountCommand::Suspend { account, suspended: false }).await;

    let reset = AccountCommand::ResetPassword {
        account,
        password: hash_password("きのうは晴れていたので帽子").unwrap(),
    };
    command(reset).await;
    let page = Browser::new(&pages).by(&provider, "/login/oidc").await;
    assert!(told(&page).contains("最初の1回は"), "{}", told(&page));

    let names = Names { login: "new@example.go.jp".into(), label: "新任".into() };
    command(AccountCommand::Open { names, person: None, password: hash_password(PASSWORD).unwrap() }).await;
    provider.log_in_as("new@example.go.jp", &["mfa"], 0);
    let page = Browser::new(&pages).by(&provider, "/login/oidc").await;
    assert!(told(&page).contains("最初の1回は"), "{}", told(&page));

    provider.log_in_as(KAEDE, &["mfa"], 0);
    command(AccountCommand::Close { account }).await;
    let page = Browser::new(&pages).by(&provider, "/login/oidc").await;
    assert!(told(&page).contains("使えるアカウントがありません"), "{}", told(&page));
}

#[tokio::test]
async fn req_s10_a_dangerous_act_needs_a_log_in_at_the_provider_of_just_now_by_the_same_person() {
    let House { stage, provider, pages, codes } = house().await;
    stage.open_account("midori@example.go.jp").await;
    provider.log_in_as(KAEDE, &["mfa"], 3_600);
    let mut browser = Browser::new(&pages);
    browser.by(&provider, "/login/oidc").await;
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    assert_eq!(
        browser.get("/me/password").await.header("location"),
        "/prove?next=/me/password",
        "an hour ago is not now"
    );
    let form = browser.get("/prove?next=/me/password").await;
    assert!(form.html.contains("href=\"/prove/oidc?next=%2Fme%2Fpassword\""), "{}", form.html);

    let mut stale = browser.clone();
    provider.misbehave(Style::Es256, |it| it["auth_time"] = json!(it["iat"].as_i64().unwrap() - 3_600));
    let page = stale.by(&provider, "/prove/oidc?next=/me/password").await;
    assert!(page.status == StatusCode::UNAUTHORIZED && told(&page).contains("本人確認をやり直さなかった"));
    assert!(page.html.contains("もう一度、本人確認をします"), "the page from which it began: {}", page.html);
    provider.behave();

    let mut other = browser.clone();
    provider.log_in_as("midori@example.go.jp", &["mfa"], 0);
    let page = other.by(&provider, "/prove/oidc?next=/me/password").await;
    assert!(page.status == StatusCode::UNAUTHORIZED && told(&page).contains("いまログインしている人ではありません"));
    assert_eq!(other.get("/me/password").await.header("location"), "/prove?next=/me/password");

    provider.log_in_as(KAEDE, &["mfa"], 3_600);
    let before = browser.clone();
    let page = browser.by(&provider, "/prove/oidc?next=/me/password").await;
    assert_eq!(page.header("location"), "/me/password");
    assert_eq!(browser.get("/me/password").await.status, StatusCode::OK);
    assert!(before.visitor().get("/me").await.header("location").starts_with("/login"), "the old name opens nothing");

    // Without a second factor of the provider's own, a code stands beside it here too.
    stage.wait(SignedDuration::from_mins(11));
    provider.log_in_as(KAEDE, &["pwd"], 3_600);
    assert_eq!(browser.by(&provider, "/prove/oidc?next=/me/password").await.header("location"), "/login/oidc/code");
    assert_eq!(browser.get("/me/password").await.header("location"), "/prove?next=/me/password");
    let page = browser.post("/login/oidc/code", &format!("code={}", codes[0])).await;
    assert_eq!(page.header("location"), "/me/password");
    assert_eq!(browser.get("/me/password").await.status, StatusCode::OK);
}

#[tokio::test]
async fn req_s03_codes_beside_the_providers_word_are_few_a_minute() {
    let House { stage, provider, pages, codes } = house().await;
    let mut browser = Browser::new(&pages);
    browser.by(&provider, "/login/oidc").await;
    for _ in 0..10 {
        browser.post("/login/oidc/code", "code=000000").await;
    }
    let page = browser.post("/login/oidc/code", &format!("code={}", codes[0])).await;
    assert!(page.status == StatusCode::TOO_MANY_REQUESTS && told(&page).contains("1分待って"), "{}", told(&page));
    stage.wait(SignedDuration::from_mins(1));
    let page = browser.post("/login/oidc/code", &format!("code={}", codes[0])).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "a code opens a locked door");
}
