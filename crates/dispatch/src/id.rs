//! Names of things: small numbers that are given once and never used again.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

id!(
    /// A person of the roster. Not personal data: it means nothing outside this journal.
    PersonId, "p"
);
id!(
    /// A group of the tree.
    GroupId, "g"
);
id!(
    /// A rule that turns bulletins into dispatches.
    RuleId, "r"
);
id!(
    /// A table of targets by prefecture.
    TableId, "t"
);
id!(
    /// A proposal that waits for approval.
    ProposalId, "h"
);
id!(
    /// An incident (事象): what several bulletins and dispatches are about.
    IncidentId, "i"
);
id!(
    /// An account of the console.
    AccountId, "a"
);
id!(
    /// A dispatch (一斉配信): one question to many people.
    DispatchId, "d"
);

id!(
    /// A round of probes of addresses.
    ProbeId, "b"
);
id!(
    /// A wish that two must agree to.
    RequestId, "w"
);

id!(
    /// A token of the API.
    TokenId, "k"
);

id!(
    /// A stay abroad of the travel register.
    StayId, "s"
);

impl AccountId {
    /// Under which number the ring keeps the key of an account: people are counted from 1 upwards, accounts from the end downwards.
    pub(crate) const fn key(self) -> PersonId {
        PersonId(u32::MAX - self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_with_the_letter_of_its_kind() {
        assert_eq!(format!("{} {}", PersonId(7), DispatchId(3)), "p7 d3");
    }
}
