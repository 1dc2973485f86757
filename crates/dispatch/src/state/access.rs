//! Who has which roles, who stands in for whom, and what waits for a second person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access::{Actor, Guarded, Holder, Role};
use crate::event::AccessEvent;
use crate::id::{AccountId, GroupId, RequestId};

/// A wish that nobody agreed to is void after this; what was agreed to must be done within it.
const REQUEST_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Roles, deputies and wishes that two must agree to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Access {
    roles: BTreeMap<Holder, BTreeSet<Role>>,
    managers: BTreeMap<GroupId, BTreeSet<Holder>>,
    deputies: BTreeMap<(AccountId, AccountId), (Timestamp, Timestamp)>,
    requests: BTreeMap<RequestId, Request>,
}

/// What waits for a second person, or was agreed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What.
    pub what: Guarded,
    /// Who wished for it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Who agreed, and when.
    pub agreed: Option<(Actor, Timestamp)>,
}

impl Request {
    /// Whether it waits for somebody at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.agreed.is_none() && now < self.at + REQUEST_LIFETIME
    }
}

impl Access {
    /// The roles of a holder.
    pub fn roles(&self, holder: Holder) -> impl Iterator<Item = Role> {
        self.roles.get(&holder).into_iter().flatten().copied()
    }

    /// Everybody who has a role, with it.
    pub fn grants(&self) -> impl Iterator<Item = (Holder, Role)> {
        self.roles.iter().flat_map(|(holder, roles)| roles.iter().map(|role| (*holder, *role)))
    }

    /// The managers of this very group, not of those above.
    pub fn managers(&self, group: GroupId) -> impl Iterator<Item = Holder> {
        self.managers.get(&group).into_iter().flatten().copied()
    }

    /// Whether `account` stands in for `of` at `now`.
    #[must_use]
    pub fn is_deputy(&self, account: AccountId, of: AccountId, now: Timestamp) -> bool {
        self.deputies.get(&(of, account)).is_some_and(|(from, until)| (*from..*until).contains(&now))
    }

    /// Whom an account may stand in for at `now`.
    pub fn stands_in_for(&self, account: AccountId, now: Timestamp) -> impl Iterator<Item = AccountId> {
        let named = self.deputies.keys().filter(move |(_, deputy)| *deputy == account);
        named.map(|(of, _)| *of).filter(move |of| self.is_deputy(account, *of, now))
    }

    /// What waits for a second person, or was agreed to, oldest first.
    pub fn requests(&self) -> impl Iterator<Item = (RequestId, &Request)> {
        self.requests.iter().map(|(id, request)| (*id, request))
    }

    /// A wish by number.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.requests.get(&id)
    }

    /// The two who agreed to this not too long ago: who wished for it, and who agreed.
    #[must_use]
    pub fn agreed(&self, what: Guarded, now: Timestamp) -> Option<(Actor, Actor)> {
        let fresh = |request: &Request| request.agreed.filter(|(_, at)| now < *at + REQUEST_LIFETIME);
        let same = self.requests.values().filter(|request| request.what == what);
        same.filter_map(|request| Some((request.by, fresh(request)?.0))).next_back()
    }

    pub(crate) fn has_deputy(&self, of: AccountId, account: AccountId) -> bool {
        self.deputies.contains_key(&(of, account))
    }

    pub(crate) fn next_id(&self) -> RequestId {
        RequestId(self.requests.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }

    pub(super) fn apply(&mut self, event: &AccessEvent) {
        match event {
            AccessEvent::RoleGranted { holder, role } => {
                self.roles.entry(*holder).or_default().insert(*role);
                if let Some(group) = managed(*role) {
                    self.managers.entry(group).or_default().insert(*holder);
                }
            }
            AccessEvent::RoleTaken { holder, role } => {
                self.roles.entry(*holder).or_default().remove(role);
                if let Some(group) = managed(*role) {
                    self.managers.entry(group).or_default().remove(holder);
                }
            }
            AccessEvent::DeputyNamed { of, account, from, until } => {
                self.deputies.insert((*of, *account), (*from, *until));
            }
            AccessEvent::DeputyEnded { of, account } => {
                self.deputies.remove(&(*of, *account));
            }
            AccessEvent::Proposed { request, what, by, at } => {
                self.requests.insert(*request, Request { what: *what, by: *by, at: *at, agreed: None });
            }
            AccessEvent::Agreed { request, by, at } => {
                if let Some(request) = self.requests.get_mut(request) {
                    request.agreed = Some((*by, *at));
                }
            }
            AccessEvent::Dropped { request } => {
                self.requests.remove(request);
            }
        }
    }
}

/// The group that a role manages.
fn managed(role: Role) -> Option<GroupId> {
    match role {
        Role::GroupManager(group) | Role::OverseasGroupManager(group) => Some(group),
        _ => None,
    }
}
