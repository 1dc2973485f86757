//! Tokens of the API: random words that are shown once; what is kept is their hash.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hikyaku_dispatch::Hash;

use crate::error::Error;

/// By this people and searches for leaked secrets know a token when they see one.
const PREFIX: &str = "hky_";
/// A token that was just made; it is shown once and kept nowhere.
pub struct NewToken {
    /// What the program sends.
    pub token: String,
    /// What the journal keeps.
    pub hash: Hash,
    /// By which people tell tokens apart.
    pub last_four: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewToken(…{})", self.last_four)
    }
}

/// A new token with 256 bits of chance.
///
/// # Errors
/// [`Error::NoRandomness`].
pub fn make_token() -> Result<NewToken, Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
    let last_four = token[token.len() - 4..].to_owned();
    Ok(NewToken { hash: hash_of(&token), last_four, token })
}

/// What is kept of a token.
pub(crate) fn hash_of(token: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}
