//! What other systems are told of what happened (webhooks): answers and how mails ended, by the organisation's own numbers,
//! without names, free text or addresses (requirement A29).

use serde_json::{Value, json};

use crate::answer::{AnswerRecord, Via};
use crate::dispatch::{MailEnd, MailOutcome};
use crate::event::{AnswerEvent, DispatchEvent, Entry, Event};
use crate::id::{DispatchId, PersonId};
use crate::state::State;

/// What another system wants to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutwardKind {
    /// Answers, as they are given.
    Answers,
    /// How mails ended.
    Outcomes,
}

/// What is told of the row `row` of the journal; nothing of most. A row that was told twice has the same number.
#[must_use]
pub fn outward(state: &State, row: u64, entry: &Entry, kinds: &[OutwardKind]) -> Vec<Value> {
    let at = entry.at.to_string();
    match &entry.event {
        Event::Answer(AnswerEvent::Given(record)) if kinds.contains(&OutwardKind::Answers) => {
            vec![answer(state, row, &at, record)]
        }
        Event::Dispatch(DispatchEvent::OutcomesRecorded { dispatch, outcomes })
            if kinds.contains(&OutwardKind::Outcomes) =>
        {
            outcomes.iter().map(|it| outcome(state, row, *dispatch, it)).collect()
        }
        _ => Vec::new(),
    }
}

fn answer(state: &State, row: u64, at: &str, record: &AnswerRecord) -> Value {
    let question = state.dispatch(record.dispatch).map(|it| &it.record().question);
    let label = question.and_then(|it| it.choice(record.choice)).map(|it| &it.label_ja);
    json!({
        "kind": "answer",
        "row": row,
        "at": at,
        "dispatch": record.dispatch.0,
        "incident": record.incident.0,
        "number": number(state, record.person),
        "choice": record.choice.0,
        "label": label,
        "via": match record.via {
            Via::Link => "link",
            Via::Behalf => "behalf",
            Via::SelfReport => "self_report",
            Via::Mail => "mail",
        },
    })
}

fn outcome(state: &State, row: u64, dispatch: DispatchId, outcome: &MailOutcome) -> Value {
    json!({
        "kind": "outcome",
        "row": row,
        "at": outcome.at.to_string(),
        "dispatch": dispatch.0,
        "number": number(state, outcome.person),
        "place": outcome.place,
        "round": outcome.round,
        "carrier": outcome.carrier,
        "end": match outcome.end {
            MailEnd::Accepted => "accepted",
            MailEnd::Bounced => "bounced",
            MailEnd::Expired => "expired",
            MailEnd::Cancelled => "cancelled",
            MailEnd::Unknown => "unknown",
        },
        "cause": outcome.cause,
    })
}

/// The organisation's own number; null once the person is erased.
fn number(state: &State, person: PersonId) -> Option<&str> {
    Some(state.people().find(person)?.personal.as_ref()?.external_id.as_str())
}
