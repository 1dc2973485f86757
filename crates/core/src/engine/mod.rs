//! The engine: a pure machine and the shell that carries out what it asks for.

mod assigned;
mod atlas;
mod closed;
mod domain;
mod ends;
mod feed;
mod group;
mod health;
mod hold;
mod lane;
mod left;
mod lessons;
mod machine;
mod outlook;
mod picture;
mod refusals;
mod relay;
mod reload;
mod run;
mod settle;
mod shell;
mod wall;
mod watch;

pub use machine::{Machine, Settings};
pub use run::{Engine, Error};
