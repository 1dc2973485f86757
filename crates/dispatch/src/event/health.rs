//! What happens to addresses: probes, and what came of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::health::{Answers, Occasion, Seen};
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
    /// What mails of one occasion told of addresses and of carriers. It outlives the dispatch and its outcomes.
    Observed {
        /// On which occasion.
        occasion: Occasion,
        /// Of each address.
        seen: Vec<Seen>,
        /// Of each domain, counted.
        answers: Vec<(String, Answers)>,
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
