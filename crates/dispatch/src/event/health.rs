//! What happens to addresses: probes, and what came of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dispatch::MailOutcome;
use crate::id::{PersonId, ProbeId};

/// Something that happened to addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum HealthEvent {
    /// A round of probes was opened.
    ProbeOpened {
        /// Its number.
        probe: ProbeId,
        /// Person and place of each address.
        mails: Vec<(PersonId, u8)>,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        opened: Timestamp,
    },
    /// Probes ended, as many as came together.
    ProbeOutcomes {
        /// Of which round.
        probe: ProbeId,
        /// How.
        outcomes: Vec<MailOutcome>,
    },
    /// A person pressed 受信しました in a mail to this address.
    Confirmed {
        /// Whose.
        person: PersonId,
        /// Which of the person's addresses.
        place: u8,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
}
