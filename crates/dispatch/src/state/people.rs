//! Who there is, and the groups they belong to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use crate::event::PeopleEvent;
use crate::group::Groups;
use crate::id::{GroupId, PersonId};
use crate::person::{People, PersonRecord};

/// People and groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) people: People,
    pub(crate) groups: Groups,
}

impl Directory {
    pub(super) fn apply(&mut self, event: &PeopleEvent) {
        match event {
            PeopleEvent::GroupMade { group, parent, name } => self.groups.add(*group, *parent, name),
            PeopleEvent::PersonSet(record) => self.set_person(record),
            PeopleEvent::LinksRevoked { person, links_from } => self.people.revoke_links(*person, *links_from),
        }
    }

    fn set_person(&mut self, record: &PersonRecord) {
        let within: Arc<[GroupId]> = self.groups.within(&record.groups).into_iter().collect();
        self.people.set(record, within);
    }

    /// The groups of a person and all above them; none for somebody unknown.
    pub(super) fn within(&self, person: PersonId) -> Arc<[GroupId]> {
        self.people.find(person).map_or_else(|| Arc::from([]), |person| Arc::clone(&person.within))
    }
}
