//! People and groups; of an address only its domain is ever told (requirement A29).

use axum::{
    Json,
    extract::{Path, Query, State},
};
use hikyaku_dispatch::{Action, Group, GroupId, MailAddress, Person, PersonId, RegisteredBy, State as Present};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::side;
use super::paging;
use super::problem::Problem;

/// Which people.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    group: Option<u32>,
    /// The organisation's own number.
    number: Option<String>,
}

/// `GET /people`.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Asked>,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeePerson);
        let is_wanted = |it: &&Person| {
            let is_number = |number: &String| it.personal.as_ref().is_some_and(|own| own.external_id == *number);
            it.is_reachable()
                && asked.group.is_none_or(|group| it.is_within(GroupId(group)))
                && asked.number.as_ref().is_none_or(is_number)
                && (scope.is_wide(it.side) || scope.holds_person(state, it.id))
        };
        let found = state.people().iter().filter(is_wanted);
        page.page(found, |it| i64::from(it.id.0), |it| shown(state, it)).map(Json)
    })
}

/// `GET /people/{person}`.
pub(super) async fn one(State(api): State<Api>, Path(person): Path<u32>) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let person = state.people().find(PersonId(person)).ok_or_else(|| Problem::missing("人"))?;
        Ok(Json(shown(state, person)))
    })
}

/// `GET /groups`.
pub(super) async fn groups(
    State(api): State<Api>,
    caller: Caller,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeePerson);
        let mut found: Vec<&Group> = state.groups().tree().into_iter().map(|(group, _)| group).collect();
        found.retain(|group| scope.holds_group(state, group.id));
        found.sort_unstable_by_key(|group| group.id);
        let shown = |group: &Group| {
            json!({
                "id": group.id.0,
                "name": group.name,
                "side": side(group.side),
                "parent": group.parent.map(|parent| parent.0),
            })
        };
        page.page(found.into_iter(), |it| i64::from(it.id.0), shown).map(Json)
    })
}

fn shown(state: &Present, person: &Person) -> Value {
    let personal = person.personal.as_ref();
    let address = |address: &MailAddress| {
        json!({
            "masked": address.masked(),
            "purpose": address.purpose.word(),
            "registered_by": if address.by == RegisteredBy::Person { "person" } else { "roster" },
            "health": state.address_health(person, address).state.word(),
        })
    };
    json!({
        "id": person.id.0,
        "number": personal.map(|it| it.external_id.as_str()),
        "name": person.name(),
        "kana": personal.map(|it| it.kana.as_str()),
        "side": side(person.side),
        "groups": person.groups.iter().map(|group| group.0).collect::<Vec<_>>(),
        "regions": person.regions.all().map(ToString::to_string).collect::<Vec<_>>(),
        "language": person.language.word(),
        "employment": person.employment.word(),
        "addresses": person.addresses().iter().map(address).collect::<Vec<_>>(),
    })
}
