//! Composing a dispatch: what, to whom; then the look at one mail and the forecast; then sending, with time to take it back.

mod form;
mod preview;
mod send;

pub(crate) use form::{Typed, show};
pub(crate) use preview::preview;
pub(crate) use send::{send, sent, take_back};
