//! The people of each dispatch by the best verdict on their addresses as it is now: kept with every event, never counted when
//! it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::HealthState;
use crate::id::{DispatchId, PersonId};
use crate::tally::Share;

/// One share for each verdict, and one for nobody's address.
const SHARES: usize = HealthState::ALL.len() + 1;

/// The best verdict on any address of a person; `None` without an address.
pub(crate) type Best = Option<HealthState>;

/// Shares of every dispatch. It stands apart from the dispatches, which two states hold in common: a verdict that changes
/// would copy all that ever asked the person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct HealthTally {
    /// By the person's number: numbers are given one after the other.
    best: Vec<Best>,
    by_dispatch: BTreeMap<DispatchId, [Share; SHARES]>,
}

/// Where the share of a verdict stands.
fn place(best: Best) -> usize {
    best.map_or(0, |state| state as usize + 1)
}

impl HealthTally {
    /// A dispatch asks these people, of whom nobody has answered yet.
    pub(crate) fn open(&mut self, dispatch: DispatchId, asked: impl Iterator<Item = PersonId>) {
        let mut shares = [Share::default(); SHARES];
        asked.for_each(|person| shares[place(self.best_of(person))].people += 1);
        self.by_dispatch.insert(dispatch, shares);
    }

    /// Somebody whom a dispatch asks answered it for the first time.
    pub(crate) fn answered(&mut self, dispatch: DispatchId, person: PersonId) {
        let place = place(self.best_of(person));
        if let Some(shares) = self.by_dispatch.get_mut(&dispatch) {
            shares[place].answered += 1;
        }
    }

    /// The best verdict on a person's addresses is this one now; `asked_by` tells which dispatches ask the person, and whether
    /// each was answered.
    pub(crate) fn set<I: Iterator<Item = (DispatchId, bool)>>(
        &mut self,
        person: PersonId,
        best: Best,
        asked_by: impl FnOnce() -> I,
    ) {
        let before = self.best_of(person);
        if best == before {
            return;
        }
        for (dispatch, answered) in asked_by() {
            let Some(shares) = self.by_dispatch.get_mut(&dispatch) else { continue };
            let moved = Share { people: 1, answered: answered.into() };
            shares[place(before)] -= moved;
            shares[place(best)] += moved;
        }
        let at = person.0 as usize;
        if self.best.len() <= at {
            self.best.resize(at + 1, None);
        }
        self.best[at] = best;
        // As if whoever has none any more had never had one: an erased person's journal tells of none.
        while self.best.last() == Some(&None) {
            self.best.pop();
        }
    }

    /// The time of these dispatches is over.
    pub(crate) fn forget(&mut self, dispatches: &[DispatchId]) {
        self.by_dispatch.retain(|id, _| !dispatches.contains(id));
    }

    /// The shares of a dispatch that anybody is in; none of one that does not exist.
    pub(crate) fn of(&self, dispatch: DispatchId) -> BTreeMap<Best, Share> {
        let Some(shares) = self.by_dispatch.get(&dispatch) else { return BTreeMap::new() };
        let verdicts = [None].into_iter().chain(HealthState::ALL.map(Some));
        let all = verdicts.map(|best| (best, shares[place(best)]));
        all.filter(|(_, share)| share.people > 0).collect()
    }

    fn best_of(&self, person: PersonId) -> Best {
        self.best.get(person.0 as usize).copied().flatten()
    }
}
