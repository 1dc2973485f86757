//! What happened: the events that state is a fold of, one family for each room of the house.
//!
//! Families and their variants are only ever appended. A field that is added to a variant that exists needs a new version
//! of the stored form ([`codec`]); the types of every version that was ever written are kept, frozen, beside it.

mod access;
mod account;
mod answer;
mod codec;
mod dispatch;
mod error;
mod health;
mod journal;
mod judging;
mod people;
mod private;
mod retention;
mod subject;
#[cfg(test)]
mod tests;
mod travel;
mod v1;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Actor;

pub use access::AccessEvent;
pub use account::AccountEvent;
pub use answer::AnswerEvent;
pub use dispatch::DispatchEvent;
pub use error::CodecError;
pub use health::HealthEvent;
pub use journal::JournalEvent;
pub use judging::{JudgingEvent, News};
pub use people::PeopleEvent;
pub use retention::RetentionEvent;
pub(crate) use subject::Subject;
pub use travel::TravelEvent;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// To the journal itself.
    Journal(JournalEvent),
    /// To people and groups.
    People(PeopleEvent),
    /// To accounts, roles and rights.
    Access(AccessEvent),
    /// To rules, bulletins and incidents.
    Judging(JudgingEvent),
    /// To dispatches and their mails.
    Dispatch(DispatchEvent),
    /// To answers and what is said about them.
    Answer(AnswerEvent),
    /// To journeys and risks abroad.
    Travel(TravelEvent),
    /// To what is kept, returned and erased.
    Retention(RetentionEvent),
    /// To accounts of the console.
    Account(AccountEvent),
    /// To addresses: probes and confirmations.
    Health(HealthEvent),
}

/// One event with its moment and its author: a row of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was decided.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
    /// On whose behalf.
    pub by: Actor,
    /// What happened.
    pub event: Event,
}

macro_rules! families {
    ($($name:ident: $family:ty),* $(,)?) => {
        $(impl From<$family> for Event {
            fn from(event: $family) -> Self {
                Event::$name(event)
            }
        })*
    };
}

families! {
    Journal: JournalEvent,
    People: PeopleEvent,
    Access: AccessEvent,
    Judging: JudgingEvent,
    Dispatch: DispatchEvent,
    Answer: AnswerEvent,
    Travel: TravelEvent,
    Retention: RetentionEvent,
    Account: AccountEvent,
    Health: HealthEvent,
}
