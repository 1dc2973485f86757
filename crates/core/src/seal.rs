//! Sealing of personal data at rest, behind a trait so that the keys may live elsewhere.

use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;

use crate::message::KeyId;

/// Version of the sealed form: AES-256-GCM-SIV (RFC 8452), nonce in front.
const SEALED_V1: u8 = 1;
const KEY_BYTES: usize = 32;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key is gone: the person was erased.
    #[error("the key was erased")]
    Erased,
    /// The bytes were changed, or sealed with another key.
    #[error("the sealed bytes do not open: they were changed, or the key file belongs to another queue")]
    Broken,
}

/// Seals and opens what waits in the queue. Erasing a key makes everything sealed with it unreadable everywhere.
pub trait Seal: Send + Sync {
    /// Seals `plain`; `context` must be the same on opening.
    ///
    /// # Errors
    /// [`SealError::Erased`] if the key is gone.
    fn seal(&self, key: KeyId, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError>;

    /// Opens what `seal` made.
    ///
    /// # Errors
    /// [`SealError::Erased`] if the key is gone, [`SealError::Broken`] if the bytes do not fit.
    fn open(&self, key: KeyId, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError>;
}

/// The default: one key for the whole queue, in a file of its own beside it.
pub struct StoreKey(LessSafeKey);

impl StoreKey {
    /// Reads the key file, or makes one that only its owner may read.
    ///
    /// # Errors
    /// The system's error, if the file cannot be read or written or is not 32 bytes long.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => create_key(path)?,
            Err(e) => return Err(e),
        };
        let wrong = |_| std::io::Error::new(std::io::ErrorKind::InvalidData, "the key file is not 32 bytes long");
        Ok(StoreKey(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &bytes).map_err(wrong)?)))
    }
}

/// Nonces that one question to the system brings: asking for each by itself costs more than sealing.
const DRAWN: usize = 256;

thread_local! {
    /// Nonces of this thread that have not been used, the last first.
    static NONCES: RefCell<Vec<[u8; NONCE_LEN]>> = const { RefCell::new(Vec::new()) };
}

/// A nonce from the system; GCM-SIV forgives one that is drawn twice (RFC 8452 §9).
fn draw() -> Result<[u8; NONCE_LEN], SealError> {
    NONCES.with_borrow_mut(|nonces| {
        if nonces.is_empty() {
            let mut bytes = [0; DRAWN * NONCE_LEN];
            getrandom::fill(&mut bytes).map_err(|_| SealError::Broken)?;
            nonces.extend(bytes.as_chunks().0);
        }
        nonces.pop().ok_or(SealError::Broken)
    })
}

fn create_key(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| std::io::Error::other("the system has no randomness"))?;
    // Beside it first: a crash must not leave half a key.
    let draft = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    Ok(bytes)
}

impl Seal for StoreKey {
    fn seal(&self, _key: KeyId, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce = draw()?;
        let mut out = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM_SIV.tag_len());
        out.push(SEALED_V1);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let unique = Nonce::assume_unique_for_key(nonce);
        let body = &mut out[1 + NONCE_LEN..];
        let sealed = self.0.seal_in_place_separate_tag(unique, Aad::from(context), body);
        out.extend_from_slice(sealed.map_err(|_| SealError::Broken)?.as_ref());
        Ok(out)
    }

    fn open(&self, _key: KeyId, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Broken)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Broken)?;
        if *version != SEALED_V1 {
            return Err(SealError::Broken);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Broken)?;
        let mut body = body.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(context), &mut body).map_err(|_| SealError::Broken)?.len();
        body.truncate(plain);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_nonce_is_used_twice_in_a_hundred_thousand() {
        let drawn: std::collections::HashSet<[u8; NONCE_LEN]> = (0..100_000).map(|_| draw().unwrap()).collect();
        assert_eq!(drawn.len(), 100_000);
    }

    #[test]
    fn what_was_sealed_opens_only_in_its_context_and_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let key = StoreKey::open(&folder.path().join("k")).unwrap();
        let sealed = key.seal(KeyId(0), b"p1", b"taro@docomo.ne.jp").unwrap();
        assert!(!sealed.windows(4).any(|w| w == b"taro"));
        let again = StoreKey::open(&folder.path().join("k")).unwrap();
        assert_eq!(again.open(KeyId(0), b"p1", &sealed).unwrap(), b"taro@docomo.ne.jp");
        assert_eq!(again.open(KeyId(0), b"p2", &sealed), Err(SealError::Broken));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(again.open(KeyId(0), b"p1", &changed), Err(SealError::Broken));
        }
    }
}
