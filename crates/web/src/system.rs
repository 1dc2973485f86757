//! Whether the system itself is well, on one page: a line for each part, and where to go when it is not [R02 S17].

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use hikyaku_core::Snapshot;
use hikyaku_dispatch::{Account, Action, PutAside, Role, Side, State as Present, Thousands, complaints, roles};
use jiff::Timestamp;

use crate::console::{Console, Scope, Viewer};
use crate::delivery::trouble;
use crate::frame::{Frame, Place, View};
use crate::moment;
use crate::page;
use crate::rules::troubles;
use crate::shelf;

#[derive(Debug, Template)]
#[template(path = "system.html")]
struct SystemPage {
    frame: Frame,
    version: &'static str,
    troubled: usize,
    parts: Vec<Part>,
    /// Whether the viewer may have the reports of months and incidents.
    has_reports: bool,
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
    let desk = &console.web().desk;
    let stands = desk.standstill().map(|why| {
        format!("このサーバーは記録を読み進められないため、送信も受付もしていません。システム管理者に知らせてください: {why}")
    });
    let of_journal = journal(head.map(|head| head.seq), &desk.put_aside(), stands);
    let mut parts = vec![alarms(console.web().alarms()), sending(snapshot), sources(&console), of_journal];
    parts.extend(console.web().desk.read(|state| {
        let scope = console.scope(state, &viewer, Action::SeeJudgements);
        let found = troubles(&complaints(state, console.now()), state, &scope).len();
        [rules(state, &scope, found), roster(state, &scope), accounts(state, &scope, console.now())]
    }));
    parts.extend(console.settings().inbox.as_ref().map(|inbox| back(inbox.look(console.now()).len())));
    let troubled = parts.iter().filter(|part| !part.troubles.is_empty()).count();
    let has_reports = console.web().desk.read(|state| shelf::opens(&console, &viewer, state));
    let version = env!("CARGO_PKG_VERSION");
    page::render(StatusCode::OK, &SystemPage { frame, version, troubled, parts, has_reports })
}

/// Mails that came back.
fn back(unread: usize) -> Part {
    let text = format!("この1時間に、不達通知でも回答でもないメール {}通", Thousands::of(unread));
    Part { name: "戻ってきたメール", troubles: Vec::new(), text, href: "/inbox" }
}

/// What administrators were told of and is not over, beside what has a part of its own.
fn alarms(standing: Vec<String>) -> Part {
    let text = format!("続いている警報 {}件", Thousands::of(standing.len()));
    Part { name: "警報", troubles: standing, text, href: "/delivery" }
}

fn sending(snapshot: Result<Snapshot, String>) -> Part {
    let (name, href) = ("送信", "/delivery");
    match snapshot {
        Ok(snapshot) => {
            let mut troubles = trouble(&snapshot);
            let alarmed = snapshot.lanes.iter().filter(|lane| lane.alarm.is_some() || lane.paused);
            troubles.extend(alarmed.map(|lane| format!("{} の経路を見てください。", lane.carrier)));
            Part { name, troubles, text: format!("送信待ち {}通", Thousands(snapshot.waiting)), href }
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

fn journal(rows: Result<u64, String>, aside: &[PutAside], stands: Option<String>) -> Part {
    let (name, href) = ("記録", "/audit");
    let (text, problem) = match rows {
        Ok(rows) => (format!("{}行", Thousands(rows)), None),
        Err(problem) => (String::new(), Some(problem)),
    };
    let aside = aside.iter().map(|it| {
        let (line, file) = (it.line(), it.file.display());
        format!(
            "{line}は送信しましたが、番号が重なり記録できません。同じ内容の配信を作成し直してください。控え: {file}"
        )
    });
    Part { name, troubles: problem.into_iter().chain(stands).chain(aside).collect(), text, href }
}

fn rules(state: &Present, scope: &Scope, found: usize) -> Part {
    let own = state.rules().values().filter(|rule| scope.is_wide(rule.side)).count();
    let troubles = (found > 0).then(|| format!("点検で {found}件の直すところがあります。"));
    Part { name: "規則", troubles: Vec::from_iter(troubles), text: format!("{own}件"), href: "/rules" }
}

fn roster(state: &Present, scope: &Scope) -> Part {
    let own = state.people().iter().filter(|person| person.is_reachable() && scope.is_wide(person.side));
    let report = state.address_report(own);
    let taken = [Side::Domestic, Side::Overseas].into_iter().filter(|side| scope.is_wide(*side)).filter_map(|side| {
        let at = state.roster_taken(side)?;
        Some(format!("{}の名簿は {} に取り込み", side.word(), moment::dated(at)))
    });
    let text: Vec<String> = std::iter::once(format!("{}名", Thousands::of(report.people))).chain(taken).collect();
    let lost = report.unreachable.len() + report.without.len();
    let troubles = (lost > 0).then(|| format!("{}名には、どのアドレスでも届きません。", Thousands::of(lost)));
    Part { name: "名簿", troubles: Vec::from_iter(troubles), text: text.join(" ・ "), href: "/people" }
}

/// The accounts of the viewer's half.
fn accounts(state: &Present, scope: &Scope, now: Timestamp) -> Part {
    let administrator = match scope.side() {
        Side::Domestic => Role::SystemAdministrator,
        Side::Overseas => Role::OverseasAdministrator,
    };
    let has = |account: &Account, fits: &dyn Fn(Role) -> bool| roles(state, account.id).any(fits);
    let own = || state.accounts().iter().filter(|it| has(it, &|role| role.side() == scope.side()));
    let is_ready = |it: &&Account| !it.suspended && !it.must_change && it.factor.is_some();
    let ready = own().filter(is_ready).filter(|it| has(it, &|role| role == administrator)).count();
    let locked = own().filter(|it| it.door.is_locked(now)).count();
    let mut troubles = Vec::new();
    // What two must agree to needs two, and one may be ill.
    let word = administrator.kind().word();
    troubles.extend((ready < 2).then(|| format!("使える{word}が {ready}名です。二人以上置いてください。")));
    troubles
        .extend((locked > 0).then(|| format!("ログインを制限中のアカウントが {}件あります。", Thousands::of(locked))));
    Part { name: "アカウント", troubles, text: format!("{}件", Thousands::of(own().count())), href: "/accounts" }
}
