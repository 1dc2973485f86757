//! What was set down beforehand: rules in words, and journeys abroad.

use axum::{
    Json,
    extract::{Query, State},
};
use hikyaku_dispatch::{Action, RegisteredStay, Rule, State as Present};
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::side;
use super::paging;
use super::problem::Problem;
use crate::rules::words::lines;

/// `GET /rules`, by number. Approvers are counted, not named.
pub(super) async fn rules(
    State(api): State<Api>,
    caller: Caller,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeJudgements);
        let found = state.rules().values().filter(|rule| scope.is_wide(rule.side));
        page.page(found, |it| i64::from(it.id.0), |it| rule(state, it)).map(Json)
    })
}

fn rule(state: &Present, rule: &Rule) -> Value {
    let line = |(label, text): (&'static str, String)| json!({ "label": label, "text": text });
    json!({
        "id": rule.id.0,
        "name": rule.name,
        "side": side(rule.side),
        "lines": lines(rule, state, false).into_iter().map(line).collect::<Vec<_>>(),
    })
}

/// `GET /travel`, by number: of those whom the caller may see.
pub(super) async fn travel(
    State(api): State<Api>,
    caller: Caller,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeTravel);
        let found = state.travel().iter().filter(|it| scope.holds_person(state, it.stay.person));
        page.page(found, |it| i64::from(it.id.0), |it| stay(state, &it)).map(Json)
    })
}

pub(super) fn stay(state: &Present, registered: &RegisteredStay) -> Value {
    let stay = &registered.stay;
    json!({
        "id": registered.id.0,
        "person": stay.person.0,
        "name": state.people().find(stay.person).map_or("", |it| it.name()),
        "kind": stay.kind.word(),
        "countries": stay.countries.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "from": stay.from.to_string(),
        "to": stay.to.map(|day| day.to_string()),
    })
}
