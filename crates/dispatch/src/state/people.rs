//! Who there is, the groups they belong to, and what is planned for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::event::PeopleEvent;
use crate::group::{GroupChange, Groups};
use crate::id::{GroupId, PersonId};
use crate::person::{People, Person, RosterRow, Side};
use crate::tally::Belonging;

/// People and groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) people: People,
    pub(crate) groups: Groups,
    pub(crate) plans: Plans,
    /// When the last whole roster of each side was taken.
    pub(crate) taken: BTreeMap<Side, Timestamp>,
}

/// What holds from a day to come on (requirement A38).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plans {
    pub(crate) rows: BTreeMap<(Date, PersonId), (Side, RosterRow)>,
    pub(crate) groups: BTreeMap<(Date, GroupId), GroupChange>,
    /// Rows that no key that is here opens, and of which half they are.
    pub(crate) unread: BTreeMap<(Date, PersonId), Side>,
}

impl Plans {
    /// Whether something is planned for `today` or earlier and has not been carried out.
    #[must_use]
    pub fn is_due(&self, today: Date) -> bool {
        let first = [self.rows.keys().next().map(|(on, _)| *on), self.groups.keys().next().map(|(on, _)| *on)];
        first.into_iter().flatten().any(|on| on <= today)
    }

    /// The number that somebody who is yet to come was given.
    pub(crate) fn whose(&self, side: Side, external_id: &str) -> Option<PersonId> {
        let mut rows = self.rows.iter();
        rows.find(|(_, (of, row))| *of == side && row.external_id == external_id).map(|((_, person), _)| *person)
    }

    /// The half of somebody for whom something is planned.
    pub(crate) fn side(&self, person: PersonId) -> Option<Side> {
        self.rows.iter().find(|((_, who), _)| *who == person).map(|(_, (side, _))| *side)
    }

    /// Who is concerned on which day, in the order of days.
    pub fn people(&self) -> impl Iterator<Item = (Date, PersonId)> {
        self.rows.keys().copied()
    }

    /// Which group changes on which day, in the order of days.
    pub fn groups(&self) -> impl Iterator<Item = (Date, GroupId, &GroupChange)> {
        self.groups.iter().map(|((on, group), change)| (*on, *group, change))
    }
}

impl Directory {
    pub(super) fn apply(&mut self, event: &PeopleEvent) {
        match event {
            PeopleEvent::GroupMade { group, side, parent, name } => self.groups.add(*group, *side, *parent, name),
            PeopleEvent::PersonSet(record) => self.people.set(record, self.groups.around(&record.groups)),
            PeopleEvent::LinksRevoked { person, links_from } => {
                self.people.change(*person, |person| {
                    person.links_from = *links_from;
                    person.has_own_link = false;
                });
            }
            PeopleEvent::LinksHandedOut { people, .. } => {
                for person in people {
                    self.people.change(*person, |person| person.has_own_link = true);
                }
            }
            PeopleEvent::GroupChanged { group, change } => {
                self.groups.change(*group, change);
                self.people.settle_groups(|groups| self.groups.around(groups));
            }
            PeopleEvent::WhereaboutsSet { person, whereabouts } => {
                self.people.change(*person, |person| person.whereabouts.clone_from(whereabouts));
            }
            PeopleEvent::OwnRegionsSet { person, regions } => {
                self.people.change(*person, |person| person.own_regions.clone_from(regions));
            }
            PeopleEvent::RowPlanned { person, side, on, row } => {
                self.people.reserve(*person);
                if let Some(row) = row.open() {
                    self.plans.rows.insert((*on, *person), (*side, row.clone()));
                } else {
                    self.plans.unread.insert((*on, *person), *side);
                }
            }
            PeopleEvent::GroupChangePlanned { group, on, change } => {
                self.plans.groups.insert((*on, *group), change.clone());
            }
            PeopleEvent::RowDone { person, on } => {
                self.plans.rows.remove(&(*on, *person));
                self.plans.unread.remove(&(*on, *person));
            }
            PeopleEvent::GroupChangeDone { group, on } => {
                self.plans.groups.remove(&(*on, *group));
            }
            PeopleEvent::RosterTaken { side, at, .. } => {
                self.taken.insert(*side, *at);
            }
        }
    }

    /// Where a person belongs; nowhere for somebody unknown.
    pub(super) fn belonging(&self, person: PersonId) -> Belonging {
        match self.people.find(person) {
            Some(person) => Belonging { within: Arc::clone(&person.within), regions: once_each(person) },
            None => Belonging { within: Arc::from([]), regions: Vec::new() },
        }
    }

    /// Nothing that identifies the person is left, also of what is planned.
    pub(super) fn erase(&mut self, person: PersonId) {
        self.people.erase(person);
        self.plans.rows.retain(|(_, whose), _| *whose != person);
        self.plans.unread.retain(|(_, whose), _| *whose != person);
    }
}

/// The regions of a person, each once: home and work may be the same.
fn once_each(person: &Person) -> Vec<RegionCode> {
    person.all_regions().collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
