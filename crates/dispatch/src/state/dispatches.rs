//! All dispatches, and what became of each.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;

use crate::access::Actor;
use crate::answer::AnswerRecord;
use crate::apart::Apart;
use crate::brake::Brake;
use crate::dispatch::{Dispatch, DispatchRecord};
use crate::draft::DispatchDraft;
use crate::event::DispatchEvent;
use crate::id::{DispatchId, PersonId};
use crate::shared::Shared;
use crate::tally::Belonging;
use serde::{Deserialize, Serialize};

/// Dispatches by number and by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dispatches {
    pub(crate) by_id: BTreeMap<DispatchId, Shared<Dispatch>>,
    /// What is to be sent later, by key.
    pub(crate) scheduled: BTreeMap<String, (Timestamp, DispatchDraft)>,
    /// Carriers for which something holds beside their table.
    pub(crate) brakes: BTreeMap<String, Brake>,
    /// Of carriers that are stopped, who did it and when.
    pub(crate) stopped: BTreeMap<String, (Actor, Timestamp)>,
    /// What single nodes sent without the journal.
    pub(crate) apart: BTreeMap<DispatchId, Apart>,
    keys: BTreeMap<String, DispatchId>,
    /// Until when each can be answered: what is over is looked at no more.
    until: BTreeSet<(Timestamp, DispatchId)>,
    /// Numbers are given once, also those of dispatches that were forgotten.
    last: u32,
}

impl Dispatches {
    /// Takes an event in; `belongs` tells each person's groups and regions.
    pub(super) fn apply(&mut self, event: &DispatchEvent, belongs: impl Fn(PersonId) -> Belonging) {
        match event {
            DispatchEvent::Opened(record) => self.open(record, belongs),
            DispatchEvent::Queued { dispatch, round, at } => self.change(*dispatch, |it| it.mark_queued(*round, *at)),
            DispatchEvent::OutcomesRecorded { dispatch, outcomes } => {
                self.change(*dispatch, |it| outcomes.iter().for_each(|outcome| it.settle(outcome)));
            }
            DispatchEvent::RoundOpened { dispatch, round } => self.change(*dispatch, |it| it.open_round(round.clone())),
            DispatchEvent::Cancelled { dispatch, at } => self.change(*dispatch, |it| it.cancel(*at)),
            DispatchEvent::UnreachedListed { dispatch, people, at } => {
                self.change(*dispatch, |it| it.list_unreached(people, *at));
            }
            DispatchEvent::Scheduled { draft, at } => {
                self.scheduled.insert(draft.key.clone(), (*at, (**draft).clone()));
            }
            DispatchEvent::Unscheduled { key } => drop(self.scheduled.remove(key)),
            DispatchEvent::ManagersTold { dispatch, people, at } => {
                self.change(*dispatch, |it| it.tell_managers(people, *at));
            }
            DispatchEvent::ListTaken { dispatch, at } => self.change(*dispatch, |it| it.take_list(*at)),
            DispatchEvent::Closed { dispatch, at } => self.change(*dispatch, |it| it.close(*at)),
            DispatchEvent::MeasureNoted { dispatch, measure } => self.change(*dispatch, |it| it.note(measure.clone())),
            DispatchEvent::SentApart { dispatch, node, recorded, against } => {
                let (node, against) = (node.clone(), against.clone());
                self.apart.insert(*dispatch, Apart { node, recorded: *recorded, against, rejoined: false });
            }
            DispatchEvent::Rejoined { dispatch, .. } => {
                self.apart.entry(*dispatch).and_modify(|apart| apart.rejoined = true);
            }
            DispatchEvent::CarrierBraked { carrier, brake } => self.hold(carrier, *brake, None),
            DispatchEvent::CarrierHeld { carrier, brake, by, at } => self.hold(carrier, *brake, Some((*by, *at))),
        }
    }

    fn hold(&mut self, carrier: &str, brake: Brake, word: Option<(Actor, Timestamp)>) {
        let before = self.brakes.get(carrier).copied().unwrap_or_default();
        if brake.paused && !before.paused {
            // Rows of earlier programs do not say who and when.
            self.stopped.extend(word.map(|word| (carrier.to_owned(), word)));
        } else if !brake.paused {
            self.stopped.remove(carrier);
        }
        if brake == Brake::default() {
            self.brakes.remove(carrier);
        } else {
            self.brakes.insert(carrier.to_owned(), brake);
        }
    }

    fn change(&mut self, id: DispatchId, change: impl FnOnce(&mut Dispatch)) {
        if let Some(dispatch) = self.by_id.get_mut(&id) {
            change(dispatch.make_mut());
        }
    }

    fn open(&mut self, record: &DispatchRecord, belongs: impl Fn(PersonId) -> Belonging) {
        if let Some(before) = self.by_id.values_mut().next_back().and_then(Shared::own_mut) {
            before.pack();
        }
        self.last = self.last.max(record.dispatch.0);
        self.keys.insert(record.key.clone(), record.dispatch);
        self.until.insert((record.expires, record.dispatch));
        self.by_id.insert(record.dispatch, Shared::new(Dispatch::open(record.clone(), belongs)));
    }

    /// Counts an answer in every dispatch of its incident that asks the person the same question; those to which it is the
    /// first answer.
    pub(super) fn answered(&mut self, record: &AnswerRecord, of_incident: &[DispatchId]) -> Vec<DispatchId> {
        let Some(used) = self.by_id.get(&record.dispatch).map(|used| used.record()) else { return Vec::new() };
        let Some(choice) = used.question.place(record.choice) else { return Vec::new() };
        let counts = |id: &&DispatchId| {
            self.by_id.get(id).is_some_and(|it| it.is_asked(record.person) && it.record().question == used.question)
        };
        let counting: Vec<DispatchId> = of_incident.iter().filter(counts).copied().collect();
        let mut first = Vec::new();
        for id in counting {
            self.change(id, |dispatch| {
                if dispatch.book.answer(record.person, choice) {
                    first.push(id);
                }
            });
        }
        first
    }

    /// Notes whose links were fetched.
    pub(super) fn fetched(&mut self, id: DispatchId, people: &[PersonId]) {
        self.change(id, |dispatch| dispatch.note_fetched(people));
    }

    /// Their time is over.
    pub(super) fn forget(&mut self, dispatches: &[DispatchId]) {
        self.last = dispatches.iter().fold(self.last, |last, id| last.max(id.0));
        self.by_id.retain(|id, _| !dispatches.contains(id));
        self.keys.retain(|_, id| !dispatches.contains(id));
        self.until.retain(|(_, id)| !dispatches.contains(id));
        self.apart.retain(|id, _| !dispatches.contains(id));
    }

    /// Those that can still be answered at `now`.
    pub(crate) fn open_at(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = DispatchId> {
        let later = (Bound::Excluded((now, DispatchId(u32::MAX))), Bound::Unbounded);
        self.until.range(later).map(|(_, id)| *id)
    }

    pub(crate) fn of_key(&self, key: &str) -> Option<DispatchId> {
        self.keys.get(key).copied()
    }

    pub(crate) fn next_id(&self) -> DispatchId {
        DispatchId(self.last + 1)
    }
}
