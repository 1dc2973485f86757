//! The page of wishes: those that wait, what can be wished for, and who has which role.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{
    AccessCommand, Action, Actor, GroupId, Guarded, Holder, Request, RequestId, Role, Side, State as Present,
};
use serde::Deserialize;

use super::wish::{self, ROLES, Typed};
use crate::audit::words;
use crate::console::{Console, Scope, Viewer, told};
use crate::frame::{Frame, Place};
use crate::moment;
use crate::page;

/// Most wishes that are shown, the newest first.
const SHOWN_MAX: usize = 100;

#[derive(Debug, Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    frame: Frame,
    trouble: Option<String>,
    typed: Typed,
    waiting: Vec<Row>,
    done: Vec<Row>,
    roles: Vec<(&'static str, &'static str, bool)>,
    groups: Vec<(u32, String, bool)>,
    grants: Vec<(String, String, String)>,
}

#[derive(Debug)]
struct Row {
    id: u32,
    what: String,
    by: String,
    at: String,
    /// Proposed by the viewer, who therefore cannot agree.
    own: bool,
    end: String,
    /// Where what was agreed to can be done now.
    then: &'static str,
}

/// The pressed button of a wish.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    #[serde(default)]
    act: String,
}

/// A role that is taken away: the holder and the role as the page wrote them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Taken {
    #[serde(default)]
    grant: String,
}

/// `GET /requests`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer) -> Response {
    match viewer.unproved(&console, "/requests") {
        None => render(&console, &viewer, Typed::default(), None),
        Some(elsewhere) => elsewhere,
    }
}

/// `POST /requests`: something is proposed.
pub(crate) async fn propose(State(console): State<Console>, viewer: Viewer, Form(typed): Form<Typed>) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/requests") {
        return elsewhere;
    }
    let wish = console.web().desk.read(|state| typed.wish(scope(&console, &viewer, state).side(), state));
    let done = match wish {
        Ok(what) => console.act(&viewer, AccessCommand::Propose { what }).await.map_err(|error| told(&error)),
        Err(trouble) => Err(trouble),
    };
    finish(&console, &viewer, typed, done.map(|_| ()))
}

/// `POST /requests/{request}`: agreed to, or dropped.
pub(crate) async fn act(
    State(console): State<Console>,
    viewer: Viewer,
    Path(request): Path<u32>,
    Form(pressed): Form<Pressed>,
) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/requests") {
        return elsewhere;
    }
    let request = RequestId(request);
    let command = match pressed.act.as_str() {
        "agree" => AccessCommand::Agree { request },
        "drop" => AccessCommand::Drop { request },
        _ => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    };
    let done = console.act(&viewer, command).await.map_err(|error| told(&error));
    finish(&console, &viewer, Typed::default(), done.map(|_| ()))
}

/// `POST /requests/take`: a role is taken away; one person is enough, for it may be urgent.
pub(crate) async fn take(State(console): State<Console>, viewer: Viewer, Form(taken): Form<Taken>) -> Response {
    if let Some(elsewhere) = viewer.unproved(&console, "/requests") {
        return elsewhere;
    }
    let found = console
        .web()
        .desk
        .read(|state| state.access().grants().find(|(holder, role)| grant_key(*holder, *role) == taken.grant));
    let done = match found {
        Some((holder, role)) => {
            console.act(&viewer, AccessCommand::Take { holder, role }).await.map_err(|error| told(&error))
        }
        None => Err("この権限はもうありません。".to_owned()),
    };
    finish(&console, &viewer, Typed::default(), done.map(|_| ()))
}

fn finish(console: &Console, viewer: &Viewer, typed: Typed, done: Result<(), String>) -> Response {
    match done {
        Ok(()) => Redirect::to("/requests").into_response(),
        Err(trouble) => render(console, viewer, typed, Some(trouble)),
    }
}

fn scope(console: &Console, viewer: &Viewer, state: &Present) -> Scope {
    console.scope(state, viewer, Action::GrantRole)
}

/// How the page names a role that somebody has.
fn grant_key(holder: Holder, role: Role) -> String {
    let holder = match holder {
        Holder::Person(id) => id.to_string(),
        Holder::Account(id) => id.to_string(),
    };
    let group = role.group().map_or(0, |group| group.0);
    format!("{holder}-{}-{}-{group}", role.kind().word(), role.side().word())
}

fn render(console: &Console, viewer: &Viewer, typed: Typed, trouble: Option<String>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = viewer.frame(console, Place::Requests);
    let now = console.now();
    let page = console.web().desk.read(|state| {
        let scope = scope(console, viewer, state);
        let side = scope.side();
        let own = |(_, request): &(RequestId, &Request)| scope.is_wide(side_of(request.what, state));
        let mut requests: Vec<(RequestId, &Request)> = state.access().requests().filter(own).collect();
        requests.reverse();
        requests.truncate(SHOWN_MAX);
        let row = |(id, request): &(RequestId, &Request)| Row::new(*id, request, viewer, state);
        let (waiting, done): (Vec<_>, Vec<_>) = requests.iter().partition(|(_, request)| request.is_open(now));
        let groups = state.groups().tree().into_iter().filter(|(group, _)| group.side == side);
        let grants = state.access().grants().filter(|(_, role)| role.side() == side);
        RequestsPage {
            frame,
            trouble,
            waiting: waiting.iter().map(row).collect(),
            done: done.iter().map(row).collect(),
            roles: roles_of(side, &typed),
            groups: groups
                .map(|(group, depth)| {
                    let name = format!("{}{}", "　".repeat(depth), group.name);
                    (group.id.0, name, typed.group == group.id.0.to_string())
                })
                .collect(),
            grants: grants
                .map(|(holder, role)| (grant_key(holder, role), words::holder(holder, state), words::role(role, state)))
                .collect(),
            typed,
        }
    });
    page::render(status, &page)
}

/// The roles that can be granted in a half: value, name, and whether it was chosen.
fn roles_of(side: Side, typed: &Typed) -> Vec<(&'static str, &'static str, bool)> {
    let own = ROLES.iter().filter(|(_, of, _)| *of == side);
    let named = own.filter_map(|(value, ..)| Some((*value, wish::role(value, GroupId(0))?.kind().word())));
    named.map(|(value, word)| (value, word, typed.role == value)).collect()
}

fn side_of(what: Guarded, state: &Present) -> Side {
    match what {
        Guarded::Grant { role, .. } => role.side(),
        Guarded::Export { side } => side,
        Guarded::Erase { person } => state.people().find(person).map(|it| it.side).unwrap_or_default(),
        Guarded::HandOver | Guarded::EraseSystem => Side::Domestic,
    }
}

impl Row {
    fn new(id: RequestId, request: &Request, viewer: &Viewer, state: &Present) -> Self {
        let end = match request.agreed {
            Some((by, at)) => format!("{} {} が同意", moment::dated(at), words::actor(by, state)),
            None => "期限切れ（24時間）".to_owned(),
        };
        Self {
            id: id.0,
            what: words::guarded(request.what, state),
            by: words::actor(request.by, state),
            at: moment::dated(request.at),
            own: request.by == Actor::Account(viewer.account),
            end,
            then: match (request.agreed, request.what) {
                (Some(_), Guarded::Export { .. }) => "/people/export",
                _ => "",
            },
        }
    }
}
