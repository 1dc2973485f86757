//! The way of one person's mails through one dispatch, from the decision to the answer, as the journal has it,
//! and what carriers said meanwhile.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response as Reply},
};
use hikyaku_dispatch::{
    AnswerEvent, Dispatch, DispatchEvent, DispatchId, Entry, Error, Event, MailOutcome, Person, PersonId, Via, Why,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::attempts::attempts;
use super::person::mail_words;
use crate::audit::search::{first_of, search};
use crate::console::{Console, Viewer};
use crate::frame::{Frame, Place};
use crate::mode::Marks;
use crate::moment;
use crate::page;
use crate::state::WebState;

#[derive(Debug, Template)]
#[template(path = "trace.html")]
struct TracePage {
    frame: Frame,
    dispatch: u32,
    person: u32,
    name: String,
    title: String,
    steps: Vec<(String, String)>,
    /// Where older steps begin that were not looked for yet.
    before: Option<u64>,
}

/// Rows before this one only.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    before: Option<u64>,
}

/// `GET /dispatch/{dispatch}/person/{person}/trace`.
pub(crate) async fn trace(
    State(console): State<Console>,
    viewer: Viewer,
    Path((dispatch, person)): Path<(u32, u32)>,
    Query(asked): Query<Asked>,
) -> Reply {
    let (dispatch, person) = (DispatchId(dispatch), PersonId(person));
    let frame = viewer.frame(&console, Place::Now);
    let desk = &console.web().desk;
    if !desk.read(|state| state.dispatch(dispatch).is_some_and(|it| it.is_asked(person))) {
        let told = "番号を確かめ、配信の画面から選び直してください。";
        return page::nothing(frame, "この人には配信していません", told);
    }
    let (steps, before) = match steps_of(console.web(), dispatch, person, asked.before).await {
        Ok(told) => told,
        Err(error) => {
            tracing::error!(%error, "the journal could not be read for a trace");
            let told = "記録を読めませんでした。監査記録の画面で、記録を確かめてください。";
            return page::nothing(frame, "記録を読めません", told);
        }
    };
    let page = desk.read(|state| {
        let (dispatch, whose) = (state.dispatch(dispatch)?, state.people().find(person)?);
        Some(TracePage { before, ..TracePage::new(dispatch, whose, steps, frame) })
    });
    page.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |page| page::render(StatusCode::OK, &page))
}

/// What the rows between the opening of a dispatch and its end tell of a person's mails and answers, with the attempts after which a mail
/// went on waiting, the oldest first; and before which row others may tell more.
///
/// # Errors
/// The journal cannot be read.
pub(crate) async fn steps_of(
    web: &WebState,
    dispatch: DispatchId,
    person: PersonId,
    before: Option<u64>,
) -> Result<(Vec<(Timestamp, String)>, Option<u64>), Error> {
    let desk = &web.desk;
    let times = desk.read(|state| {
        let record = state.dispatch(dispatch)?.record();
        Some((record.opened, record.expires))
    });
    let Some((opened, expires)) = times else { return Ok((Vec::new(), None)) };
    let end = first_of(desk, expires).await?;
    let tells = |entry: &Entry| !steps(entry, dispatch, person, None).is_empty();
    let found = search(desk, before.map_or(end, |before| before.min(end)), Some(opened), tells).await?;
    let mut told: Vec<(Timestamp, String)> = desk.read(|state| {
        let whose = state.people().find(person);
        found.entries.iter().flat_map(|(_, entry)| steps(entry, dispatch, person, whose)).collect()
    });
    // With the newest rows, for they have pages and the engine's records have none.
    if before.is_none() {
        told.extend(attempts(web, dispatch, person).await);
    }
    told.sort();
    Ok((told, found.before))
}

impl TracePage {
    fn new(dispatch: &Dispatch, person: &Person, told: Vec<(Timestamp, String)>, frame: Frame) -> Self {
        let record = dispatch.record();
        Self {
            frame: frame.marked(Marks::for_console(record.mode)),
            dispatch: dispatch.id().0,
            person: person.id.0,
            name: person.name().to_owned(),
            title: record.title.clone(),
            steps: told.into_iter().map(|(at, text)| (moment::for_console(at), text)).collect(),
            before: None,
        }
    }
}

/// What an entry tells of a person's mails and answers in a dispatch; addresses are named, masked, where the person is given.
fn steps(entry: &Entry, dispatch: DispatchId, id: PersonId, person: Option<&Person>) -> Vec<(Timestamp, String)> {
    let step = |text: &str| vec![(entry.at, text.to_owned())];
    match &entry.event {
        Event::Dispatch(event) => match event {
            DispatchEvent::Opened(it) if it.dispatch == dispatch => step(&format!("送信を決めた（{}）", it.decided)),
            DispatchEvent::Queued { dispatch: of, .. } if *of == dispatch => step("メールを送信待ちに入れた"),
            DispatchEvent::OutcomesRecorded { dispatch: of, outcomes } if *of == dispatch => {
                let own = outcomes.iter().filter(|it| it.person == id);
                own.map(|it| (it.at, ended(it, person))).collect()
            }
            DispatchEvent::RoundOpened { dispatch: of, round } if *of == dispatch => {
                let why = match round.why {
                    Why::Reminder => "催促を決めた",
                    Why::Resend => "再送を決めた",
                    Why::NextAddress => "次のアドレスに送ると決めた",
                };
                if round.mails.iter().any(|(it, _)| *it == id) { step(why) } else { Vec::new() }
            }
            DispatchEvent::UnreachedListed { dispatch: of, people, .. } if *of == dispatch && people.contains(&id) => {
                step("連絡の取れない人の一覧に載った")
            }
            DispatchEvent::ManagersTold { dispatch: of, people, .. } if *of == dispatch && people.contains(&id) => {
                step("回答がないことを管理者に知らせた")
            }
            DispatchEvent::Cancelled { dispatch: of, .. } if *of == dispatch => step("配信が中止された"),
            _ => Vec::new(),
        },
        Event::Answer(AnswerEvent::Fetched { dispatch: of, people }) if *of == dispatch && people.contains(&id) => {
            step("回答のページが開かれた（本人とは限りません）")
        }
        Event::Answer(AnswerEvent::Given(it)) if it.dispatch == dispatch && it.person == id => step(match it.via {
            Via::Link => "本人が回答した",
            Via::Behalf => "代理回答が登録された",
            Via::SelfReport => "自主報告が回答になった",
            Via::Mail => "本人がメールの返信で回答した",
        }),
        _ => Vec::new(),
    }
}

/// How one mail ended, at which address.
fn ended(outcome: &MailOutcome, person: Option<&Person>) -> String {
    let masked = person.and_then(|it| it.address(outcome.place)).map(|it| it.masked());
    let address = masked.unwrap_or_else(|| format!("{}番目のアドレス", outcome.place));
    let cause = outcome.cause.as_deref().map(|it| format!("（{it}）")).unwrap_or_default();
    format!("{address} → {}: {}{cause}", outcome.carrier, mail_words(Some(outcome.end)))
}
