//! One journey abroad: registered, changed, taken out [O02].

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_bulletin::CountryCode;
use hikyaku_dispatch::{Action, PersonId, Side, State as Present, Stay, StayId, StayKind, TravelCommand};
use serde::Deserialize;

use crate::console::{Console, Feeds, Scope, Viewer, told};
use crate::frame::{Frame, Place};
use crate::page;

#[derive(Debug, Template)]
#[template(path = "stay.html")]
struct StayPage {
    frame: Frame,
    /// None for a new one.
    id: Option<u32>,
    name: String,
    typed: Typed,
    trouble: Option<String>,
}

/// What is typed of a journey.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(crate) number: String,
    /// Codes, separated by spaces.
    #[serde(default)]
    pub(crate) countries: String,
    /// `trip` or `posting`.
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) act: String,
}

/// `GET /travel/new`.
pub(crate) async fn fresh(State(console): State<Console>, viewer: Viewer) -> Response {
    render(&console, &viewer, None, Typed::default(), None)
}

/// `GET /travel/{stay}`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Path(stay): Path<u32>) -> Response {
    let id = StayId(stay);
    let typed = console.web().desk.read(|state| own(&console, &viewer, state, id).map(|it| Typed::of(it, state)));
    match typed {
        Some(typed) => render(&console, &viewer, Some(id), typed, None),
        None => missing(&console, &viewer),
    }
}

/// `POST /travel/new`.
pub(crate) async fn register(State(console): State<Console>, viewer: Viewer, Form(typed): Form<Typed>) -> Response {
    save(&console, &viewer, None, typed).await
}

/// `POST /travel/{stay}`.
pub(crate) async fn change(
    State(console): State<Console>,
    viewer: Viewer,
    Path(stay): Path<u32>,
    Form(typed): Form<Typed>,
) -> Response {
    save(&console, &viewer, Some(StayId(stay)), typed).await
}

async fn save(console: &Console, viewer: &Viewer, id: Option<StayId>, typed: Typed) -> Response {
    let command = match id.filter(|_| typed.act == "remove") {
        Some(id) => Ok(TravelCommand::Remove { id }),
        None => console.web().desk.read(|state| {
            let scope = console.scope(state, viewer, Action::EditTravel);
            let feeds = console.settings().feeds.as_deref();
            typed.stay(&scope, state, feeds).map(|stay| TravelCommand::Set { id, stay })
        }),
    };
    let done = match command {
        Ok(command) => console.act(viewer, command).await.map(drop).map_err(|error| told(&error)),
        Err(trouble) => Err(trouble),
    };
    match done {
        Ok(()) => Redirect::to("/travel").into_response(),
        Err(trouble) => render(console, viewer, id, typed, Some(trouble)),
    }
}

impl Typed {
    fn of(stay: &Stay, state: &Present) -> Self {
        let codes: Vec<String> = stay.countries.iter().map(ToString::to_string).collect();
        let person = state.people().find(stay.person).and_then(|it| it.personal.as_ref());
        Self {
            number: person.map(|it| it.external_id.clone()).unwrap_or_default(),
            countries: codes.join(" "),
            kind: if stay.kind == StayKind::Posting { "posting" } else { "trip" }.to_owned(),
            from: stay.from.to_string(),
            to: stay.to.map(|day| day.to_string()).unwrap_or_default(),
            act: String::new(),
        }
    }

    /// The journey that is described, or what is to be mended.
    ///
    /// # Errors
    /// In Japanese.
    pub(crate) fn stay(&self, scope: &Scope, state: &Present, feeds: Option<&dyn Feeds>) -> Result<Stay, String> {
        let number = self.number.trim();
        let known = state.people().by_external_id(Side::Overseas, number).filter(|it| scope.holds_person(state, it.id));
        let known = known.ok_or_else(|| format!("職員番号 {number} の人は、担当する海外の名簿にいません。"))?;
        let day =
            |typed: &str| typed.trim().parse().map_err(|_| "日付は 2026-12-01 のように書いてください。".to_owned());
        let codes = self.countries.split([' ', ',', '、', '　']).filter(|code| !code.is_empty());
        let country = |code: &str| {
            let is_known = |it: &CountryCode| feeds.is_none_or(|feeds| feeds.country(*it).is_some());
            let found: Option<CountryCode> = code.parse().ok().filter(is_known);
            found.ok_or_else(|| {
                format!("「{code}」は国の記号ではありません。TH（タイ）のように英字2文字で書いてください。")
            })
        };
        let countries: Result<Vec<CountryCode>, String> = codes.map(country).collect();
        Ok(Stay {
            person: known.id,
            kind: if self.kind == "posting" { StayKind::Posting } else { StayKind::Trip },
            countries: countries?,
            from: day(&self.from)?,
            to: if self.to.trim().is_empty() { None } else { Some(day(&self.to)?) },
        })
    }
}

/// The journey, if the viewer may see whose it is.
fn own<'a>(console: &Console, viewer: &Viewer, state: &'a Present, id: StayId) -> Option<&'a Stay> {
    let scope = console.scope(state, viewer, Action::EditTravel);
    state.travel().find(id).filter(|stay| scope.holds_person(state, stay.person))
}

fn render(console: &Console, viewer: &Viewer, id: Option<StayId>, typed: Typed, trouble: Option<String>) -> Response {
    let name = console.web().desk.read(|state| {
        let whose = id.and_then(|id| own(console, viewer, state, id)).map(|stay| stay.person);
        whose.and_then(|id: PersonId| state.people().find(id)).map(|it| it.name().to_owned())
    });
    if id.is_some() && name.is_none() {
        return missing(console, viewer);
    }
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = viewer.frame(console, Place::Travel);
    let page = StayPage { frame, id: id.map(|id| id.0), name: name.unwrap_or_default(), typed, trouble };
    page::render(status, &page)
}

fn missing(console: &Console, viewer: &Viewer) -> Response {
    let told = "この番号の渡航がないか、担当の外です。一覧から選んでください。";
    page::nothing(viewer.frame(console, Place::Travel), "渡航がありません", told)
}
