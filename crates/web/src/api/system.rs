//! How the system is: the engine's lanes, its troubles, and what was made of every telegram.

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use hikyaku_core::observe::{LaneView, Via};
use hikyaku_core::{Cause, Snapshot};
use hikyaku_dispatch::Judgement;
use serde_json::{Map, Value, json};

use super::Api;
use super::dispatches::mode;
use super::paging;
use super::problem::Problem;
use crate::delivery::trouble;

/// `GET /health`.
pub(super) async fn health(State(api): State<Api>) -> Json<Value> {
    let trouble = match snapshot(&api).await {
        Ok(snapshot) => trouble(&snapshot),
        Err(problem) => vec![problem],
    };
    let waiting = api.read(|state| state.waiting().count());
    Json(json!({
        "status": if trouble.is_empty() { "ok" } else { "trouble" },
        "version": env!("CARGO_PKG_VERSION"),
        "now": api.now().to_string(),
        "holds": waiting,
        "trouble": trouble,
    }))
}

/// `GET /lanes`.
pub(super) async fn lanes(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    let unread = |problem| Problem::new(StatusCode::SERVICE_UNAVAILABLE, problem);
    let snapshot = snapshot(&api).await.map_err(unread)?;
    Ok(Json(json!({
        "waiting": snapshot.waiting,
        "lanes": snapshot.lanes.iter().map(|it| lane(it, &snapshot)).collect::<Vec<_>>(),
    })))
}

async fn snapshot(api: &Api) -> Result<Snapshot, String> {
    let engine = api.0.engine.as_ref().ok_or("このサーバーは送信を行っていません。")?;
    engine.snapshot().await.map_err(|error| format!("送信の状況を読めません: {error}"))
}

fn lane(lane: &LaneView, snapshot: &Snapshot) -> Value {
    let held = lane.held_until.filter(|until| *until > snapshot.at);
    let failed = lane.bounced.iter().filter_map(|(cause, count)| Some((word(*cause)?, json!(count))));
    let failed: Map<String, Value> = failed.collect();
    json!({
        "carrier": lane.carrier.to_string(),
        "way": match &lane.via {
            Via::Direct => "direct".to_owned(),
            Via::Source(address) => format!("source {address}"),
            Via::Relay(name) => format!("relay {name}"),
        },
        "paused": lane.paused,
        "alarm": lane.alarm.and_then(word),
        "held_s": held.map(|until| until.since(snapshot.at).as_secs_f64()),
        "waiting": lane.waiting,
        "accepted": lane.accepted,
        "deferred": lane.deferred,
        "in_doubt": lane.in_doubt,
        "failed": failed,
        "sessions": lane.sessions,
        "window": lane.window,
        "rate": lane.rate,
    })
}

/// The engine's own word for a cause, such as `unknown-user`.
fn word(cause: Cause) -> Option<String> {
    serde_json::to_value(cause).ok()?.as_str().map(str::to_owned)
}

/// `GET /judgements`, the newest first.
pub(super) async fn judgements(
    State(api): State<Api>,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let found = state.judgements().iter().rev();
        page.page(found, |it| -it.judged.as_microsecond(), judgement).map(Json)
    })
}

fn judgement(judgement: &Judgement) -> Value {
    json!({
        "source": judgement.source,
        "kind": judgement.kind,
        "standing": judgement.standing,
        "revision": judgement.revision,
        "headline": judgement.headline,
        "published": judgement.published.to_string(),
        "received": judgement.received.to_string(),
        "judged": judgement.judged.to_string(),
        "mode": mode(judgement.mode),
        "verdict": judgement.verdict.to_string(),
        "reasons": judgement.reasons,
        "incident": judgement.incident.map(|id| id.0),
        "asked_people": judgement.asked_people,
    })
}
