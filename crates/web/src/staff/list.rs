//! Everybody whom the viewer may see, searched; and how many are reached by no address.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{Action, Person, PersonId, State as Present};
use serde::Deserialize;

use crate::console::{Console, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::page;

/// People on one page.
const PAGE_MAX: usize = 100;

/// Which addresses somebody has.
const FILTERS: [(&str, &str); 4] =
    [("", "全員"), ("none", "アドレスなし"), ("lost", "どこにも届かない"), ("trouble", "届かないものがある")];

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Part of a name, of its reading, or the whole number.
    #[serde(default)]
    q: String,
    /// `none` for people without an address, `lost` for those whose every address is invalid, `trouble` for any that does not work.
    #[serde(default)]
    addresses: String,
    #[serde(default)]
    page: usize,
    /// What was just done.
    #[serde(default)]
    done: String,
}

#[derive(Debug, Template)]
#[template(path = "staff.html")]
struct StaffPage {
    frame: Frame,
    done: Option<&'static str>,
    may_import: bool,
    may_export: bool,
    may_manage: bool,
    query: String,
    addresses: String,
    /// Value, label, and whether it is chosen.
    filters: Vec<(&'static str, &'static str, bool)>,
    people: Count,
    without: Count,
    lost: Count,
    states: Vec<(&'static str, Count)>,
    found: Count,
    rows: Vec<Row>,
    before: Option<usize>,
    after: Option<usize>,
}

#[derive(Debug)]
struct Row {
    id: u32,
    name: String,
    number: String,
    group: String,
    standing: &'static str,
    addresses: Vec<(String, &'static str)>,
}

/// `GET /people`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    let frame = viewer.frame(&console, Place::People);
    let page = console.web().desk.read(|state| StaffPage::new(&console, &viewer, state, &asked, frame));
    page::render(StatusCode::OK, &page)
}

impl StaffPage {
    fn new(console: &Console, viewer: &Viewer, state: &Present, asked: &Asked, frame: Frame) -> Self {
        let scope = console.scope(state, viewer, Action::SeePerson);
        let is_seen = |it: &&Person| scope.is_wide(it.side) || scope.holds_person(state, it.id);
        let seen: Vec<&Person> = state.people().iter().filter(|it| it.is_reachable()).filter(is_seen).collect();
        let report = state.address_report(seen.iter().copied());
        let troubled: BTreeSet<PersonId> = report.troubled.iter().map(|(id, ..)| *id).collect();
        let fits = |it: &&&Person| {
            let by_address = match asked.addresses.as_str() {
                "none" => it.addresses().is_empty(),
                "lost" => report.unreachable.contains(&it.id),
                "trouble" => troubled.contains(&it.id),
                _ => true,
            };
            by_address && is_named(it, asked.q.trim())
        };
        let found: Vec<&&Person> = seen.iter().filter(fits).collect();
        let last = found.len().div_ceil(PAGE_MAX).max(1) - 1;
        let at = asked.page.min(last);
        let count = |number: usize| Count(u32::try_from(number).unwrap_or(u32::MAX));
        Self {
            frame,
            done: (asked.done == "roster").then_some("名簿を取り込みました。"),
            may_import: !console.scope(state, viewer, Action::ImportRoster).is_nowhere(),
            may_export: !console.scope(state, viewer, Action::ExportRoster).is_nowhere(),
            may_manage: !console.scope(state, viewer, Action::ManageGroups).is_nowhere(),
            query: asked.q.clone(),
            addresses: asked.addresses.clone(),
            filters: FILTERS.map(|(value, label)| (value, label, value == asked.addresses)).to_vec(),
            people: count(report.people),
            without: count(report.without.len()),
            lost: count(report.unreachable.len()),
            states: report.by_state.iter().map(|(state, number)| (state.word(), count(*number))).collect(),
            found: count(found.len()),
            rows: found.iter().skip(at * PAGE_MAX).take(PAGE_MAX).map(|it| row(state, it)).collect(),
            before: at.checked_sub(1),
            after: (at < last).then_some(at + 1),
        }
    }
}

/// Whether a person is meant by what was typed: part of the name or its reading, or the number.
fn is_named(person: &Person, typed: &str) -> bool {
    let Some(personal) = &person.personal else { return false };
    let squeezed = |text: &str| text.replace([' ', '　'], "");
    let typed = squeezed(typed);
    personal.external_id == typed
        || squeezed(&personal.name).contains(&typed)
        || squeezed(&personal.kana).contains(&typed)
}

fn row(state: &Present, person: &Person) -> Row {
    let group = person.groups.first().and_then(|id| state.groups().find(*id));
    let health = |address| state.address_health(person, address).state;
    Row {
        id: person.id.0,
        name: person.name().to_owned(),
        number: person.personal.as_ref().map(|it| it.external_id.clone()).unwrap_or_default(),
        group: group.map(|it| it.name.clone()).unwrap_or_default(),
        standing: person.employment.word(),
        addresses: person.addresses().iter().map(|it| (it.masked(), health(it).word())).collect(),
    }
}
