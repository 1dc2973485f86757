//! The pages of passkeys: one's own, the log-in with one, and the proof with one.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hikyaku_dispatch::{Account, AccountCommand, AccountId, PASSKEY_LABEL_CHARS_MAX, Passkey, PasskeyId, Proof};
use serde::Deserialize;

use super::attempt::Denied;
use super::log_in::{open, own_path, refused, unproved};
use super::page::Ask;
use crate::console::{Client, Console, Viewer, told};
use crate::frame::{Frame, Place};
use crate::gate::passkey;
use crate::page;

/// What a challenge of the log-in is for.
const LOG_IN: &str = "log-in";

/// A passkey that is used, as the script posts it; all in base64url.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Used {
    credential: String,
    client: String,
    authenticator: String,
    signature: String,
    next: String,
}

/// A change of one's own passkeys.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    /// The place of the one that is taken away, counted from 1; empty to add one.
    remove: String,
    label: String,
    client: String,
    authenticator: String,
}

#[derive(Debug, Template)]
#[template(path = "passkeys.html")]
struct PasskeysPage {
    frame: Frame,
    trouble: Option<String>,
    labels: Vec<String>,
    label_max: usize,
    ask: Ask,
    login: String,
    organisation: String,
    /// What names the account in the device: its number, which tells nobody anything.
    user: String,
    /// The names of those there are, so that a device is not registered twice.
    known: String,
}

impl Console {
    /// What a page asks a device for; none where there are no passkeys.
    pub(super) fn ask_passkey(&self, purpose: &str) -> Option<Ask> {
        let (party, challenges) = self.passkeys()?;
        let challenge = challenges.make(purpose, self.now()).ok()?;
        Some(Ask { challenge, domain: party.domain.clone() })
    }

    /// The same for the log-in.
    pub(super) fn ask_passkey_to_log_in(&self) -> Option<Ask> {
        self.ask_passkey(LOG_IN)
    }

    /// The same for the proof of who is logged in.
    pub(super) fn ask_passkey_to_prove(&self, account: AccountId) -> Option<Ask> {
        self.ask_passkey(&proof_of(account))
    }

    /// The account that a passkey opens, which is recorded; or why it does not.
    async fn enter_by(&self, used: &Used, purpose: &str, from: std::net::IpAddr) -> Result<AccountId, Denied> {
        let now = self.now();
        if !self.attempts().take(from, now) {
            return Err(Denied::TooOften);
        }
        let Some((party, challenges)) = self.passkeys() else { return Err(Denied::Passkey) };
        let [credential, client, authenticator, signature] =
            [&used.credential, &used.client, &used.authenticator, &used.signature]
                .map(|text| URL_SAFE_NO_PAD.decode(text).unwrap_or_default());
        let key = PasskeyId::of(&credential);
        let found = self.web().desk.read(|state| {
            let account = state.accounts().by_passkey(key)?;
            account.passkey(key).map(|it| (account.id, account.suspended, it.point.clone()))
        });
        let Some((account, suspended, point)) = found else { return Err(Denied::Passkey) };
        let source = from.to_string();
        let proved = passkey::proved(party, &point, &client, &authenticator, &signature);
        match proved {
            Ok(proved) if !suspended && challenges.take(purpose, &proved.challenge, now) => {
                let proof = Proof::Passkey { key, count: proved.count };
                self.enter(account, source, proof).await
            }
            Ok(_) => Err(self.fail(account, source).await),
            Err(untrue) => {
                tracing::warn!(%account, %untrue, "what a device said of its passkey is not believed");
                Err(self.fail(account, source).await)
            }
        }
    }
}

fn proof_of(account: AccountId) -> String {
    format!("prove {account}")
}

fn addition_to(account: AccountId) -> String {
    format!("add {account}")
}

/// `POST /login/passkey`.
pub(crate) async fn log_in(State(console): State<Console>, Client(from): Client, Form(used): Form<Used>) -> Response {
    match console.enter_by(&used, LOG_IN, from).await {
        Ok(account) => open(&console, account, from, own_path(&used.next)),
        Err(denied) => refused(&console, &denied, &used.next),
    }
}

/// `POST /prove/passkey`: the session goes on under a new name.
pub(crate) async fn prove(
    State(console): State<Console>,
    viewer: Viewer,
    Client(from): Client,
    Form(used): Form<Used>,
) -> Response {
    match console.enter_by(&used, &proof_of(viewer.account), from).await {
        Ok(account) if account == viewer.account => {
            console.sessions().end(&viewer.token);
            open(&console, account, from, own_path(&used.next))
        }
        Ok(_) => unproved(&console, &viewer, &Denied::Passkey, &used.next),
        Err(denied) => unproved(&console, &viewer, &denied, &used.next),
    }
}

/// `GET /me/passkeys`: only after showing again who one is.
pub(crate) async fn own(State(console): State<Console>, viewer: Viewer) -> Response {
    match viewer.unproved(&console, "/me/passkeys") {
        None => render(&console, &viewer, None),
        Some(elsewhere) => elsewhere,
    }
}

/// `POST /me/passkeys`: one is added, or taken away.
pub(crate) async fn change(State(console): State<Console>, viewer: Viewer, Form(change): Form<Change>) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/me/passkeys") {
        return elsewhere;
    }
    let command =
        if change.remove.is_empty() { added(&console, &viewer, &change) } else { removed(&console, &viewer, &change) };
    let done = match command {
        Ok(command) => console.act(&viewer, command).await.map(drop).map_err(|error| told(&error)),
        Err(trouble) => Err(trouble),
    };
    match done {
        Ok(()) => Redirect::to("/me/passkeys").into_response(),
        Err(trouble) => render(&console, &viewer, Some(trouble)),
    }
}

fn added(console: &Console, viewer: &Viewer, change: &Change) -> Result<AccountCommand, String> {
    let again = || "パスキーを登録できませんでした。この画面を開き直して、もう一度登録してください。".to_owned();
    let (party, challenges) = console.passkeys().ok_or_else(again)?;
    let [client, authenticator] =
        [&change.client, &change.authenticator].map(|text| URL_SAFE_NO_PAD.decode(text).unwrap_or_default());
    let made = passkey::made(party, &client, &authenticator).map_err(|untrue| {
        tracing::warn!(account = %viewer.account, %untrue, "a passkey could not be registered");
        again()
    })?;
    if !challenges.take(&addition_to(viewer.account), &made.challenge, console.now()) {
        return Err(again());
    }
    let label = change.label.trim().to_owned();
    let passkey = Passkey { credential: made.credential, point: made.point, label };
    Ok(AccountCommand::AddPasskey { account: viewer.account, passkey })
}

fn removed(console: &Console, viewer: &Viewer, change: &Change) -> Result<AccountCommand, String> {
    let place = change.remove.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
    let account = account(console, viewer);
    let key = place.and_then(|place| account?.passkeys.get(place).map(Passkey::id));
    let key = key.ok_or("このパスキーはもうありません。")?;
    Ok(AccountCommand::RemovePasskey { account: viewer.account, key })
}

fn account(console: &Console, viewer: &Viewer) -> Option<Account> {
    console.web().desk.read(|state| state.accounts().find(viewer.account).cloned())
}

fn render(console: &Console, viewer: &Viewer, trouble: Option<String>) -> Response {
    let frame = viewer.frame(console, Place::Own).helped();
    let ask = console.ask_passkey(&addition_to(viewer.account));
    let (Some(account), Some(ask)) = (account(console, viewer), ask) else {
        let told = "設定ファイルの [console] passkeys に、管理画面のアドレスを書いてください。";
        return page::nothing(frame, "パスキーは使えません", told);
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let known: Vec<String> = account.passkeys.iter().map(|it| URL_SAFE_NO_PAD.encode(&it.credential)).collect();
    let page = PasskeysPage {
        frame,
        trouble,
        labels: account.passkeys.iter().map(|it| it.label.clone()).collect(),
        label_max: PASSKEY_LABEL_CHARS_MAX,
        ask,
        login: account.login().to_owned(),
        organisation: console.settings().organisation.clone(),
        user: URL_SAFE_NO_PAD.encode(account.id.to_string()),
        known: known.join(" "),
    };
    page::render(status, &page)
}
