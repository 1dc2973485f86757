//! Deciding about journeys and risks abroad.

use crate::command::{Refusal, TravelCommand};
use crate::event::Event;

pub(super) fn decide(command: &TravelCommand) -> Result<Vec<Event>, Refusal> {
    match *command {}
}
