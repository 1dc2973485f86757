//! Whose next address is tried at once because the carrier of the present one blocks us (requirement A20).

use hikyaku_core::Address;
use jiff::Timestamp;

use crate::command::DispatchCommand;
use crate::dispatch::{Dispatch, MailEnd};
use crate::due::{is_alive, next_addresses, tried_places};
use crate::id::PersonId;
use crate::state::State;

/// Whether any dispatch tries addresses one by one and waits for answers: only then is it of use to ask for [`detours`].
#[must_use]
pub fn tries_addresses(state: &State, now: Timestamp) -> bool {
    trying(state, now).next().is_some()
}

/// The commands that try the next address of whoever has not answered and has no mail yet, because the domains of the addresses
/// that were tried are blocked, and that of the next one is not. What waits at a blocked carrier goes on waiting there.
#[must_use]
pub fn detours(state: &State, is_blocked: impl Fn(&str) -> bool, now: Timestamp) -> Vec<DispatchCommand> {
    let of = |dispatch: &Dispatch| {
        let tried = tried_places(dispatch);
        let is_blocked = |person: PersonId, place: u8| {
            let address = state.people().find(person).and_then(|person| person.address(place));
            let address = address.and_then(|address| Address::parse(&address.address).ok());
            address.is_some_and(|address| is_blocked(address.domain()))
        };
        let is_stuck = |person: PersonId| {
            let lost = |place: &u8| {
                let has_one = dispatch.has_ended(person, *place, MailEnd::Accepted);
                dispatch.has_failed(person, *place) || (!has_one && is_blocked(person, *place))
            };
            tried.get(&person).is_some_and(|places| places.iter().all(lost))
        };
        let next = next_addresses(dispatch).into_iter().map(|(person, (place, _))| (person, place));
        let stuck = next.filter(|(person, place)| is_stuck(*person) && !is_blocked(*person, *place));
        let people: Vec<PersonId> = stuck.map(|(person, _)| person).collect();
        (!people.is_empty()).then(|| DispatchCommand::TryNextAddress { dispatch: dispatch.id(), people })
    };
    trying(state, now).filter_map(of).collect()
}

fn trying(state: &State, now: Timestamp) -> impl Iterator<Item = &Dispatch> {
    let one_by_one = |it: &&Dispatch| it.record().follow_up.next_address_minutes > 0;
    state.open_dispatches(now).filter(one_by_one).filter(|it| is_alive(state, it))
}
