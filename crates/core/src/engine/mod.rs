//! The engine: a pure machine and the shell that carries out what it asks for.

mod atlas;
mod closed;
mod domain;
mod ends;
mod feed;
mod group;
mod lane;
mod machine;
mod outlook;
mod picture;
mod reload;
mod run;
mod settle;
mod watch;

pub use machine::{Machine, Settings};
pub use run::{Engine, Error};
