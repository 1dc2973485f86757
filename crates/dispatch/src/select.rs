//! Looking up who a target means now.

use std::collections::BTreeSet;

use crate::command::Refusal;
use crate::id::PersonId;
use crate::person::Person;
use crate::state::State;
use crate::target::Target;

/// The people of a target, each once, in the order of their numbers.
///
/// # Errors
/// [`Refusal::UnknownPerson`] or [`Refusal::UnknownDispatch`] where it names what is not there.
pub fn select(state: &State, target: &Target) -> Result<BTreeSet<PersonId>, Refusal> {
    let those = |fits: &dyn Fn(&Person) -> bool| -> BTreeSet<PersonId> {
        state.people().iter().filter(|person| fits(person)).map(|person| person.id).collect()
    };
    Ok(match target {
        Target::Everyone => those(&|_| true),
        Target::People(people) => {
            if let Some(unknown) = people.iter().find(|person| state.people().find(**person).is_none()) {
                return Err(Refusal::UnknownPerson(*unknown));
            }
            people.iter().copied().collect()
        }
        Target::Groups(groups) => those(&|person| groups.iter().any(|it| person.within.binary_search(it).is_ok())),
        Target::OnlyGroups(groups) => those(&|person| person.groups.iter().any(|it| groups.contains(it))),
        Target::Regions(regions) => those(&|person| person.regions.iter().any(|it| regions.contains(it))),
        Target::Answered(id, choices) => {
            let dispatch = state.dispatch(*id).ok_or(Refusal::UnknownDispatch(*id))?;
            let chose =
                |person: &PersonId| state.last_answer(*id, *person).is_some_and(|it| choices.contains(&it.choice));
            dispatch.asked().filter(|person| dispatch.has_answered(*person) && chose(person)).collect()
        }
        Target::Unanswered(id) => {
            let dispatch = state.dispatch(*id).ok_or(Refusal::UnknownDispatch(*id))?;
            dispatch.asked().filter(|person| !dispatch.has_answered(*person)).collect()
        }
        Target::All(parts) => {
            let mut sets = parts.iter().map(|part| select(state, part));
            let first = sets.next().transpose()?.unwrap_or_default();
            sets.try_fold(first, |all, next| next.map(|next| &all & &next))?
        }
        Target::Any(parts) => {
            let mut sets = parts.iter().map(|part| select(state, part));
            sets.try_fold(BTreeSet::new(), |any, next| next.map(|next| &any | &next))?
        }
        Target::Not(part) => {
            let not = select(state, part)?;
            those(&|person| !not.contains(&person.id))
        }
    })
}
