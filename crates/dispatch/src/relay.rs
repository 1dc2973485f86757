//! Handing the lists for other channels over: which one now, and when again. Pure: it says what to send, an edge sends it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::id::DispatchId;
use crate::state::State;

/// The pause after the first failure; it doubles with each further one.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// The longest pause.
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(10);

/// Where the handing over of lists stands; after a restart each list that was not taken is tried at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relay {
    /// How often each failed, and when it is tried again.
    failed: BTreeMap<DispatchId, (u32, Timestamp)>,
}

impl Relay {
    /// The lists to hand over at `now`, each with the instant until which the other channel should report back: `within` after
    /// the list was made. After that instant a list is not handed over any more.
    #[must_use]
    pub fn due(&self, state: &State, within: SignedDuration, now: Timestamp) -> Vec<(DispatchId, Timestamp)> {
        let waits = |id: DispatchId| self.failed.get(&id).is_some_and(|(_, again)| now < *again);
        let open = state.dispatches().filter(|it| it.list_taken().is_none() && !it.is_cancelled() && !waits(it.id()));
        let listed = open.filter_map(|it| Some((it.id(), it.unreached()?.0.saturating_add(within).ok()?)));
        listed.filter(|(_, answer_by)| now < *answer_by).collect()
    }

    /// Notes that a list could not be handed over.
    pub fn failed(&mut self, dispatch: DispatchId, now: Timestamp) {
        let (times, again) = self.failed.entry(dispatch).or_insert((0, now));
        let pause = PAUSE.saturating_mul(1_i32.checked_shl(*times).unwrap_or(i32::MAX).max(1)).min(PAUSE_MAX);
        (*times, *again) = (times.saturating_add(1).min(30), now.saturating_add(pause).unwrap_or(Timestamp::MAX));
    }
}
