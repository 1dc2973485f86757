//! What waits for a person's decision: why the rule fired, who would be mailed, what else was heard; approve or reject (A11).

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_dispatch::{
    Action, Actor, DispatchEvent, DispatchRecord, Event, Judgement, JudgingCommand, Proposal, ProposalId,
    State as Present, Unattended, Waiting, Wording, decides, told_of_place,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::console::{Console, Viewer, told};
use crate::corroboration::{self, Stand, stand};
use crate::expected::{Expected, expected};
use crate::foresight;
use crate::frame::{Count, Frame, Place, View};
use crate::mode::Marks;
use crate::moment;
use crate::page;
use crate::specimen::{SOMEBODY, Specimen};
use crate::state::WebState;

/// How far back other telegrams are shown beside the one in question.
const BESIDE: SignedDuration = SignedDuration::from_hours(24);
/// Most of them.
const BESIDE_MAX: usize = 10;

#[derive(Debug, Template)]
#[template(path = "approval.html")]
struct ApprovalPage {
    frame: Frame,
    trouble: Option<String>,
    /// The viewer's account, if it is nobody's in particular: such a one approves nothing but as a duty operator.
    unlinked: Option<u32>,
    /// Whether the viewer manages accounts.
    may_link: bool,
    rows: Vec<Row>,
}

/// One dispatch that waits.
#[derive(Debug)]
struct Row {
    id: u32,
    mode: Marks,
    title: String,
    facts: Vec<String>,
    rule: String,
    left: String,
    then: &'static str,
    people: Count,
    mails: Count,
    /// How many mails each domain gets.
    domains: BTreeMap<String, u64>,
    asks: bool,
    expected: Option<Expected>,
    subject: String,
    /// The mail, with no name in it: who approves need not see names.
    text: String,
    reasons: Vec<String>,
    /// How many stations measured it, or why that is not known; empty for what is no earthquake.
    stations: String,
    beside: Vec<Beside>,
    /// Whether another telegram takes it back or says something else.
    is_doubted: bool,
    may_decide: bool,
    /// Whether the viewer may send something else in its place.
    may_replace: bool,
}

/// Another telegram about the same, or at the same time.
#[derive(Debug)]
struct Beside {
    at: String,
    kind: String,
    headline: String,
    stand: Stand,
    revision: String,
    /// As of the telegram in question.
    stations: String,
}

/// The pressed button.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    #[serde(default)]
    act: String,
}

/// `GET /approval`.
pub(crate) async fn list(State(console): State<Console>, viewer: Viewer) -> Response {
    render(&console, &viewer, None).await
}

/// `POST /approval/{proposal}`.
pub(crate) async fn decide(
    State(console): State<Console>,
    viewer: Viewer,
    Path(proposal): Path<u32>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let proposal = ProposalId(proposal);
    let command = match pressed.act.as_str() {
        "approve" => JudgingCommand::Approve { proposal },
        "reject" => JudgingCommand::Reject { proposal },
        _ => return render(&console, &viewer, Some("承認か却下を選んでください。".into())).await,
    };
    match console.act(&viewer, command).await {
        Ok(events) => Redirect::to(&opened(&events).unwrap_or_else(|| "/approval".to_owned())).into_response(),
        Err(error) => render(&console, &viewer, Some(told(&error))).await,
    }
}

/// The page of the dispatch that was opened by it.
fn opened(events: &[Event]) -> Option<String> {
    events.iter().find_map(|event| match event {
        Event::Dispatch(DispatchEvent::Opened(record)) => Some(format!("/dispatch/{}", record.dispatch.0)),
        _ => None,
    })
}

async fn render(console: &Console, viewer: &Viewer, trouble: Option<String>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let now = console.now();
    let mut rows: Vec<Row> = console.web().desk.read(|state| {
        let own = Actor::Account(viewer.account);
        let scope = console.scope(state, viewer, Action::Approve);
        let own_side = state.waiting().filter(|it| scope.is_wide(state.side_of(&it.proposal.draft)));
        let send = console.scope(state, viewer, Action::SendFree);
        let row = |waiting: &Waiting| {
            let row = Row::new(console.web(), state, waiting, (own, now));
            Row { may_replace: row.may_decide && send.is_wide(state.side_of(&waiting.proposal.draft)), ..row }
        };
        own_side.map(row).collect()
    });
    for row in &mut rows {
        row.expected = expected(console, row.asks, &row.domains).await;
    }
    let (unlinked, may_link) = console.web().desk.read(|state| {
        let account = state.accounts().find(viewer.account).filter(|account| account.person.is_none());
        let may_link = !console.scope(state, viewer, Action::ManageAccounts).is_nowhere();
        (account.map(|account| account.id.0), may_link)
    });
    let frame = viewer.frame(console, Place::Approval).live("/approval", View::default());
    page::render(status, &ApprovalPage { frame, trouble, unlinked, may_link, rows })
}

impl Row {
    fn new(web: &WebState, state: &Present, waiting: &Waiting, (own, now): (Actor, Timestamp)) -> Self {
        let proposal = &waiting.proposal;
        let draft = &proposal.draft;
        let judged = draft
            .cause
            .as_ref()
            .and_then(|cause| state.judgements().iter().rev().find(|judgement| judgement.source == cause.source));
        let beside = judged.map(|own| beside(state, own, now)).unwrap_or_default();
        // How bad it is for the first one of whom that is known: it differs from one mail to the next.
        let gravity = draft.asked.iter().find_map(|asked| asked.gravity);
        let place = told_of_place(state, None, gravity, draft.opened, draft.origin.reported);
        let mail = Specimen::of(web, &Wording::from(draft), SOMEBODY, &place);
        Self {
            id: proposal.id.0,
            mode: Marks::for_console(draft.mode),
            title: draft.title.clone(),
            facts: draft.facts.clone(),
            rule: draft.rule.and_then(|id| state.rules().get(&id)).map(|rule| rule.name.clone()).unwrap_or_default(),
            left: left(proposal, now),
            then: match proposal.hold.unattended {
                Unattended::Send => "誰も決めなければ、自動で送信します",
                Unattended::Drop => "誰も決めなければ、送信しません",
            },
            people: Count(u32::try_from(draft.asked.len()).unwrap_or(u32::MAX)),
            mails: Count(draft.asked.iter().map(|asked| u32::try_from(asked.places.len()).unwrap_or(u32::MAX)).sum()),
            domains: domains(state, draft),
            asks: draft.question.is_asked(),
            expected: None,
            subject: mail.subject,
            text: mail.text,
            reasons: judged.map(|judgement| judgement.reasons.clone()).unwrap_or_default(),
            stations: judged.map(|it| stations(state, it)).unwrap_or_default(),
            is_doubted: beside.iter().any(|it| it.stand.is_doubt()),
            beside,
            may_decide: decides(state, own, proposal.id),
            may_replace: false,
        }
    }
}

/// How long a proposal still waits.
pub(crate) fn left(proposal: &Proposal, now: Timestamp) -> String {
    foresight::span(std::time::Duration::try_from(proposal.deadline().duration_since(now)).unwrap_or_default())
}

/// How many mails each domain gets.
fn domains(state: &Present, draft: &DispatchRecord) -> BTreeMap<String, u64> {
    let mut domains = BTreeMap::new();
    for asked in &draft.asked {
        let Some(person) = state.people().find(asked.person) else { continue };
        for address in asked.places.iter().filter_map(|place| person.address(*place)) {
            *domains.entry(address.domain().to_owned()).or_default() += 1;
        }
    }
    domains
}

/// What else was heard, what is about the same event and the latest first: whether other telegrams bear it out, say something else or
/// take it back.
fn beside(state: &Present, own: &Judgement, now: Timestamp) -> Vec<Beside> {
    let recent = state.judgements().iter().rev().take_while(|it| now.duration_since(it.received) < BESIDE);
    let mut others: Vec<(&Judgement, Stand)> =
        recent.filter(|it| it.source != own.source).map(|it| (it, stand(own, it))).collect();
    others.sort_by_key(|(_, stand)| stand.is_apart());
    others.truncate(BESIDE_MAX);
    let row = |(it, stand): (&Judgement, Stand)| Beside {
        at: moment::for_console(it.published),
        kind: it.kind.clone(),
        headline: it.headline.clone(),
        stand,
        revision: it.revision.clone(),
        stations: stations(state, it),
    };
    others.into_iter().map(row).collect()
}

/// How many stations measured what a telegram says; empty for what is no earthquake.
fn stations(state: &Present, judgement: &Judgement) -> String {
    corroboration::stations(&judgement.kind, state.stations(&judgement.source)).unwrap_or_default()
}
