//! What the console's reports tell: one dispatch from the decision to the answers, and several side by side.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use hikyaku_dispatch::{
    Action, Dispatch, DispatchId, HealthState, Measure, Punctuality, Round, Share, State as Present, Subject, may,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::bearer::Caller;
use super::dispatches::{Counts, mode, seen, sees};
use super::problem::Problem;
use crate::picture::{Curve, LINES_MAX};
use crate::report::{health_word, verdict, why};

/// Which dispatches are put side by side.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// Their numbers, separated by commas.
    #[serde(default)]
    dispatches: String,
}

/// `GET /dispatches/{dispatch}/report`: for whoever sees all of its half.
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(dispatch): Path<u32>,
) -> Result<Json<Value>, Problem> {
    let now = api.now();
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeCounts);
        let dispatch = seen(state, &scope, DispatchId(dispatch))?;
        let whole = Subject::Side(state.side_of(dispatch.record()));
        may(caller.actor(), Action::SeeCounts, whole, state, now)?;
        let picture = api.0.pictures.of(state, dispatch, None, now);
        Ok(Json(shown(state, dispatch, &picture.curve, now)))
    })
}

/// `GET /compare?dispatches=3,7`: of each the caller's part, the first five of them.
pub(super) async fn compare(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let numbers = asked.dispatches.split(',').filter(|it| !it.is_empty()).map(|it| it.trim().parse().map(DispatchId));
    let numbers: Result<Vec<DispatchId>, _> = numbers.collect();
    let numbers = numbers.map_err(|_| Problem::mend("dispatches には、配信の番号を「3,7」のように書いてください。"))?;
    if numbers.len() > LINES_MAX {
        return Err(Problem::mend(format!("dispatches に書ける配信は {LINES_MAX} 件までです。")));
    }
    let items = api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeCounts);
        let known = numbers.iter().filter_map(|id| state.dispatch(*id)).filter(|it| sees(state, &scope, it));
        let item = |dispatch: &Dispatch| {
            let picture = api.0.pictures.of(state, dispatch, scope.part_of(state, dispatch), api.now());
            let (record, counts) = (dispatch.record(), Counts::of(state, &scope, dispatch));
            json!({
                "dispatch": dispatch.id().0,
                "mode": mode(record.mode),
                "title": record.title,
                "opened": record.opened.to_string(),
                "asked": counts.asked,
                "answered": counts.answered,
                "times": times(&picture.curve),
            })
        };
        known.map(item).collect::<Vec<_>>()
    });
    Ok(Json(json!({ "items": items, "next": null })))
}

/// Seconds until a quarter, half and three quarters of those who were asked had answered.
fn times(curve: &Curve) -> Value {
    let [quarter, half, three_quarters] = [25, 50, 75].map(|percent| curve.seconds_to(percent));
    json!({ "quarter_s": quarter, "half_s": half, "three_quarters_s": three_quarters })
}

fn shown(state: &Present, dispatch: &Dispatch, curve: &Curve, now: Timestamp) -> Value {
    let (record, punctual, ends) = (dispatch.record(), Punctuality::of(dispatch), dispatch.delivery());
    let tally = state.tally(dispatch.id());
    let (told, is_good) = verdict(&punctual, now);
    let stage = |it: &hikyaku_dispatch::Stage| json!({ "name": it.name, "at": it.at.to_string(), "took_s": it.took.as_secs_f64() });
    let carrier = |it: &hikyaku_dispatch::CarrierTimes| {
        let took = it.at[1..].iter().map(|at| at.duration_since(punctual.submitted).as_secs_f64());
        json!({ "carrier": it.carrier, "accepted": it.accepted, "took_s": took.collect::<Vec<_>>() })
    };
    let round = |it: &Round| json!({ "at": it.at.to_string(), "why": why(it.why), "mails": it.mails.len() });
    let choice = |(label, count): &(String, u32)| json!({ "label": label, "count": count });
    let health = |(health, share): (Option<HealthState>, Share)| json!({ "name": health_word(health), "people": share.people, "answered": share.answered });
    let measure = |it: &Measure| json!({ "what": it.what, "owner": it.owner, "done": it.done });
    json!({
        "dispatch": dispatch.id().0,
        "mode": mode(record.mode),
        "title": record.title,
        "facts": record.facts,
        "class": record.class.to_string(),
        "decided": record.decided.to_string(),
        "deadline": punctual.deadline.to_string(),
        "over": punctual.over.map(|at| at.to_string()),
        "verdict": told,
        "in_time": is_good,
        "stages": punctual.stages.iter().map(stage).collect::<Vec<_>>(),
        "slowest": punctual.slowest_stage(now).map(|it| it.name),
        "carriers": punctual.carriers.iter().map(carrier).collect::<Vec<_>>(),
        "mails": {
            "all": tally.mails,
            "accepted": ends.accepted,
            "bounced": ends.bounced,
            "expired": ends.expired,
            "cancelled": ends.cancelled,
            "unknown": ends.unknown,
        },
        "rounds": dispatch.rounds().iter().map(round).collect::<Vec<_>>(),
        "asked": tally.asked_people,
        "answered": tally.answered,
        "choices": tally.by_choice.iter().map(choice).collect::<Vec<_>>(),
        "times": times(curve),
        "health": state.tally_by_health(dispatch.id()).into_iter().map(health).collect::<Vec<_>>(),
        "measures": dispatch.measures().iter().map(measure).collect::<Vec<_>>(),
    })
}
