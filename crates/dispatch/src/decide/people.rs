//! Import of people: groups that are new, people who are new or changed, or nothing at all (requirement A26).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::command::{PeopleCommand, PeopleRefusal, Refusal};
use crate::event::{Event, PeopleEvent};
use crate::id::{GroupId, PersonId};
use crate::person::{PersonRecord, RosterRow};
use crate::sealed::Private;
use crate::state::State;

pub(super) fn decide(state: &State, command: &PeopleCommand) -> Result<Vec<Event>, Refusal> {
    match command {
        PeopleCommand::Import { people } => import(state, people),
        PeopleCommand::RevokeLinks { person } => {
            let person = state.people().find(*person).ok_or(Refusal::UnknownPerson(*person))?;
            let links_from = person.links_from.saturating_add(1);
            Ok(vec![PeopleEvent::LinksRevoked { person: person.id, links_from }.into()])
        }
    }
}

fn import(state: &State, rows: &[RosterRow]) -> Result<Vec<Event>, Refusal> {
    check(rows)?;
    let mut tree = Growth { state, next: state.groups().next_id(), made: BTreeMap::new(), events: Vec::new() };
    let mut people = Vec::new();
    let mut next = state.people().next_id();
    for row in rows {
        let groups: BTreeSet<GroupId> = row.groups.iter().filter_map(|path| tree.path(path)).collect();
        let groups: Vec<GroupId> = groups.into_iter().collect();
        let known = state.people().by_external_id(&row.personal.external_id);
        let same = known.is_some_and(|person| {
            person.personal.as_ref() == Some(&row.personal) && person.regions == row.regions && person.groups == groups
        });
        if same {
            continue;
        }
        let person = known.map_or(next, |person| person.id);
        if person == next {
            next = PersonId(next.0 + 1);
        }
        let personal = Private::Open(row.personal.clone());
        people.push(
            PeopleEvent::PersonSet(PersonRecord { person, personal, regions: row.regions.clone(), groups }).into(),
        );
    }
    let mut events = tree.events;
    events.append(&mut people);
    Ok(events)
}

fn check(rows: &[RosterRow]) -> Result<(), PeopleRefusal> {
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let bad = |problem| Err(PeopleRefusal::BadPerson { row: place + 1, problem });
        if row.personal.external_id.is_empty() || row.personal.name.is_empty() {
            return bad("the id or the name is empty: fill it in");
        }
        if row.regions.is_empty() {
            return bad("there is no region: name at least one");
        }
        if row.personal.addresses.len() > usize::from(u8::MAX) {
            return bad("there are more than 255 addresses: remove some");
        }
        if let Some(first) = seen.insert(&row.personal.external_id, place) {
            return Err(PeopleRefusal::SamePersonTwice { first: first + 1, second: place + 1 });
        }
    }
    Ok(())
}

/// The tree as it will be, with the groups that this import makes.
struct Growth<'a> {
    state: &'a State,
    next: GroupId,
    made: BTreeMap<(Option<GroupId>, &'a str), GroupId>,
    events: Vec<Event>,
}

impl<'a> Growth<'a> {
    fn path(&mut self, names: &'a [String]) -> Option<GroupId> {
        let mut at = None;
        for name in names {
            at = Some(self.child(at, name));
        }
        at
    }

    fn child(&mut self, parent: Option<GroupId>, name: &'a str) -> GroupId {
        if let Some(known) = self.made.get(&(parent, name)) {
            return *known;
        }
        let group = self.state.groups().child(parent, name).unwrap_or_else(|| {
            let group = self.next;
            self.next = GroupId(group.0 + 1);
            self.events.push(PeopleEvent::GroupMade { group, parent, name: name.to_owned() }.into());
            group
        });
        self.made.insert((parent, name), group);
        group
    }
}
