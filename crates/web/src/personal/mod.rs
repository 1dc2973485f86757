//! A person's own page behind a link to be kept: reporting without being asked, where one is, language, addresses [A03 A06 A36].

mod address;
mod card;
mod page;
mod show;
mod words;

pub(crate) use address::{add, ask_confirmation, confirm, remove, test};
pub(crate) use card::card;
pub(crate) use show::{report, set_language, set_place, set_regions, show};
