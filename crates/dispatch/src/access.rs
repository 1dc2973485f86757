//! Who may do what: the one place that decides (requirement A31). Roles of people come with their own accounts.

use serde::{Deserialize, Serialize};

use crate::answer::Via;
use crate::command::{AnswerCommand, Command};
use crate::id::{AccountId, PersonId};
use crate::thread::Speaker;

/// On whose behalf something is done; every row of the journal names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The program itself: feeds, engine, schedules, the command line of the machine.
    System,
    /// Whoever holds a valid answer link of this person.
    Responder(PersonId),
    /// Whoever is logged in to the console with this account.
    Account(AccountId),
}

/// Whether `actor` may give `command`.
#[must_use]
pub fn may(actor: Actor, command: &Command) -> bool {
    match (actor, command) {
        (Actor::System | Actor::Account(_), _) => true,
        (Actor::Responder(own), Command::Answer(AnswerCommand::Give { person, via, .. })) => {
            own == *person && *via == Via::Link
        }
        (Actor::Responder(own), Command::Answer(AnswerCommand::Say { person, speaker, .. })) => {
            own == *person && *speaker == Speaker::Person
        }
        (Actor::Responder(_), _) => false,
    }
}
