//! What a telegram would lead to if it came now: who would be mailed what, and why. Nothing is written and nothing is sent.

use askama::Template;
use axum::{
    extract::{Multipart, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_bulletin::{Bulletin, Fate};
use hikyaku_dispatch::{
    Action, DispatchEvent, DispatchRecord, Event, Judgement, JudgingCommand, JudgingEvent, State as Present, decide,
};

use crate::console::{Console, Feeds, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::page;
use crate::upload::{self, Upload};

/// Most people that are named for each mail.
const NAMED_MAX: usize = 10;

#[derive(Debug, Template)]
#[template(path = "rules_trial.html")]
struct TrialPage {
    frame: Frame,
    trouble: Option<String>,
    /// What the fictional telegrams say.
    samples: Vec<&'static str>,
    results: Vec<Foreseen>,
}

/// What one bulletin would lead to.
#[derive(Debug)]
pub(crate) struct Foreseen {
    pub(crate) headline: String,
    pub(crate) kind: String,
    pub(crate) verdict: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) mails: Vec<Mails>,
}

/// Mails of one wording.
#[derive(Debug)]
pub(crate) struct Mails {
    pub(crate) how: &'static str,
    pub(crate) subject: String,
    pub(crate) people: Count,
    pub(crate) named: Vec<String>,
}

/// `GET /rules/trial`.
pub(crate) async fn trial_form(State(console): State<Console>, viewer: Viewer) -> Response {
    render(&console, &viewer, None, Vec::new())
}

/// `POST /rules/trial`.
pub(crate) async fn trial(State(console): State<Console>, viewer: Viewer, uploaded: Multipart) -> Response {
    let Some(feeds) = console.settings().feeds.clone() else {
        return render(&console, &viewer, Some("このサーバーは電文を読めません。".into()), Vec::new());
    };
    let telegram = upload::read(uploaded).await.and_then(|upload| chosen(upload, &*feeds));
    let telegram = match telegram {
        Ok(telegram) => telegram,
        Err(trouble) => return render(&console, &viewer, Some(trouble), Vec::new()),
    };
    // The largest telegrams take tens of milliseconds.
    let read = tokio::task::spawn_blocking(move || feeds.read(&telegram)).await;
    match read.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(bulletins) => {
            let foresee = |it: &Bulletin| foreseen(&console, &viewer, it);
            match bulletins.iter().map(foresee).collect() {
                Ok(results) => render(&console, &viewer, None, results),
                Err(trouble) => render(&console, &viewer, Some(trouble), Vec::new()),
            }
        }
        Err(why) => render(&console, &viewer, Some(format!("電文として読めません: {why}")), Vec::new()),
    }
}

/// The telegram that was uploaded or pasted; where there is none, the sample.
fn chosen(upload: Upload, feeds: &dyn Feeds) -> Result<Vec<u8>, String> {
    if !upload.document.trim_ascii().is_empty() {
        return Ok(upload.document);
    }
    let sample = upload.sample.and_then(|place| feeds.samples().into_iter().nth(place));
    sample.map(|it| it.telegram).ok_or_else(|| "見本を一覧から選んでください。".to_owned())
}

/// As if the bulletin came at the moment of its publication and nothing of its series had come before.
pub(crate) fn foreseen(console: &Console, viewer: &Viewer, bulletin: &Bulletin) -> Result<Foreseen, String> {
    console.web().desk.read(|state| {
        let names = console.scope(state, viewer, Action::SeePerson);
        Foreseen::by(state, bulletin, |record| names.is_wide(state.side_of(record)))
    })
}

fn judged(event: &Event) -> Option<&Judgement> {
    match event {
        Event::Judging(JudgingEvent::BulletinJudged(it)) => Some(it),
        _ => None,
    }
}

impl Foreseen {
    /// What the rules of `state` make of it; people are named of the mails that `names` says.
    pub(crate) fn by(
        state: &Present,
        bulletin: &Bulletin,
        names: impl Fn(&DispatchRecord) -> bool,
    ) -> Result<Self, String> {
        let at = bulletin.published;
        let bulletin = Box::new(bulletin.clone());
        let command = JudgingCommand::TakeBulletin { bulletin, fate: Fate::Act, received: at, present: at };
        let events = decide(state, &command.into(), at).map_err(|error| error.to_string())?;
        let mut told = Self::of(events.iter().find_map(judged));
        for event in &events {
            let (how, record) = match event {
                Event::Judging(JudgingEvent::Proposed(it)) => ("承認を待つ", &it.draft),
                Event::Dispatch(DispatchEvent::Opened(it)) => ("すぐ送る", &**it),
                _ => continue,
            };
            told.mails.push(Mails::new(how, record, state, names(record)));
        }
        Ok(told)
    }

    fn of(judgement: Option<&Judgement>) -> Self {
        let told = |text: fn(&Judgement) -> String| judgement.map(text).unwrap_or_default();
        Self {
            headline: told(|it| it.headline.clone()),
            kind: told(|it| format!("{}（{}・{}）", it.kind, it.standing, it.revision)),
            verdict: told(|it| it.verdict.to_string()),
            reasons: judgement.map(|it| it.reasons.clone()).unwrap_or_default(),
            mails: Vec::new(),
        }
    }
}

impl Mails {
    fn new(how: &'static str, record: &DispatchRecord, state: &Present, may_name: bool) -> Self {
        let named = record.asked.iter().take(if may_name { NAMED_MAX } else { 0 });
        let name = |person| state.people().find(person).map(|it| it.name().to_owned());
        Self {
            how,
            subject: record.template.subject_of(record.mode, &record.title),
            people: Count(u32::try_from(record.asked.len()).unwrap_or(u32::MAX)),
            named: named.filter_map(|asked| name(asked.person)).collect(),
        }
    }
}

fn render(console: &Console, viewer: &Viewer, trouble: Option<String>, results: Vec<Foreseen>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let samples = console.settings().feeds.iter().flat_map(|feeds| feeds.samples()).map(|it| it.label).collect();
    page::render(status, &TrialPage { frame: viewer.frame(console, Place::Rules), trouble, samples, results })
}
