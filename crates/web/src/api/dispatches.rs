//! Dispatches: listed, read, counted, composed, sent again, cancelled, ended.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hikyaku_dispatch::{
    Action, Command, Dispatch, DispatchCommand, DispatchId, Error, GroupId, GroupRow, IncidentId, Mode, Side,
    State as Present, Wording, decide_for, select,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bearer::Caller;
use super::draft::NewDispatch;
use super::paging;
use super::problem::Problem;
use super::wish::{Key, Wish};
use super::{Api, BASE};
use crate::compose::Reach;
use crate::console::Scope;
use crate::specimen::{SOMEBODY, Specimen};
use crate::watch::again;

/// Which dispatches.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    incident: Option<u32>,
}

/// Of which group; all without one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Part {
    group: Option<u32>,
}

/// Nothing beside the address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `GET /dispatches`, the newest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<Asked>,
    Query(page): Query<paging::Asked>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeCounts);
        let of_incident = |it: &&Dispatch| asked.incident.is_none_or(|id| incident(state, it) == IncidentId(id));
        let found = state.dispatches().rev().filter(of_incident).filter(|it| sees(state, &scope, it));
        page.page(found, |it| -i64::from(it.id().0), |it| shown(state, &scope, it, api.now())).map(Json)
    })
}

/// `GET /dispatches/{dispatch}`.
pub(super) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(dispatch): Path<u32>,
) -> Result<Json<Value>, Problem> {
    found(&api, caller, DispatchId(dispatch)).map(Json)
}

/// `GET /dispatches/{dispatch}/tally`.
pub(super) async fn tally(
    State(api): State<Api>,
    caller: Caller,
    Path(dispatch): Path<u32>,
) -> Result<Json<Value>, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeCounts);
        let dispatch = seen(state, &scope, DispatchId(dispatch))?;
        let tally = state.tally(dispatch.id());
        let part = scope.part_of(state, dispatch);
        let is_seen = |row: &&GroupRow| {
            part.is_none_or(|groups| groups.iter().any(|group| state.groups().is_within(row.id, *group)))
        };
        let counts = Counts::of(state, &scope, dispatch);
        let labels = tally.by_choice.iter().map(|(label, _)| label);
        let share = |(name, share): (String, &hikyaku_dispatch::Share)| {
            json!({ "name": name, "people": share.people, "answered": share.answered })
        };
        let regions = tally.by_region.iter().map(|(code, it)| share((code.to_string(), it)));
        let carriers = tally.by_carrier.iter().map(|(name, it)| share((name.clone(), it)));
        Ok(Json(json!({
            "dispatch": dispatch.id().0,
            "asked": counts.asked,
            "answered": counts.answered,
            "unanswered": counts.unanswered,
            "choices": labels.zip(&counts.by_choice).map(|(label, count)| json!({ "label": label, "count": count })).collect::<Vec<_>>(),
            "groups": tally.by_group.iter().filter(is_seen).map(group).collect::<Vec<_>>(),
            // Of the whole only: a part would tell about the others by subtraction.
            "regions": part.is_none().then(|| regions.collect::<Vec<_>>()),
            "carriers": part.is_none().then(|| carriers.collect::<Vec<_>>()),
        })))
    })
}

fn group(row: &GroupRow) -> Value {
    json!({
        "group": row.id.0,
        "name": row.name,
        "depth": row.depth,
        "asked": row.asked,
        "answered": row.answered,
        "unanswered": row.unanswered,
        "by_choice": row.by_choice,
    })
}

/// `POST /dispatches`: sends at once.
pub(super) async fn compose(State(api): State<Api>, wish: Wish<NewDispatch>) -> Result<Response, Problem> {
    let (caller, key) = (wish.caller, wish.key);
    let draft = api.read(|state| {
        let side = api.scope(state, caller, Action::SendFree).side();
        wish.body.draft(state, side, key.name())
    });
    api.act(caller, key, DispatchCommand::Open { draft: Box::new(draft.map_err(Problem::mend)?) }).await?;
    opened(&api, caller, key)
}

/// The dispatch that was opened under a key.
pub(super) fn opened(api: &Api, caller: Caller, key: Key) -> Result<Response, Problem> {
    let id = api.read(|state| state.dispatch_named(&key.name()).map(Dispatch::id));
    let id = id.ok_or_else(|| Problem::missing("配信"))?;
    let place = format!("{BASE}/dispatches/{}", id.0);
    // Who may send and not see is told the number alone.
    let body = found(api, caller, id).unwrap_or_else(|_| json!({ "id": id.0 }));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(body)).into_response())
}

/// `POST /dispatches/preview`: whom it would reach and how the mail would look, with no name in it; nothing is sent.
pub(super) async fn preview(State(api): State<Api>, wish: Wish<NewDispatch>) -> Result<Json<Value>, Problem> {
    let (caller, key, now) = (wish.caller, wish.key, api.now());
    api.read(|state| {
        let side = api.scope(state, caller, Action::SendFree).side();
        let draft = wish.body.draft(state, side, key.name()).map_err(Problem::mend)?;
        // Numbers of people whom the caller may not send to are none of the caller's business.
        let command = DispatchCommand::Schedule { draft: Box::new(draft.clone()), at: now }.into();
        decide_for(state, caller.actor(), &command, now).map_err(Error::from)?;
        let people = select(state, &draft.target, draft.side, now).map_err(Error::from)?;
        let reach = Reach::of(state, people.into_iter());
        let mail = Specimen::of(&api.0.web, &Wording::from(&draft), SOMEBODY, "");
        Ok(Json(json!({
            "people": reach.people,
            "mails": reach.domains.values().sum::<u64>(),
            "without_address": reach.without,
            "domains": reach.domains,
            "subject": mail.subject,
            "text": mail.text,
        })))
    })
}

/// `POST /dispatches/{dispatch}/resend`.
pub(super) async fn resend(
    State(api): State<Api>,
    Path(dispatch): Path<u32>,
    wish: Wish<Part>,
) -> Result<Json<Value>, Problem> {
    let id = DispatchId(dispatch);
    let command = api.read(|state| {
        let dispatch = state.dispatch(id).ok_or_else(|| Problem::missing("配信"))?;
        let of_group = |group: u32| {
            let minute = api.now().as_second() / 60;
            DispatchCommand::Open { draft: Box::new(again(state, dispatch, GroupId(group), minute)) }
        };
        let whole = DispatchCommand::Resend { dispatch: id };
        Ok::<_, Problem>(wish.body.group.map_or(whole, of_group))
    })?;
    change(&api, wish.caller, wish.key, id, command).await
}

/// `POST /dispatches/{dispatch}/cancel`: what has not left is not sent any more.
pub(super) async fn cancel(
    State(api): State<Api>,
    Path(dispatch): Path<u32>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    let dispatch = DispatchId(dispatch);
    change(&api, wish.caller, wish.key, dispatch, DispatchCommand::Cancel { dispatch }).await
}

/// `POST /dispatches/{dispatch}/close`: it cannot be answered any more either.
pub(super) async fn close(
    State(api): State<Api>,
    Path(dispatch): Path<u32>,
    wish: Wish<Nothing>,
) -> Result<Json<Value>, Problem> {
    let dispatch = DispatchId(dispatch);
    change(&api, wish.caller, wish.key, dispatch, DispatchCommand::Close { dispatch }).await
}

async fn change(
    api: &Api,
    caller: Caller,
    key: Key,
    dispatch: DispatchId,
    command: impl Into<Command>,
) -> Result<Json<Value>, Problem> {
    api.act(caller, key, command).await?;
    // Who may do it and not see is told the number alone.
    Ok(Json(found(api, caller, dispatch).unwrap_or_else(|_| json!({ "id": dispatch.0 }))))
}

fn found(api: &Api, caller: Caller, dispatch: DispatchId) -> Result<Value, Problem> {
    api.read(|state| {
        let scope = api.scope(state, caller, Action::SeeCounts);
        Ok(shown(state, &scope, seen(state, &scope, dispatch)?, api.now()))
    })
}

/// A dispatch of which the caller sees anything.
pub(super) fn seen<'a>(state: &'a Present, scope: &Scope, id: DispatchId) -> Result<&'a Dispatch, Problem> {
    state.dispatch(id).filter(|it| sees(state, scope, it)).ok_or_else(|| Problem::missing("配信"))
}

/// Whether anybody whom the dispatch asks is within reach.
pub(super) fn sees(state: &Present, scope: &Scope, dispatch: &Dispatch) -> bool {
    scope.part_of(state, dispatch).is_none() || Counts::of(state, scope, dispatch).asked > 0
}

/// The numbers of the caller's part.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) asked: u32,
    pub(super) answered: u32,
    unanswered: u32,
    pub(super) by_choice: Vec<u32>,
}

impl Counts {
    pub(super) fn of(state: &Present, scope: &Scope, dispatch: &Dispatch) -> Self {
        let Some(groups) = scope.part_of(state, dispatch) else {
            let whole = state.tally(dispatch.id());
            return Self {
                asked: whole.asked_people,
                answered: whole.answered,
                unanswered: whole.unanswered,
                by_choice: whole.by_choice.iter().map(|(_, count)| *count).collect(),
            };
        };
        let rows = groups.iter().filter_map(|group| state.tally_of(dispatch.id(), *group));
        rows.fold(Self::default(), |mut sum, row| {
            sum.asked += row.asked;
            sum.answered += row.answered;
            sum.unanswered += row.unanswered;
            sum.by_choice.resize(row.by_choice.len(), 0);
            sum.by_choice.iter_mut().zip(row.by_choice).for_each(|(sum, count)| *sum += count);
            sum
        })
    }
}

fn shown(state: &Present, scope: &Scope, dispatch: &Dispatch, now: Timestamp) -> Value {
    let record = dispatch.record();
    let counts = Counts::of(state, scope, dispatch);
    let ends = dispatch.delivery();
    let mails = json!({
        "all": state.tally(dispatch.id()).mails,
        "accepted": ends.accepted,
        "bounced": ends.bounced,
        "expired": ends.expired,
        "cancelled": ends.cancelled,
        "unknown": ends.unknown,
    });
    json!({
        "id": dispatch.id().0,
        "key": record.key,
        "incident": incident(state, dispatch).0,
        "mode": mode(record.mode),
        "state": standing(dispatch, now),
        "recorded": state.apart(dispatch.id()).is_none_or(|apart| apart.recorded.is_some()),
        "title": record.title,
        "facts": record.facts,
        "class": record.class.to_string(),
        "side": side(state.side_of(record)),
        "decided": record.decided.to_string(),
        "opened": record.opened.to_string(),
        "expires": record.expires.to_string(),
        "rounds": dispatch.rounds().len(),
        "asked": counts.asked,
        "answered": counts.answered,
        "unanswered": counts.unanswered,
        "mails": scope.holds_all(state, dispatch).then_some(mails),
    })
}

/// Where merging and splitting have put it.
fn incident(state: &Present, dispatch: &Dispatch) -> IncidentId {
    state.incident_of(dispatch.id()).map_or(dispatch.record().incident, |incident| incident.id)
}

fn standing(dispatch: &Dispatch, now: Timestamp) -> &'static str {
    match () {
        () if dispatch.is_closed() => "closed",
        () if dispatch.is_cancelled() => "cancelled",
        () if !dispatch.is_open(now) => "over",
        () if dispatch.timeline().queued.is_none() => "preparing",
        () => "open",
    }
}

pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Real => "real",
        Mode::Drill => "drill",
        Mode::Test => "test",
    }
}

pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Domestic => "domestic",
        Side::Overseas => "overseas",
    }
}
