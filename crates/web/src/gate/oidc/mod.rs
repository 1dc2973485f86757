//! Log-in by the organisation's OpenID provider: authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636).
//!
//! The provider stands in for the password, never for the account: who has no account here, or has not set it up, stays out, and
//! password and one-time code go on working when the provider is out of reach. Its word alone opens where it says, in `acr` or
//! `amr`, that it asked for a second factor; elsewhere a code of ours is asked for beside it.
//!
//! Signatures are checked by aws-lc-rs, which is in the tree with rustls. The crate `openidconnect` 4.1 would bring the RustCrypto
//! stack beside it, with `rsa`, which `deny.toml` bans; `jsonwebtoken` 10.4 judges times by a clock of its own. What is left without
//! them is to split a text at its dots and to read two small JSON documents.

mod claims;
mod discovery;
mod errand;
mod keys;
mod provider;
mod request;
mod settings;
mod signed;
mod ticket;
mod trouble;

pub(crate) use claims::Vouched;
pub use errand::{ERRAND_BYTES_MAX, Errand, Errands, Reported};
pub(crate) use provider::Provider;
pub(crate) use request::encoded;
pub use settings::{OidcClaim, OidcSettings};
pub(crate) use ticket::{LIFE, Progress, Purpose, Ticket};
pub(crate) use trouble::Trouble;
