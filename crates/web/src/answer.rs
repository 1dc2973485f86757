//! The personal link: showing the question, recording the answer, showing what was recorded.

use std::convert::Infallible;

use axum::{
    Form,
    extract::{FromRequestParts, Path, Query, State, rejection::FormRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{Actor, AnswerCommand, ChoiceId, Detail, LinkView};
use serde::Deserialize;

use crate::amend::{Made, Missed, amend, give};
use crate::answer_page::{Again, AnswerPage, Said, ThanksPage};
use crate::fit;
use crate::form::{AnswerForm, Comment, SayForm};
use crate::further;
use crate::once::once;
use crate::page;
use crate::state::WebState;
use crate::words::Lang;
use crate::written;

/// What the address of a responder page says; whatever it cannot say well becomes a token that does not open, or Japanese.
#[derive(Debug)]
pub(crate) struct Visit {
    token: String,
    lang: Lang,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    lang: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let query = Query::<Asked>::try_from_uri(&parts.uri);
        let asked = query.map(|Query(asked)| asked).unwrap_or_default();
        Ok(Self {
            token: path.map(|Path(token)| token).unwrap_or_default(),
            lang: Lang::from_code(asked.lang.as_deref()),
        })
    }
}

impl Visit {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    /// This link's address in the visit's language, `then` following the token.
    fn href(&self, then: &str) -> String {
        format!("/a/{}{then}?lang={}", self.token, self.lang.code())
    }
}

/// `GET /a/{token}`. Records no answer, however often mail scanners fetch it; that it was opened is noted later, as uncertain.
pub(crate) async fn show(State(state): State<WebState>, visit: Visit) -> Response {
    let lang = visit.lang;
    match state.desk.open_link(&visit.token, state.now()).await {
        Ok(link) => {
            state.note_opened(link.dispatch, link.person);
            let said = thread(&state, &link, lang).await;
            fit::render(StatusCode::OK, AnswerPage::new(&link, lang).with(said, visit.href("/say")))
        }
        Err(refusal) => page::refuse(refusal, lang),
    }
}

/// `POST /a/{token}/say`: what the person writes back to a manager, where there is something to write back to.
pub(crate) async fn say(
    State(state): State<WebState>,
    visit: Visit,
    form: Result<Form<SayForm>, FormRejection>,
) -> Response {
    let lang = visit.lang;
    let link = match state.desk.open_link(&visit.token, state.now()).await {
        Ok(link) => link,
        Err(refusal) => return page::refuse(refusal, lang),
    };
    let SayForm { text: typed, after } = form.map(|Form(form)| form).unwrap_or_default();
    let text = Comment::from_typed(&typed).text;
    let incident = state.desk.read(|now| now.incident_of(link.dispatch).map(|incident| incident.id));
    if let Some(incident) = incident.filter(|_| !text.is_empty()) {
        let form = format!("{} says in {incident} after {after}: {text}", link.person);
        let command = once(&form, AnswerCommand::Say { incident, person: link.person, text });
        if let Err(error) = state.desk.command_as(Actor::Responder(link.person), command, state.now()).await {
            tracing::error!(%error, "a message could not be recorded");
            let said = thread(&state, &link, lang).await;
            let page =
                AnswerPage::new(&link, lang).with(said, visit.href("/say")).again(Again::NotRecorded, "").unsaid(typed);
            return fit::render(StatusCode::SERVICE_UNAVAILABLE, page);
        }
    }
    Redirect::to(&visit.href("")).into_response()
}

/// What was said about the person's answer, the latest last.
async fn thread(state: &WebState, link: &LinkView, lang: Lang) -> Vec<Said> {
    let Some(incident) = state.desk.read(|now| now.incident_of(link.dispatch).map(|it| it.id)) else {
        return Vec::new();
    };
    let said = written::said(&state.desk, incident, link.person).await;
    said.iter().map(|message| Said::new(message, lang)).collect()
}

/// `POST /a/{token}`. Leads to the thanks page, so that loading again posts nothing.
pub(crate) async fn record(
    State(state): State<WebState>,
    visit: Visit,
    form: Result<Form<AnswerForm>, FormRejection>,
) -> Response {
    let lang = visit.lang;
    let mut link = match state.desk.open_link(&visit.token, state.now()).await {
        Ok(link) => link,
        Err(refusal) => return page::refuse(refusal, lang),
    };
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejected) if rejected.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return page::notice(StatusCode::PAYLOAD_TOO_LARGE, lang, |words| words.too_large);
        }
        // An empty form, so that the page is shown again with what to do.
        Err(_) => AnswerForm::default(),
    };
    let Some(choice) = form.choice.parse().ok().map(ChoiceId).filter(|id| link.question.choice(*id).is_some()) else {
        let page = AnswerPage::new(&link, lang).again(Again::NoChoice, &form.comment);
        return fit::render(StatusCode::UNPROCESSABLE_ENTITY, page);
    };
    let typed = if link.question.comment_allowed { form.comment.as_str() } else { "" };
    let comment = Comment::from_typed(typed);
    let made = |link: &LinkView| {
        let details = further::kept(&link.question, choice, link.last_answer.as_ref());
        Made { choice, comment: comment.text.clone(), details }
    };
    let recorded = match amend(&state, &visit.token, &mut link, |link| Some(made(link))).await {
        // A press counts, whatever else comes at the same time.
        Err(Missed::Overtaken) => give(&state, &link, made(&link)).await,
        recorded => recorded,
    };
    match recorded {
        Ok(()) => {}
        Err(Missed::Refused(refusal)) => return page::refuse(refusal, lang),
        Err(Missed::Overtaken | Missed::Failed) => {
            let page = AnswerPage::new(&link, lang).again(Again::NotRecorded, &form.comment);
            return fit::render(StatusCode::SERVICE_UNAVAILABLE, page);
        }
    }
    if comment.cut {
        return cut(&state, &visit, &form.comment).await;
    }
    Redirect::to(&visit.href("/thanks")).into_response()
}

/// `GET /a/{token}/thanks`. Shows what is recorded now; without an answer, the question.
pub(crate) async fn thanks(State(state): State<WebState>, visit: Visit) -> Response {
    let lang = visit.lang;
    let link = match state.desk.open_link(&visit.token, state.now()).await {
        Ok(link) => link,
        Err(refusal) => return page::refuse(refusal, lang),
    };
    match thanked(&state, &visit, &link) {
        Some(page) => fit::render(StatusCode::OK, page),
        None => Redirect::to(&visit.href("")).into_response(),
    }
}

fn thanked<'a>(state: &WebState, visit: &Visit, link: &'a LinkView) -> Option<ThanksPage<'a>> {
    let own = format!("/p/{}?lang={}", state.desk.personal_token(link.person), visit.lang.code());
    ThanksPage::new(link, visit.lang, visit.href(""), visit.href("/more"), own)
}

/// `POST /a/{token}/more`: answers to further questions, beside the answer that is there; only beside the one of whom they were asked.
pub(crate) async fn more(
    State(state): State<WebState>,
    visit: Visit,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let lang = visit.lang;
    let mut link = match state.desk.open_link(&visit.token, state.now()).await {
        Ok(link) => link,
        Err(refusal) => return page::refuse(refusal, lang),
    };
    let Some(last) = &link.last_answer else { return Redirect::to(&visit.href("")).into_response() };
    let posted = form.map(|Form(pairs)| pairs).unwrap_or_default();
    // A page that was loaded before pages said so asked whoever gave the answer that is there.
    let choice = further::asked_by(&posted).unwrap_or(last.choice.id);
    let typed = further::read(&link.question, choice, &posted);
    let made = |link: &LinkView| {
        let last = link.last_answer.as_ref().filter(|last| last.choice.id == choice)?;
        Some(Made { choice, comment: last.comment.clone(), details: typed.clone() })
    };
    match amend(&state, &visit.token, &mut link, made).await {
        Ok(()) => Redirect::to(&visit.href("/thanks")).into_response(),
        Err(Missed::Overtaken) => overtaken(&state, &visit, link, typed),
        Err(Missed::Refused(refusal)) => page::refuse(refusal, lang),
        Err(Missed::Failed) => page::notice(StatusCode::SERVICE_UNAVAILABLE, lang, |words| words.more_not_recorded),
    }
}

/// Further answers to another answer than the one that is there: shows that one, and what was typed, to be sent once more.
fn overtaken(state: &WebState, visit: &Visit, mut link: LinkView, typed: Vec<Detail>) -> Response {
    let left = link.last_answer.as_mut().map(|last| further::offer(&link.question, last, typed)).unwrap_or_default();
    let unsent = further::lines(&link.question, &left, visit.lang);
    match thanked(state, visit, &link) {
        Some(page) => fit::render(StatusCode::CONFLICT, page.overtaken(unsent)),
        None => Redirect::to(&visit.href("")).into_response(),
    }
}

/// The answer is safe, the end of the comment is not: shows both the record and everything that was typed.
async fn cut(state: &WebState, visit: &Visit, typed: &str) -> Response {
    let lang = visit.lang;
    match state.desk.open_link(&visit.token, state.now()).await {
        Ok(link) => {
            let page = AnswerPage::new(&link, lang).again(Again::CommentCut, typed);
            fit::render(StatusCode::OK, page)
        }
        Err(refusal) => page::refuse(refusal, lang),
    }
}
