//! What waits for a person's decision: approved or rejected by whoever may, within the time of its rule.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::Response,
};
use hikyaku_dispatch::{
    Action, Command, DispatchCommand, JudgingCommand, ProposalId, State as Present, Waiting, decides,
};
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::{Nothing, mode, opened};
use super::draft::Changed;
use super::paging;
use super::problem::Problem;
use super::wish::Wish;
use crate::compose::waiting;

/// `GET /holds`, the oldest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::Approve);
        let found = state.waiting().filter(|it| scope.is_wide(state.side_of(&it.proposal.draft)));
        page.page(found, |it| i64::from(it.proposal.id.0), |it| shown(state, caller, it)).map(Json)
    })
}

/// `POST /holds/{hold}/approve`.
pub(super) async fn approve(
    State(api): State<Api>,
    Path(hold): Path<u32>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    let command = JudgingCommand::Approve { proposal: ProposalId(hold) };
    api.act(wish.caller, wish.key, command).await?;
    Ok(Json(json!({ "hold": hold, "decision": "approved" })))
}

/// `POST /holds/{hold}/reject`.
pub(super) async fn reject(
    State(api): State<Api>,
    Path(hold): Path<u32>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    let command = JudgingCommand::Reject { proposal: ProposalId(hold) };
    api.act(wish.caller, wish.key, command).await?;
    Ok(Json(json!({ "hold": hold, "decision": "rejected" })))
}

/// `POST /holds/{hold}/replace`: it is rejected and another is sent in its place, both or neither.
pub(super) async fn replace(
    State(api): State<Api>,
    Path(hold): Path<u32>,
    wish: Wish<Changed>,
) -> Result<Response, Problem> {
    let reject = JudgingCommand::Reject { proposal: ProposalId(hold) };
    let command = api.read(|state| match waiting(state, hold) {
        Some(waiting) => {
            let draft = Box::new(wish.body.draft(state, waiting, wish.key.name())?);
            Ok::<Command, String>(Command::Together(vec![reject.into(), DispatchCommand::Open { draft }.into()]))
        }
        // Decided: under this key, which then does nothing more, or by somebody else, which is refused.
        None => Ok(reject.into()),
    });
    api.act(wish.caller, wish.key, command.map_err(Problem::mend)?).await?;
    opened(&api, wish.caller, wish.key)
}

fn shown(state: &Present, caller: Caller, waiting: &Waiting) -> Value {
    let (proposal, draft) = (&waiting.proposal, &waiting.proposal.draft);
    json!({
        "id": proposal.id.0,
        "since": proposal.since.to_string(),
        "deadline": proposal.deadline().to_string(),
        "incident": draft.incident.0,
        "rule": draft.rule.map(|rule| rule.0),
        "mode": mode(draft.mode),
        "title": draft.title,
        "facts": draft.facts,
        "asked": draft.asked.len(),
        "called": waiting.called,
        "decidable": decides(state, caller.actor(), proposal.id),
    })
}
