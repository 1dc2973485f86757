//! Whose answer pages were opened: gathered in memory and noted in groups, so that no answer ever waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use hikyaku_dispatch::{DispatchId, PersonId, State};

/// Most that wait to be noted; further ones are dropped. It is uncertain anyhow: mail scanners open pages too.
const WAITING_MAX: usize = 20_000;
/// Most of one dispatch that are noted at once: answers that come meanwhile go between two such groups.
const GROUP_MAX: usize = 1_000;

/// Whose pages were opened since it was last noted.
#[derive(Debug, Default)]
pub(crate) struct Opened(Mutex<BTreeMap<DispatchId, BTreeSet<PersonId>>>);

impl Opened {
    /// Remembers that somebody's page was opened, if there is room.
    pub(crate) fn note(&self, dispatch: DispatchId, person: PersonId) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.values().map(BTreeSet::len).sum::<usize>() < WAITING_MAX {
            waiting.entry(dispatch).or_default().insert(person);
        }
    }

    /// Takes the groups that are worth a word in the present: whoever has answered meanwhile has certainly opened it.
    pub(crate) fn take(&self, state: &State) -> Vec<(DispatchId, Vec<PersonId>)> {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut groups = Vec::new();
        for (dispatch, people) in waiting {
            let new: Vec<PersonId> = people.into_iter().filter(|it| is_news(state, dispatch, *it)).collect();
            groups.extend(new.chunks(GROUP_MAX).map(|group| (dispatch, group.to_vec())));
        }
        groups
    }
}

/// Whether an opened page says more of this person than is known.
pub(crate) fn is_news(state: &State, dispatch: DispatchId, person: PersonId) -> bool {
    state.dispatch(dispatch).is_some_and(|it| !it.has_answered(person) && !it.was_fetched(person))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_its_room_what_was_opened_is_dropped_and_the_same_page_takes_one_place() {
        let opened = Opened::default();
        for person in 0..30_000 {
            opened.note(DispatchId(person % 2), PersonId(person));
            opened.note(DispatchId(person % 2), PersonId(person));
        }
        let held: usize = opened.0.lock().unwrap().values().map(BTreeSet::len).sum();
        assert_eq!(held, WAITING_MAX);
    }
}
