//! What the delivery engine keeps is sealed with the same keys, so that erasing a person reaches its queue too.

use hikyaku_core::errors::SealError;
use hikyaku_core::letter::KeyId;
use hikyaku_core::setup::Seal;

use super::Keys;
use crate::id::PersonId;
use crate::sealed::{Sealed, Secret};

/// Keeps what links carry apart from both.
const LINK: &[u8] = b"hikyaku address in a link";
/// Keeps what the engine seals apart from what the journal holds of the same person.
const PURPOSE: &[u8] = b"hikyaku queue";

impl Keys {
    /// The key of a recipient: a person's, or the common one for number 0, which is nobody's.
    fn engine_secret(&self, key: KeyId) -> Option<Secret> {
        match u32::try_from(key.0).ok()? {
            0 => Some(self.read(|ring| ring.common.clone())),
            person => self.secret(PersonId(person)),
        }
    }
}

impl Keys {
    /// Seals what a link of a person's carries until then, the same each time: mails that are made again must be the same.
    /// `None` without the person's key.
    pub(crate) fn seal_for_link(&self, person: PersonId, until: u32, plain: &[u8]) -> Option<Sealed> {
        self.secret(person)?.seal_equally(&bound_to_link(person, until), plain)
    }

    /// What [`Keys::seal_for_link`] sealed; `None` if it was changed or the key is not here.
    pub(crate) fn open_from_link(&self, person: PersonId, until: u32, sealed: &Sealed) -> Option<Vec<u8>> {
        self.secret(person)?.open(&bound_to_link(person, until), sealed)
    }
}

fn bound_to_link(person: PersonId, until: u32) -> Vec<u8> {
    [LINK, &person.0.to_be_bytes()[..], &until.to_be_bytes()[..]].concat()
}

fn context(context: &[u8]) -> Vec<u8> {
    [PURPOSE, context].concat()
}

impl Seal for Keys {
    fn seal(&self, key: KeyId, bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let secret = self.engine_secret(key).ok_or(SealError::Erased)?;
        let sealed = secret.seal(&context(bound_to), plain).ok_or(SealError::Broken)?;
        Ok(sealed.as_bytes().to_vec())
    }

    fn open(&self, key: KeyId, bound_to: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let secret = self.engine_secret(key).ok_or(SealError::Erased)?;
        secret.open(&context(bound_to), &Sealed::from_bytes(sealed.to_vec())).ok_or(SealError::Broken)
    }
}
