//! A roster that a program brings: first what it would change, then the same taken [A06 A38].

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use hikyaku_dispatch::{Action, PeopleCommand, RosterImport, RosterScope, preview_roster, read_roster_with};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::problem::Problem;
use super::wish::Wish;
use crate::staff::change_word;

/// A roster as a file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoster {
    /// The CSV in UTF-8, with its header.
    csv: String,
    /// Only people who come or change: whoever is not in it stays.
    #[serde(default)]
    part: bool,
    /// How many may go, where they are more than may without that being said.
    #[serde(default)]
    removals: Option<usize>,
}

/// `POST /roster/preview`: nothing changes.
pub(super) async fn preview(State(api): State<Api>, wish: Wish<NewRoster>) -> Result<Json<Value>, Problem> {
    let import = read(&api, wish.caller, wish.body).await?;
    compared(&api, &import).map(Json)
}

/// `POST /roster`: what it was compared with is answered, as it is now.
pub(super) async fn take(State(api): State<Api>, wish: Wish<NewRoster>) -> Result<Json<Value>, Problem> {
    let (caller, key) = (wish.caller, wish.key);
    let import = read(&api, caller, wish.body).await?;
    let changes = compared(&api, &import)?;
    api.act(caller, key, PeopleCommand::Import(import)).await?;
    Ok(Json(changes))
}

async fn read(api: &Api, caller: Caller, new: NewRoster) -> Result<RosterImport, Problem> {
    let feeds = api.0.feeds.clone();
    let NewRoster { csv, part, removals } = new;
    // Ten thousand rows take a while.
    let read = tokio::task::spawn_blocking(move || {
        let is_region = |region: &_| feeds.as_ref().is_none_or(|feeds| feeds.is_region(region));
        read_roster_with(csv.as_bytes(), &is_region).map_err(|faults| faults.to_string())
    });
    let roster = read.await.unwrap_or_else(|error| Err(error.to_string())).map_err(Problem::mend)?;
    let side = api.read(|state| api.scope(state, caller, Action::ImportRoster).side());
    let scope = if part { RosterScope::Part } else { RosterScope::Whole };
    Ok(RosterImport { scope, confirmed: removals, ..RosterImport::whole(side, roster.rows) })
}

/// What a roster would change, in numbers.
fn compared(api: &Api, import: &RosterImport) -> Result<Value, Problem> {
    let changes = api.read(|state| preview_roster(state, import, api.now()));
    let changes = changes.map_err(|faults| Problem::mend(faults.to_string()))?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for touched in changes.people.iter().flat_map(|it| &it.touched) {
        *counts.entry(change_word(*touched)).or_default() += 1;
    }
    let counts: Vec<Value> =
        counts.into_iter().map(|(what, people)| json!({ "what": what, "people": people })).collect();
    Ok(json!({
        "rows": changes.rows,
        "there": changes.there,
        "removals": changes.removals,
        "guarded": changes.is_guarded(),
        "changes": counts,
        "groups": changes.groups,
    }))
}
