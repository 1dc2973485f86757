//! Composing a dispatch: what, to whom; then the look at one mail and the forecast; then sending, with time to take it back.

mod basis;
mod count;
mod form;
mod picks;
mod preview;
mod send;
mod typed;
mod whom;

pub(crate) use count::{answer, count, counted};
pub(crate) use form::show;
pub(crate) use picks::{Region, WhomForm, regions};
pub(crate) use preview::{Example, Reach, preview};
pub(crate) use send::{COUNTDOWN, may_take_back, send, sent, take_back};
pub(crate) use typed::{Typed, rule_of, waiting};
pub(crate) use whom::{Whom, numbered, numbers_of};
