//! Now: every dispatch with how far it has come, and one of them opened at a group.

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{Dispatch, DispatchId, GroupRow, Incident, State as Present};
use serde::Deserialize;

use crate::branch::{Counts, Row};
use crate::console::{Console, Viewer};
use crate::frame::{Place, View};
use crate::mode::Marks;
use crate::moment;
use crate::now_page::{DispatchPage, Mails, NowPage, Sheet};
use crate::page;

/// What may follow the `?` of a page of numbers.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    group: Option<u32>,
    refresh: Option<String>,
}

impl From<Asked> for View {
    fn from(asked: Asked) -> Self {
        Self { group: asked.group, still: asked.refresh.as_deref() == Some("off") }
    }
}

/// `GET /`: every dispatch, newest first.
pub(crate) async fn list(
    State(console): State<Console>,
    viewer: Viewer,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let view = View { group: None, ..view(asked) };
    let sheets = console.web().desk.read(|now| now.dispatches().rev().map(|one| sheet(now, one)).collect());
    page::render(StatusCode::OK, &NowPage::new(sheets, viewer.frame(&console, Place::Now).live("/", view)))
}

/// `GET /dispatch/{dispatch}`, opened at `?group=`.
pub(crate) async fn show(
    State(console): State<Console>,
    viewer: Viewer,
    dispatch: Result<Path<u32>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let view = view(asked);
    let sheet = dispatch.ok().and_then(|Path(number)| {
        let id = DispatchId(number);
        console.web().desk.read(|now| Some(sheet(now, now.dispatch(id)?)))
    });
    let frame = viewer.frame(&console, Place::Now);
    match sheet.and_then(|sheet| DispatchPage::new(sheet, view, frame)) {
        Some(page) => page::render(StatusCode::OK, &page),
        None => page::nothing(
            viewer.frame(&console, Place::Now),
            "配信がありません",
            "この番号の配信、または組織はありません。現況の一覧から選んでください。",
        ),
    }
}

fn view(asked: Result<Query<Asked>, QueryRejection>) -> View {
    asked.map(|Query(asked)| asked).unwrap_or_default().into()
}

/// One dispatch as it stands; its incident's present title and facts, which follow the news.
fn sheet(state: &Present, dispatch: &Dispatch) -> Sheet {
    let record = dispatch.record();
    let tally = state.tally(dispatch.id());
    let incident = state.incident(record.incident);
    Sheet {
        dispatch: dispatch.id().0,
        mode: Marks::for_console(record.mode),
        title: incident.map_or_else(|| record.title.clone(), |incident| incident.summary.title.clone()),
        facts: incident.map_or_else(|| record.facts.clone(), Incident::facts),
        sent_at: moment::for_console(record.opened),
        mails: Mails::new(tally.mails, dispatch.delivery()),
        total: Counts {
            asked: tally.asked_people,
            answered: tally.answered,
            unanswered: tally.unanswered,
            by_choice: tally.by_choice.iter().map(|(_, count)| *count).collect(),
        },
        choices: tally.by_choice.into_iter().map(|(label, _)| label).collect(),
        rows: tally.by_group.into_iter().map(row).collect(),
    }
}

fn row(group: GroupRow) -> Row {
    Row {
        id: group.id.0,
        name: group.name,
        depth: group.depth,
        counts: Counts {
            asked: group.asked,
            answered: group.answered,
            unanswered: group.unanswered,
            by_choice: group.by_choice,
        },
    }
}
