//! Users: listed, read, brought in, replaced, patched.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use hikyaku_dispatch::{
    Action, PeopleCommand, Person, PersonId, RemovalGuard, RosterImport, RosterRow, RosterScope, Side, State as Present,
};
use serde_json::Value;

use super::super::Api;
use super::super::bearer::Caller;
use super::Body;
use super::filter::Filter;
use super::listed::Asked;
use super::patch::Patch;
use super::said::{Said, ScimError};
use super::user::{brief, row, shown};
use crate::console::Scope;

/// `GET /Users`.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Said, ScimError> {
    let filter = asked.filter()?;
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeePerson);
        let found: Vec<&Person> = match filter.as_ref().and_then(number) {
            // What directories ask all the time is looked up.
            Some(number) => state.people().by_external_id(scope.side(), number).into_iter().collect(),
            None => {
                let fits = |it: &&Person| filter.as_ref().is_none_or(|filter| filter.fits(&brief(it)));
                state.people().of(scope.side()).filter(|it| it.personal.is_some()).filter(fits).collect()
            }
        };
        let found: Vec<&Person> = found.into_iter().filter(|it| sees(state, &scope, it)).collect();
        Ok(asked.page(&found, |it| shown(state, it)))
    })
}

fn number(filter: &Filter) -> Option<&str> {
    filter.equal("userName").or_else(|| filter.equal("externalId"))
}

fn sees(state: &Present, scope: &Scope, person: &Person) -> bool {
    scope.is_wide(person.side) || scope.holds_person(state, person.id)
}

/// `GET /Users/{id}`.
pub(super) async fn one(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Said, ScimError> {
    api.read(|state| found(&api, state, caller, &id).map(|it| Said(StatusCode::OK, shown(state, it))))
}

/// `POST /Users`.
pub(super) async fn create(State(api): State<Api>, caller: Caller, Body(user): Body<Value>) -> Result<Said, ScimError> {
    let (side, row) = api.read(|state| {
        let side = api.scope(state, caller, Action::ImportRoster).side();
        let row = row(state, &user, None)?;
        if state.people().by_external_id(side, &row.external_id).is_some() {
            return Err(ScimError::taken(
                "この userName（職員番号）の人は登録されています。filter で id を探し、置き換えてください",
            ));
        }
        Ok((side, row))
    })?;
    bring_in(&api, caller, side, row, StatusCode::CREATED).await
}

/// `PUT /Users/{id}`.
pub(super) async fn replace(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(user): Body<Value>,
) -> Result<Said, ScimError> {
    let (side, row) = api.read(|state| {
        let person = found(&api, state, caller, &id)?;
        Ok::<_, ScimError>((person.side, row(state, &user, Some(person))?))
    })?;
    bring_in(&api, caller, side, row, StatusCode::OK).await
}

/// `PATCH /Users/{id}`.
pub(super) async fn patch(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(patch): Body<Patch>,
) -> Result<Said, ScimError> {
    let (side, row) = api.read(|state| {
        let person = found(&api, state, caller, &id)?;
        let user = patch.apply(&shown(state, person)).map_err(ScimError::path)?;
        Ok::<_, ScimError>((person.side, row(state, &user, Some(person))?))
    })?;
    bring_in(&api, caller, side, row, StatusCode::OK).await
}

/// `DELETE /Users/{id}`: nobody is erased by a directory.
pub(super) async fn remove() -> ScimError {
    ScimError::unwanted("削除はできません。active を false にすると退職として扱います（消去は管理者二人が行います）")
}

async fn bring_in(
    api: &Api,
    caller: Caller,
    side: Side,
    row: RosterRow,
    status: StatusCode,
) -> Result<Said, ScimError> {
    let number = row.external_id.clone();
    let guard = RemovalGuard::default();
    let import = RosterImport { side, rows: vec![row], scope: RosterScope::Part, guard, confirmed: None };
    let command = PeopleCommand::Import(import);
    api.0.web.desk.command_as(caller.actor(), command, api.now()).await?;
    api.read(|state| {
        let person = state.people().by_external_id(side, &number).ok_or_else(ScimError::missing)?;
        Ok(Said(status, shown(state, person)))
    })
}

fn found<'a>(api: &Api, state: &'a Present, caller: Caller, id: &str) -> Result<&'a Person, ScimError> {
    let scope = api.scope(state, caller, Action::SeePerson);
    let person = id.parse().ok().and_then(|id| state.people().find(PersonId(id)));
    let person = person.filter(|it| it.personal.is_some() && sees(state, &scope, it));
    person.ok_or_else(ScimError::missing)
}
