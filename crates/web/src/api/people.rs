//! People and groups; of an address only its domain is ever told (requirement A29).

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use hikyaku_dispatch::{
    Action, Group, GroupId, MailAddress, PeopleCommand, Person, PersonId, RegisteredBy, State as Present,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::{Nothing, side};
use super::paging;
use super::problem::Problem;
use super::wish::Wish;
use crate::form;
use crate::staff::{mail_links, whereabouts};

/// Which people.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    group: Option<u32>,
    /// The organisation's own number.
    number: Option<String>,
}

/// Where somebody is, and for how long.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlace {
    /// A prefecture, 1 to 47; none ends what was said before.
    region: Option<u8>,
    days: Option<i64>,
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

/// `POST /people/{person}/place`.
pub(super) async fn place(
    State(api): State<Api>,
    Path(person): Path<u32>,
    wish: Wish<NewPlace>,
) -> Result<Json<Value>, Problem> {
    let wrong = || Problem::mend("region は都道府県の番号（1 から 47）か null にしてください。");
    let region = wish.body.region.map(|code| form::region(code).ok_or_else(wrong)).transpose()?;
    let command = whereabouts(PersonId(person), region, wish.body.days, api.now()).map_err(Problem::mend)?;
    api.act(wish.caller, wish.key, command).await?;
    let here = api.read(|state| state.people().find(PersonId(person)).and_then(|it| it.whereabouts.clone()));
    let (region, until) = here.map(|it| (it.region.to_string(), it.until.map(|at| at.to_string()))).unzip();
    Ok(Json(json!({ "person": person, "region": region, "until": until.flatten() })))
}

/// `POST /people/{person}/links`: the old ones open nothing any more, and the person is mailed the new one.
pub(super) async fn links(
    State(api): State<Api>,
    Path(person): Path<u32>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    let id = PersonId(person);
    api.act(wish.caller, wish.key, PeopleCommand::RevokeLinks { person: id }).await?;
    let mailed = mail_links(&api.0.web, wish.caller.actor(), id).await.map_err(|problem| {
        tracing::error!(%problem, "a new link could not be mailed");
        let detail = "これまでのリンクは無効にしましたが、新しいリンクのメールを送れませんでした。同じ Idempotency-Key でもう一度送ってください。";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    Ok(Json(json!({ "person": person, "mailed": mailed })))
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
