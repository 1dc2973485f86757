//! People as the console knows them: found by name or number, each with groups, place and the health of the addresses [A24 A29].

mod difference;
mod export;
mod list;
mod person;
mod roster;
mod travel;

pub(crate) use export::export;
pub(crate) use list::list;
pub(crate) use person::{reissue, set_place, show};
pub(crate) use roster::{form as import_form, pending, take as import, upload as import_upload};
pub(crate) use travel::list as travel;
