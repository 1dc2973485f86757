//! Passkeys: keys in a telephone or computer, of which we keep the public half (W3C Web Authentication Level 2).

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::chain::Hash;

/// Most passkeys of one account.
pub const PASSKEYS_MAX: usize = 10;
/// Longest name of a passkey, in characters.
pub const PASSKEY_LABEL_CHARS_MAX: usize = 64;

/// What names a passkey in the journal: SHA-256 of the name that its device gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PasskeyId(pub Hash);

/// One passkey; sealed in the journal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The name that its device gave it (`credentialId`).
    pub credential: Vec<u8>,
    /// The public key: a point of P-256, uncompressed (SEC 1 §2.3.3).
    pub point: Vec<u8>,
    /// What its owner calls it, such as 職場の端末.
    pub label: String,
}

impl Passkey {
    /// What names it in the journal.
    #[must_use]
    pub fn id(&self) -> PasskeyId {
        PasskeyId::of(&self.credential)
    }
}

impl PasskeyId {
    /// That of the passkey which its device gave this name.
    #[must_use]
    pub fn of(credential: &[u8]) -> Self {
        let mut id = Hash::default();
        id.copy_from_slice(digest(&SHA256, credential).as_ref());
        Self(id)
    }
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passkey")
    }
}
