//! What is known of journeys and risks abroad.

use crate::event::TravelEvent;
use serde::{Deserialize, Serialize};

/// What is known of journeys and risks abroad.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Travel {}

impl Travel {
    pub(super) fn apply(&mut self, event: &TravelEvent) {
        match *event {}
    }
}
