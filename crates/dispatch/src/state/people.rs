//! Who there is, and the groups they belong to.

use std::sync::Arc;

use crate::event::PeopleEvent;
use crate::group::Groups;
use crate::id::{GroupId, PersonId};
use crate::person::{People, PersonRecord};
use crate::tally::Belonging;

/// People and groups.
#[derive(Clone, Debug, Default, PartialEq)]
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

    /// Where a person belongs; nowhere for somebody unknown.
    pub(super) fn belonging(&self, person: PersonId) -> Belonging {
        match self.people.find(person) {
            Some(person) => Belonging { within: Arc::clone(&person.within), regions: person.regions.as_slice().into() },
            None => Belonging { within: Arc::from([]), regions: Arc::from([]) },
        }
    }
}
