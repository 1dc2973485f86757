//! One person in a dispatch: every answer, every mail, what was said, the way of the mails; a message to the person.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use hikyaku_dispatch::{
    Answer, AnswerCommand, Dispatch, DispatchId, IncidentId, MailEnd, PersonId, Speaker, Spoken, State as Present,
    Words,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::answers::{standing, via};
use super::problem::Problem;
use super::wish::Wish;
use crate::further;
use crate::watch::steps_of;
use crate::words::Lang;

/// A message to the person.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessage {
    text: String,
}

/// Before which row of the journal.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    before: Option<u64>,
}

/// `GET /dispatches/{dispatch}/people/{person}`.
pub(super) async fn one(
    State(api): State<Api>,
    Path((dispatch, person)): Path<(u32, u32)>,
) -> Result<Json<Value>, Problem> {
    let person = PersonId(person);
    let (mut body, answers, question, incident) = api.read(|state| {
        let (dispatch, incident) = found(state, DispatchId(dispatch), person)?;
        let answers: Vec<Answer> = state.incident(incident).map(|it| it.answers(person).to_vec()).unwrap_or_default();
        Ok::<_, Problem>((shown(state, dispatch, person), answers, dispatch.record().question.clone(), incident))
    })?;
    let words = api.words(&answers).await?;
    let given = |(answer, words): (&Answer, Words)| {
        json!({
            "choice": answer.choice.0,
            "label": question.choice(answer.choice).map(|it| &it.label_ja),
            "comment": words.comment,
            "details": further::lines(&question, &words.details, Lang::Japanese),
            "via": via(answer.via),
            "at": answer.at().to_string(),
        })
    };
    body["answers"] = answers.iter().zip(words).map(given).collect();
    body["messages"] = messages(&api, incident, person).await?;
    Ok(Json(body))
}

/// `GET …/trace`: step by step, the oldest first.
pub(super) async fn trace(
    State(api): State<Api>,
    Path((dispatch, person)): Path<(u32, u32)>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let (dispatch, person) = (DispatchId(dispatch), PersonId(person));
    api.read(|state| found(state, dispatch, person).map(drop))?;
    let (steps, before) = steps_of(&api.0.web, dispatch, person, asked.before).await.map_err(|error| {
        tracing::error!(%error, "the journal could not be read for a trace");
        Problem::unreadable()
    })?;
    let steps: Vec<Value> = steps.into_iter().map(|(at, text)| json!({ "at": at.to_string(), "text": text })).collect();
    Ok(Json(json!({ "steps": steps, "before": before })))
}

/// `POST …/messages`: on the page of the person's own link; the mail about it carries a notice only.
pub(super) async fn say(
    State(api): State<Api>,
    Path((dispatch, person)): Path<(u32, u32)>,
    wish: Wish<NewMessage>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let person = PersonId(person);
    let (incident, speaks) = api.read(|state| {
        let speaks = state.accounts().find(wish.caller.account).is_some_and(|it| it.person.is_some());
        found(state, DispatchId(dispatch), person).map(|(_, incident)| (incident, speaks))
    })?;
    if !speaks {
        let detail = "伝言は、職員と結び付いたアカウントのトークンだけが送れます。アカウントの画面で職員番号を登録してください。";
        return Err(Problem::mend(detail));
    }
    let text = wish.body.text.replace("\r\n", "\n").trim().to_owned();
    api.act(wish.caller, wish.key, AnswerCommand::Say { incident, person, text }).await?;
    Ok((StatusCode::CREATED, Json(json!({ "messages": messages(&api, incident, person).await? }))))
}

/// The dispatch, if it asks the person, and where it belongs now.
fn found(state: &Present, dispatch: DispatchId, person: PersonId) -> Result<(&Dispatch, IncidentId), Problem> {
    let asked = state.dispatch(dispatch).filter(|it| it.is_asked(person));
    let place = asked.and_then(|it| Some((it, state.incident_of(it.id())?.id)));
    place.ok_or_else(|| Problem::missing("配信か、その対象者"))
}

/// What was said, the oldest first.
async fn messages(api: &Api, incident: IncidentId, person: PersonId) -> Result<Value, Problem> {
    let said = api.0.web.desk.thread(incident, person).await.map_err(|error| {
        tracing::error!(%error, "what was said about an answer cannot be read");
        Problem::unreadable()
    })?;
    let one = |it: &Spoken| {
        let by = match it.speaker {
            Speaker::Person => "person",
            Speaker::Manager(_) => "manager",
        };
        json!({ "by": by, "text": it.text, "at": it.at.to_string() })
    };
    Ok(said.iter().map(one).collect())
}

/// Where the person stands, without what was written.
fn shown(state: &Present, dispatch: &Dispatch, id: PersonId) -> Value {
    let person = state.people().find(id);
    let asked = dispatch.record().asked.iter().find(|it| it.person == id);
    let mails = person
        .map(|it| it.addresses())
        .unwrap_or_default()
        .iter()
        .filter(|address| asked.is_some_and(|it| it.places.contains(&address.place)));
    let mail = |address: &hikyaku_dispatch::MailAddress| json!({ "masked": address.masked(), "end": end(dispatch.mail_end(id, address.place)) });
    json!({
        "dispatch": dispatch.id().0,
        "person": id.0,
        "name": person.map_or("", |it| it.name()),
        "standing": standing(dispatch.response(id)),
        "mails": mails.map(mail).collect::<Vec<_>>(),
    })
}

/// How a mail can have ended; the first is one that waits.
pub(super) const ENDS: [&str; 6] = ["waiting", "accepted", "bounced", "expired", "cancelled", "unknown"];

fn end(end: Option<MailEnd>) -> &'static str {
    let [waiting, accepted, bounced, expired, cancelled, unknown] = ENDS;
    match end {
        None => waiting,
        Some(MailEnd::Accepted) => accepted,
        Some(MailEnd::Bounced) => bounced,
        Some(MailEnd::Expired) => expired,
        Some(MailEnd::Cancelled) => cancelled,
        Some(MailEnd::Unknown) => unknown,
    }
}
