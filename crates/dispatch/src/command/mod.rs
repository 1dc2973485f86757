//! What can be asked of the desk, and why it may be refused: one family for each room of the house.

mod access;
mod account;
mod answer;
mod dispatch;
mod health;
mod judging;
mod people;
mod retention;
mod travel;

use thiserror::Error;

pub use access::{AccessCommand, AccessRefusal};
pub use account::{AccountCommand, AccountRefusal};
pub use answer::{AnswerCommand, AnswerRefusal};
pub use dispatch::{DispatchCommand, DispatchRefusal};
pub use health::{HealthCommand, HealthRefusal};
pub use judging::{JudgingCommand, JudgingRefusal};
pub use people::{PeopleCommand, PeopleRefusal, RemovalGuard, RosterImport, RosterScope};
pub use retention::{RetentionCommand, RetentionRefusal};
pub use travel::{TravelCommand, TravelRefusal};

use crate::access::Denied;
use crate::chain::Hash;
use crate::id::{DispatchId, IncidentId, PersonId};

/// One wish; it happens as a whole or not at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// About people and groups.
    People(PeopleCommand),
    /// About accounts, roles and rights.
    Access(AccessCommand),
    /// About rules, bulletins and incidents.
    Judging(JudgingCommand),
    /// About dispatches and their mails.
    Dispatch(DispatchCommand),
    /// About answers.
    Answer(AnswerCommand),
    /// About journeys and risks abroad.
    Travel(TravelCommand),
    /// About what is kept, returned and erased.
    Retention(RetentionCommand),
    /// About accounts of the console.
    Account(AccountCommand),
    /// About the health of addresses.
    Health(HealthCommand),
    /// Any of these, carried out once under its key.
    Once(Once),
    /// Several, each on top of those before it: all of them happen or none.
    Together(Vec<Command>),
}

/// A wish that happens once, however often it is sent: a program that got no answer sends it again under the same key.
///
/// Keys are remembered for [`KEY_HOURS`](crate::KEY_HOURS) hours and over restarts.
#[derive(Clone, Debug, PartialEq)]
pub struct Once {
    /// SHA-256 of the key and of whose it is.
    pub key: Hash,
    /// SHA-256 of the wish as it was written: the same key for another one is refused.
    pub wish: Hash,
    /// The wish.
    pub command: Box<Command>,
}

/// Why a command was not carried out. Nothing of it happened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Whoever gave it has no right to.
    #[error(transparent)]
    NotAllowed(#[from] Denied),
    /// There is no such dispatch.
    #[error("there is no dispatch {0}: look at the list of dispatches")]
    UnknownDispatch(DispatchId),
    /// There is no such incident.
    #[error("there is no incident {0}: look at the list of incidents")]
    UnknownIncident(IncidentId),
    /// There is no such person.
    #[error("there is no person {0}: import the roster first")]
    UnknownPerson(PersonId),
    /// Something about people and groups.
    #[error(transparent)]
    People(#[from] PeopleRefusal),
    /// Something about accounts, roles and rights.
    #[error(transparent)]
    Access(#[from] AccessRefusal),
    /// Something about rules, bulletins and incidents.
    #[error(transparent)]
    Judging(#[from] JudgingRefusal),
    /// Something about dispatches and their mails.
    #[error(transparent)]
    Dispatch(#[from] DispatchRefusal),
    /// Something about answers.
    #[error(transparent)]
    Answer(#[from] AnswerRefusal),
    /// Something about journeys and risks abroad.
    #[error(transparent)]
    Travel(#[from] TravelRefusal),
    /// Something about what is kept, returned and erased.
    #[error(transparent)]
    Retention(#[from] RetentionRefusal),
    /// Something about the health of addresses.
    #[error(transparent)]
    Health(#[from] HealthRefusal),
    /// Something about accounts of the console.
    #[error(transparent)]
    Account(#[from] AccountRefusal),
}

macro_rules! families {
    ($($name:ident: $family:ty),* $(,)?) => {
        $(impl From<$family> for Command {
            fn from(command: $family) -> Self {
                Command::$name(command)
            }
        })*
    };
}

families! {
    People: PeopleCommand,
    Access: AccessCommand,
    Judging: JudgingCommand,
    Dispatch: DispatchCommand,
    Answer: AnswerCommand,
    Travel: TravelCommand,
    Retention: RetentionCommand,
    Account: AccountCommand,
    Health: HealthCommand,
}
