//! Deciding about journeys abroad.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::command::{Refusal, RosterScope, TravelCommand, TravelRefusal};
use crate::day::japan_date;
use crate::event::{Event, TravelEvent};
use crate::id::StayId;
use crate::person::Side;
use crate::roster::{RosterFault, RosterFaults, StayRow};
use crate::sealed::Private;
use crate::state::State;
use crate::travel::{Stay, StayKind};

pub(super) fn decide(state: &State, command: &TravelCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let events = match command {
        TravelCommand::Import { rows, scope } => import(state, rows, *scope, now)?,
        TravelCommand::Set { id, stay } => {
            check(state, stay)?;
            match id {
                Some(id) => {
                    let before = state.travel().find(*id).ok_or(TravelRefusal::UnknownStay(*id))?;
                    // A stay never passes from one person to another: it is sealed with the key of the first.
                    if before.person != stay.person {
                        return Err(TravelRefusal::UnknownStay(*id).into());
                    }
                    if before == stay { Vec::new() } else { vec![set(*id, stay)] }
                }
                None => vec![set(state.travel().next_id(), stay)],
            }
        }
        TravelCommand::Remove { id } => {
            state.travel().find(*id).ok_or(TravelRefusal::UnknownStay(*id))?;
            vec![TravelEvent::StayRemoved { stay: *id }]
        }
    };
    Ok(events.into_iter().map(Event::from).collect())
}

fn set(id: StayId, stay: &Stay) -> TravelEvent {
    TravelEvent::StaySet { stay: id, person: stay.person, details: Private::Open(stay.clone()) }
}

fn check(state: &State, stay: &Stay) -> Result<(), Refusal> {
    let person = state.people().find(stay.person).filter(|person| !state.is_erased(person.id));
    let person = person.ok_or(Refusal::UnknownPerson(stay.person))?;
    if person.side != Side::Overseas {
        return Err(TravelRefusal::OtherSide(person.id).into());
    }
    let has_end = stay.kind == StayKind::Posting || stay.to.is_some();
    if stay.countries.is_empty() || !has_end || stay.to.is_some_and(|to| to < stay.from) {
        return Err(TravelRefusal::BadStay.into());
    }
    Ok(())
}

/// A row is the stay of the same person, kind and first day; a list that has it again brings it up to date.
fn import(state: &State, rows: &[StayRow], scope: RosterScope, now: Timestamp) -> Result<Vec<TravelEvent>, Refusal> {
    let mut next = state.travel().next_id();
    let mut events = Vec::new();
    let mut faults = Vec::new();
    let mut kept: BTreeSet<StayId> = BTreeSet::new();
    for row in rows {
        let Some(person) = state.people().by_external_id(Side::Overseas, &row.external_id) else {
            let remedy = "先に海外の名簿に登録するか、番号を直してください";
            faults.push(RosterFault::new(row.line, "職員番号", "海外の名簿にない番号です", remedy));
            continue;
        };
        let (kind, from) = (row.kind, row.from);
        let stay = Stay { person: person.id, kind, countries: row.countries.clone(), from, to: row.to };
        let is_same = |it: &Stay| it.person == stay.person && it.kind == kind && it.from == from;
        match state.travel().iter().find(|it| is_same(&it.stay)) {
            Some(known) => {
                kept.insert(known.id);
                if known.stay != stay {
                    events.push(set(known.id, &stay));
                }
            }
            None => {
                events.push(set(next, &stay));
                next = StayId(next.0 + 1);
            }
        }
    }
    if !faults.is_empty() {
        return Err(TravelRefusal::Faults(RosterFaults(faults)).into());
    }
    if scope == RosterScope::Whole {
        let today = japan_date(now);
        let gone = state.travel().iter().filter(|it| !kept.contains(&it.id) && it.stay.to.is_none_or(|to| to >= today));
        events.extend(gone.map(|it| TravelEvent::StayRemoved { stay: it.id }));
    }
    Ok(events)
}
