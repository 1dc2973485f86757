//! Journeys abroad, registered by a program [O02].

use axum::{
    Json,
    extract::{Path, State},
};
use hikyaku_dispatch::{Action, PersonId, Stay, StayId, TravelCommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::Nothing;
use super::problem::Problem;
use super::stored::stay;
use super::wish::Wish;
use crate::staff::Journey;

/// A journey.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStay {
    /// The number of somebody of the overseas roster.
    number: String,
    /// ISO 3166-1 alpha-2.
    countries: Vec<String>,
    /// `trip` or `posting`.
    kind: Kind,
    /// The first and the last day; no last one of a posting whose end is not known.
    from: String,
    #[serde(default)]
    to: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Trip,
    Posting,
}

/// `POST /travel`: the journeys of that person are answered.
pub(super) async fn register(State(api): State<Api>, wish: Wish<NewStay>) -> Result<Json<Value>, Problem> {
    let stay = described(&api, wish.caller, wish.body)?;
    let person = stay.person;
    api.act(wish.caller, wish.key, TravelCommand::Set { id: None, stay }).await?;
    Ok(of(&api, wish.caller, person))
}

/// `POST /travel/{stay}`: all of it anew.
pub(super) async fn change(
    State(api): State<Api>,
    Path(id): Path<u32>,
    wish: Wish<NewStay>,
) -> Result<Json<Value>, Problem> {
    own(&api, wish.caller, StayId(id)).ok_or_else(|| Problem::missing("渡航"))?;
    let stay = described(&api, wish.caller, wish.body)?;
    let person = stay.person;
    api.act(wish.caller, wish.key, TravelCommand::Set { id: Some(StayId(id)), stay }).await?;
    Ok(of(&api, wish.caller, person))
}

/// `POST /travel/{stay}/remove`: what was removed under this key is removed.
pub(super) async fn remove(
    State(api): State<Api>,
    Path(id): Path<u32>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    let person = own(&api, wish.caller, StayId(id));
    api.act(wish.caller, wish.key, TravelCommand::Remove { id: StayId(id) }).await?;
    Ok(person.map_or_else(|| Json(json!({ "items": [], "next": null })), |person| of(&api, wish.caller, person)))
}

fn described(api: &Api, caller: Caller, new: NewStay) -> Result<Stay, Problem> {
    let typed = Journey {
        number: new.number,
        countries: new.countries.join(" "),
        kind: match new.kind {
            Kind::Trip => "trip",
            Kind::Posting => "posting",
        }
        .to_owned(),
        from: new.from,
        to: new.to.unwrap_or_default(),
        ..Journey::default()
    };
    let stay = api.read(|state| {
        let scope = api.scope(state, caller, Action::EditTravel);
        typed.stay(&scope, state, api.0.feeds.as_deref())
    });
    stay.map_err(Problem::mend)
}

/// Whose journey it is, if the caller may change it.
fn own(api: &Api, caller: Caller, id: StayId) -> Option<PersonId> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::EditTravel);
        state.travel().find(id).map(|stay| stay.person).filter(|person| scope.holds_person(state, *person))
    })
}

/// The journeys of one person.
fn of(api: &Api, caller: Caller, person: PersonId) -> Json<Value> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::EditTravel);
        let own = state.travel().iter().filter(|it| it.stay.person == person && scope.holds_person(state, person));
        Json(json!({ "items": own.map(|it| stay(state, &it)).collect::<Vec<_>>(), "next": null }))
    })
}
