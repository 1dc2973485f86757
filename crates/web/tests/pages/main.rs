//! Every page and door as visitors and programs meet them, without a browser: one program, so that it is built and linked once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "oidc")]
#[path = "../provider/mod.rs"]
mod provider;
#[path = "../stage/mod.rs"]
mod stage;

mod answer;
mod api;
mod api_deeds;
mod api_more;
mod api_walk;
mod cards;
mod delivery;
mod doors;
mod edits;
mod gates;
mod ipa;
mod log_in;
mod now;
mod office;
#[cfg(feature = "oidc")]
mod oidc;
mod opened;
mod overtaken;
mod personal;
mod proof;
mod reach;
mod records;
mod rule_forms;
mod rules;
mod rush;
mod scim;
mod serving;
mod shelf;
mod specimen;
mod subtree;
mod walk;
mod whom;
