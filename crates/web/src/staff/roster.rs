//! A roster comes in: uploaded, compared with what is there, and taken only once somebody has seen what it changes [A26].

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{
    Action, PeopleCommand, RosterFault, RosterImport, RosterScope, Side, preview_roster, read_roster_with,
};
use serde::Deserialize;

use super::difference::{Difference, LINES_MAX};
use crate::console::{Console, Viewer, told};
use crate::frame::{Count, Frame, Place};
use crate::page;
use crate::upload;

/// The box that says that the file is a part of the roster.
const PART: &str = "part";

#[derive(Debug, Template)]
#[template(path = "roster.html")]
struct RosterPage {
    frame: Frame,
    trouble: Option<String>,
    side: &'static str,
    faults: Vec<RosterFault>,
    more_faults: Count,
}

#[derive(Debug, Template)]
#[template(path = "roster_check.html")]
struct CheckPage {
    frame: Frame,
    trouble: Option<String>,
    notices: Vec<RosterFault>,
    is_part: bool,
    difference: Difference,
}

/// How many may go, as somebody typed it after having read it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Confirmed {
    #[serde(default)]
    removals: String,
}

/// `GET /people/import`.
pub(crate) async fn form(State(console): State<Console>, viewer: Viewer) -> Response {
    match viewer.unproved(&console, "/people/import") {
        None => ask(&console, &viewer, None, Vec::new()),
        Some(elsewhere) => elsewhere,
    }
}

/// `POST /people/import`: what the file would change; nothing does yet.
pub(crate) async fn upload(State(console): State<Console>, viewer: Viewer, uploaded: Multipart) -> Response {
    let upload = match upload::read(uploaded).await {
        Ok(upload) => upload,
        Err(trouble) => return ask(&console, &viewer, Some(trouble), Vec::new()),
    };
    let feeds = console.settings().feeds.clone();
    // Ten thousand rows take a while.
    let read = tokio::task::spawn_blocking(move || {
        let is_region = |region: &_| feeds.as_ref().is_none_or(|feeds| feeds.is_region(region));
        read_roster_with(&upload.document, &is_region).map(|roster| (roster, upload.marked))
    });
    let (roster, marked) = match read.await {
        Ok(Ok(read)) => read,
        Ok(Err(faults)) => return ask(&console, &viewer, None, faults.0),
        Err(error) => return ask(&console, &viewer, Some(error.to_string()), Vec::new()),
    };
    let is_part = marked.iter().any(|it| it == PART);
    let scope = if is_part { RosterScope::Part } else { RosterScope::Whole };
    let import = RosterImport { scope, ..RosterImport::whole(side(&console, &viewer), roster.rows) };
    console.pending().keep(viewer.account, import.clone(), console.now());
    check(&console, &viewer, &import, roster.notices, None)
}

/// `GET /people/import/pending`: the same again, for whoever had to prove who they are in between.
pub(crate) async fn pending(State(console): State<Console>, viewer: Viewer) -> Response {
    match console.pending().of(viewer.account, console.now()) {
        Some(import) => check(&console, &viewer, &import, Vec::new(), None),
        None => gone(&console, &viewer),
    }
}

/// `POST /people/import/pending`: it is taken.
pub(crate) async fn take(State(console): State<Console>, viewer: Viewer, Form(typed): Form<Confirmed>) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/people/import/pending") {
        return elsewhere;
    }
    let Some(mut import) = console.pending().of(viewer.account, console.now()) else {
        return gone(&console, &viewer);
    };
    import.confirmed = number(&typed.removals);
    match console.act(&viewer, PeopleCommand::Import(import.clone())).await {
        Ok(_) => {
            console.pending().forget(viewer.account);
            Redirect::to("/people?done=roster").into_response()
        }
        Err(error) => check(&console, &viewer, &import, Vec::new(), Some(told(&error))),
    }
}

/// The half whose roster the viewer brings.
fn side(console: &Console, viewer: &Viewer) -> Side {
    console.web().desk.read(|state| console.scope(state, viewer, Action::ImportRoster).side())
}

fn gone(console: &Console, viewer: &Viewer) -> Response {
    let told = "確認してから30分を過ぎたか、もう取り込みました。ファイルをもう一度選んでください。";
    ask(console, viewer, Some(told.to_owned()), Vec::new())
}

fn ask(console: &Console, viewer: &Viewer, trouble: Option<String>, mut faults: Vec<RosterFault>) -> Response {
    let is_well = trouble.is_none() && faults.is_empty();
    let status = if is_well { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let more_faults = Count(u32::try_from(faults.len().saturating_sub(LINES_MAX)).unwrap_or(u32::MAX));
    faults.truncate(LINES_MAX);
    let frame = viewer.frame(console, Place::People);
    page::render(status, &RosterPage { frame, trouble, side: side(console, viewer).word(), faults, more_faults })
}

fn check(
    console: &Console,
    viewer: &Viewer,
    import: &RosterImport,
    notices: Vec<RosterFault>,
    trouble: Option<String>,
) -> Response {
    let compared = console.web().desk.read(|state| {
        let changes = preview_roster(state, import, console.now())?;
        Ok(Difference::new(&changes, import, state))
    });
    let difference = match compared {
        Ok(difference) => difference,
        Err(hikyaku_dispatch::RosterFaults(faults)) => return ask(console, viewer, trouble, faults),
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = viewer.frame(console, Place::People);
    let is_part = import.scope == RosterScope::Part;
    page::render(status, &CheckPage { frame, trouble, notices, is_part, difference })
}

/// A number as it was read on the page, with or without its commas.
fn number(typed: &str) -> Option<usize> {
    typed.trim().replace([',', '，'], "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_typed_as_it_is_shown() {
        assert_eq!(
            ["11,500", " 11500 ", "36", "1,2x", ""].map(number),
            [Some(11_500), Some(11_500), Some(36), None, None]
        );
    }
}
