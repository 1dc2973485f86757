//! Groups: listed, read, made, renamed, moved, removed, and who is in them.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use hikyaku_dispatch::{Action, Command, Group, GroupChange, GroupId, PeopleCommand, PersonId, Side, State as Present};
use serde_json::{Value, json};

use super::super::Api;
use super::super::bearer::Caller;
use super::filter::found as field;
use super::listed::Asked;
use super::patch::Patch;
use super::said::{Said, ScimError};
use super::{BASE, Body};

/// The schema of groups.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Most people who come and go by one request.
const CHANGES_MAX: usize = 500;

/// `GET /Groups`.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Said, ScimError> {
    let filter = asked.filter()?;
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeePerson);
        let with_members = !asked.leaves_out("members");
        let fits = |it: &&Group| {
            filter.as_ref().is_none_or(|filter| filter.fits(&shown(state, it, true))) && scope.holds_group(state, it.id)
        };
        let mut found: Vec<&Group> = state.groups().tree().into_iter().map(|(group, _)| group).filter(fits).collect();
        found.sort_unstable_by_key(|group| group.id);
        Ok(asked.page(&found, |it| shown(state, it, with_members)))
    })
}

/// `GET /Groups/{id}`.
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Said, ScimError> {
    let with_members = !asked.leaves_out("members");
    api.read(|state| found(&api, state, caller, &id).map(|it| Said(StatusCode::OK, shown(state, it, with_members))))
}

/// `POST /Groups`.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    Body(group): Body<Value>,
) -> Result<Said, ScimError> {
    let side = api.read(|state| api.scope(state, caller, Action::ImportRoster).side());
    let (parent, name) = api.read(|state| place(state, side, &group))?;
    act(&api, caller, PeopleCommand::MakeGroup { side, parent, name: name.clone() }).await?;
    let id = api.read(|state| state.groups().child(side, parent, &name)).ok_or_else(ScimError::missing)?;
    // Its number is known only now. Where its members are refused, it is as if it had never been made.
    let met = match members(&group).and_then(|wanted| meet(&api, id, &wanted.unwrap_or_default())) {
        Ok(commands) => act(&api, caller, Command::Together(commands)).await,
        Err(error) => Err(error),
    };
    if let Err(error) = met {
        act(&api, caller, PeopleCommand::ChangeGroup { group: id, change: GroupChange::Removed, on: None }).await?;
        return Err(error);
    }
    told(&api, id, StatusCode::CREATED)
}

/// `PUT /Groups/{id}`.
pub(super) async fn replace(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(group): Body<Value>,
) -> Result<Said, ScimError> {
    let id = api.read(|state| found(&api, state, caller, &id).map(|it| it.id))?;
    become_so(&api, caller, id, &group).await
}

/// `PATCH /Groups/{id}`.
pub(super) async fn patch(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(patch): Body<Patch>,
) -> Result<Said, ScimError> {
    let (id, group) = api.read(|state| {
        let group = found(&api, state, caller, &id)?;
        let mut changed = patch.apply(&shown(state, group, true)).map_err(ScimError::path)?;
        // All members removed is none, not nothing said.
        if field(&changed, "members").is_none() {
            changed["members"] = json!([]);
        }
        Ok::<_, ScimError>((group.id, changed))
    })?;
    become_so(&api, caller, id, &group).await
}

/// `DELETE /Groups/{id}`: an empty one only.
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ScimError> {
    let group = api.read(|state| found(&api, state, caller, &id).map(|it| it.id))?;
    act(&api, caller, PeopleCommand::ChangeGroup { group, change: GroupChange::Removed, on: None }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn become_so(api: &Api, caller: Caller, id: GroupId, group: &Value) -> Result<Said, ScimError> {
    let wanted = members(group)?;
    let (before, parent, name) = api.read(|state| {
        let before = state.groups().find(id).cloned().ok_or_else(ScimError::missing)?;
        let (parent, name) = place(state, before.side, group)?;
        Ok::<_, ScimError>((before, parent, name))
    })?;
    let mut commands: Vec<Command> = Vec::new();
    let change = |change| PeopleCommand::ChangeGroup { group: id, change, on: None }.into();
    commands.extend((before.parent != parent).then(|| change(GroupChange::Moved(parent))));
    commands.extend((before.name != name).then(|| change(GroupChange::Renamed(name))));
    if let Some(wanted) = wanted {
        commands.extend(meet(api, id, &wanted)?);
    }
    act(api, caller, Command::Together(commands)).await?;
    told(api, id, StatusCode::OK)
}

/// Below which group, and the own name, of `displayName`: a path such as 本省/大臣官房.
fn place(state: &Present, side: Side, group: &Value) -> Result<(Option<GroupId>, String), ScimError> {
    let path = field(group, "displayName").and_then(Value::as_str).map(str::trim).filter(|path| !path.is_empty());
    let path =
        path.ok_or_else(|| ScimError::value("displayName に所属の名前（本省/大臣官房 のような道筋）を書いてください"))?;
    let Some((above, name)) = path.rsplit_once('/') else { return Ok((None, path.to_owned())) };
    let parent = state.groups().by_path(side, above.split('/'));
    let parent =
        parent.ok_or_else(|| ScimError::value(format!("上の所属「{above}」がありません。先に登録してください")))?;
    Ok((Some(parent), name.to_owned()))
}

/// Who is to be in it; `None` where nothing is said of it.
fn members(group: &Value) -> Result<Option<BTreeSet<PersonId>>, ScimError> {
    let items = match field(group, "members") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(ScimError::value("members は一覧にしてください")),
    };
    let person = |item: &Value| field(item, "value")?.as_str()?.parse().ok().map(PersonId);
    let people: Option<BTreeSet<PersonId>> = items.iter().map(person).collect();
    people.map(Some).ok_or_else(|| ScimError::value("members の value は Users の id にしてください"))
}

/// What lets those in who are wanted, and the others out.
fn meet(api: &Api, id: GroupId, wanted: &BTreeSet<PersonId>) -> Result<Vec<Command>, ScimError> {
    let changes: Vec<(PersonId, Vec<GroupId>)> = api.read(|state| {
        let side = state.groups().find(id).map(|it| it.side).unwrap_or_default();
        let stranger = wanted.iter().find(|it| state.people().find(**it).is_none_or(|it| it.side != side));
        if let Some(stranger) = stranger {
            return Err(ScimError::value(format!("members の {} という id の人はいません", stranger.0)));
        }
        let change = |person: &hikyaku_dispatch::Person| {
            let (is_in, is_wanted) = (person.groups.contains(&id), wanted.contains(&person.id));
            let mut groups = person.groups.clone();
            groups.retain(|group| *group != id);
            groups.extend(is_wanted.then_some(id));
            (is_in != is_wanted).then_some((person.id, groups))
        };
        Ok(state.people().of(side).filter_map(change).collect())
    })?;
    if changes.len() > CHANGES_MAX {
        let detail = format!(
            "一度に出入りできるのは {CHANGES_MAX} 人までです（{} 人）。PATCH で分けて送ってください",
            changes.len()
        );
        return Err(ScimError::too_many(detail));
    }
    let command = |(person, groups)| PeopleCommand::SetGroups { person, groups }.into();
    Ok(changes.into_iter().map(command).collect())
}

async fn act(api: &Api, caller: Caller, command: impl Into<Command>) -> Result<(), ScimError> {
    Ok(api.0.web.desk.command_as(caller.actor(), command, api.now()).await.map(drop)?)
}

fn told(api: &Api, id: GroupId, status: StatusCode) -> Result<Said, ScimError> {
    let shown = api.read(|state| state.groups().find(id).map(|it| shown(state, it, true)));
    shown.map(|group| Said(status, group)).ok_or_else(ScimError::missing)
}

fn found<'a>(api: &Api, state: &'a Present, caller: Caller, id: &str) -> Result<&'a Group, ScimError> {
    let scope = api.scope(state, caller, Action::SeePerson);
    let group = id.parse().ok().and_then(|id| state.groups().find(GroupId(id)));
    group.filter(|it| scope.holds_group(state, it.id)).ok_or_else(ScimError::missing)
}

fn shown(state: &Present, group: &Group, with_members: bool) -> Value {
    let id = group.id.0.to_string();
    let mut shown = json!({
        "schemas": [GROUP],
        "id": id,
        "displayName": state.groups().path(group.id).join("/"),
        "meta": { "resourceType": "Group", "location": format!("{BASE}/Groups/{id}") },
    });
    if with_members {
        let people = state.people().of(group.side).filter(|it| it.groups.contains(&group.id));
        let member = |it: &hikyaku_dispatch::Person| json!({ "value": it.id.0.to_string(), "type": "User", "display": it.name() });
        shown["members"] = people.map(member).collect();
    }
    shown
}
