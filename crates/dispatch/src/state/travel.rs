//! What is known of journeys and risks abroad.

use crate::event::TravelEvent;

/// What is known of journeys and risks abroad.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Travel {}

impl Travel {
    pub(super) fn apply(&mut self, event: &TravelEvent) {
        match *event {}
    }
}
