//! What an event is about, as far as its time can be over: its row may lose its content once that is gone.

use jiff::Timestamp;

use super::{AnswerEvent, DispatchEvent, Event, JudgingEvent};
use crate::id::{DispatchId, IncidentId};

/// Something whose time can be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// An incident.
    Incident(IncidentId),
    /// A dispatch.
    Dispatch(DispatchId),
    /// A bulletin that no incident came of.
    Bulletin {
        /// Its identity at its source.
        source: &'a str,
        /// When it was judged.
        judged: Timestamp,
    },
}

impl Event {
    /// What this is about; `None` for what is kept as long as the journal.
    pub(crate) fn subject(&self) -> Option<Subject<'_>> {
        match self {
            Event::Judging(event) => match event {
                JudgingEvent::RuleSet(_)
                | JudgingEvent::TableSet(_)
                | JudgingEvent::EscalationSet { .. }
                | JudgingEvent::ApproverCalled { .. }
                | JudgingEvent::ProposalEnded { .. } => None,
                JudgingEvent::Proposed(proposal) => Some(Subject::Incident(proposal.draft.incident)),
                JudgingEvent::IncidentsMerged { into, .. } | JudgingEvent::IncidentSplit { into, .. } => {
                    Some(Subject::Incident(*into))
                }
                JudgingEvent::BulletinJudged(judgement) => Some(match judgement.incident {
                    Some(incident) => Subject::Incident(incident),
                    None => Subject::Bulletin { source: &judgement.source, judged: judgement.judged },
                }),
                JudgingEvent::StationsTold { source, incident, judged, .. } => Some(match incident {
                    Some(incident) => Subject::Incident(*incident),
                    None => Subject::Bulletin { source, judged: *judged },
                }),
                JudgingEvent::IncidentOpened { incident, .. }
                | JudgingEvent::IncidentChanged { incident, .. }
                | JudgingEvent::IncidentCancelled { incident, .. } => Some(Subject::Incident(*incident)),
            },
            Event::Dispatch(event) => match event {
                DispatchEvent::Opened(record) => Some(Subject::Dispatch(record.dispatch)),
                DispatchEvent::Queued { dispatch, .. }
                | DispatchEvent::OutcomesRecorded { dispatch, .. }
                | DispatchEvent::RoundOpened { dispatch, .. }
                | DispatchEvent::Cancelled { dispatch, .. }
                | DispatchEvent::UnreachedListed { dispatch, .. }
                | DispatchEvent::ManagersTold { dispatch, .. }
                | DispatchEvent::ListTaken { dispatch, .. }
                | DispatchEvent::Closed { dispatch, .. }
                | DispatchEvent::SentApart { dispatch, .. }
                | DispatchEvent::Rejoined { dispatch, .. }
                | DispatchEvent::MeasureNoted { dispatch, .. } => Some(Subject::Dispatch(*dispatch)),
                DispatchEvent::Scheduled { .. }
                | DispatchEvent::Unscheduled { .. }
                | DispatchEvent::CarrierBraked { .. }
                | DispatchEvent::CarrierHeld { .. } => None,
            },
            Event::Answer(event) => match event {
                AnswerEvent::Given(record) => Some(Subject::Incident(record.incident)),
                AnswerEvent::Said(message) => Some(Subject::Incident(message.incident)),
                AnswerEvent::Fetched { dispatch, .. } => Some(Subject::Dispatch(*dispatch)),
                // Replaced by the next one, and sealed with the person's own key.
                AnswerEvent::SelfReported(_) => None,
            },
            Event::Journal(_)
            | Event::People(_)
            | Event::Access(_)
            | Event::Travel(_)
            | Event::Retention(_)
            | Event::Account(_)
            | Event::Health(_) => None,
        }
    }
}
