//! How the sources do, and what came last of them.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use hikyaku_dispatch::{Judgement, Thousands};

use crate::console::{Console, SourceHealth, Viewer};
use crate::frame::{Frame, Place, View};
use crate::moment;
use crate::page;

/// How many of the last bulletins are shown.
const LAST_MAX: usize = 10;

#[derive(Debug, Template)]
#[template(path = "feeds.html")]
struct FeedsPage {
    frame: Frame,
    /// `None` where this server reads no feeds.
    sources: Option<Vec<Row>>,
    troubled: usize,
    last: Vec<Last>,
}

#[derive(Debug)]
struct Row {
    name: String,
    way: &'static str,
    last: String,
    telegrams: Thousands,
    repeated: Thousands,
    failures: Thousands,
    alarms: Vec<String>,
}

#[derive(Debug)]
struct Last {
    at: String,
    kind: String,
    headline: String,
    verdict: String,
}

/// `GET /feeds`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer) -> Response {
    let frame = viewer.frame(&console, Place::Judgements).live("/feeds", View::default());
    let sources: Option<Vec<Row>> =
        console.settings().feeds.as_ref().map(|feeds| feeds.health().into_iter().map(Row::from).collect());
    let last = console.web().desk.read(|state| state.judgements().iter().rev().take(LAST_MAX).map(Last::of).collect());
    let troubled = sources.iter().flatten().filter(|it| !it.alarms.is_empty()).count();
    page::render(StatusCode::OK, &FeedsPage { frame, sources, troubled, last })
}

impl From<SourceHealth> for Row {
    fn from(source: SourceHealth) -> Self {
        Self {
            way: if source.is_polled { "取りに行く" } else { "届けてもらう" },
            last: source.last.map_or_else(|| "まだありません".to_owned(), moment::for_console),
            name: source.name,
            telegrams: Thousands(source.telegrams),
            repeated: Thousands(source.repeated),
            failures: Thousands(source.failures.into()),
            alarms: source.alarms,
        }
    }
}

impl Last {
    fn of(judgement: &Judgement) -> Self {
        Self {
            at: moment::for_console(judgement.judged),
            kind: judgement.kind.clone(),
            headline: judgement.headline.clone(),
            verdict: judgement.verdict.to_string(),
        }
    }
}
