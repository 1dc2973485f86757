//! Whether the system itself is well, on one page: a line for each part, and where to go when it is not [R02 S17].

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use hikyaku_core::Snapshot;
use hikyaku_dispatch::{Account, Side, State as Present, complaints};

use crate::console::{Console, Viewer};
use crate::delivery::trouble;
use crate::frame::{Frame, Place, View};
use crate::moment;
use crate::page;

#[derive(Debug, Template)]
#[template(path = "system.html")]
struct SystemPage {
    frame: Frame,
    version: &'static str,
    troubled: usize,
    parts: Vec<Part>,
}

/// One part of the system.
#[derive(Debug)]
struct Part {
    name: &'static str,
    /// What is not well, a line each.
    troubles: Vec<String>,
    /// How it stands.
    text: String,
    /// The page about it.
    href: &'static str,
}

/// `GET /system`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer) -> Response {
    let frame = viewer.frame(&console, Place::System).live("/system", View::default());
    let snapshot = match console.engine() {
        Some(engine) => engine.snapshot().await.map_err(|error| error.to_string()),
        None => Err("このサーバーは送信を行っていません。".to_owned()),
    };
    let head = console.web().desk.journal().head().await.map_err(|error| error.to_string());
    let mut parts = vec![sending(snapshot), sources(&console), journal(head.map(|head| head.seq))];
    parts.extend(console.web().desk.read(|state| of_state(&console, state)));
    let troubled = parts.iter().filter(|part| !part.troubles.is_empty()).count();
    page::render(StatusCode::OK, &SystemPage { frame, version: env!("CARGO_PKG_VERSION"), troubled, parts })
}

fn sending(snapshot: Result<Snapshot, String>) -> Part {
    let (name, href) = ("送信", "/delivery");
    match snapshot {
        Ok(snapshot) => {
            let mut troubles = trouble(&snapshot);
            let alarmed = snapshot.lanes.iter().filter(|lane| lane.alarm.is_some() || lane.paused);
            troubles.extend(alarmed.map(|lane| format!("{} の経路を見てください。", lane.carrier)));
            Part { name, troubles, text: format!("送信待ち {}通", snapshot.waiting), href }
        }
        Err(problem) => Part { name, troubles: vec![problem], text: String::new(), href },
    }
}

fn sources(console: &Console) -> Part {
    let (name, href) = ("情報の受信", "/feeds");
    let Some(feeds) = &console.settings().feeds else {
        let troubles = vec!["このサーバーは情報を受信していません。".to_owned()];
        return Part { name, troubles, text: String::new(), href };
    };
    let health = feeds.health();
    let text = format!("情報源 {}か所", health.len());
    let mut troubles: Vec<String> =
        health.iter().filter(|it| !it.alarms.is_empty()).map(|it| format!("{} に問題があります。", it.name)).collect();
    if health.is_empty() {
        troubles.push("受信する情報源が設定されていません。".to_owned());
    }
    Part { name, troubles, text, href }
}

fn journal(rows: Result<u64, String>) -> Part {
    let (name, href) = ("記録", "/audit");
    match rows {
        Ok(rows) => Part { name, troubles: Vec::new(), text: format!("{rows}行"), href },
        Err(problem) => Part { name, troubles: vec![problem], text: String::new(), href },
    }
}

fn of_state(console: &Console, state: &Present) -> Vec<Part> {
    let now = console.now();
    let found = complaints(state, now).len();
    let rules = Part {
        name: "規則",
        troubles: Vec::from_iter((found > 0).then(|| format!("点検で {found}件の直すところがあります。"))),
        text: format!("{}件", state.rules().len()),
        href: "/rules",
    };
    vec![rules, roster(state), accounts(console, state)]
}

fn roster(state: &Present) -> Part {
    let report = state.address_report(state.people().iter().filter(|person| person.is_reachable()));
    let taken = [Side::Domestic, Side::Overseas].into_iter().filter_map(|side| {
        state.roster_taken(side).map(|at| format!("{}の名簿は {} に取り込み", side.word(), moment::dated(at)))
    });
    let text: Vec<String> = std::iter::once(format!("{}名", report.people)).chain(taken).collect();
    let lost = report.unreachable.len() + report.without.len();
    let troubles = (lost > 0).then(|| format!("{lost}名には、どのアドレスでも届きません。"));
    Part { name: "名簿", troubles: Vec::from_iter(troubles), text: text.join(" ・ "), href: "/people" }
}

fn accounts(console: &Console, state: &Present) -> Part {
    let now = console.now();
    let is_ready = |it: &&Account| !it.suspended && !it.must_change && it.factor.is_some();
    let administers = |it: &&Account| {
        let own = hikyaku_dispatch::roles(state, it.id);
        own.into_iter().any(|role| role == hikyaku_dispatch::Role::SystemAdministrator)
    };
    let ready = state.accounts().iter().filter(is_ready).filter(administers).count();
    let locked = state.accounts().iter().filter(|it| it.door.is_locked(now)).count();
    let mut troubles = Vec::new();
    // What two must agree to needs two, and one may be ill.
    troubles.extend((ready < 2).then(|| format!("使えるシステム管理者が {ready}名です。二人以上置いてください。")));
    troubles.extend((locked > 0).then(|| format!("ログインを制限中のアカウントが {locked}件あります。")));
    Part {
        name: "アカウント", troubles, text: format!("{}件", state.accounts().iter().count()), href: "/accounts"
    }
}
