//! What an operator knows before any feed does, entered at the console: looked at first, then a telegram like any other [A16].

mod typed;

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_bulletin::{Bulletin, Fate, Prefecture};
use hikyaku_dispatch::{Actor, JudgingCommand, Mode, State as Present, decide_for};
use serde::Deserialize;

use self::typed::{HEADLINE_CHARS_MAX, PHASES, PLACES, TEXT_CHARS_MAX, THREATS, Typed};
use crate::console::{Console, Viewer, told};
use crate::frame::{Frame, Place};
use crate::mode::Marks;
use crate::moment;
use crate::page;
use crate::rules::{Foreseen, foreseen};

pub(crate) use self::typed::Typed as Entry;

/// Most earlier entries that can be gone on with.
const EARLIER_MAX: usize = 5;
/// What keys of series that were entered by hand begin with.
const BY_HAND: &str = "operator:";

/// What the form begins with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// The series that is gone on with.
    #[serde(default)]
    series: String,
}

/// A choice of a list.
#[derive(Debug)]
struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

/// A prefecture to be ticked.
#[derive(Debug)]
struct Region {
    code: u8,
    name: &'static str,
    ticked: bool,
    fallen: bool,
}

#[derive(Debug, Template)]
#[template(path = "by_hand.html")]
struct FormPage {
    frame: Frame,
    trouble: Option<String>,
    threats: Vec<Choice>,
    phases: Vec<Choice>,
    places: Vec<Choice>,
    regions: Vec<Region>,
    /// Series and headline of what was entered before.
    earlier: Vec<(String, String)>,
    headline_max: usize,
    text_max: usize,
    typed: Typed,
}

#[derive(Debug, Template)]
#[template(path = "by_hand_check.html")]
struct CheckPage {
    frame: Frame,
    mode_words: &'static str,
    is_real: bool,
    title: String,
    revision: String,
    headline: String,
    text: String,
    areas: Vec<String>,
    occurred: Option<String>,
    /// What the rules make of it; none of what corrects or takes back, which depends on what came before.
    results: Vec<Foreseen>,
    is_first: bool,
    fields: Vec<(&'static str, String)>,
}

/// `GET /judgements/enter`.
pub(crate) async fn form(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    match Typed::fresh(&asked.series, console.now()) {
        Ok(typed) => render(&console, &viewer, typed, None),
        Err(error) => {
            tracing::error!(%error, "a form could not be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// `POST /judgements/enter`: the look at it, the way back to the form, or the entry.
pub(crate) async fn enter(
    State(console): State<Console>,
    viewer: Viewer,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let act = pairs.iter().find(|(name, _)| name == "act").map(|(_, act)| act.clone()).unwrap_or_default();
    let typed = Typed::read(pairs);
    if act == "back" {
        return render(&console, &viewer, typed, None);
    }
    let done = match read(&console, &viewer, &typed) {
        Ok((bulletin, _)) if act != "send" => return check(&console, &viewer, typed, &bulletin),
        Ok((_, telegram)) => send(&console, &typed, telegram).await,
        Err(trouble) => Err(trouble),
    };
    match done {
        Ok(()) => {
            tracing::info!(account = %viewer.account, series = typed.series, "information was entered by hand");
            Redirect::to("/judgements").into_response()
        }
        Err(trouble) => render(&console, &viewer, typed, Some(trouble)),
    }
}

/// What was typed as the reader of feeds understands it, if the viewer may enter it.
fn read(console: &Console, viewer: &Viewer, typed: &Typed) -> Result<(Bulletin, Vec<u8>), String> {
    let now = console.now();
    let telegram = typed.telegram(viewer.account, now)?;
    let feeds = console.settings().feeds.as_ref().ok_or("このサーバーは情報を受信していません。")?;
    let bulletin = feeds.read(&telegram)?.pop().ok_or("入力した内容を読めません。")?;
    let take = JudgingCommand::TakeBulletin {
        bulletin: Box::new(bulletin.clone()),
        fate: Fate::Act,
        received: now,
        present: now,
    };
    let allowed =
        console.web().desk.read(|state| decide_for(state, Actor::Account(viewer.account), &take.into(), now).map(drop));
    allowed.map_err(|refusal| told(&refusal.into()))?;
    Ok((bulletin, telegram))
}

async fn send(console: &Console, typed: &Typed, telegram: Vec<u8>) -> Result<(), String> {
    let feeds = console.settings().feeds.clone().ok_or("このサーバーは情報を受信していません。")?;
    // The form's own name: pressed twice, it is one.
    feeds.enter(format!("manual-{}", typed.id), telegram).await
}

fn check(console: &Console, viewer: &Viewer, typed: Typed, bulletin: &Bulletin) -> Response {
    let results =
        if typed.is_first() { foreseen(console, viewer, bulletin).map(|it| vec![it]) } else { Ok(Vec::new()) };
    let results = match results {
        Ok(results) => results,
        Err(trouble) => return render(console, viewer, typed, Some(trouble)),
    };
    let is_real = typed.is_real();
    let mode = if is_real { Mode::Real } else { Mode::Drill };
    let page = CheckPage {
        frame: viewer.frame(console, Place::Judgements).marked(Marks::for_console(mode)),
        mode_words: if is_real { "本番" } else { "訓練" },
        is_real,
        title: bulletin.title.clone(),
        revision: bulletin.revision.to_string(),
        headline: bulletin.headline.clone(),
        text: bulletin.text.clone(),
        areas: bulletin.areas.iter().map(|it| it.area.name.clone()).collect(),
        occurred: bulletin.occurred.map(moment::for_console),
        results,
        is_first: typed.is_first(),
        fields: typed.pairs(),
    };
    page::render(StatusCode::OK, &page)
}

fn render(console: &Console, viewer: &Viewer, typed: Typed, trouble: Option<String>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let region = |it: Prefecture| Region {
        code: it.code(),
        name: it.short_name(),
        ticked: typed.prefectures.contains(&it.code()),
        fallen: typed.fallen_in.contains(&it.code()),
    };
    let page = FormPage {
        frame: viewer.frame(console, Place::Judgements),
        trouble,
        threats: choices(&THREATS, &typed.threat),
        phases: choices(&PHASES, &typed.phase),
        places: choices(&PLACES, &typed.place),
        regions: Prefecture::all().map(region).collect(),
        earlier: console.web().desk.read(earlier),
        headline_max: HEADLINE_CHARS_MAX,
        text_max: TEXT_CHARS_MAX,
        typed,
    };
    page::render(status, &page)
}

fn choices<T: std::fmt::Display>(all: &[(&'static str, T)], chosen: &str) -> Vec<Choice> {
    let choice =
        |(value, what): &(&'static str, T)| Choice { value, label: what.to_string(), chosen: *value == chosen };
    all.iter().map(choice).collect()
}

/// What was entered by hand before, the latest of each series.
fn earlier(state: &Present) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for judgement in state.judgements().iter().rev() {
        let Some(series) = judgement.series.iter().find_map(|key| key.strip_prefix(BY_HAND)) else { continue };
        if found.iter().all(|(known, _)| known != series) {
            found.push((series.to_owned(), judgement.headline.clone()));
        }
        if found.len() == EARLIER_MAX {
            break;
        }
    }
    found
}
