//! Deciding about what is kept, returned and erased.

use crate::command::{Refusal, RetentionCommand};
use crate::event::Event;

pub(super) fn decide(command: &RetentionCommand) -> Result<Vec<Event>, Refusal> {
    match *command {}
}
