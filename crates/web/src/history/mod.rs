//! What was: dispatches that are over, and drills side by side [A17 A18].

mod compare;
mod list;

pub(crate) use compare::compare;
pub(crate) use list::list;
