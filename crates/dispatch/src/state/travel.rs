//! What is known of journeys abroad.

use serde::{Deserialize, Serialize};

use crate::event::TravelEvent;
use crate::travel::Register;

/// The travel register.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Travel {
    pub(crate) register: Register,
}

impl Travel {
    pub(super) fn apply(&mut self, event: &TravelEvent) {
        match event {
            TravelEvent::StaySet { stay, details, .. } => self.register.set(*stay, details.open()),
            TravelEvent::StayRemoved { stay } => self.register.remove(*stay),
        }
    }
}
