//! The page of the journal: looked through by time, actor, kind and person; and its verification.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{
    AccountId, Action, Actor, Desk, Entry, Error, Event, JournalError, PersonId, Side, State as Present, Thousands,
    verify as verify_journal,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::accounts;
use super::concerns::concerns;
use super::search::{self, Found};
use super::words::{self, About, KINDS};
use crate::console::{Console, Scope, Viewer};
use crate::frame::{Frame, Place};
use crate::moment;
use crate::page;

/// What is looked for.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct Asked {
    /// The first day in Japan, such as 2026-11-21.
    #[serde(default)]
    from: String,
    /// The last day.
    #[serde(default)]
    to: String,
    /// A login, a number of the roster, or 自動.
    #[serde(default)]
    actor: String,
    #[serde(default)]
    kind: String,
    /// A number of the roster.
    #[serde(default)]
    person: String,
    /// Rows before this one only.
    before: Option<u64>,
}

#[derive(Debug, Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    troubles: Vec<String>,
    verified: Option<String>,
    asked: Asked,
    kinds: Vec<(&'static str, &'static str, bool)>,
    rows: Vec<Row>,
    before: Option<u64>,
}

#[derive(Debug)]
struct Row {
    row: u64,
    at: String,
    actor: String,
    kind: &'static str,
    said: String,
}

/// What is looked for, understood.
#[derive(Debug, Default)]
struct Wanted {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    actor: Option<Who>,
    kind: Option<&'static str>,
    person: Option<PersonId>,
}

#[derive(Debug, Clone, Copy)]
enum Who {
    System,
    Account(AccountId),
    Person(PersonId),
}

/// `GET /audit`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    render(&console, &viewer, asked, None).await
}

/// `POST /audit/verify`: every row and the recorded end.
pub(crate) async fn verify(State(console): State<Console>, viewer: Viewer) -> Response {
    let Ok(_alone) = console.verifying().try_lock() else {
        return render(
            &console,
            &viewer,
            Asked::default(),
            Some(Err("いま確認しています。少し待ってください。".into())),
        )
        .await;
    };
    let result = match verify_journal(console.web().desk.journal()).await {
        Ok(head) => Ok(format!("記録 {}行すべてが、書かれたときのままです。", Thousands(head.seq))),
        Err(JournalError::Broken(broken)) => Err(format!("記録が書き換えられているか、壊れています: {broken}")),
        Err(error) => Err(format!("確認できませんでした: {error}")),
    };
    if let Err(problem) = &result {
        tracing::error!(account = %viewer.account, problem, "the journal was verified and does not hold");
    }
    render(&console, &viewer, Asked::default(), Some(result)).await
}

async fn render(
    console: &Console,
    viewer: &Viewer,
    asked: Asked,
    verified: Option<Result<String, String>>,
) -> Response {
    let desk = &console.web().desk;
    let (scope, wanted) =
        desk.read(|state| (console.scope(state, viewer, Action::ReadAudit), Wanted::of(&asked, state)));
    let looked = match wanted {
        Ok(wanted) => look(desk, &scope, &wanted, asked.before).await.map_err(|error| error.to_string()),
        Err(trouble) => Err(trouble),
    };
    let (verified, broken) = match verified {
        Some(Ok(verified)) => (Some(verified), None),
        Some(Err(broken)) => (None, Some(broken)),
        None => (None, None),
    };
    // Where a row is damaged, the page cannot be read either: both are told.
    let (found, unread) = match looked {
        Ok(found) => (found, None),
        Err(trouble) => (Found::default(), Some(trouble)),
    };
    let troubles: Vec<String> = broken.into_iter().chain(unread).collect();
    let status = if !troubles.is_empty() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let rows = desk.read(|state| found.entries.iter().map(|(row, entry)| Row::new(*row, entry, state)).collect());
    let page = AuditPage {
        frame: viewer.frame(console, Place::Audit),
        troubles,
        verified,
        kinds: KINDS.map(|(value, label)| (value, label, value == asked.kind)).to_vec(),
        asked,
        rows,
        before: found.before,
    };
    page::render(status, &page)
}

async fn look(desk: &Desk, scope: &Scope, wanted: &Wanted, before: Option<u64>) -> Result<Found, Error> {
    let end = match wanted.until {
        Some(until) => search::first_of(desk, until).await?,
        None => desk.journal().head().await?.seq + 1,
    };
    let before = before.map_or(end, |before| before.min(end));
    let fits = |entry: &Entry| desk.read(|state| wanted.fits(entry, state) && is_own(entry, state, scope));
    search::search(desk, before, wanted.from, fits).await
}

/// Why nothing of the journal is told.
#[derive(Debug)]
pub(crate) enum Unread {
    /// What is to be mended of what was asked, in Japanese.
    Asked(String),
    /// The journal cannot be read.
    Journal(Error),
}

/// A row of the journal in words; no name and no address is in it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) row: u64,
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    /// One of [`KINDS`].
    pub(crate) kind: &'static str,
    pub(crate) said: String,
}

/// The newest rows that fit what is asked, as far as `scope` reaches; and before which row others may fit.
///
/// # Errors
/// What was asked means nothing, or the journal cannot be read.
pub(crate) async fn rows(desk: &Desk, scope: &Scope, asked: &Asked) -> Result<(Vec<Told>, Option<u64>), Unread> {
    let wanted = desk.read(|state| Wanted::of(asked, state)).map_err(Unread::Asked)?;
    let found = look(desk, scope, &wanted, asked.before).await.map_err(Unread::Journal)?;
    let told = |(row, entry): &(u64, Entry), state: &Present| Told {
        row: *row,
        at: entry.at,
        actor: words::actor(entry.by, state),
        kind: words::kind(&entry.event),
        said: words::said(&entry.event, state),
    };
    Ok((desk.read(|state| found.entries.iter().map(|it| told(it, state)).collect()), found.before))
}

/// Whether an entry is about the viewer's half, or about neither.
fn is_own(entry: &Entry, state: &Present, scope: &Scope) -> bool {
    let side = match words::about(&entry.event, state) {
        About::All => None,
        About::Side(side) => Some(side),
        About::Person(id) => state.people().find(id).map(|it| it.side),
        About::Group(id) => state.groups().find(id).map(|it| it.side),
        About::Dispatch(id) => state.dispatch(id).map(|it| state.side_of(it.record())),
        About::Incident(id) => {
            let first = state.incident(id).and_then(|it| it.dispatches.first().copied());
            first.and_then(|id| state.dispatch(id)).map(|it| state.side_of(it.record()))
        }
    };
    side.is_none_or(|side| scope.is_wide(side))
}

impl Wanted {
    /// What was typed, or why it means nothing.
    fn of(asked: &Asked, state: &Present) -> Result<Self, String> {
        let day = |typed: &str| match typed {
            "" => Ok(None),
            typed => moment::day(typed).map(Some).ok_or("日付は 2026-11-21 のように書いてください。".to_owned()),
        };
        let person = |typed: &str| {
            let sides = [Side::Domestic, Side::Overseas];
            sides.iter().find_map(|side| state.people().by_external_id(*side, typed)).map(|it| it.id)
        };
        let unknown = |typed: &str| format!("「{typed}」という職員番号の人はいません。");
        let actor = match asked.actor.trim() {
            "" => None,
            "自動" => Some(Who::System),
            typed => {
                let account = state.accounts().by_login(typed).map(|it| Who::Account(it.id));
                let known = account.or_else(|| person(typed).map(Who::Person));
                let told = || format!("「{typed}」というログインIDも職員番号もありません。");
                Some(known.ok_or_else(told)?)
            }
        };
        let whom = match asked.person.trim() {
            "" => None,
            typed => Some(person(typed).ok_or_else(|| unknown(typed))?),
        };
        Ok(Self {
            from: day(&asked.from)?,
            until: day(&asked.to)?.map(|at| at + SignedDuration::from_hours(24)),
            actor,
            kind: KINDS.iter().map(|(value, _)| *value).find(|value| *value == asked.kind),
            person: whom,
        })
    }

    fn fits(&self, entry: &Entry, state: &Present) -> bool {
        let is_actor = self.actor.is_none_or(|who| match (who, entry.by) {
            (Who::System, Actor::System) => true,
            (Who::Account(id), Actor::Account(by) | Actor::Token { account: by, .. }) => id == by,
            (Who::Account(id), Actor::Deputy { account, of }) => id == account || id == of,
            (Who::Person(id), Actor::Responder(by)) => id == by,
            _ => false,
        });
        // Whoever logs in is nobody yet: log-ins, failures, locks and ends of sessions are found by the account they are about.
        let is_about = matches!((self.actor, &entry.event), (Some(Who::Account(id)), Event::Account(event)) if accounts::of(event) == Some(id));
        (is_actor || is_about)
            && self.kind.is_none_or(|kind| words::kind(&entry.event) == kind)
            && self.person.is_none_or(|id| concerns(&entry.event, id, state))
    }
}

impl Row {
    fn new(row: u64, entry: &Entry, state: &Present) -> Self {
        let kind = words::kind(&entry.event);
        Self {
            row,
            at: moment::dated(entry.at),
            actor: words::actor(entry.by, state),
            kind: KINDS.iter().find(|(value, _)| *value == kind).map_or("", |(_, label)| label),
            said: words::said(&entry.event, state),
        }
    }
}
