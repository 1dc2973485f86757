//! What the desk decides, remembers and gives away: one program, so that it is built and linked once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod accounts;
mod actors;
mod alarms;
mod answers;
mod brakes;
mod bridge;
mod busy;
mod crash;
mod desk;
mod exchange;
mod fold;
mod foreseen;
mod health;
mod journal;
mod judging;
mod keys;
mod later;
mod lint;
mod punctuality;
mod retention;
mod roster;
mod standstill;
mod tokens;
mod travel;
mod versions;
