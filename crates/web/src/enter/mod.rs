//! Coming in and going out: log-in, the first set-up of an account, showing again who one is, and one's own account.

mod attempt;
mod log_in;
#[cfg(feature = "oidc")]
pub(crate) mod oidc;
mod own;
mod page;
#[cfg(feature = "passkeys")]
pub(crate) mod passkey;
mod set_up;

pub(crate) use log_in::{form, log_in, log_out, prove, prove_form};
pub(crate) use own::{change_password, end_sessions, own, password_form};
pub(crate) use set_up::{set_factor, set_password, set_up};
