//! The stored form of a row: a version byte, then postcard. Every version that was ever written stays readable.

use super::{CodecError, Entry, v1};
use crate::keys::Keys;

/// The form of rows that this program writes. 1: see `v1`; 2: events in families.
const VERSION: u8 = 2;

impl Entry {
    /// The stored form, personal data sealed. Keys of new people are made first, and durable.
    pub(crate) fn encode(&self, keys: &Keys) -> Result<Vec<u8>, CodecError> {
        let mut sealed = self.clone();
        sealed.event.seal(keys)?;
        Ok(postcard::to_extend(&sealed, vec![VERSION])?)
    }

    /// An entry from its stored form, personal data opened as far as keys exist.
    pub(crate) fn decode(bytes: &[u8], keys: &Keys) -> Result<Self, CodecError> {
        match bytes.split_first() {
            Some((&VERSION, body)) => {
                let mut entry: Entry = postcard::from_bytes(body)?;
                entry.event.open(keys)?;
                Ok(entry)
            }
            Some((&v1::VERSION, body)) => v1::decode(body, keys),
            Some((&other, _)) => Err(CodecError::Version(other)),
            None => Err(CodecError::Version(0)),
        }
    }
}
