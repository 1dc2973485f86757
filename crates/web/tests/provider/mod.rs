//! An OpenID provider on this machine, as hostile as a test wants it, and a way to ask it.

#![allow(dead_code, clippy::unwrap_used, reason = "shared by two tests, each of which uses a part")]

mod mint;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hikyaku_web::{Errand, Errands, OidcClaim, OidcSettings, Reported};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use mint::Mint;
pub use mint::Style;

/// What the console is called there, and what it shows to be it.
const CLIENT: &str = "hikyaku";
const SECRET: &str = "ge heim:&";

type Asked = BTreeMap<String, String>;
type Change = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// The provider, and what it does next.
#[derive(Clone)]
pub struct MockProvider {
    pub address: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    mint: Mint,
    clock: Arc<Mutex<Timestamp>>,
    /// Who is logged in there.
    email: String,
    amr: Vec<&'static str>,
    /// When that one was asked who it is, in seconds before now.
    asked_ago: i64,
    codes: BTreeMap<String, Asked>,
    made: usize,
    keys_asked: usize,
    style: Style,
    change: Option<Change>,
    /// Statuses that the exchange of a code answers before it does what it should.
    refusals: VecDeque<u16>,
    issuer: Option<String>,
    /// Bytes that the exchange of a code answers besides.
    ballast: usize,
}

impl MockProvider {
    /// A provider on a port of its own, under a test's clock, at which somebody is logged in since an hour.
    pub async fn open(clock: Arc<Mutex<Timestamp>>, email: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner {
            mint: Mint::new(),
            clock,
            email: email.to_owned(),
            amr: vec!["pwd"],
            asked_ago: 3_600,
            codes: BTreeMap::new(),
            made: 0,
            keys_asked: 0,
            style: Style::Es256,
            change: None,
            refusals: VecDeque::new(),
            issuer: None,
            ballast: 0,
        };
        let provider = Self { address, inner: Arc::new(Mutex::new(inner)) };
        let pages = Router::new()
            .route("/.well-known/openid-configuration", get(about))
            .route("/authorize", get(authorize))
            .route("/grant", get(grant))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, pages).await.unwrap() });
        provider
    }

    /// What a console at this address agreed with it: `mfa` in `amr` stands for a second factor.
    pub fn agreed(&self, console: &str) -> OidcSettings {
        OidcSettings {
            issuer: self.address.clone(),
            client_id: CLIENT.into(),
            client_secret: SECRET.into(),
            address: console.to_owned(),
            label: "職員ポータル".into(),
            claim: OidcClaim::Email,
            acr: Vec::new(),
            amr: vec!["mfa".into()],
            errands: Arc::new(Wire::default()),
        }
    }

    /// How tokens are signed from now on, and what is changed in them.
    pub fn misbehave(&self, style: Style, change: impl Fn(&mut Value) + Send + Sync + 'static) {
        let mut inner = self.lock();
        inner.style = style;
        inner.change = Some(Arc::new(change));
    }

    pub fn behave(&self) {
        let mut inner = self.lock();
        (inner.style, inner.change, inner.issuer, inner.ballast) = (Style::Es256, None, None, 0);
        inner.refusals.clear();
    }

    /// Calls itself by another name.
    pub fn pretend(&self, issuer: &str) {
        self.lock().issuer = Some(issuer.to_owned());
    }

    pub fn refuse(&self, status: u16) {
        self.lock().refusals.push_back(status);
    }

    pub fn answer_at_length(&self, bytes: usize) {
        self.lock().ballast = bytes;
    }

    pub fn log_in_as(&self, email: &str, amr: &[&'static str], asked_ago: i64) {
        let mut inner = self.lock();
        (inner.email, inner.amr, inner.asked_ago) = (email.to_owned(), amr.to_vec(), asked_ago);
    }

    /// New keys under new names; the old ones are gone.
    pub fn rotate(&self) {
        self.lock().mint = Mint::new();
    }

    pub fn keys_asked(&self) -> usize {
        self.lock().keys_asked
    }

    /// The way back for a browser that was sent to this address: whoever is logged in there agrees.
    pub fn approve(&self, sent_to: &str) -> String {
        let (place, query) = sent_to.split_once('?').unwrap();
        assert_eq!(place, format!("{}/authorize", self.address));
        let asked: Query<Asked> = Query::try_from_uri(&format!("/?{query}").parse().unwrap()).unwrap();
        self.granted(asked.0)
    }

    fn granted(&self, asked: Asked) -> String {
        for (name, value) in [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256")] {
            assert_eq!(asked[name], value, "{name}");
        }
        assert!(asked["scope"].split(' ').any(|it| it == "openid") && asked["code_challenge"].len() == 43);
        let mut inner = self.lock();
        if asked.get("prompt").is_some_and(|it| it == "login") && asked["max_age"] == "0" {
            inner.asked_ago = 0;
        }
        inner.made += 1;
        let code = format!("code-{}", inner.made);
        let back = format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"]);
        inner.codes.insert(code, asked);
        back
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

async fn about(State(provider): State<MockProvider>) -> Json<Value> {
    let address = &provider.address;
    let issuer = provider.lock().issuer.clone().unwrap_or_else(|| address.clone());
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{address}/authorize"),
        "token_endpoint": format!("{address}/token"),
        "jwks_uri": format!("{address}/keys"),
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    }))
}

/// What somebody sees there who is logged in already.
async fn authorize(uri: axum::http::Uri) -> Html<String> {
    let query = uri.query().unwrap_or_default().replace('&', "&amp;");
    Html(format!("<!DOCTYPE html><title>login</title><a id=grant href=\"/grant?{query}\">hikyaku</a>"))
}

async fn grant(State(provider): State<MockProvider>, Query(asked): Query<Asked>) -> Redirect {
    Redirect::to(&provider.granted(asked))
}

async fn keys(State(provider): State<MockProvider>) -> Json<Value> {
    let mut inner = provider.lock();
    inner.keys_asked += 1;
    Json(inner.mint.keys())
}

async fn token(State(provider): State<MockProvider>, headers: HeaderMap, Form(form): Form<Asked>) -> Response {
    let no = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    let mut inner = provider.lock();
    if let Some(status) = inner.refusals.pop_front() {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    let expected = format!("Basic {}", STANDARD.encode("hikyaku:ge%20heim%3A%26"));
    if headers.get(header::AUTHORIZATION).is_none_or(|it| *it != *expected) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    // Once: whoever comes again gets nothing.
    let Some(asked) = inner.codes.remove(&form["code"]) else { return no("invalid_grant") };
    let is_meant = form["grant_type"] == "authorization_code"
        && form["redirect_uri"] == asked["redirect_uri"]
        && mint::challenge(&form["code_verifier"]) == asked["code_challenge"];
    if !is_meant {
        return no("invalid_grant");
    }
    let now = inner.clock.lock().unwrap().as_second();
    let mut claims = json!({
        "iss": provider.address, "aud": CLIENT, "sub": "8f3", "nonce": asked["nonce"], "iat": now, "exp": now + 300,
        "auth_time": now - inner.asked_ago, "amr": inner.amr, "email": inner.email, "email_verified": true,
    });
    if let Some(change) = inner.change.clone() {
        change(&mut claims);
    }
    let id_token = inner.mint.sign(inner.style, &claims);
    let ballast = "x".repeat(inner.ballast);
    Json(json!({"access_token": ballast, "token_type": "Bearer", "id_token": id_token})).into_response()
}

/// Asks over plain HTTP on this machine.
#[derive(Debug)]
struct Wire(Client<HttpConnector, Full<Bytes>>);

impl Default for Wire {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Errands for Wire {
    fn run(&self, errand: Errand) -> Reported<'_> {
        Box::pin(async move {
            let method = if errand.form.is_some() { "POST" } else { "GET" };
            let mut request = hyper::Request::builder().method(method).uri(&errand.url);
            if let Some(authorization) = &errand.authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let body = Full::new(Bytes::from(errand.form.unwrap_or_default()));
            let answer = self.0.request(request.body(body).unwrap()).await.map_err(|e| e.to_string())?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), 1024 * 1024).collect().await.map_err(|e| e.to_string())?;
            Ok((status, body.to_bytes().to_vec()))
        })
    }
}
