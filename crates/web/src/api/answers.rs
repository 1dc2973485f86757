//! Answers to a dispatch: who stands where, and answers given for somebody.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use hikyaku_dispatch::{
    Action, Answer, AnswerCommand, ChoiceId, Dispatch, DispatchId, GroupId, PersonId, Response, State as Present, Via,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::paging;
use super::problem::Problem;
use super::wish::Wish;

/// Whose answers.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// As in the answers themselves.
    standing: Option<String>,
    group: Option<u32>,
}

/// An answer for somebody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAnswer {
    person: u32,
    choice: u8,
    #[serde(default)]
    comment: String,
}

/// `GET /dispatches/{dispatch}/answers`, by the number of the person.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(dispatch): Path<u32>,
    Query(asked): Query<Asked>,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    if asked.standing.as_ref().is_some_and(|it| !STANDINGS.contains(&it.as_str())) {
        return Err(Problem::mend(format!("standing は {} のどれかにしてください。", STANDINGS.join("、"))));
    }
    let mut shown = Vec::new();
    let mut body = api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeAnswers);
        let dispatch = state.dispatch(DispatchId(dispatch)).ok_or_else(|| Problem::missing("配信"))?;
        let sees_all = scope.holds_all(state, dispatch);
        let is_wanted = |person: &PersonId| {
            let is_within = |group| state.people().find(*person).is_some_and(|it| it.is_within(GroupId(group)));
            (sees_all || scope.holds_person(state, *person))
                && asked.group.is_none_or(is_within)
                && asked.standing.as_deref().is_none_or(|it| it == standing(dispatch.response(*person)))
        };
        let mut found: Vec<PersonId> = dispatch.asked().filter(is_wanted).collect();
        found.sort_unstable();
        let show = |it| {
            let (item, answer) = self::shown(state, dispatch, it);
            shown.push(answer);
            item
        };
        page.page(found.into_iter(), |it| i64::from(it.0), show)
    })?;
    write_comments(&api, body["items"].as_array_mut().into_iter().flatten(), &shown).await?;
    Ok(Json(body))
}

/// Puts into items what was written in their answers.
async fn write_comments(
    api: &Api,
    items: impl Iterator<Item = &mut Value>,
    answers: &[Option<Answer>],
) -> Result<(), Problem> {
    let given: Vec<Answer> = answers.iter().flatten().cloned().collect();
    let mut words = api.words(&given).await?.into_iter();
    for (item, _) in items.zip(answers).filter(|(_, answer)| answer.is_some()) {
        item["comment"] = words.next().unwrap_or_default().comment.into();
    }
    Ok(())
}

/// `POST /dispatches/{dispatch}/answers`: for somebody who said it by telephone.
pub(super) async fn give(
    State(api): State<Api>,
    Path(dispatch): Path<u32>,
    wish: Wish<NewAnswer>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (dispatch, person) = (DispatchId(dispatch), PersonId(wish.body.person));
    let command = AnswerCommand::Give {
        dispatch,
        person,
        choice: ChoiceId(wish.body.choice),
        comment: wish.body.comment,
        details: Vec::new(),
        via: Via::Behalf,
    };
    api.act(wish.caller, wish.key, command).await?;
    let shown = api.read(|state| state.dispatch(dispatch).map(|it| shown(state, it, person)));
    let (mut body, answer) = shown.ok_or_else(|| Problem::missing("配信"))?;
    write_comments(&api, std::iter::once(&mut body), &[answer]).await?;
    Ok((StatusCode::CREATED, Json(body)))
}

/// Where somebody can stand. That a page was fetched is uncertain: mail scanners fetch pages too.
pub(super) const STANDINGS: [&str; 4] = ["answered", "fetched", "unanswered", "unreachable"];

pub(super) fn standing(response: Response) -> &'static str {
    match response {
        Response::Answered => "answered",
        Response::Fetched => "fetched",
        Response::Unanswered => "unanswered",
        Response::Unreachable => "unreachable",
    }
}

/// Where somebody stands, without what was written in the answer, and that answer.
fn shown(state: &Present, dispatch: &Dispatch, id: PersonId) -> (Value, Option<Answer>) {
    let person = state.people().find(id);
    let last = state.last_answer(dispatch.id(), id);
    let label = last.and_then(|answer| dispatch.record().question.choice(answer.choice)).map(|it| &it.label_ja);
    let item = json!({
        "person": id.0,
        "name": person.map_or("", |it| it.name()),
        "groups": person.map(|it| it.groups.iter().map(|group| group.0).collect::<Vec<_>>()).unwrap_or_default(),
        "standing": standing(dispatch.response(id)),
        "choice": last.map(|answer| answer.choice.0),
        "label": label,
        "comment": null,
        "via": last.map(|answer| via(answer.via)),
        "at": last.map(|answer| answer.at().to_string()),
    });
    (item, last.cloned())
}

pub(super) fn via(via: Via) -> &'static str {
    match via {
        Via::Link => "link",
        Via::Behalf => "behalf",
        Via::SelfReport => "self_report",
        Via::Mail => "mail",
    }
}
