//! What can be asked about what is kept, returned and erased, and why it may be refused.

use thiserror::Error;

use crate::id::{AccountId, PersonId};
use crate::retention::{Approval, Schedule};

/// A wish about what is kept, returned and erased.
#[derive(Clone, Debug, PartialEq)]
pub enum RetentionCommand {
    /// Erases a person for good: name, addresses, and whatever the person wrote.
    ErasePerson {
        /// Who.
        person: PersonId,
        /// Who asks for it and who approves; two different people.
        by: Approval,
    },
    /// Notes that everything is handed over, encrypted to a public key.
    HandOver {
        /// That key (X25519).
        recipient: [u8; 32],
        /// Who asks for it and who approves; two different people.
        by: Approval,
    },
    /// Forgets what the schedule says is due; run daily.
    Forget {
        /// How long what is kept.
        schedule: Schedule,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RetentionRefusal {
    /// One person cannot do it alone.
    #[error("{0} cannot both ask for it and approve it: have somebody else approve")]
    SamePerson(AccountId),
    /// There is no such account, or it is stopped.
    #[error("there is no account {0} that may act: look at the list of accounts")]
    NoAccount(AccountId),
    /// The person was erased before.
    #[error("{0} is erased already: ask for the certificate")]
    Erased(PersonId),
}
