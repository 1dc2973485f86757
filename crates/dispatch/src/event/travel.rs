//! What happens to journeys abroad.

use serde::{Deserialize, Serialize};

use crate::id::{PersonId, StayId};
use crate::sealed::Private;
use crate::travel::Stay;

/// Something that happened to journeys abroad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TravelEvent {
    /// A stay was registered or changed.
    StaySet {
        /// Its number.
        stay: StayId,
        /// Whose it is.
        person: PersonId,
        /// Where and when.
        details: Private<Stay>,
    },
    /// A stay was taken out of the register.
    StayRemoved {
        /// Its number.
        stay: StayId,
    },
}
