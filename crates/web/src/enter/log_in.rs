//! The log-in, the log-out, and showing again who one is before a dangerous act.

use std::net::IpAddr;

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::AccountId;
use jiff::Timestamp;
use serde::Deserialize;

use super::attempt::{Attempt, Denied};
#[cfg(not(feature = "passkeys"))]
use super::page::Ask;
#[cfg(not(feature = "oidc"))]
use super::page::ByProvider;
use super::page::LogInPage;
use crate::console::{Client, Console, Viewer, cookie_name};
use crate::frame::{Frame, Place};
use crate::moment;
use crate::page;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Then {
    #[serde(default)]
    pub(super) next: String,
}

/// What was typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

/// `GET /login`.
pub(crate) async fn form(State(console): State<Console>, Query(then): Query<Then>) -> Response {
    page::render(StatusCode::OK, &log_in_page(&console, None, "", &then.next))
}

/// `POST /login`.
pub(crate) async fn log_in(State(console): State<Console>, Client(from): Client, Form(typed): Form<Typed>) -> Response {
    let login = typed.login.trim();
    let attempt = Attempt { login, password: &typed.password, code: typed.code.trim(), from };
    match console.attempt(&attempt).await {
        Ok(account) => open(&console, account, from, own_path(&typed.next)),
        Err(denied) => page::render(status(&denied), &log_in_page(&console, Some(denied.words()), login, &typed.next)),
    }
}

/// `POST /logout`.
pub(crate) async fn log_out(State(console): State<Console>, viewer: Viewer) -> Response {
    console.sessions().end(&viewer.token);
    with_cookie(&console, "", Redirect::to("/login").into_response())
}

/// `GET /prove`: before a dangerous act.
pub(crate) async fn prove_form(State(console): State<Console>, viewer: Viewer, Query(then): Query<Then>) -> Response {
    page::render(StatusCode::OK, &prove_page(&console, &viewer, None, &then.next))
}

/// `POST /prove`: the session goes on under a new name.
pub(crate) async fn prove(
    State(console): State<Console>,
    viewer: Viewer,
    Client(from): Client,
    Form(typed): Form<Typed>,
) -> Response {
    let login = console.web().desk.read(|state| state.accounts().find(viewer.account).map(|it| it.login().to_owned()));
    let attempt =
        Attempt { login: &login.unwrap_or_default(), password: &typed.password, code: typed.code.trim(), from };
    match console.attempt(&attempt).await {
        Ok(account) => {
            console.sessions().end(&viewer.token);
            open(&console, account, from, own_path(&typed.next))
        }
        Err(denied) => unproved(&console, &viewer, &denied, &typed.next),
    }
}

/// The log-in once more, after something that was not typed was refused.
#[cfg(any(feature = "passkeys", feature = "oidc"))]
pub(crate) fn refused(console: &Console, denied: &Denied, next: &str) -> Response {
    page::render(status(denied), &log_in_page(console, Some(denied.words()), "", next))
}

/// The proof once more.
pub(crate) fn unproved(console: &Console, viewer: &Viewer, denied: &Denied, next: &str) -> Response {
    page::render(status(denied), &prove_page(console, viewer, Some(denied.words()), next))
}

fn log_in_page(console: &Console, trouble: Option<String>, login: &str, next: &str) -> LogInPage {
    let passkey = console.ask_passkey_to_log_in();
    let frame = frame(console);
    LogInPage {
        frame: if passkey.is_some() { frame.helped() } else { frame },
        trouble,
        login: login.to_owned(),
        next: own_path(next).to_owned(),
        again: false,
        passkey,
        provider: console.provider_to_log_in(next),
    }
}

#[cfg(not(feature = "passkeys"))]
impl Console {
    fn ask_passkey_to_log_in(&self) -> Option<Ask> {
        None
    }

    fn ask_passkey_to_prove(&self, _: AccountId) -> Option<Ask> {
        None
    }
}

#[cfg(not(feature = "oidc"))]
impl Console {
    fn provider_to_log_in(&self, _: &str) -> Option<ByProvider> {
        None
    }

    fn provider_to_prove(&self, _: &str) -> Option<ByProvider> {
        None
    }
}

fn prove_page(console: &Console, viewer: &Viewer, trouble: Option<String>, next: &str) -> LogInPage {
    let passkey = console.ask_passkey_to_prove(viewer.account);
    let frame = viewer.frame(console, Place::Elsewhere);
    LogInPage {
        frame: if passkey.is_some() { frame.helped() } else { frame },
        trouble,
        login: viewer.label.clone(),
        next: own_path(next).to_owned(),
        again: true,
        passkey,
        provider: console.provider_to_prove(next),
    }
}

/// Opens a session under a new name and leads on.
pub(crate) fn open(console: &Console, account: AccountId, from: IpAddr, next: &str) -> Response {
    open_proved(console, account, from, next, console.now())
}

/// The same, where it was shown at `proved` who it is.
pub(super) fn open_proved(
    console: &Console,
    account: AccountId,
    from: IpAddr,
    next: &str,
    proved: Timestamp,
) -> Response {
    match console.sessions().open_proved(account, &from.to_string(), proved, console.now()) {
        Ok(token) => with_cookie(console, &token, Redirect::to(next).into_response()),
        Err(error) => {
            tracing::error!(%error, "a session could not be opened");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// The same page in a session under a new name: a new password or factor has ended all earlier ones.
pub(super) fn renewed(console: &Console, viewer: &Viewer, from: IpAddr, page: Response) -> Response {
    console.sessions().end(&viewer.token);
    match console.sessions().open(viewer.account, &from.to_string(), console.now()) {
        Ok(token) => with_cookie(console, &token, page),
        Err(error) => {
            tracing::error!(%error, "a session could not be opened");
            page
        }
    }
}

fn with_cookie(console: &Console, token: &str, mut response: Response) -> Response {
    let over_tls = console.web().over_tls;
    let secure = if over_tls { "; Secure" } else { "" };
    let ends = if token.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax{secure}{ends}", cookie_name(over_tls));
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// The frame of a page for somebody who is not logged in.
pub(super) fn frame(console: &Console) -> Frame {
    Frame::new(moment::for_console(console.now()), &console.settings().organisation, None)
}

pub(super) fn status(denied: &Denied) -> StatusCode {
    match denied {
        #[cfg(feature = "oidc")]
        Denied::Provider { status, .. } => *status,
        Denied::Wrong => StatusCode::UNAUTHORIZED,
        #[cfg(feature = "passkeys")]
        Denied::Passkey => StatusCode::UNAUTHORIZED,
        Denied::TooOften | Denied::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
        Denied::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A path of this site, or the first page: what stands in an address that somebody was sent must not lead elsewhere.
pub(crate) fn own_path(next: &str) -> &str {
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if next.starts_with('/') && !next.starts_with("//") && is_plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_log_in_one_stays_on_this_site() {
        assert_eq!(own_path("/dispatch/3"), "/dispatch/3");
        for elsewhere in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x=1", "/ a"]
        {
            assert_eq!(own_path(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
