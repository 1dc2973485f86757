//! Personal data in events: sealed with the key of its person before it is written, opened when it is read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AccountEvent, AnswerEvent, Event, PeopleEvent, RetentionEvent, TravelEvent};
use crate::id::PersonId;
use crate::keys::{Keys, KeysError};
use crate::sealed::Private;

/// A field of an event that is sealed at rest, whatever it holds.
pub(crate) trait Confidential {
    /// Seals what is open.
    fn seal(&mut self, keys: &Keys, person: PersonId) -> Result<(), KeysError>;
    /// Opens what is sealed, as far as its key exists.
    fn unseal(&mut self, keys: &Keys, person: PersonId) -> Result<(), KeysError>;
    /// Takes what is open out, so that the rest can be shown.
    fn take(&mut self) -> Option<serde_json::Value>;
}

impl<T: Serialize + DeserializeOwned> Confidential for Private<T> {
    fn seal(&mut self, keys: &Keys, person: PersonId) -> Result<(), KeysError> {
        if let Private::Open(plain) = self {
            *self = keys.seal(person, plain)?;
        }
        Ok(())
    }

    fn unseal(&mut self, keys: &Keys, person: PersonId) -> Result<(), KeysError> {
        open(keys, person, self)
    }

    fn take(&mut self) -> Option<serde_json::Value> {
        match std::mem::replace(self, Private::Erased) {
            Private::Open(value) => serde_json::to_value(value).ok(),
            Private::Sealed(_) | Private::Erased => None,
        }
    }
}

impl Event {
    /// Every field that is sealed at rest, in the order of the event's own fields, with whose key seals it. The one list
    /// of what is personal in the journal.
    pub(crate) fn confidential(&mut self) -> Vec<(PersonId, &mut dyn Confidential)> {
        match self {
            Event::People(PeopleEvent::PersonSet(record)) => vec![(record.person, &mut record.personal)],
            Event::People(PeopleEvent::RowPlanned { person, row, .. }) => vec![(*person, row)],
            Event::Travel(TravelEvent::StaySet { person, details, .. }) => vec![(*person, details)],
            Event::Answer(AnswerEvent::Given(record)) => {
                vec![(record.person, &mut record.comment), (record.person, &mut record.details)]
            }
            Event::Answer(AnswerEvent::SelfReported(report)) => vec![(report.person, &mut report.comment)],
            Event::Answer(AnswerEvent::Said(message)) => vec![(message.person, &mut message.text)],
            Event::Account(AccountEvent::Opened { account, names, .. }) => vec![(account.key(), names)],
            Event::Account(AccountEvent::PasswordSet { account, password, .. }) => vec![(account.key(), password)],
            Event::Account(AccountEvent::FactorSet { account, factor }) => vec![(account.key(), factor)],
            Event::Account(AccountEvent::PasskeyAdded { account, passkey }) => vec![(account.key(), passkey)],
            _ => Vec::new(),
        }
    }

    /// The person whose personal data is new here and needs a key.
    pub(crate) fn needs_key(&self) -> Option<PersonId> {
        match self {
            Event::People(PeopleEvent::PersonSet(record)) => Some(record.person),
            Event::People(PeopleEvent::RowPlanned { person, .. }) => Some(*person),
            Event::Account(AccountEvent::Opened { account, .. }) => Some(account.key()),
            _ => None,
        }
    }

    /// Whose key is to be destroyed now.
    pub(crate) fn erases(&self) -> Option<PersonId> {
        match self {
            Event::Retention(RetentionEvent::PersonErased { person, .. }) => Some(*person),
            Event::Account(AccountEvent::Closed { account }) => Some(account.key()),
            _ => None,
        }
    }

    pub(super) fn seal(&mut self, keys: &Keys) -> Result<(), KeysError> {
        self.confidential().into_iter().try_for_each(|(person, field)| field.seal(keys, person))
    }

    pub(super) fn open(&mut self, keys: &Keys) -> Result<(), KeysError> {
        self.confidential().into_iter().try_for_each(|(person, field)| field.unseal(keys, person))
    }
}

/// Opens what is sealed, as far as its key exists.
pub(super) fn open<T: DeserializeOwned>(
    keys: &Keys,
    person: PersonId,
    value: &mut Private<T>,
) -> Result<(), KeysError> {
    if let Private::Sealed(sealed) = value {
        *value = keys.open_sealed(person, sealed)?;
    }
    Ok(())
}
