//! The mock carriers as a client sees them, over loopback sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod client;
mod faults;
mod limits;
mod names;
mod recipients;
