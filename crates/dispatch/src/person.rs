//! People: who they are (sealed at rest), where they belong, how they are reached.

use std::collections::BTreeMap;
use std::sync::Arc;

use hikyaku_bulletin::RegionCode;
use serde::{Deserialize, Serialize};

use crate::id::{GroupId, PersonId};
use crate::sealed::Private;

/// What identifies a person; in the journal it is sealed with the person's own key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// The organisation's own number for the person (職員番号).
    pub external_id: String,
    /// Full name.
    pub name: String,
    /// Reading of the name; may be empty.
    pub kana: String,
    /// Mail addresses in the person's order; the place counts from 1.
    pub addresses: Vec<String>,
}

impl std::fmt::Debug for Personal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Personal({} addresses)", self.addresses.len())
    }
}

/// A person of the roster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The number in this journal.
    pub id: PersonId,
    /// Who it is; `None` once erased.
    pub personal: Option<Personal>,
    /// Where the person lives, works or stays.
    pub regions: Vec<RegionCode>,
    /// The groups the person was put in.
    pub groups: Vec<GroupId>,
    /// Those groups and all above them, each once.
    #[serde(with = "crate::group::within")]
    pub within: Arc<[GroupId]>,
    /// Links with a smaller counter are no longer valid.
    pub links_from: u16,
}

impl Person {
    /// The name, or 削除済み once it is erased.
    #[must_use]
    pub fn name(&self) -> &str {
        self.personal.as_ref().map_or("削除済み", |personal| &personal.name)
    }

    /// The addresses in the person's order; none once erased.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        self.personal.as_ref().map_or(&[], |personal| &personal.addresses)
    }
}

/// One row of a roster, as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRow {
    /// Who.
    pub personal: Personal,
    /// Paths of group names from the top, such as 本省, 大臣官房, 秘書課.
    pub groups: Vec<Vec<String>>,
    /// Regions, at least one (requirement A07).
    pub regions: Vec<RegionCode>,
}

/// What an event says of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonRecord {
    /// Who.
    pub person: PersonId,
    /// Name, number and addresses.
    pub personal: Private<Personal>,
    /// Regions.
    pub regions: Vec<RegionCode>,
    /// Groups.
    pub groups: Vec<GroupId>,
}

/// Everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct People {
    by_id: BTreeMap<PersonId, Person>,
    by_external: BTreeMap<String, PersonId>,
}

impl People {
    /// A person by number.
    #[must_use]
    pub fn find(&self, id: PersonId) -> Option<&Person> {
        self.by_id.get(&id)
    }

    /// A person by the organisation's own number.
    #[must_use]
    pub fn by_external_id(&self, external_id: &str) -> Option<&Person> {
        self.by_id.get(self.by_external.get(external_id)?)
    }

    /// Everybody in the order of first registration.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.by_id.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The number that a new person would get.
    pub(crate) fn next_id(&self) -> PersonId {
        PersonId(self.by_id.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }

    pub(crate) fn set(&mut self, record: &PersonRecord, within: Arc<[GroupId]>) {
        let links_from = self.by_id.get(&record.person).map_or(0, |person| person.links_from);
        let personal = record.personal.open().cloned();
        if let Some(before) = self.by_id.get(&record.person).and_then(|person| person.personal.as_ref()) {
            self.by_external.remove(&before.external_id);
        }
        if let Some(personal) = &personal {
            self.by_external.insert(personal.external_id.clone(), record.person);
        }
        let person = Person {
            id: record.person,
            personal,
            regions: record.regions.clone(),
            groups: record.groups.clone(),
            within,
            links_from,
        };
        self.by_id.insert(record.person, person);
    }

    /// Nothing that identifies the person is left.
    pub(crate) fn erase(&mut self, person: PersonId) {
        let Some(person) = self.by_id.get_mut(&person) else { return };
        if let Some(personal) = person.personal.take() {
            self.by_external.remove(&personal.external_id);
        }
    }

    pub(crate) fn revoke_links(&mut self, person: PersonId, links_from: u16) {
        if let Some(person) = self.by_id.get_mut(&person) {
            person.links_from = links_from;
        }
    }
}
