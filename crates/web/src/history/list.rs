//! Dispatches that are over, newest first, by mode and words of their title.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{Action, Dispatch, Mode, State as Present};
use serde::Deserialize;

use crate::bar;
use crate::console::{Console, Scope, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::mode::Marks;
use crate::moment;
use crate::now::counts_of;
use crate::page;
use crate::picture::LINES_MAX;
use crate::shelf;

/// Dispatches on one page.
const PAGE_MAX: usize = 50;

/// Which dispatches.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// `real`, `drill`, `test`; anything else is all.
    #[serde(default)]
    mode: String,
    /// Part of the title.
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: usize,
}

#[derive(Debug, Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    mode: String,
    query: String,
    /// Value, label, and whether it is chosen.
    modes: Vec<(&'static str, &'static str, bool)>,
    found: Count,
    /// Whether the viewer may have the reports of months and incidents.
    has_reports: bool,
    rows: Vec<Row>,
    compared_max: usize,
    before: Option<usize>,
    after: Option<usize>,
}

#[derive(Debug)]
struct Row {
    id: u32,
    mode: Marks,
    title: String,
    at: String,
    end: &'static str,
    asked: Count,
    answered: Count,
    share: String,
    is_asked: bool,
    /// Whether all of it is the viewer's.
    is_whole: bool,
}

const MODES: [(&str, &str); 4] = [("", "全部"), ("real", "実際"), ("drill", "訓練"), ("test", "テスト")];

/// `GET /history`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    let frame = viewer.frame(&console, Place::History);
    let page = console.web().desk.read(|state| {
        let scope = console.scope(state, &viewer, Action::SeeCounts);
        let has_reports = shelf::opens(&console, &viewer, state);
        HistoryPage { has_reports, ..HistoryPage::new(state, &scope, &asked, frame, console.now()) }
    });
    page::render(StatusCode::OK, &page)
}

impl HistoryPage {
    fn new(state: &Present, scope: &Scope, asked: &Asked, frame: Frame, now: jiff::Timestamp) -> Self {
        let query = asked.q.trim();
        let fits = |it: &&Dispatch| {
            let record = it.record();
            let is_mode = match asked.mode.as_str() {
                "real" => record.mode == Mode::Real,
                "drill" => record.mode == Mode::Drill,
                "test" => record.mode == Mode::Test,
                _ => true,
            };
            let is_over = it.is_cancelled() || !it.is_open(now);
            // Drills are compared while the last one is still open.
            is_mode && (is_over || asked.mode == "drill") && record.title.contains(query)
        };
        let found: Vec<&Dispatch> =
            state.dispatches().rev().filter(fits).filter(|it| scope.is_part_there(state, it)).collect();
        let last = found.len().div_ceil(PAGE_MAX).max(1) - 1;
        let at = asked.page.min(last);
        Self {
            frame,
            mode: asked.mode.clone(),
            query: query.to_owned(),
            modes: MODES.map(|(value, label)| (value, label, value == asked.mode)).to_vec(),
            found: Count(u32::try_from(found.len()).unwrap_or(u32::MAX)),
            rows: found.iter().skip(at * PAGE_MAX).take(PAGE_MAX).map(|it| Row::new(state, it, scope, now)).collect(),
            has_reports: false,
            compared_max: LINES_MAX,
            before: at.checked_sub(1),
            after: (at < last).then_some(at + 1),
        }
    }
}

impl Row {
    fn new(state: &Present, dispatch: &Dispatch, scope: &Scope, now: jiff::Timestamp) -> Self {
        let record = dispatch.record();
        let counts = counts_of(state, dispatch, scope);
        Self {
            id: dispatch.id().0,
            mode: Marks::for_console(record.mode),
            title: record.title.clone(),
            at: moment::for_console(record.opened),
            end: match () {
                () if dispatch.is_cancelled() => "中止",
                () if dispatch.is_open(now) => "回答受付中",
                () => "受付終了",
            },
            asked: Count(counts.asked),
            answered: Count(counts.answered),
            share: bar::percent(counts.answered, counts.asked),
            is_asked: record.question.is_asked(),
            is_whole: scope.holds_all(state, dispatch),
        }
    }
}
