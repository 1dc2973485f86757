//! The tree of groups: made, renamed, moved, removed, now or on a day to come [A06 A23 A38].

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{Action, Group, GroupChange, GroupId, PeopleCommand, Person, State as Present};
use jiff::civil::Date;
use serde::Deserialize;

use crate::console::{Console, Scope, Viewer, told};
use crate::frame::{Count, Frame, Place};
use crate::page;

#[derive(Debug, Template)]
#[template(path = "groups.html")]
struct GroupsPage {
    frame: Frame,
    rows: Vec<Row>,
    may_add: bool,
    trouble: Option<String>,
}

#[derive(Debug)]
struct Row {
    id: u32,
    name: String,
    depth: usize,
    people: Count,
}

#[derive(Debug, Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    id: u32,
    path: String,
    name: String,
    people: Count,
    /// Number, path, and whether this one lies right below it.
    above: Vec<(u32, String, bool)>,
    /// Whether the viewer reaches the top of the tree.
    may_top: bool,
    is_top: bool,
    below: Vec<(u32, String)>,
    /// How many were never handed the link of their own page; none for whoever may not hand it out.
    without_link: Option<Count>,
    done: Option<String>,
    trouble: Option<String>,
}

/// The pressed button and what it needs.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    #[serde(default)]
    act: String,
    #[serde(default)]
    name: String,
    /// Number of the group above; empty for the top.
    #[serde(default)]
    parent: String,
    /// The day from which on it holds; empty for at once.
    #[serde(default)]
    on: String,
}

/// `GET /groups`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer) -> Response {
    render_all(&console, &viewer, None)
}

/// `POST /groups`: a group at the top.
pub(crate) async fn make(State(console): State<Console>, viewer: Viewer, Form(pressed): Form<Pressed>) -> Response {
    let side = console.web().desk.read(|state| console.scope(state, &viewer, Action::ManageGroups).side());
    let command = PeopleCommand::MakeGroup { side, parent: None, name: pressed.name.trim().to_owned() };
    match console.act(&viewer, command).await {
        Ok(_) => Redirect::to("/groups").into_response(),
        Err(error) => render_all(&console, &viewer, Some(told(&error))),
    }
}

/// `GET /groups/{group}`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Path(group): Path<u32>) -> Response {
    render_one(&console, &viewer, GroupId(group), Ok(None))
}

/// `POST /groups/{group}`.
pub(crate) async fn change(
    State(console): State<Console>,
    viewer: Viewer,
    Path(group): Path<u32>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let group = GroupId(group);
    let removed = (pressed.act == "remove").then(|| viewer.unproved(&console, &format!("/groups/{}", group.0)));
    if let Some(elsewhere) = removed.flatten() {
        return elsewhere;
    }
    let command = match pressed.command(group) {
        Ok(command) => command,
        Err(trouble) => return render_one(&console, &viewer, group, Err(trouble.into())),
    };
    let is_gone = pressed.act == "remove" && pressed.on.is_empty();
    match console.act(&viewer, command).await {
        Ok(_) if is_gone => Redirect::to("/groups").into_response(),
        Ok(_) => Redirect::to(&format!("/groups/{}", group.0)).into_response(),
        Err(error) => render_one(&console, &viewer, group, Err(told(&error))),
    }
}

impl Pressed {
    fn command(&self, group: GroupId) -> Result<PeopleCommand, &'static str> {
        let name = self.name.trim().to_owned();
        let change = match self.act.as_str() {
            // The half is that of the group above.
            "add" => return Ok(PeopleCommand::MakeGroup { side: Default::default(), parent: Some(group), name }),
            "rename" => GroupChange::Renamed(name),
            "move" if self.parent.is_empty() => GroupChange::Moved(None),
            "move" => GroupChange::Moved(Some(GroupId(self.parent.parse().map_err(|_| "移す先を選んでください。")?))),
            "remove" => GroupChange::Removed,
            _ => return Err("操作を選んでください。"),
        };
        let on: Option<Date> = match self.on.trim() {
            "" => None,
            day => Some(day.parse().map_err(|_| "発令日は 2027-04-01 のように書いてください。")?),
        };
        Ok(PeopleCommand::ChangeGroup { group, change, on })
    }
}

fn render_all(console: &Console, viewer: &Viewer, trouble: Option<String>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = viewer.frame(console, Place::People);
    let page = console.web().desk.read(|state| {
        let scope = console.scope(state, viewer, Action::ManageGroups);
        let own = state.groups().tree().into_iter().filter(|(group, _)| scope.holds_group(state, group.id));
        let row = |(group, depth): (&Group, usize)| Row {
            id: group.id.0,
            name: group.name.clone(),
            depth,
            people: people(state, group.id),
        };
        GroupsPage { frame, rows: own.map(row).collect(), may_add: scope.is_wide(scope.side()), trouble }
    });
    page::render(status, &page)
}

/// The page of a group with what was done, or what went wrong.
pub(super) fn render_one(
    console: &Console,
    viewer: &Viewer,
    id: GroupId,
    done: Result<Option<String>, String>,
) -> Response {
    let status = if done.is_err() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (done, trouble) = done.map_or_else(|trouble| (None, Some(trouble)), |done| (done, None));
    let frame = viewer.frame(console, Place::People);
    let page = console.web().desk.read(|state| {
        let scope = console.scope(state, viewer, Action::ManageGroups);
        let group = state.groups().find(id).filter(|_| scope.holds_group(state, id))?;
        let hands_out =
            console.web().post.is_some() && console.scope(state, viewer, Action::RevokeLinks).holds_group(state, id);
        let below = group.children.iter().filter_map(|child| state.groups().find(*child));
        Some(GroupPage {
            frame,
            id: id.0,
            path: state.groups().path(id).join("/"),
            name: group.name.clone(),
            people: people(state, id),
            above: above(state, &scope, group),
            may_top: scope.is_wide(group.side),
            is_top: group.parent.is_none(),
            below: below.map(|child| (child.id.0, child.name.clone())).collect(),
            without_link: hands_out.then(|| Count(u32::try_from(without_link(state, id).count()).unwrap_or(u32::MAX))),
            done,
            trouble,
        })
    });
    match page {
        Some(page) => page::render(status, &page),
        None => page::nothing(
            viewer.frame(console, Place::People),
            "組織がありません",
            "この番号の組織がないか、担当の外です。組織の一覧から選んでください。",
        ),
    }
}

/// Where a group may be moved to: any other of its half that is not below it.
fn above(state: &Present, scope: &Scope, group: &Group) -> Vec<(u32, String, bool)> {
    let others = state.groups().tree().into_iter().map(|(other, _)| other);
    let fit = others.filter(|it| it.side == group.side && !state.groups().is_within(it.id, group.id));
    let own = fit.filter(|it| scope.holds_group(state, it.id));
    own.map(|it| (it.id.0, state.groups().path(it.id).join("/"), group.parent == Some(it.id))).collect()
}

/// How many people are in a group or below it.
fn people(state: &Present, group: GroupId) -> Count {
    Count(u32::try_from(inside(state, group).count()).unwrap_or(u32::MAX))
}

/// Whoever can be asked and is in the group or below it.
pub(super) fn inside(state: &Present, group: GroupId) -> impl Iterator<Item = &Person> {
    state.people().iter().filter(move |it| it.is_reachable() && it.is_within(group))
}

/// Those of them who have addresses and were never handed the link of the own page.
pub(super) fn without_link(state: &Present, group: GroupId) -> impl Iterator<Item = &Person> {
    inside(state, group).filter(|it| !it.has_own_link && !it.addresses().is_empty())
}
