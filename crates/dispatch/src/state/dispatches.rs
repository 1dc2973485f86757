//! All dispatches, and what became of each.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::answer::AnswerRecord;
use crate::dispatch::{Dispatch, DispatchRecord};
use crate::event::DispatchEvent;
use crate::id::{DispatchId, GroupId, PersonId};
use serde::{Deserialize, Serialize};

/// Dispatches by number and by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dispatches {
    pub(crate) by_id: BTreeMap<DispatchId, Dispatch>,
    keys: BTreeMap<String, DispatchId>,
    /// Numbers are given once, also those of dispatches that were forgotten.
    last: u32,
}

impl Dispatches {
    /// Takes an event in; `within` tells each person's groups and all above them.
    pub(super) fn apply(&mut self, event: &DispatchEvent, within: impl Fn(PersonId) -> Arc<[GroupId]>) {
        match event {
            DispatchEvent::Opened(record) => self.open(record, within),
            DispatchEvent::Queued { dispatch, at } => {
                if let Some(dispatch) = self.by_id.get_mut(dispatch) {
                    dispatch.queued(*at);
                }
            }
            DispatchEvent::OutcomesRecorded { dispatch, outcomes } => {
                if let Some(dispatch) = self.by_id.get_mut(dispatch) {
                    outcomes.iter().for_each(|outcome| dispatch.settle(outcome));
                }
            }
        }
    }

    fn open(&mut self, record: &DispatchRecord, within: impl Fn(PersonId) -> Arc<[GroupId]>) {
        self.last = self.last.max(record.dispatch.0);
        self.keys.insert(record.key.clone(), record.dispatch);
        self.by_id.insert(record.dispatch, Dispatch::open(record.clone(), within));
    }

    /// Counts an answer in every dispatch of its incident that asks the person the same question.
    pub(super) fn answered(&mut self, record: &AnswerRecord, of_incident: &[DispatchId]) {
        let Some(question) = self.by_id.get(&record.dispatch).map(|used| used.record().question.clone()) else {
            return;
        };
        let Some(choice) = question.place(record.choice) else { return };
        for id in of_incident {
            if let Some(dispatch) = self.by_id.get_mut(id).filter(|it| it.record().question == question) {
                dispatch.book.answer(record.person, choice);
            }
        }
    }

    /// Their time is over.
    pub(super) fn forget(&mut self, dispatches: &[DispatchId]) {
        self.last = dispatches.iter().fold(self.last, |last, id| last.max(id.0));
        self.by_id.retain(|id, _| !dispatches.contains(id));
        self.keys.retain(|_, id| !dispatches.contains(id));
    }

    pub(crate) fn of_key(&self, key: &str) -> Option<DispatchId> {
        self.keys.get(key).copied()
    }

    pub(crate) fn next_id(&self) -> DispatchId {
        DispatchId(self.last + 1)
    }
}
