//! Carriers held by a program: nothing sent there, or so many mails a second, at every node.

use axum::{
    Json,
    extract::{Path, State},
};
use hikyaku_dispatch::{BrakeChange, DispatchCommand};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::Api;
use super::dispatches::Nothing;
use super::problem::Problem;
use super::wish::Wish;
use crate::delivery::{LIMIT_MAX, LIMIT_MIN, pace};

/// To how many mails a second a carrier is held.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPace {
    /// `null` for as many as the engine finds that the carrier takes; it must be said.
    #[serde(deserialize_with = "said")]
    mails_per_second: Option<f64>,
}

/// What must stand there, be it `null`.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Option::deserialize(deserializer)
}

/// `POST /lanes/{carrier}/pause`: what waits is kept.
pub(super) async fn pause(
    State(api): State<Api>,
    Path(carrier): Path<String>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    changed(&api, carrier, wish, BrakeChange::Pause).await
}

/// `POST /lanes/{carrier}/resume`.
pub(super) async fn resume(
    State(api): State<Api>,
    Path(carrier): Path<String>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    changed(&api, carrier, wish, BrakeChange::Resume).await
}

/// `POST /lanes/{carrier}/limit`.
pub(super) async fn limit(
    State(api): State<Api>,
    Path(carrier): Path<String>,
    wish: Wish<NewPace>,
) -> Result<Json<Value>, Problem> {
    let wrong =
        || Problem::mend(format!("mails_per_second は {LIMIT_MIN} から {LIMIT_MAX} までの数か null にしてください。"));
    let change = match wish.body.mails_per_second {
        None => BrakeChange::Limit(None),
        Some(most) => pace(most).ok_or_else(wrong)?,
    };
    changed(&api, carrier, wish, change).await
}

/// Notes it in the journal, which every node follows within a second; the engine here is not told at once, so that a wish that is
/// repeated undoes nothing that somebody else did meanwhile.
async fn changed<T>(api: &Api, carrier: String, wish: Wish<T>, change: BrakeChange) -> Result<Json<Value>, Problem> {
    let command = DispatchCommand::BrakeCarrier { carrier: carrier.clone(), change };
    api.act(wish.caller, wish.key, command).await?;
    let brake = api.read(|state| state.brakes().get(&carrier).copied()).unwrap_or_default();
    let most = brake.per_1000_s.map(|pace| f64::from(pace) / 1_000.0);
    Ok(Json(json!({ "carrier": carrier, "paused": brake.paused, "mails_per_second": most })))
}
