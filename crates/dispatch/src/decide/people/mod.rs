//! Deciding about people and groups.

mod addresses;
mod groups;
mod import;
mod plans;

use std::collections::BTreeSet;

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;

use crate::command::{PeopleCommand, PeopleRefusal, Refusal};
use crate::event::{Event, PeopleEvent};
use crate::id::PersonId;
use crate::person::{LinkWay, OWN_REGIONS_MAX, Person, PersonRecord, Personal, Whereabouts};
use crate::sealed::Private;
use crate::state::State;

pub use import::{PersonChange, RosterChanges, Touched, preview_roster};

pub(super) fn decide(state: &State, command: &PeopleCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let events = match command {
        PeopleCommand::Import(import) => import::import(state, import, now)?,
        PeopleCommand::ApplyPlans => plans::apply(state, now),
        PeopleCommand::DropPlans { person, on } => plans::drop_plans(state, *person, *on),
        PeopleCommand::RevokeLinks { person } => {
            let person = find(state, *person)?;
            let links_from = person.links_from.saturating_add(1);
            vec![PeopleEvent::LinksRevoked { person: person.id, links_from }]
        }
        PeopleCommand::HandOutLinks { people, way } => hand_out(state, people, *way)?,
        PeopleCommand::RegisterAddresses { person, addresses } => {
            let (person, personal) = known(state, *person)?;
            let addresses = addresses::registered(person, addresses)?;
            changed(
                person,
                PersonRecord { personal: Private::Open(Personal { addresses, ..personal }), ..record(person) },
            )
        }
        PeopleCommand::SetWhereabouts { person, region, until } => {
            let person = find(state, *person)?;
            let whereabouts = region.clone().map(|region| Whereabouts { region, until: *until });
            let event = PeopleEvent::WhereaboutsSet { person: person.id, whereabouts: whereabouts.clone() };
            if person.whereabouts == whereabouts { Vec::new() } else { vec![event] }
        }
        PeopleCommand::RegisterRegions { person, regions } => register_regions(state, *person, regions)?,
        PeopleCommand::SetLanguage { person, language } => {
            let (person, _) = known(state, *person)?;
            changed(person, PersonRecord { language: *language, ..record(person) })
        }
        PeopleCommand::SetGroups { person, groups } => {
            let (person, _) = known(state, *person)?;
            let groups = groups::known(state, person.side, groups)?;
            changed(person, PersonRecord { groups, ..record(person) })
        }
        PeopleCommand::MakeGroup { side, parent, name } => groups::make(state, *side, *parent, name)?,
        PeopleCommand::ChangeGroup { group, change, on } => groups::change(state, *group, change, *on, now)?,
    };
    Ok(events.into_iter().map(Event::from).collect())
}

/// Each time is noted, also to whom it was handed before: whoever sees a card could speak for its owner.
fn hand_out(state: &State, people: &[PersonId], way: LinkWay) -> Result<Vec<PeopleEvent>, Refusal> {
    for person in people {
        let is_there = known(state, *person)?.0.is_reachable();
        if !is_there {
            return Err(Refusal::UnknownPerson(*person));
        }
    }
    let people = people.to_vec();
    Ok(if people.is_empty() { Vec::new() } else { vec![PeopleEvent::LinksHandedOut { people, way }] })
}

fn register_regions(state: &State, person: PersonId, regions: &[RegionCode]) -> Result<Vec<PeopleEvent>, Refusal> {
    let (person, _) = known(state, person)?;
    let regions: Vec<RegionCode> = regions.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    if regions.len() > OWN_REGIONS_MAX {
        return Err(PeopleRefusal::TooManyRegions.into());
    }
    let event = PeopleEvent::OwnRegionsSet { person: person.id, regions: regions.clone() };
    Ok(if person.own_regions == regions { Vec::new() } else { vec![event] })
}

fn find(state: &State, person: PersonId) -> Result<&Person, Refusal> {
    state.people().find(person).ok_or(Refusal::UnknownPerson(person))
}

/// A person who was not erased, and what is known of the person.
fn known(state: &State, person: PersonId) -> Result<(&Person, Personal), Refusal> {
    let person = find(state, person)?;
    let personal = person.personal.clone().ok_or(Refusal::UnknownPerson(person.id))?;
    Ok((person, personal))
}

/// A person as an event would say it.
fn record(person: &Person) -> PersonRecord {
    PersonRecord {
        person: person.id,
        side: person.side,
        personal: person.personal.clone().map_or(Private::Erased, Private::Open),
        regions: person.regions.clone(),
        groups: person.groups.clone(),
        language: person.language,
        employment: person.employment,
    }
}

/// The event of a person as it is to be; none where nothing changes.
fn changed(before: &Person, after: PersonRecord) -> Vec<PeopleEvent> {
    if record(before) == after { Vec::new() } else { vec![PeopleEvent::PersonSet(after)] }
}

impl From<crate::roster::RosterFaults> for Refusal {
    fn from(faults: crate::roster::RosterFaults) -> Self {
        PeopleRefusal::Faults(faults).into()
    }
}
