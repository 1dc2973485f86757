//! The log-in, the log-out, and showing again who one is before a dangerous act.

use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::AccountId;
use serde::Deserialize;

use super::attempt::{Attempt, Denied};
use super::page::LogInPage;
use crate::console::{Client, Console, Viewer, cookie_name};
use crate::frame::{Frame, Place};
use crate::moment;
use crate::page;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Then {
    #[serde(default)]
    next: String,
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
    let page = LogInPage {
        frame: frame(&console),
        trouble: None,
        login: String::new(),
        next: own_path(&then.next).to_owned(),
        again: false,
    };
    page::render(StatusCode::OK, &page)
}

/// `POST /login`.
pub(crate) async fn log_in(State(console): State<Console>, Client(from): Client, Form(typed): Form<Typed>) -> Response {
    let login = typed.login.trim();
    let attempt = Attempt { login, password: &typed.password, code: typed.code.trim(), from };
    match console.attempt(&attempt).await {
        Ok(account) => open(&console, account, from, own_path(&typed.next)),
        Err(denied) => {
            let page = LogInPage {
                frame: frame(&console),
                trouble: Some(denied.words()),
                login: login.to_owned(),
                next: own_path(&typed.next).to_owned(),
                again: false,
            };
            page::render(status(&denied), &page)
        }
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
        Err(denied) => page::render(status(&denied), &prove_page(&console, &viewer, Some(denied.words()), &typed.next)),
    }
}

fn prove_page(console: &Console, viewer: &Viewer, trouble: Option<String>, next: &str) -> LogInPage {
    LogInPage {
        frame: viewer.frame(console, Place::Elsewhere),
        trouble,
        login: viewer.label.clone(),
        next: own_path(next).to_owned(),
        again: true,
    }
}

/// Opens a session under a new name and leads on.
pub(super) fn open(console: &Console, account: AccountId, from: std::net::IpAddr, next: &str) -> Response {
    match console.sessions().open(account, &from.to_string(), console.now()) {
        Ok(token) => with_cookie(console, &token, Redirect::to(next).into_response()),
        Err(error) => {
            tracing::error!(%error, "a session could not be opened");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
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

fn frame(console: &Console) -> Frame {
    Frame::new(moment::for_console(console.now()), &console.settings().organisation, None)
}

fn status(denied: &Denied) -> StatusCode {
    match denied {
        Denied::Wrong => StatusCode::UNAUTHORIZED,
        Denied::TooOften | Denied::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
        Denied::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A path of this site, or the first page: what stands in an address that somebody was sent must not lead elsewhere.
fn own_path(next: &str) -> &str {
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
