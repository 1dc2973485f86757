//! People: who they are (sealed at rest), where they belong, how they are reached.

mod address;
mod regions;
mod roll;
mod row;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::address::MASK;
pub use self::address::{ADDRESSES_MAX, MailAddress, Purpose, RegisteredBy};
pub use self::regions::{OWN_REGIONS_MAX, Regions, Whereabouts};
pub(crate) use self::roll::{Line, Roll};
pub use self::row::{AddressCell, RegionCells, RosterRow};
pub use self::standing::{Employment, Language, LinkWay, Side};
use crate::id::{GroupId, PersonId};
use crate::sealed::Private;
use crate::shared::Shared;

/// What identifies a person; in the journal it is sealed with the person's own key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// The organisation's own number for the person (職員番号).
    pub external_id: String,
    /// Full name.
    pub name: String,
    /// Reading of the name; may be empty.
    pub kana: String,
    /// Mail addresses in the person's order.
    pub addresses: Vec<MailAddress>,
}

impl std::fmt::Debug for Personal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Personal({} addresses)", self.addresses.len())
    }
}

/// A person of a roster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The number in this journal.
    pub id: PersonId,
    /// The half of the system that the person belongs to.
    pub side: Side,
    /// Who it is; `None` once erased.
    pub personal: Option<Personal>,
    /// Where the person lives, works or otherwise belongs.
    pub regions: Regions,
    /// What the person registered beside them, which no roster changes.
    pub own_regions: Vec<RegionCode>,
    /// Where the person is for the time being, if somebody said so.
    pub whereabouts: Option<Whereabouts>,
    /// The groups the person was put in, in the order of their numbers.
    pub groups: Vec<GroupId>,
    /// Those groups and all above them, each once, in the order of their numbers.
    #[serde(with = "crate::group::within")]
    pub within: Arc<[GroupId]>,
    /// Language of mails and pages.
    pub language: Language,
    /// Whether the person works here.
    pub employment: Employment,
    /// Links with a smaller counter are no longer valid.
    pub links_from: u16,
    /// Whether the present link of the own page was handed to the person, on a card or by mail.
    pub has_own_link: bool,
    /// The greatest place that an address of this person ever had.
    pub(crate) places_used: u8,
}

impl Person {
    /// The name, or 削除済み once it is erased.
    #[must_use]
    pub fn name(&self) -> &str {
        self.personal.as_ref().map_or("削除済み", |personal| &personal.name)
    }

    /// The addresses in the person's order; none once erased.
    #[must_use]
    pub fn addresses(&self) -> &[MailAddress] {
        self.personal.as_ref().map_or(&[], |personal| &personal.addresses)
    }

    /// The address at a place; places are counted from 1 and stay when the order changes.
    #[must_use]
    pub fn address(&self, place: u8) -> Option<&MailAddress> {
        self.addresses().iter().find(|address| address.place == place)
    }

    /// The regions of the roster and those that the person registered; one may come twice.
    pub fn all_regions(&self) -> impl Iterator<Item = &RegionCode> {
        self.regions.all().chain(&self.own_regions)
    }

    /// Every region that concerns the person at `now`: all the person's own, and where the person is.
    pub fn regions_at(&self, now: Timestamp) -> impl Iterator<Item = &RegionCode> {
        self.all_regions().chain(self.whereabouts.as_ref().and_then(|stay| stay.at(now)))
    }

    /// Whether dispatches may ask the person: neither gone nor erased.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.employment != Employment::Left && self.personal.is_some()
    }

    /// Whether the person is in the group or below it.
    #[must_use]
    pub fn is_within(&self, group: GroupId) -> bool {
        self.within.binary_search(&group).is_ok()
    }
}

/// What an event says of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonRecord {
    /// Who.
    pub person: PersonId,
    /// Of which half.
    pub side: Side,
    /// Name, number and addresses.
    pub personal: Private<Personal>,
    /// Regions.
    pub regions: Regions,
    /// Groups.
    pub groups: Vec<GroupId>,
    /// Language.
    pub language: Language,
    /// Whether the person works here.
    pub employment: Employment,
}

/// Everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct People {
    /// In the order of their numbers.
    by_id: Vec<Shared<Person>>,
    /// A line for each of them.
    roll: Roll,
    by_external: BTreeMap<Side, BTreeMap<String, PersonId>>,
    /// The greatest number that was ever given.
    last: u32,
}

impl People {
    /// A person by number.
    #[must_use]
    pub fn find(&self, id: PersonId) -> Option<&Person> {
        self.roll.place_of(id).ok().map(|place| &*self.by_id[place])
    }

    /// What judging asks of everybody.
    pub(crate) fn roll(&self) -> &Roll {
        &self.roll
    }

    /// The line of a person.
    pub(crate) fn line(&self, id: PersonId) -> Option<&Line> {
        self.roll.place_of(id).ok().map(|place| &self.roll.lines()[place])
    }

    /// A person by the organisation's own number; the two halves number their people apart.
    #[must_use]
    pub fn by_external_id(&self, side: Side, external_id: &str) -> Option<&Person> {
        self.find(*self.by_external.get(&side)?.get(external_id)?)
    }

    /// Everybody in the order of first registration, those who left included.
    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.by_id.iter().map(|person| &**person)
    }

    /// Everybody of one half, those who left included.
    pub fn of(&self, side: Side) -> impl Iterator<Item = &Person> {
        self.iter().filter(move |person| person.side == side)
    }

    /// How many there are, those who left included.
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
        PersonId(self.last + 1)
    }

    /// Notes that a number is taken, by somebody who is yet to come.
    pub(crate) fn reserve(&mut self, person: PersonId) {
        self.last = self.last.max(person.0);
    }

    pub(crate) fn set(&mut self, record: &PersonRecord, within: Arc<[GroupId]>) {
        self.reserve(record.person);
        let place = self.roll.place_of(record.person);
        let before = place.ok().map(|place| self.by_id[place].clone());
        if let Some(personal) = before.as_ref().and_then(|person| person.personal.as_ref()) {
            self.by_external.entry(record.side).or_default().remove(&personal.external_id);
        }
        let personal = record.personal.open().cloned();
        if let Some(personal) = &personal {
            self.by_external.entry(record.side).or_default().insert(personal.external_id.clone(), record.person);
        }
        let places = personal.iter().flat_map(|personal| &personal.addresses).map(|address| address.place);
        let used = before.as_ref().map_or(0, |person| person.places_used);
        let person = Person {
            id: record.person,
            side: record.side,
            places_used: places.fold(used, u8::max),
            personal,
            regions: record.regions.clone(),
            groups: record.groups.clone(),
            within,
            language: record.language,
            employment: record.employment,
            links_from: before.as_ref().map_or(0, |person| person.links_from),
            has_own_link: before.as_ref().is_some_and(|person| person.has_own_link),
            own_regions: before.as_ref().map(|person| person.own_regions.clone()).unwrap_or_default(),
            whereabouts: before.and_then(|person| person.whereabouts.clone()),
        };
        match place {
            Ok(place) => {
                self.roll.set(place, &person);
                self.by_id[place] = Shared::new(person);
            }
            Err(place) => {
                self.roll.insert(place, &person);
                self.by_id.insert(place, Shared::new(person));
            }
        }
    }

    /// Nothing that identifies the person is left, as if it had never been read.
    pub(crate) fn erase(&mut self, person: PersonId) {
        let Ok(place) = self.roll.place_of(person) else { return };
        let person = self.by_id[place].make_mut();
        person.places_used = 0;
        person.own_regions.clear();
        let personal = person.personal.take();
        self.roll.set(place, person);
        let Some(personal) = personal else { return };
        let of_side = self.by_external.entry(person.side).or_default();
        of_side.remove(&personal.external_id);
        if of_side.is_empty() {
            self.by_external.remove(&person.side);
        }
    }

    /// Changes what is known of a person; nothing for somebody who is not there.
    pub(crate) fn change(&mut self, person: PersonId, change: impl FnOnce(&mut Person)) {
        if let Ok(place) = self.roll.place_of(person) {
            let person = self.by_id[place].make_mut();
            change(person);
            self.roll.set(place, person);
        }
    }

    /// Works out anew which groups each person is within, after the tree changed.
    pub(crate) fn settle_groups(&mut self, within: impl Fn(&[GroupId]) -> Arc<[GroupId]>) {
        for person in &mut self.by_id {
            let within = within(&person.groups);
            if person.within != within {
                person.make_mut().within = within;
            }
        }
    }
}
