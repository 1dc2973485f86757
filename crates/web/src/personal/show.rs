//! Showing the own page; a report, a place and a language that are posted to it.

use std::collections::BTreeSet;

use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{Actor, AnswerCommand, ChoiceId, Command, OWN_REGIONS_MAX, PeopleCommand, PersonalView};
use jiff::SignedDuration;
use serde::Deserialize;

use super::page::{DAYS, PersonalPage, language_of, page_language};
use super::words::words;
use crate::answer::Visit;
use crate::fit;
use crate::form::{AnswerForm, Comment, chosen_region};
use crate::page;
use crate::state::WebState;
use crate::words::Lang;

/// What was just done, as the address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    done: String,
    lang: Option<String>,
    /// Asks for all addresses.
    all: Option<String>,
}

/// `GET /p/{token}`. Records nothing. In the person's own language unless another is asked for.
pub(crate) async fn show(State(state): State<WebState>, visit: Visit, Query(asked): Query<Done>) -> Response {
    match state.desk.open_personal(visit.token(), state.now()) {
        Ok(view) => {
            let lang = asked.lang.as_deref().map_or(page_language(view.language), |code| Lang::from_code(Some(code)));
            let path = path(&visit);
            let page = PersonalPage::new(&view, &path, lang, state.post.is_some()).done(&asked.done);
            fit::render(StatusCode::OK, page.all(asked.all.is_some()))
        }
        Err(refusal) => page::refuse(refusal, visit.lang()),
    }
}

/// `POST /p/{token}`: a report. Pressed twice it is recorded once.
pub(crate) async fn report(
    State(state): State<WebState>,
    visit: Visit,
    form: Result<Form<AnswerForm>, FormRejection>,
) -> Response {
    let view = match state.desk.open_personal(visit.token(), state.now()) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, visit.lang()),
    };
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let choice = form.choice.parse().ok().map(ChoiceId).filter(|id| view.question.choice(*id).is_some());
    let Some(choice) = choice else {
        return again(&state, &visit, &view, visit.lang().words().choose_one, &form.comment, "");
    };
    let command =
        AnswerCommand::SelfReport { person: view.person, choice, comment: Comment::from_typed(&form.comment).text };
    carry_out(&state, &visit, &view, command, "report", &form.comment).await
}

/// Where somebody is for some days; no region takes it back.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PlaceForm {
    #[serde(default)]
    region: String,
    #[serde(default)]
    days: String,
}

/// `POST /p/{token}/place`.
pub(crate) async fn set_place(State(state): State<WebState>, visit: Visit, Form(form): Form<PlaceForm>) -> Response {
    let view = match state.desk.open_personal(visit.token(), state.now()) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, visit.lang()),
    };
    let Ok(region) = chosen_region(&form.region) else {
        return again(&state, &visit, &view, visit.lang().words().choose_one, "", "");
    };
    let days = form.days.parse().ok().filter(|days| DAYS.contains(days)).unwrap_or(DAYS[0]);
    let until = region.as_ref().map(|_| state.now() + SignedDuration::from_hours(24 * i64::from(days)));
    let command = PeopleCommand::SetWhereabouts { person: view.person, region, until };
    carry_out(&state, &visit, &view, command, "saved", "").await
}

/// A region of one's own that comes or goes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RegionForm {
    /// To be added, as in the list of prefectures.
    #[serde(default)]
    region: String,
    /// To be removed, as the page wrote it.
    #[serde(default)]
    remove: String,
}

/// `POST /p/{token}/region`.
pub(crate) async fn set_regions(State(state): State<WebState>, visit: Visit, Form(form): Form<RegionForm>) -> Response {
    let view = match state.desk.open_personal(visit.token(), state.now()) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, visit.lang()),
    };
    let mut regions = view.own_regions.clone();
    if form.remove.is_empty() {
        let Ok(Some(region)) = chosen_region(&form.region) else {
            return again(&state, &visit, &view, visit.lang().words().choose_one, "", "");
        };
        regions.push(region);
    } else {
        regions.retain(|it| it.to_string() != form.remove);
    }
    if regions.iter().collect::<BTreeSet<_>>().len() > OWN_REGIONS_MAX {
        return again(&state, &visit, &view, words(visit.lang()).too_many_regions, "", "");
    }
    let command = PeopleCommand::RegisterRegions { person: view.person, regions };
    carry_out(&state, &visit, &view, command, "saved", "").await
}

/// The language of mails.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct LanguageForm {
    language: Option<String>,
}

/// `POST /p/{token}/language`.
pub(crate) async fn set_language(
    State(state): State<WebState>,
    visit: Visit,
    Form(form): Form<LanguageForm>,
) -> Response {
    let view = match state.desk.open_personal(visit.token(), state.now()) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, visit.lang()),
    };
    let language = language_of(Lang::from_code(form.language.as_deref()));
    let command = PeopleCommand::SetLanguage { person: view.person, language };
    carry_out(&state, &visit, &view, command, "saved", "").await
}

/// Carries out what the owner of the page asks for, and leads back to the page.
pub(super) async fn carry_out(
    state: &WebState,
    visit: &Visit,
    view: &PersonalView,
    command: impl Into<Command>,
    done: &str,
    typed: &str,
) -> Response {
    match state.desk.command_as(Actor::Responder(view.person), command, state.now()).await {
        Ok(_) => back(visit, done),
        Err(error) => {
            tracing::error!(%error, "what a person asked for could not be recorded");
            again(state, visit, view, words(visit.lang()).not_recorded, typed, "")
        }
    }
}

/// The page once more, so that loading again posts nothing.
pub(super) fn back(visit: &Visit, done: &str) -> Response {
    Redirect::to(&format!("{}?lang={}&done={done}", path(visit), visit.lang().code())).into_response()
}

/// The page with what went wrong, and everything that was typed.
pub(super) fn again(
    state: &WebState,
    visit: &Visit,
    view: &PersonalView,
    trouble: &'static str,
    comment: &str,
    typed: &str,
) -> Response {
    let path = path(visit);
    let page = PersonalPage::new(view, &path, visit.lang(), state.post.is_some()).trouble(trouble, comment, typed);
    fit::render(StatusCode::UNPROCESSABLE_ENTITY, page)
}

fn path(visit: &Visit) -> String {
    format!("/p/{}", visit.token())
}
