//! Who comes in to the console: proving who somebody is, remembering it for a while, and keeping guessers slow.

pub(crate) mod factor;
pub(crate) mod identify;
#[cfg(feature = "oidc")]
pub(crate) mod oidc;
pub(crate) mod origin;
#[cfg(feature = "passkeys")]
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod rate;
pub(crate) mod session;
pub(crate) mod signs;
pub(crate) mod source;
pub(crate) mod token;
