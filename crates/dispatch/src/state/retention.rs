//! What is known of what was erased and handed over.

use std::collections::BTreeSet;

use super::State;
use crate::event::RetentionEvent;
use crate::id::PersonId;
use serde::{Deserialize, Serialize};

/// Who was erased.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retention {
    pub(crate) erased: BTreeSet<PersonId>,
}

impl Retention {
    pub(super) fn apply(&mut self, event: &RetentionEvent) {
        if let RetentionEvent::PersonErased { person, .. } = event {
            self.erased.insert(*person);
        }
    }
}

impl State {
    /// How many people cannot be read although nobody erased them: their keys are somewhere else.
    #[must_use]
    pub fn unread_people(&self) -> usize {
        self.people().iter().filter(|person| person.personal.is_none() && !self.is_erased(person.id)).count()
    }
}
