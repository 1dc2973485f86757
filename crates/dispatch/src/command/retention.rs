//! What can be asked about what is kept, returned and erased, and why it may be refused.

use thiserror::Error;

use crate::id::PersonId;
use crate::person::Side;
use crate::retention::Schedule;

/// A wish about what is kept, returned and erased.
#[derive(Clone, Debug, PartialEq)]
pub enum RetentionCommand {
    /// Erases a person for good: name, addresses, and whatever the person wrote. Two people must have agreed to it
    /// ([`Guarded::Erase`](crate::Guarded::Erase)); the journal names them.
    ErasePerson {
        /// Who.
        person: PersonId,
    },
    /// Notes that everything is handed over, encrypted to a public key. Two people must have agreed to it
    /// ([`Guarded::HandOver`](crate::Guarded::HandOver)); the journal names them.
    HandOver {
        /// That key (X25519).
        recipient: [u8; 32],
    },
    /// Notes that a whole roster is downloaded. Two people must have agreed to it
    /// ([`Guarded::Export`](crate::Guarded::Export)); the journal names them.
    ExportRoster {
        /// Of which half.
        side: Side,
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
    /// Two people must agree first, with accounts of their own.
    #[error(
        "二人の同意がありません。一人が申請し（access propose）、別の管理者が 24 時間以内に承認してください（access agree）"
    )]
    NotAgreed,
    /// The person was erased before.
    #[error("{0} is erased already: ask for the certificate")]
    Erased(PersonId),
}
