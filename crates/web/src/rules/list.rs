//! All rules, and what is wrong with them.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use hikyaku_dispatch::{Action, Rule, Side, State as Present, complaints};

use super::{troubles, words};
use crate::console::{Console, Viewer};
use crate::frame::{Frame, Place};
use crate::page;

#[derive(Debug, Template)]
#[template(path = "rules.html")]
struct RulesPage {
    frame: Frame,
    rows: Vec<Row>,
    tables: Vec<(String, Vec<(&'static str, String)>)>,
    /// Of dispatches that people compose; like tables, of the domestic half.
    escalation: Option<String>,
    troubles: Vec<String>,
    may_edit: bool,
}

#[derive(Debug)]
struct Row {
    id: u32,
    name: String,
    condition: String,
    sending: &'static str,
    is_off: bool,
    side: &'static str,
}

/// `GET /rules`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer) -> Response {
    let frame = viewer.frame(&console, Place::Rules);
    let page = console.web().desk.read(|state| RulesPage::new(&console, &viewer, state, frame));
    page::render(StatusCode::OK, &page)
}

impl RulesPage {
    fn new(console: &Console, viewer: &Viewer, state: &Present, frame: Frame) -> Self {
        let scope = console.scope(state, viewer, Action::SeeJudgements);
        let is_domestic = scope.is_wide(Side::Domestic);
        let own = state.rules().values().filter(|rule| scope.is_wide(rule.side));
        Self {
            frame,
            rows: own.map(Row::new).collect(),
            tables: state
                .tables()
                .filter(|_| is_domestic)
                .map(|it| (it.name.clone(), words::table(it, state)))
                .collect(),
            escalation: is_domestic.then(|| words::escalation(state, None)),
            troubles: troubles(&complaints(state, console.now()), state, &scope),
            may_edit: !console.scope(state, viewer, Action::EditRules).is_nowhere(),
        }
    }
}

impl Row {
    fn new(rule: &Rule) -> Self {
        use hikyaku_dispatch::Sending;
        let (sending, is_off) = match rule.sending {
            Sending::AtOnce => ("すぐ送る", false),
            Sending::Hold(_) => ("承認を待つ", false),
            Sending::Never => ("送らない", true),
        };
        Self {
            id: rule.id.0,
            name: rule.name.clone(),
            condition: rule.condition.to_string(),
            sending,
            is_off,
            side: rule.side.word(),
        }
    }
}
