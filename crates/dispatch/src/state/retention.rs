//! What is known of what was erased and handed over.

use std::collections::BTreeSet;

use super::State;
use crate::event::RetentionEvent;
use crate::id::PersonId;
use crate::person::{Person, Side};
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
    /// Whose data cannot be read although nobody erased them: people, those who are planned to come, and accounts, by the number
    /// of their key. The keys are at another node, or nowhere.
    #[must_use]
    pub fn without_keys(&self) -> Vec<PersonId> {
        let unread = self.people().iter().filter(|person| person.personal.is_none()).map(|person| person.id);
        let planned = self.directory.plans.unread.keys().map(|(_, person)| *person);
        let accounts = self.accounts.iter().filter(|account| account.names.is_none()).map(|account| account.id.key());
        let mut owners: Vec<PersonId> =
            unread.chain(planned).filter(|it| !self.is_erased(*it)).chain(accounts).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// How many of one half are among [`State::without_keys`]: their numbers cannot be read, so that any of them may be whoever comes.
    pub(crate) fn unread(&self, side: Side) -> usize {
        let people = self.people().of(side).filter(|person| person.personal.is_none()).map(|person| person.id);
        let planned = self.directory.plans.unread.iter().filter(|(_, of)| **of == side).map(|((_, person), _)| *person);
        people.chain(planned).filter(|person| !self.is_erased(*person)).collect::<BTreeSet<_>>().len()
    }

    /// Whether the data of a person cannot be read although nobody erased them.
    pub(crate) fn lacks_key_of(&self, person: &Person) -> bool {
        person.personal.is_none() && !self.is_erased(person.id)
    }
}
