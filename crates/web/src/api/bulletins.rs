//! What a hazard source would say, entered by a program before any feed says it; judged like a telegram [O01 A16].

use axum::{Json, extract::State, http::StatusCode};
use hikyaku_bulletin::Fate;
use hikyaku_dispatch::{Error, JudgingCommand, decide_for};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::wish::Wish;
use crate::by_hand::Entry;

/// An entry, as the form at the console has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBulletin {
    /// `real` or `drill`.
    mode: String,
    /// One sentence.
    headline: String,
    /// What it goes on with: the `series` of an entry before; without, it begins one.
    #[serde(default)]
    series: String,
    /// `issue`, `correction` or `cancellation`.
    #[serde(default = "issue")]
    revision: String,
    /// `civil-protection` or `other`.
    kind: String,
    #[serde(default = "other")]
    threat: String,
    #[serde(default = "unknown")]
    phase: String,
    #[serde(default = "unknown")]
    place: String,
    /// What another hazard is called.
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
    /// By the clocks of Japan: `2026-11-21T14:05`.
    #[serde(default)]
    occurred: String,
    #[serde(default)]
    prefectures: Vec<u8>,
    #[serde(default)]
    fallen_in: Vec<u8>,
    /// Codes of countries, municipalities and 細分区域.
    #[serde(default)]
    regions: Vec<String>,
}

fn issue() -> String {
    "issue".to_owned()
}

fn other() -> String {
    "Other".to_owned()
}

fn unknown() -> String {
    "Unknown".to_owned()
}

/// `POST /bulletins`: it waits for its judgement; twice the same key is one entry.
pub(super) async fn enter(
    State(api): State<Api>,
    wish: Wish<NewBulletin>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let unheard = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "このサーバーは情報を受信していません。");
    let feeds = api.0.feeds.clone().ok_or_else(unheard)?;
    let (caller, now, name) = (wish.caller, api.now(), wish.key.name());
    let entry = wish.body.named(name.clone());
    let telegram = entry.telegram(caller.account, now).map_err(Problem::mend)?;
    let bulletin = feeds.read(&telegram).map_err(Problem::mend)?.pop();
    let bulletin = bulletin.ok_or_else(|| Problem::mend("入力した内容を読めません。"))?;
    let headline = bulletin.headline.clone();
    let take =
        JudgingCommand::TakeBulletin { bulletin: Box::new(bulletin), fate: Fate::Act, received: now, present: now };
    api.read(|state| decide_for(state, caller.actor(), &take.into(), now).map(drop)).map_err(Error::from)?;
    let entered = feeds.enter(format!("manual-{name}"), telegram).await;
    entered.map_err(|why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, why))?;
    tracing::info!(token = %caller.token, series = entry.series, "information was entered by a program");
    Ok((StatusCode::ACCEPTED, Json(json!({ "series": entry.series, "headline": headline }))))
}

impl NewBulletin {
    fn named(self, id: String) -> Entry {
        let series = if self.series.trim().is_empty() { id.clone() } else { self.series.trim().to_owned() };
        Entry {
            id,
            series,
            mode: self.mode,
            revision: self.revision,
            kind: self.kind,
            threat: self.threat,
            phase: self.phase,
            place: self.place,
            title: self.title,
            headline: self.headline.trim().to_owned(),
            text: self.text,
            occurred: self.occurred,
            prefectures: self.prefectures,
            fallen_in: self.fallen_in,
            places: self.regions.join(" "),
        }
    }
}
