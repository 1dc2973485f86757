//! Tokens of the API: made for an account, shown once, thrown away.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{AccountCommand, AccountId, TOKEN_DAYS_MAX, TOKEN_LABEL_CHARS_MAX, TokenId, TokenScope};
use jiff::SignedDuration;

use crate::console::{Console, Viewer, told};
use crate::frame::{Frame, Place};
use crate::gate::token::make_token;
use crate::moment;
use crate::page;

/// How long a token lives where nothing else is typed, in days.
const DAYS: i64 = 365;

#[derive(Debug, Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    frame: Frame,
    account: u32,
    label: String,
    rows: Vec<Row>,
    scopes: Vec<(&'static str, &'static str)>,
    label_max: usize,
    days: i64,
    days_max: i64,
    secret: Option<String>,
    trouble: Option<String>,
}

#[derive(Debug)]
struct Row {
    id: u32,
    label: String,
    last_four: String,
    scopes: String,
    expires: String,
    over: bool,
}

/// `GET /accounts/{account}/tokens`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer, Path(account): Path<u32>) -> Response {
    match viewer.unproved(&console, &here(account)) {
        None => render(&console, &viewer, AccountId(account), None, None),
        Some(elsewhere) => elsewhere,
    }
}

/// `POST /accounts/{account}/tokens`: makes one, or throws one away.
pub(crate) async fn change(
    State(console): State<Console>,
    viewer: Viewer,
    Path(account): Path<u32>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, &here(account)) {
        return elsewhere;
    }
    let of = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.trim());
    let account_id = AccountId(account);
    if let Ok(token) = of("revoke").parse() {
        let command = AccountCommand::RevokeToken { account: account_id, token: TokenId(token) };
        return match console.act(&viewer, command).await {
            Ok(_) => Redirect::to(&here(account)).into_response(),
            Err(error) => render(&console, &viewer, account_id, None, Some(told(&error))),
        };
    }
    let trouble = |words: String| render(&console, &viewer, account_id, None, Some(words));
    let chosen = pairs.iter().filter(|(name, _)| name == "scope");
    let scopes: BTreeSet<TokenScope> =
        chosen.filter_map(|(_, value)| TokenScope::ALL.into_iter().find(|it| it.name() == value)).collect();
    if scopes.is_empty() {
        return trouble("できることを一つは選んでください。".into());
    }
    let Some(days) = of("days").parse::<i64>().ok().filter(|days| (1..=TOKEN_DAYS_MAX).contains(days)) else {
        return trouble(format!("有効な日数は1から{TOKEN_DAYS_MAX}までの数字で書いてください。"));
    };
    let Ok(made) = make_token() else {
        return trouble("作れませんでした。少し待って、もう一度押してください。".into());
    };
    let command = AccountCommand::MakeToken {
        account: account_id,
        label: of("label").to_owned(),
        hash: made.hash,
        last_four: made.last_four,
        scopes,
        expires: console.now() + SignedDuration::from_hours(24 * days),
    };
    match console.act(&viewer, command).await {
        Ok(_) => render(&console, &viewer, account_id, Some(made.token), None),
        Err(error) => trouble(told(&error)),
    }
}

fn here(account: u32) -> String {
    format!("/accounts/{account}/tokens")
}

fn words(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "読む（人数・回答・判定・配信経路）",
        TokenScope::Send => "送る・再送する・中止する",
        TokenScope::Approve => "承認・却下する",
        TokenScope::Answer => "代理で回答する・返信する",
        TokenScope::People => "職員と組織を変える",
        TokenScope::Carriers => "事業者への送信を止める・再開する・速さを決める",
        TokenScope::Travel => "渡航を登録する",
        TokenScope::Enter => "災害・国民保護の情報を手で入力する",
        TokenScope::Audit => "監査記録を読む・検証する",
    }
}

fn render(
    console: &Console,
    viewer: &Viewer,
    id: AccountId,
    secret: Option<String>,
    trouble: Option<String>,
) -> Response {
    let (frame, now) = (viewer.frame(console, Place::Accounts), console.now());
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = console.web().desk.read(|state| {
        let account = state.accounts().find(id)?;
        let row = |token: &hikyaku_dispatch::Token| Row {
            id: token.id.0,
            label: token.label.clone(),
            last_four: token.last_four.clone(),
            scopes: token.scopes.iter().map(|it| words(*it)).collect::<Vec<_>>().join("、"),
            expires: moment::for_console(token.expires),
            over: token.expires <= now,
        };
        Some(TokensPage {
            frame,
            account: id.0,
            label: account.label().to_owned(),
            rows: state.accounts().tokens().filter(|it| it.account == id).map(row).collect(),
            scopes: TokenScope::ALL.map(|it| (it.name(), words(it))).to_vec(),
            label_max: TOKEN_LABEL_CHARS_MAX,
            days: DAYS,
            days_max: TOKEN_DAYS_MAX,
            secret,
            trouble,
        })
    });
    match page {
        Some(page) => page::render(status, &page),
        None => page::nothing(
            viewer.frame(console, Place::Accounts),
            "アカウントがありません",
            "アカウントの一覧から選んでください。",
        ),
    }
}
