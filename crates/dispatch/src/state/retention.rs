//! What is known of what was erased and handed over.

use std::collections::BTreeSet;

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
