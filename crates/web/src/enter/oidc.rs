//! The log-in by the organisation's provider: the way there, the way back, and the code that may be asked for beside its word.

use std::net::IpAddr;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{Account, AccountId, Proof, Standing};
use jiff::Timestamp;
use serde::Deserialize;

use super::attempt::Denied;
use super::log_in::{Then, frame, open_proved, own_path, refused, status, unproved};
use super::page::ByProvider;
use crate::console::{Client, Console, Viewer, cookie, visiting};
use crate::frame::Frame;
use crate::gate::factor;
use crate::gate::oidc::{LIFE, Progress, Provider, Purpose, Ticket, Trouble, Vouched, encoded};
use crate::page;

/// What the provider sends a browser back with (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    code: String,
    state: String,
    error: String,
    iss: Option<String>,
}

/// The code that is typed beside the provider's word.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    code: String,
}

#[derive(Debug, Template)]
#[template(path = "oidc_code.html")]
struct CodePage {
    frame: Frame,
    trouble: Option<String>,
    label: String,
}

/// What an account needs beside the provider's word.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    Code,
}

/// How far the provider's word led.
enum Led {
    In { account: AccountId, proved: Timestamp },
    ToCode(Ticket),
}

impl Console {
    /// The way to the provider from the log-in, if there is one.
    pub(super) fn provider_to_log_in(&self, next: &str) -> Option<ByProvider> {
        self.by_provider("/login/oidc", next)
    }

    /// The same from the proof of who is logged in.
    pub(super) fn provider_to_prove(&self, next: &str) -> Option<ByProvider> {
        self.by_provider("/prove/oidc", next)
    }

    fn by_provider(&self, path: &str, next: &str) -> Option<ByProvider> {
        let label = self.provider()?.settings().label.clone();
        Some(ByProvider { label, href: format!("{path}?next={}", encoded(own_path(next))) })
    }

    fn denied(&self, trouble: &Trouble) -> Denied {
        let label = self.provider().map_or("", |it| &it.settings().label);
        Denied::Provider { words: trouble.words(label), status: trouble.status() }
    }
}

/// `GET /login/oidc`.
pub(crate) async fn begin(State(console): State<Console>, Query(then): Query<Then>) -> Response {
    let Some(provider) = console.provider() else { return Redirect::to("/login").into_response() };
    let next = own_path(&then.next);
    match provider.begin(Purpose::LogIn, next, console.now()).await {
        Ok(begun) => carrying(&console, &begun.cookie, Redirect::to(&begun.address).into_response()),
        Err(trouble) => refused(&console, &console.denied(&trouble), next),
    }
}

/// `GET /prove/oidc`: before a dangerous act, the provider asks anew.
pub(crate) async fn begin_proof(State(console): State<Console>, viewer: Viewer, Query(then): Query<Then>) -> Response {
    let Some(provider) = console.provider() else { return Redirect::to("/prove").into_response() };
    let next = own_path(&then.next);
    match provider.begin(Purpose::Prove(viewer.account), next, console.now()).await {
        Ok(begun) => carrying(&console, &begun.cookie, Redirect::to(&begun.address).into_response()),
        Err(trouble) => unproved(&console, &viewer, &console.denied(&trouble), next),
    }
}

/// `GET /login/oidc/callback`: where the provider sends browsers back to.
pub(crate) async fn callback(
    State(console): State<Console>,
    Client(from): Client,
    headers: HeaderMap,
    Query(said): Query<Said>,
) -> Response {
    let Some(provider) = console.provider() else { return Redirect::to("/login").into_response() };
    let ticket = ticket(&console, provider, &headers);
    let led = match &ticket {
        Some(ticket) => led(&console, provider, ticket, &said, from).await,
        None => Err(console.denied(&Trouble::NotBegunHere)),
    };
    match (led, ticket) {
        (Ok(Led::In { account, proved }), Some(ticket)) => come_in(&console, &headers, account, from, &ticket, proved),
        (Ok(Led::ToCode(ticket)), _) => {
            carrying(&console, &provider.tickets().seal(&ticket), Redirect::to("/login/oidc/code").into_response())
        }
        (Err(denied), ticket) => turned_away(&console, &headers, &denied, ticket.as_ref()),
        (Ok(Led::In { .. }), None) => turned_away(&console, &headers, &console.denied(&Trouble::NotBegunHere), None),
    }
}

/// `GET /login/oidc/code`: the provider vouched, and does not say that it asked for a second factor.
pub(crate) async fn code_form(State(console): State<Console>, headers: HeaderMap) -> Response {
    let found = console.provider().and_then(|provider| ticket(&console, provider, &headers));
    match found.map(|ticket| ticket.progress) {
        Some(Progress::Vouched { .. }) => code_page(&console, StatusCode::OK, None),
        _ => Redirect::to("/login").into_response(),
    }
}

/// `POST /login/oidc/code`.
pub(crate) async fn code(
    State(console): State<Console>,
    Client(from): Client,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    let late = || turned_away(&console, &headers, &console.denied(&Trouble::NotBegunHere), None);
    let Some(provider) = console.provider() else { return late() };
    let Some(ticket) = ticket(&console, provider, &headers) else { return late() };
    let Progress::Vouched { account, asked } = ticket.progress else { return late() };
    match typed_code(&console, provider, &ticket, account, &typed, from).await {
        Ok(()) => come_in(&console, &headers, account, from, &ticket, proved(&ticket, asked, console.now())),
        Err(Denied::Wrong) => {
            let wrong = console.denied(&Trouble::WrongCode);
            code_page(&console, status(&wrong), Some(wrong.words()))
        }
        Err(denied @ (Denied::TooOften | Denied::Locked(_))) => {
            code_page(&console, status(&denied), Some(denied.words()))
        }
        Err(denied) => turned_away(&console, &headers, &denied, Some(&ticket)),
    }
}

/// What follows from what the provider said.
async fn led(
    console: &Console,
    provider: &Provider,
    ticket: &Ticket,
    said: &Said,
    from: IpAddr,
) -> Result<Led, Denied> {
    let now = console.now();
    if !console.attempts().take(from, now) {
        return Err(Denied::TooOften);
    }
    let is_ours = ticket.progress == Progress::Begun && provider.tickets().is_answer(ticket, &said.state);
    // Used up by whatever the provider said, so that no answer is heard twice.
    if !is_ours || !provider.tickets().take(ticket, now) {
        tracing::warn!(source = %from, "an answer of the OpenID provider that belongs to no log-in of this browser");
        return Err(console.denied(&Trouble::NotBegunHere));
    }
    let is_provider = said.iss.as_ref().is_none_or(|iss| *iss == provider.settings().issuer);
    if !is_provider || !said.error.is_empty() {
        let error: String = said.error.chars().filter(char::is_ascii_graphic).take(60).collect();
        tracing::warn!(source = %from, error, "the OpenID provider lets nobody in");
        return Err(console.denied(&Trouble::Declined));
    }
    let vouched = provider.finish(ticket, &said.code, now).await.map_err(|trouble| console.denied(&trouble))?;
    admitted(console, provider, ticket, &vouched, from).await
}

/// What follows from the provider's word about somebody.
async fn admitted(
    console: &Console,
    provider: &Provider,
    ticket: &Ticket,
    vouched: &Vouched,
    from: IpAddr,
) -> Result<Led, Denied> {
    let (now, source) = (console.now(), from.to_string());
    let found = console.web().desk.read(|state| {
        let account = state.accounts().by_login(&vouched.name)?;
        provider.settings().names(&vouched.name, account.login()).then(|| account.clone())
    });
    let Some(account) = found else {
        tracing::warn!(%source, "the OpenID provider vouches for somebody who has no account");
        return Err(console.denied(&Trouble::NoAccount));
    };
    if let Purpose::Prove(expected) = ticket.purpose
        && expected != account.id
    {
        return Err(console.denied(&Trouble::SomebodyElse));
    }
    let need = match need(&account, account.door.standing(&source, now), vouched.is_strong) {
        Ok(need) => need,
        Err(trouble) => return Err(recorded(console, account.id, source, &trouble).await),
    };
    match need {
        Need::Nothing => {
            let account = console.enter(account.id, source, Proof::Provider).await?;
            Ok(Led::In { account, proved: proved(ticket, vouched.asked, now) })
        }
        Need::Code => {
            let progress = Progress::Vouched { account: account.id, asked: vouched.asked };
            let ticket = provider.tickets().make(ticket.purpose, progress, &ticket.next, now);
            ticket.map(Led::ToCode).map_err(|_| console.denied(&Trouble::Unreachable))
        }
    }
}

/// What an account needs beside the provider's word, or why that does not open it at all. A locked door asks for the code in any
/// case, as it does of who types a password.
fn need(account: &Account, standing: Standing, is_strong: bool) -> Result<Need, Trouble> {
    if account.suspended {
        return Err(Trouble::NoAccount);
    }
    if !account.is_set_up() {
        return Err(Trouble::NotSetUp);
    }
    Ok(if is_strong && standing == Standing::Open { Need::Nothing } else { Need::Code })
}

/// Checks and records the code beside the provider's word.
async fn typed_code(
    console: &Console,
    provider: &Provider,
    ticket: &Ticket,
    id: AccountId,
    typed: &Typed,
    from: IpAddr,
) -> Result<(), Denied> {
    let (now, source) = (console.now(), from.to_string());
    if !provider.codes().take(id, now) {
        return Err(Denied::TooOften);
    }
    let account = console.web().desk.read(|state| state.accounts().find(id).cloned());
    let Some(account) = account.filter(|it| !it.suspended) else {
        return Err(console.denied(&Trouble::NoAccount));
    };
    let shown = account.factor.as_ref().and_then(|factor| factor::prove(factor, typed.code.trim(), now));
    let proof = match shown {
        Some(Proof::Code { step }) => Some(Proof::ProviderCode { step }),
        Some(Proof::Recovery { place }) => Some(Proof::ProviderRecovery { place }),
        _ => None,
    };
    let Some(proof) = proof.filter(|proof| account.is_fresh(*proof)) else {
        if let Standing::Locked { until } = account.door.standing(&source, now) {
            return Err(Denied::Locked(until));
        }
        return Err(console.fail(id, source).await);
    };
    if !provider.tickets().take(ticket, now) {
        return Err(console.denied(&Trouble::NotBegunHere));
    }
    console.enter(id, source, proof).await.map(drop)
}

/// A refusal that stands in the journal like a wrong password.
async fn recorded(console: &Console, account: AccountId, source: String, trouble: &Trouble) -> Denied {
    match console.fail(account, source).await {
        Denied::NotRecorded(error) => Denied::NotRecorded(error),
        _ => console.denied(trouble),
    }
}

/// Since when dangerous acts need no new proof: now, if it was one, and otherwise since the provider asked who it is. One who was
/// logged in at the provider since the morning is asked again.
fn proved(ticket: &Ticket, asked: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match ticket.purpose {
        Purpose::Prove(_) => now,
        Purpose::LogIn => asked.unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

/// Opens the session; that in which it was proved goes on under a new name.
fn come_in(
    console: &Console,
    headers: &HeaderMap,
    account: AccountId,
    from: IpAddr,
    ticket: &Ticket,
    proved: Timestamp,
) -> Response {
    if let Some(before) = visiting(console, headers) {
        console.sessions().end(&before.token);
    }
    carrying(console, "", open_proved(console, account, from, own_path(&ticket.next), proved))
}

/// The page from which it began, with what went wrong.
fn turned_away(console: &Console, headers: &HeaderMap, denied: &Denied, ticket: Option<&Ticket>) -> Response {
    let next = ticket.map_or("", |ticket| &ticket.next);
    let proving = ticket.is_some_and(|ticket| matches!(ticket.purpose, Purpose::Prove(_)));
    let response = match visiting(console, headers).filter(|_| proving) {
        Some(viewer) => unproved(console, &viewer, denied, next),
        None => refused(console, denied, next),
    };
    carrying(console, "", response)
}

fn code_page(console: &Console, status: StatusCode, trouble: Option<String>) -> Response {
    let label = console.provider().map_or_else(String::new, |it| it.settings().label.clone());
    page::render(status, &CodePage { frame: frame(console), trouble, label })
}

fn ticket(console: &Console, provider: &Provider, headers: &HeaderMap) -> Option<Ticket> {
    let sealed = cookie(headers, ticket_name(console.web().over_tls))?;
    provider.tickets().open(sealed, console.now())
}

/// The name of the ticket's cookie, as that of the session's.
fn ticket_name(over_tls: bool) -> &'static str {
    if over_tls { "__Host-hikyaku-oidc" } else { "hikyaku-oidc" }
}

/// The answer with a ticket, or without any more. The provider's page leads back here, so the cookie cannot be `Strict`.
fn carrying(console: &Console, ticket: &str, mut response: Response) -> Response {
    let over_tls = console.web().over_tls;
    let secure = if over_tls { "; Secure" } else { "" };
    let life = if ticket.is_empty() { 0 } else { LIFE.as_secs() };
    let cookie = format!("{}={ticket}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}{secure}", ticket_name(over_tls));
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
