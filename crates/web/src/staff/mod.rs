//! People as the console knows them: found by name or number, each with groups, place and the health of the addresses [A24 A29].

mod cards;
mod details;
mod difference;
mod edit;
mod export;
mod groups;
mod list;
mod person;
mod roster;
mod stay;
mod travel;

pub(crate) use cards::{card, hand_out};
pub(crate) use difference::label as change_word;
pub(crate) use edit::{edit, set_groups};
pub(crate) use export::export;
pub(crate) use groups::{change as change_group, list as groups, make as make_group, show as group};
pub(crate) use list::list;
pub(crate) use person::{mail_links, reissue, set_place, show, whereabouts};
pub(crate) use roster::{form as import_form, pending, take as import, upload as import_upload};
pub(crate) use stay::{
    Typed as Journey, change as change_stay, fresh as new_stay, register as register_stay, show as show_stay,
};
pub(crate) use travel::list as travel;
