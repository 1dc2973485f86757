//! The travel register, and what it says of countries.

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{CountryCode, RegionCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RegisteredStay, Stay};
use crate::id::{PersonId, StayId};

/// All stays, by number and by country.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Register {
    stays: BTreeMap<StayId, Stay>,
    by_country: BTreeMap<CountryCode, BTreeSet<StayId>>,
    last: u32,
}

impl Register {
    /// A stay by number.
    #[must_use]
    pub fn find(&self, id: StayId) -> Option<&Stay> {
        self.stays.get(&id)
    }

    /// All stays in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = RegisteredStay> {
        self.stays.iter().map(|(id, stay)| RegisteredStay { id: *id, stay: stay.clone() })
    }

    /// Who may be in a country on any day from now until `days` later, each person once (requirement O05).
    #[must_use]
    pub fn people_in(&self, country: CountryCode, now: Timestamp, days: i64) -> BTreeSet<PersonId> {
        let stays = self.by_country.get(&country).into_iter().flatten().filter_map(|id| self.stays.get(id));
        stays.filter(|stay| stay.is_in(country, now, days)).map(|stay| stay.person).collect()
    }

    /// Where everybody who is abroad now is, as regions that rules and targets name (requirement O03).
    #[must_use]
    pub fn regions(&self, now: Timestamp) -> BTreeMap<PersonId, Vec<RegionCode>> {
        let mut regions: BTreeMap<PersonId, Vec<RegionCode>> = BTreeMap::new();
        for country in self.by_country.keys() {
            for person in self.people_in(*country, now, 0) {
                regions.entry(person).or_default().push(RegionCode::Country(*country));
            }
        }
        regions
    }

    /// The stays of a person that hold now, each with one of its countries.
    pub fn of(&self, person: PersonId, now: Timestamp) -> impl Iterator<Item = (&Stay, CountryCode)> {
        let own = self.stays.values().filter(move |stay| stay.person == person);
        own.flat_map(move |stay| {
            let here = stay.countries.iter().copied().filter(move |country| stay.is_in(*country, now, 0));
            here.map(move |country| (stay, country))
        })
    }

    /// The countries in which anybody is now, with how many people.
    #[must_use]
    pub fn countries(&self, now: Timestamp) -> BTreeMap<CountryCode, usize> {
        let counts = self.by_country.keys().map(|country| (*country, self.people_in(*country, now, 0).len()));
        counts.filter(|(_, people)| *people > 0).collect()
    }

    pub(crate) fn next_id(&self) -> StayId {
        StayId(self.last + 1)
    }

    /// Sets a stay; `None` is one whose person was erased, of which nothing is known but the number.
    pub(crate) fn set(&mut self, id: StayId, stay: Option<&Stay>) {
        self.remove(id);
        self.last = self.last.max(id.0);
        let Some(stay) = stay else { return };
        for country in &stay.countries {
            self.by_country.entry(*country).or_default().insert(id);
        }
        self.stays.insert(id, stay.clone());
    }

    /// Takes an erased person's stays out.
    pub(crate) fn erase(&mut self, person: PersonId) {
        let theirs: Vec<StayId> = self.stays.iter().filter(|(_, it)| it.person == person).map(|(id, _)| *id).collect();
        theirs.into_iter().for_each(|id| self.remove(id));
    }

    pub(crate) fn remove(&mut self, id: StayId) {
        let Some(stay) = self.stays.remove(&id) else { return };
        for country in stay.countries {
            let there = self.by_country.entry(country).or_default();
            there.remove(&id);
            if there.is_empty() {
                self.by_country.remove(&country);
            }
        }
    }
}
