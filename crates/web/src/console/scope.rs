//! How far a viewer reaches in an action: a whole half of the system, the groups of the viewer's roles, or nowhere [A31 O06].

use hikyaku_dispatch::{AccountId, Action, Actor, Dispatch, GroupId, PersonId, Role, Side, State, Subject, may, roles};
use jiff::Timestamp;

/// The reach of one account in one action. The decision is always that of [`may`]; this only remembers where to begin.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    actor: Actor,
    action: Action,
    now: Timestamp,
    sides: Vec<Side>,
    /// That of the first role.
    side: Side,
    /// The groups of the account's roles; what lies within another of them is not named.
    groups: Vec<GroupId>,
}

impl Scope {
    /// How far `account` reaches in `action` now.
    pub(crate) fn of(state: &State, account: AccountId, action: Action, now: Timestamp) -> Self {
        Self::acting(state, Actor::Account(account), account, action, now)
    }

    /// How far `actor`, who acts for `account`, reaches in `action` now.
    pub(crate) fn acting(state: &State, actor: Actor, account: AccountId, action: Action, now: Timestamp) -> Self {
        let is_allowed = |subject| may(actor, action, subject, state, now).is_ok();
        let sides = [Side::Domestic, Side::Overseas].into_iter().filter(|side| is_allowed(Subject::Side(*side)));
        let own = roles(state, account).filter_map(Role::group).filter(|group| is_allowed(Subject::Group(*group)));
        let own: Vec<GroupId> = own.collect();
        let is_within_another = |at: usize, group: GroupId| {
            let covers = |(other_at, other): (usize, &GroupId)| {
                // The same group twice, by two roles, is named once.
                if *other == group { other_at < at } else { state.groups().is_within(group, *other) }
            };
            own.iter().enumerate().any(covers)
        };
        let groups = own.iter().enumerate().filter(|(at, group)| !is_within_another(*at, **group));
        let side = roles(state, account).next().map(Role::side).unwrap_or_default();
        Self { actor, action, now, side, sides: sides.collect(), groups: groups.map(|(_, group)| *group).collect() }
    }

    /// Whether there is nothing at all that the viewer may do this to.
    pub(crate) fn is_nowhere(&self) -> bool {
        self.sides.is_empty() && self.groups.is_empty()
    }

    /// Whether the viewer reaches everybody of a half.
    pub(crate) fn is_wide(&self, side: Side) -> bool {
        self.sides.contains(&side)
    }

    /// The half that the viewer works in: nobody reaches whole halves of both.
    pub(crate) fn side(&self) -> Side {
        self.sides.first().copied().unwrap_or(self.side)
    }

    /// The groups where the viewer's part of a dispatch begins; `None` when the viewer may see all of it.
    pub(crate) fn part_of(&self, state: &State, dispatch: &Dispatch) -> Option<&[GroupId]> {
        (!self.sides.contains(&state.side_of(dispatch.record()))).then_some(&self.groups)
    }

    /// Whether the viewer reaches a group.
    pub(crate) fn holds_group(&self, state: &State, group: GroupId) -> bool {
        may(self.actor, self.action, Subject::Group(group), state, self.now).is_ok()
    }

    /// Whether the viewer reaches a person.
    pub(crate) fn holds_person(&self, state: &State, person: PersonId) -> bool {
        may(self.actor, self.action, Subject::Person(person), state, self.now).is_ok()
    }

    /// Whether the viewer reaches every member of a dispatch.
    pub(crate) fn holds_all(&self, state: &State, dispatch: &Dispatch) -> bool {
        self.part_of(state, dispatch).is_none()
    }
}
