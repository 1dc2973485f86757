//! What can be asked about the health of addresses, and why it may be refused.

use thiserror::Error;

use crate::dispatch::MailOutcome;
use crate::health::ProbePolicy;
use crate::id::{PersonId, ProbeId};

/// A wish about the health of addresses.
#[derive(Clone, Debug, PartialEq)]
pub enum HealthCommand {
    /// Opens a round of probes to the addresses that are due, as many as may go today; none if none is due.
    Probe {
        /// How often and how many.
        policy: ProbePolicy,
    },
    /// Notes how probes ended.
    RecordOutcomes {
        /// Of which round.
        probe: ProbeId,
        /// How they ended, as many as came together.
        outcomes: Vec<MailOutcome>,
    },
    /// Notes that a person received a mail at an address.
    Confirm {
        /// Whose.
        person: PersonId,
        /// Which of the person's addresses.
        place: u8,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HealthRefusal {
    /// There is no such round.
    #[error("there is no round of probes {0}: look at the list of rounds")]
    UnknownProbe(ProbeId),
    /// The person has no such address.
    #[error("{person} has no address {place}: use the link of the latest mail")]
    UnknownAddress {
        /// Who.
        person: PersonId,
        /// Which place.
        place: u8,
    },
}
