//! The one place that answers whether somebody may do something to somebody (requirements A31, S10).

mod behind;
mod demand;

use jiff::Timestamp;

use crate::access::{Action, Actor, Denied, Holder, Reach, Role, Subject, reach};
use crate::id::{AccountId, PersonId};
use crate::person::Side;
use crate::state::State;

pub(crate) use self::behind::is_one_person;
pub(crate) use self::demand::demands;

/// Whether `actor` may do `action` to `subject` at `now`, for acts and for reads alike.
///
/// What two must agree to ([`Action::needs_two`]) needs their agreement besides: [`Access::agreed`](crate::Access::agreed).
///
/// # Errors
/// [`Denied`] says why not, and whom to ask.
pub fn may(actor: Actor, action: Action, subject: Subject, state: &State, now: Timestamp) -> Result<(), Denied> {
    let own = match actor {
        Actor::System => return Ok(()),
        Actor::Responder(person) => {
            let is_own =
                matches!(action, Action::AnswerOwn | Action::EditDetails) && subject == Subject::Person(person);
            return if is_own { Ok(()) } else { Err(Denied::OutOfReach(action)) };
        }
        Actor::Account(account) => account,
        Actor::Deputy { account, of } => {
            if !state.access().is_deputy(account, of, now) {
                return Err(Denied::NoDeputy);
            }
            of
        }
        Actor::Token { token, account } => {
            let found = state.accounts().token(token).filter(|it| it.account == account && now < it.expires);
            if !found.ok_or(Denied::NoToken)?.covers(action) {
                return Err(Denied::OutOfScope(action));
            }
            account
        }
    };
    if actor.accounts().into_iter().any(|account| !is_active(state, account)) {
        return Err(Denied::NoAccount);
    }
    let about_own = actor.accounts().into_iter().any(|account| subject == Subject::Account(account));
    if about_own && action == Action::ManageAccounts {
        return Err(Denied::NeedsAnother(action));
    }
    // One's own account is nobody else's business, and a deputy names no deputies.
    let personal = matches!(action, Action::OwnAccount | Action::EndSessions | Action::NameDeputy)
        && matches!(actor, Actor::Account(_));
    if personal && subject == Subject::Account(own) {
        return Ok(());
    }
    if action == Action::NameDeputy && matches!(actor, Actor::Deputy { .. }) {
        return Err(Denied::NeedsAnother(action));
    }
    let reaches = |role: Role| match reach(role.kind(), action) {
        Reach::Nothing | Reach::Own => false,
        Reach::Subtree => role.group().is_some_and(|group| is_within(state, subject, group)),
        Reach::Side => side_of(state, subject) == Some(role.side()),
    };
    if roles(state, own).any(reaches) { Ok(()) } else { Err(Denied::OutOfReach(action)) }
}

/// As what somebody acts; every act is labelled with it (requirements A33, A38).
#[must_use]
pub fn capacity(actor: Actor, state: &State) -> &'static str {
    match actor {
        Actor::System => "自動",
        Actor::Responder(_) => "本人",
        Actor::Deputy { .. } => "代行者",
        Actor::Account(account) if roles(state, account).any(|role| role == Role::DutyOperator) => "代行送信",
        Actor::Account(_) => "本人",
        Actor::Token { .. } => "API",
    }
}

/// The roles of an account: its own, and those of the person whose it is.
pub fn roles(state: &State, account: AccountId) -> impl Iterator<Item = Role> {
    let person = state.accounts().find(account).and_then(|account| account.person);
    let holders = [Some(Holder::Account(account)), person.map(Holder::Person)];
    holders.into_iter().flatten().flat_map(|holder| state.access().roles(holder))
}

/// Whether nobody else could manage accounts in the half of this one, which does: the first administrator of a system.
#[must_use]
pub fn manages_alone(state: &State, account: AccountId) -> bool {
    let manages = |account: AccountId, side: Side| {
        let reaches = |role: Role| role.side() == side && reach(role.kind(), Action::ManageAccounts) == Reach::Side;
        is_active(state, account) && roles(state, account).any(reaches)
    };
    let others = |side: Side| state.accounts().iter().any(|it| it.id != account && manages(it.id, side));
    [Side::Domestic, Side::Overseas].into_iter().any(|side| manages(account, side) && !others(side))
}

/// The person who acts: the owner of the link or of the account; of a deputy, the one in whose place.
pub(crate) fn person_of(state: &State, actor: Actor) -> Option<PersonId> {
    match actor {
        Actor::System => None,
        Actor::Responder(person) => Some(person),
        Actor::Account(account) | Actor::Deputy { of: account, .. } | Actor::Token { account, .. } => {
            state.accounts().find(account)?.person
        }
    }
}

fn is_active(state: &State, account: AccountId) -> bool {
    state.accounts().find(account).is_some_and(|account| {
        let person = account.person.and_then(|person| state.people().find(person));
        // Who has left keeps no rights, even if nobody closed the account.
        !account.suspended && account.person.is_none() | person.is_some_and(crate::person::Person::is_reachable)
    })
}

fn is_within(state: &State, subject: Subject, group: crate::id::GroupId) -> bool {
    match subject {
        Subject::Group(id) => state.groups().is_within(id, group),
        Subject::Person(id) => state.people().find(id).is_some_and(|person| person.is_within(group)),
        Subject::Side(_) | Subject::Account(_) => false,
    }
}

/// The half that a subject belongs to; an account without roles and person is of the domestic one.
fn side_of(state: &State, subject: Subject) -> Option<Side> {
    match subject {
        Subject::Side(side) => Some(side),
        Subject::Group(id) => state.groups().find(id).map(|group| group.side),
        Subject::Person(id) => state.people().find(id).map(|person| person.side),
        Subject::Account(id) => {
            let account = state.accounts().find(id)?;
            let person = account.person.and_then(|person| state.people().find(person)).map(|person| person.side);
            Some(roles(state, id).next().map(Role::side).or(person).unwrap_or_default())
        }
    }
}
