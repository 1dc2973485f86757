//! The accounts of the console: opened, stopped, unlocked and reset by another administrator [S10].

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{
    Account, AccountCommand, AccountId, Holder, Names, PersonId, Side, State as Present, manages_alone, roles,
};
use serde::Deserialize;

use crate::audit::words;
use crate::console::{Console, Viewer, told};
use crate::frame::{Frame, Place};
use crate::gate::password::make_password;
use crate::moment;
use crate::page;

#[derive(Debug, Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    frame: Frame,
    rows: Vec<Row>,
    typed: NewAccount,
    done: Option<String>,
    trouble: Option<String>,
    secret: Option<Secret>,
}

#[derive(Debug)]
struct Row {
    id: u32,
    label: String,
    login: String,
    marks: Vec<&'static str>,
    last_login: String,
    sessions: usize,
    own: bool,
    /// Whether it is nobody's in particular.
    unlinked: bool,
    acts: Vec<(&'static str, &'static str)>,
}

/// One account: who is logged in with it, and what it may do.
#[derive(Debug, Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    id: u32,
    label: String,
    login: String,
    person: String,
    roles: Vec<String>,
    /// Begun, last seen, from where.
    sessions: Vec<(String, String, String)>,
    own: bool,
    link: Linking,
}

/// Whether an account can be linked to a person of the roster.
#[derive(Debug, PartialEq, Eq)]
enum Linking {
    /// It is.
    Done,
    /// The viewer may do it.
    Open,
    /// It is the viewer's own, and another administrator does it.
    Another,
}

impl Linking {
    fn of(account: &Account, viewer: AccountId, state: &Present) -> Self {
        match account.person {
            Some(_) => Self::Done,
            None if account.id == viewer && !manages_alone(state, viewer) => Self::Another,
            None => Self::Open,
        }
    }
}

/// A password that is shown once.
#[derive(Debug)]
struct Secret {
    login: String,
    password: String,
}

/// What is typed for a new account.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct NewAccount {
    #[serde(default)]
    login: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    person: String,
}

/// The pressed button.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    #[serde(default)]
    act: String,
    /// A number of the roster, of whoever an account is linked to.
    #[serde(default)]
    person: String,
}

/// What a press led to.
#[derive(Default)]
struct Outcome {
    done: Option<String>,
    trouble: Option<String>,
    secret: Option<Secret>,
}

impl Outcome {
    fn trouble(words: impl Into<String>) -> Self {
        Self { trouble: Some(words.into()), ..Self::default() }
    }
}

/// `GET /accounts`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer) -> Response {
    match viewer.unproved(&console, "/accounts") {
        None => render(&console, &viewer, NewAccount::default(), Outcome::default()),
        Some(elsewhere) => elsewhere,
    }
}

/// `GET /accounts/{account}`: the sessions of one account, and what it may do.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Path(account): Path<u32>) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/accounts") {
        return elsewhere;
    }
    let (frame, now) = (viewer.frame(&console, Place::Accounts), console.now());
    let page = console.web().desk.read(|state| {
        let account = state.accounts().find(AccountId(account))?;
        let sessions = console.sessions().of(account.id, account.sessions_from, now).into_iter();
        let person = account.person.map(|id| words::holder(Holder::Person(id), state));
        Some(AccountPage {
            frame,
            id: account.id.0,
            label: account.label().to_owned(),
            login: account.login().to_owned(),
            person: person.unwrap_or_else(|| "なし（部署などのアカウント）".to_owned()),
            roles: roles(state, account.id).map(|it| words::role(it, state)).collect(),
            sessions: sessions
                .map(|it| (moment::for_console(it.began), moment::for_console(it.seen), it.source))
                .collect(),
            own: account.id == viewer.account,
            link: Linking::of(account, viewer.account, state),
        })
    });
    match page {
        Some(page) => page::render(StatusCode::OK, &page),
        None => page::nothing(
            viewer.frame(&console, Place::Accounts),
            "アカウントがありません",
            "アカウントの一覧から選んでください。",
        ),
    }
}

/// `POST /accounts`: opens one, whose first password is shown once.
pub(crate) async fn open(State(console): State<Console>, viewer: Viewer, Form(typed): Form<NewAccount>) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/accounts") {
        return elsewhere;
    }
    match opened(&console, &viewer, &typed).await {
        Ok(secret) => {
            let outcome = Outcome { secret: Some(secret), ..Outcome::default() };
            render(&console, &viewer, NewAccount::default(), outcome)
        }
        Err(trouble) => render(&console, &viewer, typed, Outcome::trouble(trouble)),
    }
}

/// `POST /accounts/{account}`.
pub(crate) async fn change(
    State(console): State<Console>,
    viewer: Viewer,
    Path(account): Path<u32>,
    Form(pressed): Form<Pressed>,
) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/accounts") {
        return elsewhere;
    }
    let outcome = changed(&console, &viewer, AccountId(account), &pressed).await;
    render(&console, &viewer, NewAccount::default(), outcome.unwrap_or_else(Outcome::trouble))
}

async fn opened(console: &Console, viewer: &Viewer, typed: &NewAccount) -> Result<Secret, String> {
    let person = match typed.person.trim() {
        "" => None,
        number => {
            let found = console.web().desk.read(|state| numbered(state, number));
            Some(found.ok_or("その職員番号の人は名簿にいません。空欄にするか、番号を確かめてください。")?)
        }
    };
    let (secret, password) = first_password(console, typed.login.trim()).await?;
    let names = Names { login: secret.login.clone(), label: typed.label.trim().to_owned() };
    let command = AccountCommand::Open { names, person, password };
    console.act(viewer, command).await.map_err(|error| told(&error))?;
    Ok(secret)
}

/// Whoever has this number in the roster of either half.
fn numbered(state: &Present, number: &str) -> Option<PersonId> {
    let sides = [Side::Domestic, Side::Overseas];
    sides.iter().find_map(|side| state.people().by_external_id(*side, number)).map(|person| person.id)
}

/// Says whose an account is.
async fn linked(console: &Console, viewer: &Viewer, account: AccountId, number: &str) -> Result<Outcome, String> {
    let found = console.web().desk.read(|state| numbered(state, number.trim()));
    let person = found.ok_or("その職員番号の人は名簿にいません。番号を確かめてください。")?;
    console.act(viewer, AccountCommand::Link { account, person }).await.map_err(|error| told(&error))?;
    let done = format!(
        "職員番号 {} の人と結び付けました。この人を規則の承認者にすると、承認できます。回答への返信もできます。",
        number.trim()
    );
    Ok(Outcome { done: Some(done), ..Outcome::default() })
}

async fn changed(console: &Console, viewer: &Viewer, account: AccountId, pressed: &Pressed) -> Result<Outcome, String> {
    let act = pressed.act.as_str();
    if act == "link" {
        return linked(console, viewer, account, &pressed.person).await;
    }
    if account == viewer.account {
        return Err("自分のアカウントの停止や再設定は、他の管理者が行います。".into());
    }
    let (command, done, secret) = match act {
        "end" => (AccountCommand::EndSessions { account }, "ログイン中の画面をすべて打ち切りました。", None),
        "unlock" => (AccountCommand::Unlock { account }, "解除しました。", None),
        "stop" => (
            AccountCommand::Suspend { account, suspended: true },
            "停止しました。ログイン中の画面も使えなくなります。",
            None,
        ),
        "start" => (AccountCommand::Suspend { account, suspended: false }, "停止を解除しました。", None),
        "factor" => (
            AccountCommand::ClearFactor { account },
            "二要素認証を消しました。次のログインで本人が設定し直します。",
            None,
        ),
        "close" => (AccountCommand::Close { account }, "削除しました。", None),
        "password" => {
            let found = console.web().desk.read(|state| state.accounts().find(account).map(|it| it.login().to_owned()));
            let (secret, password) = first_password(console, &found.unwrap_or_default()).await?;
            (AccountCommand::ResetPassword { account, password }, "パスワードを再設定しました。", Some(secret))
        }
        _ => return Err("操作を選んでください。".into()),
    };
    console.act(viewer, command).await.map_err(|error| told(&error))?;
    Ok(Outcome { done: Some(done.into()), secret, trouble: None })
}

async fn first_password(console: &Console, login: &str) -> Result<(Secret, hikyaku_dispatch::PasswordHash), String> {
    let password = make_password().map_err(|error| error.to_string())?;
    let hash = console.hasher().hash(password.clone()).await.map_err(|error| error.to_string())?;
    Ok((Secret { login: login.to_owned(), password }, hash))
}

fn render(console: &Console, viewer: &Viewer, typed: NewAccount, outcome: Outcome) -> Response {
    let now = console.now();
    let row = |account: &Account| {
        let locked = account.door.is_locked(now);
        let mut marks = Vec::new();
        marks.extend(account.suspended.then_some("停止中"));
        marks.extend(locked.then_some("制限中"));
        marks.extend((account.must_change || account.factor.is_none()).then_some("設定が未完了"));
        let mut acts = Vec::new();
        acts.extend(locked.then_some(("unlock", "制限を解除")));
        acts.push(if account.suspended { ("start", "停止を解除") } else { ("stop", "停止") });
        acts.push(("password", "パスワードを再設定"));
        acts.extend(account.factor.is_some().then_some(("factor", "二要素認証を再設定")));
        acts.extend(account.suspended.then_some(("close", "削除")));
        Row {
            id: account.id.0,
            label: account.label().to_owned(),
            login: account.login().to_owned(),
            marks,
            last_login: account.last_login.map_or_else(|| "なし".to_owned(), moment::for_console),
            sessions: console.sessions().of(account.id, account.sessions_from, now).len(),
            own: account.id == viewer.account,
            unlinked: account.person.is_none(),
            acts,
        }
    };
    let rows = console.web().desk.read(|state| state.accounts().iter().map(row).collect());
    let status = if outcome.trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let Outcome { done, trouble, secret } = outcome;
    let frame = viewer.frame(console, Place::Accounts);
    page::render(status, &AccountsPage { frame, rows, typed, done, trouble, secret })
}
