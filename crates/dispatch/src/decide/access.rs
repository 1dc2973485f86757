//! Deciding about accounts, roles and rights.

use crate::command::{AccessCommand, Refusal};
use crate::event::Event;

pub(super) fn decide(command: &AccessCommand) -> Result<Vec<Event>, Refusal> {
    match *command {}
}
