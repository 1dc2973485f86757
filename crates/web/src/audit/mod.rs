//! The journal as auditors read it: who did what, when and to whom; and whether it is what was once written [S09 A31].
//!
//! No page of it shows a name, an address, an answer or a text of a person: people are their numbers in the roster.

mod accounts;
mod carriers;
mod concerns;
mod judging;
mod page;
mod proof;
pub(crate) mod search;
pub(crate) mod words;

pub(crate) use page::{Asked, Unread, rows, show, verify};
