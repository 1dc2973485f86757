//! People as the console knows them: found by name or number, each with groups, place and the health of the addresses [A24 A29].

mod list;
mod person;

pub(crate) use list::list;
pub(crate) use person::{reissue, set_place, show};
