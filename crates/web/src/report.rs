//! The report of one dispatch, for paper and for those who ask later: what happened when, how fast, and what did not work [P06].

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{
    Action, Dispatch, DispatchCommand, DispatchId, HealthState, Measure, Punctuality, State as Present, Thousands, Why,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::bar;
use crate::console::{Console, Viewer, told};
use crate::foresight;
use crate::frame::{Count, Frame, Place};
use crate::mode::Marks;
use crate::moment;
use crate::page;
use crate::picture::Picture;

#[derive(Debug, Template)]
#[template(path = "report.html")]
struct ReportPage {
    frame: Frame,
    trouble: Option<String>,
    dispatch: u32,
    title: String,
    facts: Vec<String>,
    decided: String,
    class: String,
    /// Whether it was in time, in words, and whether that is good.
    verdict: (String, bool),
    stages: Vec<(String, String, String)>,
    slowest: Option<String>,
    carriers: Vec<Carrier>,
    mails: Vec<(&'static str, Count)>,
    rounds: Vec<(String, &'static str, Count)>,
    answers: Answers,
    health: Vec<(&'static str, Count, Count)>,
    measures: Vec<Measure>,
    may_note: bool,
}

#[derive(Debug)]
struct Carrier {
    name: String,
    accepted: Count,
    /// From the submission until 50, 90, 99 % and all of those were accepted.
    took: Vec<String>,
}

#[derive(Debug)]
struct Answers {
    asked: Count,
    answered: Count,
    share: String,
    by_choice: Vec<(String, Count)>,
    times: String,
    curve: String,
}

/// What is done so that it does not happen again.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Noted {
    #[serde(default)]
    what: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    done: String,
}

/// `GET /dispatch/{dispatch}/report`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Path(dispatch): Path<u32>) -> Response {
    render(&console, &viewer, DispatchId(dispatch), None)
}

/// `POST /dispatch/{dispatch}/report`: a measure is noted.
pub(crate) async fn note(
    State(console): State<Console>,
    viewer: Viewer,
    Path(dispatch): Path<u32>,
    Form(noted): Form<Noted>,
) -> Response {
    let dispatch = DispatchId(dispatch);
    let [what, owner] = [noted.what.trim(), noted.owner.trim()].map(str::to_owned);
    if what.is_empty() || owner.is_empty() {
        return render(&console, &viewer, dispatch, Some("対策と担当を書いてください。".into()));
    }
    let measure = Measure { what, owner, done: !noted.done.is_empty() };
    match console.act(&viewer, DispatchCommand::NoteMeasure { dispatch, measure }).await {
        Ok(_) => Redirect::to(&format!("/dispatch/{}/report", dispatch.0)).into_response(),
        Err(error) => render(&console, &viewer, dispatch, Some(told(&error))),
    }
}

fn render(console: &Console, viewer: &Viewer, dispatch: DispatchId, trouble: Option<String>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = viewer.frame(console, Place::History);
    let now = console.now();
    let page = console.web().desk.read(|state| {
        let dispatch = state.dispatch(dispatch)?;
        let side = state.side_of(dispatch.record());
        let picture = console.pictures().of(state, dispatch, None, now);
        let may_note = console.scope(state, viewer, Action::EditRules).is_wide(side);
        Some(ReportPage { trouble, may_note, ..ReportPage::new(state, dispatch, &picture, frame, now) })
    });
    match page {
        Some(page) => page::render(status, &page),
        None => page::nothing(
            viewer.frame(console, Place::History),
            "配信がありません",
            "この番号の配信はありません。履歴の一覧から選んでください。",
        ),
    }
}

impl ReportPage {
    fn new(state: &Present, dispatch: &Dispatch, picture: &Picture, frame: Frame, now: Timestamp) -> Self {
        let record = dispatch.record();
        let punctual = Punctuality::of(dispatch);
        let ended = dispatch.delivery();
        let health = state.tally_by_health(dispatch.id()).into_iter();
        let round = |it: &hikyaku_dispatch::Round| {
            (moment::dated(it.at), why(it.why), Count(u32::try_from(it.mails.len()).unwrap_or(u32::MAX)))
        };
        Self {
            frame: frame.marked(Marks::for_console(record.mode)),
            trouble: None,
            dispatch: dispatch.id().0,
            title: record.title.clone(),
            facts: record.facts.clone(),
            decided: record.decided.to_string(),
            class: format!("{}（{}以内に99%の受付）", punctual.class, span(punctual.class.limit())),
            verdict: verdict(&punctual, now),
            stages: punctual.stages.iter().map(|it| (it.name.clone(), moment::dated(it.at), span(it.took))).collect(),
            slowest: punctual.slowest_stage(now).map(|it| format!("{}（{}）", it.name, span(it.took))),
            carriers: carriers(&punctual),
            mails: vec![
                ("受付済（通信事業者が受け取った）", Count(ended.accepted)),
                ("届けられない（宛先の誤りなど）", Count(ended.bounced)),
                ("期限切れ", Count(ended.expired)),
                ("中止", Count(ended.cancelled)),
                ("不明", Count(ended.unknown)),
            ],
            rounds: dispatch.rounds().iter().map(round).collect(),
            answers: Answers::new(state, dispatch, picture),
            health: health
                .map(|(state, share)| (health_word(state), Count(share.people), Count(share.answered)))
                .collect(),
            measures: dispatch.measures().to_vec(),
            may_note: false,
        }
    }
}

impl Answers {
    fn new(state: &Present, dispatch: &Dispatch, picture: &Picture) -> Self {
        let tally = state.tally(dispatch.id());
        Self {
            asked: Count(tally.asked_people),
            answered: Count(tally.answered),
            share: bar::percent(tally.answered, tally.asked_people),
            by_choice: tally.by_choice.into_iter().map(|(label, count)| (label, Count(count))).collect(),
            times: picture.curve.words(),
            curve: picture.curve.svg(),
        }
    }
}

/// Why mails went out once more.
pub(crate) fn why(why: Why) -> &'static str {
    match why {
        Why::Reminder => "催促",
        Why::Resend => "再送",
        Why::NextAddress => "次のアドレスへ",
    }
}

/// The health of addresses; none is that of whoever has no address.
pub(crate) fn health_word(state: Option<HealthState>) -> &'static str {
    state.map_or("アドレスなし", HealthState::word)
}

/// Whether it was in time, in words, and whether that is good.
pub(crate) fn verdict(punctual: &Punctuality, now: Timestamp) -> (String, bool) {
    let took = span(punctual.over.unwrap_or(now).duration_since(punctual.start.1));
    match (punctual.over, punctual.is_late(1.0, now)) {
        (Some(_), false) => (format!("期限内に完了しました（{took}）"), true),
        (Some(_), true) => (format!("期限に遅れました（{took}）"), false),
        (None, false) => {
            (format!("期限内で進行中です（{took}経過、未受付 {}通）", Thousands::of(punctual.waiting)), true)
        }
        (None, true) => {
            (format!("期限を過ぎて未完了です（{took}経過、未受付 {}通）", Thousands::of(punctual.waiting)), false)
        }
    }
}

fn carriers(punctual: &Punctuality) -> Vec<Carrier> {
    let took = |at: &Timestamp| span(at.duration_since(punctual.submitted));
    let row = |it: &hikyaku_dispatch::CarrierTimes| Carrier {
        name: it.carrier.clone(),
        accepted: Count(u32::try_from(it.accepted).unwrap_or(u32::MAX)),
        took: it.at[1..].iter().map(took).collect(),
    };
    punctual.carriers.iter().map(row).collect()
}

fn span(span: SignedDuration) -> String {
    foresight::span(span.unsigned_abs())
}
