//! Looking up who a target means now.

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;

use crate::command::Refusal;
use crate::id::PersonId;
use crate::person::{Person, Side};
use crate::state::State;
use crate::target::Target;

/// The people of a target, each once, in the order of their numbers: of one half of the system, and only who may be asked.
///
/// # Errors
/// [`Refusal::UnknownPerson`] or [`Refusal::UnknownDispatch`] where it names what is not there.
pub fn select(state: &State, target: &Target, side: Side, now: Timestamp) -> Result<BTreeSet<PersonId>, Refusal> {
    Universe { state, side, now, abroad: state.abroad(side, now) }.select(target)
}

struct Universe<'a> {
    state: &'a State,
    side: Side,
    now: Timestamp,
    abroad: BTreeMap<PersonId, Vec<RegionCode>>,
}

impl Universe<'_> {
    fn select(&self, target: &Target) -> Result<BTreeSet<PersonId>, Refusal> {
        let (state, now) = (self.state, self.now);
        Ok(match target {
            Target::Everyone => self.those(|_| true),
            Target::People(people) => {
                if let Some(unknown) = people.iter().find(|person| state.people().find(**person).is_none()) {
                    return Err(Refusal::UnknownPerson(*unknown));
                }
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
                let dispatch = state.dispatch(*id).ok_or(Refusal::UnknownDispatch(*id))?;
                let chose = |person| state.last_answer(*id, person).is_some_and(|it| choices.contains(&it.choice));
                self.those(|person| dispatch.has_answered(person.id) && chose(person.id))
            }
            Target::Unanswered(id) => {
                let dispatch = state.dispatch(*id).ok_or(Refusal::UnknownDispatch(*id))?;
                self.those(|person| dispatch.is_asked(person.id) && !dispatch.has_answered(person.id))
            }
            Target::All(parts) => {
                let mut sets = parts.iter().map(|part| self.select(part));
                let first = sets.next().transpose()?.unwrap_or_default();
                sets.try_fold(first, |all, next| next.map(|next| &all & &next))?
            }
            Target::Any(parts) => {
                let mut sets = parts.iter().map(|part| self.select(part));
                sets.try_fold(BTreeSet::new(), |any, next| next.map(|next| &any | &next))?
            }
            Target::Not(part) => {
                let not = self.select(part)?;
                self.those(|person| !not.contains(&person.id))
            }
        })
    }

    fn those(&self, fits: impl Fn(&Person) -> bool) -> BTreeSet<PersonId> {
        let people = self.state.people().of(self.side).filter(|person| person.is_reachable());
        people.filter(|person| fits(person)).map(|person| person.id).collect()
    }
}
