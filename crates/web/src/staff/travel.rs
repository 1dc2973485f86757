//! The travel register: who is abroad, where and until when, of those whom the viewer may see [O02 O03 O05].

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_bulletin::CountryCode;
use hikyaku_dispatch::{Action, RegisteredStay, Side, State as Present};
use serde::Deserialize;

use crate::console::{Console, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::page;

/// Journeys on one page.
const PAGE_MAX: usize = 100;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Part of a country's name or of a person's, a country's code, or a whole number of the roster.
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: usize,
}

#[derive(Debug, Template)]
#[template(path = "travel.html")]
struct TravelPage {
    frame: Frame,
    query: String,
    may_edit: bool,
    now_abroad: Vec<Abroad>,
    /// Whether the viewer may send to whoever is in a country.
    may_send: bool,
    found: Count,
    rows: Vec<Row>,
    before: Option<usize>,
    after: Option<usize>,
}

/// A country with how many of the viewer's are there today.
#[derive(Debug)]
struct Abroad {
    code: String,
    name: String,
    people: Count,
}

#[derive(Debug)]
struct Row {
    id: u32,
    name: String,
    number: String,
    countries: String,
    kind: &'static str,
    days: String,
}

/// `GET /travel`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    let frame = viewer.frame(&console, Place::Travel);
    let page = console.web().desk.read(|state| TravelPage::new(&console, &viewer, state, &asked, frame));
    page::render(StatusCode::OK, &page)
}

impl TravelPage {
    fn new(console: &Console, viewer: &Viewer, state: &Present, asked: &Asked, frame: Frame) -> Self {
        let scope = console.scope(state, viewer, Action::SeeTravel);
        let name = |code: CountryCode| {
            let known = console.settings().feeds.as_ref().and_then(|feeds| feeds.country(code));
            known.unwrap_or_else(|| code.to_string())
        };
        let typed = asked.q.trim();
        let row = |it: RegisteredStay| Row::new(&it, state, &name);
        let own = state.travel().iter().filter(|it| scope.holds_person(state, it.stay.person)).map(row);
        let found: Vec<Row> = own.filter(|it| it.is_meant(typed)).collect();
        let countries = state.travel().countries(console.now()).into_keys().filter_map(|code| {
            let people = state.travel().people_in(code, console.now(), 0);
            let own = people.into_iter().filter(|id| scope.holds_person(state, *id)).count();
            (own > 0).then(|| Abroad { code: code.to_string(), name: name(code), people: count(own) })
        });
        let last = found.len().div_ceil(PAGE_MAX).max(1) - 1;
        let at = asked.page.min(last);
        Self {
            frame,
            query: typed.to_owned(),
            may_edit: !console.scope(state, viewer, Action::EditTravel).is_nowhere(),
            now_abroad: countries.collect(),
            may_send: console.scope(state, viewer, Action::SendFree).is_wide(Side::Overseas),
            found: count(found.len()),
            rows: found.into_iter().skip(at * PAGE_MAX).take(PAGE_MAX).collect(),
            before: at.checked_sub(1),
            after: (at < last).then_some(at + 1),
        }
    }
}

impl Row {
    fn new(registered: &RegisteredStay, state: &Present, name: &dyn Fn(CountryCode) -> String) -> Self {
        let stay = &registered.stay;
        let person = state.people().find(stay.person);
        let countries: Vec<String> = stay.countries.iter().map(|code| name(*code)).collect();
        let until = stay.to.map_or_else(|| "（終わりは未定）".to_owned(), |day| day.to_string());
        Self {
            id: registered.id.0,
            name: person.map(|it| it.name().to_owned()).unwrap_or_default(),
            number: person.and_then(|it| it.personal.as_ref()).map(|it| it.external_id.clone()).unwrap_or_default(),
            countries: countries.join("、"),
            kind: stay.kind.word(),
            days: format!("{} から {until}", stay.from),
        }
    }

    fn is_meant(&self, typed: &str) -> bool {
        self.name.contains(typed) || self.countries.contains(typed) || self.number == typed
    }
}

fn count(number: usize) -> Count {
    Count(u32::try_from(number).unwrap_or(u32::MAX))
}
