//! The sources of telegrams: how they do, and what a telegram would lead to. Nothing is written and nothing is sent.

use axum::{Json, extract::State, http::StatusCode};
use hikyaku_bulletin::Bulletin;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::wish::Wish;
use crate::console::SourceHealth;
use crate::rules::{Foreseen, Mails};

/// A telegram to be tried.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTrial {
    /// XML or JSON as it came, in UTF-8.
    telegram: String,
}

/// `GET /feeds`. `null` where this server reads no feeds.
pub(super) async fn health(State(api): State<Api>) -> Json<Value> {
    let source = |it: SourceHealth| {
        json!({
            "name": it.name,
            "polled": it.is_polled,
            "last": it.last.map(|at| at.to_string()),
            "telegrams": it.telegrams,
            "repeated": it.repeated,
            "failures": it.failures,
            "alarms": it.alarms,
        })
    };
    let sources = api.0.feeds.as_ref().map(|feeds| feeds.health().into_iter().map(source).collect::<Vec<_>>());
    Json(json!({ "sources": sources }))
}

/// `POST /rules/trial`: as if it came now and nothing of its series had come before. Nobody is named.
pub(super) async fn trial(State(api): State<Api>, wish: Wish<NewTrial>) -> Result<Json<Value>, Problem> {
    let Some(feeds) = api.0.feeds.clone() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "このサーバーは電文を読めません。"));
    };
    // The largest telegrams take tens of milliseconds.
    let read = tokio::task::spawn_blocking(move || feeds.read(wish.body.telegram.as_bytes())).await;
    let bulletins = read.unwrap_or_else(|error| Err(error.to_string()));
    let bulletins = bulletins.map_err(|why| Problem::mend(format!("telegram を電文として読めません: {why}")))?;
    let foreseen = |it: &Bulletin| api.read(|state| Foreseen::by(state, it, |_| false)).map(|it| shown(&it));
    let items: Result<Vec<Value>, String> = bulletins.iter().map(foreseen).collect();
    Ok(Json(json!({ "items": items.map_err(Problem::mend)?, "next": null })))
}

fn shown(foreseen: &Foreseen) -> Value {
    let mails = |it: &Mails| json!({ "how": it.how, "subject": it.subject, "people": it.people.0 });
    json!({
        "headline": foreseen.headline,
        "kind": foreseen.kind,
        "verdict": foreseen.verdict,
        "reasons": foreseen.reasons,
        "mails": foreseen.mails.iter().map(mails).collect::<Vec<_>>(),
    })
}
