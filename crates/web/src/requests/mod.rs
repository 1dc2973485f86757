//! What nobody does alone: proposed by one, agreed to by another, with password and code shown a moment ago [S10 A31].

mod page;
mod wish;

pub(crate) use page::{act, propose, show, take};
