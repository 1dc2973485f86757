//! What happens to dispatches and their mails.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::brake::Brake;
use crate::dispatch::{DispatchRecord, MailOutcome};
use crate::draft::DispatchDraft;
use crate::id::{DispatchId, PersonId};
use crate::measure::Measure;
use crate::round::Round;

/// Something that happened to a dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DispatchEvent {
    /// It was opened.
    Opened(Box<DispatchRecord>),
    /// The delivery engine has all mails of a round durably; 0 is the first mails.
    Queued {
        /// Which.
        dispatch: DispatchId,
        /// Which round of it.
        round: u8,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Mails ended, as many as came together.
    OutcomesRecorded {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// How.
        outcomes: Vec<MailOutcome>,
    },
    /// Further mails of a dispatch: a reminder, or another address.
    RoundOpened {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// What goes out.
        round: Round,
    },
    /// Nothing more of it is sent; answers are still taken.
    Cancelled {
        /// Which.
        dispatch: DispatchId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Those who have not answered stand on the list for other channels.
    UnreachedListed {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// Who.
        people: Vec<PersonId>,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// A dispatch is to be sent later.
    Scheduled {
        /// What.
        draft: Box<DispatchDraft>,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// What was to be sent later is sent, or is not wanted any more.
    Unscheduled {
        /// Its key.
        key: String,
    },
    /// What is done so that a dispatch is not late again (再発防止対策, requirement P06).
    MeasureNoted {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// What, who, and how far it has come.
        measure: Measure,
    },
    /// The managers of people who do not answer were told.
    ManagersTold {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// Who does not answer.
        people: Vec<PersonId>,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// The system behind the other channels took the list.
    ListTaken {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Somebody ended it: it cannot be answered any more, and nothing more is sent.
    Closed {
        /// Which.
        dispatch: DispatchId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Somebody decided how mails to a carrier may leave, from every node. Rows of earlier programs; today's are
    /// [`DispatchEvent::CarrierHeld`].
    CarrierBraked {
        /// Which, by its name in the table.
        carrier: String,
        /// How from now on.
        brake: Brake,
    },
    /// The dispatch of this number, which follows, was sent by one node while that could not reach the journal.
    SentApart {
        /// Which.
        dispatch: DispatchId,
        /// Which node sends to everybody, until [`DispatchEvent::Rejoined`].
        node: String,
        /// When it came into the journal; never `None` there.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
        recorded: Option<Timestamp>,
        /// Why it would have been refused by then.
        against: Option<String>,
    },
    /// Every node sends its part again of what is left of such a dispatch.
    Rejoined {
        /// Which.
        dispatch: DispatchId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Somebody decided how mails to a carrier may leave, from every node.
    CarrierHeld {
        /// Which, by its name in the table.
        carrier: String,
        /// How from now on.
        brake: Brake,
        /// Who decided.
        by: Actor,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
}
