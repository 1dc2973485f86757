//! What is done about a dispatch: again to whoever has not answered, of one group or of all; and stopping it.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response as Reply},
};
use hikyaku_dispatch::{
    Command, Dispatch, DispatchCommand, DispatchDraft, DispatchId, DispatchRecord, FollowUp, GroupId, State as Known,
    Target,
};
use serde::Deserialize;

use crate::console::{Console, Viewer, told};
use crate::frame::{Count, Frame, Place};
use crate::mode::Marks;
use crate::once::once;
use crate::page;

/// Of which group; all without one.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Scope {
    group: Option<u32>,
}

/// What the form was shown with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    /// How often it had been sent again.
    #[serde(default)]
    after: String,
}

#[derive(Debug, Template)]
#[template(path = "resend.html")]
struct ResendPage {
    frame: Frame,
    trouble: Option<String>,
    dispatch: u32,
    title: String,
    group: Option<(u32, String)>,
    /// Whether it asks for an answer; else nobody is without one.
    asks: bool,
    people: Count,
    /// How often it has been sent again.
    after: usize,
}

/// `GET /dispatch/{dispatch}/resend`: how many would be mailed again.
pub(crate) async fn resend_form(
    State(console): State<Console>,
    viewer: Viewer,
    Path(dispatch): Path<u32>,
    Query(scope): Query<Scope>,
) -> Reply {
    render(&console, &viewer, DispatchId(dispatch), &scope, None)
}

/// `POST /dispatch/{dispatch}/resend`. Pressed twice, or by two who saw the same page, it is one.
pub(crate) async fn resend(
    State(console): State<Console>,
    viewer: Viewer,
    Path(dispatch): Path<u32>,
    Query(scope): Query<Scope>,
    Form(pressed): Form<Pressed>,
) -> Reply {
    let dispatch = DispatchId(dispatch);
    let now = console.now();
    let command: Option<Command> = match scope.group {
        None => Some(once(&format!("resend {dispatch} after {}", pressed.after), DispatchCommand::Resend { dispatch })),
        Some(group) => console.web().desk.read(|state| {
            let draft = again(state, state.dispatch(dispatch)?, GroupId(group), now.as_second() / 60);
            Some(DispatchCommand::Open { draft: Box::new(draft) }.into())
        }),
    };
    let Some(command) = command else {
        return render(&console, &viewer, dispatch, &scope, None);
    };
    match console.act(&viewer, command).await {
        Ok(_) => Redirect::to(&format!("/dispatch/{}", dispatch.0)).into_response(),
        Err(error) => render(&console, &viewer, dispatch, &scope, Some(told(&error))),
    }
}

/// `POST /dispatch/{dispatch}/cancel`: what has not left is not sent any more.
pub(crate) async fn cancel(State(console): State<Console>, viewer: Viewer, Path(dispatch): Path<u32>) -> Reply {
    let dispatch = DispatchId(dispatch);
    match console.act(&viewer, DispatchCommand::Cancel { dispatch }).await {
        Ok(_) => Redirect::to(&format!("/dispatch/{}", dispatch.0)).into_response(),
        Err(error) => render(&console, &viewer, dispatch, &Scope::default(), Some(told(&error))),
    }
}

/// `POST /dispatch/{dispatch}/close`: it is over, and cannot be answered any more. Nothing brings it back: who does it is asked again who
/// it is, unlike who stops one in a hurry.
pub(crate) async fn close(State(console): State<Console>, viewer: Viewer, Path(dispatch): Path<u32>) -> Reply {
    let dispatch = DispatchId(dispatch);
    if let Some(elsewhere) = viewer.unproved(&console, &format!("/dispatch/{}", dispatch.0)) {
        return elsewhere;
    }
    match console.act(&viewer, DispatchCommand::Close { dispatch }).await {
        Ok(_) => Redirect::to(&format!("/dispatch/{}", dispatch.0)).into_response(),
        Err(error) => render(&console, &viewer, dispatch, &Scope::default(), Some(told(&error))),
    }
}

/// The same question once more to whoever of a group has not answered. Pressed twice within a minute, it is one.
pub(crate) fn again(state: &Known, dispatch: &Dispatch, group: GroupId, minute: i64) -> DispatchDraft {
    let record = dispatch.record();
    DispatchDraft {
        key: format!("{}{group}/{minute}", keys_of_again(record)),
        incident: Some(state.incident_of(dispatch.id()).map_or(record.incident, |incident| incident.id)),
        mode: record.mode,
        title: record.title.clone(),
        facts: record.facts.clone(),
        template: record.template.clone(),
        question: record.question.clone(),
        side: state.side_of(record),
        // The group first: rights are asked about whoever is named first.
        target: Target::All(vec![Target::Groups(vec![group]), Target::Unanswered(dispatch.id())]),
        class: record.class,
        follow_up: FollowUp::default(),
    }
}

/// What the keys of dispatches begin with that ask single groups once more.
fn keys_of_again(record: &DispatchRecord) -> String {
    format!("{}/again/", record.key)
}

/// The group that the other dispatch asks once more what the first one asked.
pub(crate) fn again_of(first: &Dispatch, other: &Dispatch) -> Option<GroupId> {
    let rest = other.record().key.strip_prefix(&keys_of_again(first.record()))?;
    let number = rest.split('/').next()?.trim_start_matches(char::is_alphabetic);
    number.parse().ok().map(GroupId)
}

fn render(console: &Console, viewer: &Viewer, id: DispatchId, scope: &Scope, trouble: Option<String>) -> Reply {
    let frame = viewer.frame(console, Place::Now);
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = console.web().desk.read(|state| {
        let dispatch = state.dispatch(id)?;
        let group = scope.group.and_then(|id| state.groups().find(GroupId(id)));
        Some(ResendPage {
            frame: frame.marked(Marks::for_console(dispatch.record().mode)),
            trouble,
            dispatch: id.0,
            title: dispatch.record().title.clone(),
            group: group.map(|group| (group.id.0, group.name.clone())),
            asks: dispatch.record().question.is_asked(),
            people: Count(match group {
                Some(group) => state.tally_of(id, group.id).map_or(0, |row| row.unanswered),
                None => state.total(id).unanswered,
            }),
            after: dispatch.rounds().len(),
        })
    });
    match page {
        Some(page) => page::render(status, &page),
        None => page::nothing(
            viewer.frame(console, Place::Now),
            "配信がありません",
            "この番号の配信はありません。現況の一覧から選んでください。",
        ),
    }
}
