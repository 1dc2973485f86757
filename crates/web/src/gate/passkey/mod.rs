//! Passkeys: a log-in without a password, and the proof before a dangerous act (W3C Web Authentication Level 2).
//!
//! The device keeps the private key and asks its owner for a finger or a PIN each time (user verification), so that a passkey is
//! both factors. Only ES256 is asked for, which every device has. Beside passkeys every account keeps its password and its
//! one-time codes: a page without a script has no passkeys.

mod challenge;
mod check;
mod party;

pub(crate) use challenge::Challenges;
pub(crate) use check::{made, proved};
pub use party::RelyingParty;
