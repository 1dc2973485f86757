//! What happens to people and groups.

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, PersonId};
use crate::person::PersonRecord;

/// Something that happened to people or groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PeopleEvent {
    /// A group was made.
    GroupMade {
        /// Its number.
        group: GroupId,
        /// The group above.
        parent: Option<GroupId>,
        /// Its own name.
        name: String,
    },
    /// A person was added or changed.
    PersonSet(PersonRecord),
    /// All links of a person made so far became invalid.
    LinksRevoked {
        /// Whose.
        person: PersonId,
        /// Links with a smaller counter are invalid.
        links_from: u16,
    },
}
