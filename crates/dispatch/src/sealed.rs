//! Personal data at rest: what is written is sealed, what is read may be erased.
//!
//! A stored value is `version (1) | nonce (12) | ciphertext | tag (16)`, AES-256-GCM-SIV (RFC 8452), bound to its
//! owner by the additional data. Clear personal data has no stored form at all: writing it is an error.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, RandomizedNonceKey, UnboundKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};

/// The form of a sealed value that this program writes.
const VERSION: u8 = 1;
/// Bytes of a tag of AES-256-GCM-SIV.
const TAG_BYTES: usize = 16;

/// A value that only the holder of the key can read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// A secret of 32 bytes that never shows itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Secret(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals `plain` for `owner`; `None` only if the machine gives no randomness.
    pub(crate) fn seal(&self, owner: &[u8], plain: &[u8]) -> Option<Sealed> {
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, &self.0).ok()?;
        let mut body = Vec::with_capacity(plain.len() + TAG_BYTES);
        body.extend_from_slice(plain);
        let nonce = key.seal_in_place_append_tag(Aad::from(owner), &mut body).ok()?;
        Some(stored(nonce.as_ref(), &body))
    }

    /// The same, which is equal whenever the same is sealed for the same owner: for what is made again and must not change. Whoever
    /// sees two can tell that they are equal, and nothing else (RFC 8452 §1: nonces may be used again).
    pub(crate) fn seal_equally(&self, owner: &[u8], plain: &[u8]) -> Option<Sealed> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &self.0).ok()?);
        let nonce = [0; NONCE_LEN];
        let mut body = plain.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(owner), &mut body).ok()?;
        Some(stored(&nonce, &body))
    }

    /// What was sealed for `owner`; `None` if it was changed, or sealed by another key or for another owner.
    pub(crate) fn open(&self, owner: &[u8], sealed: &Sealed) -> Option<Vec<u8>> {
        let (&version, rest) = sealed.0.split_first()?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN)?;
        if version != VERSION {
            return None;
        }
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, &self.0).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let length = key.open_in_place(nonce, Aad::from(owner), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

fn stored(nonce: &[u8], body: &[u8]) -> Sealed {
    Sealed([&[VERSION], nonce, body].concat())
}

impl Sealed {
    /// The stored bytes, version byte first.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Sealed(bytes)
    }
}

/// Personal data inside an event: open in memory, sealed in the journal, erased once its key is gone.
#[derive(Clone, PartialEq, Eq)]
pub enum Private<T> {
    /// Readable.
    Open(T),
    /// As it is stored.
    Sealed(Sealed),
    /// The key of its person no longer exists (requirement S05).
    Erased,
}

impl<T> Private<T> {
    /// The data, if it can be read.
    #[must_use]
    pub fn open(&self) -> Option<&T> {
        match self {
            Private::Open(value) => Some(value),
            _ => None,
        }
    }

    /// The same with its content turned into something else; what is sealed stays sealed.
    pub(crate) fn map<U>(self, turn: impl FnOnce(T) -> U) -> Private<U> {
        match self {
            Private::Open(value) => Private::Open(turn(value)),
            Private::Sealed(sealed) => Private::Sealed(sealed),
            Private::Erased => Private::Erased,
        }
    }
}

impl<T> std::fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Private::Open(_) => "Private(open)",
            Private::Sealed(_) => "Private(sealed)",
            Private::Erased => "Private(erased)",
        })
    }
}

impl<T> Serialize for Private<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Private::Open(_) => Err(S::Error::custom("personal data must be sealed before it is written")),
            Private::Sealed(sealed) => sealed.serialize(serializer),
            Private::Erased => Sealed(Vec::new()).serialize(serializer),
        }
    }
}

impl<'de, T> Deserialize<'de> for Private<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sealed = Sealed::deserialize(deserializer)?;
        Ok(if sealed.0.is_empty() { Private::Erased } else { Private::Sealed(sealed) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s11_what_is_sealed_opens_for_its_owner_only() {
        let secret = Secret::new([7; 32]);
        let sealed = secret.seal(b"p1", "山田太郎".as_bytes()).unwrap();
        assert_eq!(secret.open(b"p1", &sealed).unwrap(), "山田太郎".as_bytes());
        assert_eq!(secret.open(b"p2", &sealed), None);
        assert_eq!(Secret::new([8; 32]).open(b"p1", &sealed), None);
    }

    #[test]
    fn what_is_sealed_equally_is_the_same_again_opens_as_all_else_and_differs_by_owner() {
        let secret = Secret::new([7; 32]);
        let sealed = secret.seal_equally(b"p1", b"abc").unwrap();
        assert_eq!(secret.seal_equally(b"p1", b"abc").unwrap(), sealed);
        assert_eq!(secret.open(b"p1", &sealed).unwrap(), b"abc");
        assert_ne!(secret.seal_equally(b"p2", b"abc").unwrap(), sealed);
        assert_eq!(secret.open(b"p2", &sealed), None);
    }

    #[test]
    fn any_changed_byte_of_a_sealed_value_is_noticed() {
        let secret = Secret::new([7; 32]);
        let sealed = secret.seal(b"p1", b"abc").unwrap();
        for at in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[at] ^= 1;
            assert_eq!(secret.open(b"p1", &changed), None, "byte {at}");
        }
        assert_eq!(secret.open(b"p1", &Sealed(vec![VERSION; 3])), None);
    }

    #[test]
    fn clear_personal_data_cannot_be_written_or_shown() {
        let private = Private::Open("山田太郎".to_owned());
        assert!(postcard::to_stdvec(&private).is_err());
        assert!(!format!("{private:?}").contains("山田"));
    }
}
