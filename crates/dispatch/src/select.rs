//! Looking up who a target means now.

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;

use crate::command::Refusal;
use crate::dispatch::Dispatch;
use crate::id::{DispatchId, PersonId};
use crate::person::{Person, Side};
use crate::state::State;
use crate::target::Target;

/// The people of a target, each once, in the order of their numbers: of one half of the system, and only who may be asked.
///
/// # Errors
/// [`Refusal::UnknownPerson`] or [`Refusal::UnknownDispatch`] where it names what is not there.
pub fn select(state: &State, target: &Target, side: Side, now: Timestamp) -> Result<BTreeSet<PersonId>, Refusal> {
    match missing(state, target) {
        Some(refusal) => Err(refusal),
        None => Ok(Universe { state, side, now, abroad: state.abroad(side, now) }.select(target)),
    }
}

/// What a target names that is not there, or no longer: a person, or a dispatch whose time was over.
pub(crate) fn missing(state: &State, target: &Target) -> Option<Refusal> {
    let among = |parts: &[Target]| parts.iter().find_map(|part| missing(state, part));
    match target {
        Target::Everyone | Target::Groups(_) | Target::OnlyGroups(_) | Target::Regions(_) => None,
        Target::People(people) => {
            let unknown = people.iter().find(|person| state.people().find(**person).is_none());
            unknown.map(|person| Refusal::UnknownPerson(*person))
        }
        Target::Answered(id, _) | Target::Unanswered(id) => {
            state.dispatch(*id).is_none().then_some(Refusal::UnknownDispatch(*id))
        }
        Target::All(parts) | Target::Any(parts) => among(parts),
        Target::Not(part) => missing(state, part),
    }
}

struct Universe<'a> {
    state: &'a State,
    side: Side,
    now: Timestamp,
    abroad: BTreeMap<PersonId, Vec<RegionCode>>,
}

impl Universe<'_> {
    fn select(&self, target: &Target) -> BTreeSet<PersonId> {
        let (state, now) = (self.state, self.now);
        match target {
            Target::Everyone => self.those(|_| true),
            Target::People(people) => {
                let named: BTreeSet<PersonId> = people.iter().copied().collect();
                self.those(|person| named.contains(&person.id))
            }
            Target::Groups(groups) => self.those(|person| groups.iter().any(|group| person.is_within(*group))),
            Target::OnlyGroups(groups) => self.those(|person| person.groups.iter().any(|it| groups.contains(it))),
            Target::Regions(regions) => self.those(|person| {
                let stays = self.abroad.get(&person.id).into_iter().flatten();
                person.regions_at(now).chain(stays).any(|it| regions.contains(it))
            }),
            Target::Answered(id, choices) => {
                let chose = |person| state.last_answer(*id, person).is_some_and(|it| choices.contains(&it.choice));
                self.asked_by(*id, |dispatch, person| dispatch.has_answered(person) && chose(person))
            }
            Target::Unanswered(id) => self.asked_by(*id, |dispatch, person| !dispatch.has_answered(person)),
            Target::All(parts) => {
                let mut sets = parts.iter().map(|part| self.select(part));
                let first = sets.next().unwrap_or_default();
                sets.fold(first, |all, next| &all & &next)
            }
            Target::Any(parts) => {
                let sets = parts.iter().map(|part| self.select(part));
                sets.fold(BTreeSet::new(), |any, next| &any | &next)
            }
            Target::Not(part) => {
                let not = self.select(part);
                self.those(|person| !not.contains(&person.id))
            }
        }
    }

    /// Of those whom a dispatch asks, whoever fits.
    fn asked_by(&self, id: DispatchId, fits: impl Fn(&Dispatch, PersonId) -> bool) -> BTreeSet<PersonId> {
        let Some(dispatch) = self.state.dispatch(id) else { return BTreeSet::new() };
        self.those(|person| dispatch.is_asked(person.id) && fits(dispatch, person.id))
    }

    fn those(&self, fits: impl Fn(&Person) -> bool) -> BTreeSet<PersonId> {
        let people = self.state.people().of(self.side).filter(|person| person.is_reachable());
        people.filter(|person| fits(person)).map(|person| person.id).collect()
    }
}
