//! Incidents: what several telegrams, dispatches and answers are about.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use hikyaku_dispatch::{Action, Incident, IncidentId, Side, State as Present};
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::{mode, sees};
use super::paging;
use super::problem::Problem;
use crate::console::Scope;

/// `GET /incidents`, the newest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeCounts);
        let found = state.incidents().rev().filter(|it| is_seen(state, &scope, it));
        page.page(found, |it| -i64::from(it.id.0), |it| shown(state, &scope, it)).map(Json)
    })
}

/// `GET /incidents/{incident}`.
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(incident): Path<u32>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeCounts);
        let found = state.incident(IncidentId(incident)).filter(|it| is_seen(state, &scope, it));
        Ok(Json(shown(state, &scope, found.ok_or_else(|| Problem::missing("事象"))?)))
    })
}

/// One that nobody was asked about yet belongs to whoever sees all of the half at home.
fn is_seen(state: &Present, scope: &Scope, incident: &Incident) -> bool {
    if incident.dispatches.is_empty() {
        return scope.is_wide(Side::Domestic);
    }
    incident.dispatches.iter().filter_map(|id| state.dispatch(*id)).any(|it| sees(state, scope, it))
}

fn shown(state: &Present, scope: &Scope, incident: &Incident) -> Value {
    let dispatches = incident.dispatches.iter().filter_map(|id| state.dispatch(*id));
    let seen = dispatches.filter(|it| sees(state, scope, it)).map(|it| it.id().0);
    json!({
        "id": incident.id.0,
        "mode": mode(incident.mode),
        "title": incident.summary.title,
        "facts": incident.facts(),
        "occurred": incident.summary.occurred.map(|at| at.to_string()),
        "opened": incident.opened.to_string(),
        "cancelled": incident.cancelled.map(|at| at.to_string()),
        "merged_into": incident.merged_into.map(|id| id.0),
        "dispatches": seen.collect::<Vec<_>>(),
    })
}
