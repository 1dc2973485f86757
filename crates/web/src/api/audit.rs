//! The journal for a program that watches over it: its rows in words, without names, and whether all of them are as they were written
//! [S10 S17].

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use hikyaku_dispatch::{Action, JournalError, verify as verify_journal};
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::Nothing;
use super::problem::Problem;
use super::wish::Wish;
use crate::audit::{Asked, Unread, rows};

/// `GET /audit`, the newest first; `before` of the answer goes on.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let scope = api.read(|state| api.scope(state, caller, Action::ReadAudit));
    let (told, before) = rows(&api.0.web.desk, &scope, &asked).await.map_err(|unread| match unread {
        Unread::Asked(trouble) => Problem::mend(trouble),
        Unread::Journal(error) => {
            tracing::error!(%error, "the journal could not be read for a program");
            Problem::unreadable()
        }
    })?;
    let rows: Vec<Value> = told
        .into_iter()
        .map(
            |it| json!({ "row": it.row, "at": it.at.to_string(), "actor": it.actor, "kind": it.kind, "said": it.said }),
        )
        .collect();
    Ok(Json(json!({ "rows": rows, "before": before })))
}

/// `POST /audit/verify`: every row and the recorded end; one at a time.
pub(super) async fn verify(State(api): State<Api>, wish: Wish<Nothing>) -> Result<Json<Value>, Problem> {
    let Ok(_alone) = api.0.verifying.try_lock() else {
        return Err(Problem::new(StatusCode::CONFLICT, "いま確認しています。終わってから、もう一度送ってください。"));
    };
    match verify_journal(api.0.web.desk.journal()).await {
        Ok(head) => Ok(Json(json!({ "whole": true, "rows": head.seq, "problem": null }))),
        Err(JournalError::Broken(broken)) => {
            tracing::error!(token = %wish.caller.token, %broken, "the journal was verified and does not hold");
            Ok(Json(json!({ "whole": false, "rows": null, "problem": broken.to_string() })))
        }
        Err(error) => {
            tracing::error!(%error, "the journal could not be verified for a program");
            Err(Problem::unreadable())
        }
    }
}
