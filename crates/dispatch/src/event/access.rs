//! What happens to roles and rights.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::{Actor, Guarded, Holder, Role};
use crate::id::{AccountId, RequestId};

/// Something that happened to roles and rights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccessEvent {
    /// Somebody got a role.
    RoleGranted {
        /// Who.
        holder: Holder,
        /// Which.
        role: Role,
    },
    /// Somebody lost a role.
    RoleTaken {
        /// Who.
        holder: Holder,
        /// Which.
        role: Role,
    },
    /// An account stands in for another for a time.
    DeputyNamed {
        /// In whose place.
        of: AccountId,
        /// Who.
        account: AccountId,
        /// From when on.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        from: Timestamp,
        /// Until when.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        until: Timestamp,
    },
    /// An account no longer stands in for another.
    DeputyEnded {
        /// In whose place.
        of: AccountId,
        /// Who.
        account: AccountId,
    },
    /// Somebody wishes for what two must agree to.
    Proposed {
        /// Its number.
        request: RequestId,
        /// What.
        what: Guarded,
        /// Who.
        by: Actor,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// A second one agreed.
    Agreed {
        /// To what.
        request: RequestId,
        /// Who.
        by: Actor,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// A wish was withdrawn or turned down.
    Dropped {
        /// Which.
        request: RequestId,
    },
}
