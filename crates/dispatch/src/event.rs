//! What happened: the events that state is a fold of, and their stored form.
//!
//! A row is a version byte and postcard. Variants and fields are only ever appended, under a new version byte if a
//! field is added to a variant that exists; every version that was ever written stays readable.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::access::Actor;
use crate::answer::AnswerRecord;
use crate::dispatch::{DispatchRecord, MailOutcome};
use crate::id::{DispatchId, GroupId, IncidentId, PersonId};
use crate::incident::Summary;
use crate::judge::Judgement;
use crate::keys::{Keys, KeysError, RingId};
use crate::mail::Mode;
use crate::person::PersonRecord;
use crate::rule::Rule;
use crate::sealed::Private;

/// The form of rows that this program writes.
const VERSION: u8 = 1;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The journal begins; its personal data is sealed with this key ring.
    JournalBegun {
        /// Which key ring.
        ring: RingId,
    },
    /// A group was made.
    GroupMade {
        /// Its number.
        group: GroupId,
        /// The group above.
        parent: Option<GroupId>,
        /// Its own name.
        name: String,
    },
    /// A person was added or changed.
    PersonSet(PersonRecord),
    /// All links of a person made so far became invalid.
    LinksRevoked {
        /// Whose.
        person: PersonId,
        /// Links with a smaller counter are invalid.
        links_from: u16,
    },
    /// A rule was added or replaced.
    RuleSet(Box<Rule>),
    /// A bulletin was judged.
    BulletinJudged(Box<Judgement>),
    /// An incident was opened.
    IncidentOpened {
        /// Its number.
        incident: IncidentId,
        /// Whether it is meant in earnest.
        mode: Mode,
        /// The series of bulletins that belong to it.
        series: Vec<String>,
        /// What is known.
        summary: Summary,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        opened: Timestamp,
    },
    /// More became known of an incident.
    IncidentChanged {
        /// Which.
        incident: IncidentId,
        /// Further series that belong to it.
        series: Vec<String>,
        /// What is known now.
        summary: Summary,
    },
    /// Its source took an incident back.
    IncidentCancelled {
        /// Which.
        incident: IncidentId,
        /// When the source published that.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        published: Timestamp,
    },
    /// A dispatch was opened.
    DispatchOpened(Box<DispatchRecord>),
    /// The delivery engine has all mails of a dispatch durably.
    DispatchQueued {
        /// Which.
        dispatch: DispatchId,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Mails ended, as many as came together.
    OutcomesRecorded {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// How.
        outcomes: Vec<MailOutcome>,
    },
    /// Somebody answered.
    AnswerGiven(AnswerRecord),
}

/// One event with its moment and its author: a row of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was decided.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
    /// On whose behalf.
    pub by: Actor,
    /// What happened.
    pub event: Event,
}

/// Why a row cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Its version is not known here.
    #[error("it has form {0}: use a newer hikyaku to read this journal")]
    Version(u8),
    /// Its bytes do not make an event.
    #[error("its content is not an event ({0}): restore the journal from a backup")]
    Content(#[from] postcard::Error),
    /// A key failed.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl Entry {
    /// The stored form, personal data sealed. Keys of new people are made first, and durable.
    pub(crate) fn encode(&self, keys: &Keys) -> Result<Vec<u8>, CodecError> {
        let sealed = Entry { at: self.at, by: self.by, event: self.event.sealed(keys)? };
        Ok(postcard::to_extend(&sealed, vec![VERSION])?)
    }

    /// An entry from its stored form, personal data opened as far as keys exist.
    pub(crate) fn decode(bytes: &[u8], keys: &Keys) -> Result<Self, CodecError> {
        let (version, body) = bytes.split_first().ok_or(CodecError::Version(0))?;
        if *version != VERSION {
            return Err(CodecError::Version(*version));
        }
        let mut entry: Entry = postcard::from_bytes(body)?;
        entry.event.open(keys)?;
        Ok(entry)
    }
}

impl Event {
    /// The person whose personal data is new here and needs a key.
    pub(crate) fn needs_key(&self) -> Option<PersonId> {
        match self {
            Event::PersonSet(record) => Some(record.person),
            _ => None,
        }
    }

    fn sealed(&self, keys: &Keys) -> Result<Event, KeysError> {
        let mut event = self.clone();
        match &mut event {
            Event::PersonSet(record) => seal(keys, record.person, &mut record.personal)?,
            Event::AnswerGiven(record) => seal(keys, record.person, &mut record.comment)?,
            _ => {}
        }
        Ok(event)
    }

    fn open(&mut self, keys: &Keys) -> Result<(), KeysError> {
        match self {
            Event::PersonSet(record) => open(keys, record.person, &mut record.personal),
            Event::AnswerGiven(record) => open(keys, record.person, &mut record.comment),
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

fn open<T: serde::de::DeserializeOwned>(
    keys: &Keys,
    person: PersonId,
    value: &mut Private<T>,
) -> Result<(), KeysError> {
    if let Private::Sealed(sealed) = value {
        *value = keys.open_sealed(person, sealed)?;
    }
    Ok(())
}
