//! The feeds against a feed server of their own: what is fetched, what it costs, what they survive.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "what a day costs is worth reading")]

mod abroad;
mod certificate;
mod cost;
mod manual;
mod news;
mod push;
mod redirect;
mod replay;
mod stand;
mod stream;
mod survival;
