//! What happens to what is kept, returned and erased.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{DispatchId, IncidentId, PersonId};
use crate::person::Side;
use crate::retention::Approval;

/// Something that happened to what is kept, returned and erased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RetentionEvent {
    /// A person was erased; the key is destroyed as soon as this is durable (requirement S05).
    PersonErased {
        /// Who.
        person: PersonId,
        /// Who asked for it and who approved.
        by: Approval,
    },
    /// Everything was handed over, encrypted to somebody's public key (requirement S20).
    HandedOver {
        /// That public key (X25519).
        recipient: [u8; 32],
        /// Who asked for it and who approved.
        by: Approval,
    },
    /// The time of bulletins that no incident came of is over (requirement S18).
    BulletinsForgotten {
        /// Those judged earlier.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        before: Timestamp,
    },
    /// The time of an incident and all that belongs to it is over: bulletins, dispatches, outcomes, answers.
    IncidentForgotten {
        /// Which.
        incident: IncidentId,
        /// Its dispatches.
        dispatches: Vec<DispatchId>,
    },
    /// A whole roster was downloaded.
    RosterExported {
        /// Of which half.
        side: Side,
        /// Who asked for it and who approved.
        by: Approval,
    },
}
