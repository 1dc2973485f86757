//! What every bulletin led to, and why: also those that led to nothing (requirement O03).

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{Action, Judgement, State as Present, Verdict};
use serde::Deserialize;

use crate::console::{Console, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::moment;
use crate::page;
use crate::unjudged::{Unjudged, unjudged};

/// Bulletins on one page.
const PAGE_MAX: usize = 50;

/// Which bulletins.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Only those that led to mails or wait for somebody.
    #[serde(default)]
    acted: String,
    #[serde(default)]
    page: usize,
}

#[derive(Debug, Template)]
#[template(path = "judgements.html")]
struct JudgementsPage {
    frame: Frame,
    acted: bool,
    /// Whether the viewer may enter what no feed tells.
    may_enter: bool,
    /// Telegrams that wait because the journal cannot be reached.
    unjudged: Vec<Unjudged>,
    found: Count,
    rows: Vec<Row>,
    before: Option<usize>,
    after: Option<usize>,
}

#[derive(Debug)]
struct Row {
    verdict: String,
    is_acted: bool,
    kind: String,
    headline: String,
    standing: String,
    revision: String,
    published: String,
    /// From the source's instant until it was judged, in seconds.
    delay: String,
    people: Count,
    reasons: Vec<String>,
    source: String,
}

/// `GET /judgements`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    let frame = viewer.frame(&console, Place::Judgements);
    let page = console.web().desk.read(|state| {
        let may_enter = !console.scope(state, &viewer, Action::EnterBulletin).is_nowhere();
        let unjudged = unjudged(&console, &viewer, state);
        JudgementsPage { may_enter, unjudged, ..JudgementsPage::new(state, &asked, frame) }
    });
    page::render(StatusCode::OK, &page)
}

impl JudgementsPage {
    fn new(state: &Present, asked: &Asked, frame: Frame) -> Self {
        let acted = asked.acted == "1";
        let found: Vec<&Judgement> =
            state.judgements().iter().rev().filter(|it| !acted || is_acted(it.verdict)).collect();
        let last = found.len().div_ceil(PAGE_MAX).max(1) - 1;
        let at = asked.page.min(last);
        Self {
            frame,
            acted,
            may_enter: false,
            unjudged: Vec::new(),
            found: Count(u32::try_from(found.len()).unwrap_or(u32::MAX)),
            rows: found.iter().skip(at * PAGE_MAX).take(PAGE_MAX).map(|it| row(it)).collect(),
            before: at.checked_sub(1),
            after: (at < last).then_some(at + 1),
        }
    }
}

/// Whether somebody was mailed because of it, or has to decide.
fn is_acted(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Asked | Verdict::Held | Verdict::Cancelled | Verdict::Corrected | Verdict::OperatorNeeded
    )
}

fn row(judgement: &Judgement) -> Row {
    Row {
        verdict: judgement.verdict.to_string(),
        is_acted: is_acted(judgement.verdict),
        kind: judgement.kind.clone(),
        headline: judgement.headline.clone(),
        standing: judgement.standing.clone(),
        revision: judgement.revision.clone(),
        published: moment::for_console(judgement.published),
        delay: format!("{}秒", judgement.judged.duration_since(judgement.published).as_secs()),
        people: Count(judgement.asked_people),
        reasons: judgement.reasons.clone(),
        source: judgement.source.clone(),
    }
}
