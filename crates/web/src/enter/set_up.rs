//! The first set-up of an account: a password that only its owner knows, then a second factor.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{Account, AccountCommand, Error as DeskError};
use serde::Deserialize;

use super::log_in::renewed;
use super::page::{RecoveryPage, SetFactorPage, SetPasswordPage};
use crate::console::{Client, Console, Viewer, told};
use crate::frame::Place;
use crate::gate::password::{PASSWORD_CHARS_MIN, check_password};
use crate::page;

/// A new password, twice.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NewPassword {
    #[serde(default)]
    pub(super) password: String,
    #[serde(default)]
    pub(super) again: String,
}

/// The code that the new authenticator shows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Code {
    #[serde(default)]
    code: String,
}

/// `GET /setup`: the next step that is missing.
pub(crate) async fn set_up(State(console): State<Console>, viewer: Viewer) -> Response {
    let Some(account) = account(&console, &viewer) else { return Redirect::to("/login").into_response() };
    if account.must_change {
        return password_page(&console, &viewer, None, true);
    }
    if account.factor.is_none() {
        return factor_page(&console, &viewer, &account, None);
    }
    Redirect::to("/").into_response()
}

/// `POST /setup/password`.
pub(crate) async fn set_password(
    State(console): State<Console>,
    viewer: Viewer,
    Client(from): Client,
    Form(typed): Form<NewPassword>,
) -> Response {
    match new_password(&console, &viewer, &typed).await {
        Ok(()) => renewed(&console, &viewer, from, Redirect::to("/setup").into_response()),
        Err(trouble) => password_page(&console, &viewer, Some(trouble), true),
    }
}

/// `POST /setup/factor`: shows the recovery codes once, and the session goes on.
pub(crate) async fn set_factor(
    State(console): State<Console>,
    viewer: Viewer,
    Client(from): Client,
    Form(typed): Form<Code>,
) -> Response {
    let Some(account) = account(&console, &viewer) else { return Redirect::to("/login").into_response() };
    if account.must_change || account.factor.is_some() {
        return Redirect::to("/setup").into_response();
    }
    let Some(offer) = console.sessions().offer(&viewer.token) else { return Redirect::to("/setup").into_response() };
    let Some(step) = offer.check(typed.code.trim(), console.now()) else {
        let trouble = "コードが違います。端末の時刻が合っているか確かめ、いま表示されている6桁を入力してください。";
        return factor_page(&console, &viewer, &account, Some(trouble.into()));
    };
    match confirm(&console, &viewer, offer.factor(), from.to_string(), step).await {
        Ok(()) => {
            let frame = viewer.frame(&console, Place::Elsewhere);
            let page = page::render(StatusCode::OK, &RecoveryPage { frame, codes: offer.recovery });
            renewed(&console, &viewer, from, page)
        }
        Err(error) => factor_page(&console, &viewer, &account, Some(told(&error))),
    }
}

/// Records the factor, and that its first code is used up.
async fn confirm(
    console: &Console,
    viewer: &Viewer,
    factor: hikyaku_dispatch::SecondFactor,
    source: String,
    step: u64,
) -> Result<(), DeskError> {
    let account = viewer.account;
    console.act(viewer, AccountCommand::SetFactor { account, factor }).await?;
    let proof = hikyaku_dispatch::Proof::Code { step };
    console.act(viewer, AccountCommand::Enter { account, source, proof }).await.map(drop)
}

/// Checks and records a password that its owner chose; the words say why not.
pub(super) async fn new_password(console: &Console, viewer: &Viewer, typed: &NewPassword) -> Result<(), String> {
    if typed.password != typed.again {
        return Err("2つの入力が違います。同じパスワードを2回入力してください。".into());
    }
    let account = account(console, viewer).ok_or("アカウントがありません。")?;
    check_password(&typed.password, account.login()).map_err(|weak| weak.advice())?;
    if console.hasher().verify(typed.password.clone(), account.password.clone()).await {
        return Err("いまと同じパスワードです。別のものにしてください。".into());
    }
    let password = console.hasher().hash(typed.password.clone()).await.map_err(|error| error.to_string())?;
    let command = AccountCommand::SetPassword { account: viewer.account, password };
    console.act(viewer, command).await.map(drop).map_err(|error| told(&error))
}

pub(super) fn account(console: &Console, viewer: &Viewer) -> Option<Account> {
    console.web().desk.read(|state| state.accounts().find(viewer.account).cloned())
}

pub(super) fn password_page(console: &Console, viewer: &Viewer, trouble: Option<String>, first: bool) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut frame = viewer.frame(console, Place::Own);
    if first {
        frame.bar = None;
    }
    page::render(status, &SetPasswordPage { frame, trouble, least: PASSWORD_CHARS_MIN, first })
}

fn factor_page(console: &Console, viewer: &Viewer, account: &Account, trouble: Option<String>) -> Response {
    let offer = match console.sessions().offer_or_new(&viewer.token) {
        Ok(offer) => offer,
        Err(error) => {
            tracing::error!(%error, "a second factor could not be made");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut frame = viewer.frame(console, Place::Elsewhere);
    frame.bar = None;
    let page = SetFactorPage {
        frame,
        trouble,
        picture: offer.picture(&console.settings().organisation, account.login()),
        key: offer.key(),
        login: account.login().to_owned(),
    };
    page::render(status, &page)
}
