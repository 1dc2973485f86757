//! What happens to the journal itself.

use serde::{Deserialize, Serialize};

use crate::keys::RingId;

/// Something that happened to the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JournalEvent {
    /// It begins; its personal data is sealed with this key ring.
    Begun {
        /// Which key ring.
        ring: RingId,
    },
}
