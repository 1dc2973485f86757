//! One's own account: sessions, recovery codes, password.

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::AccountCommand;
use serde::Deserialize;

use super::log_in;
use super::page::{OwnPage, SessionRow};
use super::set_up::{NewPassword, account, new_password, password_page};
use crate::console::{Client, Console, Viewer, told};
use crate::frame::Place;
use crate::moment;
use crate::page;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    done: String,
}

/// `GET /me`.
pub(crate) async fn own(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    let done = "パスワードを変更しました。ほかの端末はログアウトしました。";
    render(&console, &viewer, (asked.done == "password").then(|| done.to_owned()))
}

/// `GET /me/password`: only after showing password and code.
pub(crate) async fn password_form(State(console): State<Console>, viewer: Viewer) -> Response {
    match viewer.unproved(&console, "/me/password") {
        None => password_page(&console, &viewer, None, false),
        Some(elsewhere) => elsewhere,
    }
}

/// `POST /me/password`.
pub(crate) async fn change_password(
    State(console): State<Console>,
    viewer: Viewer,
    Client(from): Client,
    Form(typed): Form<NewPassword>,
) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/me/password") {
        return elsewhere;
    }
    match new_password(&console, &viewer, &typed).await {
        Ok(()) => log_in::renewed(&console, &viewer, from, Redirect::to("/me?done=password").into_response()),
        Err(trouble) => password_page(&console, &viewer, Some(trouble), false),
    }
}

/// `POST /me/sessions`: ends all sessions but goes on in a new one.
pub(crate) async fn end_sessions(State(console): State<Console>, viewer: Viewer, Client(from): Client) -> Response {
    match console.act(&viewer, AccountCommand::EndSessions { account: viewer.account }).await {
        Ok(_) => {
            console.sessions().end(&viewer.token);
            log_in::open(&console, viewer.account, from, "/me")
        }
        Err(error) => render(&console, &viewer, Some(told(&error))),
    }
}

fn render(console: &Console, viewer: &Viewer, done: Option<String>) -> Response {
    let Some(account) = account(console, viewer) else { return Redirect::to("/login").into_response() };
    let sessions = console.sessions().of(account.id, account.sessions_from, console.now());
    let row = |session: crate::gate::session::Session| SessionRow {
        began: moment::for_console(session.began),
        seen: moment::for_console(session.seen),
        here: session == viewer.session,
        source: session.source,
    };
    let page = OwnPage {
        frame: viewer.frame(console, Place::Own),
        login: account.login().to_owned(),
        recovery_left: account.recovery_left(),
        sessions: sessions.into_iter().map(row).collect(),
        done,
        has_passkeys: has_passkeys(console),
    };
    page::render(StatusCode::OK, &page)
}

#[cfg(feature = "passkeys")]
fn has_passkeys(console: &Console) -> bool {
    console.passkeys().is_some()
}

#[cfg(not(feature = "passkeys"))]
fn has_passkeys(_: &Console) -> bool {
    false
}
