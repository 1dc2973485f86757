//! Deciding about roles, deputies, and what two must agree to.

use jiff::Timestamp;

use crate::access::{Actor, Guarded, Holder, Role};
use crate::command::{AccessCommand, AccessRefusal, Refusal};
use crate::event::{AccessEvent, Event};
use crate::id::RequestId;
use crate::person::Side;
use crate::rights::is_one_person;
use crate::state::State;

pub(super) fn decide(
    state: &State,
    actor: Actor,
    command: &AccessCommand,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let access = state.access();
    let has = |holder, role| access.roles(holder).any(|it| it == role);
    let events = match command {
        AccessCommand::Grant { holder, role } => {
            fits(state, *holder, *role)?;
            if has(*holder, *role) { vec![] } else { vec![AccessEvent::RoleGranted { holder: *holder, role: *role }] }
        }
        AccessCommand::Take { holder, role } => {
            let others = access.grants().filter(|(_, it)| *it == Role::SystemAdministrator).count() > 1;
            if *role == Role::SystemAdministrator && has(*holder, *role) && !others {
                return Err(AccessRefusal::LastAdministrator.into());
            }
            if has(*holder, *role) { vec![AccessEvent::RoleTaken { holder: *holder, role: *role }] } else { vec![] }
        }
        AccessCommand::NameDeputy { of, account, from, until } => {
            let both = [*of, *account].iter().all(|id| state.accounts().find(*id).is_some());
            if !both {
                return Err(AccessRefusal::Unknown.into());
            }
            if of == account || from >= until {
                return Err(AccessRefusal::BadDeputy.into());
            }
            // A deputy gets the roles of the one away, so both must be of the same half.
            for role in access.roles(Holder::Account(*of)).chain(person_roles(state, *of)) {
                fits(state, Holder::Account(*account), role)?;
            }
            vec![AccessEvent::DeputyNamed { of: *of, account: *account, from: *from, until: *until }]
        }
        AccessCommand::EndDeputy { of, account } => {
            let event = AccessEvent::DeputyEnded { of: *of, account: *account };
            if access.has_deputy(*of, *account) { vec![event] } else { vec![] }
        }
        AccessCommand::Propose { what } => {
            if let Guarded::Grant { holder, role } = what {
                fits(state, *holder, *role)?;
            }
            vec![AccessEvent::Proposed { request: access.next_id(), what: *what, by: actor, at: now }]
        }
        AccessCommand::Agree { request } => agree(state, actor, *request, now)?,
        AccessCommand::Drop { request } => {
            access.request(*request).ok_or(AccessRefusal::UnknownRequest(*request))?;
            vec![AccessEvent::Dropped { request: *request }]
        }
    };
    Ok(events.into_iter().map(Event::from).collect())
}

/// A second person agrees; what only changes roles happens at once.
fn agree(state: &State, actor: Actor, id: RequestId, now: Timestamp) -> Result<Vec<AccessEvent>, Refusal> {
    let request = state.access().request(id).filter(|request| request.is_open(now));
    let request = request.ok_or(AccessRefusal::UnknownRequest(id))?;
    if request.by == actor || is_one_person(state, &request.by.accounts(), &actor.accounts(), now) {
        return Err(AccessRefusal::SamePerson.into());
    }
    let mut events = vec![AccessEvent::Agreed { request: id, by: actor, at: now }];
    if let Guarded::Grant { holder, role } = request.what {
        fits(state, holder, role)?;
        events.push(AccessEvent::RoleGranted { holder, role });
    }
    Ok(events)
}

fn person_roles(state: &State, account: crate::id::AccountId) -> impl Iterator<Item = Role> {
    let person = state.accounts().find(account).and_then(|account| account.person);
    person.into_iter().flat_map(|person| state.access().roles(Holder::Person(person)))
}

/// Whether a holder may have a role: both exist and are of the same half (requirement O06).
fn fits(state: &State, holder: Holder, role: Role) -> Result<(), AccessRefusal> {
    if let Some(group) = role.group() {
        let side = state.groups().find(group).ok_or(AccessRefusal::Unknown)?.side;
        if side != role.side() {
            return Err(AccessRefusal::OtherSide);
        }
    }
    let of_person = |person| state.people().find(person).map(|person| person.side);
    let sides: Vec<Side> = match holder {
        Holder::Person(person) => vec![of_person(person).ok_or(AccessRefusal::Unknown)?],
        Holder::Account(account) => {
            let person = state.accounts().find(account).ok_or(AccessRefusal::Unknown)?.person;
            let held = state.access().roles(holder).map(Role::side);
            held.chain(person.and_then(of_person)).collect()
        }
    };
    if sides.iter().all(|side| *side == role.side()) { Ok(()) } else { Err(AccessRefusal::OtherSide) }
}
