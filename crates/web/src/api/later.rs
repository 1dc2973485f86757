//! Sending with time to take it back, as the console's countdown does.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{Action, Dispatch, DispatchCommand, State as Present};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bearer::Caller;
use super::dispatches::Nothing;
use super::draft::NewDispatch;
use super::problem::Problem;
use super::wish::Wish;
use super::{Api, BASE};
use crate::compose::{COUNTDOWN, may_take_back};

/// Most seconds for which a dispatch waits.
const DELAY_MAX_S: i64 = 600;

/// A dispatch that waits before it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewScheduled {
    dispatch: NewDispatch,
    /// For how long; as at the console if nothing is said.
    delay_s: Option<i64>,
}

/// How one stands that was to be sent later.
pub(super) const STATES: [&str; 3] = [WAITING, SENT, TAKEN_BACK];
const WAITING: &str = "waiting";
const SENT: &str = "sent";
const TAKEN_BACK: &str = "taken_back";

/// `POST /scheduled`.
pub(super) async fn schedule(State(api): State<Api>, wish: Wish<NewScheduled>) -> Result<Response, Problem> {
    let (caller, key, now) = (wish.caller, wish.key, api.now());
    let delay = wish.body.delay_s.unwrap_or(COUNTDOWN.as_secs());
    if !(1..=DELAY_MAX_S).contains(&delay) {
        return Err(Problem::mend(format!("delay_s は 1 から {DELAY_MAX_S} までの秒数にしてください。")));
    }
    let draft = api.read(|state| {
        let side = api.scope(state, caller, Action::SendFree).side();
        wish.body.dispatch.draft(state, side, key.name())
    });
    let (draft, at) = (Box::new(draft.map_err(Problem::mend)?), now + SignedDuration::from_secs(delay));
    api.act(caller, key, DispatchCommand::Schedule { draft, at }).await?;
    let name = key.name();
    let body =
        api.read(|state| stand(state, caller, &name, now)).unwrap_or_else(|| standing(&name, TAKEN_BACK, None, None));
    let place = format!("{BASE}/scheduled/{name}");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(body)).into_response())
}

/// `GET /scheduled/{key}`.
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, Problem> {
    let found = api.read(|state| stand(state, caller, &key, api.now()));
    found.map(Json).ok_or_else(|| Problem::missing("送信待ちの配信"))
}

/// `POST /scheduled/{key}/take-back`: it is not sent.
pub(super) async fn take_back(
    State(api): State<Api>,
    Path(key): Path<String>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    if api.read(|state| state.dispatch_named(&key).is_some()) {
        let detail = "もう送信しました。残りを止めるには、その配信の cancel を使ってください。";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    api.act(wish.caller, wish.key, DispatchCommand::Unschedule { key: key.clone() }).await?;
    Ok(Json(standing(&key, TAKEN_BACK, None, None)))
}

/// How the one of this name stands, for whoever could take it back or, once it is sent, may send at all.
fn stand(state: &Present, caller: Caller, key: &str, now: Timestamp) -> Option<Value> {
    if let Some(dispatch) = state.dispatch_named(key).map(Dispatch::id) {
        return Some(standing(key, SENT, None, Some(dispatch.0)));
    }
    let (at, _) = state.scheduled(key).filter(|_| may_take_back(state, caller.actor(), key, now))?;
    Some(standing(key, WAITING, Some(at), None))
}

fn standing(key: &str, state: &str, at: Option<Timestamp>, dispatch: Option<u32>) -> Value {
    json!({ "key": key, "state": state, "at": at.map(|at| at.to_string()), "dispatch": dispatch })
}
