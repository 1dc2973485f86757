//! The tally: the list of dispatches and the count of one.

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
use crate::console::View;
use crate::mode::Marks;
use crate::moment;
use crate::page;
use crate::state::WebState;
use crate::tally_page::{NoTallyPage, Sheet, TalliesPage, TallyPage};

/// What may follow the `?` of a tally page.
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

/// `GET /tally`: every dispatch, newest first.
pub(crate) async fn list(State(state): State<WebState>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let view = View { group: None, ..view(asked) };
    let sheets = state.desk.read(|now| now.dispatches().rev().map(|one| sheet(now, one)).collect());
    page::render(StatusCode::OK, &TalliesPage::new(sheets, view, moment::for_console(state.now())))
}

/// `GET /tally/{dispatch}`, opened at `?group=`.
pub(crate) async fn show(
    State(state): State<WebState>,
    dispatch: Result<Path<u32>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let view = view(asked);
    let now = moment::for_console(state.now());
    let sheet = dispatch.ok().and_then(|Path(number)| {
        let id = DispatchId(number);
        state.desk.read(|now| Some(sheet(now, now.dispatch(id)?)))
    });
    match sheet.and_then(|sheet| TallyPage::new(sheet, view, now.clone())) {
        Some(page) => page::render(StatusCode::OK, &page),
        None => page::render(StatusCode::NOT_FOUND, &NoTallyPage::new(now)),
    }
}

fn view(asked: Result<Query<Asked>, QueryRejection>) -> View {
    asked.map(|Query(asked)| asked).unwrap_or_default().into()
}

/// One dispatch as it stands; its incident's present title and facts, which follow the news.
fn sheet(state: &Present, dispatch: &Dispatch) -> Sheet {
    let record = dispatch.record();
    let tally = state.tally(dispatch.id());
    let incident = state.incident_of(dispatch.id());
    Sheet {
        dispatch: dispatch.id().0,
        mode: Marks::for_console(record.mode),
        title: incident.map_or_else(|| record.title.clone(), |incident| incident.summary.title.clone()),
        facts: incident.map_or_else(|| record.facts.clone(), Incident::facts),
        sent_at: moment::for_console(record.opened),
        mails: tally.mails,
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
