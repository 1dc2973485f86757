//! One dispatch and what became of it: numbers, curve, map, people; and what can be done about it.

mod acts;
mod attempts;
mod people;
mod person;
mod trace;

pub(crate) use acts::{again, again_of, cancel, close, resend, resend_form};
pub(crate) use people::list as people;
pub(crate) use person::{answer, say, show as person};
pub(crate) use trace::{steps_of, trace};
