//! Personal data in events: sealed with the key of its person before it is written, opened when it is read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AccountEvent, AnswerEvent, Event, PeopleEvent};
use crate::id::PersonId;
use crate::keys::{Keys, KeysError};
use crate::sealed::Private;

impl Event {
    /// The person whose personal data is new here and needs a key.
    pub(crate) fn needs_key(&self) -> Option<PersonId> {
        match self {
            Event::People(PeopleEvent::PersonSet(record)) => Some(record.person),
            Event::People(PeopleEvent::RowPlanned { person, .. }) => Some(*person),
            Event::Account(AccountEvent::Opened { account, .. }) => Some(account.key()),
            _ => None,
        }
    }

    pub(super) fn seal(&mut self, keys: &Keys) -> Result<(), KeysError> {
        match self {
            Event::People(PeopleEvent::PersonSet(record)) => seal(keys, record.person, &mut record.personal),
            Event::People(PeopleEvent::RowPlanned { person, row, .. }) => seal(keys, *person, row),
            Event::Answer(AnswerEvent::Given(record)) => seal(keys, record.person, &mut record.comment),
            Event::Account(AccountEvent::Opened { account, names, .. }) => seal(keys, account.key(), names),
            Event::Account(AccountEvent::PasswordSet { account, password, .. }) => seal(keys, account.key(), password),
            Event::Account(AccountEvent::FactorSet { account, factor }) => seal(keys, account.key(), factor),
            _ => Ok(()),
        }
    }

    pub(super) fn open(&mut self, keys: &Keys) -> Result<(), KeysError> {
        match self {
            Event::People(PeopleEvent::PersonSet(record)) => open(keys, record.person, &mut record.personal),
            Event::People(PeopleEvent::RowPlanned { person, row, .. }) => open(keys, *person, row),
            Event::Answer(AnswerEvent::Given(record)) => open(keys, record.person, &mut record.comment),
            Event::Account(AccountEvent::Opened { account, names, .. }) => open(keys, account.key(), names),
            Event::Account(AccountEvent::PasswordSet { account, password, .. }) => open(keys, account.key(), password),
            Event::Account(AccountEvent::FactorSet { account, factor }) => open(keys, account.key(), factor),
            _ => Ok(()),
        }
    }
}

fn seal<T: Serialize>(keys: &Keys, person: PersonId, value: &mut Private<T>) -> Result<(), KeysError> {
    if let Private::Open(plain) = value {
        *value = keys.seal(person, plain)?;
    }
    Ok(())
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
